"""The ladder going on by itself: what has fallen due is done once, whoever else is at it; and the auditor behind it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from db import outbox
from db.incident_events import append
from db.incident_ladder import columns, keep_steps, tell
from db.models import IncidentRow
from db.models.incidents import RUNNING
from domain import ladder
from domain.incidents import IncidentAction, IncidentState, no_text
from domain.ladder import Clock, Taken
from domain.outbox import Severity, Template

LATE = timedelta(minutes=3)  # nobody moved it on for so long: its job is dead
SOMEBODY_THERE = (IncidentState.ON_SCENE, IncidentState.ENTRY, IncidentState.HANDED_OVER)


def escalate(tx: Session, *, now: datetime, limit: int = 100, only: UUID | None = None) -> int:
    """Take every step that has fallen due, the gravest and newest first; give how many incidents moved.

    Safe to run anywhere at once: rows that another worker holds are its own, and a step's key is taken once.
    """
    due = _due(select(IncidentRow), now).limit(limit).with_for_update(skip_locked=True)
    if only is not None:
        due = due.where(IncidentRow.id == only)
    rows = tx.scalars(due.execution_options(populate_existing=True)).all()
    for row in rows:
        _go_on(tx, row, now)
    return len(rows)


def due_ids(session: Session, *, now: datetime) -> list[UUID]:
    """List what has fallen due, for when it has to be taken on one by one."""
    return list(session.scalars(_due(select(IncidentRow.id), now)))


def _due(query: Select[Any], now: datetime) -> Select[Any]:
    due = query.where(RUNNING, IncidentRow.next_step_at <= now)
    return due.order_by(IncidentRow.severity, IncidentRow.opened_at.desc(), IncidentRow.id)


def _go_on(tx: Session, row: IncidentRow, now: datetime) -> IncidentRow:
    steps = ladder.read(row.ladder)
    assert row.next_step_at is not None
    taken, clock = ladder.due(steps, Clock(row.step, row.repeat_no, row.next_step_at), now)
    for one in taken:
        after = columns(clock) if one is taken[-1] else {"step": one.step, "repeat_no": one.repeat_no}
        values = after | {"eta_at": None}  # an answer whose time has passed counts no more
        row = append(tx, row, IncidentAction.STEP, at=now, actor_id=None, values=values, detail=_told(row, one))
    keep_steps(tx, row, taken, now)
    tell(tx, row, taken, now)
    return row


def _told(row: IncidentRow, one: Taken) -> dict[str, Any]:
    who = row.ladder[one.step]["who"]
    missed = row.eta_at is not None
    return {"step": one.step, "repeat": one.repeat_no, "who": who, "due": one.due_at.isoformat(), "eta_missed": missed}


def audit(tx: Session, *, now: datetime, only: UUID | None = None) -> int:
    """Find open incidents that nobody moves on, set them going again, and say so; give how many.

    It is a job of its own, so that it notices when the other one has died; and it finds what waits for a time
    that a clock set back has put far away.
    """
    query = _out_of_step(select(IncidentRow), now)
    if only is not None:
        query = query.where(IncidentRow.id == only)
    rows = tx.scalars(query.with_for_update(skip_locked=True).execution_options(populate_existing=True)).all()
    return sum(_put_right(tx, row, now) for row in rows)


def out_of_step_ids(session: Session, *, now: datetime) -> list[UUID]:
    """List what the audit looks at, for when it has to be looked at one by one."""
    return list(session.scalars(_out_of_step(select(IncidentRow.id), now)))


def _out_of_step(query: Select[Any], now: datetime) -> Select[Any]:
    late = or_(IncidentRow.next_step_at <= now - LATE, IncidentRow.next_step_at > now)
    return query.where(RUNNING, late).order_by(IncidentRow.severity, IncidentRow.id)


def _put_right(tx: Session, row: IncidentRow, now: datetime) -> bool:
    steps, was = ladder.read(row.ladder), row.next_step_at
    assert was is not None
    answered = row.eta_at is not None or row.state in SOMEBODY_THERE
    farthest = now + ladder.farthest(steps, row.step, answered=answered)
    if now < was <= farthest:
        return False
    values, detail = {"next_step_at": min(was, farthest)}, {"next": was.isoformat()}
    row = append(tx, row, IncidentAction.AUDIT, at=now, actor_id=None, values=values, detail=detail)
    if was <= now:
        row = _go_on(tx, row, now)
    _raise(tx, row, now)
    return True


def _raise(tx: Session, row: IncidentRow, now: datetime) -> None:
    outbox.enqueue(
        tx,
        community_id=row.community_id,
        area_path=row.area_path,
        template=Template.ALERT,
        body={"text": f"预警 {no_text(row.number)} 的逐级通知停过，已补上，请检查后台任务。"},
        severity=Severity.URGENT,
        dedupe=f"audit:{row.id.hex}:{row.version}",
        now=now,
    )
