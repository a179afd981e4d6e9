"""代为兑换: at the desk for somebody without a phone: who → what → confirm; the code is told at once."""

from typing import Any

import streamlit as st

import db
from db import catalog, rules, shop
from db.catalog import Item
from db.points_desk import Found
from db.redemptions import Redemption
from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.points import points_text
from pages import _points_person
from pages import _settings_form as form
from ui.text import escape_md

_WHO, _LAST = "redeem", "points_redeemed"


def show(who: Actor, here: Area) -> None:
    _tell()
    found = _points_person.choose(who, here, _WHO)
    if found is None:
        st.caption(f"先找到要兑换的人。每人每月最多兑换 {db.read(rules.get, 'points.orders_a_month')} 次。")
        return
    if found.balance is None or found.person_id is None:
        st.info("这个人还没有积分，入账后才能兑换。", icon=":material/info:")
        return
    if found.balance.frozen:
        st.warning("这个积分账户已暂停使用，只进不出。", icon=":material/pause_circle:")
    goods = [one for one in db.read(catalog.catalogue, actor=who, community_id=here.id) if one.left > 0]
    if not goods:
        st.info("货架上没有东西可换，请先在“商品”里添加并进货。", icon=":material/info:")
        return
    _choose(who, found, goods)


def _choose(who: Actor, found: Found, goods: list[Item]) -> None:
    assert found.balance and found.person_id
    draft = form.draft("points.redeem", found.person_id)
    held = {one.id: one for one in goods}
    item_id = st.selectbox(
        "换什么",
        list(held),
        index=None,
        format_func=lambda i: _words(held[i]),
        placeholder="选择商品或服务",
        key=draft.of("item"),
    )
    if item_id is None:
        return
    item = held[item_id]
    most = max(1, min(item.left, item.month_limit or item.left, 100))
    many = int(st.number_input("几份", 1, most, 1, step=1, key=draft.of("many"), width=160))
    price = item.price_tenths * many
    st.caption(f"现有 {points_text(found.balance.available)} 分，要用 {points_text(price)} 分。")
    with st.popover(f"兑换 {points_text(price)} 分", type="primary", key=draft.of("open")):
        told = f"{found.name} 换 {item.name} {many}份，用 {points_text(price)} 分。"
        st.write(escape_md(f"{told}{db.read(rules.get, 'points.pickup_hours')} 小时内没领会自动退回。"))
        draft.place = st.empty()
        if st.button("确定换", key=draft.of("go")):
            call: dict[str, Any] = {"person_id": found.person_id, "item_id": item_id, "quantity": many}
            form.attempt(
                draft,
                lambda: _keep(db.run(shop.redeem, actor=who, **call, key=draft.key, now=clock.now())),
                done=lambda order: f"已兑换 {order.item}，领取码 {order.code}。",
            )


def _keep(order: Redemption) -> Redemption:
    st.session_state[_LAST] = order
    return order


def _words(item: Item) -> str:
    return f"{item.name} · {points_text(item.price_tenths)} 分 · 还有 {item.left}"


def _tell() -> None:
    """Show the last order with its code until it is opened or put away."""
    order: Redemption | None = st.session_state.get(_LAST)
    if order is None:
        return
    with st.container(border=True):
        words = escape_md(f"{order.no} {order.item} × {order.quantity}")
        st.success(f"已兑换 {words}，领取码 **{order.code}**", icon=":material/check_circle:")
        with st.container(horizontal=True):
            st.button("现在就交付", on_click=_open, args=(order,), icon=":material/redeem:")
            st.button("知道了", on_click=lambda: st.session_state.pop(_LAST, None), type="tertiary")


def _open(order: Redemption) -> None:
    st.session_state.pop(_LAST, None)
    st.session_state["points_order"] = order.id
