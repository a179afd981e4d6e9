"""大屏: walls that nobody logs in at; each is made by an address told once, and ended here."""

from urllib.parse import urlsplit
from uuid import UUID

import streamlit as st

import db
from db import areas, screens
from db.screens import NewScreen, Screen
from domain.access import Actor
from domain.areas import Level, full_names
from domain.clock import now
from pages import _settings_form as form
from ui.text import escape_md, when

_TOLD = "st_screen_address"


def show(who: Actor) -> None:
    st.caption("大屏不用登录：在大屏的浏览器里打开一次它的专用网址，就一直显示所选辖区的数字。只能看，随时可以收回。")
    _tell()
    left, right = st.columns([3, 2], gap="medium")
    with left:
        found = db.read(screens.listed, actor=who)
        if not found:
            st.info("还没有大屏。在右边填上名称、选好辖区，就能得到它的专用网址。", icon=":material/info:")
        for screen in found:
            _one(who, screen)
    with right:
        _make(who)


def _one(who: Actor, screen: Screen) -> None:
    seen = f"最近显示 {when(screen.seen_at, now())}" if screen.seen_at else "还没有打开过"
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{escape_md(screen.name)}** · {escape_md(screen.area_name)}  \n{seen}")
        draft = form.draft(f"screen.{screen.id}", screen.id)
        why = f"“{screen.name}”上的画面会在半分钟内停下，专用网址不再有效。"
        if form.confirmed(draft, "收回", why, "收回这块大屏"):
            form.attempt(
                draft,
                lambda: db.run(screens.revoke, actor=who, screen_id=screen.id, now=now()),
                done=f"“{screen.name}”的许可已收回。",
            )


def _make(who: Actor) -> None:
    held = db.read(areas.tree)
    names = full_names(held)
    wanted: dict[UUID, str] = {
        area.id: names[area.id] for area in held if area.level in (Level.STREET, Level.COMMUNITY)
    }
    draft = form.draft("screen.make")
    st.markdown("**添加大屏**")
    with st.form(draft.of("screen")):
        name = st.text_input("名称", key=draft.of("name"), placeholder="例如 一楼大厅")
        area = st.selectbox("显示哪个辖区", list(wanted), format_func=wanted.__getitem__, key=draft.of("area"))
        if not draft.submit("添加，并显示专用网址") or area is None:
            return
        form.attempt(
            draft,
            lambda: _keep(db.run(screens.make, actor=who, name=name, area_id=area, key=draft.key, now=now())),
            done="大屏已添加。",
        )


def _keep(made: NewScreen) -> NewScreen:
    if made.token:
        here = urlsplit(str(st.context.url))
        st.session_state[_TOLD] = f"{here.scheme}://{here.netloc}/screen/{made.token}"
    return made


def _tell() -> None:
    """Show the address until the reader says that it is done: it is told only once."""
    address = st.session_state.get(_TOLD)
    if not address:
        return
    with st.container(border=True):
        st.markdown("**请在大屏的浏览器里打开这个网址**，只显示这一次。它就是这块大屏的钥匙，不要发到群里。")
        st.code(address, language=None)
        st.button("我已打开", type="primary", on_click=lambda: st.session_state.pop(_TOLD, None))
