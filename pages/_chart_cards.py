"""The cards above the charts: each figure with how it moved, and when picked, its proof."""

from collections.abc import Sequence

import streamlit as st

import db
from db import stat_cards
from domain.access import Actor
from domain.clock import now
from domain.stats import Scope
from pages._chart_frame import ask
from pages._chart_scope import Chosen
from ui.charts import component, markup


def show(actor: Actor, held: Chosen, codes: Sequence[str], fresh: tuple[int, int]) -> None:
    component.draw(_html(actor, held.scope, tuple(codes), fresh), key="cards", on_picked=_open)


def _open() -> None:
    ask(st.session_state["cards"].picked)


@st.cache_resource(ttl=90, max_entries=200, show_spinner=False, hash_funcs={Scope: repr})
def _html(_actor: Actor, scope: Scope, codes: tuple[str, ...], fresh: tuple[int, int]) -> str:
    """Read and render them once for all who may see this place; `fresh` makes them new."""
    del fresh
    cards = db.read(stat_cards.cards, actor=_actor, scope=scope, codes=codes, now=now())
    return markup.cards_html(map(markup.face, cards))
