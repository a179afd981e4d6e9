"""Messages that are owed: written with what they tell of, cancelled with it, and what became of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, literal_column, select, update
from sqlalchemy.orm import Session

from db.models import AreaRow, ChannelRow, OutboxRow
from db.writes import put_all
from domain.ids import new_id
from domain.outbox import UNSENT, MessageState, Severity, Template

NOBODY = "no_channel"  # the code of what had nowhere to go
# written out, since SQLite uses its partial index only for a condition without parameters
IS_UNSENT: ColumnElement[bool] = literal_column(
    f"outbox_message.state IN ({', '.join(repr(s.value) for s in MessageState if s in UNSENT)})"
)
_M, _C, _A = OutboxRow.__table__.c, ChannelRow.__table__.c, AreaRow.__table__.c
_KNOWN = select(_M.dedupe_key).where(_M.dedupe_key.in_(bindparam("keys", expanding=True)))
_COVERING = (
    select(_C.id, _A.path, _C.emergency_only)
    .join(AreaRow.__table__, _A.id == _C.area_id)
    .where(_C.active, _A.path.in_(bindparam("above", expanding=True)))
)


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
    return owe(
        tx,
        channels,
        community_id=community_id,
        area_path=area_path,
        template=template,
        body=body,
        severity=severity,
        dedupe=dedupe,
        incident_id=incident_id,
        ticket_id=ticket_id,
        expires_at=expires_at,
        send_at=send_at,
        now=now,
    )


def owe(
    tx: Session,
    channels: Sequence[UUID | None],
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
    send_at: datetime | None = None,
    now: datetime,
) -> int:
    """Owe a message to these channels; what they have under this `dedupe` already is left alone."""
    owed = {_key(dedupe, channel): channel for channel in channels}
    known = set(tx.scalars(_KNOWN, {"keys": [*owed]}))
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
        put_all(tx, OutboxRow, rows)
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
    parts = area_path.strip("/").split("/")
    above = [f"/{'/'.join(parts[:n])}/" for n in range(1, len(parts) + 1)]
    rows = session.execute(_COVERING, {"above": above})
    found = [(row.path, row.id) for row in rows if emergency or not row.emergency_only]
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
    # what was given up too: nobody needs to hear of it any more
    gone = OutboxRow.state.in_([*UNSENT, MessageState.DEAD])
    tx.execute(update(OutboxRow).where(*mine, gone).values(state=MessageState.SUPERSEDED.value))
    for channel, row in told.items():
        owe(
            tx,
            [channel],
            community_id=row.community_id,
            area_path=row.body["area"],
            template=Template.ALL_CLEAR,
            body=clear or {},
            severity=row.severity,
            dedupe=f"inc:{incident_id.hex}:clear:{now.timestamp():.3f}",
            incident_id=incident_id,
            send_at=now,
            now=now,
        )
    return len(told)
