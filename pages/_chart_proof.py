"""The proof of a figure: how it is worked out, its numbers, what is left out, and the very rows, each leading on."""

from typing import Any

import streamlit as st

import db
from db import stats
from domain.access import Actor
from domain.clock import local, now
from domain.errors import Refused
from domain.kpis import KPIS, Basis, Figure, Kpi, Source, Unit
from pages import _chart_proof_rows, _form
from pages._chart_scope import Chosen
from pages._session import require
from ui import cards
from ui.charts import component

_PARTS = {"numerator": "分子", "denominator": "分母", "rest": "其余"}
# what is in the denominator alone: it is counted, so each has a name of its own
_REST = {
    "close_rate": "还没办结",
    "on_time_rate": "没按期",
    "same_day_rate": "没当日办结",
    "solve_rate": "没解决",
    "satisfaction": "一般或不满意",
    "rating_coverage": "没有评价",
    "reopen_7d": "没重开",
    "proactive_share": "居民上报",
}
_AFTER = "proof-after"


def close() -> None:
    st.query_params.pop("proof", None)
    st.session_state.pop(_AFTER, None)


def show(held: Chosen) -> None:
    """Open the proof that the address asks for; to be called from the page's body."""
    kpi = KPIS.get(st.query_params["proof"])
    if kpi is None:
        close()
        return
    st.dialog(f"依据：{kpi.name}", width="large", on_dismiss=close)(_proof)(held, kpi.code)


def _proof(held: Chosen, code: str) -> None:
    actor = require("charts.read")
    figure = db.read(stats.figures, actor=actor, scope=held.scope, codes=(code,), now=now())[code]
    st.html(cards.facts_html(_facts(held, figure)))
    parts = ["numerator", "denominator"] if figure.kpi.bottom else ["denominator" if figure.kpi.times else "numerator"]
    part = parts[0]
    if len(parts) > 1:
        top, bottom = figure.numerator or 0, figure.denominator or 0
        counts = {"numerator": top, "denominator": bottom, "rest": bottom - top}
        # what came back is another ticket than the closing it came back to: one less the other lists no rows
        if figure.kpi.unit is Unit.RATE and figure.kpi.source is Source.TICKETS and code != "recurrence_30d":
            parts.append("rest")
        names = _PARTS | ({"rest": _REST[code]} if code in _REST else {})
        part = st.segmented_control(
            "明细",
            parts,
            default=parts[0],
            required=True,
            format_func=lambda one: f"{names[one]} {counts[one]:,}",
            key=f"part-{code}",
            label_visibility="collapsed",
            on_change=_begin_again,
        )
    _rows(actor, held, code, str(part))


def _begin_again() -> None:
    st.session_state.pop(_AFTER, None)


def _facts(held: Chosen, figure: Figure) -> list[tuple[str, str]]:
    kpi = figure.kpi
    worked = figure.text
    if kpi.times and figure.value is not None:
        worked = f"约 {worked}"
    elif figure.denominator is not None and not kpi.times:
        worked += f" = {figure.numerator or 0:,} ÷ {figure.denominator:,}"
        worked += " × 1,000" if kpi.unit is Unit.PER_THOUSAND else ""
    until = f"（算到 {figure.until.month}月{figure.until.day}日）" if figure.until else ""
    return [
        ("结果", worked + ("，刚启用，数据不足 7 天" if figure.new else "")),
        ("算法", kpi.formula),
        ("分子", kpi.numerator),
        ("分母", kpi.denominator),
        ("样本", f"{figure.n:,}{'，不足 10，不作比较' if figure.small else ''}" if kpi.bottom or kpi.times else ""),
        ("单位", "" if kpi.unit in (Unit.RATE, Unit.MINUTES) else kpi.unit.value),
        ("范围", f"{held.area.name} · {_period(held, kpi)}{until}"),
        ("时间口径", kpi.basis.value),
        ("不计入", kpi.exclusions),
        ("没有算全", figure.partial),
        ("目标（参考）", kpi.target),
        ("基线（参考）", kpi.baseline),
        ("版本", f"第 {kpi.version} 版 · 数据截至 {local(figure.as_of):%Y-%m-%d %H:%M:%S}"),
    ]


def _period(held: Chosen, kpi: Kpi) -> str:
    """Say which days are counted: of what is kept by months the whole ones, of visits the last."""
    if kpi.basis is Basis.NOW:
        return "现在"
    if kpi.basis is not Basis.MONTH:
        return held.period
    first = held.scope.end if kpi.source is Source.CHECKINS else held.scope.start
    months = [f"{day.year}年{day.month}月" for day in (first, held.scope.end)]
    return "—".join(dict.fromkeys(months)) + "整月"


def _rows(actor: Actor, held: Chosen, code: str, part: str) -> None:
    of = (code, part, held.key)  # a cursor of one list says nothing in another, which "back" in the browser may open
    kept, after = st.session_state.get(_AFTER, (of, None))
    after = after if kept == of else None
    call: dict[str, Any] = {"actor": actor, "scope": held.scope, "code": code, "part": part, "after": after}
    try:
        page = db.read(stats.rows, now=now(), **call)
    except Refused as refused:
        _form.refuse(refused)
        return
    if not page.rows:
        st.caption("没有更多明细了。" if after else "这个数字后面没有明细：没有一件符合。")
        return
    component.draw(
        _chart_proof_rows.table(page.rows, KPIS[code].unit, late=(code, part) == ("on_time_rate", "rest")),
        key="proof-rows",
        on_picked=lambda: None,
    )
    with st.container(horizontal=True):
        if after:
            st.button("回到最新", icon=":material/first_page:", on_click=_begin_again)
        if page.after:
            st.button("更早的", icon=":material/chevron_right:", on_click=_go, args=(of, page.after))


def _go(of: tuple[str, str, str], after: Any) -> None:
    st.session_state[_AFTER] = (of, after)
