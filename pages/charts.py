"""数据分析: filters, then one part at a time: its cards, whose figures open to their proof, and at most four charts."""

import streamlit as st

from domain.errors import Refused
from pages import _chart_filters, _chart_parts, _chart_prevent, _chart_proof, _chart_scope, _form
from pages._session import require
from ui import theme

who = require("charts.read")
theme.style()
_form.tell()
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    st.subheader("数据分析", anchor=False, width="content")
    _chart_filters.bar(who)
part = st.segmented_control(
    "分区",
    list(_chart_parts.PARTS),
    default="工单",
    required=True,
    key="charts",
    bind="query-params",
    label_visibility="collapsed",
    wrap=True,
)
try:
    held = _chart_scope.chosen(who)
    _chart_parts.show(who, held, str(part))
except Refused as refused:
    _form.refuse(refused)
    st.stop()
# a dialog opened anywhere else would die with what opened it
if "proof" in st.query_params:
    _chart_proof.show(held)
elif _chart_prevent.is_open():
    _chart_prevent.show()
