"""The loop beside the pages: each minute what the ledger owes, each night a backup, once on any number of processes.

At night photos that nobody kept are swept, the database is backed up, fourteen backups are kept.
"""

import asyncio
import contextlib
import logging
from datetime import datetime, time
from typing import Any

import db
from db import attachments, backup, blobs, drafts, jobs
from domain.clock import local, local_date, now
from domain.errors import Refused
from jobs import points

JOB = "nightly"
AFTER = time(2, 30)  # nobody works then, and the day before is over
TICK_SECONDS = 60.0
_LOG = logging.getLogger("linli")


def due(*, now: datetime) -> bool:
    """Claim tonight's backup; false before its hour, or if another process has it."""
    return local(now).time() >= AFTER and db.run(jobs.claim_day, job=JOB, day=local_date(now), now=now)


def run_nightly(now: datetime) -> None:
    """Back up, prune, and leave word for the settings page, whichever way it went."""
    file = backup.nightly_folder() / f"nightly-{local(now):%Y%m%d}.zip"
    try:
        backup.write(file, now=now)
        backup.prune()
    except Exception as error:
        told = error.message if isinstance(error, Refused) else "备份没有写成，原因在日志里。"
        _note(now, ok=False, file=file.name, error=told)
        raise
    _note(now, ok=True, file=file.name, error="")
    db.run(drafts.drop_old, now=now)
    sweep(now)


def sweep(now: datetime) -> int:
    """Drop pictures that came in more than a day ago and lie on no ticket; give how many."""
    before = now - attachments.GRACE
    blobs.clear_parts(before)
    batches = db.read(attachments.orphans, now=now)
    return sum(db.run(attachments.drop_unused, digests=batch, before=before) for batch in batches)


def _note(now: datetime, **outcome: Any) -> None:
    db.run(jobs.note_run, job=JOB, outcome={"at": now.isoformat(), **outcome})


def night(now: datetime) -> bool:
    if not due(now=now):
        return False
    run_nightly(now)
    return True


_JOBS = (("job.release", points.release), ("job.points", points.close_day), ("job.nightly", night))


def tick(now: datetime) -> None:
    """Do what is due; what fails keeps no other job from its turn."""
    for name, job in _JOBS:
        try:
            if job(now):
                _LOG.info(name)
        except Exception as error:  # the next minute or night has its own chance; the app must live on
            _LOG.error(name, extra={"fields": {"error": type(error).__name__}})


async def loop(stop: asyncio.Event) -> None:
    """Look every minute until told to stop; a backup under way is brought to its end."""
    while not stop.is_set():
        await asyncio.to_thread(tick, now())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TICK_SECONDS)
