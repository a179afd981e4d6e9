"""What the board, the drawer, 我的 and the export read: scoped and masked in the query."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Select, and_, bindparam, case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from db import rules, ticket_scope
from db.cards import cards_of, cards_query
from db.models import TicketRow
from db.models.tickets import CLOSED_WORK, OPEN_WORK, URGENT
from db.ticket_events import inside, may_read, offered
from db.ticket_filters import ASKED, Filters, Moments, conditions, due, moments, within_day
from db.writes import stamps
from domain.access import OFFICE, RIGHTS, Actor, Role, communities_of, grants_for
from domain.board import Board, BoardColumn, Card, Figures, Waiting
from domain.text import clean
from domain.tickets import (
    CLOCK_RUNS,
    COLUMN_STATUSES,
    OPEN,
    Column,
    Status,
)
from domain.views import Sort

CARDS_A_COLUMN = 60


def board(
    session: Session,
    *,
    actor: Actor,
    filters: Filters,
    now: datetime,
    shown: Mapping[str, int] = MappingProxyType({}),
    order: Sort = Sort.LEFT,
    columns: Sequence[Column] = tuple(Column),
    alone: bool = True,
    stamp: int | None = None,
) -> Board:
    """Read these columns with true counts and their most pressing cards: the usual number, or what `shown` says.

    `alone` is `db.live.reach`'s word: who is not sees nothing beyond their areas, and need not be asked about.
    `stamp` is what the stamps of the reader's communities add up to, where they have been read in this transaction.
    """
    sizes = tuple((column, shown.get(column, CARDS_A_COLUMN)) for column in columns)
    told: dict[str, Any] = moments(now)._asdict()
    if clean(filters.text):
        found, seen, searched = ticket_scope.found(session, actor, filters, now)
        told["found"] = found
        many = found is None
        asks = _written(actor, [seen], filters, order, sizes) if many else _named(actor, filters.due, order, sizes)
    else:
        beyond = alone and ticket_scope.has_beyond(session, actor, moments(now).since)
        asks, searched = _usual(actor, filters, order, sizes, beyond=beyond), 0
    counts, figures = _counted(session, asks, filters, told)
    cards = _by_part(session, asks.cards, len(sizes), actor, told) if asks.cards is not None else []
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
    return Board(read, figures, now, stamps(session, communities_of(actor.grants)) if stamp is None else stamp)


def _limited(session: Session, columns: tuple[BoardColumn, ...]) -> tuple[BoardColumn, ...]:
    """Hold the columns of a whole community against what it means to have at once."""
    limits = rules.get(session, "wip")
    return tuple(replace(held, limit=limits.get(held.column, 0)) for held in columns) if limits else columns


def in_sight(session: Session, actor: Actor, filters: Filters, now: datetime) -> tuple[list[ColumnElement[bool]], int]:
    """Say in SQL, quick to answer, what is in sight with these filters but `due`, among what `shown_in` says.

    The number tells how many reports of each community a search looked through; 0 if all.
    """
    if not clean(filters.text):
        at = moments(now)
        seen = ticket_scope.on_board(session, actor, since=at.since)
        return conditions(actor, replace(filters, due=""), at=at, seen=seen), 0
    found, seen, searched = ticket_scope.found(session, actor, filters, now)
    return [seen if found is None else TicketRow.id.in_(found)], searched


def _statuses(column: Column, filters: Filters) -> tuple[Status, ...]:
    """List what stands in a column: a search also finds what was rejected or cancelled, among the done."""
    ended = (Status.REJECTED, Status.CANCELLED) if column is Column.DONE and clean(filters.text) else ()
    return (*COLUMN_STATUSES[column], *ended)


def shown_in(filters: Filters, at: Moments) -> dict[Column, ColumnElement[bool]]:
    """Say what each column shows; of the closed the last fourteen days, unless something is searched."""
    if clean(filters.text):
        return {column: TicketRow.status.in_(_statuses(column, filters)) for column in Column}
    parts = {column: and_(OPEN_WORK, TicketRow.status.in_(_statuses(column, filters))) for column in Column}
    return parts | {Column.DONE: and_(CLOSED_WORK, TicketRow.closed_at >= at.since)}


def figures(session: Session, actor: Actor, filters: Filters, now: datetime) -> Figures:
    wide, _ = in_sight(session, actor, filters, now)
    return _counted(session, _written(actor, wide, filters, Sort.LEFT, ()), filters, moments(now)._asdict())[1]


class _Asks(NamedTuple):
    """The statements of a board, of the counts and of the cards; `ASKED` is yet to be told."""

    counts: Executable
    cards: Select[Any] | None


Sizes = tuple[tuple[Column, int], ...]  # how many cards of each column


@lru_cache(maxsize=128)  # to write them anew costs as much as to ask them
def _usual(actor: Actor, filters: Filters, order: Sort, sizes: Sizes, *, beyond: bool) -> _Asks:
    seen = ticket_scope.seen(actor, ASKED.since, beyond=beyond)
    wide = conditions(actor, replace(filters, due=""), at=ASKED, seen=seen)
    return _written(actor, wide, filters, order, sizes)


@lru_cache(maxsize=128)
def _named(actor: Actor, due: str, order: Sort, sizes: Sizes) -> _Asks:
    """Ask for what a search has found; `found` is yet to be told."""
    wide = TicketRow.id.in_(bindparam("found", expanding=True))
    return _written(actor, [wide], Filters(text="found", due=due), order, sizes)


def _written(actor: Actor, wide: list[ColumnElement[bool]], filters: Filters, order: Sort, sizes: Sizes) -> _Asks:
    """Count columns and figures together: open work is passed once, what has ended once."""
    late = TicketRow.due_at < ASKED.now
    today = within_day(TicketRow.due_at, ASKED)
    ended_today = and_(TicketRow.closed_at >= ASKED.today, TicketRow.closed_at <= ASKED.now)
    which = shown_in(filters, ASKED)
    held = [*wide, due(filters.due, ASKED)] if filters.due else wide
    parts = [_part(column, [*held, which[column]], filters, order, size) for column, size in sizes]
    work = _by_status([*wide, OPEN_WORK], late, today)
    ended = _by_status([*wide, which[Column.DONE]], ended_today, literal(False))
    return _Asks(union_all(work, ended), _first_cards(actor, parts) if parts else None)


def _counted(
    session: Session, asks: _Asks, filters: Filters, told: Mapping[str, Any]
) -> tuple[dict[Column, int], Figures]:
    rows = session.connection().execute(asks.counts, told).all()
    found = {Status(status): tuple(counts) for status, *counts in rows}
    work, ended = ({s: row for s, row in found.items() if (s in OPEN) is still_open} for still_open in (True, False))
    which = {"": 0, "late": 1, "today": 2}[filters.due]
    states = work if which == 0 else {status: work[status] for status in work.keys() & CLOCK_RUNS}
    counts = {column: sum(states[s][which] for s in COLUMN_STATUSES[column] if s in states) for column in Column}
    counts[Column.DONE] = 0 if which else sum(row[0] for row in ended.values())
    running = [row for status, row in work.items() if status in CLOCK_RUNS]
    closed_today = sum(row[1] for status, row in ended.items() if status is Status.CLOSED)
    overdue, due_today = (sum(row[n] for row in running) for n in (1, 2))
    return counts, Figures(sum(row[0] for row in work.values()), overdue, due_today, closed_today)


def _by_status(held: list[ColumnElement[bool]], *parts: ColumnElement[bool]) -> Select[Any]:
    """Count by status: all, and of them those of which each of these is so."""
    sums: tuple[Any, ...] = tuple(func.sum(case((part, 1), else_=0)) for part in parts)
    return select(TicketRow.status, func.count(), *sums).where(*held).group_by(TicketRow.status)


# an index of open work has each state's in this order, another what is urgent of it
_BY_DUE = (TicketRow.due_at.nulls_last(), TicketRow.id)
# nobody may have to look for an alarm behind what has been late for longer
_PRESSING = (case((URGENT, 0), else_=1), *_BY_DUE)
_ORDERS: dict[Column, tuple[Any, ...]] = {
    Column.TODO: _PRESSING,
    Column.DOING: _PRESSING,
    Column.FOLLOW_UP: (TicketRow.resolved_at, TicketRow.id),
    # a search shows among them what never was closed: null comes first on one engine and last on the other
    Column.DONE: (TicketRow.closed_at.desc().nulls_last(), TicketRow.id),
}
# an order other than time left: of open work, which is bounded, and without an index of its own
_OTHER_ORDERS: dict[Sort, tuple[Any, ...]] = {
    Sort.CONTACT: (TicketRow.first_contact_at.is_not(None), *_PRESSING),
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


def _part(column: Column, held: list[ColumnElement[bool]], filters: Filters, order: Sort, size: int) -> Part:
    ordered, states = _ordered(column, order), COLUMN_STATUSES[column]
    if ordered is not _PRESSING or clean(filters.text):
        return held, ordered, size
    # state by state, as the indexes have them: else all would be read and sorted for the first few
    firsts = (
        select(TicketRow.id).where(*held, TicketRow.status == state, *only).order_by(*_BY_DUE).limit(size).subquery()
        for state in states
        for only in ((URGENT,), ())
    )
    return [TicketRow.id.in_(union_all(*(select(first.c.id) for first in firsts)))], ordered, size


def _first_cards(actor: Actor, parts: Sequence[Part]) -> Select[Any]:
    """Ask for the first cards of each part, in its order: all of them in one statement."""
    # the first ones by themselves: joined before, each row of a part would be looked up in five tables
    first = union_all(*(_first(number, *part) for number, part in enumerate(parts))).subquery()
    return cards_query(actor).add_columns(first.c.part, first.c.place).join(first, first.c.id == TicketRow.id)


def _by_part(
    session: Session, query: Select[Any], parts: int, actor: Actor, told: Mapping[str, Any]
) -> list[tuple[Card, ...]]:
    found: list[list[Any]] = [[] for _ in range(parts)]
    # the connection's own rows: the session's way is for objects, of which there are none
    rows = session.connection().execute(query, told).all()
    for row in sorted(rows, key=itemgetter(-1)):  # a database would sort whole rows
        found[row[-2]].append(row)
    return [tuple(cards_of(rows, actor, told["now"])) for rows in found]


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
    runs = row.status.in_(CLOCK_RUNS)
    # of open work alone: by the plain column SQLite would go through all that was ever due, in its order
    late = and_(runs, case((runs, row.due_at)) < now)
    in_time = or_(row.due_at.is_(None), row.due_at >= now)
    groups: Sequence[tuple[str, str, ColumnElement[bool] | None, ColumnElement[bool]]] = (
        ("to_claim", "派给我，等我接单", mine, row.status == Status.DISPATCHED),
        ("doing", "我正在办", mine, row.status == Status.IN_PROGRESS),
        ("late", "已超时", office, late),
        ("to_accept", "等受理", office, and_(row.status == Status.REPORTED, in_time)),
        ("to_dispatch", "等派单", office, and_(row.status == Status.ACCEPTED, in_time)),
        ("to_follow_up", "等回访", office, row.status == Status.RESOLVED),
        ("to_help", "可以帮忙的事", near, offered()),
        ("reported", "我登记的，还在办", row.reporter_user_id == actor.user_id, row.status.in_(OPEN)),
    )
    known = (may_read(actor), OPEN_WORK)
    orders = {"to_help": _PRESSING}
    parts = {
        name: ((whose, held, *known), orders.get(name, _BY_DUE), limit)
        for name, _, whose, held in groups
        if whose is not None
    }
    told = moments(now)._asdict()
    cards = _by_part(session, _first_cards(actor, list(parts.values())), len(parts), actor, told)
    read = dict(zip(parts, cards, strict=True))
    counts = {name: len(cards) for name, cards in read.items()}
    counts |= _counts(session, {name: parts[name][0] for name, cards in read.items() if len(cards) == limit})
    return [Waiting(name, title, counts.get(name, 0), read.get(name, ())) for name, title, _, _ in groups]


def _counts(session: Session, parts: Mapping[str, Sequence[ColumnElement[bool]]]) -> dict[str, int]:
    if not parts:
        return {}
    counts = (select(literal(name), func.count()).where(*held) for name, held in parts.items())
    return {row[0]: row[1] for row in session.execute(union_all(*counts))}
