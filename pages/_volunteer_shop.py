"""A volunteer's shop on a phone: what there is, and 确定换."""

from datetime import datetime
from uuid import UUID

import streamlit as st

import db
from db import catalog, rules, shop
from db.catalog import Item
from db.points import Balance
from domain.access import Actor
from domain.errors import Refused
from domain.points import points_text
from pages import _form, _way
from ui import volunteer
from ui.text import escape_md

_A_VIEW = 3  # with 看别的 four large buttons


def goods(actor: Actor, balance: Balance | None) -> None:
    _way.back()
    st.header("能换什么", anchor=False)
    if balance is None or balance.frozen:
        st.info(_no_shop(balance))
        return
    st.html(volunteer.rows_html([("您的可用积分", f"{points_text(balance.available)} 分")]))
    items = _in_order(actor, balance)
    start = st.query_params.get("from", "0")
    first = int(start) if start.isdecimal() and int(start) < len(items) else 0
    for item in items[first : first + _A_VIEW]:
        label = f"{escape_md(item.name)}　{points_text(item.price_tenths)} 分{_but(item, balance)}"
        st.button(label, key=f"see-{item.id}", width="stretch", on_click=_see, args=(item.id,))
    if len(items) > _A_VIEW:
        after = first + _A_VIEW if first + _A_VIEW < len(items) else 0
        label = "看别的" if after else "从头看"
        st.button(label, key="others", width="stretch", on_click=_way.go, args=("shop",), kwargs={"from": str(after)})
    if not items:
        st.info("爱心超市还没有上架，请过几天再来看。")


def _no_shop(balance: Balance | None) -> str:
    if balance:
        return "积分账户已暂停使用，暂时不能兑换。请到社区服务台了解原因。"
    return "您还没有积分。帮一次忙，社区核实后就有积分，可以在这里换东西。"


def _see(item_id: UUID) -> None:
    _way.go("item", item=str(item_id))


def _in_order(actor: Actor, balance: Balance) -> list[Item]:
    """Put first what the person can have now."""
    items = db.read(catalog.catalogue, actor=actor, community_id=balance.community_id)
    return sorted(items, key=lambda item: bool(_but(item, balance)))


def _but(item: Item, balance: Balance) -> str:
    if not item.left:
        return "（已换完）"
    missing = item.price_tenths - balance.available
    return f"（还差 {points_text(missing)} 分）" if missing > 0 else ""


def item(actor: Actor, balance: Balance | None, now: datetime) -> None:
    """Ask once more with what it costs: a slip of the thumb spends nothing."""
    found = _wanted(actor, balance)
    if balance is None or found is None:
        goods(actor, balance)
        return
    _way.back("shop")
    st.html(volunteer.rows_html(_facts(found, balance), found.name))
    if _but(found, balance):
        st.info("积分还不够，先攒一攒，或看看别的。" if found.left else "这一样已经换完，看看别的吧。")
        return
    hours = db.read(rules.get, "points.pickup_hours")
    st.caption(f"换好以后给您一个领取码，{hours}小时内到社区爱心超市领取；不领会自动退回积分。")
    sure = f"确定换，用 {points_text(found.price_tenths)} 分"
    if st.button(sure, key=f"redeem-{_form.key(found.id.hex)}", type="primary", width="stretch"):
        _redeem(actor, balance, found, now)
    st.button("先不换", width="stretch", on_click=_way.go, args=("shop",))


def _wanted(actor: Actor, balance: Balance | None) -> Item | None:
    if balance is None or balance.frozen:
        return None
    items = db.read(catalog.catalogue, actor=actor, community_id=balance.community_id)
    return next((one for one in items if str(one.id) == st.query_params.get("item")), None)


def _facts(found: Item, balance: Balance) -> list[tuple[str, str]]:
    rows = [("需要", f"{points_text(found.price_tenths)} 分"), ("您现在有", f"{points_text(balance.available)} 分")]
    if not _but(found, balance):
        rows.append(("换完还剩", f"{points_text(balance.available - found.price_tenths)} 分"))
    rows.append(("还有", f"{found.left} 份"))
    return rows + ([("每人每月最多", f"{found.month_limit} 份")] if found.month_limit else [])


def _redeem(actor: Actor, balance: Balance, found: Item, now: datetime) -> None:
    key = _form.key(found.id.hex)
    try:
        db.run(shop.redeem, actor=actor, person_id=balance.person_id, item_id=found.id, key=key, now=now)
    except Refused as refused:
        _form.refuse(refused)
        return
    _form.done(found.id.hex, "换好了，请记下领取码")
    _way.go("orders")
    st.rerun()
