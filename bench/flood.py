"""A flood: two processes write as fast as they are told to while boards are open; no board may miss a last state.

python -m bench.flood DATA_DIR TOKEN COUNT COMMANDS_A_SECOND TICKET…  writes for one of them.
"""

import asyncio
import json
import re
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

import db
import settings
from bench import running
from bench.open_boards import PATIENCE_SECONDS, Board, open_one
from bench.running import ROOT, Server
from bench.tables import Figures, milliseconds, percentile
from db import board as boards
from db import sessions, tickets
from db.ticket_filters import Filters
from domain.access import Actor
from domain.clock import now
from domain.errors import Changed
from domain.ids import new_key
from settings import Settings

BOARDS, WRITERS, COMMANDS, A_SECOND, CARDS = 20, 2, 1000, 100, 40
_VERSIONS = re.compile(rb'data-open="([^"]+)" data-version="(\d+)"')


def measure(figures: Figures, size: str, server: Server, actor: Actor) -> None:
    tokens = [running.enter()[0] for _ in range(WRITERS)]
    wrote, lags, wrong, spent = asyncio.run(_flood(server, tokens, actor))
    commands = sum(one["done"] for one in wrote)
    took = max(one["last"] for one in wrote) - min(one["first"] for one in wrote)
    figures.add(size, "flood: commands", commands, "")
    figures.add(size, "flood: they took", took, "s")
    figures.add(size, "flood: refused, as another was first", sum(one["refused"] for one in wrote), "")
    figures.add(size, "flood: last commit to browser, p50", milliseconds(percentile(lags, 0.5)), "ms")
    figures.add(size, "flood: last commit to browser, slowest", milliseconds(percentile(lags, 1.0)), "ms")
    figures.add(size, "flood: last states that a board missed", wrong, "")
    figures.add(size, "flood: server CPU meanwhile", spent / took * 100, "% core")


Wrote = list[dict[str, Any]]


async def _flood(server: Server, tokens: list[str], actor: Actor) -> tuple[Wrote, list[float], int, float]:
    """Give what each writer says, each board's seconds from the last commit, what boards miss, and the server's CPU."""
    ids = list(_shown(actor))[:CARDS]
    async with httpx.AsyncClient(timeout=120) as http:
        opened = [await open_one(server, http, tokens[n % WRITERS]) for n in range(BOARDS)]
        spent = server.cpu()
        wrote = await asyncio.gather(*(_writer(token, ids) for token in tokens))
        await _until(opened, wanted := _shown(actor))
        spent = server.cpu() - spent
        wrong = sum(len(wanted.items() - _on(board).items()) for board in opened)
        last = max(one["last"] for one in wrote)
        lags = [max(board.at - last, 0) for board in opened]
        await asyncio.gather(*(board.close() for board in opened))
    return wrote, lags, wrong, spent


async def _writer(token: str, ids: list[str]) -> dict[str, Any]:
    told = (str(settings.current().data_dir), token, str(COMMANDS // WRITERS), str(A_SECOND / WRITERS))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.flood", *told, *ids), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    wrote: dict[str, Any] = json.loads(said)
    return wrote


async def _until(opened: list[Board], wanted: dict[str, int]) -> None:
    """Wait until each board shows all that the database holds, or for as long as the bench has patience."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and any(_on(board) != wanted for board in opened):
        await asyncio.sleep(0.05)


def _on(board: Board) -> dict[str, int]:
    return {ticket.decode(): int(version) for ticket, version in _VERSIONS.findall(b"".join(board.pieces))}


def _shown(actor: Actor) -> dict[str, int]:
    """Read anew which cards a board shows, and their versions."""
    held = db.read(boards.board, actor=actor, filters=Filters(), now=now())
    return {str(card.id): card.version for column in held.columns for card in column.cards}


# --- a process that writes ------------------------------------------------------------------------


def write(folder: str, token: str, count: str, a_second: str, *ids: str) -> dict[str, Any]:
    """Note something on one ticket after the other, each of which the other process works at as well."""
    settings.use(Settings(data_dir=Path(folder)))
    actor = sessions.identify(token, now=now(), active=False)
    assert actor
    done, refused, first = 0, 0, time.perf_counter()
    for number, ticket in enumerate(islice(cycle(ids), int(count))):
        time.sleep(max(first + number / float(a_second) - time.perf_counter(), 0))
        while not _noted(actor, UUID(ticket)):
            refused += 1
        done += 1
    return {"done": done, "refused": refused, "first": first, "last": time.perf_counter()}


def _noted(actor: Actor, ticket_id: UUID) -> bool:
    card = db.read(boards.card, actor=actor, ticket_id=ticket_id, now=now())
    assert card
    call: dict[str, Any] = {"actor": actor, "ticket_id": ticket_id, "expected_version": card.version}
    try:
        db.run(tickets.comment, note="基准测试", key=new_key(), now=now(), **call)
    except Changed:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps(write(*sys.argv[1:])))
