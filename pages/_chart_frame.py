"""A chart on the page: the figure, its numbers as a table and a file, and what a tap on it narrows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from domain import clock
from files.figure_table import figure_xlsx
from pages._chart_filters import put
from pages._chart_scope import Chosen
from pages._export import KIND
from ui.chart_look import Head, tool

Rows = Sequence[Mapping[str, Any]]


def is_dark() -> bool:
    return st.context.theme.type == "dark"


def head(held: Chosen, title: str, unit: str, n: int | None, *, note: str = "", now: bool = False) -> Head:
    """Say above a figure what it is of; what stands now has no period."""
    where = held.area.name
    period = "现在" if now else held.period
    return Head(title, unit, f"{where} · {period}", n, note or ("" if now else held.partial))


def chart(figure: Any, above: Head, rows: Rows, *, key: str, held: Chosen, narrows: str = "", code: str = "") -> None:
    """Show it; with `narrows` a tap on a mark puts its key into that filter, with `code` a button shows the proof."""
    name = f"{key}-{held.key}"
    with st.container(key=f"chart-{key}"):
        if narrows:
            st.plotly_chart(
                figure,
                theme=None,
                config=tool(above.title),
                key=name,
                alt=above.alt,
                selection_mode="points",
                on_select=_taken(name, narrows),
            )
        else:
            st.plotly_chart(figure, theme=None, config=tool(above.title), key=name, alt=above.alt)
        with st.container(horizontal=True, gap="small"):
            _numbers(above, rows, name)
            if code:
                st.button(
                    "依据", icon=":material/fact_check:", type="tertiary", key=f"why-{name}", on_click=ask, args=(code,)
                )


def _taken(key: str, narrows: str) -> Callable[[], None]:
    def take() -> None:
        points = st.session_state[key]["selection"]["points"]
        given = points[0].get("customdata") if points else None
        value = given[0] if isinstance(given, list) else given
        if narrows == "day" and value:
            st.query_params["from"] = st.query_params["to"] = str(value)
        elif value:
            put(narrows, str(value))

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


def nothing(words: str) -> None:
    st.info(words, icon=":material/info:")
