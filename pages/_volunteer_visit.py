"""上门查看 on a volunteer's phone: which door, and on asking the flat and whom to ring."""

from uuid import UUID

import streamlit as st

import db
from db import visit_door
from db.visit_door import Door
from domain import clock
from domain.access import Actor
from domain.errors import Refused
from ui import volunteer
from ui.text import when


def show(actor: Actor, ticket_id: UUID) -> None:
    found = _door(actor, ticket_id)
    opened = found is not None and found.until is not None  # looked at anew: they leave the screen when time is up
    (st.fragment(_shown, run_every="60s") if opened else _shown)(actor, ticket_id)


def _door(actor: Actor, ticket_id: UUID) -> Door | None:
    return db.read(visit_door.door, actor=actor, ticket_id=ticket_id, now=clock.now())


def _shown(actor: Actor, ticket_id: UUID) -> None:
    found = _door(actor, ticket_id)
    if found is None:  # over, or in other hands: nothing is told any more
        return
    st.html(volunteer.rows_html(_rows(found), found.name))
    if found.until is None:
        st.button("看住址和电话", key=f"door-{ticket_id}", width="stretch", on_click=_open, args=(actor, ticket_id))
    else:
        st.html(volunteer.calls_html((one.who, one.phone) for one in found.numbers))
        st.caption(f"住址和电话显示到 {when(found.until, clock.now())}，谁看过都有记录。")
    st.caption("听到呼救、看到人倒下：先打 120，再打值班电话。")


def _rows(one: Door) -> list[tuple[str, str]]:
    told = [("楼栋", one.building), ("在哪里看", one.place), ("住址", one.address)]
    told += [("听力", "不好，请多敲几下")] if one.hard_of_hearing else []
    return [(label, words) for label, words in told if words]


def _open(actor: Actor, ticket_id: UUID) -> None:
    try:
        db.run(visit_door.open_, actor=actor, ticket_id=ticket_id, now=clock.now())
    except Refused as refused:
        st.session_state["said"] = refused.message
