"""Figures: data → Plotly figure. Bars from zero, labelled where they end, in one order of colours; no map, no net."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

# the one categorical order, light and dark, as in .streamlit/config.toml
_LIGHT = ("#0d7c80", "#d9822b", "#4f6db8", "#b3484f", "#7a9a3a", "#8a6bb1", "#5c6b73")
_DARK = ("#3fb6b0", "#e79b4f", "#8aa3e0", "#dd8087", "#a9c46b", "#b497d6", "#93a3ab")
_INK = {False: "#1c2b33", True: "#e9f1f0"}
_MUTED = {False: "#5b6b73", True: "#a3b5bb"}
_GRID = {False: "#dfe5e3", True: "#2b434c"}
_FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif'
_ROW = 34
# a picture to read, not a tool: nothing to hover, no toolbar and with it no English
CONFIG = {"staticPlot": True, "displayModeBar": False, "responsive": True, "locale": "zh-CN"}


def columns(names: Sequence[str], series: Mapping[str, Sequence[float]], *, dark: bool = False) -> go.Figure:
    """Draw grouped columns, one group a name: up to three series, each named at its own colour."""
    figure = go.Figure()
    for (label, values), colour in zip(series.items(), _colours(dark), strict=False):
        figure.add_bar(
            name=label,
            x=list(names),
            y=list(values),
            marker_color=colour,
            text=[_short(value) for value in values],
            textposition="outside",
            constraintext="none",
            textangle=0,
            cliponaxis=False,
        )
    _dress(figure, dark, height=280)
    figure.update_layout(barmode="group", bargap=0.32, bargroupgap=0.08, showlegend=len(series) > 1)
    figure.update_xaxes(type="category", tickfont_color=_INK[dark], showgrid=False)
    top = max((value for values in series.values() for value in values), default=0)
    figure.update_yaxes(range=[0, (top or 1) * 1.16], gridcolor=_GRID[dark], zerolinecolor=_GRID[dark])
    return figure


def bars(rows: Sequence[tuple[str, float]], *, unit: str, dark: bool = False) -> go.Figure:
    """Draw one bar a row from the top down, its value at its end."""
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        y=[name for name, _ in rows],
        x=[value for _, value in rows],
        marker_color=_colours(dark)[0],
        text=[f"{_number(value)} {unit}" for _, value in rows],
        textposition="outside",
        cliponaxis=False,
    )
    _dress(figure, dark, height=_ROW * len(rows) + 24)
    top = max((value for _, value in rows), default=0)
    figure.update_layout(bargap=0.36, showlegend=False)
    figure.update_xaxes(range=[0, (top or 1) * 1.24], visible=False)
    figure.update_yaxes(type="category", autorange="reversed", tickfont_color=_INK[dark], ticksuffix="　")
    return figure


def _dress(figure: go.Figure, dark: bool, *, height: int) -> None:
    ink, muted = _INK[dark], _MUTED[dark]
    figure.update_layout(
        template=None,
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": _FONT, "size": 13, "color": muted},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": ink, "size": 14}},
    )
    figure.update_traces(textfont_color=ink, hoverinfo="skip")
    figure.update_xaxes(automargin=True, ticks="", fixedrange=True)
    figure.update_yaxes(automargin=True, ticks="", fixedrange=True)


def _colours(dark: bool) -> tuple[str, ...]:
    return _DARK if dark else _LIGHT


def _short(value: float) -> str:
    """Leave the tenths to the table where bars stand close."""
    return _number(round(value) if value >= 100 else value)


def _number(value: float) -> str:
    """Write a number as people do: 4.5, 2, 1,200."""
    return f"{value:,.1f}".removesuffix(".0")
