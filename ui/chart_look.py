"""How figures look, without Plotly: colours, words of the toolbar, numbers, and what stands above each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

# the one categorical order, light and dark, as in .streamlit/config.toml
LIGHT = ("#0d7c80", "#d9822b", "#4f6db8", "#b3484f", "#7a9a3a", "#8a6bb1", "#5c6b73")
DARK = ("#3fb6b0", "#e79b4f", "#8aa3e0", "#dd8087", "#a9c46b", "#b497d6", "#93a3ab")
INK = {False: "#1c2b33", True: "#e9f1f0"}
MUTED = {False: "#5b6b73", True: "#a3b5bb"}
GRID = {False: "#dfe5e3", True: "#2b434c"}
GROUND = {False: "#f6f7f4", True: "#0f1d23"}
# late is always this red, done always this green, and what is too little to judge always this grey
LATE = {False: "#b3261e", True: "#ff9d94"}
DONE = {False: "#1f6b3b", True: "#8fd6a6"}
SOON = {False: "#d98a00", True: "#d9a13c"}
SMALL = {False: "#b9c2c5", True: "#4c6069"}
# red beside green is one brown to some eyes: what is late is crossed as well
CROSSED = {"shape": "x", "solidity": 0.2, "size": 7, "fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.7}
# from little to much; a step more is as much darker (lighter on dark ground) for every eye
SCALE = {
    False: ("#e6efee", "#b5d6d4", "#7fb9b7", "#459a99", "#0d7c80", "#075458"),
    True: ("#16303a", "#1c4c53", "#236a6d", "#2c8c8a", "#4fb5af", "#9fe0d8"),
}
FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif'
HEAD_ROOM = 110  # above: title, two lines below it, the names of what is drawn
# a picture to read, not a tool: nothing to hover, no toolbar and with it no English
STILL = {"staticPlot": True, "displayModeBar": False, "responsive": True, "locale": "zh-CN"}
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_ASCII, _WIDEST = 0x7F, 160
_LOCALE = {
    "dictionary": {
        "Download plot as a png": "下载图片（PNG）",
        "Download plot as a PNG": "下载图片（PNG）",
        "Download plot": "下载图片",
        "Taking snapshot - this may take a few seconds": "正在生成图片，请稍候",
        "Snapshot succeeded": "图片已下载",
        "Sorry, there was a problem downloading your snapshot!": "图片没有下载成功，请再试一次。",
        "Double-click to zoom back out": "双击还原",
    },
    "format": {"days": WEEKDAYS, "shortDays": WEEKDAYS, "months": [f"{n}月" for n in range(1, 13)]},
}


@dataclass(frozen=True)
class Head:
    """What stands above a figure, and so on its picture: what it is, in what unit, of when, of how many."""

    title: str
    unit: str
    period: str
    n: int | None = None
    note: str = ""  # that today is not over, that little is known: what a reader must not overlook

    @property
    def below(self) -> str:
        count = f"样本 {self.n:,}" if self.n is not None else ""
        return " · ".join(filter(None, (f"单位：{self.unit}", self.period, count)))

    @property
    def alt(self) -> str:
        return "，".join(filter(None, (self.title, self.below, self.note)))


def tool(name: str) -> dict[str, Any]:
    """Let a figure be hovered, tapped and kept as a picture, in Chinese; nothing else, and nothing of the net."""
    return {
        "displaylogo": False,
        "displayModeBar": True,
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"format": "png", "filename": name, "scale": 2},
        "responsive": True,
        "scrollZoom": False,
        "doubleClick": False,
        "showTips": False,
        "locale": "zh-CN",
        "locales": {"zh-CN": _LOCALE},
    }


def plain(words: str) -> str:
    """Plotly reads a little HTML in every text; names are to be read as they were typed."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def room(words: Iterable[str]) -> int:
    """Say how many pixels the longest of these words beside an axis takes, with what Plotly keeps free around it.

    A little more than that: where a figure's own margins have room for all, Plotly need not draw it twice. It still
    makes more room for what is longer.
    """
    widest = max((sum(13 if ord(one) > _ASCII else 8 for one in word) for word in words), default=0)
    return 15 + min(widest, _WIDEST)


def over(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Put what is a figure's own over what all share."""
    deeper = {name: over(shared[name], one) for name, one in own.items() if isinstance(shared.get(name), dict)}
    return {**shared, **own, **deeper}


@cache
def shared_look(dark: bool) -> dict[str, dict[str, Any]]:
    """Say what all figures share: of the layout, of each axis, and of bars and marks."""
    ink, muted = INK[dark], MUTED[dark]
    # a chosen mark would fade the others; what is chosen stands in the filters
    alike = {"unselected": {"marker": {"opacity": 1}}}
    # both said: restyling the words of a tapped bar, Plotly reads `selected` without asking whether it is there
    worded = {state: {"marker": {"opacity": 1}, "textfont": {"color": ink}} for state in ("selected", "unselected")}
    subtitle = {"font": {"size": 12, "color": muted}}
    title = {"font": {"size": 16, "color": ink}, "subtitle": subtitle, "pad": {"t": 6, "l": 8}}
    place = {"x": 0, "xref": "container", "yref": "container", "yanchor": "top", "traceorder": "normal"}
    layout = {
        "datarevision": 0,  # Streamlit mounts a figure of other numbers as another one
        "font": {"family": FONT, "size": 13, "color": muted},
        "title": title | {"x": 0, "xref": "container", "xanchor": "left", "y": 1, "yanchor": "top"},
        "margin": {"l": 8, "r": 8, "t": HEAD_ROOM, "b": 8},
        "paper_bgcolor": GROUND[dark],
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "font": {"color": ink, "size": 12}, **place},
        "clickmode": "event+select",
        "dragmode": "pan",  # no axis moves
        "hovermode": "closest",
        "hoverlabel": {"font": {"family": FONT, "size": 13}},
        "separators": ".,",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": muted, "activecolor": ink},
    }
    axis = {"automargin": True, "ticks": "", "fixedrange": True, "gridcolor": GRID[dark], "zerolinecolor": GRID[dark]}
    return {"layout": layout, "axis": axis, "bar": worded | {"textfont": {"color": ink}}, "scatter": alike}


def number(value: float) -> str:
    """Write a number as people do: 4.5, 2, 1,200."""
    return f"{value:,.1f}".removesuffix(".0")


def short(value: float) -> str:
    """Leave the tenths to the table where bars stand close."""
    return number(round(value) if value >= 100 else value)


def colours(dark: bool) -> tuple[str, ...]:
    return DARK if dark else LIGHT
