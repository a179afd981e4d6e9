"""Figures that stand things beside each other: parts of a whole, rates, the most frequent, cells of a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from ui.chart_look import GRID, HEAD_ROOM, INK, SCALE, SMALL, Head, colours, plain, room, short
from ui.figures import LINE_ROOM, Trace, crossed, drawn, tone

_ROW = 34
_BARS_BELOW, _LINE_ABOVE = [0, 0.62], [0.7, 1]  # of the height: on each other the line would cross the numbers
_MANY = 8
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
        margin=_named_room(names),
        barmode="stack",
        bargap=0.36,
        annotations=_ends(said, wholes, head.unit, dark),
        xaxis={"range": [0, (max(wholes, default=0) or 1) * 1.22], "visible": False},
        yaxis=_named(dark) | {"range": [max(len(names), 1) - 0.5, -0.5]},
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
    percents = {"range": [-2, 103], "gridcolor": GRID[dark]} | _percents(0, 25, 50, 75, 100)
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


def _percents(*values: int) -> dict[str, Any]:
    """Say which ticks there are: where they are given, Plotly leaves a suffix out."""
    return {"tickvals": list(values), "ticktext": [f"{value}%" for value in values]}


def pareto(head: Head, rows: Sequence[tuple[str, int]], *, keys: Sequence[str] = (), dark: bool = False) -> go.Figure:
    """Draw the most frequent first, and above the bars how much of the whole they are together."""
    whole = sum(count for _, count in rows) or 1
    sums = [sum(count for _, count in rows[: n + 1]) / whole * 100 for n in range(len(rows))]
    names = [_upright(plain(name)) for name, _ in rows]
    told = [plain(name) for name, _ in rows]
    bars: Trace = {
        "type": "bar",
        "name": "件数",
        "x": names,
        "y": [count for _, count in rows],
        "customdata": list(keys) or told,
        "marker": {"color": colours(dark)[0]},
        "text": [short(count) for _, count in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertext": told,
        "hovertemplate": "%{hovertext} %{y:,} 件<extra></extra>",
    }
    line: Trace = {
        "type": "scatter",
        "name": "累计占比",
        "x": names,
        "y": sums,
        "yaxis": "y2",
        "customdata": list(keys) or told,
        "mode": "lines+markers",
        "line": {"color": colours(dark)[1]},
        "hovertext": told,
        "hovertemplate": "到 %{hovertext} 累计 %{y:.0f}%<extra></extra>",
    }
    top = max((count for _, count in rows), default=0) or 1
    shares = {"range": [0, 112], "domain": _LINE_ABOVE, "side": "right", "gridcolor": GRID[dark]} | _percents(
        0, 50, 100
    )
    return drawn(
        head,
        [bars, line],
        dark,
        margin={"l": room([f"{top * 1.2:,.0f}"]), "r": room(["100%"]), "b": _lines(names)},
        bargap=0.3,
        xaxis={"type": "category", "showgrid": False} | _below(len(rows), dark),
        yaxis={
            "range": [0, top * 1.2],
            "domain": _BARS_BELOW,
            "gridcolor": GRID[dark],
            "nticks": 5,
            "tickformat": ",d",
        },
        yaxis2=shares | {"fixedrange": True, "automargin": True, "zeroline": False},
    )


def _lines(names: Sequence[str]) -> int:
    """Leave room below for names that are broken into lines."""
    return LINE_ROOM + 17 * max((name.count("<br>") for name in names), default=0)


def _below(count: int, dark: bool) -> dict[str, Any]:
    """Make names small and level while a phone has room for two letters beside each other."""
    return {"tickfont": {"color": INK[dark], "size": 13 if count < _MANY else 11}} | (
        {"tickangle": 0} if count < 2 * _MANY else {}
    )


def _upright(name: str) -> str:
    """Break a name after every second letter: so a dozen stand beside each other, none of them turned."""
    return "<br>".join(name[n : n + 2] for n in range(0, len(name), 2)) if name.isalpha() else name


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
