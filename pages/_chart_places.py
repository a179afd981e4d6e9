"""辖区: how the places below this one stand beside each other, and down from street to building."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any
from uuid import UUID

import db
from db import area_rows, stats
from domain.access import Actor
from domain.areas import LEVEL_LABELS, PARENT_TO_CHILD, Level
from domain.clock import now
from domain.kpis import Figure
from domain.stats import Scope
from pages._chart_frame import Block, Lines, Picture, both, head
from pages._chart_scope import Chosen
from ui import figures_beside as beside
from ui import figures_places as places
from ui.figures_beside import Rate

_RATES = ("on_time_rate", "solve_rate", "satisfaction")
_SHOWN = ("reported", "reported_per_1000", *_RATES)
_SCALE = f"：{places.FROM:.0%}→100%；灰色：样本不足 10；点一格看它"
_ROOMS = 12  # communities whose grids are read one by one; with more the communities themselves are drawn

Key = UUID | str | None
Row = tuple[Key, str, dict[str, Figure]]


def read(actor: Actor, held: Chosen, *, dark: bool) -> Lines:
    below = held.area.level_below
    if below is None or below is Level.UNIT:
        return [[[f"这里是{held.area.name}，下面不再分了。看它的工单，请点上面的数字；看别的楼，请点“上一级”。"]]]
    call: dict[str, Any] = {"actor": actor, "now": now()}
    rows = db.read(stats.breakdown, dim="area", codes=_SHOWN, scope=held.scope, **call)
    if not rows:
        return [[[f"{held.area.name}下面还没有{LEVEL_LABELS[below]}。管理员可以在“系统设置 → 辖区”里添加。"]]]
    inner = _inner(held, rows, call)
    beyond = _beyond(held, rows, below, call)
    beneath: list[list[Block]] = [[_tree(held, rows, inner, beyond, dark)], [_floor(held, rows, inner, below, dark)]]
    return [[[_rates(held, rows, below, beyond, dark)]], beneath]


def _beyond(held: Chosen, rows: Sequence[Row], below: Level, call: dict[str, Any]) -> str:
    """Say how many are of none of these places, but of the place itself or of a closed one: they add up to less."""
    whole = db.read(stats.figures, scope=held.scope, codes=("reported",), **call)["reported"]
    rest = (whole.numerator or 0) - sum(_count(found) for *_, found in rows)
    return f"另有上报的 {rest:,} 件不在下面这些{LEVEL_LABELS[below]}里" if rest > 0 and not _partial(rows) else ""


def _inner(held: Chosen, rows: Sequence[Row], call: dict[str, Any]) -> dict[Key, list[Row]]:
    """Read the places below these, if that is not too many: of a street its grids, of a community its buildings."""
    if held.area.level not in (Level.STREET, Level.COMMUNITY) or len(rows) > _ROOMS:
        return {}
    told: dict[Key, list[Row]] = {}
    codes = ("reported", "reported_per_1000", "on_time_rate")
    for area in db.read(area_rows.find, [key for key, *_ in rows if isinstance(key, UUID)]):
        scope: Scope = replace(held.scope, area_id=area.id, area_path=area.path)
        told[area.id] = db.read(stats.breakdown, dim="area", codes=codes, scope=scope, **call)
    return told


def _rates(held: Chosen, rows: Sequence[Row], below: Level, beyond: str, dark: bool) -> Picture:
    def rate(name: str, one: Figure) -> Rate:
        return name, one.value, one.n, one.small

    series = {one.kpi.name: [rate(name, f[code]) for _, name, f in rows] for code, one in _named(rows)}
    due = sum(found["on_time_rate"].n for *_, found in rows)
    above = head(
        held,
        f"各{LEVEL_LABELS[below]} 按期、解决、满意",
        "%",
        due,
        note=both(_partial(rows), beyond, "灰色空心：样本不足 10，不作比较", held.partial),
    )
    figure = beside.rates(above, series, keys=[str(key) for key, *_ in rows], dark=dark)
    table = [
        {LEVEL_LABELS[below]: name}
        | {found[code].kpi.name: found[code].text for code in _SHOWN}
        | {"到期件数": found["on_time_rate"].n, "评价件数": found["satisfaction"].n}
        for _, name, found in rows
    ]
    return Picture(figure, above, table, key="rates", narrows=below.value, code="on_time_rate")


def _named(rows: Sequence[Row]) -> list[tuple[str, Figure]]:
    return [(code, rows[0][2][code]) for code in _RATES]


def _partial(rows: Sequence[Row]) -> str:
    return both(*{one.partial for *_, found in rows for one in found.values()})


def _count(found: dict[str, Figure]) -> int:
    return found["reported"].numerator or 0


def _tree(held: Chosen, rows: Sequence[Row], inner: dict[Key, list[Row]], beyond: str, dark: bool) -> Block:
    """Draw each with what lies in it; what is in none of them has a part of its own, if all could be read."""
    beneath = _beneath(held) if inner else None
    own = f"不在现有{LEVEL_LABELS[beneath]}" if beneath else ""  # noted higher up, or in one that is closed by now
    root = str(held.area.id)
    nodes = [(root, "", held.area.name, sum(_count(found) for *_, found in rows))]
    table: list[dict[str, Any]] = []
    for key, name, found in rows:
        nodes.append((str(key), root, name, _count(found)))
        parts = [(str(k), n, _count(f)) for k, n, f in inner.get(key, [])]
        rest = 0 if _partial(inner.get(key, [])) else _count(found) - sum(count for *_, count in parts)
        parts += [(f"{key}-own", own, rest)] if parts and rest > 0 else []
        nodes += [(k, str(key), n, count) for k, n, count in parts if count]
        table += [{"上级": name, "名称": n, "件数": c} for _, n, c in parts] or [
            {"上级": held.area.name, "名称": name, "件数": _count(found)}
        ]
    drawn = [*rows, *chain.from_iterable(inner.values())]
    above = head(held, "上报量落在哪里", "件", nodes[0][3], note=both(_partial(drawn), beyond, held.partial))
    if not nodes[0][3]:
        return "这个期间没有上报的工单。"
    levels = [level for level in (held.area.level_below, beneath) if level]
    narrows = "|".join(level.value for level in levels)
    shares = ((key, found["reported_per_1000"]) for key, _, found in drawn)
    also = {str(key): f"，每千户 {one.text} 件" for key, one in shares if one.value is not None}
    figure = places.tree(above, nodes, also=also, dark=dark)
    return Picture(figure, above, table, key="tree", narrows=narrows, code="reported")


def _beneath(held: Chosen) -> Level | None:
    return PARENT_TO_CHILD.get(held.area.level_below) if held.area.level_below else None


def _floor(held: Chosen, rows: Sequence[Row], inner: dict[Key, list[Row]], below: Level, dark: bool) -> Picture:
    grids = below is Level.COMMUNITY and bool(inner)
    groups = [(name, inner[key]) for key, name, _ in rows if key in inner] if grids else [(held.area.name, rows)]
    level = Level.GRID if grids else below
    cells = [
        (room, str(key), name, one.value, f"{one.text}", one.small or one.new)
        for room, held_rows in groups
        for key, name, found in held_rows
        for one in (found["on_time_rate"],)
    ]
    partial = _partial([*rows, *chain.from_iterable(part for _, part in groups)])
    note = both(partial, ("暗到亮" if dark else "浅到深") + _SCALE)
    due = sum(f["on_time_rate"].n for *_, f in rows)
    above = head(held, f"{LEVEL_LABELS[level]}平面图：按期办结率", "%", due, note=note)
    figure = places.floor(above, cells, dark=dark)
    table = [{"所在": room, LEVEL_LABELS[level]: name, "按期办结率": said} for room, _, name, _, said, _ in cells]
    return Picture(figure, above, table, key="floor", narrows=level.value, code="on_time_rate")
