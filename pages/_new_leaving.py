"""Leaving 登记: what was typed is not lost by a slip of the hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from domain.ids import new_key
from pages import _draft, _form, _new_texts

if TYPE_CHECKING:
    from pages._new_sending import Report

NAME = "new-ticket"
_RETIRED = "retired"
_SLOT = re.compile(r"[0-9a-zA-Z]{8,32}")


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


def begin() -> None:
    """Ask for the form, under a key that the address holds."""
    st.query_params["new"] = new_key()[:12]


def slot() -> str:
    """Give the key of the form's fields: the address keeps it, so that after a crash of the server
    the browser's fields are still the form's and what was typed meanwhile is not wiped."""
    asked = st.query_params.get("new", "")
    usable = _SLOT.fullmatch(asked) and asked not in st.session_state.get(_RETIRED, ())
    return asked if usable else _form.key(NAME)


def retire() -> None:
    """Never use these fields again: going back in the browser must not find their answers."""
    st.session_state.setdefault(_RETIRED, set()).add(st.query_params.get("new", ""))


def close() -> None:
    """Close the form and forget its key: the next one begins with the draft, or empty."""
    retire()
    _form.drop(NAME)
    st.query_params.pop("new", None)
    st.rerun()
