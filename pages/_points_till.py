"""兑换台: what is fetched, what is redeemed for somebody, what comes back, what is on the shelf."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import points_desk, redemptions
from db.points import PAGE
from db.redemptions import Redemption
from domain import clock
from domain.access import Actor, has
from domain.areas import Area
from domain.errors import Refused
from pages import _points_goods, _points_order, _points_pages, _points_redeem
from pages import _points_words as words
from pages import _settings_table as table
from ui.text import escape_md, when

CHOSEN, _PART, _CODE = "points_order", "till", "points_code"


def show(who: Actor, here: Area) -> None:
    parts = {"领取": _waiting, "代为兑换": _points_redeem.show, "退货": _returns, "商品": _points_goods.show}
    if not has(who, "points.stock"):
        parts.pop("退货")
    chosen = st.segmented_control(
        "兑换台",
        list(parts),
        default="领取",
        required=True,
        key=_PART,
        bind="query-params",
        label_visibility="collapsed",
        wrap=True,
        on_change=_forget,
    )
    parts[str(chosen)](who, here)
    if opened := st.session_state.get(CHOSEN):
        _points_order.open_dialog(opened)


def _forget() -> None:
    st.session_state[CHOSEN] = None


def _waiting(who: Actor, here: Area) -> None:
    with st.form("points-code", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        code = st.text_input("领取码", key=_CODE, max_chars=6, placeholder="6 位数字", width=200)
        sent = st.form_submit_button("查找", type="primary")
    if sent:
        _by_code(who, here, code)
    pages = _points_pages.of(f"orders {here.id}")
    call: dict[str, Any] = {"actor": who, "community_id": here.id, "after": pages.after}
    listed = db.read(redemptions.orders, **call, limit=PAGE + 1)
    empty = "没有等着领取的兑换单。居民在手机上兑换，或在“代为兑换”里替他兑换。"
    _list(listed[:PAGE], empty)
    last = listed[PAGE - 1][0] if len(listed) > PAGE else None
    pages.buttons((last.asked_at, last.id) if last else None)


def _by_code(who: Actor, here: Area, code: str) -> None:
    if not code.strip():
        st.error("请输入居民手机上的 6 位领取码；没带手机的，在下面的名单里找。", icon=":material/info:")
        return
    try:
        order, _ = db.read(redemptions.by_code, actor=who, community_id=here.id, code=code)
    except Refused as refused:
        st.error(escape_md(refused.message), icon=":material/info:")
        return
    st.session_state[CHOSEN] = order.id


def _list(listed: list[tuple[Redemption, str]], empty: str) -> None:
    rows = [_row(order, name) for order, name in listed]
    ids: list[UUID] = [order.id for order, _ in listed]
    table.show(rows, ids, CHOSEN, empty=empty, alt="兑换单，选中一行打开", columns={"积分": words.POINTS})
    if rows:
        st.caption("选中一行，核对后办理。")


def _row(order: Redemption, name: str) -> dict[str, object]:
    now = clock.now()
    return {
        "单号": order.no,
        "姓名": name,
        "兑换": f"{order.item} {order.quantity}份",
        "积分": words.tenths(order.price_tenths),
        "下单": when(order.asked_at, now),
        "领取期限": "已超时" if now >= order.expires_at else when(order.expires_at, now),
    }


def _returns(who: Actor, here: Area) -> None:
    st.caption("领走 7 天以内可以退，由没有经手发放的同事来办；积分按原来的到期日退回。")
    listed = db.read(points_desk.handed_out, actor=who, community_id=here.id, now=clock.now(), limit=PAGE * 4)
    rows = [{k: v for k, v in _row(order, name).items() if k != "领取期限"} for order, name in listed]
    ids = [order.id for order, _ in listed]
    empty = "最近 7 天没有发出过东西，没有可退的。"
    table.show(rows, ids, CHOSEN, empty=empty, alt="可退的兑换单，选中一行打开", columns={"积分": words.POINTS})
