"""The board's queries by themselves, and commands beside bare inserts of the same rows."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import db
from bench import running
from bench.tables import Figures, milliseconds, percentile
from db import board as boards
from db import bulk, tickets
from db.ticket_filters import Filters
from domain.access import Actor
from domain.clock import now
from domain.ids import new_id, new_key

RUNS, COMMANDS = 30, 300


def timed(do: Callable[[], Any], runs: int = RUNS, warm: int = 3) -> tuple[list[float], float]:
    """Give the seconds of each run, and the CPU seconds of one."""
    for _ in range(warm):
        do()
    spent, cpu, runs = [], time.process_time(), running.times(runs)
    for _ in range(runs):
        start = time.perf_counter()
        do()
        spent.append(time.perf_counter() - start)
    return spent, (time.process_time() - cpu) / runs


def measure(figures: Figures, size: str, actor: Actor) -> None:
    asked = {
        "board query": Filters(),
        "search, found often": Filters(text="楼道灯"),
        "search, found nowhere": Filters(text="没有这样的事"),
        "search by number": Filters(text="E0012"),
    }
    for what, filters in asked.items():
        spent, cpu = timed(partial(_board, actor, filters))
        figures.add(size, f"{what}, p50", milliseconds(percentile(spent, 0.5)), "ms")
        figures.add(size, f"{what}, p95", milliseconds(percentile(spent, 0.95)), "ms")
        figures.add(size, f"{what}, CPU", milliseconds(cpu), "ms")
    spent, _ = timed(lambda: db.read(boards.waiting, actor=actor, now=now()))
    figures.add(size, "what waits for me, p50", milliseconds(percentile(spent, 0.5)), "ms")


def _board(actor: Actor, filters: Filters) -> None:
    db.read(boards.board, actor=actor, filters=filters, now=now())


def commands(figures: Figures, size: str, actor: Actor) -> None:
    """Report tickets by the command, then insert the same number of the same rows in transactions alike."""
    area, number = actor.grants[0].area_id, running.times(COMMANDS)
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(number):
        db.run(tickets.report, actor=actor, area_id=area, title="基准测试", key=new_key(), now=now())
    by_command, command_cpu = number / (time.perf_counter() - start), (time.process_time() - cpu) / number
    rows = db.read(bulk.newest, count=number)
    # far beyond the counter, and elsewhere each time: a kept folder holds those of the last run
    first = 900_000_000 + int(time.time()) % 1_000_000 * 1000
    anew = [_renamed(one, n) for n, one in enumerate(rows, first)]
    start, cpu = time.perf_counter(), time.process_time()
    for one in anew:
        db.run(bulk.fill, one)
    bare, bare_cpu = number / (time.perf_counter() - start), (time.process_time() - cpu) / number
    figures.add(size, "commands a second", by_command, "/s")
    figures.add(size, "bare inserts of the same rows", bare, "/s")
    figures.add(size, "commands / bare inserts", by_command / bare, "x")
    figures.add(size, "a command, CPU", milliseconds(command_cpu), "ms")
    figures.add(size, "bare inserts of one, CPU", milliseconds(bare_cpu), "ms")


def _renamed(rows: dict[str, list[dict[str, Any]]], number: int) -> dict[str, list[dict[str, Any]]]:
    """Give a ticket's rows ids and a number of their own."""
    ticket, event = new_id(), new_id()
    (held,), (text,), (told,), (key,) = (rows[n] for n in ("ticket", "ticket_text", "ticket_event", "command_key"))
    return {
        "ticket": [held | {"id": ticket, "number": number}],
        "ticket_text": [text | {"ticket_id": ticket}],
        "ticket_event": [told | {"id": event, "ticket_id": ticket}],
        "command_key": [key | {"key": new_key()}],
    }
