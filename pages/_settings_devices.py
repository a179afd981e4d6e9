"""设备: buttons and sensors that send signals; each key is told once, and a device that is stopped opens nothing."""

from uuid import UUID

import streamlit as st

import db
from db import care_register, elders, signal_devices
from db.signal_devices import LONGEST_LABEL, Device
from domain import clock
from domain.access import Actor
from domain.areas import Area
from pages import _settings_form as form
from ui.text import escape_md, when

_TOLD = "st_device_key"


def show(who: Actor, here: Area) -> None:
    st.caption("求助按钮、门磁、水电表等，用自己的密钥把信号送到 /api/v1/signals。设备只能发出预警，不能代替人去看。")
    _tell()
    held = db.read(signal_devices.listed, actor=who, community_id=here.id)
    codes: dict[UUID, str] = db.read(elders.codes, elder_ids=[one.elder_id for one in held if one.elder_id])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if not held:
            st.info("还没有设备。在右边填上名称、选好老人，就能得到它的密钥。", icon=":material/info:")
        for one in sorted(held, key=lambda one: not one.active):
            _one(who, one, codes)
    with right:
        if not who.read_only:
            _add(who, here)


def _one(who: Actor, one: Device, codes: dict[UUID, str]) -> None:
    now = clock.now()
    heard = f"最近一次信号 {when(one.heard_at, now)}" if one.heard_at else "还没有收到过信号"
    whose = codes.get(one.elder_id, "") if one.elder_id else ""
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{escape_md(one.label)}** · {whose}  \n{heard if one.active else '已停用'}")
        if not one.active or who.read_only:
            return
        draft = form.draft(f"device.{one.id}", one.id)
        why = f"“{one.label}”从现在起送不进信号，密钥作废；要再用就重新添加。"
        if form.confirmed(draft, "停用", why, "停用这台设备"):
            form.attempt(
                draft,
                lambda: db.run(signal_devices.stop, actor=who, device_id=one.id, now=clock.now()),
                done=f"“{one.label}”已停用。",
            )


def _add(who: Actor, here: Area) -> None:
    entries = db.read(care_register.listed, actor=who, community_id=here.id, now=clock.now())
    wanted = {entry.id: f"{entry.code} · {entry.building}" for entry in entries}
    draft = form.draft("device.add", here.id)
    st.markdown("**添加设备**")
    with st.form(draft.of("form")):
        label = st.text_input("名称", key=draft.of("label"), max_chars=LONGEST_LABEL, placeholder="例如 床头求助按钮")
        elder = st.selectbox(
            "哪位老人的", list(wanted), None, wanted.__getitem__, key=draft.of("elder"), placeholder="按编号查找"
        )
        if not draft.submit("添加，并显示密钥"):
            return
    if elder is None:
        draft.refuse("请选这台设备是哪位老人的。")
        return
    call = {"community_id": here.id, "elder_id": elder, "label": label}
    form.attempt(
        draft,
        lambda: _keep(*db.run(signal_devices.add, actor=who, **call, now=clock.now())),  # type: ignore[arg-type]
        done="设备已添加。",
    )


def _keep(made: Device, key: str) -> None:
    st.session_state[_TOLD] = (made.label, key)


def _tell() -> None:
    """Show the key until the reader says that it is done: it is told only once."""
    if not (told := st.session_state.get(_TOLD)):
        return
    label, key = told
    with st.container(border=True):
        st.markdown(
            f"**请把“{escape_md(label)}”的密钥填进设备**，只显示这一次。谁有它就能以这台设备发出预警，不要发到群里。"
        )
        st.code(key, language=None)
        st.button("我已填好", type="primary", on_click=lambda: st.session_state.pop(_TOLD, None))
