"""Figures of places: areas in areas, and grids as rooms on a floor; no map, and so nothing from the net."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from ui.chart_look import GRID, GROUND, INK, SCALE, SMALL, Head, plain
from ui.figures import HEIGHT, Trace, drawn
from ui.floor import Box, lay_out, squares

Node = tuple[str, str, str, int]  # id, the id above, name, count
Tile = tuple[Node, str, str, Box, str]  # what it says, what a tap hands back, its place and its ground
_CANVAS: Box = (0, 0, 16, 8)
_STRIP, _LINE, _LETTER = 0.62, 0.5, 0.6  # of the canvas: where a name stands, a line, a letter on a phone
# a tap anywhere is one on the nearest mark
_TAPPED: dict[str, Any] = {"showlegend": False, "hovermode": "closest", "hoverdistance": -1}
_WORDED = 80  # with more cells than this there is no room for words in them


def tree(head: Head, nodes: Sequence[Node], *, also: Mapping[str, str] | None = None, dark: bool = False) -> go.Figure:
    """Draw areas in areas, as large as their counts; a look at one tells what is `also` said of it, a tap goes down.

    Plotly's own treemap hears no tap that a page could follow.
    """
    root, whole = next((node, name) for node, above, name, _ in nodes if not above)
    shapes: list[Trace] = []
    tiles: list[Tile] = []
    outer = _below(nodes, root)
    shade = _shades(nodes, dark)
    for node, box in zip(outer, squares([node[3] for node in outer], _CANVAS), strict=True):
        inner = _below(nodes, node[0])
        if not inner:
            shapes.append(_filled(box, shade[node[0]], GROUND[dark]))
            tiles.append((node, _within(node[2], whole), node[0], box, shade[node[0]]))
            continue
        left, low, right, high = box
        shapes.append(_filled(box, GRID[dark], GROUND[dark]))
        strip = (left, high - _STRIP, right, high)
        tiles.append((node, _within(node[2], whole), node[0], strip, GRID[dark]))
        for part, place in zip(inner, squares([n[3] for n in inner], (left, low, right, high - _STRIP)), strict=True):
            shapes.append(_filled(place, shade[part[0]], GROUND[dark]))
            # what is noted only higher up leads to where it is noted
            key = node[0] if part[0].startswith(node[0]) else f"{node[0]}|{part[0]}"
            tiles.append((part, _within(part[2], node[2]), key, place, shade[part[0]]))
    hidden: dict[str, Any] = {"visible": False, "zeroline": False, "showgrid": False}
    marks = _tiles(tiles, sum(node[3] for node in outer) or 1, also or {}, dark)
    across = {**hidden, "range": [_CANVAS[0], _CANVAS[2]]}
    up = {**hidden, "range": [_CANVAS[1], _CANVAS[3]]}
    return drawn(head, [marks], dark, height=HEIGHT + 60, shapes=shapes, xaxis=across, yaxis=up, **_TAPPED)


def _below(nodes: Sequence[Node], above: str) -> list[Node]:
    return sorted((node for node in nodes if node[1] == above and node[3]), key=lambda node: -node[3])


def _tiles(tiles: Sequence[Tile], whole: int, also: Mapping[str, str], dark: bool) -> Trace:
    """Write a name where it has room, also on a phone; a tap or a look from nearby tells the rest."""
    return _written(
        [box for *_, box, _ in tiles],
        [_fitting(plain(words), node[3], box) for node, words, _, box, _ in tiles],
        [_ink(ground, dark) for *_, ground in tiles],
        [key for _, _, key, *_ in tiles],
        [
            f"{plain(name)}　{count:,} 件，占 {count / whole:.0%}{also.get(one, '')}"
            for (one, _, name, count), *_ in tiles
        ],
    )


def _fitting(name: str, count: int, box: Box) -> str:
    """Say as much as there is room for: 48号楼, 48号, 48, 三网格, 三, or nothing."""
    wide, high = box[2] - box[0], box[3] - box[1]
    shorter = (name, name.removesuffix("楼"), name.removesuffix("号楼"), name.removesuffix("网格"))
    told = next((words for words in shorter if _width(words) <= wide), "")
    if not told or high < _STRIP * 0.9:
        return ""
    if high > 2 * _LINE:
        return f"{told}<br>{count:,}"
    return f"{told} {count:,}" if _width(f"{told} {count:,}") <= wide else told


def _width(words: str) -> float:
    return sum(_LETTER * (0.6 if letter.isascii() else 1) for letter in words)


def _written(
    boxes: Sequence[Box], words: Sequence[str], inks: Sequence[str], keys: Sequence[str], told: Sequence[str]
) -> Trace:
    return {
        "type": "scatter",
        "x": [(left + right) / 2 for left, _, right, _ in boxes],
        "y": [(low + high) / 2 for _, low, _, high in boxes],
        "mode": "markers+text",
        "marker": {"size": 30, "opacity": 0, "symbol": "square"},
        "unselected": {"marker": {"opacity": 0}},
        "text": list(words),
        "textfont": {"color": list(inks), "size": 12},
        "customdata": list(keys),
        "hovertext": list(told),
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _shades(nodes: Sequence[Node], dark: bool) -> dict[str, str]:
    """Shade the areas that have none below them, the darker the more; what holds them stays calm."""
    holders = {above for _, above, *_ in nodes}
    top = max((count for node, *_, count in nodes if node not in holders), default=0) or 1
    scale = SCALE[dark]
    return {node: GRID[dark] if node in holders else scale[round(count / top * 4)] for node, *_, count in nodes}


Cell = tuple[str, str, str, float | None, str, bool]  # community, key, grid, share of the whole, words, small
FROM = 0.5  # a share up to here has the lightest ground: most places lie above, and would look alike


def floor(head: Head, cells: Sequence[Cell], *, dark: bool = False) -> go.Figure:
    """Draw communities as rooms and grids as cells in them; no map, and so nothing from the net."""
    rooms: dict[str, list[Cell]] = {}
    for cell in cells:
        rooms.setdefault(cell[0], []).append(cell)
    shapes: list[Trace] = []
    names: list[Trace] = []
    placed: list[tuple[Cell, Box]] = []
    for room in lay_out([(name, len(held)) for name, held in rooms.items()]):
        left, _low, _right, high = room.box
        shapes.append(_filled(room.box, "rgba(0,0,0,0)", GRID[dark]))
        words = {"text": f"<b>{plain(room.name)}</b>", "showarrow": False, "font": {"color": INK[dark]}}
        names.append({"x": left + 0.08, "y": high - 0.18, "xanchor": "left", **words})
        placed += zip(rooms[room.name], room.cells, strict=True)
    shapes += [_filled(box, _ground(cell, dark), GROUND[dark]) for cell, box in placed]
    corners = [{"type": "scatter", "mode": "markers", "marker": {"opacity": 0}, "hoverinfo": "skip"} | _ends(placed)]
    hidden: dict[str, Any] = {"visible": False, "zeroline": False, "showgrid": False}
    return drawn(
        head,
        [_marks(placed, dark, worded=len(cells) <= _WORDED), *corners],
        dark,
        height=HEIGHT + 60,
        shapes=shapes,
        annotations=names,
        xaxis=hidden,
        yaxis=hidden,
        **_TAPPED,
    )


def _marks(placed: Sequence[tuple[Cell, Box]], dark: bool, *, worded: bool) -> Trace:
    """Write into the cells, and let each be tapped."""
    said = [f"{plain(_within(name, room))}<br>{plain(words)}" for (room, _, name, _, words, _), _ in placed]
    return _written(
        [box for _, box in placed],
        said if worded else [""] * len(said),
        [_ink(_ground(cell, dark), dark) for cell, _ in placed],
        [cell[1] for cell, _ in placed],
        [f"{plain(name)}　{plain(words)}" for (_, _, name, _, words, _), _ in placed],
    )


def _ends(placed: Sequence[tuple[Cell, Box]]) -> dict[str, list[float]]:
    """Stretch the axes over all cells: shapes alone do not."""
    boxes = [box for _, box in placed]
    lefts, lows, rights, highs = zip(*boxes, strict=True) if boxes else ((0,), (0,), (1,), (1,))
    return {"x": [min(lefts) - 0.1, max(rights) + 0.1], "y": [min(lows) - 0.1, max(highs) + 0.4]}


def _ground(cell: Cell, dark: bool) -> str:
    *_, value, _said, small = cell
    return SMALL[dark] if small or value is None else SCALE[dark][round(max(0, value - FROM) / (1 - FROM) * 5)]


def _ink(ground: str, dark: bool) -> str:
    """Write dark on light grounds and light on dark ones, whichever the theme."""
    strong = ground in SCALE[dark][3 if dark else 4 :]  # else words on the middle of the scale have no 4.5
    return {(True, False): "#ffffff", (True, True): "#0c1a20"}.get((strong, dark), INK[dark])


def _within(name: str, community: str) -> str:
    """Leave out what goes without saying: 桂花一网格 is 一网格 in 桂花社区, and 桂花社区 among communities is 桂花."""
    said = community.removesuffix("社区")
    return name.removeprefix(said).removesuffix("社区") or name


def _filled(box: Box, fill: str, line: str) -> Trace:
    left, low, right, high = box
    about = {"type": "rect", "layer": "below", "fillcolor": fill, "line": {"color": line, "width": 1}}
    return about | {"x0": left, "y0": low, "x1": right, "y1": high}
