"""How an incident ends: what was found, by whom, and everybody who was told hears that it is over."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from db import incident_tickets, outbox, rules
from db.incident_events import append, moment
from db.incident_ladder import codes
from db.models import IncidentRow
from domain.access import Actor
from domain.incidents import SAFE, Found, IncidentAction, IncidentState, Method, no_text


def needs_second(tx: Session, row: IncidentRow, actor: Actor) -> bool:
    """Tell whether who closes a grave incident is who answered it: refused, or marked as 单人值班, by the rule."""
    alone = row.severity == 1 and actor.user_id == row.responder_id
    if alone:
        rules.check_separation(tx, "verify", f"预警 {no_text(row.number)} 由您到场处置，请换一位同事核对后结案。")
    return alone


def end(
    tx: Session,
    row: IncidentRow,
    actor: Actor,
    found: Found,
    method: Method,
    *,
    alone: bool,
    now: datetime,
    note: str = "",
) -> IncidentRow:
    """Write the end: the ticket's, the row's, and the all-clear to whoever was told."""
    at = moment(tx, row, now)
    incident_tickets.close_ticket(tx, row, actor, found, alone=alone, now=at)
    values = {
        "state": IncidentState.RESOLVED.value,
        "next_step_at": None,
        "found": found.value,
        "method": method.value,
        "closed_by": actor.user_id,
        "closed_at": at,
    }
    detail: dict[str, Any] = {"found": found.value, "method": method.value, "alone": alone}
    row = append(
        tx, row, IncidentAction.RESOLVE, at=at, actor_id=actor.user_id, values=values, detail=detail, note=note
    )
    told = "已确认平安" if found in SAFE else "已处置"  # a condition is nobody's business in a group chat
    outbox.end_incident(tx, incident_id=row.id, now=at, clear={**codes(tx, row), "found": told})
    return row
