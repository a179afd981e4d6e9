"""外出，到…为止: told on the telephone, entered in twenty seconds; always with an end."""

from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

import db
from db import absences
from db.absences import TOLD_BY, Absence
from db.care_elder import ElderPage
from domain import clock
from domain.access import Actor, has
from domain.care import ABSENCE_LABELS, AbsenceKind, AbsenceState
from domain.clock import at_local, local_date
from pages import _care_words as words
from pages import _settings_form as form
from ui.text import when

_HOURS = {"中午 12:00": time(12), "傍晚 18:00": time(18), "当天结束": None}
_STARTS = ("今天（现在起）", "明天", "某天")
_RUNNING = (AbsenceState.DRAFT, AbsenceState.CONFIRMED)


def show(actor: Actor, page: ElderPage) -> None:
    st.markdown("##### 外出")
    area = page.elder.area_path
    for one in page.absences:
        if one.state in _RUNNING:
            _running(actor, page, one)
    if page.elder.left_on is None and has(actor, "care.absence", area) and not actor.read_only:
        _report(actor, page)


def _running(actor: Actor, page: ElderPage, one: Absence) -> None:
    waits = one.state is AbsenceState.DRAFT
    begin, end = when(one.from_at, clock.now()), words.until(one.until_at, clock.now())
    said = f"{ABSENCE_LABELS[one.kind]}，{begin} 起，到 {end} 为止"
    told = f"（{one.told_by}告知）"
    if waits:
        st.warning(f"{said}{told}，等另一位同事核实，核实以前照常巡看。", icon=":material/hourglass_top:")
    else:
        st.info(f"{said}{told}。到时候自动恢复巡看。", icon=":material/luggage:")
    if actor.read_only or not has(actor, "care.confirm", page.elder.area_path):
        return
    draft = form.draft(f"care.absence.{one.id}", one.id, one.version)
    draft.place = st.empty()
    with st.container(horizontal=True):
        if waits and st.button("核实，确认外出", key=draft.of("confirm")):
            _take(actor, draft, absences.confirm, one, "已确认外出，这段时间不再巡看。")
        if not waits and st.button("已经回来", key=draft.of("end")):
            _take(actor, draft, absences.end_early, one, "已恢复巡看。")
        if st.button("登错了，撤销", key=draft.of("cancel"), type="tertiary"):
            _take(actor, draft, absences.cancel, one, "已撤销这次外出。")


def _take(actor: Actor, draft: form.Draft, command: Any, one: Absence, done: str) -> None:
    call: dict[str, Any] = {"absence_id": one.id, "expected_version": draft.version}
    form.attempt(draft, lambda: db.run(command, actor=actor, **call, key=draft.key, now=clock.now()), done=done)


def _report(actor: Actor, page: ElderPage) -> None:
    draft, today = form.draft("care.away", page.elder.id), local_date(clock.now())
    start = _start(draft, today)
    with st.form(draft.of("form")):
        day, hour = st.columns(2)
        until = day.date_input(
            "外出，到哪天为止",
            start + timedelta(days=1),
            min_value=start,
            format="YYYY-MM-DD",
            key=draft.of(f"until.{start}"),  # no earlier end may outlive a later start
        )
        at = hour.selectbox("几点", list(_HOURS), 2, key=draft.of("hour"))
        kind = st.segmented_control(
            "去哪儿",
            list(AbsenceKind),
            default=AbsenceKind.FAMILY,
            required=True,
            format_func=ABSENCE_LABELS.__getitem__,
            key=draft.of("kind"),
        )
        told = st.segmented_control("谁告知的", TOLD_BY, default=TOLD_BY[1], required=True, key=draft.of("told"))
        if draft.submit("登记外出"):
            now = clock.now()
            call: dict[str, Any] = {"elder_id": page.elder.id, "kind": kind, "told_by": told}
            from_at = now if start == today else at_local(start, time())
            call |= {"from_at": from_at, "until_at": _moment(until, _HOURS[at])}
            form.attempt(
                draft,
                lambda: db.run(absences.report, actor=actor, **call, key=draft.key, now=now),
                done=lambda made: _done(made, now),
            )


def _start(draft: form.Draft, today: date) -> date:
    """Ask from when; mostly they leave now, and nothing needs to be chosen."""
    chosen = st.segmented_control(
        "从哪天起", _STARTS, default=_STARTS[0], required=True, key=draft.of("from"), width="stretch"
    )
    tomorrow = today + timedelta(days=1)
    if chosen != _STARTS[2]:
        return tomorrow if chosen == _STARTS[1] else today
    day: date = st.date_input("哪天出门", tomorrow, min_value=today, format="YYYY-MM-DD", key=draft.of("from-day"))
    return day or tomorrow


def _moment(day: Any, at: time | None) -> datetime:
    return at_local(day, at) if at else at_local(day + timedelta(days=1), time())


def _done(made: Absence, now: datetime) -> str:
    if made.state is AbsenceState.DRAFT:
        return "已登记，等社区工作者核实；核实以前照常巡看。"
    begins = f"{when(made.from_at, now)} 起，" if made.from_at > now else ""
    return f"已登记外出，{begins}到 {words.until(made.until_at, now)} 为止；之后自动恢复巡看。"
