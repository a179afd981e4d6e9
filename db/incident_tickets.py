"""An incident and its 预警 ticket: one goes with the other. Claiming the ticket answers the incident."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import awards
from db.models import AreaRow, ElderRow, IncidentRow, PartyRow, TicketRow
from db.ticket_call import due_columns
from db.ticket_content import insert_ticket
from db.ticket_events import append, ticket_of
from domain.access import Actor
from domain.care import code_text
from domain.clock import local_date
from domain.due import Grade, due_for
from domain.incidents import CAUSE_LABELS, UNHELPED, Cause, Found, no_text
from domain.steps import TRANSITIONS
from domain.tickets import OPEN, Action, Channel, Kind, Result, Satisfaction, Status


def place_name(session: Session, elder: ElderRow) -> str:
    """Name the building, never the flat."""
    return session.get_one(AreaRow, elder.building_id or elder.area_id).name


def open_ticket(tx: Session, elder: ElderRow, cause: Cause, *, now: datetime) -> UUID:
    """Put the visit on the board, accepted already, for any volunteer there to claim."""
    title = f"{place_name(tx, elder)} {code_text(elder.number)} {CAUSE_LABELS[cause]}，请核实"
    place = ("community_id", "area_id", "area_path", "grid_id", "building_id")
    values = {
        **{name: getattr(elder, name) for name in place},  # as the register has it, closed by now or not
        **due_columns(due_for(Grade.URGENT, None, now), now),
        "kind": Kind.ALERT.value,
        "status": Status.ACCEPTED.value,
        "title": title,
        "address": "",
        "grade": Grade.URGENT.value,
        "channel": Channel.SYSTEM.value,
        "open_to_volunteers": True,
        "reported_at": now,
        "reported_on": local_date(now),
        "accepted_at": now,
        "round_at": now,
        "round_no": 1,
    }
    return insert_ticket(tx, values, actor=None, description="", now=now)


def close_ticket(tx: Session, row: IncidentRow, actor: Actor, found: Found, *, alone: bool, now: datetime) -> None:
    """Bring the ticket to its end along with the incident; who went there is paid for going.

    Nobody dead or still missing counts as solved, whatever who went there noted on the ticket.
    """
    ticket = _open_ticket(tx, row)
    if ticket is None:
        return
    if ticket.status in (Status.ACCEPTED, Status.DISPATCHED) and not _hand_to(tx, row, ticket, actor, now):
        _step(tx, ticket.id, Action.CANCEL, {}, actor, now, f"预警 {no_text(row.number)} 已处置")
        return
    if _status(tx, ticket.id) is Status.IN_PROGRESS:
        result = UNHELPED.get(found, Result.SOLVED).value
        done = {"result_class": result, "resolved_at": now, "resolved_by": actor.user_id}
        _step(tx, ticket.id, Action.RESOLVE, done, actor, now)
    values: dict[str, Any] = {
        "satisfaction": Satisfaction.UNREACHED.value,
        "closed_at": now,
        "closed_on": local_date(now),
        "single_duty": alone,
    }
    if found in UNHELPED:
        values["result_class"] = UNHELPED[found].value
    _step(tx, ticket.id, Action.CLOSE, values, actor, now, f"预警 {no_text(row.number)} 已处置")
    if row.on_scene_at is not None:
        closed = tx.get_one(TicketRow, ticket.id, populate_existing=True)
        awards.from_ticket(tx, ticket_of(closed, _user_of(tx, closed.handler_id)), actor=actor, now=now)


def _hand_to(tx: Session, row: IncidentRow, ticket: TicketRow, actor: Actor, now: datetime) -> bool:
    """Note on the ticket who dealt with it, if they can hold one: whoever answered, else whoever closes."""
    party = ticket.handler_id or _party_of(tx, row.responder_id) or actor.party_id
    if party is None:
        return False
    if ticket.status == Status.ACCEPTED:
        given = {"handler_id": party, "dispatched_by": actor.user_id, "dispatched_at": now}
        _step(tx, ticket.id, Action.DISPATCH, given, actor, now)
    _step(tx, ticket.id, Action.CLAIM, {"claimed_at": row.acked_at or now}, actor, now)
    return True


def cancel_ticket(tx: Session, row: IncidentRow, actor_id: UUID | None, *, now: datetime) -> None:
    """Take the ticket back with a slip of the finger."""
    ticket = _open_ticket(tx, row)
    if ticket is not None and ticket.status in TRANSITIONS[Action.CANCEL].sources:
        _step(tx, ticket.id, Action.CANCEL, {}, _as_actor(actor_id), now, "误点，已撤销")


def reopen_ticket(tx: Session, row: IncidentRow, actor_id: UUID | None, *, now: datetime) -> None:
    """Offer the visit again, whoever had it before."""
    ticket = tx.get(TicketRow, row.ticket_id) if row.ticket_id else None
    if ticket is None or ticket.status not in (Status.CANCELLED, Status.CLOSED):
        return
    due = due_columns(due_for(Grade.URGENT, None, now, round_no=ticket.round_no), now)
    cleared = ("result_class", "satisfaction", "resolved_at", "resolved_by", "closed_at", "closed_on")
    values: dict[str, Any] = {**dict.fromkeys(cleared), "single_duty": False, "round_at": now, **due}
    status = Status.IN_PROGRESS if ticket.status == Status.CLOSED and ticket.handler_id else Status.ACCEPTED
    _step(tx, ticket.id, Action.REOPEN, values | {"status": status.value}, _as_actor(actor_id), now)


def note_claim(tx: Session, row: IncidentRow, actor: Actor, *, now: datetime) -> None:
    """Show on the board who answered, if they can hold a ticket and nobody has it yet."""
    ticket = _open_ticket(tx, row)
    if ticket is None or actor.party_id is None or ticket.status != Status.ACCEPTED:
        return
    _step(tx, ticket.id, Action.CLAIM, {"handler_id": actor.party_id, "claimed_at": now}, actor, now)


def _open_ticket(tx: Session, row: IncidentRow) -> TicketRow | None:
    ticket = tx.get(TicketRow, row.ticket_id, populate_existing=True) if row.ticket_id else None
    return ticket if ticket is not None and ticket.status in OPEN else None


def _status(tx: Session, ticket_id: UUID) -> Status:
    return Status(tx.get_one(TicketRow, ticket_id, populate_existing=True).status)


def _step(
    tx: Session,
    ticket_id: UUID,
    action: Action,
    values: dict[str, Any],
    actor: Actor | None,
    now: datetime,
    note: str = "",
) -> None:
    """Take the step that follows from the incident; its right was asked there."""
    targets = TRANSITIONS[action].targets
    moved = {"status": targets[0].value} if targets else {}
    append(tx, ticket_id, action, moved | values, actor=actor, now=now, note=note)


def _as_actor(user_id: UUID | None) -> Actor | None:
    return Actor(user_id, "") if user_id else None


def _party_of(tx: Session, user_id: UUID | None) -> UUID | None:
    query = select(PartyRow.id).where(PartyRow.user_id == user_id, PartyRow.active)
    return tx.scalars(query).first() if user_id else None


def _user_of(tx: Session, party_id: UUID | None) -> UUID | None:
    return tx.scalars(select(PartyRow.user_id).where(PartyRow.id == party_id)).first() if party_id else None
