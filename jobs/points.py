"""The ledger's own work: unfetched orders go back each minute; at night points expire, and chains are anchored."""

from datetime import datetime, time

import db
from db import anchors, expiry, jobs, ledger, shop
from domain.clock import local, local_date

JOB = "points"
AFTER = time(0, 5)  # the day whose last points are over has ended


def release(now: datetime) -> int:
    """Give back what nobody fetched in time; safe to run twice and on two machines."""
    done = 0
    while count := db.run(shop.release_overdue, now=now):
        done += count
    return done


def close_day(now: datetime) -> bool:
    """Expire what is due, tell of what soon is, then keep the ends of the chains outside; once a day.

    The day is taken last: killed half-way, the next minute does it again, and nothing is done twice.
    """
    today = local_date(now)
    if local(now).time() < AFTER or db.read(jobs.is_taken, job=JOB, day=today):
        return False
    release(now)  # what nobody fetched comes back first, and may be over as well
    while db.run(expiry.expire_due, now=now):
        pass
    db.run(expiry.tell, now=now)
    anchors.write(db.read(ledger.heads), now=now)
    return db.run(jobs.claim_day, job=JOB, day=today, now=now)
