"""Whether the worker does its work: for the banner on the pages, the audit, and /settings."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db import canaries, leases, undelivered
from db.models import ChannelRow, OutboxRow
from domain.clock import local
from domain.outbox import UNSENT, Severity
from domain.worker import LABELS, last_good, late

EMERGENCY_WITHIN = timedelta(minutes=3)


def went_well(session: Session) -> dict[str, datetime | None]:
    return {job: lease.ok_at for job, lease in leases.listed(session).items()}


def warnings(
    session: Session,
    *,
    communities: frozenset[UUID],
    now: datetime,
    can_set: bool = False,
    lost: bool = True,
    here: str = "",
) -> list[str]:
    """Say what is wrong with watching and sending, in sentences for whoever is at the screen.

    `can_set`: they may open 系统设置; `lost`: no list beside it says what reached nobody; `here`: what else to do then.
    """
    known = went_well(session)
    told = []
    if jobs := late(known, now):
        since = last_good(known)
        told.append(
            f"后台值守没有按时运行（{'、'.join(LABELS[job] for job in jobs)}），"
            f"上次正常：{f'{local(since):%m月%d日 %H:%M}' if since else '还没有运行过'}。"
            "预警和消息可能不会自动发出，请人工核对名单，并联系管理员检查。"
        )
    if names := canaries.silent(session, now=now):
        check = "请到系统设置 → 通知渠道检查" if can_set else "请联系管理员检查通知渠道"
        told.append(f"今早的通道测试没有收到回应：{'、'.join(names)}。{check}，紧急情况先打电话。")
    if lost and (words := undelivered.urgent_words(session, communities=communities, now=now)):
        told.append(f"{words}。{'明细在系统设置 → 通知渠道。' if can_set else here}")
    return told


def overdue_emergencies(session: Session, *, now: datetime) -> int:
    """Count emergencies that a working channel should have taken long ago."""
    awake = or_(ChannelRow.muted_until.is_(None), ChannelRow.muted_until <= now)
    query = (
        select(func.count())
        .select_from(OutboxRow)
        .join(ChannelRow, ChannelRow.id == OutboxRow.channel_id)
        .where(OutboxRow.state.in_(UNSENT), OutboxRow.severity == Severity.EMERGENCY, ChannelRow.active, awake)
        .where(OutboxRow.created_at < now - EMERGENCY_WITHIN, OutboxRow.next_attempt_at < now - EMERGENCY_WITHIN)
    )
    return session.scalar(query) or 0
