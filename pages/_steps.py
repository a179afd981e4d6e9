"""The steps that lead on from where a ticket is: buttons first, then the form of the one chosen."""

from typing import Any, Literal
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import db
from db.ticket_detail import Detail
from domain import clock
from domain.access import Actor
from domain.errors import Changed, Invalid, Refused
from domain.steps import ACTION_LABELS
from domain.tickets import Action, Status
from pages import _form, _photos
from pages._fields import Form
from pages._step_forms import STEPS
from ui.focus import focus_form

_A = Action
# the likeliest first; what is in neither list goes into the menu
_FIRST = (_A.DISPATCH, _A.CLAIM, _A.RESOLVE, _A.CLOSE)
_BESIDE = (_A.ACCEPT, _A.CONTACT, _A.VERIFY_FAIL, _A.TRANSFER, _A.RECALL, _A.COMMENT)
# what a form asks for without choosing first
_ASKED = {
    "handler_id": "请先选一位处理人。",
    "satisfaction": "请先选居民是否满意；没有联系上的，请选“未评价”。",
}


def show(actor: Actor, detail: Detail) -> None:
    offered = _offered(detail)
    first = _likeliest(detail, offered)
    beside = [a for a in (*_FIRST, *_BESIDE) if a in offered and a is not first]
    rest = [a for a in offered if a is not first and a not in beside]
    if len(rest) == 1:  # a menu of one is a button
        beside, rest = [*beside, *rest], []
    calm = chosen(detail) is not None
    said = st.container()
    with st.container(horizontal=True, gap="small", key="steps"):
        for action in filter(None, (first, *beside)):
            _button(actor, detail, action, said, primary=action is first and not calm)
        if rest:
            _menu(detail, rest)
    open_one = chosen(detail)
    if open_one is None:
        st.session_state[seen_name(detail.ticket.id)] = detail.ticket.version
    else:  # a form tells of the state it was opened on, however often it is drawn
        st.session_state.setdefault(seen_name(detail.ticket.id), detail.ticket.version)
        form_of(actor, detail, open_one)


def _offered(detail: Detail) -> list[Action]:
    """List the steps; who may accept a report may dispatch it in the same form."""
    both = detail.ticket.status is Status.REPORTED and Action.ACCEPT in detail.actions
    return [*([Action.DISPATCH] if both else []), *detail.actions]


def _likeliest(detail: Detail, offered: list[Action]) -> Action | None:
    if Action.CONTACT in offered and detail.first_contact_at is None:
        return Action.CONTACT
    return next((a for a in _FIRST if a in offered), None)


def choose(detail: Detail, action: Action) -> None:
    st.session_state["step"] = (detail.ticket.id, action)


def chosen(detail: Detail) -> Action | None:
    """Give the step whose form is open; it stays open with what was typed when the state moved on."""
    ticket_id, action = st.session_state.get("step", (None, None))
    return action if ticket_id == detail.ticket.id else None


def _label(actor: Actor, detail: Detail, action: Action) -> str:
    if action is Action.DISPATCH and detail.ticket.status is Status.REPORTED:
        return "受理并派单"
    if action is Action.CLAIM and detail.ticket.handler_id and detail.ticket.handler_user_id != actor.user_id:
        return "代记接单"
    return ACTION_LABELS[action]


def _button(actor: Actor, detail: Detail, action: Action, said: DeltaGenerator, *, primary: bool) -> None:
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    label, name = _label(actor, detail, action), _name(detail, action)
    if STEPS[action].fields:
        st.button(label, type=kind, key=f"open-{name}", on_click=choose, args=(detail, action))
    elif st.button(label, type=kind, key=f"do-{_form.key(name)}"):
        with said:
            _take(actor, detail, action, {})


def _menu(detail: Detail, rest: list[Action]) -> None:
    key = f"more-{detail.ticket.id}"
    st.menu_button(
        "更多",
        rest,
        format_func=ACTION_LABELS.__getitem__,
        key=key,
        on_click=lambda: choose(detail, st.session_state[key]),
    )


def form_of(actor: Actor, detail: Detail, action: Action) -> None:
    step, key = STEPS[action], _form.key(_name(detail, action))
    if step.fields is None:
        return
    with st.form(f"step-{key}"):
        values = step.fields(Form(actor, detail, key))
        said = st.container()  # where the eye is after the click, not above a long form
        with st.container(horizontal=True):
            # the label tells of the state: without a key of its own the click of who comes second is lost
            sent = st.form_submit_button(f"确定{_label(actor, detail, action)}", type="primary", key=f"send-{key}")
            st.form_submit_button("先不了", on_click=st.session_state.pop, args=("step", None), key=f"drop-{key}")
    focus_form(key=f"focus-{key}")
    if sent:
        with said:
            _take(actor, detail, action, values)


def _take(actor: Actor, detail: Detail, action: Action, values: dict[str, Any]) -> None:
    """Run the command on the version the reader saw; a refusal leaves everything typed in place."""
    name, ticket = _name(detail, action), detail.ticket
    seen = st.session_state.get(seen_name(detail.ticket.id), ticket.version)
    call = {"actor": actor, "ticket_id": ticket.id, "expected_version": seen, "key": _form.key(name)}
    try:
        for field, wanted in _ASKED.items():
            if field in values and values[field] is None:
                raise Invalid(wanted, field=field)
        if "pictures" in values:
            values = {**values, "pictures": _photos.kept(values["pictures"])}
        db.run(STEPS[action].command, **call, **values, now=clock.now())
    except Refused as refused:
        if isinstance(refused, Changed):  # it has been read now: the next click counts
            st.session_state[seen_name(detail.ticket.id)] = ticket.version
        _form.refuse(refused)
        return
    st.session_state.pop("step", None)
    _form.done(name, f"{ticket.no} {STEPS[action].done}")
    st.session_state["dispatched"] = ticket.id if action in (Action.DISPATCH, Action.TRANSFER) else None
    st.rerun()


def _name(detail: Detail, action: Action) -> str:
    return f"{detail.ticket.id.hex}-{action}"


def seen_name(ticket_id: UUID) -> str:
    return f"seen:{ticket_id.hex}"
