"""Hot spots: the places where matters come up again and again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import extract, func, select
from sqlalchemy.orm import Session

from db.models import TICKET_STAT, AreaRow, CategoryRow, TicketRow
from db.models.tickets import CLOSED_WORK, ELSE_WORK, OPEN_WORK
from db.stat_scope import allowed
from db.stat_sums import next_month
from db.ticket_events import number_text
from domain.access import Actor
from domain.areas import Level
from domain.clock import at_local
from domain.stats import Dim, Grain, Scope, key_of, month_of
from domain.tickets import Kind

_T = TicketRow
_COMES_UP = (Kind.REPORT, Kind.HAZARD)


@dataclass(frozen=True)
class Hotspot:
    """A place where much is reported: in the period, in the same days a year before, month by month, mostly what.

    `begun` is the preventive ticket that is open for this very place, its number and id.
    """

    area_id: UUID
    area_path: str
    label: str
    count: int
    last_year: int
    months: dict[date, int]
    category_id: UUID | None
    category: str
    begun: tuple[str, UUID] | None


def hotspots(session: Session, *, actor: Actor, scope: Scope, limit: int = 10) -> list[Hotspot]:
    """Rank buildings by the reports and hazards of the months of the period; of a whole street its grids."""
    allowed(actor, scope)
    level = Level.GRID if scope.level is Level.STREET else Level.BUILDING
    query = select(AreaRow.id, AreaRow.path, AreaRow.name).where(AreaRow.level == level)
    places = session.execute(query.where(AreaRow.path.startswith(scope.area_path))).all()
    first, last = month_of(scope.start), month_of(scope.end)
    year_before = first.replace(year=first.year - 1), last.replace(year=last.year - 1)
    keys = {key_of(row.id): row for row in places}
    counted = _came_up(session, keys, level, (first, last))
    ranked = sorted((key for key in counted if counted[key]), key=lambda key: (-counted[key], key))[:limit]
    shown = {key: keys[key] for key in ranked}
    months = _came_up(session, shown, level, (first, last), monthly=True)
    before = _came_up(session, shown, level, year_before)
    mostly = _mostly(session, list(shown.values()), level, scope)
    begun = _begun(session, [row.path for row in shown.values()])
    told = []
    for key, row in shown.items():
        within_period = {month: n for (place, month), n in months.items() if n and place == key}
        base = (row.id, row.path, row.name, counted[key], before[key], within_period)
        category = mostly.get(row.id, (None, ""))
        told.append(Hotspot(*base, *category, begun.get(row.path)))
    return told


def _came_up(
    session: Session, places: dict[str, Any], level: Level, span: tuple[date, date], *, monthly: bool = False
) -> Counter[Any]:
    """Count reports and hazards of these months by place, or by place and month; of buildings no kinds are kept."""
    s = TICKET_STAT.c
    held = [s.area.in_(list(places)), s.grain == Grain.MONTH, s.starts_on.between(*span)]
    if level is Level.BUILDING:
        held.append(s.dim == Dim.ALL)
    else:
        held += [s.dim == Dim.KIND, s.member.in_(_COMES_UP)]
    by: list[Any] = [s.area, s.starts_on] if monthly else [s.area]
    found: Counter[Any] = Counter()
    for *key, count in session.execute(select(*by, func.sum(s.reported)).where(*held).group_by(*by)):
        found[tuple(key) if monthly else key[0]] = int(count)
    if level is Level.BUILDING and places:
        found.subtract(_came_otherwise(session, places, span, monthly=monthly))
    return found


def _came_otherwise(
    session: Session, places: dict[str, Any], span: tuple[date, date], *, monthly: bool
) -> Counter[Any]:
    """Count what was ordered, agreed or begun by us: a preventive ticket would feed its own hot spot."""
    by_id = {row.id: key for key, row in places.items()}
    days = _T.reported_on.between(span[0], next_month(span[1]) - timedelta(days=1))
    month = [extract("year", _T.reported_on), extract("month", _T.reported_on)] if monthly else []
    query = select(_T.building_id, *month, func.count()).where(_T.building_id.in_(by_id), days, ELSE_WORK)
    found: Counter[Any] = Counter()
    for building, *when, count in session.execute(query.group_by(_T.building_id, *month)):
        key = by_id[building]
        found[(key, date(int(when[0]), int(when[1]), 1)) if monthly else key] = count
    return found


def _begun(session: Session, paths: Sequence[str]) -> dict[str, tuple[str, UUID]]:
    held = (_T.kind == Kind.PREVENTIVE, OPEN_WORK, _T.area_path.in_(paths))
    query = select(_T.area_path, _T.number, _T.id).where(*held).order_by(_T.number)
    return {path: (number_text(number), ticket) for path, number, ticket in session.execute(query)}


def _mostly(
    session: Session, places: Sequence[Any], level: Level, scope: Scope
) -> dict[UUID | None, tuple[UUID | None, str]]:
    """Name the category that most of what was closed there in the year to the period's end belongs to."""
    if not places or level is not Level.BUILDING:
        return {}
    names = {row.id: row.name for row in session.execute(select(CategoryRow.id, CategoryRow.name))}
    year = at_local(scope.end - timedelta(days=365), time(0))
    # each category by name, or all that was ever closed there is read
    where = (_T.building_id.in_([row.id for row in places]), _T.category_id.in_(names), _T.closed_at >= year)
    query = select(_T.building_id, _T.category_id, func.count()).where(CLOSED_WORK, *where, _T.kind.in_(_COMES_UP))
    counts = session.execute(query.group_by(_T.building_id, _T.category_id)).all()
    told: dict[UUID | None, tuple[UUID | None, str]] = {}
    for building, category, _ in sorted(counts, key=lambda row: (-row[2], names[row[1]])):
        told.setdefault(building, (category, names[category]))
    return told
