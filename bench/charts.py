"""`python run.py bench charts`: every chart's query and the page at each size, beside GROUP BY over the tickets."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

import db
from bench import browser, reruns, running
from bench.queries import timed
from bench.running import Server
from bench.stload.client import StSession
from bench.tables import Figures, milliseconds, percentile
from db import stat_cards, stat_raw, stats
from db.models import AreaRow
from domain.access import Actor
from domain.accounts import SESSION_COOKIE
from domain.areas import Level
from domain.charts import CARDS
from domain.clock import local_date, now
from domain.errors import Refused
from domain.kpis import KPIS, Source
from domain.stats import Scope

DAYS, VISIBLE = 90, 4  # the period of every query; charts to be seen at once on the page
ANEW, RAW = 20, 2  # runs of what takes long
NAMES = {"工单": "tickets", "辖区": "places", "时段": "times", "积分": "points", "守望": "check-ins"}


def run(sizes: Sequence[str], *, data: Path | None = None, json: Path | None = None, in_browser: bool = True) -> None:
    """Measure each size; with `data`, the folders in it named by size are used and kept."""
    if unknown := [size for size in sizes if size not in running.SIZES]:
        raise Refused(f"没有这种规模：{'、'.join(unknown)}，可选：{'、'.join(running.SIZES)}。")
    figures = Figures("charts", now())
    with ExitStack() as kept:
        parent = data or Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="linli-bench-")))
        for size in sizes:
            try:
                _size(figures, parent / size, size, in_browser=in_browser)
                _against_the_first(figures, size, sizes[0])
            finally:  # hours of measuring are not lost to what breaks last
                if json:
                    figures.write(json)


def _size(figures: Figures, folder: Path, size: str, *, in_browser: bool) -> None:
    running.use(folder, size)
    token, actor = running.enter("demo-leader")
    for level in (Level.STREET, Level.COMMUNITY):
        _queries(figures, size, actor, level)
    with running.serving(folder) as server:
        running.tell_start(figures, size, server)
        asyncio.run(_pages(figures, size, server, token))
        if in_browser:
            browser.charts(figures, size, server, token)


def _queries(figures: Figures, size: str, actor: Actor, level: Level) -> None:
    scope = db.read(_scope, actor, level)
    for what, query in _asked(actor, scope).items():
        spent, cpu = timed(partial(db.read, query))
        figures.add(size, f"{level.value}: {what}, p50", milliseconds(percentile(spent, 0.5)), "ms")
        figures.add(size, f"{level.value}: {what}, CPU", milliseconds(cpu), "ms")
    for what, (rolled, raw) in _compared(actor, scope).items():
        fast = percentile(timed(partial(db.read, rolled))[0], 0.5) or 0
        slow = min(timed(partial(db.read, raw), RAW, warm=1)[0])
        figures.add(size, f"{level.value}: {what}, GROUP BY", milliseconds(slow), "ms")
        figures.add(size, f"{level.value}: {what}, GROUP BY / roll-up", slow / fast, "x")


def _scope(session: Session, actor: Actor, level: Level) -> Scope:
    """Take the busiest place: the street, or its first community."""
    inside = select(AreaRow.id).where(AreaRow.level == level, AreaRow.path.startswith(actor.grants[0].area_path))
    today = local_date(now())
    area = session.scalars(inside.order_by(AreaRow.sort, AreaRow.id).limit(1)).one()
    return stats.scope_of(session, actor=actor, area_id=area, start=today - timedelta(days=DAYS - 1), end=today)


Query = Callable[[Session], Any]


def _asked(actor: Actor, scope: Scope) -> dict[str, Query]:
    call: dict[str, Any] = {"actor": actor, "scope": scope, "now": now()}
    rates = ("on_time_rate", "solve_rate", "satisfaction", "reported")
    every = [code for code, kpi in KPIS.items() if kpi.source is Source.TICKETS]
    asked: dict[str, Query] = {
        "cards": lambda s: stat_cards.cards(s, **call, codes=CARDS["工单"]),
        "all figures of tickets": lambda s: stats.figures(s, **call, codes=every),
        "check-ins": lambda s: stats.figures(s, **call, codes=("round_coverage", "sign_ok", "not_looked", "incidents")),
        "sparkline": lambda s: stats.series(s, **call, code="reported", grain="day"),
        "rate by month": lambda s: stats.series(s, **call, code="on_time_rate", grain="month"),
        "flow by day": lambda s: stats.flow(s, **call),
        "age of open work": lambda s: stats.ages(s, **call),
        "heat": lambda s: stats.heat(s, actor=actor, scope=scope),
        "hot spots": lambda s: stats.hotspots(s, actor=actor, scope=scope),
        "rows behind a figure": lambda s: stats.rows(s, **call, code="closed"),
    }
    for dim in ("area", "category", "kind"):
        asked[f"by {dim}"] = partial(stats.breakdown, **call, dim=dim, codes=rates)
    return asked


def _compared(actor: Actor, scope: Scope) -> dict[str, tuple[Query, Query]]:
    call: dict[str, Any] = {"actor": actor, "scope": scope, "now": now()}
    return {
        "flow by day": (lambda s: stats.flow(s, **call), partial(stat_raw.by_day, scope=scope)),
        "by category": (
            lambda s: stats.breakdown(s, **call, dim="category", codes=("reported",)),
            partial(stat_raw.by_column, scope=scope, column="category_id"),
        ),
        "by area": (
            lambda s: stats.breakdown(s, **call, dim="area", codes=("reported",)),
            partial(stat_raw.by_column, scope=scope, column="grid_id"),
        ),
    }


async def _pages(figures: Figures, size: str, server: Server, token: str) -> None:
    """Run each part as it stands, and with another day each time: nothing is kept of that, as after a change."""
    cookies = {SESSION_COOKIE: token}
    async with httpx.AsyncClient(timeout=60) as http:
        hello = await reruns.page(server, StSession(server.url, http, page="hello", cookies=cookies))
        figures.add(size, "hello, server CPU", milliseconds(hello.cpu), "ms")
        for part in CARDS:
            asked = urlencode({"charts": part, "period": "90"})
            session = StSession(server.url, http, page="charts", query=asked, cookies=cookies)
            cost = await reruns.page(server, session, leave_open=True)
            anew = await _anew(server, session, part)
            await session.close()
            name = f"charts, {NAMES[part]}"
            figures.add(size, f"{name}, full run, p50", milliseconds(percentile(cost.wall, 0.5)), "ms")
            figures.add(size, f"{name}, full run, server CPU", milliseconds(cost.cpu), "ms", hello=hello.cpu * 1000)
            figures.add(size, f"{name}, messages", cost.messages, "")
            allowed = 3 * hello.cpu + 2 / 1000 * VISIBLE
            figures.add(size, f"{name}, CPU / (3 x hello + 2 ms a chart)", cost.cpu / allowed, "x")
            figures.add(size, f"{name}, first run after a change, server CPU", milliseconds(anew), "ms")


async def _anew(server: Server, session: StSession, part: str) -> float:
    before = server.cpu()
    for back in range(1, running.times(ANEW) + 1):
        start = local_date(now()) - timedelta(days=DAYS + back)
        end = start + timedelta(days=DAYS - 1)
        session.query = urlencode({"charts": part, "from": start.isoformat(), "to": end.isoformat()})
        if error := (await session.rerun()).error:
            raise RuntimeError(error)
    return (server.cpu() - before) / running.times(ANEW)


def _against_the_first(figures: Figures, size: str, first: str) -> None:
    """Tell how a size compares with the smallest."""
    held = {row["what"]: row["value"] for row in figures.rows if row["size"] == first and row["unit"] == "ms"}
    for row in list(figures.rows):
        if size != first and row["size"] == size and row["unit"] == "ms" and held.get(row["what"]):
            figures.add(size, f"{row['what']} / {first}", row["value"] / held[row["what"]], "x")
