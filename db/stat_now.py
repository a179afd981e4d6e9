"""How things stand now: open and overdue work, its age; when matters come up."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, extract, func, select, union_all
from sqlalchemy.orm import Session

from db.models import TICKET_STAT, CategoryRow, TicketRow
from db.models.tickets import OPEN_WORK
from db.stat_scope import allowed
from db.stat_sums import (
    BY_AREA,
    FIRST,
    LAST,
    MOST_READ,
    PARTIAL,
    Asked,
    are_kept,
    pieces,
    sums,
    within,
)
from domain.access import Actor
from domain.areas import Level
from domain.clock import at_local, local, local_date
from domain.stats import KEPT, Dim, Grain, Scope, key_of, keys_of, month_of
from domain.tickets import CLOCK_RUNS

_T = TicketRow

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
    s, here = TICKET_STAT.c, key_of(scope.area_id)
    spans = (_weekdays(*span) for span in pieces(scope.start, scope.end))
    columns = (s.dim, s.starts_on, s.member, s.reported)
    held = (s.area == here, s.dim.in_((Dim.HOUR, Dim.CATEGORY)))
    parts = [select(*columns).where(*held, s.grain == grain, s.starts_on.between(*days)) for grain, days in spans]
    cells = union_all(*parts).subquery().c
    weekday = extract("dow", cells.starts_on)  # 0 is Sunday
    query = select(cells.dim, weekday, cells.member, func.sum(cells.reported))
    hours: dict[tuple[int, int], int] = {}
    members: dict[tuple[str, int], int] = {}
    for dim, sunday_first, member, count in session.execute(query.group_by(cells.dim, weekday, cells.member)):
        day = (int(sunday_first) + 6) % 7
        if dim == Dim.HOUR:
            hours[day, int(member)] = int(count)
        elif count:
            members[member, day] = int(count)
    return hours, members


def _weekdays(grain: Grain, start: date, end: date) -> tuple[Grain, tuple[date, date]]:
    """Read whole months by their weekdays: a third of the cells of their days."""
    return (Grain.WEEKDAY, (start, end.replace(day=7))) if grain is Grain.MONTH else (grain, (start, end))


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
