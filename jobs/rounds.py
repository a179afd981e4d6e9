"""At night the rounds of the day before become service records: by then dead spots have sent what they kept."""

from datetime import date, datetime, timedelta

import db
from db import care_awards, jobs
from db.elders import by_community
from domain.clock import local_date

JOB = "rounds"
AFTER = timedelta(days=1, hours=3)  # from the midnight with which a day began
DAYS_BACK = 7  # so long the program may have been down


def pay(now: datetime) -> int:
    """Write the records of the days that are over; give for how many days."""
    latest = local_date(now - AFTER)
    return sum(_pay_day(latest - timedelta(days=back), now) for back in range(DAYS_BACK))


def _pay_day(day: date, now: datetime) -> bool:
    """A community at a time, the day taken last: killed half-way it is done again, and nothing is paid twice."""
    if db.read(jobs.is_taken, job=JOB, day=day):
        return False
    for community in db.read(by_community):
        db.run(care_awards.record, community_id=community, day=day, now=now)
    return db.run(jobs.claim_day, job=JOB, day=day, now=now)
