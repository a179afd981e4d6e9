"""本月: the month's points in and out, what is outstanding and expires; hours by grid; the ranking."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

import db
from db import points_figures
from db.points_figures import Month
from domain import clock
from domain.access import Actor, has
from domain.areas import Area
from domain.clock import local_date
from domain.errors import Refused
from domain.points import hours_text, month_of, points_text
from pages import _points_ranking
from pages import _points_words as words
from pages import _settings_table as table
from ui import figures

_SPAN, _BACK = 6, 24


def show(who: Actor, here: Area) -> None:
    month = _month()
    call: dict[str, Any] = {"actor": who, "community_id": here.id}
    try:
        history = [db.read(points_figures.month_figures, **call, month=one) for one in _before(month, _SPAN)]
        grids = db.read(points_figures.hours_by_grid, **call, month=month)
    except Refused as refused:
        st.info(refused.message, icon=":material/info:")
        return
    held = history[-1]
    with st.container(horizontal=True):
        for label, value in _figures(held):
            st.metric(label, value, width="content", border=True)
    _flow(history)
    left, right = st.columns(2, gap="medium")
    with left:
        _grids(grids)
    with right:
        _expiring(held)
    if has(who, "points.read"):
        _points_ranking.show(who, here, month)


def _month() -> date:
    """Choose a month; the address keeps it."""
    months = _before(month_of(local_date(clock.now())), _BACK)[::-1]
    asked = {f"{one.year}年{one.month}月": one for one in months}
    chosen = st.selectbox(
        "月份",
        list(asked),
        key="month",
        bind="query-params",
        label_visibility="collapsed",
        width=160,
    )
    return asked[chosen]


def _before(month: date, count: int) -> list[date]:
    """List so many months up to this one."""
    last = month.year * 12 + month.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(last - count + 1, last + 1)]


def _figures(held: Month) -> list[tuple[str, str]]:
    return [
        ("发放", f"{_grouped(points_text(held.awarded))} 分"),
        ("兑换", f"{_grouped(points_text(held.redeemed - held.returned))} 分"),
        ("到期作废", f"{_grouped(points_text(held.expired))} 分"),
        ("服务时长", f"{_grouped(hours_text(held.minutes))} 小时"),
        ("现在未用", f"{_grouped(points_text(held.outstanding))} 分"),
    ]


def _grouped(said: str) -> str:
    """Say what a whole community comes to: thousands have their separators."""
    return f"{Decimal(said):,}"


def _draw(figure: Any, alt: str) -> None:
    st.plotly_chart(figure, theme=None, config=figures.CONFIG, key=f"chart-{alt}", alt=alt)


def _dark() -> bool:
    return st.context.theme.type == "dark"


def _flow(history: Sequence[Month]) -> None:
    st.markdown("##### 近六个月积分进出（分）")
    came, went = [one.awarded for one in history], [_went(one) for one in history]
    names = [f"{one.month.month}月" for one in history]
    if not any(came) and not any(went):
        st.info("这半年还没有积分进出。服务记录入账以后，这里就有图。", icon=":material/info:")
        return
    series = {"发放": [words.tenths(n) for n in came], "用掉和收回": [words.tenths(n) for n in went]}
    _draw(figures.columns(names, series, dark=_dark()), "近六个月积分进出")
    rows = [
        {
            "月份": f"{one.month:%Y-%m}",
            "发放": words.tenths(one.awarded),
            "兑换": words.tenths(one.redeemed),
            "退货退回": words.tenths(one.returned),
            "到期作废": words.tenths(one.expired),
            "冲正收回": words.tenths(one.reversed),
        }
        for one in reversed(history)
    ]
    shown = dict.fromkeys(list(rows[0])[1:], words.POINTS)
    table.plain(rows, empty="", alt="近六个月积分进出，数字", columns=shown)


def _went(one: Month) -> int:
    return max(one.redeemed + one.expired + one.reversed - one.returned, 0)


def _grids(grids: Sequence[tuple[str, int]]) -> None:
    st.markdown("##### 各网格服务时长")
    if not grids:
        st.info("这个月还没有入账的服务时长。", icon=":material/info:")
        return
    rows = [(name, words.hours(minutes)) for name, minutes in grids]
    _draw(figures.bars(rows, unit="小时", dark=_dark()), "各网格服务时长")
    lines = [{"网格": name, "小时": value} for name, value in rows]
    table.plain(lines, empty="", alt="各网格服务时长，数字", columns={"小时": words.HOURS})


def _expiring(held: Month) -> None:
    st.markdown("##### 哪天到期")
    if not held.expiring:
        st.info("现在没有会到期的积分。", icon=":material/info:")
        return
    rows = [(f"{day.year}年{day.month}月{day.day}日", words.tenths(left)) for day, left in held.expiring.items()]
    _draw(figures.bars(rows, unit="分", dark=_dark()), "各到期日的积分")
    lines = [{"到期日": name, "积分": value} for name, value in rows]
    table.plain(lines, empty="", alt="各到期日的积分，数字", columns={"积分": words.POINTS})
    if other := held.outstanding - sum(held.expiring.values()):
        st.caption(f"与“现在未用”相差 {points_text(other)} 分：冻结在待领兑换单里的，减去待抵扣的。")
