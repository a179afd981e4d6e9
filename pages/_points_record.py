"""One service record in a dialog: its story, what it would earn, and the steps this person may take."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import award_rules, awards, points_desk, records
from db.points_desk import Detail
from domain import clock
from domain.access import Actor, has
from domain.awards import Facts, award
from domain.errors import Refused
from domain.points import RECORD_KIND_LABELS, RECORD_STATE_LABELS, RecordState, points_text
from pages import _points_words, _session
from pages import _settings_form as form
from ui import cards
from ui.slip import on_paper

_CHOSEN = "points_record"
_S = RecordState


def open_dialog(record_id: UUID) -> None:
    st.dialog("服务记录", width=560, on_dismiss=_close)(_dialog)(record_id)


def _close() -> None:
    st.session_state[_CHOSEN] = None


def _dialog(record_id: UUID) -> None:
    who = _session.require("points.record", by_hand=True)
    try:
        detail = db.read(points_desk.detail, actor=who, record_id=record_id)
    except Refused as refused:
        st.info(refused.message)
        return
    st.html(cards.facts_html(_facts(detail)))
    if detail.evidence and (photo := db.read(points_desk.evidence, actor=who, record_id=record_id)):
        st.image(photo, caption="签到表", width=320)
    if detail.ticket_id:
        link = {"ticket": str(detail.ticket_id)}
        st.page_link("tickets.py", label=f"打开工单 {detail.ticket_no}", query_params=link)
    _steps(who, detail)


def _facts(detail: Detail) -> list[tuple[str, str]]:
    record = detail.record
    return [
        ("姓名", detail.name or "已删除"),
        ("事项", RECORD_KIND_LABELS[record.kind]),
        ("时间", _points_words.span(record)),
        ("地点", detail.area),
        ("状态", RECORD_STATE_LABELS[record.state]),
        ("来历", _points_words.method(record)),
        ("户数或次数", str(record.items) if record.items > 1 else ""),
        ("说明", detail.note),
        ("登记", f"{detail.recorded_by} {on_paper(detail.recorded_at)}"),
        ("核验", detail.verified_by),
        ("入账", detail.confirmed_by),
        ("原因", detail.reason),
        ("积分", record.why or _forecast(detail)),
    ]


def _forecast(detail: Detail) -> str:
    """Say what it earns by the rule of its day, were it the first of that day."""
    record, day = detail.record, clock.local_date(detail.record.ended_at)
    if record.state in (_S.REJECTED, _S.VOIDED):
        return ""
    rule = db.read(lambda s: award_rules.in_force(s, record.community_id, record.kind, day))
    facts = Facts(
        record.kind,
        record.started_at,
        record.ended_at,
        detail.recorded_at,
        record.method,
        record.items,
        evidence=detail.evidence,
    )
    return f"预计：{award(rule, facts, 0, 0).why}"


def _steps(who: Actor, detail: Detail) -> None:
    state = detail.record.state
    if state is _S.DRAFT and has(who, "points.record"):
        _one(who, detail, "提交核验", records.submit, "已提交，请一位同事核验。")
    if state is _S.SUBMITTED and has(who, "points.verify"):
        _one(who, detail, "核验通过", records.verify, "已核验，等着入账。")
    if state is _S.VERIFIED and has(who, "points.confirm"):
        _one(who, detail, "入账", awards.confirm, _booked)
    if state in (_S.DRAFT, _S.SUBMITTED, _S.VERIFIED) and has(who, "points.verify"):
        _with_reason(who, detail, "驳回", "驳回以后不计时长和积分，登记的人看得到原因。", records.reject, "已驳回。")
    if state is _S.CONFIRMED and has(who, "points.confirm"):
        why = "作废会收回这条记录的时长和积分；已经花掉的部分记为待抵扣。"
        _with_reason(who, detail, "作废", why, awards.void, "已作废，时长和积分已收回。")
    if state is _S.VOIDED and has(who, "points.confirm"):
        why = "作废是误操作时才恢复，时长和积分按原样补回，只能恢复一次。"
        _with_reason(who, detail, "恢复", why, awards.restore, "已恢复。")


def _booked(record: Any) -> str:
    return f"已入账：{record.why}" if record.why else f"已入账 {points_text(record.points_tenths or 0)} 分。"


def _one(who: Actor, detail: Detail, label: str, command: Any, done: Any) -> None:
    draft = form.draft(f"record.{label}", detail.record.id, detail.record.version)
    draft.place = st.empty()
    if st.button(label, type="primary", key=draft.of("go")):
        _act(who, detail, draft, command, done)


def _with_reason(who: Actor, detail: Detail, label: str, why: str, command: Any, done: str) -> None:
    """Ask for a reason and a second tap: it is kept with the record."""
    draft = form.draft(f"record.{label}", detail.record.id, detail.record.version)
    with st.expander(label), st.form(draft.of("form"), border=False):
        st.caption(why)
        reason = st.text_input("原因", key=draft.of("reason"), max_chars=200)
        draft.place = st.empty()
        if st.form_submit_button(f"确定{label}"):
            _act(who, detail, draft, command, done, reason=reason)


def _act(who: Actor, detail: Detail, draft: form.Draft, command: Any, done: Any, **more: str) -> None:
    call: dict[str, Any] = {"record_id": detail.record.id, "expected_version": draft.version, "key": draft.key, **more}
    form.attempt(draft, lambda: db.run(command, actor=who, **call, now=clock.now()), done=done, clear=(_CHOSEN,))
