"""The clock of 平安守望: windows made the evening before, taken on when due, and missed when one is not there."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import db
from db import absences, handovers, jobs, unwatched, windows
from db.elders import by_community
from domain.care import MAKE_AT_HOUR
from domain.clock import local_date
from domain.windows import days_made
from jobs.taking import take

JOB = "windows"
BATCH = 10  # well under a tenth of a second: so long others wait to write, so much is lost with a worker killed


def sweep(now: datetime) -> int:
    """Take on all that is due; give how many windows moved. Where nothing is, nobody else is kept from writing."""
    if not db.read(windows.is_due, now=now):
        return 0

    def move(**some: Any) -> int:
        return db.run(windows.sweep, now=now, **some).moved

    return take(move, lambda: db.read(windows.due_ids, now=now), BATCH)


def make(now: datetime) -> int:
    """Make what should be there by now, a community at a time; each day once.

    The day is taken last: killed half-way, the next minute does it again, and nothing is made twice. A community
    that fails keeps no other from its day, and is tried again as long.
    """
    made, first = 0, None
    for day in days_made(now, MAKE_AT_HOUR):
        if db.read(jobs.is_taken, job=JOB, day=day):
            continue
        done, failed = _make(day, now)
        made, first = made + done, first or failed
        if failed is None:
            db.run(jobs.claim_day, job=JOB, day=day, now=now)
    if first is not None:
        raise first
    return made


def _make(day: date, now: datetime) -> tuple[int, Exception | None]:
    return _in_each(lambda community: db.run(windows.make_day, day=day, community_id=community, now=now))


def _in_each(does: Callable[[UUID], int]) -> tuple[int, Exception | None]:
    """Do it in each community, whatever happens in another; give the sum, and the first thing that went wrong."""
    done, first = 0, None
    for community in db.read(by_community):
        try:
            done += does(community)
        except Exception as error:
            first = first or error
    return done, first


def tell_past(now: datetime) -> int:
    """Say which days went by without a worker; give how many elders' days. As with `make`, the days are taken last."""
    days = db.read(unwatched.gap, today=local_date(now))

    def tell(community: UUID) -> int:
        owed = db.read(unwatched.owed, community_id=community, days=days)  # it takes long: not while others wait
        return db.run(unwatched.tell, community_id=community, owed=owed, now=now) if owed else 0

    told, first = _in_each(tell) if days else (0, None)
    if first is not None:
        raise first
    if days:
        db.run(unwatched.done, days=days, now=now)
    return told


def check(now: datetime) -> int:
    """Look for windows that are not there though their day was made: raise it and make them; give how many."""
    made = (day for day in days_made(now, MAKE_AT_HOUR) if db.read(jobs.is_taken, job=JOB, day=day))
    return sum(db.run(windows.mend, day=day, now=now) for day in made if db.read(windows.missing, day=day))


def settle(now: datetime) -> int:
    """Give away what nobody answered, and end the absences that are over."""

    def expire(**some: Any) -> int:
        return db.run(handovers.expire, now=now, **some)

    try:
        given = take(expire, lambda: db.read(handovers.due_ids, now=now), BATCH)
    finally:  # an offer that can't be settled must not keep an absence from its end
        ended = db.run(absences.close_due, now=now)
    return given + ended
