"""交接巡看: the desk gives a round away for a volunteer who telephones."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import care_board, care_register, handovers
from db.care_board import Stop
from db.handovers import Handover
from domain import clock
from domain.access import Actor
from domain.care import SLOT_LABELS, WAITING, HandoverState, Slot
from domain.clock import local_date
from domain.errors import Invalid
from pages import _care_here
from pages import _settings_form as form
from pages._session import require

_Round = tuple[date, Slot, UUID]


def show() -> None:
    actor, today = require("care.plan"), local_date(clock.now())
    found = _rounds(actor, today)
    if not found:
        st.info("今天、明天没有还要看的巡看；明天的，前一天傍晚六点以后才有。", icon=":material/info:")
        return
    draft = form.draft("care.hand")
    names = _partners(actor)
    with st.form(draft.of("form"), border=False):
        given = st.selectbox(
            "谁去不了",
            list(found),
            index=None,
            format_func=found.__getitem__,
            placeholder="选择",
            key=draft.of("round"),
        )
        to = st.selectbox(
            "请谁代看",
            list(names),
            index=None,
            format_func=names.__getitem__,
            placeholder="各家的备份志愿者，马上交接",
            key=draft.of("to"),
        )
        st.caption("请了人的，对方答应以前还由原来的人负责；到时没答应，自动交给各家的备份。")
        if draft.submit("交接"):
            form.attempt(draft, lambda: _offer(actor, given, to, draft.key), done=_told)


def _rounds(actor: Actor, today: date) -> dict[_Round, str]:
    """List what somebody still has to walk, today and tomorrow."""
    found: dict[_Round, str] = {}
    for day, name in ((today, "今天"), (today + timedelta(days=1), "明天")):
        for slot in Slot:
            for who, (looker, stops) in db.read(care_board.rounds, actor=actor, day=day, slot=slot).items():
                if left := _left(stops):
                    found[day, slot, who] = f"{looker}　{name}{SLOT_LABELS[slot]}，{left} 户"
    return found


def _left(stops: tuple[Stop, ...]) -> int:
    return sum(stop.state in WAITING for stop in stops)


def _partners(actor: Actor) -> dict[UUID, str]:
    """Name whoever may look in the communities that are seen here."""
    loads = (
        db.read(care_register.loads, actor=actor, community_id=one.id) for one in _care_here.communities(actor).values()
    )
    return {one.user_id: one.name for held in loads for one in held}


def _offer(actor: Actor, given: _Round | None, to: UUID | None, key: str) -> Handover:
    if given is None:
        raise Invalid("请选是谁的哪一次巡看。", field="from_id")
    day, slot, who = given
    call: dict[str, Any] = {"day": day, "slot": slot, "from_id": who, "to_id": to}
    return db.run(handovers.offer, actor=actor, **call, key=key, now=clock.now())


def _told(made: Handover) -> str:
    if made.state is HandoverState.OFFERED:
        return "已请对方代看，对方在手机上答应后由对方负责。"
    return "已交给各家的备份志愿者。"
