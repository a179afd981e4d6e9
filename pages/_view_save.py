"""Saving a view from the 视图 menu: a new one, over the one that is open, for whom; deleting it."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import areas, views
from domain import clock
from domain.access import OFFICE, RIGHTS, ROLE_LABELS, STAFF, Actor, Role
from domain.errors import Refused
from domain.views import Reach, SavedView, Share, View
from pages import _form, _views
from ui.text import escape_md

_MINE: Reach = (Share.OWN, None, None)
_SAID, _SURE = "view-said", "view-sure"


def _reaches(actor: Actor) -> dict[Reach, str]:
    """List who could be shown it: for each area the actor works in, everybody there or one role."""
    found: dict[Reach, str] = {_MINE: "只有我"}
    held = {area.id: area.name for area in db.read(areas.visible, actor=actor)}
    roles = [role for role in Role if role in RIGHTS["tickets.board"]]
    for grant in actor.grants:
        name = held.get(grant.area_id, "街道")
        if grant.role in STAFF:
            found[Share.SHARED, grant.area_id, None] = f"共享：{name}"
        if grant.role in OFFICE:
            found |= {(Share.ROLE, grant.area_id, role): f"默认：{name}{ROLE_LABELS[role]}" for role in roles}
    return found


def show(actor: Actor, view: View, held: SavedView | None) -> None:
    own, reaches = held if held and held.editable else None, _reaches(actor)
    now_reach: Reach = own.reach if own else _MINE
    if now_reach not in reaches:
        reaches[now_reach] = "保持不变"
    key = _form.key(f"view-{own.id if own else 'new'}")
    with st.form(key, border=False):
        st.text_input(
            "名称", own.name if own else "", key=f"{key}-name", max_chars=40, placeholder="例如：今天要联系的"
        )
        if len(reaches) > 1:
            place = list(reaches).index(now_reach)
            st.selectbox("谁能看到", list(reaches), place, format_func=reaches.__getitem__, key=f"{key}-reach")
        with st.container(horizontal=True, gap="small"):
            if own:
                st.form_submit_button("保存修改", key=f"{key}-keep", on_click=_kept, args=(actor, view, own, key))
            label = "另存为新视图" if held else "保存视图"
            st.form_submit_button(label, key=f"{key}-new", on_click=_made, args=(actor, view, held, key))
    if words := st.session_state.pop(_SAID, ""):
        st.error(escape_md(words), icon=":material/info:")
    if own:
        _delete(actor, own)


def _made(actor: Actor, view: View, held: SavedView | None, key: str) -> None:
    """Save as a new view, then show it to whom it is for."""
    call: dict[str, Any] = {"actor": actor, "now": clock.now()}
    try:
        made = db.run(views.save, name=st.session_state[f"{key}-name"], view=view, key=f"{key}s", **call)
    except Refused as refused:
        st.session_state[_SAID] = refused.message
        return
    _form.done(f"view-{held.id if held and held.editable else 'new'}", f"视图“{escape_md(made.name)}”已保存")
    try:
        made = _reach(actor, made, st.session_state.get(f"{key}-reach", _MINE), key)
    except Refused as refused:
        st.session_state[_SAID] = f"已保存为只有您能看到的视图。{refused.message}"
    _views.open_view(actor, made)


def _kept(actor: Actor, view: View, own: SavedView, key: str) -> None:
    """Save over the view: what it shows, its name, and who sees it."""
    call: dict[str, Any] = {"actor": actor, "view_id": own.id, "expected_version": own.version}
    name, reach = st.session_state[f"{key}-name"], st.session_state.get(f"{key}-reach", own.reach)
    call |= {"name": name, "key": f"{key}c", "now": clock.now()}
    try:
        if (view, reach) == (own.view, own.reach):  # the log then says that it was renamed
            kept = db.run(views.rename, **call)
        else:
            kept = db.run(views.keep, view=view, reach=reach, **call)
    except Refused as refused:
        st.session_state[_SAID] = refused.message
        return
    _form.done(f"view-{own.id}", f"视图“{escape_md(kept.name)}”已保存")
    _views.open_view(actor, kept)


def _reach(actor: Actor, one: SavedView, wanted: Reach, key: str) -> SavedView:
    share, area_id, role = wanted
    if wanted == one.reach:
        return one
    call: dict[str, Any] = {"actor": actor, "view_id": one.id, "expected_version": one.version}
    call |= {"key": f"{key}r", "now": clock.now()}
    if share is Share.ROLE and area_id and role:
        return db.run(views.set_default, area_id=area_id, role=role, **call)
    return db.run(views.share, area_id=area_id, **call)


def _delete(actor: Actor, own: SavedView) -> None:
    """Delete after one more tap: whoever was shown it loses it as well."""
    if st.session_state.get(_SURE) != own.id:
        st.button("删除视图", type="tertiary", key="view-delete", on_click=_ask, args=(own.id,))
        return
    others = "" if own.share is Share.OWN else "，同事那里也不再有"
    st.write(f"删除“{escape_md(own.name)}”{others}？")
    with st.container(horizontal=True, gap="small"):
        st.button("确定删除", key="view-sure-delete", on_click=_removed, args=(actor, own))
        st.button("保留", type="tertiary", key="view-stay", on_click=_ask, args=(None,))


def _ask(view_id: UUID | None) -> None:
    st.session_state[_SURE] = view_id


def _removed(actor: Actor, own: SavedView) -> None:
    call: dict[str, Any] = {"actor": actor, "view_id": own.id, "expected_version": own.version}
    try:
        db.run(views.remove, key=_form.key("view-remove"), now=clock.now(), **call)
    except Refused as refused:
        st.session_state[_SAID] = refused.message
        return
    finally:
        _ask(None)
    _form.done("view-remove", f"视图“{escape_md(own.name)}”已删除")
    _views.leave()
