"""Many boards open at once: how soon each shows a change made by another process, and what they cost."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
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
from domain.errors import Refused
from domain.ids import new_key
from web import patches

CHANGES, BETWEEN_SECONDS, PATIENCE_SECONDS = 20, 1.0, 15.0
A_SESSION = 15  # boards of one login: `/live` takes no more than twenty
FIRST = 5  # boards that make the server load what all the others share; no board's own memory
SETTLED_BYTES, SETTLE_SECONDS, SETTLE_TIMES = 2**18, 12.0, 4  # what is free is given back every ten seconds
IDLE_SECONDS = 30.0


@dataclass
class Seen:
    """What came of the changes, and what the server and this driver spent meanwhile, in seconds."""

    memory: float  # bytes a board
    idle: float  # server CPU a second while nothing changes: timers, beats, the poll
    delays: list[float]
    missed: int
    server: float  # CPU a change, beyond what it spends idle
    driver: float


def measure(figures: Figures, size: str, server: Server, actor: Actor, boards: int) -> None:
    label = f"{boards} boards"
    tokens = [running.enter()[0] for _ in range(-(-boards // A_SESSION))]
    seen = asyncio.run(_watch(server, tokens, actor, boards))
    for name, part in (("p50", 0.5), ("p95", 0.95), ("slowest", 1.0)):
        figures.add(size, f"{label}: commit to browser, {name}", milliseconds(percentile(seen.delays, part)), "ms")
    figures.add(size, f"{label}: changes that a board missed", seen.missed, "")
    figures.add(size, f"{label}: server CPU a change", milliseconds(seen.server), "ms")
    figures.add(size, f"{label}: driver CPU a change", milliseconds(seen.driver), "ms")
    figures.add(size, f"{label}: server CPU while nothing changes", seen.idle * 100, "% core")
    figures.add(size, f"{label}: memory a board", seen.memory / 2**20, "MB")


class Board:
    """An open board: the page's own session with its timer, and the socket by which it hears of changes."""

    def __init__(self, session: StSession, socket: ClientConnection, pieces: tuple[bytes, ...]) -> None:
        self.session, self.socket, self.pieces = session, socket, [*pieces]
        self.heard = asyncio.Event()
        self.at = 0.0
        self.reader = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for message in self.socket:
            told = json.loads(message)
            if "ops" in told:
                self.at = time.perf_counter()
                for start, end, new in reversed(told["ops"]):
                    self.pieces[start:end] = [piece.encode() for piece in new]
                self.heard.set()

    async def close(self) -> None:
        self.reader.cancel()
        await self.socket.close()
        await self.session.close()


async def _watch(server: Server, tokens: list[str], actor: Actor, boards: int) -> Seen:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=120, limits=limits) as http:
        opened = [await open_one(server, http, tokens[0]) for _ in range(min(FIRST, boards - 1))]
        first, before = len(opened), await _settled(server, opened)
        opened += [await open_one(server, http, tokens[n // A_SESSION]) for n in range(first, boards)]
        memory = (await _settled(server, opened) - before) / (boards - first)
        idle = await _idle(server)
        held = server.cpu(), time.process_time(), time.perf_counter()
        delays, missed = await _changes(opened, actor)
        spent = server.cpu() - held[0] - idle * (time.perf_counter() - held[2])
        driven = time.process_time() - held[1]
        await asyncio.gather(*(board.close() for board in opened))
    return Seen(memory, idle, delays, missed, spent / running.times(CHANGES), driven / running.times(CHANGES))


async def _idle(server: Server) -> float:
    before = server.cpu()
    await asyncio.sleep(IDLE_SECONDS)
    return (server.cpu() - before) / IDLE_SECONDS


async def _changes(opened: list[Board], actor: Actor) -> tuple[list[float], int]:
    delays, missed = [], 0
    for number in range(running.times(CHANGES)):
        for board in opened:
            board.heard.clear()
        await asyncio.to_thread(_change(actor, number))
        committed = time.perf_counter()
        await _all_heard(opened)
        delays += [max(board.at - committed, 0) for board in opened if board.heard.is_set()]
        missed += sum(not board.heard.is_set() for board in opened)
        await asyncio.sleep(BETWEEN_SECONDS)
    return delays, missed


async def open_one(server: Server, http: httpx.AsyncClient, token: str) -> Board:
    session = StSession(server.url, http, page="tickets", cookies={SESSION_COOKIE: token})
    if error := (await session.connect()).error:
        raise Refused(f"看板没有打开：{error}")
    address = server.url.replace("http", "ws", 1) + "/live"
    headers = {"Cookie": f"{SESSION_COOKIE}={token}"}
    socket = await connect(
        address, origin=Origin(server.url), additional_headers=headers, max_size=None, open_timeout=60
    )
    data = next(json.loads(proto.bytes) for proto in session.components() if b'"query"' in proto.bytes)
    pieces = patches.split(data["html"])
    await socket.send(json.dumps(_subscription(data["live"], pieces)))
    return Board(session, socket, pieces)


def _subscription(live: dict[str, Any], pieces: tuple[bytes, ...]) -> dict[str, Any]:
    """Follow what the page has drawn, as its script does."""
    asked = {name: live[name] for name in ("page", "query", "shown", "stamp", "at", "figures")}
    return {"sub": 1, **asked, "have": patches.pack(patches.sums_of(pieces)), "ticket": None}


async def _settled(server: Server, opened: list[Board]) -> int:
    """Give the server's memory once every board is drawn and it neither grows nor shrinks, or after a while."""
    await _all_heard(opened)
    held = server.memory()
    for _ in range(SETTLE_TIMES):
        await asyncio.sleep(SETTLE_SECONDS)
        before, held = held, server.memory()
        if abs(held - before) < SETTLED_BYTES:
            break
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
