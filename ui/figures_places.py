"""Figures of places: areas in areas, and grids as rooms on a floor; no map, and so nothing from the net."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from ui.chart_look import GRID, GROUND, INK, SCALE, SMALL, Head, plain
from ui.figures import HEIGHT, Trace, drawn
from ui.floor import Box, lay_out

_WORDED = 80  # with more cells than this there is no room for words in them


def tree(head: Head, nodes: Sequence[tuple[str, str, str, int]], *, dark: bool = False) -> go.Figure:
    """Draw areas in areas: (id, the id above or "", name, count); a tap goes a step down."""
    shades = _shades(nodes, dark)
    trace: Trace = {
        "type": "treemap",
        "ids": [node for node, *_ in nodes],
        "parents": [above for _, above, *_ in nodes],
        "labels": [plain(name) for _, _, name, _ in nodes],
        "values": [count for *_, count in nodes],
        "branchvalues": "total",
        "maxdepth": 3,
        "marker": {"colors": shades, "line": {"color": GROUND[dark], "width": 2}},
        "textfont": {"color": [_ink(shade, dark) for shade in shades]},
        "tiling": {"pad": 3},
        "pathbar": {"thickness": 26},
        "texttemplate": "%{label}<br>%{value:,}",
        "hovertemplate": "%{label}　%{value:,} 件，占上级 %{percentParent:.0%}<extra></extra>",
    }
    # a name that has no room is left out, not shrunk until nobody can read it
    return drawn(head, [trace], dark, height=HEIGHT + 60, uniformtext={"minsize": 11, "mode": "hide"})


def _shades(nodes: Sequence[tuple[str, str, str, int]], dark: bool) -> list[str]:
    """Shade the areas that have none below them, the darker the more; what holds them stays calm."""
    holders = {above for _, above, *_ in nodes}
    top = max((count for node, *_, count in nodes if node not in holders), default=0) or 1
    return [GRID[dark] if node in holders else SCALE[dark][round(count / top * 4)] for node, *_, count in nodes]


Cell = tuple[str, str, str, float | None, str, bool]  # community, key, grid, value 0–1 of the scale, words, small


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
        showlegend=False,
        hovermode="closest",
        xaxis=hidden,
        yaxis=hidden,
    )


def _marks(placed: Sequence[tuple[Cell, Box]], dark: bool, *, worded: bool) -> Trace:
    """Write into the cells, and let each be tapped."""
    said = [f"{plain(_within(name, room))}<br>{plain(words)}" for (room, _, name, _, words, _), _ in placed]
    return {
        "type": "scatter",
        "x": [(left + right) / 2 for _, (left, _, right, _) in placed],
        "y": [(low + high) / 2 for _, (_, low, _, high) in placed],
        "mode": "markers+text" if worded else "markers",
        "marker": {"size": 46, "opacity": 0, "symbol": "square"},
        "unselected": {"marker": {"opacity": 0}},
        "text": said,
        "textfont": {"color": [_ink(_ground(cell, dark), dark) for cell, _ in placed], "size": 12},
        "customdata": [cell[1] for cell, _ in placed],
        "hovertext": [f"{plain(name)}　{plain(words)}" for (_, _, name, _, words, _), _ in placed],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _ends(placed: Sequence[tuple[Cell, Box]]) -> dict[str, list[float]]:
    """Stretch the axes over all cells: shapes alone do not."""
    boxes = [box for _, box in placed]
    lefts, lows, rights, highs = zip(*boxes, strict=True) if boxes else ((0,), (0,), (1,), (1,))
    return {"x": [min(lefts) - 0.1, max(rights) + 0.1], "y": [min(lows) - 0.1, max(highs) + 0.4]}


def _ground(cell: Cell, dark: bool) -> str:
    *_, value, _said, small = cell
    return SMALL[dark] if small or value is None else SCALE[dark][round(value * 5)]


def _ink(ground: str, dark: bool) -> str:
    """Write dark on light grounds and light on dark ones, whichever the theme."""
    strong = ground in SCALE[dark][4 if dark else 3 :]
    return {(True, False): "#ffffff", (True, True): "#0c1a20"}.get((strong, dark), INK[dark])


def _within(name: str, community: str) -> str:
    """Leave out of a grid's name what its community says already: 桂花一网格 is 一网格 in 桂花社区."""
    said = community.removesuffix("社区")
    return name.removeprefix(said) or name


def _filled(box: Box, fill: str, line: str) -> Trace:
    left, low, right, high = box
    about = {"type": "rect", "layer": "below", "fillcolor": fill, "line": {"color": line, "width": 1}}
    return about | {"x0": left, "y0": low, "x1": right, "y1": high}
