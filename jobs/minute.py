"""What is looked at once a minute, none of it keeping another from its turn; and the ping of the dead man's switch."""

import logging
from collections.abc import Callable
from datetime import datetime

import db
import settings
from db import absence_notices, canaries, channels, ticket_notices, worker_state
from domain.worker import CARE, SENDING, late
from jobs import care, points, windows
from jobs.channels import http

_LOG = logging.getLogger("linli")

STEPS: tuple[tuple[str, Callable[[datetime], object]], ...] = (
    ("windows.make", windows.make),
    ("windows.past", windows.tell_past),
    ("windows.settle", windows.settle),
    ("absences.remind", lambda now: db.run(absence_notices.remind, now=now)),
    ("canary", lambda now: db.run(canaries.owe, now=now)),
    ("tickets.due", lambda now: db.run(ticket_notices.of_time, now=now)),
    ("job.release", points.release),
    ("messages.stopped", lambda _now: db.read(channels.owes_stopped) and db.run(channels.settle_stopped)),
)


def run(now: datetime, *, settled: bool) -> None:
    """Do the minute's work, then audit; if all of it is well, say so to whoever watches from outside.

    `settled`: this worker has been up long enough to have caught up, so that what is late now is a fault.
    Raises if anything was wrong, which leaves the job's last good run where it was.
    """
    failed = [name for name, step in STEPS if not _goes_well(name, step, now)]
    if faults := failed + (audit(now) if settled else []):
        raise RuntimeError("、".join(faults)[:200])
    if settled:
        ping()


def _goes_well(name: str, step: Callable[[datetime], object], now: datetime) -> bool:
    try:
        if step(now):
            _LOG.info(name)
    except Exception as error:  # the next minute has its own chance
        _LOG.error(name, extra={"fields": {"error": type(error).__name__}})
        return False
    return True


def audit(now: datetime) -> list[str]:
    """Look for what must never be: name it, and set it going again where that can be done."""
    known = db.read(worker_state.went_well)
    checks: dict[str, Callable[[], object]] = {
        "late": lambda: {CARE, SENDING} & {*late(known, now)},
        "stuck_incidents": lambda: care.audit(now),
        "missing_windows": lambda: windows.check(now),
        "overdue_messages": lambda: db.read(worker_state.overdue_emergencies, now=now),
    }
    return [name for name, check in checks.items() if not _goes_well(name, lambda _now, c=check: _nothing(c), now)]  # type: ignore[misc]


class Fault(Exception):
    """The audit found something."""


def _nothing(check: Callable[[], object]) -> None:
    if check():
        raise Fault


def ping() -> None:
    """Ask the outside address that raises the alarm when it is no longer asked."""
    if url := settings.current().ping_url:
        try:
            http.request(url)
        except (http.Unreachable, http.Cut) as error:
            _LOG.error("ping", extra={"fields": {"error": type(error).__name__}})
