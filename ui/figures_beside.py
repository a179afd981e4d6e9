"""Figures that stand things beside each other: parts of a whole, rates, the most frequent, cells of a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from ui.chart_look import GRID, HEAD_ROOM, INK, SCALE, SMALL, Head, colours, plain, room, short
from ui.figures import LINE_ROOM, Trace, crossed, drawn, tone

_ROW = 34
_NEAR = 27
_BARS_BESIDE, _LINE_BESIDE = [0, 0.64], [0.7, 1]  # of the width: on each other the line would cross the numbers
_SYMBOLS = ("circle", "diamond", "square")
# name, value or None for "—", n, and whether that is too little to judge
Rate = tuple[str, float | None, int, bool]


def parts(
    head: Head,
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    tones: Mapping[str, str] | None = None,
    keys: Sequence[str] = (),
    dark: bool = False,
) -> go.Figure:
    """Draw one bar a row, made of parts; the whole stands at its end."""
    said = [plain(name) for name in names]
    traces: list[Trace] = [
        {
            "type": "bar",
            "name": plain(label),
            "orientation": "h",
            "y": said,
            "x": list(values),
            "customdata": list(keys) or list(names),
            "marker": {"color": tone(tones, label, n, dark), "pattern": crossed(tones, label)},
            "hovertemplate": f"%{{y}} {plain(label)} %{{x:,}}<extra></extra>",
        }
        for n, (label, values) in enumerate(series.items())
    ]
    wholes = [sum(values) for values in zip(*series.values(), strict=True)]
    return drawn(
        head,
        traces,
        dark,
        height=HEAD_ROOM + _ROW * max(len(names), 2) + 16,
        margin=_named_room(names) | {"r": room(f"{short(whole)} {head.unit}" for whole in wholes)},
        barmode="stack",
        bargap=0.36,
        annotations=_ends(said, wholes, head.unit, dark),
        xaxis={"range": [0, (max(wholes, default=0) or 1) * 1.02], "visible": False},
        yaxis=_named(dark) | {"range": [max(len(names), 1) - 0.5, -0.5], "showgrid": False},
    )


def _named_room(names: Sequence[str]) -> dict[str, int]:
    return {"l": room(f"{name}　" for name in names)}


def _named(dark: bool) -> dict[str, Any]:
    return {"type": "category", "tickfont": {"color": INK[dark]}, "ticksuffix": "　"}


def _ends(names: Sequence[str], wholes: Sequence[float], unit: str, dark: bool) -> list[dict[str, Any]]:
    about = {"showarrow": False, "xanchor": "left", "font": {"color": INK[dark]}}
    ends = zip(names, wholes, strict=True)
    return [{"x": whole, "y": name, "text": f" {short(whole)} {unit}", **about} for name, whole in ends]


def rates(
    head: Head, series: Mapping[str, Sequence[Rate]], *, keys: Sequence[str] = (), dark: bool = False
) -> go.Figure:
    """Draw a row a place and a mark a rate, of 100; what is too little to judge is grey and hollow."""
    names = [plain(name) for name, *_ in next(iter(series.values()), ())]
    traces: list[Trace] = []
    for n, (label, found) in enumerate(series.items()):
        colour, symbol = colours(dark)[n], _SYMBOLS[n]
        # the list of names takes the look of a first mark, which may be grey
        named = {"size": 11, "symbol": symbol, "color": colour}
        shared = {"type": "scatter", "name": plain(label), "mode": "markers"}
        traces.append(shared | {"x": [None], "y": [None], "marker": named})
        tones = [SMALL[dark] if small else colour for *_, small in found]
        traces.append(
            shared
            | {
                "showlegend": False,
                "x": [None if value is None else value * 100 for _, value, _, _ in found],
                "y": names,
                "customdata": list(keys) or names,
                "text": [f"样本 {count:,}{'，样本少' if small else ''}" for _, _, count, small in found],
                "marker": {
                    "size": 13,
                    "symbol": [f"{symbol}{'-open' if small else ''}" for *_, small in found],
                    "color": tones,
                    "line": {"width": 2, "color": tones},
                },
                "hovertemplate": f"%{{y}} {plain(label)} %{{x:.1f}}%（%{{text}}）<extra></extra>",
            }
        )
    order = {"categoryorder": "array", "categoryarray": names[::-1], "gridcolor": GRID[dark]}
    known = [value * 100 for found in series.values() for _, value, *_ in found if value is not None]
    percents = {"gridcolor": GRID[dark]} | _part(min(known, default=0))
    return drawn(
        head,
        traces,
        dark,
        height=HEAD_ROOM + 30 * max(len(names), 3) + 40,
        margin=_named_room(names) | {"r": 24, "b": LINE_ROOM},
        showlegend=len(series) > 1,
        xaxis=percents | {"zeroline": False},
        yaxis=_named(dark) | order,
    )


def _part(least: float) -> dict[str, Any]:
    """Leave out the half, or three quarters, that no mark is in: marks near 100 % would lie on each other."""
    first = 75 if least >= 78 else 50 if least >= 53 else 0
    edge, step = (100 - first) / 50, (100 - first) // 5 if first else 25
    return {"range": [first - edge, 100 + 1.5 * edge]} | _percents(*range(first, 101, step))


def _percents(*values: int) -> dict[str, Any]:
    """Say which ticks there are: where they are given, Plotly leaves a suffix out."""
    return {"tickvals": list(values), "ticktext": [f"{value}%" for value in values]}


def pareto(head: Head, rows: Sequence[tuple[str, int]], *, keys: Sequence[str] = (), dark: bool = False) -> go.Figure:
    """Draw the most frequent on top, and beside the bars how much of the whole they are together.

    Lying bars: a dozen names stand beside each other on no phone.
    """
    whole = sum(count for _, count in rows) or 1
    sums = [sum(count for _, count in rows[: n + 1]) / whole * 100 for n in range(len(rows))]
    told = [plain(name) for name, _ in rows]
    shared: Trace = {"y": told, "customdata": list(keys) or told}
    bars: Trace = {
        "type": "bar",
        "name": "件数",
        "orientation": "h",
        "x": [count for _, count in rows],
        "marker": {"color": colours(dark)[0]},
        "text": [short(count) for _, count in rows],
        "textposition": "outside",
        "constraintext": "none",
        "cliponaxis": False,
        "hovertemplate": "%{y} %{x:,} 件<extra></extra>",
    }
    line: Trace = {
        "type": "scatter",
        "name": "累计占比",
        "x": sums,
        "xaxis": "x2",
        "mode": "lines+markers",
        "line": {"color": colours(dark)[1]},
        "hovertemplate": "到 %{y} 累计 %{x:.0f}%<extra></extra>",
    }
    top = max((count for _, count in rows), default=0) or 1
    shares = {"range": [0, 108], "domain": _LINE_BESIDE, "zeroline": False}
    return drawn(
        head,
        [bars | shared, line | shared],
        dark,
        height=HEAD_ROOM + _NEAR * max(len(rows), 4) + 40,
        margin=_named_room(told) | {"r": 24, "b": LINE_ROOM},
        bargap=0.3,
        xaxis={"range": [0, top * 1.3], "domain": _BARS_BESIDE, "visible": False},
        xaxis2=shares | _percents(0, 50, 100),
        yaxis=_named(dark) | {"range": [max(len(rows), 1) - 0.5, -0.5], "showgrid": False},
    )


def heat(
    head: Head,
    rows: Sequence[str],
    names: Sequence[str],
    counts: Sequence[Sequence[int]],
    *,
    keys: Sequence[str] = (),
    dark: bool = False,
) -> go.Figure:
    """Draw a cell a pair, the darker the more; a tap anywhere in a row hands back its key."""
    tops = max((count for row in counts for count in row), default=0) or 1
    said = [plain(row) for row in rows]
    cells: Trace = {
        "type": "heatmap",
        "x": list(names),
        "y": said,
        "z": [list(row) for row in counts],
        "zmin": 0,
        "zmax": tops,
        "colorscale": [[n / 5, colour] for n, colour in enumerate(SCALE[dark])],
        "xgap": 2,
        "ygap": 2,
        "colorbar": {"thickness": 10, "outlinewidth": 0, "nticks": 4, "tickformat": ",d", "len": 1},
        "hovertemplate": "%{y} %{x}　%{z:,} 件<extra></extra>",
    }
    # a heat map hears no tap, marks that nobody sees do
    marks: Trace = {
        "type": "scatter",
        "x": [name for _ in rows for name in names],
        "y": [row for row in said for _ in names],
        "customdata": [key for key in (keys or rows) for _ in names],
        "mode": "markers",
        "marker": {"size": 22, "opacity": 0, "symbol": "square"},
        "unselected": {"marker": {"opacity": 0}},
        "hoverinfo": "none",
    }
    few = list(names)[:: 6 if len(names) > 12 else 1]
    # said here: Plotly would leave room around for the marks
    across, down = [-0.5, len(names) - 0.5], [len(rows) - 0.5, -0.5]
    return drawn(
        head,
        [cells, marks],
        dark,
        height=HEAD_ROOM + 28 * max(len(rows), 4) + 40,
        margin={"l": room(rows), "b": LINE_ROOM},
        hovermode="closest",
        showlegend=False,
        xaxis={"type": "category", "showgrid": False, "tickangle": 0, "tickvals": few, "range": across},
        yaxis={"type": "category", "range": down, "showgrid": False, "tickfont": {"color": INK[dark]}},
    )
