"""Many boards open at once: how soon each shows a change made by another process, and what they cost."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

import db
from bench import running
from bench.running import Server
from bench.stload.client import StSession
from bench.tables import Figures, milliseconds, percentile
from db import tickets
from domain.access import Actor
from domain.accounts import SESSION_COOKIE
from domain.clock import now
from domain.due import Grade
from domain.ids import new_key

CHANGES, BETWEEN_SECONDS, PATIENCE_SECONDS = 20, 1.0, 15.0
A_SESSION = 15  # boards of one login: `/live` takes no more than twenty
FIRST = 5  # boards that make the server load what all the others share; no board's own memory
SETTLED_BYTES, SETTLE_SECONDS = 2**18, 12.0  # what is free is given back every ten seconds
_SUBSCRIPTION = {"sub": 1, "page": "tickets", "query": {}, "shown": {}, "stamp": 0, "at": 0, "have": "", "figures": 0}


def measure(figures: Figures, size: str, server: Server, actor: Actor, boards: int) -> None:
    label = f"{boards} boards"
    tokens = [running.enter()[0] for _ in range(-(-boards // A_SESSION))]
    seen, missed, cpu, memory = asyncio.run(_watch(server, tokens, actor, boards))
    figures.add(size, f"{label}: commit to browser, p50", milliseconds(percentile(seen, 0.5)), "ms")
    figures.add(size, f"{label}: commit to browser, p95", milliseconds(percentile(seen, 0.95)), "ms")
    figures.add(size, f"{label}: boards that missed a change", missed, "")
    figures.add(size, f"{label}: server CPU a change", milliseconds(cpu), "ms")
    figures.add(size, f"{label}: memory a board", memory / 2**20, "MB")


class Board:
    """An open board: the page's own session, and the socket by which it hears of changes."""

    def __init__(self, session: StSession, socket: ClientConnection) -> None:
        self.session, self.socket = session, socket
        self.heard = asyncio.Event()
        self.at = 0.0
        self.reader = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for message in self.socket:
            if "ops" in json.loads(message):
                self.at = time.perf_counter()
                self.heard.set()

    async def close(self) -> None:
        self.reader.cancel()
        await self.socket.close()
        await self.session.close()


async def _watch(server: Server, tokens: list[str], actor: Actor, boards: int) -> tuple[list[float], int, float, float]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=120, limits=limits) as http:
        opened = [await _open(server, http, tokens[0]) for _ in range(min(FIRST, boards - 1))]
        first, before = len(opened), await _settled(server, opened)
        opened += [await _open(server, http, tokens[n // A_SESSION]) for n in range(first, boards)]
        memory = (await _settled(server, opened) - before) / (boards - first)
        cpu, seen, missed = server.cpu(), [], 0
        for number in range(CHANGES):
            for board in opened:
                board.heard.clear()
            await asyncio.to_thread(_change(actor, number))
            committed = time.perf_counter()
            await _all_heard(opened)
            seen += [max(board.at - committed, 0) for board in opened if board.heard.is_set()]
            missed += sum(not board.heard.is_set() for board in opened)
            await asyncio.sleep(BETWEEN_SECONDS)
        spent = (server.cpu() - cpu) / CHANGES
        await asyncio.gather(*(board.close() for board in opened))
    return seen, missed, spent, memory


async def _open(server: Server, http: httpx.AsyncClient, token: str) -> Board:
    session = StSession(server.url, http, page="tickets", cookies={SESSION_COOKIE: token}, answer_auto=False)
    await session.connect()
    address = server.url.replace("http", "ws", 1) + "/live"
    headers = {"Cookie": f"{SESSION_COOKIE}={token}"}
    socket = await connect(
        address, origin=Origin(server.url), additional_headers=headers, max_size=None, open_timeout=60
    )
    await socket.send(json.dumps(_SUBSCRIPTION | {"ticket": None}))
    return Board(session, socket)


async def _settled(server: Server, opened: list[Board]) -> int:
    """Give the server's memory once every board is drawn and it neither grows nor shrinks."""
    await _all_heard(opened)
    held = server.memory()
    while True:
        await asyncio.sleep(SETTLE_SECONDS)
        before, held = held, server.memory()
        if abs(held - before) < SETTLED_BYTES:
            return held


async def _all_heard(opened: list[Board]) -> None:
    async def wait() -> None:
        for board in opened:
            await board.heard.wait()

    try:
        await asyncio.wait_for(wait(), PATIENCE_SECONDS)
    except TimeoutError:
        return


def _change(actor: Actor, number: int) -> Callable[[], None]:
    """Report something urgent: it stands at the top of its column, and the counts change."""

    def report() -> None:
        call: dict[str, Any] = {"title": f"基准测试 {number}", "grade": Grade.URGENT, "key": new_key(), "now": now()}
        db.run(tickets.report, actor=actor, area_id=actor.grants[0].area_id, **call)

    return report
