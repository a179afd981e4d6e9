"""Several cards at once: dispatched or urged by one form, each by its own command; or exported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import parties, several, tickets
from db.exports import Scope, may_see_people
from db.ticket_filters import Filters
from domain import clock
from domain.access import Actor
from domain.ids import parse_id
from domain.moves import TOGETHER
from domain.steps import ACTION_LABELS
from domain.tickets import Action, Ticket
from files.tickets_out import FORMS
from pages import _export, _moves, _session
from pages._one_by_one import Words, one_by_one, outcome
from pages._step_forms import party_words
from ui.board.table import EXPORT
from ui.text import escape_md

_CHOSEN = "together"
MOST = 200


@dataclass(frozen=True)
class Chosen:
    """The cards as their reader saw them, id → version, what to do, and the key of it all."""

    cards: Mapping[UUID, int]
    do: str
    nonce: str


def take() -> None:
    """Open the dialog for what the board sent; the board's callback."""
    if not (chosen := _read(st.session_state["board"].chosen or {})):
        return
    if len(chosen.cards) > MOST:
        words = f"一次最多 {MOST} 件，您选了 {len(chosen.cards)} 件。选中的都还在，请先取消一些，分几次做。"
        _moves.tell(chosen.nonce, words, bad=True)
    else:
        st.session_state[_CHOSEN] = chosen
    st.rerun()


def _read(sent: Mapping[str, Any]) -> Chosen | None:
    """Read what a browser sent; what makes no sense is nothing."""
    pairs = [pair for pair in sent.get("cards") or () if isinstance(pair, list) and len(pair) == 2]
    found = [(parse_id(str(name)), version) for name, version in pairs]
    cards = {ticket_id: version for ticket_id, version in found if ticket_id and isinstance(version, int)}
    do, nonce = str(sent.get("do")), str(sent.get("nonce", ""))[:40]
    return Chosen(cards, do, nonce) if cards and nonce and do in (*TOGETHER, EXPORT) else None


def is_open() -> bool:
    return _CHOSEN in st.session_state


def close() -> None:
    st.session_state.pop(_CHOSEN, None)


def show() -> None:
    """Open the dialog; to be called from the page's body."""
    chosen = st.session_state[_CHOSEN]
    word = "导出" if chosen.do == EXPORT else ACTION_LABELS[Action(chosen.do)]
    st.dialog(f"{word} {len(chosen.cards)} 件", width=560, on_dismiss=close)(_dialog)(chosen)


def _dialog(chosen: Chosen) -> None:
    actor = _session.require("tickets.board")
    if chosen.do == EXPORT:
        _export_these(actor, chosen)
        return
    found = db.read(several.tickets_of, actor=actor, ids=chosen.cards)
    st.caption("、".join(escape_md(ticket.no) for ticket in found))
    (_dispatch if chosen.do == Action.DISPATCH else _urge)(actor, chosen, found)


def _dispatch(actor: Actor, chosen: Chosen, found: list[Ticket]) -> None:
    communities = {ticket.community_id for ticket in found}
    if len(communities) != 1:
        st.info("选中的工单分属几个社区，处理人各不相同，请按社区分开派单。")
        return
    words = {party.id: party_words(party) for party in db.read(parties.proposed, actor, *found)}
    with st.form(f"together-{chosen.nonce}"):
        handler = st.selectbox(
            "派给谁", list(words), index=None, format_func=words.__getitem__, placeholder="选择处理人，可输入查找"
        )
        note = st.text_input("交代几句（可不填，写进每张派单通知）")
        sent, said = _buttons(f"派单 {len(found)} 件", chosen)
    if sent and handler is None:
        said.error("请先选一位处理人。", icon=":material/info:")
    elif sent:
        _run(chosen, found, Words("派单", "派"), tickets.assign, actor=actor, handler_id=handler, note=note)


def _urge(actor: Actor, chosen: Chosen, found: list[Ticket]) -> None:
    st.write("催办会记在每件工单上，处理人看得到；24 小时内催办过的不再催。")
    with st.form(f"together-{chosen.nonce}"):
        note = st.text_input("催办说明（可不填）")
        sent, _ = _buttons(f"催办 {len(found)} 件", chosen)
    if sent:
        _run(chosen, found, Words("催办", "催"), tickets.urge, actor=actor, note=note)


def _buttons(label: str, chosen: Chosen) -> tuple[bool, Any]:
    said = st.container()
    with st.container(horizontal=True):
        sent = st.form_submit_button(label, type="primary", key=f"send-{chosen.nonce}")
        if st.form_submit_button("先不了", key=f"drop-{chosen.nonce}"):
            close()
            st.rerun()
    return sent, said


def _run(chosen: Chosen, found: list[Ticket], words: Words, command: Callable[..., Any], **values: Any) -> None:
    """Take the step on each and tell what came of it."""
    seen = [(ticket, chosen.cards[ticket.id]) for ticket in found]
    refused = one_by_one(command, seen, words, key=chosen.nonce, **values)
    gone = len(chosen.cards) - len(found)
    told = outcome(words, len(found) - len(refused), [*refused.values(), *["已不在您的看板上"] * gone])
    _moves.tell(chosen.nonce, told, bad=bool(refused or gone), keep=[str(name) for name in refused])
    close()
    st.rerun()


def _export_these(actor: Actor, chosen: Chosen) -> None:
    form = st.segmented_control("格式", FORMS, default="xlsx", required=True, format_func=_export.WORDS.__getitem__)
    people = may_see_people(actor) and st.checkbox("包含姓名和电话（会留痕）")
    st.download_button(
        "下载",
        _export.maker(str(form), Filters(), Scope(with_people=people, only=frozenset(chosen.cards))),
        file_name=_export.file_name(actor, str(form), clock.now()),
        mime=_export.KIND[str(form)],
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )
