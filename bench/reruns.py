"""Full runs and fragment runs of the board over Streamlit's own protocol, beside the hello page."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

import db
from bench import running
from bench.running import Server
from bench.stload.client import Op, StSession
from bench.tables import Figures, milliseconds, percentile
from db import tickets
from domain.access import Actor
from domain.accounts import SESSION_COOKIE
from domain.clock import now
from domain.ids import new_key

RUNS, WARM = 60, 8


@dataclass
class Cost:
    wall: list[float]
    cpu: float
    bytes: float
    messages: float


def measure(
    figures: Figures,
    size: str,
    server: Server,
    token: str,
    *,
    path: str = "tickets",
    name: str = "board",
    actor: Actor | None = None,
) -> None:
    """Measure runs without news; with an actor who writes a ticket before each, those that have to read as well."""
    hello, full, fragment = asyncio.run(_all(server, token, path))
    told = [("hello, full run", hello), (f"{name}, full run", full), (f"{name}, fragment run", fragment)]
    if actor:
        anew = asyncio.run(_after_changes(server, token, path, actor))
        told.append((f"{name}, fragment run after a change", anew))
    for what, cost in told:
        figures.add(size, f"{what}, p50", milliseconds(percentile(cost.wall, 0.5)), "ms")
        figures.add(size, f"{what}, p95", milliseconds(percentile(cost.wall, 0.95)), "ms")
        beside = None if cost is hello else hello.cpu * 1000
        figures.add(size, f"{what}, server CPU", milliseconds(cost.cpu), "ms", hello=beside)
        figures.add(size, f"{what}, sent", cost.bytes / 1000, "kB")
        figures.add(size, f"{what}, messages", cost.messages, "")


async def _all(server: Server, token: str, path: str) -> tuple[Cost, Cost, Cost]:
    async with httpx.AsyncClient(timeout=60) as http:
        hello = await page(server, StSession(server.url, http, page="hello", cookies={SESSION_COOKIE: token}))
        board = StSession(server.url, http, page=path, cookies={SESSION_COOKIE: token}, answer_auto=False)
        full = await page(server, board, leave_open=True)
        cost = await _runs(server, partial(_fragment, board))
        await board.close()
        return hello, full, cost


async def _after_changes(server: Server, token: str, path: str, actor: Actor) -> Cost:
    async with httpx.AsyncClient(timeout=60) as http:
        board = StSession(server.url, http, page=path, cookies={SESSION_COOKIE: token}, answer_auto=False)
        await board.connect()

        async def once() -> Op:
            call: dict[str, Any] = {"title": "基准测试", "key": new_key(), "now": now()}
            db.run(tickets.report, actor=actor, area_id=actor.grants[0].area_id, **call)
            # asked for as by a browser that lost its push: the timer's run leaves to the push what it keeps true
            done: Op = await board.fire("board", "resync", new_key())
            return done

        cost = await _runs(server, once)
        await board.close()
        return cost


async def _fragment(board: StSession) -> Op:
    fragment = next(fragment for _type, _proto, _run, fragment in board.widgets.values() if fragment)
    done: Op = await board._wait(board._send("auto", fragment, auto=True), 60)
    return done


async def page(server: Server, session: StSession, *, leave_open: bool = False) -> Cost:
    await session.connect()
    cost = await _runs(server, session.rerun)
    if not leave_open:
        await session.close()
    return cost


async def _runs(server: Server, once: Callable[[], Awaitable[Op]]) -> Cost:
    for _ in range(WARM):
        await once()
    before, runs = server.cpu(), running.times(RUNS)
    done: list[Op] = [await once() for _ in range(runs)]
    cpu = (server.cpu() - before) / runs
    if errors := [op.error for op in done if op.error]:
        raise RuntimeError(errors[0])
    wall = [op.end - op.t0 for op in done]
    return Cost(wall, cpu, sum(op.bytes for op in done) / runs, sum(op.msgs for op in done) / runs)
