"""Each second: what fell due for somebody at home alone. All of it before anything else."""

from datetime import datetime

import db
from db import incident_clock
from jobs import windows

BATCH = 25


def run(now: datetime) -> int:
    """Take on what is due and climb the ladders; after an outage until nothing is left behind."""
    try:
        moved = windows.sweep(now)
    finally:  # a window that can't be swept must not keep an open incident from its next step
        climbed = escalate(now)
    return moved + climbed


def escalate(now: datetime) -> int:
    done = 0
    while count := db.run(incident_clock.escalate, now=now, limit=BATCH):
        done += count
    return done
