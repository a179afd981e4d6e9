"""数据分析: filters, then one part at a time: its cards, whose figures open to their proof, and at most four charts."""

import streamlit as st

from domain.errors import Refused
from pages import (
    _chart_cards,
    _chart_care,
    _chart_filters,
    _chart_places,
    _chart_points,
    _chart_prevent,
    _chart_proof,
    _chart_scope,
    _chart_times,
    _chart_work,
    _form,
)
from pages._session import require
from ui import theme

# part → the figures on its cards, and what draws its charts
PARTS = {
    "工单": (_chart_work.CODES, _chart_work.show),
    "辖区": (_chart_places.CODES, _chart_places.show),
    "时段": (_chart_times.CODES, _chart_times.show),
    "积分": (_chart_points.CODES, _chart_points.show),
    "守望": (_chart_care.CODES, _chart_care.show),
}

who = require("charts.read")
theme.style()
_form.tell()
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    st.subheader("数据分析", anchor=False, width="content")
    _chart_filters.bar(who)
part = st.segmented_control(
    "分区",
    list(PARTS),
    default="工单",
    required=True,
    key="charts",
    bind="query-params",
    label_visibility="collapsed",
    wrap=True,
)
try:
    held = _chart_scope.chosen(who)
    codes, show = PARTS[str(part)]
    _chart_cards.show(who, held, codes)
    show(who, held)
except Refused as refused:
    _form.refuse(refused)
    st.stop()
# a dialog opened anywhere else would die with what opened it
if "proof" in st.query_params:
    _chart_proof.show(held)
elif _chart_prevent.is_open():
    _chart_prevent.show()
