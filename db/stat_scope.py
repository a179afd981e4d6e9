"""Whose figures: the place asked for, whether this reader may have it, and whether names may stand beside numbers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from db import area_rows, stat_sums
from db.models import AreaRow, LedgerHeadRow
from db.writes import stamps
from domain import charts
from domain.access import RIGHTS, Actor, grants_for
from domain.areas import Area, natural_order
from domain.clock import local_date
from domain.errors import NotAllowed, NotFound
from domain.ids import parse_id
from domain.live import Topic
from domain.stats import Scope
from domain.tickets import KIND_LABELS, Kind


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


def asked(session: Session, *, actor: Actor, query: Mapping[str, str], now: datetime) -> tuple[Scope, Area]:
    """Read an address: the narrowest place that it names and this reader may have, else their widest."""
    today = local_date(now)
    start, end = charts.days(query, today)
    area = _named(session, actor, query) or _widest(session, actor)
    kind = query.get("kind")
    narrowed = Kind(kind) if kind in KIND_LABELS else None
    return Scope(area.id, area.path, start, end, narrowed, parse_id(query.get("category"))), area


def _named(session: Session, actor: Actor, query: Mapping[str, str]) -> Area | None:
    ids = [one for name in charts.PLACES if (one := parse_id(query.get(name)))]
    found = {area.id: area for area in area_rows.find(session, ids)} if ids else {}
    may = RIGHTS["charts.read"]
    return next((found[one] for one in ids if one in found and actor.roles_at(found[one].path) & may), None)


def _widest(session: Session, actor: Actor) -> Area:
    held = area_rows.find(session, [grant.area_id for grant in grants_for(actor, RIGHTS["charts.read"])])
    if not held:
        raise NotAllowed()
    return min(held, key=lambda area: area.depth)


def allowed(actor: Actor, scope: Scope) -> None:
    if not actor.roles_at(scope.area_path) & RIGHTS["charts.read"]:
        raise NotAllowed()


def stamp(session: Session, scope: Scope) -> int:
    """Sum what rises with every write of a ticket, a look or a posting of the communities of a place."""
    communities = frozenset(stat_sums.communities(session, scope))
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
