"""Figures: data → Plotly figure. Bars from zero, labelled where they end, in one order of colours; no map, no net."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import ceil
from typing import Any

import plotly.graph_objects as go
import plotly.io

from ui.chart_look import (
    CROSSED,
    DONE,
    FONT,
    GRID,
    HEAD_ROOM,
    INK,
    LATE,
    MUTED,
    SMALL,
    SOON,
    STILL,
    Head,
    colours,
    number,
    over,
    plain,
    room,
    shared_look,
    short,
)

plotly.io.templates.default = None  # a template, even an empty one, has a figure drawn twice (see `drawn`)
CONFIG = STILL
_ROW = 34
HEIGHT = 372
LINE_ROOM, _HALF_A_DAY = 36, 42  # below: one line of names; right: what the last day's name takes beyond the axis
_LEGEND_ROOM = 28
_LEGEND_AT = 64
_YEAR = 12  # months that can each be named
Trace = dict[str, Any]
_NAMED = 4  # days that can be named beside each other on a phone
_BESIDE = 8  # columns whose numbers have room beside each other on a phone
_FEW = 4  # up to here every number has its line: no axis is to say 1, 1, 2


def columns(names: Sequence[str], series: Mapping[str, Sequence[float]], *, dark: bool = False) -> go.Figure:
    """Draw grouped columns, one group a name: up to three series, each named at its own colour."""
    figure, close = go.Figure(), len(names) * len(series) > _BESIDE
    for (label, values), colour in zip(series.items(), colours(dark), strict=False):
        figure.add_bar(
            name=label,
            x=list(names),
            y=list(values),
            marker_color=colour,
            text=[short(value) for value in values],
            textposition="outside",
            textfont={"size": 11} if close else {},
            constraintext="none",
            textangle=0,
            cliponaxis=False,
        )
    _dress(figure, dark, height=280)
    figure.update_layout(
        barmode="group", bargap=0.14 if close else 0.32, bargroupgap=0.04 if close else 0.08, showlegend=len(series) > 1
    )
    figure.update_xaxes(type="category", tickfont_color=INK[dark], showgrid=False)
    top = max((value for values in series.values() for value in values), default=0)
    figure.update_yaxes(range=[0, (top or 1) * 1.16], gridcolor=GRID[dark], zerolinecolor=GRID[dark])
    return figure


def bars(rows: Sequence[tuple[str, float]], *, unit: str, dark: bool = False) -> go.Figure:
    """Draw one bar a row from the top down, its value at its end."""
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        y=[name for name, _ in rows],
        x=[value for _, value in rows],
        marker_color=colours(dark)[0],
        text=[f"{number(value)} {unit}" for _, value in rows],
        textposition="outside",
        cliponaxis=False,
    )
    _dress(figure, dark, height=_ROW * len(rows) + 24)
    top = max((value for _, value in rows), default=0)
    figure.update_layout(bargap=0.36, showlegend=False)
    figure.update_xaxes(range=[0, (top or 1) * 1.24], visible=False)
    figure.update_yaxes(type="category", autorange="reversed", tickfont_color=INK[dark], ticksuffix="　")
    return figure


# --- over time -----------------------------------------------------------------------------------


def by_day(
    head: Head,
    days: Sequence[date],
    series: Mapping[str, Sequence[float]],
    *,
    tones: Mapping[str, str] | None = None,
    stacked: bool = False,
    partial: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Draw columns a day, beside or on each other; of a day that isn't over they are hatched."""
    traces = _over_time(days, series, tones, partial=partial, dark=dark)
    for trace, label in zip(traces, series, strict=True):
        trace["hovertemplate"] = f"%{{x|%-m月%-d日}} {plain(label)} %{{y:,}}<extra></extra>"
    return drawn(
        head,
        traces,
        dark,
        margin=_beside(series, stacked=stacked) | {"r": _HALF_A_DAY},
        **_columns(stacked),
        xaxis=_days(days, dark),
        yaxis=_counts(series),
    )


def by_month(
    head: Head,
    months: Sequence[date],
    series: Mapping[str, Sequence[float]],
    *,
    tones: Mapping[str, str] | None = None,
    stacked: bool = False,
    partial: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Draw the same a month."""
    traces = _over_time(months, series, tones, partial=partial, dark=dark)
    for trace, label in zip(traces, series, strict=True):
        trace |= {"xperiod": "M1", "xperiodalignment": "middle"}
        trace["hovertemplate"] = f"%{{x|%Y年%-m月}} {plain(label)} %{{y:,}}<extra></extra>"
    axis: dict[str, Any] = {"type": "date", "showgrid": False, "linecolor": GRID[dark], "ticklabelmode": "period"}
    # a year and more: each third month is named, with its year, or no label has room
    axis |= {"tickformat": "%-m月", "dtick": "M1"} if len(months) <= _YEAR else {"tickformat": "%Y年%-m月", "nticks": 6}
    axis["range"] = _months(months)
    margin = _beside(series, stacked=stacked)
    return drawn(head, traces, dark, margin=margin, **_columns(stacked), xaxis=axis, yaxis=_counts(series))


def _over_time(
    days: Sequence[date],
    series: Mapping[str, Sequence[float]],
    tones: Mapping[str, str] | None,
    *,
    partial: bool,
    dark: bool,
) -> list[Trace]:
    shapes = ["/" if partial and n == len(days) - 1 else "" for n in range(len(days))]
    hatched = {"shape": shapes, "solidity": 0.35}
    said = [day.isoformat() for day in days]
    return [
        {
            "type": "bar",
            "name": plain(label),
            "x": said,
            "y": list(values),
            "customdata": said,
            "marker": {"color": tone(tones, label, n, dark), "pattern": crossed(tones, label) or hatched},
        }
        for n, (label, values) in enumerate(series.items())
    ]


def _columns(stacked: bool) -> dict[str, Any]:
    return {"barmode": "stack" if stacked else "group", "bargap": 0.22}


def _months(months: Sequence[date]) -> list[str] | None:
    """Leave room for whole months at both ends."""
    if not months:
        return None
    last = months[-1].year * 12 + months[-1].month
    return [months[0].replace(day=1).isoformat(), date(last // 12, last % 12 + 1, 1).isoformat()]


def flow(head: Head, days: Sequence[date], bands: Mapping[str, Sequence[int]], *, dark: bool = False) -> go.Figure:
    """Draw the cumulative flow: how many have come this far, each band on what has come farther."""
    tones = {"已办结": DONE[dark]}
    mode = "lines" if len(days) > 1 else "lines+markers"  # of one day there is no line
    traces: list[Trace] = []
    for n, (label, values) in enumerate(bands.items()):
        colour = tone(tones, label, n, dark)
        traces.append(
            {
                "type": "scatter",
                "name": plain(label),
                "x": [day.isoformat() for day in days],
                "y": list(values),
                "mode": mode,
                "line": {"width": 1.5, "color": colour},
                "fillcolor": _faint(colour),
                "stackgroup": "all",
                "hovertemplate": f"%{{x|%-m月%-d日}} {plain(label)} %{{y:,}}<extra></extra>",
            }
        )
    margin = _beside(bands, stacked=True) | {"r": _HALF_A_DAY}
    return drawn(head, traces, dark, margin=margin, xaxis=_days(days, dark), yaxis=_counts(bands))


def _days(days: Sequence[date], dark: bool) -> dict[str, Any]:
    # counted from the last one, which is what people look for and Plotly leaves out at the edge
    named = list(days)[:: -max(1, ceil(len(days) / _NAMED))]
    ticks = {"tickvals": [day.isoformat() for day in named[::-1]], "ticklabeloverflow": "allow", "tickangle": 0}
    return {"type": "date", "tickformat": "%-m月%-d日", "showgrid": False, "linecolor": GRID[dark]} | ticks


def _beside(series: Mapping[str, Sequence[float]], *, stacked: bool) -> dict[str, int]:
    """Leave room for the numbers at the left and the days below."""
    tops = map(sum, zip(*series.values(), strict=True)) if stacked else (max(v, default=0) for v in series.values())
    return {"l": room([f"{max(tops, default=0) * 1.06:,.0f}"]), "b": LINE_ROOM}


def _counts(series: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    few = max((value for values in series.values() for value in values), default=0) <= _FEW
    return {"rangemode": "tozero", "tickformat": ",d"} | ({"dtick": 1} if few else {"nticks": 5})


# --- what all of them share ----------------------------------------------------------------------


def drawn(
    head: Head,
    traces: list[Trace],
    dark: bool,
    *,
    height: int = HEIGHT,
    margin: Mapping[str, int] | None = None,
    **layout: Any,
) -> go.Figure:
    """Put what it is above it, so that its picture says so too; all else is what all figures share.

    Plotly's checks of each word take ten times as long as all the rest: the tests have them made. Streamlit hands each
    figure to the browser's Plotly twice: with a template, without a `datarevision` or with other modes than it sets
    itself the second time would draw all of it again.
    """
    # what must not be overlooked has a line of its own: on a phone one line would be cut off
    below = f"{plain(head.below)}<br>{plain(head.note) or ' '}"
    named = layout.setdefault("showlegend", len(traces) > 1)
    told: dict[str, Any] = {
        "height": height,
        "title": {"text": f"<b>{plain(head.title)}</b>", "subtitle": {"text": below}},
        # from there down: two lines of it on a phone are not to cover the words above
        "legend": {"y": 1 - _LEGEND_AT / height},
        "margin": {"t": HEAD_ROOM - (0 if named else _LEGEND_ROOM), **(margin or {})},
        "xaxis": {},
        "yaxis": {},
    }
    shared = shared_look(dark)
    whole = over(shared["layout"], told | layout)
    whole |= {name: over(shared["axis"], axis) for name, axis in whole.items() if name[1:5] == "axis"}
    data = [over(shared.get(trace["type"], {}), trace) for trace in traces]
    return go.Figure({"data": data, "layout": whole}, _validate=False)


def _dress(figure: go.Figure, dark: bool, *, height: int) -> None:
    ink, muted = INK[dark], MUTED[dark]
    figure.update_layout(
        template=None,
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": muted},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": ink, "size": 14}},
    )
    figure.update_traces(textfont_color=ink, selector={"type": "bar"})
    figure.update_xaxes(automargin=True, ticks="", fixedrange=True)
    figure.update_yaxes(automargin=True, ticks="", fixedrange=True)


def tone(tones: Mapping[str, str] | None, label: str, n: int, dark: bool) -> str:
    """Take the colour of the word that it stands for, else the next in order."""
    named = {"late": LATE[dark], "soon": SOON[dark], "done": DONE[dark], "small": SMALL[dark]}
    said = (tones or {}).get(label)
    return named.get(said, said) if said else colours(dark)[n % 7]


def crossed(tones: Mapping[str, str] | None, label: str) -> dict[str, Any]:
    return CROSSED if (tones or {}).get(label) == "late" else {}


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.55)"
