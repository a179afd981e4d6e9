"""Messages that are owed: written with what they tell of, cancelled with it, and what became of them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db.models import AreaRow, ChannelRow, OutboxRow
from domain.ids import new_id
from domain.outbox import UNSENT, MessageState, Severity, Template

NOBODY = "no_channel"  # the code of what had nowhere to go


def enqueue(
    tx: Session,
    *,
    community_id: UUID,
    area_path: str,
    template: Template,
    body: dict[str, Any],
    severity: int,
    dedupe: str,
    incident_id: UUID | None = None,
    ticket_id: UUID | None = None,
    expires_at: datetime | None = None,
    now: datetime,
    emergency: bool = False,
    send_at: datetime | None = None,
) -> int:
    """Owe a message to each channel that covers the area, once for each `dedupe`; give how many were new.

    Part of the caller's transaction. `body` holds ids, codes and times, never a name, phone or address: see
    `domain.messages` for the keys. Normal news go to the nearest place that has a channel; an emergency to all
    above as well. What is urgent and finds no channel at all is kept as not sent, so that somebody sees it.
    """
    channels: list[UUID | None] = [*covering(tx, area_path, emergency=emergency or severity == Severity.EMERGENCY)]
    if not channels and severity < Severity.NORMAL:
        channels = [None]
    owed = {_key(dedupe, channel): channel for channel in channels}
    known = set(tx.scalars(select(OutboxRow.dedupe_key).where(OutboxRow.dedupe_key.in_(owed))))
    shared = {
        "community_id": community_id,
        "template": template.value,
        "body": {**body, "area": area_path},
        "severity": int(severity),
        "incident_id": incident_id,
        "ticket_id": ticket_id,
        "next_attempt_at": send_at or _when(severity, now),
        "created_at": now,
        "expires_at": expires_at,
    }
    rows = [_row(key, channel) | shared for key, channel in owed.items() if key not in known]
    if rows:
        tx.execute(insert(OutboxRow), rows)
    return len(rows)


def _key(dedupe: str, channel: UUID | None) -> str:
    return f"{dedupe}:ch:{channel.hex if channel else '-'}"


def _row(key: str, channel: UUID | None) -> dict[str, Any]:
    state = MessageState.QUEUED if channel else MessageState.DEAD
    code = "" if channel else NOBODY
    return {"id": new_id(), "dedupe_key": key, "channel_id": channel, "state": state.value, "provider_code": code}


def _when(severity: int, now: datetime) -> datetime:
    """Let normal news wait for the end of the minute: a grid's then go out as one message."""
    if severity < Severity.NORMAL:
        return now
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def covering(session: Session, area_path: str, *, emergency: bool) -> list[UUID]:
    """List the channels for this place: of the nearest area that has any, or for an emergency of all above it."""
    query = select(ChannelRow.id, AreaRow.path, ChannelRow.emergency_only).join(
        AreaRow, AreaRow.id == ChannelRow.area_id
    )
    found = [
        (row.path, row.id)
        for row in session.execute(query.where(ChannelRow.active))
        if area_path.startswith(row.path) and (emergency or not row.emergency_only)
    ]
    nearest = max((path for path, _id in found), key=len, default="")
    return sorted(held for path, held in found if emergency or path == nearest)


def end_incident(tx: Session, *, incident_id: UUID, now: datetime, clear: dict[str, Any] | None = None) -> int:
    """Cancel what was not yet sent about an incident, and owe the all-clear to whoever was told; give how many.

    `clear` is the body of the all-clear. A message under way at this moment may still arrive, before the all-clear.
    """
    mine = (OutboxRow.incident_id == incident_id, OutboxRow.template != Template.ALL_CLEAR)
    rows = tx.scalars(select(OutboxRow).where(*mine).order_by(OutboxRow.created_at)).all()
    told = {
        row.channel_id: row for row in rows if row.channel_id and (row.attempts or row.state == MessageState.SENDING)
    }
    tx.execute(update(OutboxRow).where(*mine, OutboxRow.state.in_(UNSENT)).values(state=MessageState.SUPERSEDED.value))
    for channel, row in told.items():
        area = {"area": row.body["area"]}
        owed = _row(_key(f"inc:{incident_id.hex}:clear:{now.timestamp():.3f}", channel), channel)
        shared = {
            "community_id": row.community_id,
            "template": Template.ALL_CLEAR.value,
            "body": {**(clear or {}), **area},
        }
        when = {"next_attempt_at": now, "created_at": now}
        tx.execute(insert(OutboxRow).values(**owed, **shared, **when, severity=row.severity, incident_id=incident_id))
    return len(told)
