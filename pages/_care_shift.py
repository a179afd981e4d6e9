"""交接班: what is open and who is away, and what one shift of the desk leaves to the next."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import elders, shift_notes
from db.shift_notes import ShiftNote, Standing
from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.care import ABSENCE_LABELS, SLOT_LABELS
from domain.errors import Refused
from domain.incidents import CAUSE_LABELS, INCIDENT_LABELS
from pages import _care_words as words
from pages import _form
from pages import _settings_form as form
from pages import _settings_table as table
from ui.text import escape_md, when

_CHOSEN = "care_running"


def show(who: Actor, here: Area) -> None:
    try:
        standing = db.read(shift_notes.standing, actor=who, community_id=here.id, now=clock.now())
        notes = db.read(shift_notes.listed, actor=who, community_id=here.id)
    except Refused as refused:
        _form.refuse(refused)
        return
    if chosen := st.session_state.pop(_CHOSEN, None):
        st.query_params["incident"] = str(chosen)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _standing(standing)
    with right:
        _write(who, here)
        _notes(who, notes)


def _standing(now_open: Standing) -> None:
    now = clock.now()
    since = f"{when(now_open.since, now)}以来" if now_open.since else "至今"
    with st.container(horizontal=True):
        st.metric(f"{since}新预警", now_open.opened, width=190)
        st.metric("其中已结案", now_open.closed, width=130)
        st.metric("现在超时未查看", len(now_open.unchecked), width=150)
    codes: dict[UUID, str] = db.read(elders.codes, elder_ids=[one.elder_id for one in now_open.running])
    rows: list[dict[str, Any]] = [
        {
            "编号": one.no,
            "老人": codes.get(one.elder_id, ""),
            "原因": CAUSE_LABELS[one.cause],
            "状态": INCIDENT_LABELS[one.state],
            "下一步": when(one.next_step_at, now) if one.next_step_at else "",
        }
        for one in now_open.running
    ]
    st.markdown("**还在处置的预警**")
    table.show(rows, [one.id for one in now_open.running], _CHOSEN, empty="没有。", alt="还在处置的预警，选中一行打开")
    if now_open.unchecked:
        st.markdown("**还等人去看的老人**")
        late = [
            {"老人": a.code, "时段": SLOT_LABELS[a.slot], "从什么时候起": when(a.since, now)}
            for a in now_open.unchecked
        ]
        table.plain(late, empty="", alt="今天超时还没有人去看的老人")
    st.markdown("**外出的老人**")
    away = [
        {"老人": a.code, "去哪儿": ABSENCE_LABELS[a.kind], "到": words.until(a.until_at, now)} for a in now_open.away
    ]
    table.plain(away, empty="今天没有人外出。", alt="外出的老人")


def _write(who: Actor, here: Area) -> None:
    draft = form.draft("care.shift", here.id)
    with st.form(draft.of("form")):
        body = st.text_area(
            "交给下一班的话",
            key=draft.of("body"),
            placeholder="没有特别的就写“无异常”；老人写编号，不写姓名",
            height=110,
        )
        if draft.submit("交班"):
            call: dict[str, Any] = {"community_id": here.id, "body": body, "key": draft.key}
            form.attempt(
                draft,
                lambda: db.run(shift_notes.write, actor=who, **call, now=clock.now()),
                done="已交班，请接班的同事来点“已接班”。",
            )


def _notes(who: Actor, notes: list[ShiftNote]) -> None:
    if not notes:
        st.caption("还没有交班记录。")
    for note in notes[:8]:
        with st.container(border=True):
            st.caption(f"{note.by_name} · {when(note.at, clock.now())}")
            st.text(note.body)
            if note.read_at:
                st.caption(f"{escape_md(note.read_by_name)} {when(note.read_at, clock.now())} 已接班")
            elif note.by_id != who.user_id and st.button("已接班", key=f"take-{note.id}"):
                _take(who, note)


def _take(who: Actor, note: ShiftNote) -> None:
    try:
        db.run(shift_notes.take_over, actor=who, note_id=note.id, now=clock.now())
    except Refused as refused:
        _form.refuse(refused)
    else:
        st.rerun()
