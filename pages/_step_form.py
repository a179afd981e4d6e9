"""The form of one step: its fields, its two buttons, and what becomes of it once it is sent."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db.ticket_detail import Detail
from domain import clock
from domain.access import Actor
from domain.errors import Changed, Invalid, Refused
from domain.steps import ACTION_LABELS
from domain.tickets import Action, Status
from pages import _form, _overtaken, _photos
from pages._fields import Form
from pages._step_forms import STEPS
from ui.focus import focus_form

# what a form asks for without choosing first
_ASKED = {
    "handler_id": "请先选一位处理人。",
    "satisfaction": "请先选居民是否满意；没有联系上的，请选“未评价”。",
}


def choose(detail: Detail, action: Action) -> None:
    st.session_state["step"] = (detail.ticket.id, action)


def chosen(detail: Detail) -> Action | None:
    """Give the step whose form is open; it stays open with what was typed when the state moved on."""
    ticket_id, action = st.session_state.get("step", (None, None))
    return action if ticket_id == detail.ticket.id else None


def offered(detail: Detail) -> list[Action]:
    """List the steps; who may accept a report may dispatch it in the same form."""
    both = detail.ticket.status is Status.REPORTED and Action.ACCEPT in detail.actions
    return [*([Action.DISPATCH] if both else []), *detail.actions]


def label_of(actor: Actor, detail: Detail, action: Action) -> str:
    if action is Action.DISPATCH and detail.ticket.status is Status.REPORTED:
        return "受理并派单"
    if action is Action.CLAIM and detail.ticket.handler_id and detail.ticket.handler_user_id != actor.user_id:
        return "代记接单"
    return ACTION_LABELS[action]


def form_of(actor: Actor, detail: Detail, action: Action) -> None:
    step, key = STEPS[action], _form.key(name_of(detail, action))
    if step.fields is None:
        return
    sent, instead = False, None
    with st.form(f"step-{key}"):
        values = step.fields(Form(actor, detail, key))
        said = st.container()  # where the eye is after the click, not above a long form
        if action in offered(detail):
            sent = _send_or_not(label_of(actor, detail, action), key)
        else:
            instead = _overtaken.show(detail, action, key)
    focus_form(key=f"focus-{key}")
    if sent:
        with said:
            take(actor, detail, action, values)
    if instead:
        _go_on(detail, instead, values)


def _send_or_not(label: str, key: str) -> bool:
    with st.container(horizontal=True):
        # the label tells of the state: without a key of its own the click of who comes second is lost
        sent = st.form_submit_button(f"确定{label}", type="primary", key=f"send-{key}")
        st.form_submit_button("先不了", on_click=st.session_state.pop, args=("step", None), key=f"drop-{key}")
    return sent


def _go_on(detail: Detail, action: Action, values: dict[str, Any]) -> None:
    """Open another step's form with what was filled in; its reader has just been told the state."""
    _overtaken.carry(name_of(detail, action), values)
    choose(detail, action)
    st.session_state[seen_name(detail.ticket.id)] = detail.ticket.version
    _overtaken.open_drawer(detail.ticket.id)


def take(actor: Actor, detail: Detail, action: Action, values: dict[str, Any]) -> None:
    """Run the command on the version the reader saw; a refusal leaves everything typed in place."""
    name, ticket = name_of(detail, action), detail.ticket
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


def name_of(detail: Detail, action: Action) -> str:
    return f"{detail.ticket.id.hex}-{action}"


def seen_name(ticket_id: UUID) -> str:
    return f"seen:{ticket_id.hex}"
