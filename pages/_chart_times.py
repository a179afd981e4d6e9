"""时段: when matters come up, and the places where they come up again and again."""

from typing import Any

import streamlit as st

import db
from db import area_rows, categories, stats
from domain.access import Actor
from pages import _chart_prevent
from pages._chart_frame import Block, Lines, Picture, Table, both, head
from pages._chart_scope import Chosen
from ui import figures_beside as beside
from ui.chart_look import WEEKDAYS
from ui.charts import markup
from ui.charts.markup import Cell

_ROWS = 14


def read(actor: Actor, held: Chosen, *, dark: bool) -> Lines:
    call: dict[str, Any] = {"actor": actor, "scope": held.scope}
    found = db.read(stats.heat, **call)
    if not found.hours:
        return [[["这个期间没有上报的工单，换一个期间试试。"]]]
    return [[[_hours(held, found, dark)], [_categories(held, found, dark)]], [[_hotspots(actor, held, call)]]]


def _hours(held: Chosen, found: Any, dark: bool) -> Picture:
    hours = [f"{hour}时" for hour in range(24)]
    counts = [[found.hours.get((day, hour), 0) for hour in range(24)] for day in range(7)]
    above = head(held, "星期几、几点上报", "件", sum(map(sum, counts)), note=both(found.partial, held.partial))
    table = [{"星期": WEEKDAYS[day], **dict(zip(hours, counts[day], strict=True))} for day in range(7)]
    return Picture(
        beside.heat(above, WEEKDAYS, hours, counts, dark=dark),
        above,
        table,
        key="hours",
        code="reported",
    )


def _categories(held: Chosen, found: Any, dark: bool) -> Picture:
    totals: dict[str, int] = {}
    for (name, _), count in found.categories.items():
        totals[name] = totals.get(name, 0) + count
    names = sorted(totals, key=lambda name: -totals[name])[:_ROWS]
    counts = [[found.categories.get((name, day), 0) for day in range(7)] for name in names]
    above = head(held, "哪类事、星期几", "件", sum(totals.values()), note=both(found.partial, held.partial))
    table = [{"类别": name, **dict(zip(WEEKDAYS, row, strict=True))} for name, row in zip(names, counts, strict=True)]
    known = {one.name: str(one.id) for one in db.read(categories.listed) if one.parent_id is None}
    # what is in no category narrows nothing, nor does what is no longer used: the filter knows neither
    narrows = "category" if held.scope.category_id is None else ""  # below it a tap on the first level would widen
    figure = beside.heat(above, names, WEEKDAYS, counts, keys=[known.get(name, "") for name in names], dark=dark)
    return Picture(figure, above, table, key="weekdays", narrows=narrows, code="reported")


def _hotspots(actor: Actor, held: Chosen, call: dict[str, Any]) -> Block:
    """List where to be before the next complaint; whoever may report can begin right here."""
    spots = db.read(stats.hotspots, **call)
    if not spots:
        return "这段时间没有反复发生的地方。"
    may = _chart_prevent.may(actor)
    households = db.read(area_rows.households, [spot.area_id for spot in spots])
    named = any(spot.category for spot in spots)
    rows = [
        [
            Cell(spot.label),
            *([Cell(spot.category or "—")] if named else []),
            Cell(f"{spot.count:,}", number=True),
            Cell(_per_thousand(spot.count, households.get(spot.area_id)), number=True),
            Cell(f"{spot.last_year:,}" if spot.last_year else "—", number=True),
            Cell(_season(spot.months)),
            *([_offer(spot)] if may else []),
        ]
        for spot in spots
    ]
    headers = [
        "地方",
        *(["多为"] if named else []),
        "本期",
        "每千户",
        "去年同期",
        "最多的月份",
        *(["未诉先办"] if may else []),
    ]
    months = f"{held.scope.start:%Y-%m} 至 {held.scope.end:%Y-%m}"
    caption = f"{held.area.name} · 按 {months} 整月的诉求和隐患排列 · 单位：件"
    return Table("反复发生的地方", caption, markup.table_html(headers, rows), "spots", _begin)


def _per_thousand(count: int, households: int | None) -> str:
    return f"{count / households * 1000:,.1f}" if households else "—"


def _offer(spot: stats.Hotspot) -> Cell:
    if spot.begun:
        no, ticket_id = spot.begun
        return Cell(f"{no} 已建", href=f"/tickets?ticket={ticket_id}")
    return Cell("建预防工单", pick=f"{spot.area_id}|{spot.category_id or ''}")


def _begin() -> None:
    _chart_prevent.begin(st.session_state["spots"].picked)


def _season(months: dict[Any, int]) -> str:
    if not months:
        return "—"
    top = max(months.values())
    most = next(month for month, count in months.items() if count == top)
    return f"{most.year}年{most.month}月（{top}）"
