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

RUNS, WARM, A_ROUND = 60, 8, 6


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
    hello, *costs = asyncio.run(_all(server, token, path, actor))
    ways = ("full run", "fragment run", "fragment run after a change")
    told = [("hello, full run", hello), *((f"{name}, {way}", cost) for way, cost in zip(ways, costs, strict=False))]
    for what, cost in told:
        figures.add(size, f"{what}, p50", milliseconds(percentile(cost.wall, 0.5)), "ms")
        figures.add(size, f"{what}, p95", milliseconds(percentile(cost.wall, 0.95)), "ms")
        beside = None if cost is hello else hello.cpu * 1000
        figures.add(size, f"{what}, server CPU", milliseconds(cost.cpu), "ms", hello=beside)
        figures.add(size, f"{what}, sent", cost.bytes / 1000, "kB")
        figures.add(size, f"{what}, messages", cost.messages, "")


async def _all(server: Server, token: str, path: str, actor: Actor | None = None) -> list[Cost]:
    """Give hello's cost, a full run's, a fragment's and, with an actor, that of one which reads what they wrote."""
    async with httpx.AsyncClient(timeout=60) as http:
        cookies = {SESSION_COOKIE: token}
        hello = StSession(server.url, http, page="hello", cookies=cookies)
        board = StSession(server.url, http, page=path, cookies=cookies, answer_auto=False)
        await hello.connect()
        await board.connect()
        ways: list[Callable[[], Awaitable[Op]]] = [hello.rerun, board.rerun, partial(_fragment, board)]
        if actor:
            ways.append(partial(_after_a_change, board, actor))
        costs = await _in_turn(server, ways)
        await hello.close()
        await board.close()
        return costs


async def _after_a_change(board: StSession, actor: Actor) -> Op:
    call: dict[str, Any] = {"title": "基准测试", "key": new_key(), "now": now()}
    db.run(tickets.report, actor=actor, area_id=actor.grants[0].area_id, **call)
    # asked for as by a browser that lost its push: the timer's run leaves to the push what it keeps true
    done: Op = await board.fire("board", "resync", new_key())
    return done


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
    return (await _in_turn(server, [once]))[0]


async def _in_turn(server: Server, ways: list[Callable[[], Awaitable[Op]]]) -> list[Cost]:
    """Measure a few of each, round by round: the machine's speed changes within minutes."""
    for once in ways:
        for _ in range(WARM):
            await once()
    ops: list[list[Op]] = [[] for _ in ways]
    cpu, runs = [0.0] * len(ways), running.times(RUNS)
    for at in range(0, runs, A_ROUND):
        for way, once in enumerate(ways):
            await once()  # what the others left to do is no part of it
            before = server.cpu()
            ops[way] += [await once() for _ in range(min(A_ROUND, runs - at))]
            cpu[way] += server.cpu() - before
    if errors := [op.error for done in ops for op in done if op.error]:
        raise RuntimeError(errors[0])
    return [_cost(done, spent) for done, spent in zip(ops, cpu, strict=True)]


def _cost(done: list[Op], cpu: float) -> Cost:
    runs = len(done)
    wall = [op.end - op.t0 for op in done]
    return Cost(wall, cpu / runs, sum(op.bytes for op in done) / runs, sum(op.msgs for op in done) / runs)
