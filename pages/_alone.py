"""Just the form that a move on the board needs, in a dialog of its own."""

from uuid import UUID

import streamlit as st

import db
from db import ticket_detail
from domain import clock
from domain.errors import Refused
from domain.moves import label_of
from domain.tickets import Action, Status, Ticket
from pages import _form, _session, _step_form
from ui import cards

_MOVE = "move"


def ask(ticket: Ticket, action: Action, *, version: int, nonce: str) -> None:
    """Open the form on the version that the reader saw; the dialog belongs to the page, which runs anew."""
    st.session_state["step"] = (ticket.id, action)
    st.session_state[_step_form.seen_name(ticket.id)] = version
    st.session_state[_MOVE] = (nonce, ticket.id, action)
    st.rerun()


def is_open() -> bool:
    return _MOVE in st.session_state


def ended() -> tuple[str, UUID, Action] | None:
    """Give the move whose form was sent or given up since it was opened, once."""
    if not is_open() or "step" in st.session_state:
        return None
    found: tuple[str, UUID, Action] = st.session_state.pop(_MOVE)
    return found


def show() -> None:
    """Open the dialog; to be called from the page's body."""
    _, ticket_id, action = st.session_state[_MOVE]
    title = label_of(action, Status.ACCEPTED)
    st.dialog(title, width=560, on_dismiss=give_up)(_dialog)(ticket_id)


def give_up() -> None:
    st.session_state.pop("step", None)


def _dialog(ticket_id: UUID) -> None:
    if "step" not in st.session_state:  # 先不了
        st.rerun()
    actor, now = _session.require("tickets.board"), clock.now()
    try:
        detail = db.read(ticket_detail.detail, actor=actor, ticket_id=ticket_id, now=now)
    except Refused as refused:
        _form.refuse(refused)
        return
    st.html(cards.head_html(detail.card, now))
    if action := _step_form.chosen(detail):
        _step_form.form_of(actor, detail, action)
