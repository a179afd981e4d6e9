"""Sums of measures over a scope: from the roll-ups where they keep it, else from so many of the tickets inside."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, union, union_all
from sqlalchemy.orm import Session

from db import stat_facts
from db.models import TICKET_STAT, AreaRow, CategoryRow, TicketRecurrenceRow, TicketRoundRow, TicketRow
from db.models.tickets import CLOSED_WORK, DUE_WORK
from domain.areas import PARENT_TO_CHILD, Level
from domain.clock import at_local, local_date
from domain.stats import (
    KEPT,
    LEVELS,
    ON_DUE,
    ON_REOPENING,
    ON_REPORT,
    Dim,
    Facts,
    Grain,
    Scope,
    bookings,
    key_of,
    keys_of,
    month_of,
)

MOST_READ = 5000  # tickets, where the roll-ups don't keep what is asked for
PARTIAL = f"只算了这个范围内最新的 {MOST_READ} 张工单"
BY_DAY, BY_MONTH, BY_AREA = "day", "month", "area"
FIRST, LAST = date(1970, 1, 1), date(9999, 12, 1)
_S = TICKET_STAT.c

Sums = dict[Any, Counter[str]]  # by whatever was asked for: None, a day, a member, an area's key


@dataclass(frozen=True)
class Asked:
    """What to sum and by what; `days` both included."""

    scope: Scope
    measures: tuple[str, ...]
    start: date
    end: date
    by: str | Dim | None = None


def sums(session: Session, asked: Asked) -> tuple[Sums, str]:
    """Sum up; with it comes a sentence if not all could be read."""
    kept = _kept(session, asked)
    if kept is None:
        return _from_tickets(session, asked)
    label, parts = kept
    columns: list[Any] = [func.sum(_S[name]).label(name) for name in asked.measures]
    # a query for each part: of an OR of days and months SQLite would read all cells of the area
    if label is None:
        query = union_all(*(select(*columns).where(*where) for where in parts))
    else:
        query = union_all(*(select(label, *columns).where(*where).group_by(label) for where in parts))
    found: Sums = defaultdict(Counter)
    for row in session.execute(query):
        key: Any = row[0] if label is not None else None
        values = row[1:] if label is not None else row
        key = month_of(key) if asked.by == BY_MONTH else key
        found[key].update({name: int(n or 0) for name, n in zip(asked.measures, values, strict=True)})
    return found, ""


def are_kept(session: Session, asked: Asked) -> bool:
    return _kept(session, asked) is not None


Held = list[ColumnElement[bool]]


def _kept(session: Session, asked: Asked) -> tuple[ColumnElement[Any] | None, list[Held]] | None:
    """Say which cells hold what is asked for, in parts, and by which column to group; None if no cells do."""
    scope = asked.scope
    filtered = _filtered(session, scope)
    dim = asked.by if isinstance(asked.by, Dim) else None
    if filtered is None or (dim and filtered[0] not in (Dim.ALL, dim)):
        return None
    held = dim if dim and filtered[0] is Dim.ALL else filtered[0]
    level = scope.level if asked.by != BY_AREA else PARENT_TO_CHILD[scope.level]
    spans = _spans(asked)
    if level not in KEPT or any(held not in KEPT[level].get(grain, ()) for grain, _, _ in spans):
        return None
    where: Held = [_S.dim == held]
    if filtered[0] is not Dim.ALL:
        where.append(_S.member.in_(filtered[1]))
    if asked.by == BY_AREA:
        where.append(_S.area.in_([key_of(one) for one in children(session, scope.area_id)]))
    else:
        where.append(_S.area == key_of(scope.area_id))
    parts = [[*where, _S.grain == grain, _S.starts_on.between(start, end)] for grain, start, end in spans]
    labels = {BY_DAY: _S.starts_on, BY_MONTH: _S.starts_on, BY_AREA: _S.area}
    return _S.member if dim else labels.get(asked.by or ""), parts


def _filtered(session: Session, scope: Scope) -> tuple[Dim, list[str]] | None:
    """Name the one dimension that the scope narrows, and to which members; None if it narrows two."""
    if scope.kind and scope.category_id:
        return None
    if scope.kind:
        return Dim.KIND, [scope.kind.value]
    if scope.category_id:
        return Dim.CATEGORY, [one.hex for one in categories_of(session, scope.category_id)]
    return Dim.ALL, [""]


def categories_of(session: Session, category_id: UUID) -> list[UUID]:
    """Give a category with those below it."""
    below = session.scalars(select(CategoryRow.id).where(CategoryRow.parent_id == category_id))
    return [category_id, *below]


def children(session: Session, area_id: UUID) -> list[UUID]:
    return list(session.scalars(select(AreaRow.id).where(AreaRow.parent_id == area_id)))


def _spans(asked: Asked) -> list[tuple[Grain, date, date]]:
    if asked.by == BY_DAY:
        return [(Grain.DAY, asked.start, asked.end)]
    return list(pieces(asked.start, asked.end))


def pieces(start: date, end: date) -> Iterator[tuple[Grain, date, date]]:
    """Cut days into whole months and the days before and after them."""
    first = start if start.day == 1 else next_month(start)
    last = month_of(end) if next_month(end) == end + timedelta(days=1) else month_of(month_of(end) - timedelta(days=1))
    if first > last:
        yield Grain.DAY, start, end
        return
    if start < first:
        yield Grain.DAY, start, first - timedelta(days=1)
    yield Grain.MONTH, first, last
    if end >= next_month(last):
        yield Grain.DAY, next_month(last), end


def next_month(day: date) -> date:
    return LAST if day >= LAST else month_of(month_of(day) + timedelta(days=31))


def _from_tickets(session: Session, asked: Asked) -> tuple[Sums, str]:
    """Work the same bookings out of the tickets themselves."""
    ids = list(session.scalars(candidates(session, asked, MOST_READ + 1)))
    found: Sums = defaultdict(Counter)
    labels, by_handler = _labels(asked), asked.by is Dim.HANDLER
    for facts in stat_facts.facts_of(session, ids[:MOST_READ]).values():
        for day, measure in bookings(facts):
            # the roll-ups of handlers leave out what has none
            if measure in asked.measures and asked.start <= day <= asked.end and (not by_handler or facts.handler_id):
                found[labels(facts, day)][measure] += 1
    return found, PARTIAL if len(ids) > MOST_READ else ""


def _labels(asked: Asked) -> Callable[[Facts, date], Any]:
    depth = LEVELS.index(asked.scope.level) + 1 if asked.scope.level in LEVELS else 0
    return {
        None: lambda _facts, _day: None,
        BY_DAY: lambda _facts, day: day,
        BY_MONTH: lambda _facts, day: month_of(day),
        BY_AREA: lambda facts, _day: (keys_of(facts.area_path)[depth : depth + 1] or [""])[0],
        Dim.KIND: lambda facts, _day: facts.kind,
        Dim.CATEGORY: lambda facts, _day: facts.category_id.hex if facts.category_id else "",
        Dim.HANDLER: lambda facts, _day: facts.handler_id.hex if facts.handler_id else "",
    }[asked.by]


def candidates(session: Session, asked: Asked, most: int) -> Select[Any]:
    """Select the ids of so many tickets that may count for these measures in these days, the newest first."""
    since, until = at_local(asked.start, time(0)), at_local(asked.end + timedelta(days=1), time(0))
    parts = counted_between(session, asked, since, until)
    # the newest of each part: to join all of them and sort that takes three times as long
    found = union(*(select(part.order_by(_T.id.desc()).limit(most).subquery().c.id) for part in parts)).subquery()
    return select(found.c.id).order_by(found.c.id.desc()).limit(most)


def counted_between(session: Session, asked: Asked, since: datetime, until: datetime) -> list[Select[Any]]:
    """Select in parts the ids of all that may count in these moments, `until` not included."""
    scope, wanted = asked.scope, set(asked.measures)
    inside = within(session, scope)
    parts: list[Any] = []
    if wanted & set(ON_REPORT):
        parts.append(_ids(*inside, _T.reported_at >= since, _T.reported_at < until, _T.hidden_at.is_(None)))
    if wanted & set(ON_DUE):
        # 24:00 counts for the day that ends
        parts.append(_ids(*inside, DUE_WORK, _T.due_at > since, _T.due_at <= until))
        parts.append(_earlier(inside, TicketRoundRow.due_at, since, until + datetime.resolution))
    if wanted & set(ON_REOPENING):
        parts.append(_earlier(inside, TicketRoundRow.reopened_at, since, until))
    if wanted - {*ON_REPORT, *ON_DUE, *ON_REOPENING}:
        parts.append(_ids(*inside, CLOSED_WORK, _T.closed_at >= since, _T.closed_at < until))
        parts.append(_earlier(inside, TicketRoundRow.closed_at, since, until))
    if "recurred" in wanted:
        again = TicketRecurrenceRow
        days = local_date(since), local_date(until - datetime.resolution)
        tied = select(again.ticket_id).where(again.community_id.in_(communities(session, scope)))
        parts.append(_ids(*inside, _T.id.in_(tied.where(again.closed_on.between(*days)))))
    return parts


_T = TicketRow


def _ids(*held: Any) -> Select[Any]:
    return select(_T.id.label("id")).where(*held)


def _earlier(inside: Sequence[Any], column: Any, since: datetime, until: datetime) -> Select[Any]:
    tied = TicketRoundRow.community_id == _T.community_id, column >= since, column < until
    return _ids(*inside).join(TicketRoundRow, TicketRoundRow.ticket_id == _T.id).where(*tied)


def within(session: Session, scope: Scope) -> list[ColumnElement[bool]]:
    """Say in SQL which tickets lie in the scope; the community leads, as the indexes do."""
    held: list[ColumnElement[bool]] = [_T.community_id.in_(communities(session, scope))]
    if scope.level not in (Level.STREET, Level.COMMUNITY):
        held.append(_T.area_path.startswith(scope.area_path))
    if scope.kind:
        held.append(_T.kind == scope.kind)
    if scope.category_id:
        held.append(_T.category_id.in_(categories_of(session, scope.category_id)))
    return held


def communities(session: Session, scope: Scope) -> Collection[UUID]:
    """List the communities that the scope's area is, lies in or has."""
    if scope.level is Level.STREET:
        return list(session.scalars(select(AreaRow.id).where(AreaRow.parent_id == scope.area_id)))
    area = session.get(AreaRow, scope.area_id)
    return [area.community_id] if area and area.community_id else []
