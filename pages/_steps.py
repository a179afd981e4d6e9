"""The steps that lead on from where a ticket is: buttons first, then the form of the one chosen."""

from typing import Literal
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from db.ticket_detail import Detail
from domain.access import Actor
from domain.steps import ACTION_LABELS
from domain.tickets import Action
from pages import _form
from pages._step_form import choose, chosen, form_of, label_of, name_of, offered, seen_name, take
from pages._step_forms import STEPS

_A = Action
# the likeliest first; what is in neither list goes into the menu
_FIRST = (_A.DISPATCH, _A.CLAIM, _A.RESOLVE, _A.CLOSE)
_BESIDE = (_A.ACCEPT, _A.CONTACT, _A.VERIFY_FAIL, _A.TRANSFER, _A.RECALL, _A.COMMENT)


def show(actor: Actor, detail: Detail) -> None:
    steps = offered(detail)
    first = _likeliest(detail, steps)
    beside = [a for a in (*_FIRST, *_BESIDE) if a in steps and a is not first]
    rest = [a for a in steps if a is not first and a not in beside]
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


def _likeliest(detail: Detail, offered: list[Action]) -> Action | None:
    if Action.CONTACT in offered and detail.first_contact_at is None:
        return Action.CONTACT
    return next((a for a in _FIRST if a in offered), None)


def _button(actor: Actor, detail: Detail, action: Action, said: DeltaGenerator, *, primary: bool) -> None:
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    label, name = label_of(actor, detail, action), name_of(detail, action)
    if STEPS[action].fields:
        st.button(label, type=kind, key=f"open-{name}", on_click=choose, args=(detail, action))
    elif st.button(label, type=kind, key=f"do-{_form.key(name)}"):
        with said:
            take(actor, detail, action, {})


def _menu(detail: Detail, rest: list[Action]) -> None:
    key = f"more-{detail.ticket.id}"
    st.menu_button(
        "更多",
        rest,
        format_func=ACTION_LABELS.__getitem__,
        key=key,
        on_click=lambda: choose(detail, st.session_state[key]),
    )


def read_anew(ticket_id: UUID) -> None:
    st.session_state.pop(seen_name(ticket_id), None)
