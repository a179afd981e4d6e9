"""Tickets going out: exactly what the filters show, personal fields by role, every export on record."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, select, union_all
from sqlalchemy.orm import Session, aliased

from db import crypto
from db.cards import PRIVATE
from db.models import AreaRow, CategoryRow, PartyRow, PersonRow, TicketRow, TicketTextRow
from db.models.tickets import CLOSED_WORK, OPEN_WORK
from db.ticket_events import inside, number_text
from db.ticket_filters import Filters, conditions, moments, sees_private
from db.writes import audit
from domain import access
from domain.access import OFFICE, RIGHTS, Actor, grants_for
from domain.due import GRADE_LABELS, MATTER_LABELS, Grade, Matter
from domain.errors import NotAllowed
from domain.people import mask_name, mask_phone
from domain.text import clean
from domain.tickets import (
    CHANNEL_LABELS,
    COLUMN_STATUSES,
    DONE_SHOWN,
    ENDED,
    KIND_LABELS,
    RESULT_LABELS,
    SATISFACTION_LABELS,
    STATUS_LABELS,
    Channel,
    Column,
    Kind,
    Result,
    Satisfaction,
    Status,
)

# a search also finds what was rejected or cancelled, among the done
IN_COLUMN = {**COLUMN_STATUSES, Column.DONE: tuple(ENDED)}
# header → width in characters
COLUMNS: tuple[tuple[str, float], ...] = (
    ("编号", 10),
    ("状态", 10),
    ("类型", 10),
    ("事项", 36),
    ("一级类别", 12),
    ("二级类别", 12),
    ("大小事", 8),
    ("紧急程度", 10),
    ("社区", 14),
    ("网格", 14),
    ("地点", 24),
    ("反映人", 10),
    ("联系电话", 16),
    ("渠道", 12),
    ("处理人", 14),
    ("上报时间", 20),
    ("受理时间", 20),
    ("派单时间", 20),
    ("首次联系时间", 20),
    ("处理完成时间", 20),
    ("办结时间", 20),
    ("应办结时间", 20),
    ("轮次", 6),
    ("处理结果", 10),
    ("满意度", 10),
    ("详细情况", 50),
    ("结果说明", 50),
    ("来源", 12),
    ("来源编号", 16),
)
Sink = Callable[[Sequence[tuple[str, float]], Iterator[Sequence[object]]], int]


@dataclass(frozen=True)
class Scope:
    """What is asked for beside the filters.

    As on the board: open work and what was closed in fourteen days, or with `whole_history` all of it.
    Names and phones are masked unless somebody of the office asks for them.
    """

    with_people: bool = False
    whole_history: bool = False
    only: frozenset[UUID] | None = None  # just these, picked on the board
    hidden: frozenset[Column] = frozenset()  # columns that the board's view leaves out


def check_right(actor: Actor, scope: Scope) -> None:
    if actor.read_only:
        raise NotAllowed()
    access.check(actor, "tickets.export")
    if scope.with_people and not may_see_people(actor):
        raise NotAllowed("只有社区工作者和社区书记可以导出姓名和电话。")


def may_see_people(actor: Actor) -> bool:
    return bool(actor.roles & OFFICE)


def export(session: Session, *, actor: Actor, filters: Filters, scope: Scope, now: datetime, sink: Sink) -> int:
    """Give columns and rows to `sink`, which writes and counts them: a query, so that writers need not wait."""
    check_right(actor, scope)
    return sink(COLUMNS, _rows(session, actor, filters, scope, now))


def record(tx: Session, *, actor: Actor, scope: Scope, count: int, now: datetime) -> None:
    """Put on record that tickets went out; the filters stay out of it, they may hold a name."""
    check_right(actor, scope)
    detail = f"count={count} people={int(scope.with_people)} all={int(scope.whole_history)}"
    audit(tx, "tickets.export", actor_id=actor.user_id, detail=detail, now=now)


def shown(actor: Actor, filters: Filters, scope: Scope, *, now: datetime) -> list[ColumnElement[bool]]:
    """Turn filters and scope into SQL: what the board shows, where the actor may take tickets out."""
    held = [*conditions(actor, filters, at=moments(now)), inside(grants_for(actor, RIGHTS["tickets.export"]))]
    if scope.only is not None:
        return [*held, TicketRow.id.in_(scope.only)]
    if not (scope.whole_history or clean(filters.text)):  # a search looks everywhere, as on the board
        recent = and_(CLOSED_WORK, TicketRow.closed_at >= now - DONE_SHOWN)
        # each by itself: an "or" of them would walk through the whole history
        parts = (select(TicketRow.id).where(*held, part) for part in (OPEN_WORK, recent))
        held = [TicketRow.id.in_(union_all(*parts))]
    if scope.hidden and not scope.whole_history:
        held.append(TicketRow.status.not_in([status for column in scope.hidden for status in IN_COLUMN[column]]))
    return held


def count(session: Session, *, actor: Actor, filters: Filters, scope: Scope, now: datetime) -> int:
    """Count what `export` would give."""
    check_right(actor, scope)
    held = shown(actor, filters, scope, now=now)
    return session.execute(select(func.count()).select_from(TicketRow).where(*held)).scalar_one()


def in_words(session: Session, *, filters: Filters) -> list[str]:
    """Say what the filters narrow to, for the file's own note."""
    pairs = (
        ("社区", _name(session, AreaRow.name, AreaRow.id, filters.community_id)),
        ("网格", _name(session, AreaRow.name, AreaRow.id, filters.grid_id)),
        ("类别", _name(session, CategoryRow.name, CategoryRow.id, filters.category_id)),
        ("类型", KIND_LABELS[filters.kind] if filters.kind else ""),
        ("紧急程度", GRADE_LABELS[filters.grade] if filters.grade else ""),
        ("处理人", _name(session, PartyRow.label, PartyRow.id, filters.handler_id)),
        ("期限", {"late": "已超时", "today": "今天到期"}.get(filters.due, "")),
        ("文字", filters.text),
    )
    return [f"{label}：{word}" for label, word in pairs if word] + ["只看我的"] * filters.mine


def _name(session: Session, column: Any, key: Any, wanted: UUID | None) -> str:
    return (session.scalars(select(column).where(key == wanted)).first() or "") if wanted else ""


def _rows(session: Session, actor: Actor, filters: Filters, scope: Scope, now: datetime) -> Iterator[Sequence[object]]:
    grid, community = aliased(AreaRow), aliased(AreaRow)
    # of their own: the filters look into these tables themselves
    category, parent, text = aliased(CategoryRow), aliased(CategoryRow), aliased(TicketTextRow)
    # a person of the office here may only look on elsewhere: there names stay masked
    people = inside(grants_for(actor, OFFICE)) if scope.with_people else and_(false())
    query = (
        # columns, not rows: an object a ticket would fill the session with all of them
        select(
            *TicketRow.__table__.c,
            text.description.label("description"),
            text.result.label("result"),
            category.name.label("category"),
            parent.name.label("parent"),
            community.name.label("community"),
            grid.name.label("grid"),
            PartyRow.label.label("handler"),
            PersonRow.name.label("person_name"),
            PersonRow.phone.label("person_phone"),
            sees_private(actor).label("sees_private"),
            people.label("sees_people"),
        )
        .join(community, community.id == TicketRow.community_id)
        .outerjoin(text, text.ticket_id == TicketRow.id)
        .outerjoin(category, category.id == TicketRow.category_id)
        .outerjoin(parent, parent.id == category.parent_id)
        .outerjoin(grid, grid.id == TicketRow.grid_id)
        .outerjoin(PartyRow, PartyRow.id == TicketRow.handler_id)
        .outerjoin(PersonRow, PersonRow.id == TicketRow.reporter_id)
        .where(*shown(actor, filters, scope, now=now))
        .order_by(TicketRow.reported_at, TicketRow.id)
    )
    held = crypto.keys()
    for row in session.execute(query.execution_options(yield_per=1000)):
        yield _row(row, held)


def _row(row: Any, held: crypto.Keys) -> Sequence[object]:
    status, hidden = Status(row.status), row.matter == Matter.PRIVATE and not row.sees_private
    name, phone = crypto.unseal(row.person_name, held), crypto.unseal(row.person_phone, held)
    clear: dict[str, Any] = {
        "title": row.title,
        "category": row.parent or row.category,
        "child": row.category if row.parent else "",
        "address": row.address,
        "grid": row.grid,
        "name": name if row.sees_people else mask_name(name),
        "phone": phone if row.sees_people else mask_phone(phone),
        "handler": row.handler,
        "description": row.description or "",
        "result": row.result or "",
        "result_class": RESULT_LABELS[Result(row.result_class)] if row.result_class else "",
    }
    shown = dict.fromkeys(clear, "") | {"title": PRIVATE} if hidden else clear
    return (
        number_text(row.number),
        STATUS_LABELS[status],
        KIND_LABELS[Kind(row.kind)],
        shown["title"],
        shown["category"],
        shown["child"],
        MATTER_LABELS[Matter(row.matter)] if row.matter else "",
        GRADE_LABELS[Grade(row.grade)],
        row.community,
        shown["grid"],
        shown["address"],
        shown["name"],
        shown["phone"],
        CHANNEL_LABELS[Channel(row.channel)],
        shown["handler"],
        row.reported_at,
        row.accepted_at,
        row.dispatched_at,
        row.first_contact_at,
        row.resolved_at,
        row.closed_at,
        row.due_at,
        row.round_no,
        shown["result_class"],
        SATISFACTION_LABELS[Satisfaction(row.satisfaction)] if row.satisfaction else "",
        shown["description"],
        shown["result"],
        row.source or "",
        row.external_id or "",
    )
