"""What did not reach anybody: listed for the administrator, sent again by hand, and told on the pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db import outbox
from db.models import ChannelRow, OutboxRow
from db.outbox_words import facts
from db.writes import audit
from domain import access, messages
from domain.access import RIGHTS, Actor
from domain.errors import Changed, NotFound, Refused
from domain.outbox import MessageState, Severity, Template

SHOWN_FOR = timedelta(days=14)
SHOWN = 100


@dataclass(frozen=True)
class Lost:
    """A message that was given up."""

    id: UUID
    at: datetime
    channel: str
    text: str
    severity: int
    code: str
    attempts: int


def listed(session: Session, *, actor: Actor, now: datetime) -> list[Lost]:
    access.check(actor, "settings")
    mine = access.communities_of(access.grants_for(actor, RIGHTS["settings"]))
    query = (
        select(OutboxRow, ChannelRow.name)
        .outerjoin(ChannelRow, ChannelRow.id == OutboxRow.channel_id)
        .where(OutboxRow.community_id.in_(mine), OutboxRow.created_at > now - SHOWN_FOR)
        .where(OutboxRow.state == MessageState.DEAD)
        .order_by(OutboxRow.created_at.desc(), OutboxRow.id)
    )
    found = session.execute(query.limit(SHOWN)).all()
    told = facts(session, [row for row, _ in found])
    return [
        Lost(
            id=row.id,
            at=row.created_at,
            channel=name or "",
            text=messages.line(Template(row.template), said),
            severity=row.severity,
            code=row.provider_code,
            attempts=row.attempts,
        )
        for (row, name), said in zip(found, told, strict=True)
    ]


def send_again(tx: Session, *, actor: Actor, message_id: UUID, now: datetime) -> int:
    """Owe a message again that was given up; give to how many channels. A second tap finds it taken."""
    access.check(actor, "settings")
    row = tx.get(OutboxRow, message_id, populate_existing=True)
    mine = access.communities_of(access.grants_for(actor, RIGHTS["settings"]))
    if row is None or row.community_id not in mine:
        raise NotFound("没有找到这条消息，请刷新后再看。")
    active = row.channel_id and tx.scalar(select(ChannelRow.active).where(ChannelRow.id == row.channel_id))
    values = {"attempts": 0, "next_attempt_at": now, "expires_at": None, "created_at": now, "repeated": True}
    # what had no channel, or one that is switched off, goes to whoever covers the place now
    goes_on = MessageState.QUEUED if active else MessageState.SUPERSEDED
    dead = (OutboxRow.id == message_id, OutboxRow.state == MessageState.DEAD)
    done = tx.execute(update(OutboxRow).where(*dead).values(state=goes_on.value, **(values if active else {})))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Changed("这条消息已经重发过了。")
    audit(tx, "message.again", actor_id=actor.user_id, subject_id=message_id, now=now)
    return 1 if active else _reroute(tx, row, now)


def _reroute(tx: Session, row: OutboxRow, now: datetime) -> int:
    if not outbox.covering(tx, row.body["area"], emergency=row.severity == Severity.EMERGENCY):
        raise Refused("这里还没有在用的通知渠道，请先添加一个。")
    return outbox.enqueue(
        tx,
        community_id=row.community_id,
        area_path=row.body["area"],
        template=Template(row.template),
        body=row.body,
        severity=row.severity,
        dedupe=f"again:{row.id.hex}",
        incident_id=row.incident_id,
        ticket_id=row.ticket_id,
        now=now,
        send_at=now,
    )


def urgent_count(session: Session, *, communities: frozenset[UUID], now: datetime) -> int:
    """Count urgent messages of the last day that reached nobody: the pages say so."""
    lost = (OutboxRow.state == MessageState.DEAD, OutboxRow.severity < Severity.NORMAL)
    recent = (OutboxRow.community_id.in_(communities), OutboxRow.created_at > now - timedelta(days=1))
    return session.scalar(select(func.count()).select_from(OutboxRow).where(*recent, *lost)) or 0
