"""What jobs leave in the database: which days are taken, and how the last run went."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from db import rules
from db.models import DayRow


def claim_day(tx: Session, *, job: str, day: date, now: datetime) -> bool:
    """Take this job's day; whoever comes second is told no."""
    if tx.get(DayRow, (job, day)):
        return False
    tx.add(DayRow(job=job, day=day, at=now))
    tx.flush()  # two at once meet at the primary key, and the loser runs again
    return True


def claim_retry(tx: Session, *, job: str, day: date, now: datetime, wait: timedelta) -> bool:
    """Take a day again whose run failed, once it was taken this long ago; of two at once one has it."""
    if (last_run(tx, job=job) or {"ok": True})["ok"]:
        return False
    mine = (DayRow.job == job, DayRow.day == day, DayRow.at <= now - wait)
    taken = tx.execute(update(DayRow).where(*mine).values(at=now))
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def is_taken(session: Session, *, job: str, day: date) -> bool:
    return session.get(DayRow, (job, day)) is not None


def note_run(tx: Session, *, job: str, outcome: dict[str, Any]) -> None:
    rules.put(tx, f"job.{job}", outcome)


def last_run(session: Session, *, job: str) -> dict[str, Any] | None:
    """Say how the last run went; none if there was none yet."""
    found: dict[str, Any] | None = rules.get_raw(session, f"job.{job}")
    return found
