"""What the board, the drawer, 我的 and the export read: scoped and masked in the query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from db.models import AreaRow, CategoryRow, PartyRow, TicketRow, TicketTextRow
from db.ticket_events import inside, may_read, number_text, offered
from domain.access import OFFICE, Actor, Role, grants_for
from domain.areas import Level
from domain.board import Board, BoardColumn, Card, Figures, Waiting
from domain.clock import at_local, local_date
from domain.due import Grade, Matter, urgency
from domain.text import clean
from domain.tickets import (
    CLOCK_RUNS,
    COLUMN_STATUSES,
    DONE_SHOWN,
    OPEN,
    Channel,
    Column,
    Kind,
    Satisfaction,
    Status,
)

CARDS_A_COLUMN = 60
PRIVATE = "私事"


@dataclass(frozen=True)
class Filters:
    """What the board is narrowed to; the empty value of each means "all"."""

    community_id: UUID | None = None
    grid_id: UUID | None = None
    category_id: UUID | None = None
    kind: Kind | None = None
    grade: Grade | None = None
    handler_id: UUID | None = None
    mine: bool = False
    due: str = ""  # "late" or "today"
    text: str = ""


def board(session: Session, *, actor: Actor, filters: Filters, now: datetime, limit: int = CARDS_A_COLUMN) -> Board:
    """Read the four columns with true counts; at most `limit` cards each, the most pressing first."""
    held = conditions(actor, filters, now=now)
    counts = _counts(session, held, now)
    columns = tuple(
        BoardColumn(
            column,
            sum(counts.get(status, 0) for status in COLUMN_STATUSES[column]),
            tuple(_column_cards(session, actor, column, held, now, limit)),
        )
        for column in Column
    )
    return Board(columns, _figures(session, actor, filters, now), now)


def conditions(actor: Actor, filters: Filters, *, now: datetime) -> list[ColumnElement[bool]]:
    """Turn filters into SQL inside the actor's scope."""
    row = TicketRow
    pairs: list[tuple[Any, ColumnElement[bool]]] = [
        (filters.community_id, row.community_id == filters.community_id),
        (filters.grid_id, row.grid_id == filters.grid_id),
        (filters.kind, row.kind == filters.kind),
        (filters.grade, row.grade == filters.grade),
        (filters.handler_id, row.handler_id == filters.handler_id),
    ]
    held = [may_read(actor), *(condition for value, condition in pairs if value)]
    if filters.mine:
        held.append(or_(*_own(actor)))
    if filters.due:
        held.append(_due(filters.due, now))
    if filters.category_id:
        below = select(CategoryRow.id).where(CategoryRow.parent_id == filters.category_id)
        held.append(or_(row.category_id == filters.category_id, row.category_id.in_(below)))
    if text := clean(filters.text):
        held.append(_matches(text))
    if filters.category_id or text or filters.grid_id or filters.handler_id:
        held.append(_clear(actor))
    return held


def _own(actor: Actor) -> list[ColumnElement[bool]]:
    mine: list[ColumnElement[bool]] = [TicketRow.reporter_user_id == actor.user_id]
    if actor.party_id:  # without one, `== None` would mean every ticket that nobody has
        mine.append(TicketRow.handler_id == actor.party_id)
    return mine


def _due(due: str, now: datetime) -> ColumnElement[bool]:
    running = TicketRow.status.in_(CLOCK_RUNS)
    if due == "late":
        return and_(running, TicketRow.due_at < now)
    return and_(running, TicketRow.due_at >= now, TicketRow.due_at <= _end_of_day(now))


def _end_of_day(now: datetime) -> datetime:
    return at_local(local_date(now) + timedelta(days=1), time(0))


def _clear(actor: Actor) -> ColumnElement[bool]:
    """Leave out the 私事 that this viewer may not read: a filter must not tell what they are about."""
    return or_(TicketRow.matter.is_(None), TicketRow.matter != Matter.PRIVATE, sees_private(actor))


def sees_private(actor: Actor) -> ColumnElement[bool]:
    sent = TicketRow.dispatched_by == actor.user_id
    return or_(inside(grants_for(actor, OFFICE)), sent, *_own(actor))


def _matches(text: str) -> ColumnElement[bool]:
    """Find the words in number, title, place or description; LIKE inside scope and index."""
    by_number = _numbered(text)
    described = select(TicketTextRow.ticket_id).where(
        TicketTextRow.ticket_id == TicketRow.id, TicketTextRow.description.icontains(text, autoescape=True)
    )
    found = or_(
        TicketRow.title.icontains(text, autoescape=True),
        TicketRow.address.icontains(text, autoescape=True),
        described.exists(),
    )
    return found if by_number is None else or_(by_number, found)


def _numbered(text: str) -> ColumnElement[bool] | None:
    """Read 12, E0012 or GH-E0012 as a number, the last in the community with that code."""
    code, _, rest = text.upper().rpartition("-")
    digits = rest.removeprefix("E")
    if not digits.isdecimal() or len(digits) > 9:
        return None
    number = TicketRow.number == int(digits)
    coded = select(AreaRow.id).where(AreaRow.level == Level.COMMUNITY, func.upper(AreaRow.code) == code)
    return and_(number, TicketRow.community_id.in_(coded)) if code else number


def _counts(session: Session, held: list[ColumnElement[bool]], now: datetime) -> dict[str, int]:
    """Count by status: open work, and what was closed in the last fourteen days."""
    recent = and_(TicketRow.status == Status.CLOSED, TicketRow.closed_at >= now - DONE_SHOWN)
    query = (
        select(TicketRow.status, func.count())
        .where(*held, or_(TicketRow.status.in_(OPEN), recent))
        .group_by(TicketRow.status)
    )
    return {name: count for name, count in session.execute(query)}  # noqa: C416


def _figures(session: Session, actor: Actor, filters: Filters, now: datetime) -> Figures:
    held = conditions(actor, replace(filters, due=""), now=now)
    running = TicketRow.status.in_(CLOCK_RUNS)
    late = and_(running, TicketRow.due_at < now)
    today = and_(running, TicketRow.due_at >= now, TicketRow.due_at <= _end_of_day(now))
    query = select(func.count(), func.sum(case((late, 1), else_=0)), func.sum(case((today, 1), else_=0)))
    opened, overdue, due_today = session.execute(query.where(*held, TicketRow.status.in_(OPEN))).one()
    start = at_local(local_date(now), time(0))
    ended = select(func.count()).where(*held, TicketRow.status == Status.CLOSED, TicketRow.closed_at >= start)
    closed_today = session.execute(ended.where(TicketRow.closed_at <= now)).scalar_one()
    return Figures(opened, overdue or 0, due_today or 0, closed_today)


_ORDERS: dict[Column, tuple[Any, ...]] = {
    Column.TODO: (TicketRow.due_at.is_(None), TicketRow.due_at, TicketRow.id),
    Column.DOING: (TicketRow.due_at.is_(None), TicketRow.due_at, TicketRow.id),
    Column.FOLLOW_UP: (TicketRow.resolved_at, TicketRow.id),
    Column.DONE: (TicketRow.closed_at.desc(), TicketRow.id),
}


def _column_cards(
    session: Session,
    actor: Actor,
    column: Column,
    held: list[ColumnElement[bool]],
    now: datetime,
    limit: int,
) -> list[Card]:
    query = _cards_query(actor).where(*held, TicketRow.status.in_(COLUMN_STATUSES[column]))
    if column is Column.DONE:
        query = query.where(TicketRow.closed_at >= now - DONE_SHOWN)
    return _cards(session.execute(query.order_by(*_ORDERS[column]).limit(limit)), actor, now)


# made once: a new alias costs as much as the query itself
_GRID, _COMMUNITY, _PARENT = aliased(AreaRow), aliased(AreaRow), aliased(CategoryRow)
_T = TicketRow
# what a card shows and nothing else: a whole row is three times as dear
_SHOWN = (
    *(_T.id, _T.number, _T.kind, _T.status, _T.title, _T.address, _T.grade, _T.matter, _T.channel, _T.version),
    *(_T.reported_at, _T.round_at, _T.due_at, _T.resolved_at, _T.closed_at, _T.first_contact_at),
    *(_T.urge_count, _T.open_to_volunteers, _T.round_no, _T.satisfaction, _T.single_duty),
    PartyRow.label.label("handler"),
    CategoryRow.name.label("category"),
    _PARENT.name.label("parent"),
    _GRID.name.label("grid"),
    func.coalesce(func.nullif(_COMMUNITY.code, ""), _COMMUNITY.name).label("code"),
)


def _cards_query(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(*_SHOWN, sees_private(actor).label("sees_private"))
        .outerjoin(PartyRow, PartyRow.id == _T.handler_id)
        .outerjoin(CategoryRow, CategoryRow.id == _T.category_id)
        .outerjoin(_PARENT, _PARENT.id == CategoryRow.parent_id)
        .outerjoin(_GRID, _GRID.id == _T.grid_id)
        .join(_COMMUNITY, _COMMUNITY.id == _T.community_id)
    )


def _cards(rows: Iterable[Any], actor: Actor, now: datetime) -> list[Card]:
    # numbers start anew in each community: who sees several needs to know whose
    several = len(frozenset().union(*(g.community_ids for g in actor.grants))) > 1
    return [_card(row, now, code=row.code if several else "") for row in rows]


def _card(row: Any, now: datetime, *, code: str) -> Card:
    status = Status(row.status)
    hidden = row.matter == Matter.PRIVATE and not row.sees_private
    return Card(
        id=row.id,
        no=number_text(row.number, code),
        kind=Kind(row.kind),
        status=status,
        title=PRIVATE if hidden else row.title,
        place="" if hidden else row.address,
        grid="" if hidden else row.grid or "",
        category="" if hidden else row.parent or row.category or "",
        grade=Grade(row.grade),
        matter=Matter(row.matter) if row.matter else None,
        channel=Channel(row.channel),
        urgency=urgency(row.due_at, row.round_at, now=now, done=status not in CLOCK_RUNS),
        handler="" if hidden else row.handler or "",
        reported_at=row.reported_at,
        due_at=row.due_at,
        resolved_at=row.resolved_at,
        closed_at=row.closed_at,
        contacted=row.first_contact_at is not None,
        urged=row.urge_count,
        claimable=row.open_to_volunteers and status is Status.ACCEPTED and not hidden,
        round_no=row.round_no,
        satisfaction=Satisfaction(row.satisfaction) if row.satisfaction else None,
        single_duty=row.single_duty,
        hidden=hidden,
        version=row.version,
    )


def card(session: Session, *, actor: Actor, ticket_id: UUID, now: datetime) -> Card | None:
    """Read one card as this viewer sees it; None if they may not."""
    rows = session.execute(_cards_query(actor).where(TicketRow.id == ticket_id, may_read(actor)))
    return next(iter(_cards(rows, actor, now)), None)


def waiting(session: Session, *, actor: Actor, now: datetime, limit: int = 20) -> list[Waiting]:
    """List what waits for this person: theirs to do first, then what their role decides."""
    row = TicketRow
    mine = row.handler_id == actor.party_id if actor.party_id else ~true()
    office = inside(grants_for(actor, OFFICE))
    late = and_(row.status.in_(CLOCK_RUNS), row.due_at.is_not(None), row.due_at < now)
    groups: Sequence[tuple[str, str, ColumnElement[bool]]] = (
        ("to_claim", "派给我，等我接单", and_(mine, row.status == Status.DISPATCHED)),
        ("doing", "我正在办", and_(mine, row.status == Status.IN_PROGRESS)),
        ("late", "已超时", and_(office, late)),
        ("to_accept", "等受理", and_(office, row.status == Status.REPORTED, ~late)),
        ("to_dispatch", "等派单", and_(office, row.status == Status.ACCEPTED, ~late)),
        ("to_follow_up", "等回访", and_(office, row.status == Status.RESOLVED)),
        ("to_help", "可以帮忙的事", and_(offered(), inside(grants_for(actor, (Role.VOLUNTEER,))))),
        ("reported", "我登记的，还在办", and_(row.reporter_user_id == actor.user_id, row.status.in_(OPEN))),
    )
    return [_group(session, actor, name, title, held, now, limit) for name, title, held in groups]


def _group(
    session: Session,
    actor: Actor,
    name: str,
    title: str,
    held: ColumnElement[bool],
    now: datetime,
    limit: int,
) -> Waiting:
    both = (may_read(actor), held)
    query = _cards_query(actor).where(*both).order_by(*_ORDERS[Column.TODO]).limit(limit)
    cards = _cards(session.execute(query), actor, now)
    if len(cards) < limit:
        return Waiting(name, title, len(cards), tuple(cards))
    count = session.execute(select(func.count()).select_from(TicketRow).where(*both)).scalar_one()
    return Waiting(name, title, count, tuple(cards))
