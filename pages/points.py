"""积分台账: balances, records that wait, the shop's desk, the month, the rules; one part at a time."""

import streamlit as st

import db
from db import areas
from domain.access import Actor, has
from domain.areas import UNSORTED_COMMUNITY, Area
from domain.ids import parse_id
from pages import (
    _points_balances,
    _points_month,
    _points_records,
    _points_rules,
    _points_till,
    _settings_form,
)
from pages._session import require
from ui import theme

# part → what shows it, and whom: anybody with one of these rights
PARTS = {
    "余额": (_points_balances.show, ("points.read",)),
    "待核": (_points_records.show, ("points.record",)),
    "兑换台": (_points_till.show, ("points.till",)),
    "本月": (_points_month.show, ("charts.read",)),
    "规则": (_points_rules.show, ("points.read", "points.rules")),
}


def community_of(who: Actor) -> Area:
    """Give the community whose ledger it is; who has several chooses, and the address keeps it."""
    found = {a.id: a for a in db.read(areas.communities, who) if a.id != UNSORTED_COMMUNITY}
    if not found:
        st.info("还没有社区，请管理员先在“系统设置 → 辖区”里添加。", icon=":material/info:")
        st.stop()
    asked = parse_id(st.query_params.get("community"))
    ids = list(found)
    if len(ids) == 1:
        return found[ids[0]]
    chosen = st.selectbox(
        "社区",
        ids,
        ids.index(asked) if asked in found else 0,
        format_func=lambda i: found[i].name,
        label_visibility="collapsed",
        width=200,
        on_change=_leave_account,
    )
    st.query_params["community"] = str(chosen)
    return found[chosen]


def _leave_account() -> None:
    st.query_params.pop("account", None)


who = require("points.page")
theme.style()
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.subheader("积分台账", anchor=False)
    here = community_of(who)
theirs = [name for name, (_, rights) in PARTS.items() if any(has(who, right) for right in rights)]
if not any(g.whole_communities for g in who.grants):
    theirs.remove("本月")  # its figures are the whole community's
part = st.segmented_control(
    "分区",
    theirs,
    default=theirs[0],
    required=True,
    key="part",
    bind="query-params",
    label_visibility="collapsed",
    wrap=True,
)
_settings_form.settle(f"points {here.id} {part}")
PARTS[str(part)][0](who, here)
