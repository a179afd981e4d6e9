"""A page of the rows behind a figure, whatever it is made of."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import AreaRow
from domain.board import Card

PAGE = 50
NUMERATOR, DENOMINATOR, REST = "numerator", "denominator", "rest"  # rest: in the denominator alone


@dataclass(frozen=True)
class StatRow:
    """A row behind a figure: its number, the day on which it counts, and the page that shows it, if this reader may.

    `amount` is what it adds to a sum of points or hours, in the unit of the figure's numerator; of a time, its minutes.
    """

    no: str
    title: str
    day: date
    grid: str = ""
    link: str = ""
    amount: int | None = None
    ticket_id: UUID | None = None
    card: Card | None = None


@dataclass(frozen=True)
class Page:
    """Rows, and after what the next page begins, to be given back as it is; None at the end."""

    rows: tuple[StatRow, ...]
    after: Any


NOTHING = Page((), None)


def cut(found: Sequence[tuple[UUID, StatRow]], limit: int) -> Page:
    """Make a page of what was read with one row too many."""
    page = found[:limit]
    return Page(tuple(row for _, row in page), page[-1][0] if len(found) > limit else None)


def names_of(session: Session, areas: Collection[UUID | None]) -> dict[UUID | None, str]:
    held = select(AreaRow.id, AreaRow.name).where(AreaRow.id.in_([one for one in areas if one]))
    return {None: "", **{row.id: row.name for row in session.execute(held)}}
