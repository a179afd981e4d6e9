"""Several tickets picked on the board: read together, each as far as this person may."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from db.ticket_events import load
from domain.access import Actor
from domain.errors import NotFound
from domain.tickets import Ticket


def tickets_of(session: Session, *, actor: Actor, ids: Iterable[UUID]) -> list[Ticket]:
    """Read these tickets in this order, without those that are out of sight by now."""
    found: list[Ticket] = []
    for ticket_id in ids:
        try:
            found.append(load(session, actor, ticket_id))
        except NotFound:
            continue
    return found
