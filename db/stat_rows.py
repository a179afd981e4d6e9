"""The very rows behind a figure: as many as its numerator or denominator says, a page at a time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from db import stat_facts, stat_rows_checkins, stat_rows_points
from db.cards import cards_of, cards_query
from db.models import AreaRow, TicketRow
from db.models.tickets import CLOSED_WORK, DUE_WORK, OPEN_WORK
from db.stat_page import NUMERATOR, PAGE, REST, Page, StatRow
from db.stat_scope import allowed, never_names
from db.stat_sums import MOST_READ, Asked, communities, counted_between, within
from domain.access import Actor
from domain.board import Card
from domain.clock import at_local, local_date
from domain.kpis import KPIS, Basis, Kpi, Source
from domain.stats import ON_DUE, ON_REPORT, Facts, Scope, bookings, moments, took
from domain.tickets import CLOCK_RUNS

_READ = 500  # open tickets read at once
_T = TicketRow

Mark = tuple[datetime, UUID]  # a place in the order of rows


def rows(
    session: Session,
    *,
    actor: Actor,
    scope: Scope,
    code: str,
    part: str = NUMERATOR,
    after: Any = None,
    limit: int = PAGE,
    now: datetime,
) -> Page:
    """Give a page of what a figure counts, the newest first; what counts twice on a day is there twice, on one page.

    `after` is that of the page before. Of what came back there is no rest: it is booked on another ticket.
    """
    allowed(actor, scope)
    kpi, named = KPIS[code], not never_names(actor, scope)
    if kpi.source is Source.POINTS:
        return stat_rows_points.rows(session, scope, kpi, after, limit, named=named)
    if kpi.source is Source.CHECKINS:
        return stat_rows_checkins.rows(session, scope, kpi, part, after, limit, now, named=named)
    found: list[tuple[UUID, date]] = []
    last = after
    for mark, one, days in _counted(session, scope, kpi, part, after, limit + 1, now):
        if len(found) + len(days) > limit and found:
            return Page(_shown(session, actor, scope, kpi, found, now), last)
        found += [(one, day) for day in days]
        last = mark
    return Page(_shown(session, actor, scope, kpi, found, now), None)


def _counted(
    session: Session, scope: Scope, kpi: Kpi, part: str, after: Any, most: int, now: datetime
) -> Iterator[tuple[Any, UUID, list[date]]]:
    """Give the tickets that count, the newest first, each with its mark and the day of each time it does."""
    if kpi.basis is Basis.NOW:
        yield from _standing(session, scope, kpi, after, now)
        return
    plus, minus = (kpi.top, ()) if part == NUMERATOR else (kpi.bottom or kpi.times, kpi.less)
    if part == REST:
        minus = (*kpi.less, *kpi.top)
    end = min(scope.end, local_date(now) - timedelta(days=1)) if kpi.basis is Basis.DUE else scope.end
    yield from _in_time(session, Asked(scope, plus, scope.start, end), minus, after, most)


def _in_time(
    session: Session, asked: Asked, minus: tuple[str, ...], after: Mark | None, most: int
) -> Iterator[tuple[Mark, UUID, list[date]]]:
    """Go back from the end of the period, reading only as much of it as is asked for."""
    begin, until = at_local(asked.start, time(0)), at_local(asked.end + timedelta(days=1), time(0))
    if after:
        until = min(until, after[0] + datetime.resolution)
    while begin < until:
        since = _since(session, asked, begin, until, most)
        ids = list(session.scalars(union(*counted_between(session, asked, since, until))))
        facts = stat_facts.facts_of(session, ids)
        told = [found for one in ids for found in _marked(one, facts[one], asked, minus)]
        for mark, days in sorted(told, reverse=True):
            if since <= mark[0] < until and (after is None or mark < after):
                yield mark, mark[1], days
        until, most = since, min(most * 4, MOST_READ)  # few of them may count


def _since(session: Session, asked: Asked, begin: datetime, until: datetime, most: int) -> datetime:
    """Find the moment since when at least so many tickets lie there, and not many more.

    So many of one community are enough, as are a few of each of several: each tells of its own by its index, and none
    is read further back than that.
    """
    homes = communities(session, asked.scope)
    if not homes:
        return begin
    column, held, shift = _clock(asked.measures)
    _community, *more = within(session, asked.scope)
    inside = (*more, held, column >= begin + shift, column < until + shift)
    newest = select(column).where(_T.community_id == AreaRow.id, *inside).order_by(column.desc()).limit(1)
    few = 2 * most // len(homes) + 1
    nth = (newest.offset(n - 1).correlate(AreaRow).scalar_subquery() for n in (few, most))
    rows = session.execute(select(*nth).where(AreaRow.id.in_(homes))).all()
    of_some = sorted((row[0] - shift if row[0] else begin for row in rows), reverse=True)
    return max(of_some[(most - 1) // few], *(row[1] - shift if row[1] else begin for row in rows))


def _clock(measures: Sequence[str]) -> tuple[Any, Any, timedelta]:
    """Say by which of their times tickets count, which tickets have it, and how much before it they do."""
    if measures[0] in ON_REPORT:
        return _T.reported_at, _T.hidden_at.is_(None), timedelta(0)
    if measures[0] in ON_DUE:
        return _T.due_at, DUE_WORK, datetime.resolution
    return _T.closed_at, CLOSED_WORK, timedelta(0)


def _marked(one: UUID, facts: Facts, asked: Asked, minus: tuple[str, ...]) -> Iterator[tuple[Mark, list[date]]]:
    """Give the ticket's days with the last moment of each, by which rows are in order."""
    days = Counter(_days(facts, asked.measures, minus, asked.start, asked.end))
    last = {local_date(at): at for at in sorted(moments(facts, set(asked.measures)))} if days else {}
    for day, times in days.items():
        yield (last[day], one), [day] * times


def _standing(
    session: Session, scope: Scope, kpi: Kpi, after: UUID | None, now: datetime
) -> Iterator[tuple[UUID, UUID, list[date]]]:
    held = [*within(session, scope), OPEN_WORK]
    if kpi.code == "overdue":
        held += [_T.status.in_(CLOCK_RUNS), _T.due_at < now]
    query = select(_T.id, _T.reported_on).where(*held)
    while True:
        page = query.where(_T.id < after) if after else query
        rows = session.execute(page.order_by(_T.id.desc()).limit(_READ)).all()
        yield from ((one, one, [day]) for one, day in rows)
        if len(rows) < _READ:
            return
        after = rows[-1].id


def _days(facts: Facts, plus: tuple[str, ...], minus: tuple[str, ...], start: date, end: date) -> list[date]:
    booked = [(day, name) for day, name in bookings(facts) if start <= day <= end]
    days = [day for day, name in booked if name in plus]
    for day, name in booked:
        if name in minus and days:
            days.pop(days.index(day) if day in days else -1)
    return days


def _shown(
    session: Session, actor: Actor, scope: Scope, kpi: Kpi, found: list[tuple[UUID, date]], now: datetime
) -> tuple[StatRow, ...]:
    ids = {one for one, _ in found}
    cards = cards_of(session.execute(cards_query(actor).where(TicketRow.id.in_(ids))), actor, now)
    if never_names(actor, scope):
        cards = [replace(card, handler="", place="", handler_user=None) for card in cards]
    by_id = {card.id: card for card in cards}
    facts = stat_facts.facts_of(session, list(ids)) if kpi.times else {}
    spent = {one: took(told).get(kpi.times) for one, told in facts.items()}
    return tuple(_row(by_id[one], day, spent.get(one)) for one, day in found)


def _row(card: Card, day: date, spent: timedelta | None) -> StatRow:
    minutes = None if spent is None else round(spent.total_seconds() / 60)
    return StatRow(card.no, card.title, day, card.grid, f"/tickets?ticket={card.id}", minutes, card.id, card)
