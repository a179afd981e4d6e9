"""Whose figures: the place asked for, whether this reader may have it, and whether names may stand beside numbers."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from db.models import AreaRow, LedgerHeadRow
from db.writes import stamps
from domain.access import RIGHTS, Actor
from domain.areas import natural_order
from domain.errors import NotAllowed, NotFound
from domain.live import Topic
from domain.stats import Scope
from domain.tickets import Kind


def scope_of(
    session: Session,
    *,
    actor: Actor,
    area_id: UUID,
    start: date,
    end: date,
    kind: Kind | None = None,
    category_id: UUID | None = None,
) -> Scope:
    """Make the scope of a place, which the reader may have figures of."""
    path = session.scalar(select(AreaRow.path).where(AreaRow.id == area_id))
    if path is None:
        raise NotFound("没有找到这个辖区，可能已关闭。")
    scope = Scope(area_id, path, start, end, kind, category_id)
    allowed(actor, scope)
    return scope


def allowed(actor: Actor, scope: Scope) -> None:
    if not actor.roles_at(scope.area_path) & RIGHTS["charts.read"]:
        raise NotAllowed()


def stamp(session: Session, communities: frozenset[UUID]) -> int:
    """Sum what rises with every write of a ticket, a look or a posting of these communities."""
    heads = select(func.coalesce(func.sum(LedgerHeadRow.seq), 0)).where(LedgerHeadRow.community_id.in_(communities))
    rising = stamps(session, communities, Topic.BOARD) + stamps(session, communities, Topic.CARE)
    return rising + int(session.scalar(heads) or 0)


def never_names(actor: Actor, scope: Scope) -> bool:
    """Tell whether this reader sees figures and never a person: leaders do."""
    return not actor.roles_at(scope.area_path) & RIGHTS["parties.read"]


def children_of(session: Session, area_id: UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    columns = (AreaRow.id, AreaRow.path, AreaRow.name, AreaRow.households, AreaRow.sort)
    rows = session.execute(select(*columns).where(AreaRow.parent_id == area_id, AreaRow.valid_to.is_(None))).all()
    return sorted(rows, key=lambda row: (row.sort, natural_order(row.name)))
