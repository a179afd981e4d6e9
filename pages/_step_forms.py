"""The form of each step of a ticket: its fields, and the command that takes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

import db
from db import attachments, parties, tickets
from db.parties import Party
from domain.tickets import (
    REJECT_LABELS,
    RESULT_LABELS,
    SATISFACTION_LABELS,
    Action,
    RejectReason,
    Result,
    Status,
)
from pages import _photos
from pages._edit_form import edit
from pages._fields import Form, Values

_HANDED = (Status.DISPATCHED, Status.IN_PROGRESS)


def _handlers(form: Form) -> dict[UUID, Party]:
    """List who could take it, the best fitting first; whoever has it already is no answer.

    The list stays as it was when the form opened: a choice from it must not move under the reader's hand.
    """
    held = form.name("handlers")
    if held not in st.session_state or form.name("handler") not in st.session_state:
        ticket = form.detail.ticket
        found = db.read(parties.proposed, form.actor, ticket)
        free = (p for p in found if ticket.status not in _HANDED or p.id != ticket.handler_id)
        st.session_state[held] = {p.id: p for p in free}
    listed: dict[UUID, Party] = st.session_state[held]
    return listed


def _handler(form: Form, found: dict[UUID, Party]) -> UUID | None:
    best = 0 if found and next(iter(found.values())).fits else None
    return st.selectbox(
        "派给谁",
        list(found),
        index=best,
        placeholder="选择处理人，可输入查找",
        format_func=lambda key: party_words(found[key]),
        key=form.name("handler"),
    )


def _assign(form: Form) -> Values:
    found = _handlers(form)
    handler = _handler(form, found)
    note = form.note("交代几句（可不填，写进派单通知）", lines=False)
    told = st.checkbox(
        "处理人没有账号的：我已电话告知，对方答应去办",
        key=form.name("claimed"),
        help="勾上就代处理人记为接单。有账号的处理人由本人接单，勾了也不代记。",
    )
    return {"handler_id": handler, "note": note, "claimed": bool(told and handler and not found[handler].user_id)}


def _transfer(form: Form) -> Values:
    handler = _handler(form, _handlers(form))
    return {"handler_id": handler, "note": form.note("为什么转派（接手的人会看到）", lines=False)}


def party_words(party: Party) -> str:
    fits = "适合" if party.fits >= 2 else ""
    busy = f"手上 {party.open_tickets} 件" if party.open_tickets else "空闲"
    # a list's options are plain text: nothing in them is interpreted
    return " · ".join(part for part in (party.label, party.trade, busy, fits, party.phone) if part)


def _contact(form: Form) -> Values:
    reached = form.pick("联系结果", {True: "联系上了", False: "没联系上"}, True)
    return {"reached": bool(reached), "note": form.note("说了什么（可不填）")}


def _resolve(form: Form) -> Values:
    result = form.pick("处理结果", RESULT_LABELS, Result.SOLVED)
    note = form.note("怎么处理的（居民回访时会听到）")
    return {"result": result, "note": note, "pictures": _photos.choose(form.key, "处理后的照片（可不选，可拍照）")}


def _close(form: Form) -> Values:
    if joined := len(form.detail.supporters):
        st.caption(f"共 {1 + joined} 人反映，回访时请都告知；名单在下面，可查看电话。")
    said = form.pick("居民是否满意", SATISFACTION_LABELS)
    return {"satisfaction": said, "note": form.note("回访情况（可不填）")}


def _reject(form: Form) -> Values:
    reason = form.pick("不予受理的原因", REJECT_LABELS, RejectReason.ELSEWHERE)
    return {"reason": reason, "note": form.note("告知居民到哪里办（渠道、电话）", lines=False)}


def _noted(label: str) -> Callable[[Form], Values]:
    return lambda form: {"note": form.note(label)}


@dataclass(frozen=True)
class Step:
    command: Callable[..., Any]
    done: str
    fields: Callable[[Form], Values] | None = None  # none: one tap, no form


STEPS: dict[Action, Step] = {
    Action.DISPATCH: Step(tickets.assign, "已派单", _assign),
    Action.ACCEPT: Step(tickets.accept, "已受理"),
    Action.CLAIM: Step(tickets.claim, "已接单"),
    Action.CONTACT: Step(tickets.contact, "已记录联系情况", _contact),
    Action.RESOLVE: Step(attachments.resolve, "已处理完成，等待回访", _resolve),
    Action.CLOSE: Step(tickets.close, "已办结", _close),
    Action.VERIFY_FAIL: Step(tickets.verify_fail, "已退回重办", _noted("哪里没办好")),
    Action.TRANSFER: Step(tickets.transfer, "已转派", _transfer),
    Action.RETURN: Step(tickets.give_back, "已退单，等待重新派单", _noted("为什么退单（派单的同事要看）")),
    Action.RECALL: Step(tickets.recall, "已撤回派单"),
    Action.REJECT: Step(tickets.reject, "已登记为不予受理", _reject),
    Action.REOPEN: Step(tickets.reopen, "已重新打开", _noted("为什么重新打开")),
    Action.URGE: Step(tickets.urge, "已催办", _noted("催办说明（可不填）")),
    Action.COMMENT: Step(tickets.comment, "已备注", _noted("备注内容")),
    Action.EDIT: Step(tickets.edit, "已保存修改", edit),
    Action.CANCEL: Step(tickets.cancel, "已撤销", _noted("撤销原因（撤销后不再办理）")),
}
