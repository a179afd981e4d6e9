"""Each second: what fell due for somebody at home alone. All of it before anything else."""

from datetime import datetime
from typing import Any
from uuid import UUID

import db
from db import incident_clock
from jobs import windows
from jobs.taking import take

BATCH = 25


def run(now: datetime) -> int:
    """Take on what is due and climb the ladders; after an outage until nothing is left behind."""
    try:
        moved = windows.sweep(now)
    finally:  # a window that can't be swept must not keep an open incident from its next step
        climbed = escalate(now)
    return moved + climbed


def escalate(now: datetime) -> int:
    def climb(**some: Any) -> int:
        return db.run(incident_clock.escalate, now=now, **some)

    return take(climb, lambda: db.read(incident_clock.due_ids, now=now), BATCH)


def audit(now: datetime) -> int:
    """Set going again what stands still, one by one if one of them can't be."""

    def put_right(*, only: UUID | None = None, **_batch: Any) -> int:
        return db.run(incident_clock.audit, now=now, only=only)

    return take(put_right, lambda: db.read(incident_clock.out_of_step_ids, now=now), BATCH)
