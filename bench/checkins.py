"""`python run.py bench checkins`: the page at 1,160 elders and a year of looks, the sweep at up to a million elders."""

import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

import db
import db.engine
from bench import elders, reruns, running
from bench.queries import timed
from bench.tables import Figures, milliseconds, percentile
from db import care_board, leases
from db.models import CheckWindowRow
from domain.access import Actor
from domain.care import Slot, WindowState
from domain.care_board import CareBoard, Filters
from domain.clock import now
from domain.worker import MINUTE
from jobs import windows
from ui.care import markup

CITY, YEAR = 1160, 365
SIZES = (1_160, 100_000, 1_000_000)
LONG = timedelta(days=2)


def run(sizes: Sequence[int] = SIZES, *, json: Path | None = None) -> None:
    figures = Figures("checkins", now())
    try:
        with tempfile.TemporaryDirectory(prefix="linli-bench-") as folder:
            _page(figures, Path(folder) / "page")
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="linli-bench-") as folder:
                _sweep(figures, Path(folder) / "sweep", size)
    finally:
        if json:
            figures.write(json)


def _begin(folder: Path) -> tuple[str, Actor, UUID]:
    running.use(folder, "10k")
    token, actor = running.enter()
    return token, actor, min(actor.grants[0].community_ids)


def _page(figures: Figures, folder: Path) -> None:
    """Read, draw and rerun the page as a whole city's worth of elders in one community makes it."""
    token, actor, community = _begin(folder)
    print(f"making {CITY:,} elders with {YEAR} days …", flush=True)
    began = time.process_time()
    elders.fill(community, CITY, days=YEAR, now=now())
    figures.add("city", "made, CPU", time.process_time() - began, "s")
    asked = Filters(slot=Slot.MORNING)
    spent, cpu = timed(partial(_read, actor, asked))
    board = _read(actor, asked)
    figures.add("city", "page query, p50", milliseconds(percentile(spent, 0.5)), "ms")
    figures.add("city", "page query, p95", milliseconds(percentile(spent, 0.95)), "ms")
    figures.add("city", "page query, CPU", milliseconds(cpu), "ms")
    _, cpu = timed(lambda: markup.draw(board))
    figures.add("city", "tiles drawn, CPU", milliseconds(cpu), "ms")
    figures.add("city", "tiles", len(board.tiles), "")
    db.run(_worker_looked)
    db.engine.dispose()
    with running.serving(folder) as server:
        reruns.measure(figures, "city", server, token, path="checkins", name="checkins")


def _worker_looked(tx: Session) -> None:
    """Stand for the worker, which no measured server has: without one, the page itself looks for what is missing."""
    call: dict[str, Any] = {"job": MINUTE, "owner": "bench", "now": now(), "lasts": timedelta(minutes=2)}
    leases.hold(tx, **call)
    leases.report(tx, **call)


def _read(actor: Actor, asked: Filters) -> CareBoard:
    return db.read(care_board.today, actor=actor, filters=asked, now=now())


def _sweep(figures: Figures, folder: Path, size: int) -> None:
    """Sweep the same number of windows that are due, beside ever more that are not."""
    _, _, community = _begin(folder)
    name, at = f"{size:,}", now()
    print(f"making {size:,} elders …", flush=True)
    began = time.process_time()
    elders.fill(community, size, days=1, now=at, due_at=at + LONG)
    figures.add(name, "made, CPU", time.process_time() - began, "s")
    db.run(_rest, before=at + LONG)
    spent, cpu = timed(lambda: windows.sweep(at))
    figures.add(name, "sweep, nothing due, p50", milliseconds(percentile(spent, 0.5)), "ms")
    figures.add(name, "sweep, nothing due, CPU", milliseconds(cpu), "ms")
    due = db.run(_let_fall_due, at=at)
    start, began = time.perf_counter(), time.process_time()
    moved = windows.sweep(at)
    figures.add(name, f"sweep, {moved:,} of {due:,} due at once", milliseconds(time.perf_counter() - start), "ms")
    figures.add(name, "the same, CPU", milliseconds(time.process_time() - began), "ms")
    db.engine.dispose()


def _rest(tx: Session, *, before: datetime) -> None:
    """Let the demo's own windows rest, so that only what was made here is due."""
    tx.execute(update(CheckWindowRow).where(CheckWindowRow.next_at < before).values(next_at=None))


def _let_fall_due(tx: Session, *, at: datetime) -> int:
    """Open a city's worth of windows at this moment."""
    row = CheckWindowRow
    ids = tx.scalars(select(row.id).where(row.next_at.is_not(None)).limit(CITY)).all()
    for start in range(0, len(ids), 500):
        part = row.id.in_(ids[start : start + 500])
        times = {"opens_at": at, "due_at": at + timedelta(hours=1), "grace_until": at + timedelta(hours=2)}
        tx.execute(update(row).where(part).values(**times, next_at=at, state=WindowState.SCHEDULED.value))
    return len(ids)
