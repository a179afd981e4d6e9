"""Leaving 登记: what was typed is not lost by a slip of the hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages import _draft, _form, _new_texts

if TYPE_CHECKING:
    from pages._new_sending import Report

NAME = "new-ticket"


def leave(report: Report) -> None:
    typed = any(st.session_state.get(report.name(field)) for field in _new_texts.typed(report.actor))
    report.note(leaving="typed" if typed else "empty")


def ask(report: Report) -> None:
    st.warning("填了的内容还没有登记。可以先放着，下次打开登记接着填。")
    with st.container(horizontal=True):
        st.button("继续填写", type="primary", key=report.name("stay"), on_click=report.back)
        if st.button("先放着", key=report.name("keep")):
            close()
        if st.button("不要了，离开", key=report.name("leave")):
            forget(report)


def forget(report: Report) -> None:
    _draft.drop(report.actor, NAME)
    close()


def close() -> None:
    """Close the form and forget its key: the next one begins with the draft, or empty."""
    _form.drop(NAME)
    st.query_params.pop("new", None)
    st.rerun()
