"""One account: what it holds, its lines with the balance after each, where each came from."""

from uuid import UUID

import streamlit as st

import db
from db import points, points_desk, statements
from db.points import Balance
from domain import clock
from domain.access import Actor, has
from domain.areas import Area
from domain.errors import Refused
from domain.points import Account, hours_text, points_text, to_next_star
from pages import _points_freeze, _points_lines, _points_paper
from ui.text import escape_md

_LABELS = {"可用积分": Account.AVAILABLE, "冻结积分": Account.HELD, "待抵扣": Account.DEBT, "服务时长": Account.HOURS}


def show(who: Actor, here: Area, person_id: UUID) -> None:
    st.button("返回余额列表", icon=":material/arrow_back:", type="tertiary", on_click=_back)
    try:
        held = db.read(points.balance, actor=who, person_id=person_id)
    except Refused as refused:
        st.info(refused.message, icon=":material/info:")
        return
    _head(who, here, held)
    name = st.segmented_control(
        "账户",
        list(_LABELS),
        default="可用积分",
        required=True,
        key="account-kind",
        label_visibility="collapsed",
        wrap=True,
    )
    _points_lines.show(who, held, _LABELS[str(name)])


def _back() -> None:
    st.query_params.pop("account", None)
    st.session_state.pop(_points_lines.LINE, None)


def _head(who: Actor, here: Area, held: Balance) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {escape_md(held.name or '已删除')}")
        if held.frozen:
            st.badge("暂停使用", icon=":material/pause_circle:", color="orange")
        if held.stars:
            st.badge(f"{held.stars} 星志愿者", icon=":material/star:", color="green")
    if held.frozen:
        why = db.read(points_desk.frozen_why, actor=who, person_id=held.person_id)
        st.caption(f"只进不出{'：' + why if why else ''}。查清后请恢复使用。")
    with st.container(horizontal=True):
        for label, value in _figures(held):
            st.metric(label, value, width="content", border=True)
    _notes(who, held)
    with st.container(horizontal=True):
        _points_paper.slip_button(who, here, held)
        _points_paper.export_button(who, here, held)
        if has(who, "points.freeze"):
            _points_freeze.show(who, held)


def _figures(held: Balance) -> list[tuple[str, str]]:
    found = [
        ("可用积分", f"{points_text(held.available)} 分"),
        ("冻结积分", f"{points_text(held.held)} 分"),
        ("服务时长", f"{hours_text(held.minutes)} 小时"),
    ]
    return [*found, ("待抵扣", f"{points_text(held.debt)} 分")] if held.debt else found


def _notes(who: Actor, held: Balance) -> None:
    """Say what expires first and how far the next star is."""
    said = []
    soon = db.read(statements.expiring, actor=who, person_id=held.person_id, now=clock.now())
    if soon:
        first = soon[0]
        near = f"（还有 {first.days} 天）" if first.notice else ""
        said.append(
            f"最早 {first.on.year}年{first.on.month}月{first.on.day}日 到期 {points_text(first.points_tenths)} 分{near}"
        )
    if missing := to_next_star(held.minutes):
        said.append(f"距 {held.stars + 1} 星还差 {hours_text(missing)} 小时")
    if held.debt:
        said.append("待抵扣的部分会从以后得到的积分里先扣")
    st.caption("；".join(said) + ("。" if said else ""))
