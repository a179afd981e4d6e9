"""A ticket as a drawer at the right: what it is, what to do next, and everything that happened."""

from uuid import UUID

import streamlit as st

import db
from db import parties, ticket_detail
from db.names import names
from db.ticket_detail import Detail
from domain import clock
from domain.access import DISPATCHERS, Actor
from domain.due import GRADE_LABELS, MATTER_LABELS
from domain.errors import NotFound, Refused
from domain.ids import parse_id
from domain.tickets import CHANNEL_LABELS, KIND_LABELS, OPEN, REJECT_LABELS, RESULT_LABELS, Action
from pages import _form, _notice, _photos, _reporter, _steps
from pages._session import require
from ui import cards, changes
from ui.cards import Line
from ui.fresh import fresh
from ui.text import due_words, escape_md, left

WIDTH = 720


def close() -> None:
    st.query_params.pop("ticket", None)
    st.session_state.pop("step", None)


def show() -> None:
    """Open the drawer for the ticket in the URL; to be called from the page's body."""
    ticket_id = parse_id(st.query_params.get("ticket"))
    st.dialog("工单详情", width=WIDTH, position="right", on_dismiss=close)(_drawer)(ticket_id)


def _drawer(ticket_id: UUID | None) -> None:
    actor, now = require("me"), clock.now()
    try:
        if ticket_id is None:
            raise NotFound("这个链接不完整，请从看板上打开工单。")
        detail = db.read(ticket_detail.detail, actor=actor, ticket_id=ticket_id, now=now)
    except Refused as refused:
        _form.refuse(refused)
        return
    st.html(cards.head_html(detail.card, now))
    # who asked for the newest has seen it: the form that stands open goes on from there
    fresh(str(detail.ticket.id), detail.ticket.version, lambda: _steps.read_anew(detail.ticket.id))
    if detail.hidden:
        st.info("这是一件私事，只有经办的同事能看到内容。")
        return
    _steps.show(actor, detail)
    _due(detail)
    if actor.roles_at(detail.ticket.area_path) & DISPATCHERS:
        _notice.show(actor, detail, now)
    st.html(cards.facts_html(_facts(detail, _phone(actor, detail))))
    _reporter.show(actor, detail)
    if texts := cards.texts_html((("详细情况", detail.description), ("处理结果", detail.result))):
        st.html(texts)
    _photos.show(actor, detail)
    if detail.extra:
        with st.expander("导入时的其他信息"):
            st.html(cards.facts_html(detail.extra.items()))
    st.html(cards.timeline_html(_lines(detail), now))


def _due(detail: Detail) -> None:
    due, now = detail.ticket.due_at, clock.now()
    if due is None or detail.ticket.status not in OPEN:
        return
    gap = left(due, now)
    words = f"{due_words(due, now)}，{gap}" if not gap.endswith("到期") else gap
    with st.expander(f"时限：{words}", icon=":material/schedule:"):
        st.caption("为什么是这个时间")
        st.write(escape_md(detail.due_why))


def _phone(actor: Actor, detail: Detail) -> str:
    """Give the handler's number to those who dispatch, who must be able to call."""
    handler = detail.ticket.handler_id
    if not handler or not actor.roles_at(detail.ticket.area_path) & DISPATCHERS:
        return ""
    held = db.read(parties.listed, actor=actor, with_inactive=True)
    return next((p.phone for p in held if p.id == handler), "")


def _facts(detail: Detail, phone: str) -> list[tuple[str, str]]:
    ticket = detail.ticket
    place = " · ".join(dict.fromkeys(filter(None, (detail.community, detail.card.grid, detail.area))))
    return [
        ("地点", ticket.address),
        ("辖区", place),
        ("类型", KIND_LABELS[ticket.kind]),
        ("类别", detail.category or "未分类"),
        ("大小事", MATTER_LABELS[ticket.matter] if ticket.matter else ""),
        ("紧急程度", GRADE_LABELS[ticket.grade]),
        ("来源渠道", CHANNEL_LABELS[ticket.channel]),
        ("处理人", " ".join(filter(None, (detail.card.handler, phone))) or "还没有派单"),
        ("处理结果分类", RESULT_LABELS[detail.result_class] if detail.result_class else ""),
        ("不予受理原因", REJECT_LABELS[detail.reject_reason] if detail.reject_reason else ""),
        ("导入来源", " ".join(filter(None, (detail.source, detail.external_id)))),
    ]


def _lines(detail: Detail) -> list[Line]:
    """Tell the history, newest first."""
    named = db.read(names, changes.ids_in(entry.changes for entry in detail.timeline))
    now = clock.now()
    return [
        Line(
            entry.at,
            entry.label,
            " · ".join(filter(None, (entry.who, entry.role, f"代{entry.for_whom}记录" if entry.for_whom else ""))),
            entry.note,
            () if entry.action is Action.REPORT else changes.words(entry.changes, named, now),
        )
        for entry in reversed(detail.timeline)
    ]
