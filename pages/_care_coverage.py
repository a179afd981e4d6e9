"""巡看覆盖: looks owed and made, by grid and by volunteer."""

from typing import Any

import streamlit as st

import db
from db import care_register
from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.care_register import Cover
from pages import _care_words as words
from pages import _settings_table as table

_SPANS = {1: "今天", 7: "近 7 天", 30: "近 30 天"}


def show(who: Actor, here: Area) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("##### 巡看覆盖", width="content")
        days = st.segmented_control(
            "多长时间",
            list(_SPANS),
            default=7,
            required=True,
            format_func=_SPANS.__getitem__,
            key="cover-days",
            label_visibility="collapsed",
        )
    for by, label, place in zip(("grid", "volunteer"), ("网格", "志愿者"), st.columns(2, gap="medium"), strict=True):
        call: dict[str, Any] = {"community_id": here.id, "days": days or 7, "by": by, "now": clock.now()}
        found = db.read(care_register.coverage, actor=who, **call)
        with place:
            empty = "这段时间没有巡看安排。"
            table.plain([_cover(label, one) for one in found], empty=empty, alt=f"按{label}的巡看覆盖")
    st.caption("应看：已过宽限时间、或已经看过的；外出（已告知）的不算在内。最低的排在最前。")


def _cover(label: str, one: Cover) -> dict[str, Any]:
    return {
        label: one.name,
        "应看": one.owed,
        "看过": one.seen,
        "覆盖": words.percent(one.share),
        "超时未查看": one.late or "",
        "外出": one.excused or "",
    }
