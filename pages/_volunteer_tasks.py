"""A volunteer's tasks on a phone: what one could help with, and what one has in hand."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import tickets
from domain import clock
from domain.access import Actor
from domain.board import Card, Waiting
from domain.errors import Refused
from domain.tickets import Kind, Result
from pages import _form, _volunteer_visit, _way
from ui import cards

# what the office gave them stands first among what they could help with
PARTS = {"help": ("to_claim", "to_help"), "doing": ("doing",)}
_A_VIEW = {"help": 3, "doing": 1}  # each has buttons of its own: no more than four large ones a view
Offer = tuple[Waiting, Card]


def show(actor: Actor, name: str, groups: Mapping[str, Waiting]) -> None:
    _way.back()
    *given, last = (groups[part] for part in PARTS[name])
    shown = [group for group in given if group.count] + [last]
    everything = [(group, card) for group in shown for card in group.cards]
    _check_asked(name, {card.id for _, card in everything})
    if name == "help" and (doing := groups["doing"].count):
        _way.large(f"我正在办　{doing} 件", "doing")
    view = _view(name, everything)
    for group in shown:
        here = [card for its, card in view if its is group]
        if here or not everything:
            _list(actor, group, here)
    _others(name, view, everything)
    _way.report(large=False)


def _view(name: str, everything: Sequence[Offer]) -> Sequence[Offer]:
    """Take what one screen shows: what is being asked about alone, or so many from where the address says."""
    if asked := [pair for pair in everything if pair[1].id == st.session_state.get("asked")]:
        return asked
    start, taken = st.query_params.get("from", "0"), st.query_params.get("task")
    first = int(start) if start.isdecimal() and len(start) < 6 and int(start) < len(everything) else 0
    first = next((place for place, (_, card) in enumerate(everything) if str(card.id) == taken), first)
    return everything[first : first + _A_VIEW[name]]


def _others(name: str, view: Sequence[Offer], everything: Sequence[Offer]) -> None:
    if len(view) == len(everything) or st.session_state.get("asked"):
        return
    after = everything.index(view[-1]) + 1
    left = len(everything) - after
    at, label = (str(after), f"看别的（还有 {left} 件）") if left else ("0", "从头看")
    st.button(
        label,
        key="others",
        icon=":material/arrow_forward:",
        type="tertiary",
        on_click=_way.go,
        args=(name,),
        kwargs={"from": at},
    )


def _check_asked(name: str, there: Set[UUID]) -> None:
    """Say so if what they were about to take is gone."""
    asked = st.session_state.get("asked")
    if asked and asked not in there:
        st.session_state["asked"] = None
        if name == "help":
            st.warning("这件事刚刚已有人接单，谢谢您，看看别的可以帮忙的事吧。")


def _list(actor: Actor, group: Waiting, here: Sequence[Card]) -> None:
    st.header(group.title, anchor=False)
    if not here:
        st.info("现在没有，谢谢您。有新的会出现在这里。")
    for card in here:
        with st.container(border=True):
            st.html(cards.task_html(card, clock.now()))
            (_in_hand if group.name == "doing" else _offer)(actor, card)
    if group.count > len(group.cards) and here[-1:] == list(group.cards[-1:]):
        st.caption(f"还有 {group.count - len(group.cards)} 件，办完这些再看。")


def _ask(card: Card | None) -> None:
    st.session_state["asked"] = card.id if card else None


def _offer(actor: Actor, card: Card) -> None:
    """我来, then 确定: a slip of the thumb claims nothing."""
    if st.session_state.get("asked") != card.id:
        st.button("我来", key=f"ask-{card.id}", width="stretch", on_click=_ask, args=(card,))
        return
    if st.button("确定，我去帮忙", key=f"claim-{_form.key(card.id.hex)}", width="stretch", type="primary"):
        _take(actor, card, tickets.claim, f"谢谢您！{card.no} 交给您了")
    st.button("先不了", key=f"no-{card.id}", width="stretch", on_click=_ask, args=(None,))


def _look(card: Card) -> None:
    st.query_params["ticket"] = str(card.id)


def _in_hand(actor: Actor, card: Card) -> None:
    if card.kind is Kind.ALERT:
        _volunteer_visit.show(actor, card.id)
    st.button("看详情和电话", key=f"look-{card.id}", width="stretch", on_click=_look, args=(card,))
    if not card.contacted and st.button("我联系过了", key=f"contact-{_form.key(card.id.hex)}", width="stretch"):
        _take(actor, card, tickets.contact, "已记下：联系上了", reached=True)
    if st.session_state.get("asked") != card.id:
        st.button("办好了", key=f"ask-{card.id}", width="stretch", on_click=_ask, args=(card,))
        _give_back(actor, card)
        return
    with st.form(f"done-{_form.key(card.id.hex)}", border=False):
        visit = card.kind is Kind.ALERT  # what was found there is told in one's own words
        begun, hint = ("", "例如 见到本人，平安") if visit else ("已办好", None)
        note = st.text_input("怎么办的", begun, placeholder=hint, key=f"note-{_form.key(card.id.hex)}")
        sent = st.form_submit_button("确定办好了", type="primary", width="stretch")
        st.form_submit_button("先不了", width="stretch", on_click=_ask, args=(None,))
    if sent:
        _take(actor, card, tickets.resolve, "办好了，谢谢您！社区会回访。", result=Result.SOLVED, note=note)


def _give_back(actor: Actor, card: Card) -> None:
    """退单 with a word why: others can then take it."""
    key = _form.key(card.id.hex)
    with st.expander("办不了，退单"), st.form(f"return-{key}", border=False):
        note = st.text_input("为什么办不了", placeholder="例如 今天走不开", key=f"why-{key}")
        sent = st.form_submit_button("确定退单", width="stretch", key=f"back-{key}")
    if sent:
        _take(actor, card, tickets.give_back, "已退单，社区会另找人帮忙，谢谢您", note=note)


def _take(actor: Actor, card: Card, command: Callable[..., Any], words: str, **values: Any) -> None:
    call = {"actor": actor, "ticket_id": card.id, "expected_version": card.version}
    try:
        db.run(command, **call, key=_form.key(card.id.hex), now=clock.now(), **values)
    except Refused as refused:
        _form.refuse(refused)
        return
    _ask(None)
    _form.done(card.id.hex, words)
    if command is tickets.claim:  # whom to call and where to go is what they need next
        _way.go("doing", task=str(card.id))
    st.rerun()
