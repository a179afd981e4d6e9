"""What a volunteer has ordered: the code that fetches it, until when, and the way out."""

from datetime import datetime
from uuid import UUID

import streamlit as st

import db
from db import redemptions, shop
from db.redemptions import Redemption
from domain import clock
from domain.access import Actor
from domain.errors import Refused
from domain.points import REDEMPTION_LABELS, points_text
from pages import _form, _way
from ui import volunteer
from ui.text import escape_md

_PAST = 5


def waiting(actor: Actor) -> list[Redemption]:
    """List the orders that wait to be fetched."""
    return [order for order in db.read(redemptions.my_orders, actor=actor) if order.code]


def show(actor: Actor, now: datetime) -> None:
    _way.back()
    st.header("我换的东西", anchor=False)
    all_orders = db.read(redemptions.my_orders, actor=actor)
    for order in all_orders:
        if order.code:
            _order(actor, order, now)
    if not any(order.code for order in all_orders):
        st.info("现在没有等您领取的东西。")
    past = [order for order in all_orders if not order.code][:_PAST]
    if past:
        st.html(volunteer.rows_html([(_past(order), REDEMPTION_LABELS[order.state]) for order in past], "以前换的"))
    st.button("看看能换什么", width="stretch", on_click=_way.go, args=("shop",))


def _past(order: Redemption) -> str:
    day = clock.local(order.asked_at)
    return f"{day.month}月{day.day}日 {order.item}"


def _order(actor: Actor, order: Redemption, now: datetime) -> None:
    if order.expires_at > now:
        st.html(volunteer.code_html(order.code, order.item, order.price_tenths, order.expires_at, now))
    else:
        st.info(f"{escape_md(order.item)}已过领取时间，积分会自动退回，请重新兑换。")
    if st.session_state.get("giving-up") != order.id:
        st.button(
            "不换了",
            key=f"give-up-{order.id}",
            icon=":material/undo:",
            type="tertiary",
            on_click=_ask,
            args=(order.id,),
        )
        return
    sure = f"确定不换，退回 {points_text(order.price_tenths)} 分"
    if st.button(sure, key=f"cancel-{_form.key(order.id.hex)}", type="primary", width="stretch"):
        _cancel(actor, order, now)
    st.button("还是要的", key=f"keep-{order.id}", width="stretch", on_click=_ask, args=(None,))


def _ask(order_id: UUID | None) -> None:
    st.session_state["giving-up"] = order_id


def _cancel(actor: Actor, order: Redemption, now: datetime) -> None:
    key, version = _form.key(order.id.hex), order.version
    try:
        db.run(shop.cancel, actor=actor, redemption_id=order.id, expected_version=version, key=key, now=now)
    except Refused as refused:
        _form.refuse(refused)
        return
    _ask(None)
    _form.done(order.id.hex, f"已取消，{points_text(order.price_tenths)} 分退回来了")
    st.rerun()
