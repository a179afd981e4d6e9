"""A ticket's photos: strips to look at, a form to add, and one to take a wrong photo off."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

import db
from db import attachments
from db.ticket_call import Call
from db.ticket_detail import Detail
from domain import clock
from domain.access import Actor
from domain.errors import Invalid, Refused
from domain.pictures import MEGABYTES_MAX, STAGE_MAX, Kept, Photo
from domain.tickets import PHOTO_STAGE_LABELS, PhotoStage, Status
from files import pictures
from pages import _form
from ui import photos as strips

# named like this a telephone offers its camera, and an iPhone turns its HEIC into JPEG by itself
TYPES = ("image/jpeg", "image/png", "image/webp")
_WORKED_ON = (Status.IN_PROGRESS, Status.RESOLVED)


def show(actor: Actor, detail: Detail) -> None:
    held = db.read(attachments.shown, actor=actor, ticket_id=detail.ticket.id)
    if held:
        st.html(strips.strips_html(held))
    if attachments.may_add(actor, detail.ticket):
        with st.expander("添加照片", icon=":material/add_a_photo:"):
            _add(actor, detail)
    mine = (p for p in held if attachments.may_remove(actor, detail.ticket, p.added_by))
    own = {p.id: _named(p, held) for p in mine}
    if own:
        with st.expander("删除照片", icon=":material/delete:"):
            _remove(actor, detail, own)


def _named(photo: Photo, held: Sequence[Photo]) -> str:
    beside = [p.id for p in held if p.stage is photo.stage]
    return strips.name(photo, beside.index(photo.id) + 1)


def choose(key: str, label: str = "选照片或拍照") -> list[UploadedFile]:
    """Offer the uploader; on a telephone it is the camera, too."""
    with st.container(key=f"photos-{key}"):
        return st.file_uploader(
            label,
            type=TYPES,
            accept_multiple_files=True,
            max_upload_size=MEGABYTES_MAX,
            key=f"pictures-{key}",
        )


def kept(files: Sequence[UploadedFile]) -> tuple[Kept, ...]:
    """Check, shrink and keep what was chosen; a refusal says which of several it is."""
    if len(files) > STAGE_MAX:
        raise Invalid(f"一次最多 {STAGE_MAX} 张照片，现在选了 {len(files)} 张，请去掉几张。", field="pictures")
    with st.spinner("正在处理照片…"):
        return tuple(_kept(file, len(files)) for file in files)


def _kept(file: UploadedFile, of_all: int) -> Kept:
    """Keep one; by its name it is found again, for the uploader lists the refused ones first."""
    try:
        return pictures.keep(file.getvalue())
    except Refused as refused:
        which = f"{file.name}：" if of_all > 1 else ""
        raise Invalid(which + refused.message, field="pictures") from refused


def _add(actor: Actor, detail: Detail) -> None:
    name = f"photos-{detail.ticket.id.hex}"
    key = _form.key(name)
    with st.form(f"add-{key}", border=False):
        first = PhotoStage.AFTER if detail.ticket.status in _WORKED_ON else PhotoStage.BEFORE
        stage = st.pills(
            "什么时候拍的",
            list(PhotoStage),
            format_func=PHOTO_STAGE_LABELS.__getitem__,
            default=first,
            required=True,
            key=f"stage-{key}",
        )
        chosen = choose(key)
        sent = st.form_submit_button("保存照片", type="primary", key=f"save-{key}")
    if not sent:
        return
    call = _call(actor, detail, key)
    try:
        db.run(attachments.add, stage=stage, pictures=kept(chosen), **call)
    except Refused as refused:
        _form.refuse(refused)
        return
    _form.done(name, f"{detail.ticket.no} 已添加 {len(chosen)} 张照片")
    st.rerun()


def _call(actor: Actor, detail: Detail, key: str) -> Call:
    """A photo tells of what somebody saw, not of the state that the ticket was in: the newest version will do."""
    ticket = detail.ticket
    return Call(actor=actor, ticket_id=ticket.id, expected_version=ticket.version, key=key, now=clock.now())


def _remove(actor: Actor, detail: Detail, own: dict[UUID, str]) -> None:
    name = f"photo-off-{detail.ticket.id.hex}"
    key = _form.key(name)
    with st.form(f"off-{key}", border=False):
        which = st.selectbox("哪一张", list(own), format_func=own.__getitem__, key=f"which-{key}")
        reason = st.text_input("为什么删除（会记录）", key=f"why-{key}")
        sent = st.form_submit_button("删除这张照片", key=f"remove-{key}")
    if not sent:
        return
    call = _call(actor, detail, key)
    try:
        db.run(attachments.remove, attachment_id=which, reason=reason or "", **call)
        db.run(attachments.drop_removed, attachment_id=which)
    except Refused as refused:
        _form.refuse(refused)
        return
    _form.done(name, f"{detail.ticket.no} 已删除一张照片")
    st.rerun()
