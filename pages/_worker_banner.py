"""A banner while the worker is late, a channel was silent this morning, or an emergency reached nobody."""

import re
from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import db
from db import worker_state
from domain import clock
from domain.access import Actor, communities_of, has
from ui.text import escape_md


def show(who: Actor, *, lost: bool = True) -> None:
    """Tell it; without `lost` where the page lists what reached nobody."""
    call: dict[str, Any] = {"communities": communities_of(who.grants), "can_set": has(who, "settings")}
    told = db.read(worker_state.warnings, **call, lost=lost, here="也请告诉社区工作者。", now=clock.now())
    with _together(told):
        for sentence in told:
            st.error(escape_md(sentence), icon=":material/error:")


def _together(told: Sequence[str]) -> DeltaGenerator:
    """Give several one line that opens: on a phone they would push the first alarm off the screen."""
    if len(told) < 2:
        return st.container()
    heads = "；".join(re.split(r"[，（：。]", sentence, maxsplit=1)[0] for sentence in told)
    return st.expander(f"**{escape_md(heads)}**", icon=":material/error:")
