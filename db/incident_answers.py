"""What happens on the 预警 ticket is said on its incident: claimed is answered, done is arrived, given back is not.

And the other way round: the ticket shows what was done about the incident.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.incident_events import append, fresh, is_over, may, moment
from db.incident_steps import answer, arrived
from db.models import IncidentEventRow, IncidentNoteRow, IncidentRow, UserRow
from domain import ladder
from domain.access import Actor
from domain.errors import WrongState
from domain.incidents import ACTION_LABELS, WHO_LABELS, IncidentAction, Who, no_text
from domain.tickets import Kind, Ticket

_FROM_TICKET = "ticket"  # the ticket tells it itself


def running(session: Session, ticket: Ticket) -> IncidentRow | None:
    """Find the open incident of this ticket; most tickets have none, and don't ask."""
    if ticket.kind is not Kind.ALERT:
        return None
    found = session.scalars(select(IncidentRow.id).where(IncidentRow.ticket_id == ticket.id)).first()
    row = fresh(session, found) if found else None
    return None if row is None or is_over(row) else row


def check_end(session: Session, ticket: Ticket) -> None:
    """Refuse to end the ticket by itself: what was found has to be said first."""
    if (row := running(session, ticket)) is not None:
        no = no_text(row.number)
        raise WrongState(f"工单 {ticket.no} 跟着预警 {no}，请在“平安守望”里写明查看结果结案，工单会一起办结。")


@dataclass(frozen=True)
class Told:
    """A line of the incident's timeline, for the ticket's."""

    at: datetime
    label: str
    who: str
    note: str


# the ticket says these itself
_SAID = tuple(
    a.value for a in (IncidentAction.OPEN, IncidentAction.ACK, IncidentAction.WITHDRAW, IncidentAction.REOPEN)
)


def story(session: Session, actor: Actor, ticket: Ticket) -> list[Told]:
    """Tell what was done about the ticket's incident, to whoever may read that."""
    row = session.scalars(select(IncidentRow).where(IncidentRow.ticket_id == ticket.id)).first()
    if row is None or not may(session, actor, "incidents.read", row):
        return []
    e, note = IncidentEventRow, IncidentNoteRow
    query = (
        select(e.at, e.action, e.detail, UserRow.name, note.body)
        .outerjoin(UserRow, UserRow.id == e.actor_id)
        .outerjoin(note, note.event_id == e.id)
        .where(e.incident_id == row.id, e.action.not_in(_SAID))
        .order_by(e.seq)
    )
    return [
        Told(at, _label(row, action, detail), name or "", body or "")
        for at, action, detail, name, body in session.execute(query)
        if not detail.get(_FROM_TICKET)
    ]


def _label(row: IncidentRow, action: str, detail: dict[str, Any]) -> str:
    label = ACTION_LABELS[IncidentAction(action)]
    who = "、".join(WHO_LABELS[Who(one)] for one in detail.get("who", ()))
    return f"预警 {no_text(row.number)} {label}{f'：{who}' if who else ''}"


def noted(tx: Session, ticket: Ticket, actor: Actor, now: datetime, note: str) -> None:
    """Put what is remarked on the ticket where the desk looks."""
    if (row := running(tx, ticket)) is not None:
        at, detail = moment(tx, row, now), {_FROM_TICKET: True}
        append(tx, row, IncidentAction.NOTE, at=at, actor_id=actor.user_id, detail=detail, note=note)


def claimed(tx: Session, ticket: Ticket, actor: Actor, now: datetime) -> None:
    if (row := running(tx, ticket)) is not None:
        who = _handler(tx, ticket, actor)
        answer(tx, row, IncidentAction.ACK, who, moment(tx, row, now), ladder.ETA_MINUTES)


def visited(tx: Session, ticket: Ticket, actor: Actor, now: datetime, note: str) -> None:
    """Somebody was at the door and says what they saw; the desk closes."""
    if (row := running(tx, ticket)) is not None:
        arrived(tx, row, _handler(tx, ticket, actor), moment(tx, row, now), note)


def given_back(tx: Session, ticket: Ticket, actor: Actor, now: datetime, note: str) -> None:
    """Nobody is on the way any more: the next step is due at once."""
    if (row := running(tx, ticket)) is not None:
        at = moment(tx, row, now)
        values = {"acked_by": None, "acked_at": None, "responder_id": None, "eta_at": None, "next_step_at": at}
        detail = {"given_back": True, _FROM_TICKET: True}
        append(tx, row, IncidentAction.NOTE, at=at, actor_id=actor.user_id, values=values, detail=detail, note=note)


def _handler(tx: Session, ticket: Ticket, actor: Actor) -> Actor:
    """Give whoever goes there; the colleague at the desk only enters it for them."""
    user = tx.get(UserRow, ticket.handler_user_id) if ticket.handler_user_id else None
    return Actor(user.id, user.name) if user else actor
