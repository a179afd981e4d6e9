"""A volunteer's points: what one has, where it came from, what expires when."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from uuid import UUID

import streamlit as st

import db
from db import points, redemptions, statements
from db.points import Balance
from db.statements import StatementLine
from domain import clock
from domain.access import Actor
from domain.awards import Rule, because
from domain.points import NOTICE_DAYS, Posting, hours_text, month_of, notice_step, points_text
from pages import _way
from ui import volunteer
from ui.volunteer import Line

PAGE = 10
_READ = 60  # lines: an order has one for each lot that it takes
_ORDERS = 100  # whose names a statement can say
_OF_ORDERS = {
    Posting.HOLD: "兑换{}",
    Posting.RELEASE: "没有领{}，积分退回",
    Posting.RETURN: "退了{}，积分退回",
}


def purse(balance: Balance | None, actor: Actor, now: datetime) -> None:
    """Open with what one has."""
    if balance is None:
        st.html(volunteer.purse_html(0, 0, ["帮一次忙，社区核实后就有积分"]))
        return
    st.html(volunteer.purse_html(balance.available, balance.minutes, _short_words(balance, actor, now)))
    for one in db.read(statements.expiring, actor=actor, person_id=balance.person_id, now=now):
        if step := notice_step(one.days):
            when = f"还有 {one.days} 天，到" if one.days else "今天，"
            when += f"{volunteer.day_words(one.on, clock.local_date(now))}为止"
            show = st.warning if step == min(NOTICE_DAYS) else st.info
            show(f"您有 {points_text(one.points_tenths)} 分快到期了：{when}。请尽早兑换，过期作废。")
    if balance.frozen:
        st.warning("积分账户已暂停使用：照常得积分，暂时不能兑换。请到社区服务台了解原因。")


def _short_words(balance: Balance, actor: Actor, now: datetime) -> list[str]:
    month = month_of(clock.local_date(now))
    lines = db.read(statements.statement, actor=actor, person_id=balance.person_id).lines
    earned = sum(line.amount for line in lines if line.kind is Posting.AWARD and clock.local_date(line.at) >= month)
    told = [f"本月 +{points_text(earned)} 分"]
    if balance.held:
        told.append(f"换东西先占着 {points_text(balance.held)} 分")
    return told


def line(actor: Actor) -> None:
    """Tell whoever has another job here what they have as a resident."""
    if balance := db.read(points.my_balance, actor=actor):
        has, hours = points_text(balance.available), hours_text(balance.minutes)
        st.caption(f"我的积分 {has} 分　服务时长 {hours} 小时")


def statement(actor: Actor, balance: Balance | None, now: datetime) -> None:
    _way.back()
    st.header("我的明细", anchor=False)
    if balance is None:
        st.info("还没有记录。帮一次忙，社区核实后就会记在这里。")
        return
    before = st.query_params.get("before", "")
    older = int(before) if before.isdecimal() else None
    page = db.read(statements.statement, actor=actor, person_id=balance.person_id, before=older, limit=_READ)
    postings = [list(group) for _, group in groupby(page.lines, lambda one: one.txn_id)]
    if older is None:
        _ahead(actor, balance, now)
    shown = postings[:PAGE]
    st.html(volunteer.lines_html(_plain(actor, shown), now))
    if len(postings) > PAGE:
        last = {"before": str(shown[-1][-1].version)}
        st.button("看更早的", width="stretch", on_click=_way.go, args=("lines",), kwargs=last)
    st.caption(f"对账码　{page.head_seq}-{page.head_hash[:8]}")


def _ahead(actor: Actor, balance: Balance, now: datetime) -> None:
    """Tell what expires when, and what the hours have come to."""
    today = clock.local_date(now)
    rows = [
        (f"{volunteer.day_words(one.on, today)}到期", f"{points_text(one.points_tenths)} 分")
        for one in db.read(statements.expiring, actor=actor, person_id=balance.person_id, now=now)
    ]
    if balance.debt:
        rows.append(("待抵扣（以后得的积分先抵）", f"{points_text(balance.debt)} 分"))
    hours = f"{hours_text(balance.minutes)} 小时"
    rows.append(("服务时长（不会过期）", hours))
    if words := volunteer.next_star_words(balance.minutes):
        rows.append((volunteer.star_words(balance.minutes) or "星级", words))
    st.html(volunteer.rows_html(rows))


def _plain(actor: Actor, postings: Sequence[list[StatementLine]]) -> list[Line]:
    """Say each posting once: an order that took several lots is one line."""
    summed = [replace(lines[0], amount=sum(one.amount for one in lines)) for lines in postings]
    rules = db.read(statements.rules_behind, lines=summed)
    items = {order.id: order.item for order in db.read(redemptions.my_orders, actor=actor, limit=_ORDERS)}
    return [Line(one.at, _what(one, items), one.amount, one.balance, _why(one, rules)) for one in summed]


def _what(one: StatementLine, items: dict[UUID, str]) -> str:
    if one.kind is Posting.AWARD:
        return one.why.partition("，")[0]  # caps and ratings are told by why
    if one.kind is Posting.EXPIRE:
        return "积分到期，作废"
    if one.kind in _OF_ORDERS:
        return _OF_ORDERS[one.kind].format(items.get(one.source_id, "物品"))
    return "更正，补回" if one.amount > 0 else "更正，收回"


def _why(one: StatementLine, rules: dict[UUID, Rule]) -> str:
    return because(one.why, rules[one.source_id], one.amount) if one.source_id in rules and one.why else ""
