"""Incidents: what opens, joins and withdraws one, each in somebody else's transaction; and all the commands."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import incident_tickets, outbox, stat_checkin_writes
from db.incident_clock import SOMEBODY_THERE, audit, escalate
from db.incident_end import end, needs_second
from db.incident_events import append, fresh, incident_of, is_over, make_event, moment
from db.incident_ladder import begin, codes, columns, copy_of, restart
from db.incident_steps import acknowledge, arrive, called, enter, hand_over, note, on_way, reopen, resolve, review
from db.models import ElderRow, IncidentEventRow, IncidentRow
from db.models.incidents import RUNNING
from db.writes import bump, next_number, put
from domain import ladder
from domain.access import Actor
from domain.care import Look, Window
from domain.errors import NotAllowed
from domain.ids import new_id
from domain.incidents import (
    Cause,
    Found,
    Incident,
    IncidentAction,
    IncidentState,
    Method,
)
from domain.live import Topic
from domain.outbox import Severity

__all__ = [
    "acknowledge",
    "arrive",
    "audit",
    "called",
    "enter",
    "escalate",
    "hand_over",
    "hurry",
    "note",
    "note_look",
    "on_way",
    "open_",
    "reopen",
    "resolve",
    "resolve_by_look",
    "review",
    "withdraw",
]


def open_(
    tx: Session,
    *,
    community_id: UUID,
    elder_id: UUID,
    window: Window | None,
    cause: Cause,
    severity: int,
    now: datetime,
    actor: Actor | None = None,
) -> Incident:
    """Open an incident with its ladder, its ticket and its first message, all in the caller's transaction.

    A window has one incident: seen closed once more, it is reopened. What belongs to no window (the button)
    joins what is open for the elder, and a window joins the button's.
    """
    by = actor.user_id if actor else None
    if window is not None and (mine := _of_window(tx, window.id)) is not None:
        return incident_of(_again(tx, mine, cause, severity, by, now))
    if (other := _running(tx, elder_id, window)) is not None:
        return incident_of(_join(tx, other, window, cause, severity, by, now))
    return incident_of(_insert(tx, community_id, elder_id, window, cause, severity, by, now))


def _of_window(tx: Session, window_id: UUID) -> IncidentRow | None:
    return tx.scalars(select(IncidentRow).where(IncidentRow.window_id == window_id)).first()


def _running(tx: Session, elder_id: UUID, window: Window | None) -> IncidentRow | None:
    """Find what is open for the elder that this may join, the gravest first."""
    query = select(IncidentRow).where(IncidentRow.elder_id == elder_id, RUNNING)
    if window is not None:  # another window's incident is its own
        query = query.where(IncidentRow.window_id.is_(None))
    query = query.order_by(IncidentRow.severity, IncidentRow.opened_at.desc())
    return tx.scalars(query.limit(1).execution_options(populate_existing=True)).first()


def _insert(
    tx: Session,
    community_id: UUID,
    elder_id: UUID,
    window: Window | None,
    cause: Cause,
    severity: int,
    by: UUID | None,
    now: datetime,
) -> IncidentRow:
    elder = tx.get_one(ElderRow, elder_id)
    steps = ladder.read(held := copy_of(tx, elder, window, cause))
    clock = ladder.start(steps, now)
    made, number = new_id(), next_number(tx, community_id, "incident")
    detail = {"cause": cause.value, "severity": severity, "window": window.id if window else None}
    event = make_event(
        "",
        incident_id=made,
        community_id=community_id,
        seq=1,
        action=IncidentAction.OPEN.value,
        to_state=IncidentState.DETECTED.value,
        actor_id=by,
        at=now,
        detail={name: value.hex if isinstance(value, UUID) else value for name, value in detail.items()},
    )
    values = {
        "id": made,
        "community_id": community_id,
        "number": number,
        "elder_id": elder_id,
        "window_id": window.id if window else None,
        "ticket_id": incident_tickets.open_ticket(tx, elder, cause, now=now),
        "area_path": elder.area_path,
        "cause": cause.value,
        "severity": severity,
        "state": IncidentState.DETECTED.value,
        "ladder": held,
        **columns(clock),
        "opened_at": now,
        "event_hash": event["hash"],
        "version": 1,
    }
    stat_checkin_writes.touch_incident(tx, made)
    put(tx, IncidentRow, values)
    put(tx, IncidentEventRow, event)
    row = fresh(tx, made)
    begin(tx, row, now)
    bump(tx, community_id, Topic.CARE)
    return row


# --- what is there already ---------------------------------------------------------------------------


def _again(tx: Session, row: IncidentRow, cause: Cause, severity: int, by: UUID | None, now: datetime) -> IncidentRow:
    """The same window once more: what was ended starts anew, what runs takes note."""
    at = moment(tx, row, now)
    if not is_over(row):
        return _louder(tx, row, cause, severity, by, at, {})
    incident_tickets.reopen_ticket(tx, row, by, now=at)
    return restart(tx, row, IncidentAction.REOPEN, at, by, {"severity": min(severity, row.severity)})


def _join(
    tx: Session, row: IncidentRow, window: Window | None, cause: Cause, severity: int, by: UUID | None, now: datetime
) -> IncidentRow:
    """Note that more has come in; what makes it graver starts the ladder of the graver cause at once."""
    values = {"window_id": window.id} if window else {}
    return _louder(tx, row, cause, severity, by, moment(tx, row, now), values)


def _louder(
    tx: Session, row: IncidentRow, cause: Cause, severity: int, by: UUID | None, at: datetime, values: dict[str, Any]
) -> IncidentRow:
    detail: dict[str, Any] = {"cause": cause.value, "severity": min(severity, row.severity)}
    help_now = cause is Cause.BUTTON and row.cause != Cause.BUTTON  # never only a line in what is grave already
    if severity >= row.severity and not help_now:
        if cause is Cause.BUTTON and _is_promised(row):  # pressed once more, the promise is too slow
            values, detail = values | _at_once(row, at), detail | {"hurried": True}
        return append(tx, row, IncidentAction.MERGE, at=at, actor_id=by, values=values, detail=detail)
    elder = tx.get_one(ElderRow, row.elder_id)
    graver = {"severity": severity, "cause": cause.value, "ladder": copy_of(tx, elder, None, cause)}
    return restart(tx, row, IncidentAction.MERGE, at, by, values | graver, detail)


def _is_promised(row: IncidentRow) -> bool:
    """Tell whether the clock waits for somebody who said when they would come, and who is not there."""
    return row.eta_at is not None and row.state not in SOMEBODY_THERE


def _at_once(row: IncidentRow, at: datetime) -> dict[str, Any]:
    return {"next_step_at": min(row.next_step_at or at, at), "eta_at": None}


def hurry(tx: Session, *, incident_id: UUID, wait: timedelta, now: datetime) -> Incident:
    """Two of a different kind say that something is wrong: no waiting for the looker's call; `wait` is for a slip."""
    row = fresh(tx, incident_id)
    if is_over(row) or row.state in SOMEBODY_THERE:
        return incident_of(row)
    at = moment(tx, row, now)
    detail = {"cause": Cause.SIGNAL.value, "severity": int(Severity.EMERGENCY), "hurried": True}
    values = {"severity": detail["severity"], **_at_once(row, at + wait)}
    return incident_of(append(tx, row, IncidentAction.MERGE, at=at, actor_id=None, values=values, detail=detail))


def note_look(
    tx: Session, *, incident_id: UUID, look: Look, observation_id: UUID, by: Actor | None, now: datetime
) -> Incident:
    """Put a look that came in meanwhile on the timeline; the desk decides what it means."""
    row = fresh(tx, incident_id)
    detail = {"look": look.value, "observation": observation_id.hex}
    by_id = by.user_id if by else None
    row = append(tx, row, IncidentAction.OBSERVE, at=moment(tx, row, now), actor_id=by_id, detail=detail)
    return incident_of(row)


def withdraw(tx: Session, *, incident_id: UUID, actor: Actor | None, now: datetime) -> Incident:
    """Take back a slip of the finger: what wasn't sent yet is not sent, whoever was told hears that it's over."""
    row = fresh(tx, incident_id)
    if is_over(row):
        return incident_of(row)
    by, at = actor.user_id if actor else None, moment(tx, row, now)
    incident_tickets.cancel_ticket(tx, row, by, now=at)
    values = {"state": IncidentState.WITHDRAWN.value, "next_step_at": None, "closed_at": at, "closed_by": by}
    row = append(tx, row, IncidentAction.WITHDRAW, at=at, actor_id=by, values=values)
    outbox.end_incident(tx, incident_id=row.id, now=at, clear={**codes(tx, row), "found": "误点，已撤销"})
    return incident_of(row)


def resolve_by_look(
    tx: Session, *, incident_id: UUID, found: Found, method: Method, by: Actor | None, now: datetime
) -> Incident:
    """Close at once because somebody saw or talked to the elder.

    With nobody to name as the closer (a device), or where a second person must close, it is left open.
    """
    row = fresh(tx, incident_id)
    if is_over(row) or by is None:
        return incident_of(row)
    try:
        alone = needs_second(tx, row, by)
    except NotAllowed:
        return incident_of(row)
    return incident_of(end(tx, row, by, found, method, alone=alone, now=now))
