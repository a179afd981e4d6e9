"""Photos that come with a new report: added to it in the same click, and told truthfully when they can't be."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

import db
from db import attachments
from domain.errors import Refused
from domain.tickets import PhotoStage, Ticket
from pages import _photos
from ui.text import escape_md


def choose(key: str) -> list[UploadedFile]:
    with st.expander("添加照片", icon=":material/add_a_photo:"):
        return _photos.choose(key, "处理前的照片（可不选，可拍照）")


def add(ticket: Ticket, files: Sequence[UploadedFile], call: dict[str, Any]) -> str:
    """Add them to what has just been registered, which stands whatever becomes of them; say how it went."""
    if not files:
        return ""
    call = {**call, "key": f"photos-{call['key']}", "ticket_id": ticket.id, "expected_version": ticket.version}
    try:
        db.run(attachments.add, stage=PhotoStage.BEFORE, pictures=_photos.kept(files), **call)
    except Refused as refused:
        return f"但照片没有存上（{escape_md(refused.message.rstrip('。'))}），可以打开工单再添加"
    return f"照片 {len(files)} 张"
