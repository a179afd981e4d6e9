"""今日巡看 on one's own page: the way to the round, what others ask one to take over, what has been looked at."""

from datetime import datetime

import streamlit as st

import db
from db import handovers, rounds
from db.handovers import Handover
from domain import clock
from domain.access import Actor
from domain.care import SLOT_LABELS
from domain.errors import Refused
from pages import _form
from ui import volunteer
from ui.text import escape_md


def card(actor: Actor, now: datetime) -> bool:
    """Show the way to today's round, if there is one (tell so), and the rounds that wait for an answer."""
    walk = db.read(rounds.today, actor=actor, now=now)
    looked = db.read(rounds.looked_this_month, actor=actor, now=now)
    if walk.stops or looked:
        st.html(volunteer.round_html(walk.owed, walk.left, looked))
    for offer in db.read(handovers.offered_to, actor=actor, now=now):
        _offer(actor, offer, now)
    return bool(walk.stops)


def _offer(actor: Actor, offer: Handover, now: datetime) -> None:
    who, count = db.read(rounds.asked_by, handover=offer)
    day = "今天" if offer.day == clock.local_date(now) else volunteer.day_words(offer.day, clock.local_date(now))
    until = clock.local(offer.answer_by)
    with st.container(border=True):
        st.markdown(f"**{escape_md(who)}** {day}{SLOT_LABELS[offer.slot]}去不了，请您代看 {count} 户。")
        st.caption(f"请在 {volunteer.day_words(until.date(), clock.local_date(now))} {until:%H:%M} 前答复。")
        key = _form.key(offer.id.hex)
        if st.button("我来看", key=f"take-{key}", type="primary", width="stretch"):
            _answer(actor, offer, now, accept=True)
        if st.button("我也去不了", key=f"leave-{key}", width="stretch"):
            _answer(actor, offer, now, accept=False)


def _answer(actor: Actor, offer: Handover, now: datetime, *, accept: bool) -> None:
    command = handovers.accept if accept else handovers.decline
    key, version = _form.key(offer.id.hex), offer.version
    try:
        db.run(command, actor=actor, handover_id=offer.id, expected_version=version, key=key, now=now)
    except Refused as refused:
        _form.refuse(refused)
        return
    _form.done(offer.id.hex, "谢谢您！这几户归您看了" if accept else "知道了，交给备份志愿者")
    st.rerun()
