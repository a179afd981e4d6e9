"""The board's tickets laid out otherwise: as one table, and by the day on which they are due."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, select, union_all
from sqlalchemy.orm import Session

from db import live
from db.board import figures, in_sight, shown_in
from db.cards import cards_of, cards_query
from db.models import TicketRow
from db.models.tickets import OPEN_WORK, URGENT
from db.ticket_filters import Filters, due, moments
from db.writes import stamps
from domain.access import Actor, communities_of
from domain.board import Calendar, DayCount, Table
from domain.clock import at_local
from domain.tickets import CLOCK_RUNS, COLUMN_STATUSES, Column, Status
from domain.views import Sort

ROWS_AT_ONCE, MOST_ROWS = 200, 2000
CARDS_A_DAY = 100
_RUNNING = TicketRow.status.in_(CLOCK_RUNS)
_DUE = case((_RUNNING, TicketRow.due_at))
# the work whose clock runs, then what waits for the call back, then what has ended
_RANK = case((_RUNNING, 0), (TicketRow.status == Status.RESOLVED, 1), else_=2)
_CALM = case((and_(_RUNNING, URGENT), 0), else_=1)
_LEFT = (_RANK, _CALM, _DUE.is_(None), _DUE, TicketRow.closed_at.is_(None), TicketRow.closed_at.desc(), TicketRow.id)
_ORDERS: dict[Sort, tuple[Any, ...]] = {
    Sort.LEFT: _LEFT,
    Sort.CONTACT: (_RANK, TicketRow.first_contact_at.is_not(None), *_LEFT[1:]),
    Sort.NEWEST: (TicketRow.reported_at.desc(), TicketRow.id),
    Sort.STALE: (_RANK, TicketRow.updated_at, TicketRow.id),
}


def table(
    session: Session,
    *,
    actor: Actor,
    filters: Filters,
    now: datetime,
    order: Sort = Sort.LEFT,
    columns: Sequence[Column] = tuple(Column),
    limit: int = ROWS_AT_ONCE,
) -> Table:
    """Read the tickets of these columns as one list, with their true number."""
    shown = shown_in(filters, moments(now))
    held = _held(session, actor, filters, now)
    # column by column: an "or" of them would look at the whole history
    parts = [select(TicketRow.id).where(*held, shown[column]) for column in columns]
    listed = TicketRow.id.in_(union_all(*parts)) if parts else false()
    count = session.execute(select(func.count()).select_from(TicketRow).where(listed)).scalar_one()
    query = cards_query(actor).where(listed).order_by(*_ORDERS[order]).limit(min(limit, MOST_ROWS))
    cards = cards_of(session.execute(query), actor, now)
    return Table(count, tuple(cards), figures(session, actor, filters, now), now, live.stamp(session, actor=actor))


def calendar(
    session: Session,
    *,
    actor: Actor,
    filters: Filters,
    now: datetime,
    days: Sequence[date],
    day: date,
    columns: Sequence[Column] = tuple(Column),
    limit: int = CARDS_A_DAY,
) -> Calendar:
    """Count what is due on each of these days, which follow one another, and read what is due on `day`."""
    held = [*_held(session, actor, filters, now), OPEN_WORK, _waiting(columns)]
    on_day = [*held, _due_on(day, day)]
    query = cards_query(actor).where(*on_day).order_by(TicketRow.due_at, TicketRow.id).limit(limit)
    cards = cards_of(session.execute(query), actor, now)
    count = len(cards)
    if count == limit:
        count = session.execute(select(func.count()).select_from(TicketRow).where(*on_day)).scalar_one()
    counts = _counts(session, held, days, now)
    return Calendar(
        day, counts, count, tuple(cards), figures(session, actor, filters, now), now, _stamp(session, actor)
    )


def _held(session: Session, actor: Actor, filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    wide, _ = in_sight(session, actor, filters, now)
    return [*wide, due(filters.due, moments(now))] if filters.due else wide


def _stamp(session: Session, actor: Actor) -> int:
    return stamps(session, communities_of(actor.grants))


def _waiting(columns: Sequence[Column]) -> ColumnElement[bool]:
    """Say which of these columns' tickets somebody works against the clock on."""
    states = [status for column in columns for status in COLUMN_STATUSES[column] if status in CLOCK_RUNS]
    return TicketRow.status.in_(states)


def _ends(day: date) -> datetime:
    """Give the end of a day, which belongs to it: 24:00 is still today."""
    return at_local(day + timedelta(days=1), time(0))


def _due_on(first: date, last: date) -> ColumnElement[bool]:
    return and_(TicketRow.due_at > at_local(first, time(0)), TicketRow.due_at <= _ends(last))


def _counts(
    session: Session, held: list[ColumnElement[bool]], days: Sequence[date], now: datetime
) -> dict[date, DayCount]:
    """Count by day and by how near it is; the day is told by its end, so that every engine groups alike."""
    place = case(*((TicketRow.due_at <= _ends(day), number) for number, day in enumerate(days))).label("place")
    late = func.sum(case((TicketRow.due_at < now, 1), else_=0))
    soon = func.sum(case((and_(TicketRow.due_at >= now, TicketRow.soon_at <= now), 1), else_=0))
    query = select(place, func.count(), late, soon).where(*held, _due_on(days[0], days[-1])).group_by("place")
    rows = session.execute(query)
    return {days[number]: DayCount(late, soon, count - late - soon) for number, count, late, soon in rows}
