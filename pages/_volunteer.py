"""A volunteer's page on a phone: one's points, what one could help with, what one has in hand."""

from collections.abc import Mapping
from datetime import datetime

import streamlit as st

import db
from db import points, rules
from domain import clock
from domain.access import Actor
from domain.board import Waiting
from pages import _volunteer_orders, _volunteer_points, _volunteer_round, _volunteer_shop, _volunteer_tasks, _way
from ui import theme, top
from ui.text import escape_md


def show(actor: Actor, groups: Mapping[str, Waiting]) -> None:
    theme.large_type()
    with st.container(key="large"):
        name = st.query_params.get("show", "")
        top.top(name)
        if name in _volunteer_tasks.PARTS:
            _volunteer_tasks.show(actor, name, groups)
        else:
            _own(actor, name, groups, clock.now())
        if phone := db.read(rules.get, name="duty_phone"):
            st.caption(f"值班电话 {escape_md(phone)}")


def _own(actor: Actor, name: str, groups: Mapping[str, Waiting], now: datetime) -> None:
    balance = db.read(points.my_balance, actor=actor)
    if name == "lines":
        _volunteer_points.statement(actor, balance, now)
    elif name == "shop":
        _volunteer_shop.goods(actor, balance)
    elif name == "item":
        _volunteer_shop.item(actor, balance, now)
    elif name == "orders":
        _volunteer_orders.show(actor, now)
    else:
        st.header(f"{escape_md(actor.name)}，{_greeting(now)}", anchor=False)
        _volunteer_points.purse(balance, actor, now)
        _home(actor, groups, walks=_volunteer_round.card(actor, now))


def _home(actor: Actor, groups: Mapping[str, Waiting], *, walks: bool) -> None:
    """Offer four things: help, the shop or what waits there, the statement, what one has in hand.

    Whoever has a round to walk has the fourth already: what is in hand is then found with the help.
    """
    given, helping, doing = (groups[name].count for name in ("to_claim", "to_help", "doing"))
    told = f"，{given} 件派给您" if given else ""
    told += f"，在办 {doing} 件" if walks and doing else ""
    _way.large(f"可以帮忙的事　{given + helping} 件{told}", "help", primary=given + helping > 0)
    waiting = len(_volunteer_orders.waiting(actor))
    if waiting:
        _way.large(f"看领取码　{waiting} 份待领", "orders")
    else:
        _way.large("能换什么", "shop")
    _way.large("我的明细", "lines")
    if walks:
        return
    if doing:
        _way.large(f"我正在办　{doing} 件", "doing")
    else:
        _way.report()


def _greeting(now: datetime) -> str:
    hour = clock.local(now).hour
    return "早上好" if 4 <= hour < 11 else "中午好" if 11 <= hour < 13 else "下午好" if 13 <= hour < 18 else "晚上好"
