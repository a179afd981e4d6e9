"""Who reported a ticket and who joined them, masked until this viewer asks for a purpose."""

import streamlit as st

import db
from db import people
from db.ticket_detail import Detail
from domain import clock
from domain.access import Actor, has
from domain.errors import Refused
from domain.people import PURPOSE_LABELS, Person, Purpose
from domain.tickets import CHANNEL_LABELS, Status
from pages import _form
from ui import cards
from ui.text import when


def show(actor: Actor, detail: Detail) -> None:
    """Show the first reporter, then who joined: all of them are to hear how it ended."""
    if detail.supporters:
        told = "，办结前请都告知结果" if detail.ticket.status is Status.RESOLVED else ""
        st.markdown(f"**{1 + len(detail.supporters)} 人反映**{told}")
    if detail.reporter:
        _line(actor, detail, detail.reporter, "反映人")
    for one in () if actor.figures_only else detail.supporters:
        label = f"{CHANNEL_LABELS[one.channel]}，{when(one.at, clock.now())} 也反映"
        if one.person:
            _line(actor, detail, one.person, label)
        else:
            st.html(cards.facts_html(((label, "未留姓名和电话"),)))


def _line(actor: Actor, detail: Detail, person: Person, label: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(cards.facts_html(((label, person.name or "未留姓名"), ("联系电话", person.phone or "未留电话"))))
        if person.revealed_until:
            st.caption(f"完整信息显示到 {when(person.revealed_until, clock.now())}")
        elif has(actor, "people.reveal", detail.ticket.area_path) or detail.ticket.handler_user_id == actor.user_id:
            with st.popover("查看完整信息", icon=":material/visibility:", key=f"see-{person.id}"):
                _reveal(actor, detail, person)


def _reveal(actor: Actor, detail: Detail, person: Person) -> None:
    """Ask for the purpose; who looked and why is kept."""
    key = _form.key(f"reveal-{person.id.hex}")
    st.caption("查看会留下记录，15 分钟后自动遮住。请选择用途：")
    for purpose in Purpose:
        if st.button(PURPOSE_LABELS[purpose], key=f"{purpose}-{key}", width="stretch"):
            _show_person(actor, detail, person, purpose)


def _show_person(actor: Actor, detail: Detail, person: Person, purpose: Purpose) -> None:
    name = f"reveal-{person.id.hex}"
    try:
        db.run(
            people.reveal,
            actor=actor,
            person_id=person.id,
            purpose=purpose,
            ticket_id=detail.ticket.id,
            key=_form.key(name),
            now=clock.now(),
        )
    except Refused as refused:
        _form.refuse(refused)
        return
    _form.done(name, "已显示完整信息，15 分钟后自动遮住")
    st.rerun()
