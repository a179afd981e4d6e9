"""Figures that stand things beside each other: parts of a whole, rates, the most frequent, cells of a table."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ui.chart_look import GRID, INK, SCALE, SMALL, Head, colours, plain, short
from ui.figures import HEAD_ROOM, crossed, titled, tone

_ROW = 34
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
    figure = go.Figure()
    for n, (label, values) in enumerate(series.items()):
        figure.add_bar(
            name=label,
            orientation="h",
            y=[plain(name) for name in names],
            x=list(values),
            customdata=list(keys) or list(names),
            marker={"color": tone(tones, label, n, dark), "pattern": crossed(tones, label)},
            hovertemplate=f"%{{y}} {plain(label)} %{{x:,}}<extra></extra>",
        )
    wholes = [sum(values) for values in zip(*series.values(), strict=True)]
    _ends(figure, names, wholes, head.unit, dark)
    titled(figure, head, dark, height=HEAD_ROOM + _ROW * max(len(names), 2) + 16)
    figure.update_layout(barmode="stack", bargap=0.36, showlegend=len(series) > 1)
    figure.update_xaxes(range=[0, (max(wholes, default=0) or 1) * 1.22], visible=False)
    figure.update_yaxes(type="category", autorange="reversed", tickfont_color=INK[dark], ticksuffix="　")
    return figure


def _ends(figure: go.Figure, names: Sequence[str], wholes: Sequence[float], unit: str, dark: bool) -> None:
    about = {"showarrow": False, "xanchor": "left", "font": {"color": INK[dark]}}
    figure.layout.annotations = [
        {"x": whole, "y": plain(name), "text": f" {short(whole)} {unit}", **about}
        for name, whole in zip(names, wholes, strict=True)
    ]


def rates(
    head: Head, series: Mapping[str, Sequence[Rate]], *, keys: Sequence[str] = (), dark: bool = False
) -> go.Figure:
    """Draw a row a place and a mark a rate, of 100; what is too little to judge is grey and hollow."""
    figure = go.Figure()
    symbols = ("circle", "diamond", "square")
    names = [name for name, *_ in next(iter(series.values()), ())]
    for n, (label, found) in enumerate(series.items()):
        colour = colours(dark)[n]
        # the list of names takes the look of a first mark, which may be grey
        named = {"size": 11, "symbol": symbols[n], "color": colour}
        figure.add_scatter(name=label, mode="markers", x=[None], y=[None], marker=named)
        figure.add_scatter(
            name=label,
            showlegend=False,
            mode="markers",
            x=[None if value is None else value * 100 for _, value, _, _ in found],
            y=[plain(name) for name, *_ in found],
            customdata=list(keys) or names,
            text=[f"样本 {count:,}{'，样本少' if small else ''}" for _, _, count, small in found],
            marker={
                "size": 13,
                "symbol": [f"{symbols[n]}{'-open' if small else ''}" for *_, small in found],
                "color": [SMALL[dark] if small else colour for *_, small in found],
                "line": {"width": 2, "color": [SMALL[dark] if small else colour for *_, small in found]},
            },
            hovertemplate=f"%{{y}} {plain(label)} %{{x:.1f}}%（%{{text}}）<extra></extra>",
        )
    titled(figure, head, dark, height=HEAD_ROOM + 30 * max(len(names), 3) + 40)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(range=[-2, 103], tickvals=[0, 25, 50, 75, 100], ticksuffix="%", gridcolor=GRID[dark])
    figure.update_xaxes(zeroline=False)
    order = {"categoryorder": "array", "categoryarray": [plain(name) for name in names[::-1]]}
    figure.update_yaxes(type="category", tickfont_color=INK[dark], gridcolor=GRID[dark], ticksuffix="　", **order)
    return figure


def pareto(head: Head, rows: Sequence[tuple[str, int]], *, keys: Sequence[str] = (), dark: bool = False) -> go.Figure:
    """Draw the most frequent first, and above it how much of the whole they are together."""
    whole = sum(count for _, count in rows) or 1
    sums = [sum(count for _, count in rows[: n + 1]) / whole * 100 for n in range(len(rows))]
    names = [plain(name) for name, _ in rows]
    figure = go.Figure()
    figure.add_bar(
        name="件数",
        x=names,
        y=[count for _, count in rows],
        customdata=list(keys) or names,
        marker_color=colours(dark)[0],
        text=[short(count) for _, count in rows],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x} %{y:,} 件<extra></extra>",
    )
    figure.add_scatter(
        name="累计占比",
        x=names,
        y=sums,
        yaxis="y2",
        mode="lines+markers",
        line_color=colours(dark)[1],
        hovertemplate="到 %{x} 累计 %{y:.0f}%<extra></extra>",
    )
    titled(figure, head, dark)
    axis = {"overlaying": "y", "side": "right", "range": [0, 108], "tickvals": [0, 50, 80, 100], "ticksuffix": "%"}
    figure.update_layout(bargap=0.3, yaxis2={**axis, "showgrid": False, "fixedrange": True, "automargin": True})
    figure.update_xaxes(type="category", tickfont_color=INK[dark], showgrid=False)
    top = max((count for _, count in rows), default=0) or 1
    figure.update_yaxes(range=[0, top * 1.16], gridcolor=GRID[dark], nticks=5, selector={"overlaying": None})
    return figure


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
    figure = go.Figure()
    figure.add_heatmap(
        x=list(names),
        y=[plain(row) for row in rows],
        z=[list(row) for row in counts],
        zmin=0,
        zmax=tops,
        colorscale=[(n / 5, colour) for n, colour in enumerate(SCALE[dark])],
        xgap=2,
        ygap=2,
        colorbar={"thickness": 10, "outlinewidth": 0, "nticks": 4, "tickformat": ",d", "len": 1},
        hovertemplate="%{y} %{x}　%{z:,} 件<extra></extra>",
    )
    # a heat map hears no tap, marks that nobody sees do
    figure.add_scatter(
        x=[name for _ in rows for name in names],
        y=[plain(row) for row in rows for _ in names],
        customdata=[key for key in (keys or rows) for _ in names],
        mode="markers",
        marker={"size": 22, "opacity": 0, "symbol": "square"},
        unselected={"marker": {"opacity": 0}},
        hoverinfo="none",
        showlegend=False,
    )
    titled(figure, head, dark, height=HEAD_ROOM + 28 * max(len(rows), 4) + 40)
    figure.update_layout(hovermode="closest", showlegend=False)
    few = list(names)[:: 6 if len(names) > 12 else 1]
    figure.update_xaxes(type="category", showgrid=False, tickangle=0, tickvals=few)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, tickfont_color=INK[dark])
    return figure
