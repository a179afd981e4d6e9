"""An incident as a drawer: what is the matter, what comes next and when, what one does now, whom to call."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import care_incident
from db.care_incident import Sheet
from domain import clock
from domain.access import Actor, has
from domain.care import SIGN_LABELS, TIER_LABELS
from domain.errors import NotFound, Refused
from domain.ids import parse_id
from domain.incidents import ACTION_LABELS, CAUSE_LABELS, FOUND_LABELS, INCIDENT_LABELS
from domain.outbox import MESSAGE_LABELS, MessageState
from domain.people import Purpose
from pages import _care_emergency, _care_person, _care_steps, _form
from pages._session import require
from ui import cards
from ui.cards import Line
from ui.care import style, timeline
from ui.fresh import fresh
from ui.text import when

WIDTH = 720


def _close() -> None:
    st.query_params.pop("incident", None)
    st.session_state.pop("care-step", None)


def show() -> None:
    """Open the drawer for the incident in the address; to be called from the page's body."""
    incident_id = parse_id(st.query_params.get("incident"))
    st.dialog("预警", width=WIDTH, position="right", on_dismiss=_close)(_drawer)(incident_id)


def _drawer(incident_id: UUID | None) -> None:
    actor, now = require("checkins.read"), clock.now()
    try:
        if incident_id is None:
            raise NotFound("这个链接不完整，请从平安守望上打开。")
        sheet = db.read(care_incident.sheet, actor=actor, incident_id=incident_id, now=now)
    except Refused as refused:
        _form.refuse(refused)
        return
    style.style()
    st.html(_head(sheet))
    fresh(str(incident_id), sheet.incident.version, lambda: _read_anew(sheet), what="这条预警")
    _care_steps.show(actor, sheet)
    _people(actor, sheet)  # before the ladder: on a phone one calls without scrolling
    if not sheet.is_over:
        with st.expander("逐级通知：下一步和时间", icon=":material/stairs:", expanded=True):
            st.html(timeline.ladder_html(sheet.rungs, now))
            _messages(sheet)
    if "incidents.decide" in sheet.rights and not sheet.is_over:
        _care_emergency.show(actor, sheet)
    st.markdown("**经过**")
    st.html(cards.timeline_html(_lines(sheet), now))


def _read_anew(sheet: Sheet) -> None:
    """Let the form that stands open go on from what its reader has just been shown."""
    st.session_state.pop(f"care-seen:{sheet.incident.id}", None)


def _head(sheet: Sheet) -> str:
    one = sheet.incident
    tone = "info" if sheet.is_taken or sheet.is_over else "late"
    chips = [(tone, INCIDENT_LABELS[one.state])]
    if sheet.acked_by and not sheet.is_over:
        eta = f"，{timeline.clock(one.eta_at)} 前到" if one.eta_at else ""
        said = f"{sheet.acked_by}已接单{eta}" if sheet.is_taken else f"{sheet.acked_by}没有按时到，等人接单"
        chips.append(("info" if sheet.is_taken else "late", said))
    if one.found:
        chips.append(("ok", FOUND_LABELS[one.found]))
    if sheet.hard_of_hearing:
        chips.append(("soon", "听力不好，先敲门"))
    title = f"{sheet.code} {CAUSE_LABELS[one.cause]}"
    where = " · ".join(filter(None, (one.no, sheet.building, sheet.grid, f"{when(one.opened_at, clock.now())} 起")))
    return cards.title_html(where, title, chips)


def _people(actor: Actor, sheet: Sheet) -> None:
    """Say whom to call and where to look, each on a purpose."""
    facts = [
        ("平安信号", SIGN_LABELS[sheet.sign]),
        ("关注等级", TIER_LABELS[sheet.tier]),
        ("应在", f"{timeline.clock(sheet.due_at)} 前看过" if sheet.due_at else ""),
        ("紧急时开门", "本人已同意" if sheet.may_enter else "本人没有事先同意"),
        ("在哪里看", sheet.place),
        ("健康信息", sheet.health),
    ]
    st.html(cards.facts_html(facts))
    if sheet.incident.ticket_id and has(actor, "tickets.read"):
        link = {"ticket": str(sheet.incident.ticket_id)}
        st.page_link("tickets.py", label="打开工单", icon=":material/open_in_new:", query_params=link)
    # 紧急情况 opens it to whoever works on the incident, and only it shows what a doctor must know
    why: Any = {"purposes": (Purpose.EMERGENCY, Purpose.CONTACT)} if not sheet.is_over else {}
    _care_person.line(actor, sheet.person, "老人", address=True, **why)
    for rank, contact in enumerate(sheet.contacts, start=1):
        extra = "有钥匙" if contact.has_key else ""
        if contact.minutes_away:
            extra = "，".join(filter(None, (extra, f"约 {contact.minutes_away} 分钟到")))
        _care_person.line(actor, contact.person, f"联系人 {rank} · {contact.relation}", extra=extra, **why)
    if not sheet.contacts:
        st.caption("没有登记联系人。")


def _messages(sheet: Sheet) -> None:
    told = "，".join(f"{MESSAGE_LABELS[state]} {count} 条" for state, count in sheet.messages.items())
    if any(sheet.messages.get(state) for state in (MessageState.DEAD, MessageState.FAILED)):
        st.warning(f"有消息没发出去（{told}），请直接打电话通知。", icon=":material/sms_failed:")
    elif told:
        st.caption(f"消息：{told}")


def _lines(sheet: Sheet) -> list[Line]:
    return [
        Line(one.at, ACTION_LABELS[one.action], one.who, one.note, timeline.changes(one.action, one.detail))
        for one in sheet.lines
    ]
