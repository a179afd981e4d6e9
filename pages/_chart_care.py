"""守望: whether every elder was looked in on, what was seen, and how fast help was at the door."""

from dataclasses import replace
from typing import Any

import db
from db import stats
from domain.access import Actor
from domain.areas import LEVEL_LABELS, Level
from domain.clock import now
from domain.stats import Grain
from pages._chart_frame import Block, Lines, Picture, head
from pages._chart_scope import Chosen
from ui import figures
from ui import figures_beside as beside

_SEEN = {"sign_ok": "已拉开", "not_looked": "超时未查看", "sign_closed": "没拉开"}
_TONES = {"已拉开": "done", "超时未查看": "soon", "没拉开": "late"}
_DAYS = 92  # longer periods are drawn by month


def read(actor: Actor, held: Chosen, *, dark: bool) -> Lines:
    call: dict[str, Any] = {"actor": actor, "now": now()}
    scope = replace(held.scope, kind=None, category_id=None)  # a look has neither
    grain = Grain.DAY if scope.days <= _DAYS else Grain.MONTH
    found = db.read(stats.several, scope=scope, codes=(*_SEEN, "incidents"), grain=grain, **call)
    if not any(one.denominator for code in _SEEN for _, one in found[code]):
        return [[["这个期间还没有巡看。在“平安守望”里登记老人、排好时段以后，这里就有图。"]]]
    return [
        [[_seen(held, found, grain, dark)], [_alarms(held, found, grain, dark)]],
        [_coverage(held, scope, call, dark)],
    ]


def _seen(held: Chosen, read: dict[str, Any], grain: Grain, dark: bool) -> Picture:
    days = [day for day, _ in read["sign_ok"]]
    series = {name: [one.numerator or 0 for _, one in read[code]] for code, name in _SEEN.items()}
    owed = sum(one.denominator or 0 for _, one in read["sign_ok"])
    above = head(held, f"每{_per(grain)}巡看结果", "户次", owed)
    draw = figures.by_day if grain is Grain.DAY else figures.by_month
    figure = draw(above, days, series, tones=_TONES, stacked=True, partial=bool(held.partial), dark=dark)
    rows = [{"日期": day, **{name: values[n] for name, values in series.items()}} for n, day in enumerate(days)]
    return Picture(figure, above, rows, key="seen", narrows="day" if grain is Grain.DAY else "", code="round_coverage")


def _alarms(held: Chosen, read: dict[str, Any], grain: Grain, dark: bool) -> Picture:
    days = [day for day, _ in read["incidents"]]
    counts = [one.numerator or 0 for _, one in read["incidents"]]
    above = head(held, f"每{_per(grain)}预警", "件", sum(counts))
    draw = figures.by_day if grain is Grain.DAY else figures.by_month
    figure = draw(above, days, {"预警": counts}, tones={"预警": "late"}, partial=bool(held.partial), dark=dark)
    rows = [{"日期": day, "预警": counts[n]} for n, day in enumerate(days)]
    return Picture(figure, above, rows, key="alarms", narrows="day" if grain is Grain.DAY else "", code="incidents")


def _per(grain: Grain) -> str:
    return "天" if grain is Grain.DAY else "月"


def _coverage(held: Chosen, scope: Any, call: dict[str, Any], dark: bool) -> list[Block]:
    below = held.area.level_below
    if below is None or below in (Level.BUILDING, Level.UNIT):
        return []
    rows = db.read(stats.breakdown, dim="area", codes=("round_coverage", "not_looked"), scope=scope, **call)
    shown = [(key, name, one["round_coverage"]) for key, name, one in rows if one["round_coverage"].n]
    if not shown:
        return []
    above = head(held, f"各{LEVEL_LABELS[below]}巡看覆盖率", "%", sum(one.n for *_, one in shown))
    series = {"巡看覆盖率": [(name, one.value, one.n, one.small) for _, name, one in shown]}
    figure = beside.rates(above, series, keys=[str(key) for key, *_ in shown], dark=dark)
    table = [{LEVEL_LABELS[below]: name, "巡看覆盖率": one.text, "应看户次": one.n} for _, name, one in shown]
    return [Picture(figure, above, table, key="coverage", narrows=below.value, code="round_coverage")]
