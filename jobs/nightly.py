"""What is done each night, once on any number of processes.

At night the database is backed up and fourteen backups are kept; old drafts go, and photos that nobody kept.
"""

import logging
from datetime import datetime, time, timedelta
from typing import Any

import db
from db import attachments, backup, blobs, drafts, jobs
from domain.clock import local, local_date
from domain.errors import Refused
from jobs import points, rounds

JOB = "nightly"
AFTER = time(2, 30)  # nobody works then, and the day before is over
RETRY_AFTER = timedelta(hours=1)
_LOG = logging.getLogger("linli")


def due(*, now: datetime, job: str = JOB) -> bool:
    """Claim this night's run of a job; false before the hour, or if another process has it."""
    return local(now).time() >= AFTER and db.run(jobs.claim_day, job=job, day=local_date(now), now=now)


def due_again(*, now: datetime) -> bool:
    """Claim one more try at a backup that failed this night, an hour after the last one."""
    return db.run(jobs.claim_retry, job=JOB, day=local_date(now), now=now, wait=RETRY_AFTER)


def back_up(now: datetime) -> bool:
    """Back up, prune, and leave word for the settings page, whichever way it went."""
    if not (due(now=now) or due_again(now=now)):
        return False
    file = backup.nightly_folder() / f"nightly-{local(now):%Y%m%d}.zip"
    try:
        backup.write(file, now=now)
        backup.prune()
    except Exception as error:
        told = error.message if isinstance(error, Refused) else "备份没有写成，原因在日志里。"
        _note(now, ok=False, file=file.name, error=told)
        raise
    _note(now, ok=True, file=file.name, error="")
    return True


def drop_drafts(now: datetime) -> bool:
    if not due(now=now, job="drafts"):
        return False
    db.run(drafts.drop_old, now=now)
    return True


def sweep_photos(now: datetime) -> bool:
    if not due(now=now, job="sweep"):
        return False
    sweep(now)
    return True


def sweep(now: datetime) -> int:
    """Drop pictures that came in more than a day ago and lie on no ticket; give how many."""
    before = now - attachments.GRACE
    blobs.clear_parts(before)
    batches = db.read(attachments.orphans, now=now)
    return sum(db.run(attachments.drop_unused, digests=batch, before=before) for batch in batches)


def _note(now: datetime, **outcome: Any) -> None:
    db.run(jobs.note_run, job=JOB, outcome={"at": now.isoformat(), **outcome})


# each claims its own night, so that what fails takes no other with it
_JOBS = (
    ("job.rounds", rounds.pay),
    ("job.points", points.close_day),
    ("job.nightly", back_up),
    ("job.drafts", drop_drafts),
    ("job.sweep", sweep_photos),
)


def tick(now: datetime) -> None:
    """Do what is due; what fails keeps no other job from its turn."""
    for name, job in _JOBS:
        try:
            if job(now):
                _LOG.info(name)
        except Exception as error:  # the next minute or night has its own chance; the app must live on
            _LOG.error(name, extra={"fields": {"error": type(error).__name__}})
