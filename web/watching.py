"""One watcher a process: it sees that something was written, reads each board once, and tells its viewers.

What is sent is the difference between what a viewer has and the newest drawing, made when there is room
to send it. So no state can be missed and none is old: many writes in one tick are one message, and a slow
reader skips what lies between. The read is the truth; there is no log of changes to lose.
"""

import asyncio
import contextlib
import heapq
import json
import time
import zlib
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import anyio

import db
from db import live
from domain.access import Actor
from domain.clock import now
from web import live_views, logs, patches
from web.live_views import Asked
from web.patches import Sums

POLL_SECONDS = 0.1
AGAIN_AFTER_SECONDS = 0.2  # one drawing is not made anew more often
REFRESH_SECONDS = 30.0  # nor more seldom: a ticket becomes late though nobody writes, and a kept board lasts a minute
FAULT_SECONDS = 1.0
READERS, ASKERS = 2, 4  # threads that draw boards, and those for small questions
SESSIONS_KEPT = 5_000  # in the order of turns
Stamps = dict[tuple[str, UUID], int]
PATCHES_KEPT = 8  # of one drawing: those who follow it have mostly the same


class Drawing:
    """A page as it stood at one moment, in pieces."""

    def __init__(self, drawn: live_views.Drawn, versions: dict[UUID, int], at: datetime, begun: float) -> None:
        self.pieces = patches.split(drawn.html)
        self.sums = patches.sums_of(self.pieces)
        self.figures, self.stamp = drawn.figures, drawn.stamp
        self.figures_sum = zlib.crc32(drawn.figures.encode())
        self.versions, self.at, self.begun = versions, at, begun
        self._made: dict[tuple[Sums, bool], str] = {}
        self._making = asyncio.Lock()

    async def patch(self, had: Sums, *, with_figures: bool, shared: bool) -> str:
        """Give the message, without its opening brace, for who has these pieces; made once for all of them."""
        key = (had, with_figures)
        async with self._making:
            if key in self._made:
                return self._made[key]
            # a whole board is long: others are not to wait while it is written
            made = await anyio.to_thread.run_sync(self._patch, had, with_figures)
            if shared:
                if len(self._made) >= PATCHES_KEPT:
                    self._made.clear()
                self._made[key] = made
            return made

    def _patch(self, had: Sums, with_figures: bool) -> str:
        said = {"stamp": self.stamp, "at": moment(self.at), "of": len(had)}
        said["ops"] = patches.operations(had, self.pieces, self.sums)  # type: ignore[assignment]
        if with_figures:
            said["figures"] = self.figures  # type: ignore[assignment]
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))[1:]


def moment(at: datetime) -> int:
    """Say a moment in milliseconds, as the browser compares it."""
    return round(at.timestamp() * 1000)


class Viewer:
    """One connection: what it follows, what it has, and a bell for when there is more."""

    def __init__(self, actor: Actor, session: str = "") -> None:
        self.actor, self.session = actor, session
        self.reach: live.Reach | None = None
        self.asked: Asked | None = None
        self.channel: Channel | None = None
        self.bell = asyncio.Event()
        self.number = 0  # of its subscription: an answer to an older one is thrown away
        self.sums: Sums = ()
        self.figures = 0  # CRC-32
        self.seen = (0, 0)  # stamp and moment of what it shows
        self.since = 0.0
        self.answered = False
        self.ticket: UUID | None = None
        self.version = 0

    async def next_message(self) -> str | None:
        """Give what brings this viewer up to date, or None; it counts as sent."""
        drawing = self.channel.drawing if self.channel else None
        if drawing is None or not self._wants(drawing):
            return None
        version = drawing.versions.get(self.ticket, 0) if self.ticket else 0
        changed = (drawing.sums != self.sums, drawing.figures_sum != self.figures, version != self.version)
        if self.answered and not any(changed) and drawing.stamp == self.seen[0]:
            return None
        shared, asked_at = self.channel is not None and len(self.channel.viewers) > 1, self.since
        body = await drawing.patch(self.sums, with_figures=changed[1], shared=shared)
        if self.since != asked_at:
            return None  # it has said anew what it has, and rung
        told = f'"ticket":["{self.ticket}",{version}],' if version and changed[2] else ""
        self.sums, self.figures, self.version = drawing.sums, drawing.figures_sum, version
        self.seen, self.answered = (drawing.stamp, moment(drawing.at)), True
        return f'{{"sub":{self.number},{told}{body}'

    def _wants(self, drawing: Drawing) -> bool:
        """Take nothing older than what it shows: its own step may have run before the watcher looked."""
        return drawing.begun >= self.since or (drawing.stamp, moment(drawing.at)) >= self.seen


class Channel:
    """All viewers of one drawing."""

    def __init__(self, key: object, actor: Actor, asked: Asked, communities: frozenset[UUID]) -> None:
        self.key, self.actor, self.asked, self.communities = key, actor, asked, communities
        self.viewers: set[Viewer] = set()
        self.drawing: Drawing | None = None
        self.read_at: tuple[int, ...] | None = None  # the stamps before the last read
        self.wanted = True
        self.reading = False
        self.begun = self.not_before = 0.0

    def place(self, stamps: Stamps) -> tuple[int, ...]:
        topics = live_views.TOPICS[self.asked.page]
        return tuple(stamps.get((topic, community), 0) for topic in topics for community in self.communities)

    def is_due(self, stamps: Stamps, at: float) -> bool:
        if self.reading or at < self.not_before:
            return False
        return self.wanted or self.place(stamps) != self.read_at or at - self.begun >= REFRESH_SECONDS

    def draw(self) -> Drawing:
        """Read and draw, in a thread of the watcher's readers."""
        begun, at = time.monotonic(), now()
        opened = frozenset(viewer.ticket for viewer in tuple(self.viewers) if viewer.ticket)
        drawn, versions = db.read(_read_all, self.actor, self.asked, opened, at)
        return Drawing(drawn, versions, drawn.at or at, begun)


def _read_all(
    session: Any, actor: Actor, asked: Asked, opened: frozenset[UUID], at: datetime
) -> tuple[live_views.Drawn, dict[UUID, int]]:
    """Read page and open tickets in one moment, so that drawer and board agree."""
    drawn = live_views.PAGES[asked.page](session, actor, asked, at)
    return drawn, live_views.VERSIONS[asked.page](session, actor, opened)


class Watcher:
    """Works while somebody is connected, and only then."""

    def __init__(self, *, poll_seconds: float = POLL_SECONDS) -> None:
        self.channels: dict[object, Channel] = {}
        self.reads = 0
        self._poll_seconds = poll_seconds
        self._stamps: Stamps = {}
        self._looked_at: datetime | None = None
        self._served: dict[str, int] = {}  # of each session, the turn at which something was last read for it
        self._turn = 0
        self._task: asyncio.Task[None] | None = None
        self._readings: set[asyncio.Task[None]] = set()
        self._now = asyncio.Event()
        self._readers = anyio.CapacityLimiter(READERS)
        self._askers = anyio.CapacityLimiter(ASKERS)

    async def meet(self, viewer: Viewer) -> None:
        """Find out whose sight they share; to be awaited before `follow`, which may not be interrupted."""
        while viewer.reach is None:
            actor = viewer.actor
            reach = await self._in_thread(db.read, live.reach, actor=actor)
            if viewer.actor is actor:  # not somebody with other rights by now
                viewer.reach = reach

    def follow(self, viewer: Viewer, asked: Asked) -> None:
        """Let the viewer follow this; what it has is in the viewer already."""
        assert viewer.reach
        key = live_views.key(viewer.actor, asked, alone=viewer.reach.alone)
        if viewer.channel is None or viewer.channel.key != key:
            self.leave(viewer)
            channel = self.channels.get(key)
            if channel is None:
                channel = self.channels[key] = Channel(key, viewer.actor, asked, viewer.reach.communities)
            channel.viewers.add(viewer)
            viewer.channel = channel
        viewer.asked, viewer.since, viewer.answered = asked, time.monotonic(), False
        held = viewer.channel.drawing
        if viewer.ticket and (held is None or viewer.ticket not in held.versions):
            viewer.channel.wanted = True
        self._wake(viewer)

    def _wake(self, viewer: Viewer) -> None:
        viewer.bell.set()
        self._now.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name="live")

    def good_until(self, viewer: Viewer) -> datetime | None:
        """Say until when what this viewer follows is all there is: as far as the stamps were read, or it was."""
        channel = viewer.channel
        if channel is None or channel.drawing is None:
            return None
        unchanged = channel.read_at == channel.place(self._stamps) and not channel.wanted
        return self._looked_at if unchanged else channel.drawing.at

    def leave(self, viewer: Viewer) -> None:
        channel, viewer.channel = viewer.channel, None
        if channel is None:
            return
        channel.viewers.discard(viewer)
        if not channel.viewers:
            self.channels.pop(channel.key, None)

    async def _watch(self) -> None:
        """Poll the stamps until nobody is left, at once when a reader of this process waits for their own step."""
        self._served.clear()
        loop = asyncio.get_running_loop()
        with live.hearing(lambda session: loop.call_soon_threadsafe(self._hurry, session)):
            await self._poll()

    def _hurry(self, session: str) -> None:
        for channel in self.channels.values():
            # one that is wanted could not be read: it is tried again in its time
            if not channel.wanted and any(viewer.session == session for viewer in channel.viewers):
                channel.not_before = 0.0
        self._now.set()

    async def _poll(self) -> None:
        while self.channels:
            self._now.clear()
            try:
                at = now()
                self._stamps = await self._in_thread(db.read, live.change_stamps)
                self._looked_at = at
            except Exception as error:  # the database may be away for a moment: it is being restored
                logs.failure(error, logs.new_number())
                await asyncio.sleep(FAULT_SECONDS)
                continue
            self._start_reading()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._now.wait(), self._poll_seconds)

    def _start_reading(self) -> None:
        """Give free readers what is due. Nothing queues for them: who leaves or asks anew is read for no more."""
        free = READERS - len(self._readings)
        if free <= 0:
            return
        at = time.monotonic()
        due = [channel for channel in self.channels.values() if channel.is_due(self._stamps, at)]
        for channel in heapq.nsmallest(free, due, key=self._place_in_line):
            self._turn += 1
            if len(self._served) > SESSIONS_KEPT:
                self._served.clear()
            self._served |= dict.fromkeys((viewer.session for viewer in channel.viewers), self._turn)
            channel.reading, channel.wanted, channel.begun = True, False, at
            task = asyncio.create_task(self._read(channel, channel.place(self._stamps)))
            self._readings.add(task)
            task.add_done_callback(self._done)

    def _place_in_line(self, channel: Channel) -> tuple[int, float, float]:
        """Sessions take turns, then a session's drawings; of those never read, the newest first."""
        waited = min(self._served.get(viewer.session, 0) for viewer in channel.viewers)
        return waited, channel.begun, -max(viewer.since for viewer in channel.viewers)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._readings.discard(task)
        if not task.cancelled():
            self._start_reading()

    async def _read(self, channel: Channel, place: tuple[int, ...]) -> None:
        try:
            channel.drawing = await anyio.to_thread.run_sync(channel.draw, limiter=self._readers)
            channel.read_at = place
            channel.not_before = channel.drawing.begun + AGAIN_AFTER_SECONDS
            self.reads += 1
        except Exception as error:
            channel.wanted, channel.not_before = True, time.monotonic() + FAULT_SECONDS
            logs.failure(error, logs.new_number())
        finally:
            channel.reading = False
        for viewer in channel.viewers:
            viewer.bell.set()

    async def _in_thread(self, call: Any, /, *args: Any, **kwargs: Any) -> Any:
        return await anyio.to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._askers)
