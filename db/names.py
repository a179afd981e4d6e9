"""What ids in a ticket's history are called now."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import AreaRow, CategoryRow, PartyRow


def names(session: Session, ids: Iterable[UUID]) -> dict[str, str]:
    """Map the ids of areas, categories and handlers, as events write them, to names."""
    wanted = frozenset(ids)
    if not wanted:
        return {}
    found: dict[str, str] = {}
    for row, label in ((AreaRow, AreaRow.name), (CategoryRow, CategoryRow.name), (PartyRow, PartyRow.label)):
        query = select(row.id, label).where(row.id.in_(wanted))
        found |= {row_id.hex: name for row_id, name in session.execute(query)}
    return found
