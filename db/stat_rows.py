"""The very rows behind a figure: as many as its numerator or denominator says, a page at a time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import stat_facts, stat_rows_checkins, stat_rows_points
from db.cards import cards_of, cards_query
from db.models import TicketRow
from db.models.tickets import OPEN_WORK
from db.stat_page import NUMERATOR, PAGE, REST, Page, StatRow
from db.stat_scope import allowed, never_names
from db.stat_sums import Asked, candidates, newest, within
from domain.access import Actor
from domain.board import Card
from domain.clock import local_date
from domain.kpis import KPIS, Basis, Kpi, Source
from domain.stats import Facts, Scope, bookings
from domain.tickets import CLOCK_RUNS

_READ = 500  # tickets looked at in one go; few may be among those asked for


def rows(
    session: Session,
    *,
    actor: Actor,
    scope: Scope,
    code: str,
    part: str = NUMERATOR,
    after: UUID | None = None,
    limit: int = PAGE,
    now: datetime,
) -> Page:
    """Give a page of what a figure counts; a ticket that counts twice is there twice, on one page."""
    allowed(actor, scope)
    kpi, named = KPIS[code], not never_names(actor, scope)
    if kpi.source is Source.POINTS:
        return stat_rows_points.rows(session, scope, kpi, after, limit, named=named)
    if kpi.source is Source.CHECKINS:
        return stat_rows_checkins.rows(session, scope, kpi, part, after, limit, now, named=named)
    found: list[tuple[UUID, date]] = []
    last = after
    for one, days in _counted(session, scope, kpi, part, after, now):
        if len(found) + len(days) > limit and found:
            return Page(_shown(session, actor, scope, found, now), last)
        found += [(one, day) for day in days]
        last = one
    return Page(_shown(session, actor, scope, found, now), None)


def _counted(
    session: Session, scope: Scope, kpi: Kpi, part: str, after: UUID | None, now: datetime
) -> Iterator[tuple[UUID, list[date]]]:
    """Give the tickets that count, the newest first, with the day of each time they do."""
    query = _standing(session, scope, kpi, now) if kpi.basis is Basis.NOW else None
    plus, minus = (kpi.top, ()) if part == NUMERATOR else (kpi.bottom or kpi.times, kpi.less)
    if part == REST:
        minus = (*kpi.less, *kpi.top)
    end = min(scope.end, local_date(now) - timedelta(days=1)) if kpi.basis is Basis.DUE else scope.end
    asked = Asked(scope, plus, scope.start, end)
    while True:
        page = candidates(session, asked, _READ, after) if query is None else newest(query, _READ, after)
        read = list(session.scalars(page))
        facts = stat_facts.facts_of(session, read)
        for one in read:
            told = facts[one]
            days = [told.reported_on] if query is not None else _days(told, plus, minus, scope.start, end)
            if days:
                yield one, days
        if len(read) < _READ:
            return
        after = read[-1]


def _standing(session: Session, scope: Scope, kpi: Kpi, now: datetime) -> Any:
    held = [*within(session, scope), OPEN_WORK]
    if kpi.code == "overdue":
        held += [TicketRow.status.in_(CLOCK_RUNS), TicketRow.due_at < now]
    return select(TicketRow.id).where(*held)


def _days(facts: Facts, plus: tuple[str, ...], minus: tuple[str, ...], start: date, end: date) -> list[date]:
    booked = [(day, name) for day, name in bookings(facts) if start <= day <= end]
    days = [day for day, name in booked if name in plus]
    for day, name in booked:
        if name in minus and days:
            days.pop(days.index(day) if day in days else -1)
    return days


def _shown(
    session: Session, actor: Actor, scope: Scope, found: list[tuple[UUID, date]], now: datetime
) -> tuple[StatRow, ...]:
    ids = {one for one, _ in found}
    cards = cards_of(session.execute(cards_query(actor).where(TicketRow.id.in_(ids))), actor, now)
    if never_names(actor, scope):
        cards = [replace(card, handler="", place="", handler_user=None) for card in cards]
    by_id = {card.id: card for card in cards}
    return tuple(_row(by_id[one], day) for one, day in found)


def _row(card: Card, day: date) -> StatRow:
    return StatRow(card.no, card.title, day, card.grid, f"/tickets?ticket={card.id}", None, card.id, card)
