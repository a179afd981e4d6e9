"""An incident on its ladder: the steps it takes, who is told of them, and beginning anew."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from db import incident_tickets, ladders, outbox
from db.incident_events import append, is_over
from db.models import ElderRow, IncidentRow, IncidentStepRow
from db.writes import put_all
from domain import ladder
from domain.care import UNDO_WITHIN, Tier, Window, code_text
from domain.incidents import CAUSE_LABELS, WHO_LABELS, Cause, IncidentAction, IncidentState, Who, no_text
from domain.ladder import Clock, Taken
from domain.outbox import Severity, Template


def copy_of(tx: Session, elder: ElderRow, window: Window | None, cause: Cause) -> list[dict[str, Any]]:
    tier = window.tier if window else Tier(elder.tier)
    steps = ladders.in_force(tx, elder.community_id, cause)
    return ladder.frozen(steps, cause, tier, hard_of_hearing=elder.hard_of_hearing)


def columns(clock: Clock) -> dict[str, Any]:
    return {"step": clock.step, "repeat_no": clock.repeat_no, "next_step_at": clock.next_at}


def begin(tx: Session, row: IncidentRow, now: datetime) -> None:
    """Take the first step: what nobody but the looker has to do yet may still be undone before it is told."""
    taken = [Taken(0, row.repeat_no, now)]
    looker = ladder.read(row.ladder)[0].who == (Who.LOOKER,)
    keep_steps(tx, row, taken, now)
    tell(tx, row, taken, now, wait=UNDO_WITHIN if looker else timedelta())


def keep_steps(tx: Session, row: IncidentRow, taken: list[Taken], now: datetime) -> None:
    """Note whom each step turned to; the key lets nobody take a step twice."""
    steps = ladder.read(row.ladder)
    rows: list[dict[str, Any]] = [
        {
            "incident_id": row.id,
            "step": one.step,
            "repeat_no": one.repeat_no,
            "who": who.value,
            "at": now,
            "due_at": one.due_at,
        }
        for one in taken
        for who in steps[one.step].who
    ]
    put_all(tx, IncidentStepRow, rows)


def tell(tx: Session, row: IncidentRow, taken: list[Taken], now: datetime, wait: timedelta = timedelta()) -> None:
    """Owe one message for these steps, naming everybody they turn to: catching up is no storm."""
    steps, last = ladder.read(row.ladder), taken[-1]
    names = dict.fromkeys(WHO_LABELS[who] for one in reversed(taken) for who in steps[one.step].who)
    body = {
        **codes(tx, row),
        "cause": CAUSE_LABELS[Cause(row.cause)],
        "who": "、".join(names),
        "step": last.step,
        "repeat": last.repeat_no if last.step == len(steps) - 1 else 0,
    }
    outbox.enqueue(
        tx,
        community_id=row.community_id,
        area_path=row.area_path,
        template=Template.INCIDENT_STEP,
        body=body,
        severity=Severity.EMERGENCY,  # someone may lie behind that curtain: no quiet hours, whatever the cause
        dedupe=f"inc:{row.id.hex}:{last.step}:{last.repeat_no}",
        incident_id=row.id,
        now=now,
        emergency=True,
        send_at=now + wait if wait else None,
    )


def restart(
    tx: Session,
    row: IncidentRow,
    action: IncidentAction,
    at: datetime,
    by: UUID | None,
    values: dict[str, Any],
    detail: dict[str, Any] | None = None,
    note: str = "",
) -> IncidentRow:
    """Begin at the bottom of the ladder; a new lap, so that no step's key comes twice."""
    steps = ladder.read(values.get("ladder", row.ladder))
    clock = ladder.start(steps, at, repeat_no=row.repeat_no + 1)
    cleared = ("acked_by", "acked_at", "eta_at", "found", "method", "closed_by", "closed_at")
    ended = {**dict.fromkeys(cleared), "state": IncidentState.DETECTED.value} if is_over(row) else {"eta_at": None}
    gone = {"responder_id": None, "on_scene_at": None} if is_over(row) else {}
    values = {**ended, **gone, **columns(clock), **values}
    row = append(tx, row, action, at=at, actor_id=by, values=values, detail=detail, note=note)
    begin(tx, row, at)
    return row


def codes(session: Session, row: IncidentRow) -> dict[str, Any]:
    """Say which incident, whose and where as a message may: by number, code and building."""
    elder = session.get_one(ElderRow, row.elder_id)
    building = incident_tickets.place_name(session, elder)
    return {"incident": no_text(row.number), "elder": code_text(elder.number), "building": building}
