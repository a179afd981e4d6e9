"""What every step of a ticket shares: its call, the key that makes it safe to send twice, its due columns."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy.orm import Session

from db.ticket_events import check_version, load, take
from db.writes import first_result, remember
from domain import steps
from domain.access import Actor
from domain.due import Due, soon_from
from domain.text import clean_note
from domain.tickets import Action, Ticket


class Call(TypedDict):
    """What every step carries: who, on which ticket as they saw it, the form's key, and when."""

    actor: Actor
    ticket_id: UUID
    expected_version: int
    key: str
    now: datetime


def due_columns(due: Due, start: datetime) -> dict[str, Any]:
    return {"due_at": due.at, "soon_at": soon_from(due.at, start), "due_why": due.why}


def once(tx: Session, do: Action, call: Call, body: dict[str, Any], work: Callable[[Ticket], Ticket]) -> Ticket:
    """Do the work unless this key did it before: then give the ticket as it now is."""
    request = {"do": do, "actor": call["actor"].user_id, "ticket": call["ticket_id"], **body}
    if done := first_result(tx, call["key"], request):
        return load(tx, call["actor"], done)
    # first of all: a twin sent at the same moment waits here, then meets the key and not a changed ticket
    remember(tx, call["key"], request, call["ticket_id"], now=call["now"])
    ticket = load(tx, call["actor"], call["ticket_id"])
    if not steps.must_hide(call["actor"], ticket):  # else the refusal itself would tell of it
        check_version(tx, ticket, call["expected_version"])
    steps.check_right(call["actor"], do, ticket)
    return work(ticket)


def simple(tx: Session, action: Action, call: Call, values: dict[str, Any], note: str = "", **body: Any) -> Ticket:
    note = clean_note(note)

    def work(ticket: Ticket) -> Ticket:
        return take(tx, ticket, action, actor=call["actor"], now=call["now"], values=values, note=note)

    return once(tx, action, call, {"note": note, **body}, work)
