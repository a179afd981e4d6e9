"""The filters of 数据分析. The address holds them, so a link shows the same."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import area_rows
from domain.access import Actor
from domain.charts import PERIODS, PLACES, days
from domain.clock import local_date, now
from domain.ids import parse_id
from domain.tickets import KIND_LABELS
from pages import _filters
from pages._chart_scope import NAMES, said


def put(name: str, value: str | None) -> None:
    """Narrow by what was tapped; what lies below another place goes with it."""
    below = {"community": ("grid", "building"), "grid": ("building",), "period": ("from", "to")}
    for other in below.get(name, ()):
        st.query_params.pop(other, None)
    _filters.put(name, value)


def clear() -> None:
    for name in NAMES:
        st.query_params.pop(name, None)


def _keep(name: str) -> None:
    put(name, st.session_state[f"filter-{name}"])


def bar(actor: Actor) -> None:
    offered = _filters.choices(actor)
    _period()
    if len(offered.communities) > 1:
        _select("community", "全部社区", offered.communities)
    inside = _grids_of(parse_id(st.query_params.get("community")))
    grids = {k: v for k, v in offered.grids.items() if inside is None or k in inside}
    if len(grids) > 1:
        _select("grid", "全部网格", grids)
    _select("category", "全部类别", offered.categories)
    _select("kind", "全部类型", {k.value: words for k, words in KIND_LABELS.items()})
    deepest = next((name for name in PLACES if name in st.query_params), None)
    if deepest:
        up: Any = {"icon": ":material/arrow_upward:", "type": "tertiary"}
        st.button("上一级", key="charts-up", on_click=put, args=(deepest, None), **up)
    if any(name in st.query_params for name in NAMES):
        st.button("清除筛选", icon=":material/close:", type="tertiary", on_click=clear)


def _grids_of(community: UUID | None) -> frozenset[str] | None:
    """Give the ids of a community's grids; None if none was chosen."""
    return frozenset(str(area.id) for area in db.read(area_rows.below, community)) if community else None


def _period() -> None:
    words = {name: label for name, (label, _) in PERIODS.items()}
    if "from" in st.query_params and "to" in st.query_params:
        today = local_date(now())
        words = {"": said(*days(st.query_params.to_dict(), today), today), **words}
    asked = st.query_params.get("period", "30")
    value = "" if "" in words else asked if asked in words else "30"
    key = _filters.follow("period", value)
    st.selectbox(
        "期间",
        list(words),
        format_func=words.__getitem__,
        key=key,
        on_change=_keep,
        args=("period",),
        label_visibility="collapsed",
        width=130 if value else 220,  # a first and a last day are longer
    )


def _select(name: str, everything: str, options: _filters.Options) -> None:
    value = st.query_params.get(name)
    st.selectbox(
        everything.removeprefix("全部"),
        list(options),
        index=None,
        format_func=options.__getitem__,
        placeholder=everything,
        label_visibility="collapsed",
        key=_filters.follow(name, value if value in options else None),
        on_change=_keep,
        args=(name,),
        width=150,
    )
