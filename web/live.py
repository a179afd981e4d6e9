"""`/live`: the WebSocket that tells a page what changed, so that it patches itself without a rerun.

The browser speaks JSON texts of at most 64 kB, about five a second; each is a whole subscription and
takes the place of the one before:

    {"sub": 7,                    a number of its own, higher each time
     "page": "tickets",           or "me"
     "query": {"grid": "…"},      the filters, named as in the URL; a search kept out of the URL as well
     "shown": {"todo": 120},      how many cards a column shows, where not the usual number
     "stamp": 41, "at": 1765…,    of what it has drawn: `Board.stamp`, and the moment in milliseconds
     "have": "…",                 base64 of the CRC-32, as little-endian 32-bit numbers, of each piece of
                                  what it shows (`web.patches`: a card each, and what stands between)
     "figures": 123,              CRC-32 of the row of figures it shows
     "ticket": ["…id…", 5]}       the open drawer's ticket and the version it shows, or null

The server answers with what brings it up to date, at once and after every change:

    {"sub": 7,                    the subscription that this answers; others are thrown away
     "stamp": 42, "at": 1765…,    of the new state
     "of": 191,                   how many pieces it is thought to have: if not, it subscribes again
     "ops": [[3, 4, ["<li>…"]]],  pieces [from, to) of the old ones give way to these, in order
     "figures": "…",              the row of figures, if it changed
     "ticket": ["…id…", 6]}       the open ticket's version, if it changed

and `{"beat": 1, "now": 1765…, "good": 1765…}` at once and every ten seconds, by which a browser notices
a network that has gone silent, a clock of its own that is wrong, and until when what it shows is known to be all
there is. It closes with 4401 (log in again), 4403 (not for you), 4429 (too many at once), 1003 (not understood) or
1009 (too long).
"""

import asyncio
import contextlib
import json
from collections import Counter
from functools import partial
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from db import sessions
from domain.access import Actor
from domain.clock import now
from domain.ids import parse_id
from web import live_views, patches
from web.gate import LOG_IN_AGAIN
from web.watching import Viewer, Watcher, moment

NOT_FOR_YOU, TOO_MANY, TOO_LONG, UNFIT = 4403, 4429, 1009, 1003
LONGEST_MESSAGE = 65_536
MOST_SOCKETS = 20  # of one session: pages open at once, and some that the network has lost
BETWEEN_MESSAGES_SECONDS = 0.2
BEAT_SECONDS = 10.0
RECHECK_SECONDS = 30.0


class Live:
    """The route: an ASGI application of one path, with a watcher that all its connections share."""

    def __init__(self, *, recheck_seconds: float = RECHECK_SECONDS, watcher: Watcher | None = None) -> None:
        self.watcher = watcher or Watcher()
        self._recheck_seconds = recheck_seconds
        self._limiter = anyio.CapacityLimiter(4)
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        viewer = Viewer(scope["linli_actor"], scope["linli_token"])
        code = 1000
        self._open[viewer.session] += 1
        try:
            crowded = self._open[viewer.session] > MOST_SOCKETS
            code = TOO_MANY if crowded else await self._serve(socket, viewer)
        finally:
            self._leave(viewer)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(code)

    def _leave(self, viewer: Viewer) -> None:
        self.watcher.leave(viewer)
        self._open[viewer.session] -= 1
        if not self._open[viewer.session]:
            del self._open[viewer.session]

    async def _serve(self, socket: WebSocket, viewer: Viewer) -> int:
        """Listen, send and check side by side; the first to end gives the code to close with."""
        tasks = [asyncio.create_task(part(socket, viewer)) for part in (self._listen, self._send, self._check)]
        tasks.append(asyncio.create_task(self._beat(socket, viewer)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return _code(done.pop())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, socket: WebSocket, viewer: Viewer) -> int:
        while True:
            text = (await socket.receive()).get("text")
            if text is None:  # bytes, or nothing more
                return UNFIT
            if len(text) > LONGEST_MESSAGE:
                return TOO_LONG
            given = _parsed(text)
            asked = live_views.parse(given)
            if asked is None:
                return UNFIT
            await self.watcher.meet(viewer)
            if not live_views.may_follow(viewer.actor, asked.page):
                return NOT_FOR_YOU
            _note(viewer, given)
            self.watcher.follow(viewer, asked)
            await asyncio.sleep(BETWEEN_MESSAGES_SECONDS)

    async def _send(self, socket: WebSocket, viewer: Viewer) -> int:
        while True:
            await viewer.bell.wait()
            viewer.bell.clear()
            if text := await viewer.next_message():
                await socket.send_text(text)

    async def _beat(self, socket: WebSocket, viewer: Viewer) -> int:
        """Say at once, and again and again, that somebody is there: a board may have nothing new for minutes."""
        while True:
            good = self.watcher.good_until(viewer)
            times = f',"now":{moment(now())},"good":{moment(good)}' if good else ""
            await socket.send_text(f'{{"beat":1{times}}}')
            await asyncio.sleep(BEAT_SECONDS)

    async def _check(self, _socket: WebSocket, viewer: Viewer) -> int:
        """See again and again whether the session still holds; a push keeps nobody logged in."""
        while True:
            await asyncio.sleep(self._recheck_seconds)
            actor = await self._identify(viewer.session)
            if actor is None or actor.must_change_password:
                return LOG_IN_AGAIN
            if actor == viewer.actor:
                continue
            viewer.actor, viewer.reach = actor, None
            if viewer.asked:
                if not live_views.may_follow(actor, viewer.asked.page):
                    return NOT_FOR_YOU
                await self.watcher.meet(viewer)
                self.watcher.follow(viewer, viewer.asked)

    async def _identify(self, token: str) -> Actor | None:
        look_up = partial(sessions.identify, token, now=now(), active=False)
        return await anyio.to_thread.run_sync(look_up, limiter=self._limiter)


def _code(task: asyncio.Task[int]) -> int:
    """Tell how it ended; a browser that left is no fault."""
    with contextlib.suppress(WebSocketDisconnect):
        return task.result()
    return 1000


def _parsed(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _note(viewer: Viewer, given: dict[str, Any]) -> None:
    """Put down what the browser says that it shows."""
    have, opened = given.get("have"), given.get("ticket")
    viewer.number = _number(given.get("sub"))
    viewer.sums = patches.unpack(have) if isinstance(have, str) else ()
    viewer.figures = _number(given.get("figures"))
    viewer.seen = (_number(given.get("stamp")), _number(given.get("at")))
    known = opened if isinstance(opened, list) and len(opened) == 2 else [None, 0]
    viewer.ticket = parse_id(known[0]) if isinstance(known[0], str) else None
    viewer.version = _number(known[1])


def _number(given: object) -> int:
    return given if isinstance(given, int) else 0
