"""One order in a dialog: what it is and whose, then hand over, cancel or take back."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import points_desk, shop
from db.redemptions import Redemption
from domain import clock
from domain.access import Actor, has
from domain.errors import Refused
from domain.points import REDEMPTION_LABELS, RedemptionState, points_text
from pages import _session
from pages import _settings_form as form
from ui import cards
from ui.text import escape_md, when

_CHOSEN = "points_order"
_S = RedemptionState


def open_dialog(order_id: UUID) -> None:
    st.dialog("兑换单", width=520, on_dismiss=_close)(_dialog)(order_id)


def _close() -> None:
    st.session_state[_CHOSEN] = None


def _dialog(order_id: UUID) -> None:
    who = _session.require("points.till", by_hand=True)
    try:
        order, name = db.read(points_desk.order, actor=who, order_id=order_id)
    except Refused as refused:
        st.info(refused.message)
        return
    st.markdown(f"### {escape_md(f'{order.item} × {order.quantity}')}")
    st.html(cards.facts_html(_facts(order, name)))
    if order.state is _S.RESERVED:
        _hand_over(who, order)
        _cancel(who, order)
    elif order.state is _S.FULFILLED and has(who, "points.stock"):
        _take_back(who, order)


def _facts(order: Redemption, name: str) -> list[tuple[str, str]]:
    now = clock.now()
    waiting = order.state is _S.RESERVED
    return [
        ("单号", order.no),
        ("姓名", name or "已删除"),
        ("积分", f"{points_text(order.price_tenths)} 分"),
        ("状态", REDEMPTION_LABELS[order.state]),
        ("下单", when(order.asked_at, now)),
        ("领取期限", when(order.expires_at, now) if waiting else ""),
    ]


def _hand_over(who: Actor, order: Redemption) -> None:
    draft = form.draft("order.fulfil", order.id, order.version)
    st.caption("核对本人和东西以后再点，交付后积分就用掉了。")
    draft.place = st.empty()
    if st.button("交付", type="primary", key=draft.of("go"), width="stretch"):
        _act(who, order, draft, shop.fulfil, f"已交付 {order.item}。")


def _cancel(who: Actor, order: Redemption) -> None:
    draft = form.draft("order.cancel", order.id, order.version)
    with st.expander("取消兑换"):
        st.caption("积分按原来的到期日退回，东西放回货架。")
        draft.place = st.empty()
        if st.button("确定取消", key=draft.of("go")):
            _act(who, order, draft, shop.cancel, "已取消，积分已退回。")


def _take_back(who: Actor, order: Redemption) -> None:
    draft = form.draft("order.return", order.id, order.version)
    with st.form(draft.of("form"), border=False):
        reason = st.text_input("退货原因", key=draft.of("reason"), max_chars=200)
        damaged = st.checkbox("东西已损坏，不放回货架", key=draft.of("damaged"))
        if draft.submit("确定退货"):
            _act(who, order, draft, shop.give_back, "已退货，积分已退回。", reason=reason, damaged=damaged)


def _act(who: Actor, order: Redemption, draft: form.Draft, command: Any, done: str, **more: Any) -> None:
    call: dict[str, Any] = {"redemption_id": order.id, "expected_version": draft.version, "key": draft.key, **more}
    form.attempt(draft, lambda: db.run(command, actor=who, **call, now=clock.now()), done=done, clear=(_CHOSEN,))
