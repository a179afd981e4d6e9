"""登记诉求: who, type, what, where; the rest folded away with sensible defaults."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import areas, categories, tickets
from db.categories import Category
from domain import clock
from domain.access import DISPATCHERS, STAFF, Actor
from domain.areas import Area
from domain.errors import Invalid, Refused
from domain.intake import find_area, guess_category, parse
from domain.steps import TRANSITIONS
from domain.tickets import Action, Channel, Ticket
from pages import _form
from pages._new_fields import folded, four
from pages._session import require
from ui.focus import focus

_NAME = "new-ticket"


def close() -> None:
    st.query_params.pop("new", None)


def show() -> None:
    """Open the form; to be called from the page's body."""
    st.dialog("登记诉求", width=620, position="right", on_dismiss=close)(_dialog)()


def _dialog() -> None:
    actor, key = require("tickets.board"), _form.key(_NAME)
    held = {a.id: a for a in db.read(areas.visible, actor=actor) if _may_report(actor, a)}
    kinds = {c.id: c for c in db.read(categories.listed)}
    if not held:
        st.info("您的账号还没有可以登记的辖区，请联系管理员。")
        return
    _paste(key)
    with st.form(f"form-{key}", border=False):
        said = st.container()
        values = four(key, held, kinds) | folded(key)
        sent = st.form_submit_button("登记", type="primary", width="stretch")
    focus("谁反映的", key=f"focus-{key}")
    if sent:
        with said:
            _report(actor, key, held, kinds, values)


def _may_report(actor: Actor, area: Area) -> bool:
    return bool(actor.roles_at(area.path) & TRANSITIONS[Action.REPORT].roles)


def _paste(key: str) -> None:
    with st.expander("粘贴群消息，自动填写", icon=":material/content_paste:"), st.form(f"paste-{key}", border=False):
        st.text_area("群消息", placeholder="例如 张三：3号楼2单元楼道灯坏了 138…", key=f"message-{key}", height=90)
        st.form_submit_button("填入", on_click=_fill, args=(key,))


def _fill(key: str) -> None:
    found = parse(st.session_state[f"message-{key}"])
    for field in ("name", "phone", "title", "address", "description"):
        value = found.place if field == "address" else getattr(found, field)
        if value:
            st.session_state[f"{field}-{key}"] = value
    st.session_state[f"channel-{key}"] = Channel.WECHAT


def _report(
    actor: Actor, key: str, held: dict[UUID, Area], kinds: dict[UUID, Category], values: dict[str, Any]
) -> None:
    try:
        if values["area_id"] is None:
            raise Invalid("请选择辖区。", field="area_id")
        values["area_id"] = find_area(values["address"], list(held.values()), held[values["area_id"]]).id
        values["category_id"] = values["category_id"] or _guess(kinds, values)
        ticket = db.run(tickets.report, actor=actor, key=key, now=clock.now(), **values)
    except Refused as refused:
        _form.refuse(refused)
        return
    _open(actor, ticket)


def _guess(kinds: dict[UUID, Category], values: dict[str, Any]) -> UUID | None:
    name = guess_category(f"{values['title']} {values['description']}", (c.name for c in kinds.values() if c.parent_id))
    return next((c.id for c in kinds.values() if c.name == name), None)


def _open(actor: Actor, ticket: Ticket) -> None:
    """Go on to the new ticket, for who dispatches with that form open; a volunteer is done."""
    _form.done(_NAME, f"已登记，编号 {ticket.no}")
    st.query_params.pop("new", None)
    roles = actor.roles_at(ticket.area_path)
    if roles & STAFF:
        st.query_params["ticket"] = str(ticket.id)
    if roles & DISPATCHERS:
        st.session_state["step"] = (ticket.id, Action.DISPATCH)
    st.rerun()
