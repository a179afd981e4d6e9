"""A chart on the page: the figure, its numbers as a table and a file, and what a tap on it narrows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from domain import clock
from files.figure_table import figure_xlsx
from pages._chart_filters import put
from pages._chart_scope import Chosen
from pages._export import KIND
from ui.chart_look import Head, tool
from ui.charts import component

Rows = Sequence[Mapping[str, Any]]


def head(held: Chosen, title: str, unit: str, n: int | None, *, note: str = "", now: bool = False) -> Head:
    """Say above a figure what it is of; what stands now has no period."""
    where = held.area.name
    period = "现在" if now else held.period
    return Head(title, unit, f"{where} · {period}", n, note or ("" if now else held.partial))


def both(*notes: str) -> str:
    return "；".join(filter(None, notes))


@dataclass(frozen=True)
class Picture:
    """A figure with its numbers; a tap on it puts a mark's key into the filter `narrows`, `code` leads to a proof."""

    figure: Any
    above: Head
    rows: Rows
    key: str
    narrows: str = ""
    code: str = ""


@dataclass(frozen=True)
class Table:
    """A table below the figures, whose picked cells are handed to `on_picked`."""

    title: str
    caption: str
    html: str
    key: str
    on_picked: Callable[[], None]


Block = Picture | Table | str  # a string: why there is nothing to draw
Lines = Sequence[Sequence[Sequence[Block]]]  # below each other; in each, columns of blocks


def show(held: Chosen, lines: Lines) -> None:
    for columns in lines:
        places = st.columns(len(columns), gap="medium") if len(columns) > 1 else [st.container()]
        for place, blocks in zip(places, columns, strict=True):
            with place:
                for block in blocks:
                    _block(held, block)


def _block(held: Chosen, block: Block) -> None:
    if isinstance(block, Picture):
        _picture(held, block)
    elif isinstance(block, Table):
        st.markdown(f"##### {block.title}")
        st.caption(block.caption)
        component.draw(block.html, key=block.key, on_picked=block.on_picked)
    else:
        st.info(block, icon=":material/info:")


def _picture(held: Chosen, one: Picture) -> None:
    name = f"{one.key}-{held.key}"
    hears: dict[str, Any] = {"selection_mode": "points", "on_select": _taken(name, one.narrows)} if one.narrows else {}
    with st.container(key=f"chart-{one.key}"):
        st.plotly_chart(one.figure, theme=None, config=tool(one.above.title), key=name, alt=one.above.alt, **hears)
        with st.container(horizontal=True, gap="small"):
            _numbers(one.above, one.rows, name)
            if one.code:
                look: Any = {"icon": ":material/fact_check:", "type": "tertiary"}
                st.button("依据", key=f"why-{name}", on_click=ask, args=(one.code,), **look)


def _taken(key: str, narrows: str) -> Callable[[], None]:
    def take() -> None:
        points = st.session_state[key]["selection"]["points"]
        given = points[0].get("customdata") if points else None
        value = given[0] if isinstance(given, list) else given
        if narrows == "day" and value:
            st.query_params["from"] = st.query_params["to"] = str(value)
        elif value:
            # an area in an area hands back both, the outer one first
            for name, one in zip(narrows.split("|"), str(value).split("|"), strict=False):
                put(name, one)

    return take


def _numbers(above: Head, rows: Rows, key: str) -> None:
    """Show the numbers when asked for: four tables that nobody reads would cost as much as the charts."""
    opened = st.popover("数据", icon=":material/table:", type="tertiary", key=f"data-{key}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        st.dataframe(list(rows), hide_index=True, placeholder="", height="content" if len(rows) < 12 else 400)
        st.download_button(
            "下载 Excel",
            lambda: figure_xlsx(rows, title=above.title, about=[above.below], now=clock.now()),
            file_name=f"{above.title}.xlsx",
            mime=KIND["xlsx"],
            icon=":material/download:",
            key=f"xlsx-{key}",
            on_click="ignore",
        )


def ask(code: str) -> None:
    st.query_params["proof"] = code
