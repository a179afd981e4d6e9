"""Several tickets picked on the board: read together, each as far as this person may."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import PartyRow, TicketRow
from db.ticket_events import may_read, ticket_of
from domain.access import Actor
from domain.tickets import Ticket


def tickets_of(session: Session, *, actor: Actor, ids: Iterable[UUID]) -> list[Ticket]:
    """Read these tickets in this order, without those that are out of sight by now."""
    asked = list(ids)
    query = select(TicketRow, PartyRow.user_id).outerjoin(PartyRow, PartyRow.id == TicketRow.handler_id)
    rows = session.execute(query.where(TicketRow.id.in_(asked), may_read(actor)))
    found = {row.id: ticket_of(row, handler_user) for row, handler_user in rows}
    return [found[ticket_id] for ticket_id in asked if ticket_id in found]
