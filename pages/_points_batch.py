"""批量入账: all that is verified, a few at a time, told truthfully; broken off, it is simply run again."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import streamlit as st

import db
from db import awards, records
from domain import clock
from domain.access import Actor
from domain.areas import Area
from domain.clock import local_date
from domain.errors import Refused
from domain.points import RecordState, points_text
from pages import _session
from pages import _settings_table as table
from ui.text import escape_md

_JOB, _OUTCOME = "points_batch", "points_batch_outcome"
AT_ONCE = 20


@dataclass
class Outcome:
    """What came of it, so far as it went."""

    count: int = 0
    points_tenths: int = 0
    of_all: int = 0
    refused: dict[UUID, tuple[str, str]] = field(default_factory=dict)  # record → masked name, sentence
    broken: str = ""


def offer(here: Area, count: int) -> None:
    with st.popover(f"批量入账 {count} 条", type="primary"):
        st.write(f"把核验过的 {count} 条全部入账，积分和时长马上记到各人名下。入错的可以逐条作废。")
        st.caption("有问题的会跳过并写明原因；中途断开，再点一次就接着做，不会重复。")
        st.button("确定入账", key="batch-go", on_click=_begin, args=(here, count))


def _begin(here: Area, count: int) -> None:
    if st.session_state.get(_JOB) != here.id:  # a second click goes on with the first one's count
        st.session_state[_JOB], st.session_state[_OUTCOME] = here.id, Outcome(of_all=count)


def go_on(here: Area) -> None:
    """Run what was begun, also after something broke it off."""
    if st.session_state.get(_JOB) == here.id:
        _run(here)


@st.dialog("正在入账", dismissible=False)
def _run(here: Area) -> None:
    """Go through the list by its key, so that what is refused is passed and not met again."""
    who = _session.require("points.confirm", by_hand=True)
    told: Outcome = st.session_state[_OUTCOME]
    bar = st.progress(0.0, "请不要关闭本页…")
    after: tuple[date, UUID] | None = None
    try:
        while batch := _next(who, here, after):
            done = db.run(awards.confirm_many, actor=who, record_ids=[r.id for r, _ in batch], now=clock.now())
            names = {record.id: name for record, name in batch}
            told.count += done.count
            told.points_tenths += done.points_tenths
            told.refused |= {record: (names[record], why) for record, why in done.refused}
            seen = told.count + len(told.refused)
            bar.progress(min(seen / max(told.of_all, 1), 1.0), f"已办 {seen} / {told.of_all} 条")
            last = batch[-1][0]
            after = (local_date(last.ended_at), last.id)
    except Refused as refused:
        told.broken = refused.message
    st.session_state[_JOB] = None
    st.rerun()


def _next(who: Actor, here: Area, after: tuple[date, UUID] | None) -> list[tuple[records.Record, str]]:
    wanted = (RecordState.VERIFIED,)
    return db.read(records.listed, actor=who, community_id=here.id, states=wanted, after=after, limit=AT_ONCE)


def tell() -> None:
    """Say what the last batch did, until it is put away."""
    told: Outcome | None = st.session_state.get(_OUTCOME)
    if told is None or st.session_state.get(_JOB):
        return
    with st.container(border=True):
        if told.count:
            words = f"已入账 {told.count} 条，共 {points_text(told.points_tenths)} 分。"
            st.success(words, icon=":material/check_circle:")
        if told.refused:
            st.warning(f"{len(told.refused)} 条没有入账，仍在“待入账”里：", icon=":material/info:")
            rows = [{"姓名": name, "原因": why} for name, why in told.refused.values()]
            table.plain(rows, empty="", alt="没有入账的记录和原因")
        if told.broken:
            st.error(escape_md(f"没有做完：{told.broken}再点一次“批量入账”就会接着做。"), icon=":material/info:")
        if not (told.count or told.refused or told.broken):
            st.info("没有等着入账的记录。", icon=":material/info:")
        st.button("知道了", on_click=lambda: st.session_state.pop(_OUTCOME, None))
