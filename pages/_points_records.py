"""待核: records by state; a chosen one opens with its story and the steps that lead on; new ones are noted here."""

from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import points_desk, records
from db.points import PAGE
from db.records import Record
from domain.access import Actor, has
from domain.areas import Area
from domain.clock import local_date
from domain.points import RECORD_STATE_LABELS, RecordState
from pages import _points_batch, _points_new, _points_pages, _points_record, _points_words
from pages import _settings_table as table

CHOSEN, _STATE = "points_record", "points_state"
NEW = "登记服务"
_S = RecordState
_WAITING = (_S.SUBMITTED, _S.VERIFIED)
_STATES = (*_WAITING, _S.DRAFT, _S.CONFIRMED, _S.REJECTED, _S.VOIDED)
_NAMES = {**RECORD_STATE_LABELS, _S.VERIFIED: "待入账"}
_EMPTY = {
    _S.DRAFT: "没有草稿。",
    _S.SUBMITTED: "没有等着核验的记录。工单办结会自动生成，其他服务请点“登记服务”。",
    _S.VERIFIED: "没有等着入账的记录。核验过的会出现在这里。",
    _S.CONFIRMED: "还没有入过账的记录。",
    _S.REJECTED: "没有驳回的记录。",
    _S.VOIDED: "没有作废的记录。",
}


def show(who: Actor, here: Area) -> None:
    _points_batch.tell()
    count = db.read(points_desk.counts, actor=who, community_id=here.id)
    options = [str(state) for state in _STATES if state is not _S.DRAFT or count.get(state)]
    chosen = st.segmented_control(
        "状态",
        [NEW, *options],
        default=options[0] if has(who, "points.verify") else NEW,
        required=True,
        format_func=lambda name: _named(name, count),
        key=_STATE,
        label_visibility="collapsed",
        wrap=True,
        on_change=_forget,
    )
    if chosen == NEW:
        _points_new.show(who, here)
    else:
        _list(who, here, RecordState(str(chosen)), count)
    _points_batch.go_on(here)
    if opened := st.session_state.get(CHOSEN):
        _points_record.open_dialog(opened)


def _named(name: str, count: dict[RecordState, int]) -> str:
    if name == NEW:
        return NEW
    state = RecordState(name)
    return f"{_NAMES[state]} {count[state]}" if count.get(state) else _NAMES[state]


def _forget() -> None:
    st.session_state.pop(CHOSEN, None)


def _list(who: Actor, here: Area, state: RecordState, count: dict[RecordState, int]) -> None:
    pages = _points_pages.of(f"records {here.id} {state}")
    listed, last = _read(who, here, state, pages)
    if state is _S.VERIFIED and listed and has(who, "points.confirm"):
        _points_batch.offer(here, count.get(state, 0))
    rows = [_points_words.record_row(record, name) for record, name in listed]
    ids: list[UUID] = [record.id for record, _ in listed]
    shown = {"积分": _points_words.POINTS, "时间": st.column_config.Column(width=190)}
    table.show(rows, ids, CHOSEN, empty=_EMPTY[state], alt="服务记录，选中一行打开", columns=shown)
    if rows:
        st.caption("选中一行，看它的经过并办理下一步。")
    pages.buttons(last)


def _read(
    who: Actor, here: Area, state: RecordState, pages: _points_pages.Pages
) -> tuple[list[tuple[Record, str]], object]:
    """Read what waits from the oldest on, page by page; of what is settled the newest."""
    call: dict[str, Any] = {"actor": who, "community_id": here.id}
    if state not in (*_WAITING, _S.DRAFT):
        return db.read(points_desk.latest, **call, state=state, limit=PAGE * 4), None
    listed = db.read(records.listed, **call, states=(state,), after=pages.after, limit=PAGE + 1)
    if len(listed) <= PAGE:
        return listed, None
    end = listed[PAGE - 1][0]
    return listed[:PAGE], (local_date(end.ended_at), end.id)
