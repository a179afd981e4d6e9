"""Somebody's name and number, masked until a purpose is given; who looked and why is kept."""

from collections.abc import Sequence

import streamlit as st

import db
from db import people
from domain import clock
from domain.access import Actor
from domain.errors import Refused
from domain.people import PURPOSE_LABELS, Person, Purpose
from pages import _form
from ui import cards
from ui.text import when


def line(
    actor: Actor,
    person: Person,
    label: str,
    *,
    address: bool = False,
    extra: str = "",
    purposes: Sequence[Purpose] = tuple(Purpose),
) -> None:
    """Show one person, and offer to see them in full."""
    facts = [(label, person.name or "未登记"), ("电话", person.phone or "未登记")]
    if address:
        facts.append(("住址", person.address))
    with st.container(horizontal=True, vertical_alignment="center", key=f"person-{person.id}"):
        st.html(cards.facts_html([*facts, ("备注", extra)]))
        if person.revealed_until:
            st.caption(f"显示到 {when(person.revealed_until, clock.now())}")
        elif not actor.read_only:
            with st.popover("查看完整信息", icon=":material/visibility:", key=f"see-{person.id}"):
                _ask(actor, person, purposes)


def _ask(actor: Actor, person: Person, purposes: Sequence[Purpose]) -> None:
    key = _form.key(f"reveal-{person.id.hex}")
    st.caption("查看会留下记录，15 分钟后自动遮住。请选择用途：")
    for purpose in purposes:
        if st.button(PURPOSE_LABELS[purpose], key=f"{purpose}-{key}", width="stretch"):
            _reveal(actor, person, purpose)


def _reveal(actor: Actor, person: Person, purpose: Purpose) -> None:
    name = f"reveal-{person.id.hex}"
    call = {"actor": actor, "person_id": person.id, "purpose": purpose, "ticket_id": None}
    try:
        db.run(people.reveal, **call, key=_form.key(name), now=clock.now())  # type: ignore[arg-type]
    except Refused as refused:
        _form.refuse(refused)
        return
    _form.done(name, "已显示完整信息，15 分钟后自动遮住")
    st.rerun()
