"""Areas by their ids, and those just below one: what needs no whole tree."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.models import AreaRow
from domain.areas import UNSORTED_AREAS, Area, Level, natural_order


def area_of(row: AreaRow) -> Area:
    return Area(
        row.id,
        row.parent_id,
        Level(row.level),
        row.name,
        row.code,
        row.path,
        row.community_id,
        row.valid_to,
        row.version,
        row.households,
    )


def order_of(row: AreaRow) -> tuple[Any, ...]:
    return row.id in UNSORTED_AREAS, row.sort, natural_order(row.name)


def find(session: Session, ids: Collection[UUID]) -> list[Area]:
    """Give those of these areas that are open, siblings by their order and name."""
    return _open(session, AreaRow.id.in_(ids))


def below(session: Session, area_id: UUID) -> list[Area]:
    """Give the open areas just below one."""
    return _open(session, AreaRow.parent_id == area_id)


def households(session: Session, ids: Collection[UUID]) -> dict[UUID, int]:
    """Give the households of these places; where none are noted, of what lies just below."""
    own = dict(session.execute(select(AreaRow.id, AreaRow.households).where(AreaRow.id.in_(ids))).all())
    above = AreaRow.parent_id
    unknown = above.in_([one for one, count in own.items() if not count])
    below = dict(session.execute(select(above, func.sum(AreaRow.households)).where(unknown).group_by(above)).all())
    return {one: count or below.get(one) or 0 for one, count in own.items()}


def _open(session: Session, held: ColumnElement[bool]) -> list[Area]:
    rows = session.scalars(select(AreaRow).where(held, AreaRow.valid_to.is_(None))).all()
    return [area_of(row) for row in sorted(rows, key=order_of)]
