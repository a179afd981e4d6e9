"""How things stand now: open and overdue work, its age; when and where matters come up."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, extract, func, select
from sqlalchemy.orm import Session

from db.models import TICKET_STAT, AreaRow, CategoryRow, TicketRow
from db.models.tickets import CLOSED_WORK, OPEN_WORK
from db.stat_scope import allowed
from db.stat_sums import (
    BY_AREA,
    FIRST,
    LAST,
    MOST_READ,
    PARTIAL,
    Asked,
    are_kept,
    next_month,
    sums,
    within,
)
from db.ticket_events import number_text
from domain.access import Actor
from domain.areas import Level
from domain.clock import at_local, local, local_date
from domain.stats import KEPT, Dim, Grain, Scope, key_of, keys_of, month_of
from domain.tickets import CLOCK_RUNS, Kind

_T = TicketRow
_COMES_UP = (Kind.REPORT, Kind.HAZARD)


Counts = tuple[dict[Any, int], str]


def standing(session: Session, scope: Scope, code: str, now: datetime, by: str | Dim | None) -> Counts:
    """Count open or overdue work, whatever the period."""
    if code == "open":
        ever = Asked(scope, ("reported", "dropped", "closed", "reopened"), FIRST, LAST, by)
        if not are_kept(session, ever):
            return _counted(session, scope, by), ""
        found, partial = sums(session, ever)
        counts = {key: c["reported"] - c["dropped"] - c["closed"] + c["reopened"] for key, c in found.items()}
        return counts, partial
    return _overdue(session, scope, now, by)


def _overdue(session: Session, scope: Scope, now: datetime, by: str | Dim | None) -> Counts:
    """Take what was due before from the roll-ups, what fell due since from the open tickets."""
    today = local_date(now)
    level = scope.level if by != BY_AREA else list(Level)[min(list(Level).index(scope.level) + 1, 4)]
    by_day = Grain.DAY in KEPT.get(level, {}) and by is not Dim.HANDLER
    since = today if by_day else month_of(today)
    before = Asked(scope, ("pending",), FIRST, since - timedelta(days=1), by)
    late = (_T.status.in_(CLOCK_RUNS), _T.due_at < now)
    if not are_kept(session, before):
        return _counted(session, scope, by, *late), ""
    found, partial = sums(session, before)
    counts = Counter({key: held["pending"] for key, held in found.items()})
    counts.update(_counted(session, scope, by, *late, _T.due_at > at_local(since, time(0))))
    return dict(counts), partial


def _counted(session: Session, scope: Scope, by: str | Dim | None, *held: Any) -> Counter[str | None]:
    """Count open tickets by the column that tells what is asked for; those without a handler are nobody's."""
    inside = (*within(session, scope), OPEN_WORK, *held)
    if by is None:
        return Counter({None: session.scalar(select(func.count()).select_from(_T).where(*inside)) or 0})
    column = _COLUMNS[by]
    counts: Counter[str | None] = Counter()
    for member, count in session.execute(select(column, func.count()).where(*inside).group_by(column)):
        if member or by is not Dim.HANDLER:
            counts[_label(member, scope)] += count
    return counts


_COLUMNS: dict[str | Dim, Any] = {
    BY_AREA: _T.area_path,
    Dim.KIND: _T.kind,
    Dim.CATEGORY: _T.category_id,
    Dim.HANDLER: _T.handler_id,
}


def _label(member: UUID | str | None, scope: Scope) -> str:
    """Name a cell's member, or the key of the area below the scope's that a path leads through."""
    if isinstance(member, UUID):
        return member.hex
    if not member or "/" not in member:
        return str(member or "")
    depth = list(Level).index(scope.level) + 1
    return (keys_of(member)[depth : depth + 1] or [""])[0]


@dataclass(frozen=True)
class Age:
    """Open work of one age: from so many days on, to under so many."""

    label: str
    since: int
    until: int | None
    count: int


AGES = (
    ("不到 1 天", 0, 1),
    ("1–3 天", 1, 3),
    ("3–7 天", 3, 7),
    ("7–15 天", 7, 15),
    ("15–30 天", 15, 30),
    ("30 天以上", 30, None),
)


def ages(session: Session, *, actor: Actor, scope: Scope, now: datetime) -> list[Age]:
    """Count open work by how long ago it was reported, whatever the period."""
    allowed(actor, scope)
    younger = [
        (_T.reported_at > now - timedelta(days=until), place) for place, (_, _, until) in enumerate(AGES) if until
    ]
    age = case(*younger, else_=len(AGES) - 1)
    query = select(age, func.count()).where(*within(session, scope), OPEN_WORK).group_by(age)
    counts = {place: count for place, count in session.execute(query)}  # noqa: C416
    return [Age(label, since, until, counts.get(place, 0)) for place, (label, since, until) in enumerate(AGES)]


@dataclass(frozen=True)
class Heat:
    """Reports by weekday (0 is Monday) and hour, and by category and weekday."""

    hours: dict[tuple[int, int], int]
    categories: dict[tuple[str, int], int]
    partial: str = ""


def heat(session: Session, *, actor: Actor, scope: Scope) -> Heat:
    """Tell when matters come up. Where the roll-ups have no hours, so many of the newest tickets are read."""
    allowed(actor, scope)
    names = {row.id: row for row in session.execute(select(CategoryRow.id, CategoryRow.parent_id, CategoryRow.name))}
    found = None if scope.kind or scope.category_id else _hours(session, scope)
    if found is None:
        return _read(session, scope, names)
    hours, by_member = found
    categories: Counter[tuple[str, int]] = Counter()
    for (member, weekday), count in by_member.items():
        categories[_top(names, UUID(member) if member else None), weekday] += count
    return Heat(hours, dict(categories))


def _hours(session: Session, scope: Scope) -> tuple[dict[tuple[int, int], int], dict[tuple[str, int], int]] | None:
    if Dim.HOUR not in KEPT.get(scope.level, {}).get(Grain.DAY, ()):
        return None
    s = TICKET_STAT.c
    held = (s.area == key_of(scope.area_id), s.grain == Grain.DAY, s.starts_on.between(scope.start, scope.end))
    weekday = extract("dow", s.starts_on)  # 0 is Sunday
    query = select(s.dim, weekday, s.member, func.sum(s.reported)).where(*held, s.dim.in_((Dim.HOUR, Dim.CATEGORY)))
    hours: dict[tuple[int, int], int] = {}
    members: dict[tuple[str, int], int] = {}
    for dim, sunday_first, member, count in session.execute(query.group_by(s.dim, weekday, s.member)):
        day = (int(sunday_first) + 6) % 7
        if dim == Dim.HOUR:
            hours[day, int(member)] = int(count)
        elif count:
            members[member, day] = int(count)
    return hours, members


def _read(session: Session, scope: Scope, names: dict[UUID, Any]) -> Heat:
    days = at_local(scope.start, time(0)), at_local(scope.end + timedelta(days=1), time(0))
    held = (*within(session, scope), _T.hidden_at.is_(None), _T.reported_at >= days[0], _T.reported_at < days[1])
    query = select(_T.category_id, _T.reported_at).where(*held).order_by(_T.reported_at.desc()).limit(MOST_READ + 1)
    read = session.execute(query).all()
    hours: Counter[tuple[int, int]] = Counter()
    categories: Counter[tuple[str, int]] = Counter()
    for category, at in read[:MOST_READ]:
        here = local(at)
        hours[here.weekday(), here.hour] += 1
        categories[_top(names, category), here.weekday()] += 1
    return Heat(dict(hours), dict(categories), PARTIAL if len(read) > MOST_READ else "")


def _top(names: dict[UUID, Any], category: UUID | None) -> str:
    """Name the first level of a category."""
    row = names.get(category) if category else None
    above = names.get(row.parent_id) if row and row.parent_id else None
    return above.name if above else row.name if row else "未分类"


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
    found: dict[str, Counter[date]] = defaultdict(Counter)
    apart = [year_before, (first, last)]
    for span in apart if year_before[1] < first else [(year_before[0], last)]:
        _reported(session, list(keys), level, span, found)
        if level is Level.BUILDING:
            _take_off(session, replace(scope, kind=None, category_id=None), keys, found, span)
    counted = {key: sum(n for month, n in months.items() if first <= month <= last) for key, months in found.items()}
    ranked = sorted((key for key in counted if counted[key]), key=lambda key: (-counted[key], key))[:limit]
    mostly = _mostly(session, [keys[key] for key in ranked], level, scope)
    begun = _begun(session, [keys[key].path for key in ranked])
    told = []
    for key in ranked:
        row, months = keys[key], found[key]
        before = sum(n for month, n in months.items() if year_before[0] <= month <= year_before[1])
        category = mostly.get(row.id, (None, ""))
        within_period = {month: n for month, n in months.items() if n and first <= month <= last}
        base = (row.id, row.path, row.name, counted[key], before, within_period)
        told.append(Hotspot(*base, *category, begun.get(row.path)))
    return told


def _reported(
    session: Session, areas: list[str], level: Level, span: tuple[date, date], found: dict[str, Counter[date]]
) -> None:
    """Add up reports and hazards by place and month; of buildings no kinds are kept, so there all that came in."""
    s = TICKET_STAT.c
    held = [s.area.in_(areas), s.grain == Grain.MONTH, s.starts_on.between(*span)]
    if level is Level.BUILDING:
        held.append(s.dim == Dim.ALL)
    else:
        held += [s.dim == Dim.KIND, s.member.in_(_COMES_UP)]
    for area, month, count in session.execute(select(s.area, s.starts_on, s.reported).where(*held)):
        found[area][month] += count


def _take_off(
    session: Session, scope: Scope, places: dict[str, Any], found: dict[str, Counter[date]], span: tuple[date, date]
) -> None:
    """Take off what was ordered, agreed or begun by us: a preventive ticket would feed its own hot spot."""
    by_id = {row.id: key for key, row in places.items()}
    since, until = at_local(span[0], time(0)), at_local(next_month(span[1]), time(0))
    held = (*within(session, scope), _T.reported_at >= since, _T.reported_at < until, _T.hidden_at.is_(None))
    month = extract("year", _T.reported_on), extract("month", _T.reported_on)
    query = select(_T.building_id, *month, func.count()).where(*held, _T.kind.not_in(_COMES_UP))
    for building, year, nth, count in session.execute(query.group_by(_T.building_id, *month)):
        if key := by_id.get(building):
            found[key][date(int(year), int(nth), 1)] -= count


def _begun(session: Session, paths: Sequence[str]) -> dict[str, tuple[str, UUID]]:
    held = (_T.kind == Kind.PREVENTIVE, OPEN_WORK, _T.area_path.in_(paths))
    query = select(_T.area_path, _T.number, _T.id).where(*held).order_by(_T.number)
    return {path: (number_text(number), ticket) for path, number, ticket in session.execute(query)}


def _mostly(session: Session, places: Sequence[Any], level: Level, scope: Scope) -> dict[UUID, tuple[UUID | None, str]]:
    """Name the category that most of what was closed there in the year to the period's end belongs to."""
    if not places or level is not Level.BUILDING:
        return {}
    year = at_local(scope.end - timedelta(days=365), time(0))
    count = func.count()
    query = select(_T.building_id, _T.category_id, CategoryRow.name, count)
    query = query.join(CategoryRow, CategoryRow.id == _T.category_id)
    where = _T.building_id.in_([row.id for row in places])
    held = (CLOSED_WORK, where, _T.closed_at >= year, _T.kind.in_(_COMES_UP))
    grouped = query.where(*held).group_by(_T.building_id, _T.category_id, CategoryRow.name)
    told: dict[UUID, tuple[UUID | None, str]] = {}
    for building, category, name, _ in session.execute(grouped.order_by(count.desc(), CategoryRow.name)):
        if building:
            told.setdefault(building, (category, name))
    return told
