"""工单: what came in and what was done, how it flows, how old what is open is, and what it is mostly about."""

from typing import Any

import db
from db import categories, stats
from domain.access import Actor
from domain.clock import now
from domain.stats import Dim
from pages._chart_frame import Lines, Picture, both, head
from pages._chart_scope import Chosen
from ui import figures
from ui import figures_beside as beside


def read(actor: Actor, held: Chosen, *, dark: bool) -> Lines:
    call: dict[str, Any] = {"actor": actor, "scope": held.scope, "now": now()}
    rows = db.read(stats.flow, **call)
    if not any(row.reported or row.closed or row.open for row in rows):
        return [[["这个范围和期间里没有工单。可以换一个期间，或点“清除筛选”看全部。"]]]
    left = [_by_day(held, rows, dark), _ages(held, call, dark)]
    return [[left, [_flow(held, rows, dark), _pareto(held, call, dark)]]]


def _by_day(held: Chosen, rows: list[stats.DayRow], dark: bool) -> Picture:
    days = [row.day for row in rows]
    series = {"上报": [row.reported for row in rows], "办结": [row.closed for row in rows]}
    note = both(rows[-1].partial, held.partial)
    above = head(held, "每天上报与办结", "件", sum(series["上报"]), note=note)
    figure = figures.by_day(above, days, series, partial=bool(held.partial), dark=dark)
    table = [{"日期": row.day, "上报": row.reported, "办结": row.closed} for row in rows]
    return Picture(figure, above, table, key="daily", narrows="day", code="reported")


def _flow(held: Chosen, rows: list[stats.DayRow], dark: bool) -> Picture:
    days = [row.day for row in rows]
    bands = {"已办结": [row.closed_so_far for row in rows], "在办": [row.open for row in rows]}
    last = rows[-1]
    note = both(last.partial, held.partial)
    above = head(held, "累积流：办了多少，还压着多少", "件", last.closed_so_far + last.open, note=note)
    figure = figures.flow(above, days, bands, dark=dark)
    table = [
        {"日期": r.day, "期初起上报": r.reported_so_far, "期初起办结": r.closed_so_far, "当天在办": r.open}
        for r in rows
    ]
    return Picture(figure, above, table, key="flow", code="open")


def _ages(held: Chosen, call: dict[str, Any], dark: bool) -> Picture:
    bands = db.read(stats.ages, **call)
    above = head(held, "在办工单多久了", "件", sum(band.count for band in bands), now=True)
    names = [band.label for band in bands]
    figure = beside.parts(above, names, {"在办": [band.count for band in bands]}, dark=dark)
    return Picture(figure, above, [{"已上报": b.label, "件数": b.count} for b in bands], key="ages", code="open")


def _pareto(held: Chosen, call: dict[str, Any], dark: bool) -> Picture:
    found = db.read(stats.breakdown, dim=Dim.CATEGORY, codes=("reported",), **call)
    counts = [(key, name, one["reported"].numerator or 0) for key, name, one in found]
    rows = _groups(counts) if held.scope.category_id is None else [(n, c, str(key or "")) for key, n, c in counts]
    rows = sorted((row for row in rows if row[1]), key=lambda row: -row[1])
    note = both(*{one["reported"].partial for *_, one in found}, held.partial)
    above = head(held, "哪类最多", "件", sum(count for _, count, _ in rows), note=note)
    bare = [(name.rpartition(" / ")[2], count) for name, count, _ in rows]
    figure = beside.pareto(above, bare, keys=[key for *_, key in rows], dark=dark)
    table = [{"类别": name, "件数": count} for _, name, count in sorted(counts, key=lambda row: -row[2])]
    return Picture(figure, above, table, key="pareto", narrows="category", code="reported")


def _groups(counts: list[tuple[Any, str, int]]) -> list[tuple[str, int, str]]:
    """Add up what belongs to one first level: thirty kinds beside each other say nothing."""
    above = {one.id: one.parent_id or one.id for one in db.read(categories.listed)}
    sums: dict[tuple[str, str], int] = {}
    for key, name, count in counts:
        group = (name.partition(" / ")[0], str(above.get(key) or ""))
        sums[group] = sums.get(group, 0) + count
    return [(name, count, key) for (name, key), count in sums.items()]
