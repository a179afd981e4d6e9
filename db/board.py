"""What the board, the drawer, 我的 and the export read: scoped and masked in the query."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from db import rules, ticket_scope
from db.cards import cards_of, cards_query
from db.models import TicketRow
from db.models.tickets import CLOSED_WORK, OPEN_WORK
from db.ticket_events import inside, may_read, offered
from db.ticket_filters import Filters, conditions, due, end_of_day, numbers
from db.writes import stamps
from domain.access import OFFICE, RIGHTS, Actor, Role, communities_of, grants_for
from domain.board import Board, BoardColumn, Card, Figures, Waiting
from domain.clock import at_local, local_date
from domain.text import clean
from domain.tickets import (
    CLOCK_RUNS,
    COLUMN_STATUSES,
    DONE_SHOWN,
    OPEN,
    Column,
    Status,
)
from domain.views import Sort

CARDS_A_COLUMN = 60
MOST_FOUND = 5000  # by a search, to be named one by one


def board(
    session: Session,
    *,
    actor: Actor,
    filters: Filters,
    now: datetime,
    shown: Mapping[str, int] = MappingProxyType({}),
    order: Sort = Sort.LEFT,
    columns: Sequence[Column] = tuple(Column),
) -> Board:
    """Read these columns with true counts and their most pressing cards: the usual number, or what `shown` says."""
    wide, searched = in_sight(session, actor, filters, now)
    held = [*wide, due(filters.due, now)] if filters.due else wide
    which = shown_in(filters, now)
    counts, figures = _counted(session, wide, filters, now)
    parts = [([*held, which[column]], _ordered(column, order), shown.get(column, CARDS_A_COLUMN)) for column in columns]
    cards = _first_cards(session, actor, parts, now)
    narrowed = filters != Filters(community_id=filters.community_id)
    read = tuple(
        BoardColumn(column, counts[column], held, narrowed=narrowed)
        for column, held in zip(columns, cards, strict=True)
    )
    if clean(filters.text):
        read = tuple(replace(column, recent=False, searched=searched) for column in read)
    if not narrowed:
        readers = grants_for(actor, RIGHTS["tickets.read"])
        whole = communities_of(grant for grant in readers if grant.whole_communities)
        read = _limited(session, read) if len({filters.community_id} & whole or whole) == 1 else read
    return Board(read, figures, now, stamps(session, communities_of(actor.grants)))


def _limited(session: Session, columns: tuple[BoardColumn, ...]) -> tuple[BoardColumn, ...]:
    """Hold the columns of a whole community against what it means to have at once."""
    limits = rules.get(session, "wip")
    return tuple(replace(held, limit=limits.get(held.column, 0)) for held in columns) if limits else columns


def in_sight(session: Session, actor: Actor, filters: Filters, now: datetime) -> tuple[list[ColumnElement[bool]], int]:
    """Say in SQL, quick to answer, what is in sight with these filters but `due`, among what `shown_in` says.

    The number tells how many reports of each community a search looked through; 0 if all.
    """
    filters = replace(filters, due="")
    text = clean(filters.text)
    if not text:
        seen = ticket_scope.on_board(session, actor, since=now - DONE_SHOWN)
        return conditions(actor, filters, now=now, seen=seen), 0
    seen, searched = ticket_scope.searched(session, actor, numbers(text))
    held = conditions(actor, filters, now=now, seen=seen)
    ids = list(session.scalars(select(TicketRow.id).where(*held).limit(MOST_FOUND + 1)))
    # looked through once: columns, counts and figures then ask for these alone
    return ([TicketRow.id.in_(ids)] if len(ids) <= MOST_FOUND else held), searched


def _statuses(column: Column, filters: Filters) -> tuple[Status, ...]:
    """List what stands in a column: a search also finds what was rejected or cancelled, among the done."""
    ended = (Status.REJECTED, Status.CANCELLED) if column is Column.DONE and clean(filters.text) else ()
    return (*COLUMN_STATUSES[column], *ended)


def shown_in(filters: Filters, now: datetime) -> dict[Column, ColumnElement[bool]]:
    """Say what each column shows; of the closed the last fourteen days, unless something is searched."""
    if clean(filters.text):
        return {column: TicketRow.status.in_(_statuses(column, filters)) for column in Column}
    parts = {column: and_(OPEN_WORK, TicketRow.status.in_(_statuses(column, filters))) for column in Column}
    return parts | {Column.DONE: and_(CLOSED_WORK, TicketRow.closed_at >= now - DONE_SHOWN)}


def figures(session: Session, actor: Actor, filters: Filters, now: datetime) -> Figures:
    return _counted(session, in_sight(session, actor, filters, now)[0], filters, now)[1]


def _counted(
    session: Session, wide: list[ColumnElement[bool]], filters: Filters, now: datetime
) -> tuple[dict[Column, int], Figures]:
    """Count columns and figures together: open work is passed once, what has ended once."""
    late, today = TicketRow.due_at < now, and_(TicketRow.due_at >= now, TicketRow.due_at <= end_of_day(now))
    start = at_local(local_date(now), time(0))
    ended_today = and_(TicketRow.closed_at >= start, TicketRow.closed_at <= now)
    work = _by_status(session, [*wide, OPEN_WORK], late, today)
    ended = _by_status(session, [*wide, shown_in(filters, now)[Column.DONE]], ended_today)
    which = {"": 0, "late": 1, "today": 2}[filters.due]
    states = work if which == 0 else {status: work[status] for status in work.keys() & CLOCK_RUNS}
    counts = {column: sum(states[s][which] for s in COLUMN_STATUSES[column] if s in states) for column in Column}
    counts[Column.DONE] = 0 if which else sum(row[0] for row in ended.values())
    running = [row for status, row in work.items() if status in CLOCK_RUNS]
    closed_today = sum(row[1] for status, row in ended.items() if status is Status.CLOSED)
    overdue, due_today = (sum(row[n] for row in running) for n in (1, 2))
    return counts, Figures(sum(row[0] for row in work.values()), overdue, due_today, closed_today)


def _by_status(
    session: Session, held: list[ColumnElement[bool]], *parts: ColumnElement[bool]
) -> dict[Status, tuple[int, ...]]:
    """Count by status: all, and of them those of which each of these is so."""
    sums = (func.sum(case((part, 1), else_=0)) for part in parts)
    query = select(TicketRow.status, func.count(), *sums).where(*held).group_by(TicketRow.status)
    return {Status(status): tuple(counts) for status, *counts in session.execute(query)}


_ORDERS: dict[Column, tuple[Any, ...]] = {
    Column.TODO: (TicketRow.due_at.is_(None), TicketRow.due_at, TicketRow.id),
    Column.DOING: (TicketRow.due_at.is_(None), TicketRow.due_at, TicketRow.id),
    Column.FOLLOW_UP: (TicketRow.resolved_at, TicketRow.id),
    # a search shows among them what never was closed: null comes first on one engine and last on the other
    Column.DONE: (TicketRow.closed_at.is_(None), TicketRow.closed_at.desc(), TicketRow.id),
}
# an order other than time left: of open work, which is bounded, and without an index of its own
_OTHER_ORDERS: dict[Sort, tuple[Any, ...]] = {
    Sort.CONTACT: (TicketRow.first_contact_at.is_not(None), TicketRow.due_at.is_(None), TicketRow.due_at, TicketRow.id),
    Sort.NEWEST: (TicketRow.reported_at.desc(), TicketRow.id),
    Sort.STALE: (TicketRow.updated_at, TicketRow.id),
}


def _ordered(column: Column, order: Sort) -> tuple[Any, ...]:
    """Tell in which order a column stands; what is done is never waited for, so it keeps its own."""
    if order is Sort.LEFT or (order is not Sort.NEWEST and column is Column.DONE):
        return _ORDERS[column]
    if order is Sort.CONTACT and column is Column.FOLLOW_UP:
        return _ORDERS[column]
    return _OTHER_ORDERS[order]


Part = tuple[Sequence[ColumnElement[bool]], tuple[Any, ...], int]  # which, in what order, how many


def _first_cards(session: Session, actor: Actor, parts: Sequence[Part], now: datetime) -> list[tuple[Card, ...]]:
    """Read the first cards of each part, in its order: all of them in one statement."""
    found: list[list[Any]] = [[] for _ in parts]
    if parts:
        # the first ones by themselves: joined before, each row of a part would be looked up in five tables
        first = union_all(*(_first(number, *part) for number, part in enumerate(parts))).subquery()
        query = cards_query(actor).add_columns(first.c.part).join(first, first.c.id == TicketRow.id)
        for row in session.execute(query.order_by(first.c.part, first.c.place)):
            found[row[-1]].append(row)
    return [tuple(cards_of(rows, actor, now)) for rows in found]


def _first(number: int, held: Sequence[ColumnElement[bool]], order: tuple[Any, ...], limit: int) -> Select[Any]:
    place = func.row_number().over(order_by=order).label("place")
    first = select(TicketRow.id, literal(number).label("part"), place).where(*held).order_by(*order).limit(limit)
    return select(first.subquery())  # so that order and limit stay this one's


def card(session: Session, *, actor: Actor, ticket_id: UUID, now: datetime) -> Card | None:
    """Read one card as this viewer sees it; None if they may not."""
    rows = session.execute(cards_query(actor).where(TicketRow.id == ticket_id, may_read(actor)))
    return next(iter(cards_of(rows, actor, now)), None)


def waiting(session: Session, *, actor: Actor, now: datetime, limit: int = 20) -> list[Waiting]:
    """List what waits for this person: theirs to do first, then what their role decides."""
    row = TicketRow
    mine = row.handler_id == actor.party_id if actor.party_id else None
    desk, helps = grants_for(actor, OFFICE), grants_for(actor, (Role.VOLUNTEER,))
    office, near = inside(desk) if desk else None, inside(helps) if helps else None
    late = and_(row.status.in_(CLOCK_RUNS), row.due_at.is_not(None), row.due_at < now)
    groups: Sequence[tuple[str, str, ColumnElement[bool] | None, ColumnElement[bool]]] = (
        ("to_claim", "派给我，等我接单", mine, row.status == Status.DISPATCHED),
        ("doing", "我正在办", mine, row.status == Status.IN_PROGRESS),
        ("late", "已超时", office, late),
        ("to_accept", "等受理", office, and_(row.status == Status.REPORTED, ~late)),
        ("to_dispatch", "等派单", office, and_(row.status == Status.ACCEPTED, ~late)),
        ("to_follow_up", "等回访", office, row.status == Status.RESOLVED),
        ("to_help", "可以帮忙的事", near, offered()),
        ("reported", "我登记的，还在办", row.reporter_user_id == actor.user_id, row.status.in_(OPEN)),
    )
    order, known = _ORDERS[Column.TODO], (may_read(actor), OPEN_WORK)
    parts = {name: ((whose, held, *known), order, limit) for name, _, whose, held in groups if whose is not None}
    read = dict(zip(parts, _first_cards(session, actor, list(parts.values()), now), strict=True))
    counts = {name: len(cards) for name, cards in read.items()}
    counts |= _counts(session, {name: parts[name][0] for name, cards in read.items() if len(cards) == limit})
    return [Waiting(name, title, counts.get(name, 0), read.get(name, ())) for name, title, _, _ in groups]


def _counts(session: Session, parts: Mapping[str, Sequence[ColumnElement[bool]]]) -> dict[str, int]:
    if not parts:
        return {}
    counts = (select(literal(name), func.count()).where(*held) for name, held in parts.items())
    return {row[0]: row[1] for row in session.execute(union_all(*counts))}
