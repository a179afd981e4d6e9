"""The loop beside the pages: a thread for each kind of work, so that none waits for another.

Any number of workers may run: a job's lease says who does it now, and should two do it at once, every step
is claimed by a conditional update in the database.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import db
from db import leases
from domain import clock as clocks
from domain.ids import new_id
from domain.worker import CARE, MINUTE, NIGHTS, SENDING
from jobs import care, minute, nightly
from jobs.sending import Sending

SETTLED_AFTER = timedelta(minutes=2)  # by then it has caught up with what an outage left
_LOG = logging.getLogger("linli")


@dataclass(frozen=True)
class Duty:
    """A job, how often it is looked at, and how long it stays ours without a word."""

    job: str
    every_seconds: float
    lease: timedelta
    does: Callable[[datetime], object]


class Worker:
    """The duties of one process, each on a thread of its own."""

    def __init__(self, clock: Callable[[], datetime] = clocks.now) -> None:
        self.clock = clock
        self.owner = f"{socket.gethostname()[:16]}.{os.getpid()}.{new_id().hex[-8:]}"[:40]
        self.sending = Sending(clock)
        self.began = clock()
        short, long = timedelta(seconds=4), timedelta(seconds=90)
        self.duties = (
            Duty(CARE, 1, short, care.run),
            Duty(SENDING, 0.5, short, self.sending.look),
            Duty(MINUTE, 60, long, self._minute),
            Duty(NIGHTS, 60, long, nightly.tick),
        )
        self._until: dict[str, datetime] = {}  # how long each job is ours
        self._told: dict[str, tuple[str, datetime]] = {}  # what was last written of it
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for duty in self.duties:
            thread = threading.Thread(target=self._keep_at, args=[duty], name=f"linli-{duty.job}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End after what is under way, and leave the jobs to the next worker at once."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.sending.stop()
        try:
            db.run(leases.drop, owner=self.owner)
        except Exception as error:  # they lapse by themselves
            _LOG.error("worker", extra={"fields": {"error": type(error).__name__}})

    def wait(self) -> None:
        """Stay until the process is told to end."""
        while not self._stop.wait(1):  # not for ever at once: on Windows Ctrl-C would find nobody listening
            pass

    def end(self) -> None:
        """Ask it to stop; safe from a signal."""
        self._stop.set()

    def _keep_at(self, duty: Duty) -> None:
        while True:
            self.tick(duty)
            if self._stop.wait(duty.every_seconds):
                return

    def tick(self, duty: Duty) -> bool:
        """Do a job once if it is ours; tell whether it was and went well."""
        now, failure = self.clock(), ""
        try:
            if not self._holds(duty, now):
                return False
            duty.does(now)
        except Exception as error:  # whatever it is: the next turn comes
            failure = type(error).__name__
            _LOG.error(f"worker.{duty.job}", extra={"fields": {"error": failure}})
        self._report(duty, now, failure)
        return not failure

    def _holds(self, duty: Duty, now: datetime) -> bool:
        until = self._until.get(duty.job)
        if until and until - duty.lease <= now < until:
            return True
        self._until.pop(duty.job, None)
        if not db.run(leases.hold, job=duty.job, owner=self.owner, now=now, lasts=duty.lease):
            return False
        self._until[duty.job] = now + duty.lease
        return True

    def _report(self, duty: Duty, now: datetime, failure: str) -> None:
        """Write how it went, and keep the lease with the same write; a job of each second does so every other."""
        told = self._told.get(duty.job)
        if told == (failure, self._until.get(duty.job)) and now < told[1] - duty.lease / 2:
            return
        try:
            if db.run(leases.report, job=duty.job, owner=self.owner, now=now, lasts=duty.lease, failure=failure):
                self._until[duty.job] = now + duty.lease
                self._told[duty.job] = (failure, now + duty.lease)
            else:
                self._until.pop(duty.job, None)
        except Exception as error:  # without a word the lease lapses, and another worker may take it
            _LOG.error("worker.report", extra={"fields": {"error": type(error).__name__}})

    def _minute(self, now: datetime) -> None:
        minute.run(now, settled=now - self.began >= SETTLED_AFTER)
