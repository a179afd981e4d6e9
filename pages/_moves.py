"""What moving a card does: a step that needs nothing at once, any other through just its form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import live, ticket_detail
from db.ticket_events import check_version, load
from domain import clock, steps
from domain.access import Actor
from domain.errors import Invalid, Refused
from domain.ids import parse_id
from domain.moves import UNDO, label_of, meant
from domain.tickets import COLUMN_OF, Action, Column, Status, Ticket
from pages import _alone, _form, _session
from pages._step_forms import STEPS

_ANSWER = "answer"
# the browser has read it by then; a board mounted later must not tell it again
_HEARD = timedelta(seconds=20)


@dataclass(frozen=True)
class Move:
    """A card as its reader saw it, what is to be done with it, and the key of this one movement."""

    ticket_id: UUID
    version: int
    action: Action | None
    column: Column | None
    nonce: str


def asks_for_board() -> bool:
    """Find whether this run answers the board: it may have asked for what it misses. A card it moved the push shows."""
    parts = (st.session_state.get("board"), st.session_state.get("figures"))
    told = (value for part in parts if part for value in part.values() if value is not None)
    return any(not (isinstance(value, Mapping) and value.get("followed")) for value in told)


def take() -> None:
    """Do what the board sent, or open the form that it needs; the board's callback."""
    move, actor = _read(st.session_state["board"].moved or {}), _session.actor(by_hand=True)
    if move is None or actor is None:
        return
    try:
        _do(actor, move)
    except Refused as refused:
        tell(move.nonce, refused.message, bad=True)


def _read(sent: Mapping[str, Any]) -> Move | None:
    """Read what a browser sent; what makes no sense is nothing."""
    ticket_id, nonce = parse_id(str(sent.get("ticket"))), str(sent.get("nonce", ""))[:40]
    action, column = str(sent.get("do")), str(sent.get("column"))
    if ticket_id is None or not nonce or not isinstance(version := sent.get("version"), int | float):
        return None
    step = Action(action) if action in set(Action) else None
    return Move(ticket_id, int(version), step, Column(column) if column in set(Column) else None, nonce)


def _do(actor: Actor, move: Move) -> None:
    now = clock.now()
    ticket = db.read(load, actor, move.ticket_id)
    action = move.action or (meant(actor, ticket, move.column, now=now) if move.column else None)
    if action not in STEPS:
        raise Invalid("没有这一步，请打开工单再办。")
    if STEPS[action].fields:
        _ask(actor, ticket, action, move)
    call = {"actor": actor, "ticket_id": move.ticket_id, "expected_version": move.version}
    ticket = db.run(STEPS[action].command, **call, key=f"move-{move.nonce}", now=now)
    live.ring(_session.token() or "")
    tell(move.nonce, f"{ticket.no} {STEPS[action].done}", undo=_undo(actor, ticket.id, action))


def _ask(actor: Actor, ticket: Ticket, action: Action, move: Move) -> None:
    """Open the form, unless it could only be refused."""
    now = clock.now()
    db.read(check_version, ticket=ticket, expected_version=move.version)
    first = action is Action.DISPATCH and ticket.status is Status.REPORTED
    steps.check(actor, Action.ACCEPT if first else action, ticket, now=now)
    tell(move.nonce, "", asks=True)
    _alone.ask(ticket, action, version=move.version, nonce=move.nonce)


def settle() -> None:
    """Tell the board how the form of a move ended: sent, or given up."""
    if ended := _alone.ended():
        nonce, ticket_id, action = ended
        words, actor = _form.said(), _session.actor()
        undo = _undo(actor, ticket_id, action) if words and actor else None
        tell(nonce, words, undo=undo, ticket=str(ticket_id) if words else None)


def tell(nonce: str, words: str, **more: Any) -> None:
    """Keep what the board is to say of this movement."""
    st.session_state[_ANSWER] = (clock.now(), {"nonce": nonce, "words": words, **more})


def answer() -> Mapping[str, Any] | None:
    at, held = st.session_state.get(_ANSWER, (None, None))
    return held if held and (_alone.is_open() or clock.now() - at < _HEARD) else None


def _undo(actor: Actor, ticket_id: UUID, action: Action) -> Mapping[str, Any] | None:
    """Offer to take it back, where the rules let this person."""
    back = UNDO.get(action)
    detail = db.read(ticket_detail.detail, actor=actor, ticket_id=ticket_id, now=clock.now()) if back else None
    if back is None or detail is None or back not in detail.actions:
        return None
    to = COLUMN_OF.get(steps.target(back, detail.ticket))
    return {"ticket": str(ticket_id), "do": back, "to": to, "label": label_of(back, detail.ticket.status)}
