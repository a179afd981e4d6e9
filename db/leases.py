"""Who does which job now, and when it last went well: one row a job."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from db.models import LeaseRow

NOTE_MAX = 200


@dataclass(frozen=True)
class Lease:
    job: str
    owner: str
    until: datetime | None
    ran_at: datetime | None
    ok_at: datetime | None
    note: str


def hold(tx: Session, *, job: str, owner: str, now: datetime, lasts: timedelta) -> bool:
    """Take or keep a job; false while another holds it. What lapsed is free for whoever comes first."""
    row = LeaseRow
    # a clock put back must not leave a job with an owner who is gone: no lease reaches far into the future
    free = or_(row.owner == owner, row.until.is_(None), row.until <= now, row.until > now + 2 * lasts)
    taken = tx.execute(update(row).where(row.job == job, free).values(owner=owner, until=now + lasts))
    if taken.rowcount == 1:  # type: ignore[attr-defined]
        return True
    if tx.get(row, job) is not None:
        return False
    tx.execute(insert(row).values(job=job, owner=owner, until=now + lasts))
    return True


def report(tx: Session, *, job: str, owner: str, now: datetime, lasts: timedelta, failure: str = "") -> bool:
    """Note how a run went and keep the job; false if it is no longer ours."""
    told = {"ran_at": now, "until": now + lasts, "note": failure[:NOTE_MAX]} | ({} if failure else {"ok_at": now})
    done = tx.execute(update(LeaseRow).where(LeaseRow.job == job, LeaseRow.owner == owner).values(**told))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def drop(tx: Session, *, owner: str) -> None:
    """Leave every job to the next worker at once: this one ends."""
    tx.execute(update(LeaseRow).where(LeaseRow.owner == owner).values(owner="", until=None))


def listed(session: Session) -> dict[str, Lease]:
    rows = session.scalars(select(LeaseRow).order_by(LeaseRow.job))
    return {row.job: Lease(row.job, row.owner, row.until, row.ran_at, row.ok_at, row.note) for row in rows}
