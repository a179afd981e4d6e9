"""The trial message of each morning: a channel that is broken shows before somebody needs it."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import outbox
from db.models import AreaRow, ChannelRow, OutboxRow
from domain.clock import at_local, local_date
from domain.delivery import CANARY_AT, canary_due, canary_late
from domain.outbox import Severity, Template

EXPIRES = timedelta(minutes=30)
_MARKED = (ChannelRow.active, ChannelRow.canary)


def owe(tx: Session, *, now: datetime) -> int:
    """Owe each channel that is marked for it a trial message, once a day; give how many are new."""
    since = at_local(local_date(now), CANARY_AT)
    if not canary_due(now) or now > since + EXPIRES:  # a worker that comes back at noon asks nobody
        return 0
    query = select(ChannelRow.id, AreaRow).join(AreaRow, AreaRow.id == ChannelRow.area_id).where(*_MARKED)
    return sum(
        outbox.owe(
            tx,
            [channel],
            community_id=area.community_id or area.id,
            area_path=area.path,
            template=Template.CANARY,
            body={},
            severity=Severity.EMERGENCY,  # it goes before seven
            dedupe=_name(now),
            expires_at=since + EXPIRES,
            now=now,
        )
        for channel, area in tx.execute(query).all()
    )


def _name(now: datetime) -> str:
    return f"canary:{local_date(now)}"


def silent(session: Session, *, now: datetime) -> list[str]:
    """Name the channels whose trial message of this morning was not accepted."""
    if not canary_late(now):
        return []
    today = (
        OutboxRow.dedupe_key.startswith(_name(now), autoescape=True),  # no trial that somebody sent by hand
        OutboxRow.channel_id == ChannelRow.id,
    )
    owed = select(OutboxRow.id).where(*today)
    heard = owed.where(OutboxRow.accepted_at.is_not(None))
    later = ChannelRow.ok_at > at_local(local_date(now), CANARY_AT)  # it has taken something since
    query = select(ChannelRow.name).where(*_MARKED, owed.exists(), ~heard.exists(), later.is_not(True))
    return list(session.scalars(query.order_by(ChannelRow.name)))
