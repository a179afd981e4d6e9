"""Sends what is owed: each channel by one thread at a time, so that a robot that hangs holds up nobody else."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import db
import settings
from db import canaries, outbox_doubt, outbox_sending
from db.engine import OUTAGE
from db.outbox_sending import Post
from domain.delivery import Answer, Outcome
from domain.errors import Busy
from jobs import channels, traces
from jobs.channels import http
from jobs.traces import Slot, Trace

THREADS = 16
TRY_AGAIN_SECONDS = 60.0  # a dead process's file that could not be dealt with
PAUSE_SECONDS = (0.05, 1.0)  # the first and the longest, while the database is away
_LOG = logging.getLogger("linli")


class Sending:
    """The threads of this process that talk to channels."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.pool = ThreadPoolExecutor(THREADS, "linli-sending")
        self.busy: dict[UUID, Future[None]] = {}
        self.ending = threading.Event()
        self.folder = _folder()
        self.trace = Trace(self.folder, THREADS)
        self._later: dict[Path, float] = {}

    def look(self, now: datetime) -> int:
        """Begin on every channel that something is due for; give how many were begun."""
        self._go_on_for_the_dead(now)
        self.busy = {channel: work for channel, work in self.busy.items() if not work.done()}
        due = [one for one in db.read(outbox_sending.channels_due, now=now) if one not in self.busy]
        for channel_id in due:
            self.busy[channel_id] = self.pool.submit(self._empty, channel_id)
        return len(due)

    def settle(self, timeout_seconds: float | None = None) -> None:
        """Wait until every channel that was begun is done."""
        wait(list(self.busy.values()), timeout_seconds)

    def stop(self) -> None:
        """Let what is under way come to its end, which takes no longer than one request."""
        self.ending.set()
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.trace.close()

    def _go_on_for_the_dead(self, now: datetime) -> None:
        """Settle at once what a killed sender of this machine left: its lease would take half a minute.

        Whatever goes wrong with it, the lease is there for it, and nobody else's message waits.
        """
        for path in traces.files(self.folder):
            if time.monotonic() < self._later.get(path, 0):
                continue
            try:
                with traces.dead(path) as one:
                    if one and db.run(outbox_sending.take_over, owner=one.owner, left=one.left, now=now):
                        path.unlink()
            except Busy:
                return  # the others would wait as long: at the next look
            except Exception as error:
                self._later[path] = time.monotonic() + TRY_AGAIN_SECONDS
                _LOG.error("sending.dead", extra={"fields": {"error": type(error).__name__, "file": path.name}})

    def _empty(self, channel_id: UUID) -> None:
        """Send until the channel has nothing more due, has had enough for this minute, or fails."""
        try:
            while not self.ending.is_set():
                with self.trace.slot() as slot:
                    post = self._claim(channel_id, slot)
                    if post is None or not self._send(post, slot):
                        break
        except Exception as error:  # its messages stay owed, and the other channels go on
            _LOG.error("sending", extra={"fields": {"error": type(error).__name__, "channel": channel_id.hex}})

    def _claim(self, channel_id: UUID, slot: Slot) -> Post | None:
        try:
            return db.run(outbox_sending.claim, channel_id=channel_id, now=self.clock(), lease=slot.lease)
        except OUTAGE:  # it may have been committed all the same
            self._give_back(channel_id, slot)
            raise

    def _send(self, post: Post, slot: Slot) -> bool:
        try:
            if not db.read(outbox_sending.still_wanted, post=post):
                return True
        except Exception:  # whatever it is, nothing has left: lapsing, it would count as sent
            self._give_back(post.line.channel_id, slot)
            raise
        started = time.monotonic()
        http.leaves.set(slot.leaves)
        answer = deliver(post, self.clock)
        slot.answered(answer)
        millis = round(1000 * (time.monotonic() - started))
        self._note(post, answer, millis)
        return answer.ok

    def _give_back(self, channel_id: UUID, slot: Slot) -> None:
        self._surely(outbox_doubt.give_back, channel_id=channel_id, lease=slot.lease)
        slot.done()

    def _note(self, post: Post, answer: Answer, millis: int) -> None:
        self._surely(outbox_sending.settle, post=post, answer=answer, millis=millis)

    def _surely(self, command: Callable[..., None], **call: Any) -> None:
        """Write down what became of a post, however long the database is busy or away: else it would go out again."""
        pause, longest = PAUSE_SECONDS
        while True:
            try:
                return db.run(command, now=self.clock(), **call)
            except (Busy, *OUTAGE) as error:
                if pause == PAUSE_SECONDS[0]:
                    _LOG.error("sending.unwritten", extra={"fields": {"error": type(error).__name__}})
                if self.ending.is_set():
                    raise
            self.ending.wait(pause)
            pause = min(2 * pause, longest)


def _folder() -> Path:
    """Give the place of the traces: one for the demo and the file that follows it, since a process outlives that."""
    held = settings.current()
    return traces.folder_of(held.data_dir, held.url if held.database_url else "")


def deliver(post: Post, clock: Callable[[], datetime]) -> Answer:
    """Hand each part of a post to its channel, and stop at the first that is not taken."""
    answer = Answer(Outcome.REFUSED, "error")
    for text in post.texts:
        try:
            answer = channels.send(post.line, text, clock())
        except Exception as error:  # a sender's mistake is no answer, and may have come after the sending
            _LOG.error("sender", extra={"fields": {"error": type(error).__name__, "kind": post.line.kind.value}})
            answer = Answer(Outcome.UNKNOWN, "error", timedelta(seconds=5))
        if not answer.ok:
            break
    return answer


def canary(now: datetime) -> int:
    return db.run(canaries.owe, now=now)
