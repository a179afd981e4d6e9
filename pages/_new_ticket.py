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
from domain.intake import emergency_word, find_area, guess_category, guess_grade, guess_kind, parse
from domain.steps import TRANSITIONS
from domain.tickets import Action, Channel, Ticket
from pages import _form
from pages._new_fields import TYPED, folded, four
from pages._session import require
from ui.focus import focus

_NAME = "new-ticket"
_SAID_WHY, _LEAVING = "urgent-{}", "leaving-{}"


def show() -> None:
    """Open the form; to be called from the page's body. A slip of the hand does not close it."""
    st.dialog("登记诉求", width=620, position="right", dismissible=False)(_dialog)()


def _dialog() -> None:
    actor, key = require("tickets.board"), _form.key(_NAME)
    held = {a.id: a for a in db.read(areas.visible, actor=actor) if _may_report(actor, a)}
    kinds = {c.id: c for c in db.read(categories.listed)}
    if not held:
        st.info("您的账号还没有可以登记的辖区，请联系管理员。")
        if st.button("先不登记"):
            _leave()
        return
    _paste(key, kinds)
    if why := st.session_state.get(_SAID_WHY.format(key)):
        st.warning(f"{why}。", icon=":material/priority_high:")
    with st.form(f"form-{key}", border=False):
        values = four(key, held, kinds) | folded(key)
        said = st.container()
        sent, left = _buttons(key)
    focus("谁反映的", key=f"focus-{key}")
    if sent:
        with said:
            _report(actor, key, held, kinds, values)
    elif left or st.session_state.get(_LEAVING.format(key)) == "empty":
        _leave()


def _buttons(key: str) -> tuple[bool, bool]:
    """Send, or leave; who has typed something is asked first, where the buttons were."""
    if st.session_state.get(_LEAVING.format(key)) != "typed":
        with st.container(horizontal=True):
            sent = st.form_submit_button("登记", type="primary", key=f"send-{key}")
            st.form_submit_button("先不登记", key=f"drop-{key}", on_click=_ask, args=(key,))
        return sent, False
    st.warning("填了的内容还没有登记，离开就没有了。")
    with st.container(horizontal=True):
        back = (_LEAVING.format(key), None)
        st.form_submit_button("继续填写", type="primary", key=f"stay-{key}", on_click=st.session_state.pop, args=back)
        return False, st.form_submit_button("不要了，离开", key=f"leave-{key}")


def _ask(key: str) -> None:
    typed = any(st.session_state.get(f"{field}-{key}") for field in TYPED)
    st.session_state[_LEAVING.format(key)] = "typed" if typed else "empty"


def _leave() -> None:
    """Close the form and forget its key: the next one is empty."""
    _form.drop(_NAME)
    st.query_params.pop("new", None)
    st.rerun()


def _may_report(actor: Actor, area: Area) -> bool:
    return bool(actor.roles_at(area.path) & TRANSITIONS[Action.REPORT].roles)


def _paste(key: str, kinds: dict[UUID, Category]) -> None:
    with st.expander("粘贴群消息，自动填写", icon=":material/content_paste:"), st.form(f"paste-{key}", border=False):
        st.text_area("群消息", placeholder="例如 张三：3号楼2单元楼道灯坏了 138…", key=f"message-{key}", height=90)
        st.form_submit_button("填入", on_click=_fill, args=(key, kinds))


def _fill(key: str, kinds: dict[UUID, Category]) -> None:
    """Fill in what the message says, the guesses too: they are there to be seen and corrected."""
    message = st.session_state[f"message-{key}"]
    found = parse(message)
    for field in ("name", "phone", "title", "address", "description"):
        value = found.place if field == "address" else getattr(found, field)
        if value:
            st.session_state[f"{field}-{key}"] = value
    guesses = {
        "channel": Channel.WECHAT,
        "category": _guess(kinds, message),
        "kind": guess_kind(message),
        "grade": guess_grade(message),
    }
    st.session_state.update({f"{field}-{key}": value for field, value in guesses.items()})
    if word := emergency_word(message):
        st.session_state[_SAID_WHY.format(key)] = _urgent(word)


def _urgent(word: str) -> str:
    return f"按“{word}”判断为特急，可修改"


def _report(
    actor: Actor, key: str, held: dict[UUID, Area], kinds: dict[UUID, Category], values: dict[str, Any]
) -> None:
    try:
        if values["area_id"] is None:
            raise Invalid("请选择辖区。", field="area_id")
        values["area_id"] = find_area(values["address"], list(held.values()), held[values["area_id"]]).id
        told = f"{values['title']} {values['description']}"
        values["category_id"] = values["category_id"] or _guess(kinds, told)
        word = "" if values["grade"] else emergency_word(told)
        values["grade"] = values["grade"] or guess_grade(told)
        ticket = db.run(tickets.report, actor=actor, key=key, now=clock.now(), **values)
    except Refused as refused:
        _form.refuse(refused)
        return
    _open(actor, ticket, _urgent(word) if word else "")


def _guess(kinds: dict[UUID, Category], told: str) -> UUID | None:
    name = guess_category(told, (c.name for c in kinds.values() if c.parent_id))
    return next((c.id for c in kinds.values() if c.name == name), None)


def _open(actor: Actor, ticket: Ticket, why: str) -> None:
    """Go on to the new ticket, for who dispatches with that form open; a volunteer is done."""
    _form.done(_NAME, "，".join(filter(None, (f"已登记，编号 {ticket.no}", why))))
    st.query_params.pop("new", None)
    roles = actor.roles_at(ticket.area_path)
    if roles & STAFF:
        st.query_params["ticket"] = str(ticket.id)
    if roles & DISPATCHERS:
        st.session_state["step"] = (ticket.id, Action.DISPATCH)
    st.rerun()
