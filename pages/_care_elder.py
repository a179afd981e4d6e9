"""An elder's page: the year at a glance, incidents and signals, who looks, away, whom to call."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import care_elder
from db.care_elder import ElderPage, Signal
from domain import clock
from domain.access import Actor, has
from domain.care import (
    DUTY_LABELS,
    LEAVE_LABELS,
    SIGN_LABELS,
    SOURCE_LABELS,
    TIER_LABELS,
    Duty,
    Look,
    Sign,
    sign_words,
)
from domain.care_board import slot_now
from domain.clock import local_date
from domain.errors import NotFound, Refused
from domain.ids import parse_id
from domain.incidents import CAUSE_LABELS, FOUND_LABELS, INCIDENT_LABELS
from pages import _care_away, _care_look, _care_outlook, _care_person, _care_plan, _form
from pages import _care_words as words
from pages import _settings_table as table
from ui import cards
from ui.care import style, timeline, year
from ui.text import when

_INCIDENT = "care_past"


def _back() -> None:
    st.query_params.pop("elder", None)


def show(actor: Actor) -> None:
    elder_id = parse_id(st.query_params.get("elder"))
    st.button("返回", icon=":material/arrow_back:", type="tertiary", on_click=_back, key="care-back")
    try:
        if elder_id is None:
            raise NotFound("这个链接不完整，请从平安守望上打开。")
        page = db.read(care_elder.page, actor=actor, elder_id=elder_id, now=clock.now())
    except Refused as refused:
        _form.refuse(refused)
        return
    if chosen := st.session_state.pop(_INCIDENT, None):
        st.query_params["incident"] = str(chosen)
    style.style()
    st.html(_head(page))
    _care_outlook.show(page)
    with st.container(key="care-elder"):
        left, right = st.columns([5, 3], gap="large")
    with left:
        _year(page)
        _past(page)
        _signals(page)
    with right:
        _care_look.show(actor, page)
        _care_away.show(actor, page)
        _people(actor, page)
        _care_plan.show(actor, page)


def _head(page: ElderPage) -> str:
    one = page.elder
    chips = [("info", TIER_LABELS[one.tier]), ("plain", f"信号：{SIGN_LABELS[one.sign]}")]
    if one.hard_of_hearing:
        chips.append(("soon", "听力不好，先敲门"))
    if one.left_on and one.left_reason:
        chips.append(("calm", f"{words.on(one.left_on)} 退出：{LEAVE_LABELS[one.left_reason]}"))
    where = " · ".join(filter(None, (page.building, page.grid, f"{words.on(one.joined_on)} 登记")))
    return cards.title_html(where, " ".join(filter(None, (one.code, page.called))), chips)


def _year(page: ElderPage) -> None:
    st.markdown("##### 近一年")
    st.html(year.year_html(page.days, local_date(clock.now())))


def _past(page: ElderPage) -> None:
    st.markdown("##### 预警")
    rows: list[dict[str, Any]] = [
        {
            "编号": one.no,
            "时间": when(one.opened_at, clock.now()),
            "原因": CAUSE_LABELS[one.cause],
            "状态": INCIDENT_LABELS[one.state],
            "结果": FOUND_LABELS[one.found] if one.found else "",
        }
        for one in page.incidents
    ]
    ids: list[UUID] = [one.id for one in page.incidents]
    table.show(rows, ids, _INCIDENT, empty="没有发生过预警。", alt="这位老人的预警，选中一行打开")


def _seen(sign: Sign, one: Signal) -> str | None:
    return dict(zip((Look.OK, Look.CLOSED), sign_words(sign, slot_now(one.at)), strict=True)).get(one.look)


def _signals(page: ElderPage) -> None:
    st.markdown("##### 信号")
    rows: list[dict[str, Any]] = [
        {
            "时间": when(one.at, clock.now()),
            "看到": _seen(page.elder.sign, one) or timeline.LOOK_LABELS[one.look],
            "谁": one.who,
            "来源": SOURCE_LABELS[one.source] + ("，过后才收到" if one.late else ""),
        }
        for one in page.signals
    ]
    table.plain(rows, empty="还没有信号。开始巡看以后，每次看到什么都记在这里。", alt="最近的信号")
    if page.visits:
        told = "；".join(f"{words.on(v.on)} {v.who}{'（电话）' if v.by_phone else ''}" for v in page.visits[:6])
        st.caption(f"探访：{told}")


def _people(actor: Actor, page: ElderPage) -> None:
    st.markdown("##### 联系")
    _care_person.line(actor, page.person, "老人", address=True)
    if page.person.revealed_until:
        st.html(cards.facts_html((("称呼", page.called), ("在哪里看", page.place), ("健康信息", page.health))))
    for rank, contact in enumerate(page.contacts, start=1):
        extra = "有钥匙" if contact.has_key else ""
        _care_person.line(actor, contact.person, f"联系人 {rank} · {contact.relation}", extra=extra)
    if not page.contacts:
        st.caption("没有联系人，紧急时找不到家里人。" + ("请在下面补上。" if has(actor, "care.plan") else ""))
    lookers = [(DUTY_LABELS[duty], held[1] if (held := page.lookers.get(duty)) else "还没有") for duty in Duty]
    st.html(cards.facts_html(lookers))
    _care_outlook.to_pairs(actor, page)
