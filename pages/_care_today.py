"""今日守望: figures, filters and tiles in one fragment; the push keeps them up to date between its runs."""

from typing import Any

import streamlit as st

import db
from db import care_board, care_kept
from domain import clock
from domain.care_board import CareBoard
from domain.ids import parse_id
from pages import _care_filters, _care_report
from pages._session import require
from ui.board.component import figures_of, following
from ui.care import markup
from ui.care.component import care


def _open() -> None:
    """Put what the tile stands for into the address: the open incident, or the elder."""
    actor, elder = require("checkins.read"), parse_id(st.session_state["care"].opened)
    incident = db.read(care_board.incident_of, actor=actor, elder_id=elder) if elder else None
    st.query_params["incident" if incident else "elder"] = str(incident or elder or "")
    st.rerun()


def _pick() -> None:
    picked = st.session_state["care-figures"].picked
    _care_filters.put("state", None if picked in ("all", st.query_params.get("state")) else picked)


@st.fragment(run_every="60s")
def live_tiles() -> None:
    actor = require("checkins.read")
    filters = _care_filters.chosen()
    board = db.read(care_kept.today, actor=actor, filters=filters, now=clock.now())
    figures, scope = markup.figures_html(board), repr(filters)
    live = _following(board, figures)
    care(figures, key="care-figures", scope=scope, live=figures_of(live), on_picked=_pick)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters"):
        _care_filters.bar(actor, filters)
        st.space("stretch")
        _care_report.buttons(actor, board)
    if not board.tiles:
        _nothing(board)
    care(markup.tiles_html(board), key="care", scope=scope, live=live, on_opened=_open)


def _following(board: CareBoard, figures: str) -> dict[str, Any]:
    return following(
        "checkins",
        stamp=board.stamp,
        at=board.at,
        empty=not board.tiles,
        query=_care_filters.query(),
        figures=figures,
        ticket=st.query_params.get("incident"),
    )


def _nothing(board: CareBoard) -> None:
    if board.filters.narrows:
        st.info("没有符合筛选条件的，可以点“清除筛选”看全部。")
    else:
        st.info("还没有登记独居老人。到上面的“名册”里点“登记老人”，填好同意书、主责和备份，明天早上就开始巡看。")
