"""积分: points in and out by month, hours by place."""

from dataclasses import replace
from typing import Any

import db
from db import stats
from domain.access import Actor
from domain.areas import LEVEL_LABELS, Level
from domain.charts import months_before
from domain.clock import now
from domain.stats import Grain
from pages._chart_frame import Block, Lines, Picture, head
from pages._chart_scope import Chosen
from ui import figures
from ui import figures_beside as beside

_FLOWS = {"points_awarded": "发放", "points_redeemed": "兑换", "points_expired": "过期"}
_MONTHS = 6


def read(actor: Actor, held: Chosen, *, dark: bool) -> Lines:
    call: dict[str, Any] = {"actor": actor, "now": now()}
    return [[[_flow(held, call, dark)], [_hours(held, call, dark)]]]


def _flow(held: Chosen, call: dict[str, Any], dark: bool) -> Block:
    scope = replace(held.scope, start=min(held.scope.start, months_before(held.scope.end, _MONTHS - 1)))
    read = db.read(stats.several, scope=scope, codes=tuple(_FLOWS), grain=Grain.MONTH, **call)
    months = [month for month, _ in read["points_awarded"]]
    series = {_FLOWS[code]: [one.value or 0 for _, one in found] for code, found in read.items()}
    if not any(any(values) for values in series.values()):
        return "这几个月还没有积分进出。服务记录入账以后，这里就有图。"
    above = head(replace(held, scope=scope), "每月积分进出", "分", None)
    figure = figures.by_month(above, months, series, partial=bool(held.partial), dark=dark)
    rows = [
        {"月份": f"{month:%Y-%m}", **{name: values[n] for name, values in series.items()}}
        for n, month in enumerate(months)
    ]
    return Picture(figure, above, rows, key="points", code="points_awarded")


def _hours(held: Chosen, call: dict[str, Any], dark: bool) -> Block:
    below = held.area.level_below
    if below is None or below in (Level.BUILDING, Level.UNIT):
        return "服务时长看到网格为止，请点“清除筛选”看各网格。"
    found = db.read(stats.breakdown, dim="area", codes=("service_hours", "service_times"), scope=held.scope, **call)
    rows = [
        (name, one["service_hours"].value or 0, one["service_times"].numerator or 0, str(key))
        for key, name, one in found
    ]
    rows = sorted((row for row in rows if row[1]), key=lambda row: -row[1])
    if not rows:
        return "这个期间还没有入账的服务时长。"
    above = head(held, f"各{LEVEL_LABELS[below]}服务时长", "小时", sum(row[2] for row in rows))
    figure = beside.parts(
        above,
        [row[0] for row in rows],
        {"时长": [row[1] for row in rows]},
        keys=[row[3] for row in rows],
        dark=dark,
    )
    table = [{LEVEL_LABELS[below]: name, "小时": hours, "人次": times} for name, hours, times, _ in rows]
    return Picture(figure, above, table, key="hours-by-place", narrows=below.value, code="service_hours")
