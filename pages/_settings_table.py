"""The registers of the settings page: a table, and the one row of it that is chosen."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import pandas as pd
import streamlit as st


def add_button(label: str, name: str, icon: str) -> None:
    """Offer the form for a new one; it stands in the panel at the right, as what was chosen does."""
    st.button(label, key=f"{name}_add", icon=icon, on_click=_begin, args=(name,))


def _begin(name: str) -> None:
    st.session_state[name], st.session_state[adding(name)] = None, True


def adding(name: str) -> str:
    """Name the mark that a new one is being added; a form clears it when it is done."""
    return f"{name}_adding"


def is_adding(name: str) -> bool:
    return bool(st.session_state.get(adding(name)))


def new_heading(words: str, name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{words}**")
        st.button("取消", key=f"{name}_cancel", type="tertiary", on_click=_end, args=(name,))


def _end(name: str) -> None:
    st.session_state[adding(name)] = None


def pick(label: str, options: dict[UUID, str], name: str) -> UUID | None:
    """Let one be chosen, by typing part of its name too; what is gone is no longer chosen."""
    if st.session_state.get(name) not in options:
        st.session_state[name] = None
    if not options:
        return None
    return st.selectbox(
        label,
        list(options),
        format_func=lambda i: options[i],
        key=name,
        placeholder="点表格中的一行，或在此输入查找",
        on_change=_end,
        args=(name,),
        label_visibility="collapsed",
    )


def show(
    rows: Sequence[dict[str, Any]],
    ids: Sequence[UUID],
    name: str,
    *,
    empty: str,
    alt: str,
    columns: Mapping[str, Any] | None = None,
) -> None:
    """Show rows whose click chooses what `pick` of this name then has; else say what to do.

    All is text unless `columns` says how to show what.
    """
    if not rows:
        st.info(empty, icon=":material/info:")
        return
    chosen = st.session_state.get(name)
    marked = [ids.index(chosen)] if chosen in ids else []
    key = f"{name}_table"
    st.session_state[key] = {"selection": {"rows": marked, "columns": [], "cells": []}}
    st.dataframe(
        _frame(rows, columns),
        hide_index=True,
        column_config=columns,
        placeholder="",
        key=key,
        on_select=lambda: _choose(key, name, ids, marked),
        selection_mode="single-row",
        height=_height(rows),
        alt=alt,
    )


def _choose(key: str, name: str, ids: Sequence[UUID], marked: list[int]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    # called as well when only the mark that was set here comes back from the browser
    if rows != marked:
        st.session_state[name] = ids[rows[0]] if rows and rows[0] < len(ids) else None
        _end(name)


def tap(
    rows: Sequence[dict[str, Any]], ids: Sequence[UUID], name: str, *, key: str, alt: str, columns: Mapping[str, Any]
) -> None:
    """Show rows of which a tap anywhere puts the id into the session under this name."""
    drawn = f"{key}_drawn"
    # a new table after each tap: the old one would not tell of a second tap on the same cell
    its = f"{key}_{st.session_state.get(drawn, 0)}"

    def choose() -> None:
        cells = st.session_state[its]["selection"]["cells"]
        st.session_state[drawn] = st.session_state.get(drawn, 0) + 1
        if cells and cells[0][0] < len(ids):
            st.session_state[name] = ids[cells[0][0]]

    st.dataframe(
        _frame(rows, columns),
        hide_index=True,
        column_config=columns,
        placeholder="",
        key=its,
        on_select=choose,
        selection_mode="single-cell",
        height=_height(rows),
        alt=alt,
    )


def search(label: str, placeholder: str, key: str) -> str:
    return st.text_input(f"查找{label}", key=key, placeholder=placeholder, label_visibility="collapsed", width=260)


def matches(query: str, words: Iterable[str]) -> bool:
    """Tell whether each part of what was typed occurs in one of the words."""
    text = "\n".join(words).casefold()
    return all(part in text for part in query.casefold().split())


def plain(rows: Sequence[dict[str, Any]], *, empty: str, alt: str, columns: Mapping[str, Any] | None = None) -> None:
    if not rows:
        st.info(empty, icon=":material/info:")
        return
    st.dataframe(
        _frame(rows, columns), hide_index=True, column_config=columns, placeholder="", height=_height(rows), alt=alt
    )


def _frame(rows: Sequence[dict[str, Any]], columns: Mapping[str, Any] | None) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    return frame.astype(str) if columns is None else frame


def _height(rows: Sequence[object]) -> int | Literal["content"]:
    return "content" if len(rows) <= 15 else 560
