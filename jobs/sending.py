"""Sends what is owed: each channel by one thread at a time, so that a robot that hangs holds up nobody else."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from uuid import UUID

import db
import settings
from db import canaries, outbox_sending
from db.outbox_sending import Post
from domain.delivery import Answer, Outcome
from domain.errors import Busy
from jobs import channels, traces
from jobs.channels import http
from jobs.traces import Slot, Trace

THREADS = 16
_LOG = logging.getLogger("linli")


class Sending:
    """The threads of this process that talk to channels."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.pool = ThreadPoolExecutor(THREADS, "linli-sending")
        self.busy: dict[UUID, Future[int]] = {}
        self.ended = False
        self.folder = settings.current().data_dir / "sending"
        self.trace = Trace(self.folder, THREADS)

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
        self.ended = True
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.trace.close()

    def _go_on_for_the_dead(self, now: datetime) -> None:
        """Settle at once what a killed sender of this machine left: its lease would take half a minute."""
        with traces.dead(self.folder) as found:
            for one in found:
                db.run(outbox_sending.take_over, owner=one.owner, left=one.left, now=now)

    def _empty(self, channel_id: UUID) -> int:
        """Send until the channel has nothing more due, has had enough for this minute, or fails."""
        done = 0
        try:
            while not self.ended and (post := self._claim(channel_id)):
                done += 1
                with self.trace.slot(post.lease) as slot:
                    if not self._send(post, slot):
                        break
        except Exception as error:  # its messages stay owed, and the other channels go on
            _LOG.error("sending", extra={"fields": {"error": type(error).__name__, "channel": channel_id.hex}})
        return done

    def _claim(self, channel_id: UUID) -> Post | None:
        return db.run(outbox_sending.claim, channel_id=channel_id, now=self.clock(), owner=self.trace.owner)

    def _send(self, post: Post, slot: Slot) -> bool:
        if not db.read(outbox_sending.still_wanted, post=post):
            return True
        started = time.monotonic()
        http.leaves.set(slot.leaves)
        answer = deliver(post, self.clock)
        slot.answered(answer)
        millis = round(1000 * (time.monotonic() - started))
        self._note(post, answer, millis)
        return answer.ok

    def _note(self, post: Post, answer: Answer, millis: int) -> None:
        """Write down what became of a post however busy the database is: unwritten, it would go out once more."""
        while True:
            try:
                db.run(outbox_sending.settle, post=post, answer=answer, millis=millis, now=self.clock())
            except Busy:
                if self.ended:
                    raise
            else:
                return


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
