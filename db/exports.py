"""Tickets going out: exactly what the filters show, personal fields by role, every export on record."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from db import crypto
from db.board import PRIVATE, Filters, conditions, sees_private
from db.models import AreaRow, CategoryRow, PartyRow, PersonRow, TicketRow, TicketTextRow
from db.ticket_events import number_text
from db.writes import audit
from domain import access
from domain.access import OFFICE, Actor
from domain.due import GRADE_LABELS, MATTER_LABELS, Grade, Matter
from domain.errors import NotAllowed
from domain.people import mask_name, mask_phone
from domain.tickets import (
    CHANNEL_LABELS,
    DONE_SHOWN,
    KIND_LABELS,
    OPEN,
    RESULT_LABELS,
    SATISFACTION_LABELS,
    STATUS_LABELS,
    Channel,
    Kind,
    Result,
    Satisfaction,
    Status,
)

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


def export(
    tx: Session,
    *,
    actor: Actor,
    filters: Filters,
    now: datetime,
    sink: Sink,
    with_people: bool = False,
    whole_history: bool = False,
) -> int:
    """Give columns and rows to `sink`, which writes and counts them; the count goes on record.

    As on the board: open work and what was closed in fourteen days, or with `whole_history` all of it.
    Names and phones are masked unless somebody of the office asks for them.
    """
    access.check(actor, "tickets.export")
    if with_people and not actor.roles & OFFICE:
        raise NotAllowed("只有社区工作者和社区书记可以导出姓名和电话。")
    count = sink(COLUMNS, _rows(tx, actor, filters, now, with_people, whole_history))
    detail = f"count={count} people={int(with_people)} all={int(whole_history)}"
    audit(tx, "tickets.export", actor_id=actor.user_id, detail=detail, now=now)
    return count


def _rows(
    session: Session, actor: Actor, filters: Filters, now: datetime, people: bool, whole_history: bool
) -> Iterator[Sequence[object]]:
    parent, grid, community = aliased(CategoryRow), aliased(AreaRow), aliased(AreaRow)
    held = conditions(actor, filters, now=now)
    if not whole_history:
        recent = and_(TicketRow.status == Status.CLOSED, TicketRow.closed_at >= now - DONE_SHOWN)
        held.append(or_(TicketRow.status.in_(OPEN), recent))
    query = (
        select(
            TicketRow,
            TicketTextRow,
            CategoryRow.name,
            parent.name,
            community.name,
            grid.name,
            PartyRow.label,
            PersonRow.name,
            PersonRow.phone,
            sees_private(actor),
        )
        .join(community, community.id == TicketRow.community_id)
        .outerjoin(TicketTextRow, TicketTextRow.ticket_id == TicketRow.id)
        .outerjoin(CategoryRow, CategoryRow.id == TicketRow.category_id)
        .outerjoin(parent, parent.id == CategoryRow.parent_id)
        .outerjoin(grid, grid.id == TicketRow.grid_id)
        .outerjoin(PartyRow, PartyRow.id == TicketRow.handler_id)
        .outerjoin(PersonRow, PersonRow.id == TicketRow.reporter_id)
        .where(*held)
        .order_by(TicketRow.reported_at, TicketRow.id)
    )
    found: Any
    for found in session.execute(query.execution_options(yield_per=1000)):
        yield _row(*found, people=people)


def _row(
    row: TicketRow,
    text: TicketTextRow | None,
    category: str | None,
    parent: str | None,
    community: str,
    grid: str | None,
    handler: str | None,
    name: bytes | None,
    phone: bytes | None,
    may_see: bool,
    *,
    people: bool,
) -> Sequence[object]:
    status, hidden = Status(row.status), row.matter == Matter.PRIVATE and not may_see
    open_name, open_phone = crypto.unseal(name), crypto.unseal(phone)
    who = (open_name, open_phone) if people else (mask_name(open_name), mask_phone(open_phone))
    clear: dict[str, Any] = {
        "title": row.title,
        "category": parent or category,
        "child": category if parent else "",
        "address": row.address,
        "grid": grid,
        "name": who[0],
        "phone": who[1],
        "handler": handler,
        "description": text.description if text else "",
        "result": text.result if text else "",
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
        community,
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
