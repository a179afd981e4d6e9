"""The commands of a ticket's life. Each: the right, the rule, one conditional update, its event."""

from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import awards, incident_answers, parties, rules
from db.models import TicketRow, TicketTextRow
from db.ticket_call import Call, due_columns, once, simple
from db.ticket_content import edit, insert_ticket, report
from db.ticket_events import inside, number_text, take
from domain import steps
from domain.access import Actor, Role, grants_for
from domain.clock import local_date
from domain.due import due_for
from domain.errors import Changed, Invalid, NotFound
from domain.text import clean_note, need
from domain.tickets import (
    OPEN,
    REJECT_LABELS,
    RESULT_LABELS,
    SATISFACTION_LABELS,
    Action,
    RejectReason,
    Result,
    Satisfaction,
    Status,
    Ticket,
)

__all__ = [
    "accept",
    "assign",
    "cancel",
    "claim",
    "close",
    "comment",
    "contact",
    "dispatch",
    "due_columns",
    "edit",
    "give_back",
    "insert_ticket",
    "recall",
    "reject",
    "reopen",
    "report",
    "resolve",
    "transfer",
    "urge",
    "verify_fail",
]


def accept(tx: Session, *, open_to_volunteers: bool | None = None, note: str = "", **call: Unpack[Call]) -> Ticket:
    values: dict[str, Any] = {"accepted_at": call["now"]}
    if open_to_volunteers is not None:
        values["open_to_volunteers"] = open_to_volunteers
    return simple(tx, Action.ACCEPT, call, values, note, open=open_to_volunteers)


def reject(tx: Session, *, reason: RejectReason, note: str, **call: Unpack[Call]) -> Ticket:
    """End a report that isn't the community's; `note` tells the reporter where to turn."""
    note = need(note, "请写明告知居民的办理渠道。", "note")
    text = f"{REJECT_LABELS[reason]}，已告知办理渠道：{note}"
    values = {"reject_reason": reason.value, "closed_at": None}
    return simple(tx, Action.REJECT, call, values, text, reason=reason)


def dispatch(tx: Session, *, handler_id: UUID, note: str = "", **call: Unpack[Call]) -> Ticket:
    note = clean_note(note)

    def work(ticket: Ticket) -> Ticket:
        return _dispatch(tx, ticket, call["actor"], handler_id, call["now"], note)

    return once(tx, Action.DISPATCH, call, {"handler": handler_id, "note": note}, work)


def _dispatch(tx: Session, ticket: Ticket, actor: Actor, handler_id: UUID, now: datetime, note: str = "") -> Ticket:
    steps.check(actor, Action.DISPATCH, ticket, now=now)
    parties.check_serves(tx, handler_id, ticket)
    values = {"handler_id": handler_id, "dispatched_by": actor.user_id, "dispatched_at": now}
    return take(tx, ticket, Action.DISPATCH, actor=actor, now=now, values=values, note=note)


def assign(tx: Session, *, handler_id: UUID, note: str = "", claimed: bool = False, **call: Unpack[Call]) -> Ticket:
    """Accept if need be, dispatch, and with `claimed` record that the handler took it: one form."""
    note = clean_note(note)
    actor, now = call["actor"], call["now"]

    def work(ticket: Ticket) -> Ticket:
        if ticket.status is Status.REPORTED:
            ticket = take(tx, ticket, Action.ACCEPT, actor=actor, now=now, values={"accepted_at": now})
        ticket = _dispatch(tx, ticket, actor, handler_id, now, note)
        return _claim(tx, ticket, actor, now) if claimed else ticket

    body = {"assign": handler_id, "claimed": claimed, "note": note}
    return once(tx, Action.DISPATCH, call, body, work)


def transfer(tx: Session, *, handler_id: UUID, note: str, **call: Unpack[Call]) -> Ticket:
    """Give it to somebody else; the resident's clock runs on."""
    note = need(note, "请写明为什么转派，接手的人要看。", "note")
    now = call["now"]

    def work(ticket: Ticket) -> Ticket:
        steps.check(call["actor"], Action.TRANSFER, ticket, now=now)
        parties.check_serves(tx, handler_id, ticket)
        if handler_id == ticket.handler_id:
            raise Invalid("现在就是这位处理人，请另选一位。", field="handler_id")
        values = {
            "handler_id": handler_id,
            "dispatched_by": call["actor"].user_id,
            "dispatched_at": now,
            "claimed_at": None,
        }
        return take(tx, ticket, Action.TRANSFER, actor=call["actor"], now=now, values=values, note=note)

    return once(tx, Action.TRANSFER, call, {"handler": handler_id, "note": note}, work)


def claim(tx: Session, **call: Unpack[Call]) -> Ticket:
    """Take the ticket on: as its handler, for its handler, or as the first volunteer."""
    try:
        return once(tx, Action.CLAIM, call, {}, lambda ticket: _claim(tx, ticket, call["actor"], call["now"]))
    except NotFound:
        _say_taken(tx, call["actor"], call["ticket_id"])
        raise


def _say_taken(tx: Session, actor: Actor, ticket_id: UUID) -> None:
    """Tell a volunteer who came second so; once taken, a ticket is out of the others' sight."""
    offered = inside(grants_for(actor, (Role.VOLUNTEER,)))
    row = TicketRow
    taken = (row.open_to_volunteers, row.handler_id.is_not(None), row.status.in_(OPEN), row.hidden_at.is_(None))
    query = select(row.number).where(row.id == ticket_id, offered, *taken)
    if number := tx.scalars(query).first():
        raise Changed(f"工单 {number_text(number)} 已有人接单，谢谢您，看看别的可以帮忙的事吧。")


def _claim(tx: Session, ticket: Ticket, actor: Actor, now: datetime) -> Ticket:
    values: dict[str, Any] = {"claimed_at": now}
    if ticket.handler_id is None:
        if actor.party_id is None:
            raise Invalid("您的账号还不能接单，请联系管理员登记为处理人。")
        values["handler_id"] = actor.party_id
    claimed = take(tx, ticket, Action.CLAIM, actor=actor, now=now, values=values)
    incident_answers.claimed(tx, claimed, actor, now)
    return claimed


def contact(tx: Session, *, reached: bool, note: str = "", **call: Unpack[Call]) -> Ticket:
    """Record a call to the resident; a failed try counts too and leaves the first contact open."""
    text = clean_note(note)

    def work(ticket: Ticket) -> Ticket:
        row = tx.get_one(TicketRow, ticket.id)
        values: dict[str, Any] = {"contact_tries": row.contact_tries + 1}
        if reached and ticket.first_contact_at is None:
            values["first_contact_at"] = call["now"]
        said = text or ("已联系上居民" if reached else "未联系上")
        return take(tx, ticket, Action.CONTACT, actor=call["actor"], now=call["now"], values=values, note=said)

    return once(tx, Action.CONTACT, call, {"reached": reached, "note": text}, work)


def recall(tx: Session, **call: Unpack[Call]) -> Ticket:
    values = {"handler_id": None, "dispatched_by": None, "dispatched_at": None}
    return simple(tx, Action.RECALL, call, values)


def give_back(tx: Session, *, note: str, **call: Unpack[Call]) -> Ticket:
    """退单: it waits for somebody again; the resident's clock runs on."""
    note = need(note, "请写明为什么退单，派单的同事要看。", "note")
    values = dict.fromkeys(("handler_id", "dispatched_by", "dispatched_at", "claimed_at"))
    actor, now = call["actor"], call["now"]

    def work(ticket: Ticket) -> Ticket:
        free = take(tx, ticket, Action.RETURN, actor=actor, now=now, values=values, note=note)
        incident_answers.given_back(tx, free, actor, now, note)
        return free

    return once(tx, Action.RETURN, call, {"note": note}, work)


def resolve(tx: Session, *, result: Result, note: str, **call: Unpack[Call]) -> Ticket:
    note = need(note, "请写明处理结果，居民回访时会看到。", "note")

    def work(ticket: Ticket) -> Ticket:
        _set_result(tx, ticket.id, note)
        values = {
            "result_class": result.value,
            "resolved_at": call["now"],
            "resolved_by": call["actor"].user_id,
        }
        said = f"{RESULT_LABELS[result]}：{note}"
        incident_answers.visited(tx, ticket, call["actor"], call["now"], note)
        return take(tx, ticket, Action.RESOLVE, actor=call["actor"], now=call["now"], values=values, note=said)

    return once(tx, Action.RESOLVE, call, {"result": result, "note": note}, work)


def _set_result(tx: Session, ticket_id: UUID, text: str) -> None:
    tx.get_one(TicketTextRow, ticket_id).result = text


def close(
    tx: Session, *, satisfaction: Satisfaction = Satisfaction.UNREACHED, note: str = "", **call: Unpack[Call]
) -> Ticket:
    """Close after calling back. Who resolved it closes it only where the rule allows, and marked."""
    text = clean_note(note)
    actor, now = call["actor"], call["now"]

    def work(ticket: Ticket) -> Ticket:
        incident_answers.check_end(tx, ticket)
        row = tx.get_one(TicketRow, ticket.id)
        alone = actor.user_id in (row.resolved_by, ticket.handler_user_id)
        if alone:
            rules.check_separation(tx, "verify", f"工单 {ticket.no} 是您自己处理的，请换一位同事回访办结。")
        values = {
            "satisfaction": satisfaction.value,
            "closed_at": now,
            "closed_on": local_date(now),
            "single_duty": alone,
        }
        said = "；".join(filter(None, (f"回访：{SATISFACTION_LABELS[satisfaction]}", text)))
        closed = take(tx, ticket, Action.CLOSE, actor=actor, now=now, values=values, note=said)
        awards.from_ticket(tx, closed, actor=actor, now=now)
        return closed

    return once(tx, Action.CLOSE, call, {"satisfaction": satisfaction, "note": text}, work)


def verify_fail(tx: Session, *, note: str, **call: Unpack[Call]) -> Ticket:
    """Send it back: a new round with a due time of its own."""
    note = need(note, "请写明哪里没办好，处理人要看。", "note")
    return _again(tx, Action.VERIFY_FAIL, call, note)


def reopen(tx: Session, *, note: str, **call: Unpack[Call]) -> Ticket:
    note = need(note, "请写明重新打开的原因。", "note")
    return _again(tx, Action.REOPEN, call, note)


def _again(tx: Session, action: Action, call: Call, note: str) -> Ticket:
    now = call["now"]

    def work(ticket: Ticket) -> Ticket:
        values = again_columns(ticket, now)
        return take(tx, ticket, action, actor=call["actor"], now=now, values=values, note=note)

    return once(tx, action, call, {"note": note}, work)


def again_columns(ticket: Ticket, now: datetime) -> dict[str, Any]:
    """Clear what ended the ticket; after work was done it is a new round with a due time of its own."""
    cleared = ("result_class", "satisfaction", "reject_reason", "resolved_at", "resolved_by", "closed_at", "closed_on")
    values: dict[str, Any] = {**dict.fromkeys(cleared), "single_duty": False}
    if ticket.status in (Status.RESOLVED, Status.CLOSED):
        again = ticket.round_no + 1
        values |= {"round_no": again, "round_at": now}
        values |= due_columns(due_for(ticket.grade, ticket.matter, now, round_no=again), now)
    else:  # it starts anew: nobody has accepted it or works on it, and its clock with it
        values |= dict.fromkeys(("accepted_at", "handler_id", "dispatched_by", "dispatched_at", "claimed_at"))
        due = due_for(ticket.grade, ticket.matter, now, round_no=ticket.round_no)
        values |= {"round_at": now, **due_columns(due, now)}
    return values


def cancel(tx: Session, *, note: str, **call: Unpack[Call]) -> Ticket:
    note = need(note, "请写明撤销原因。", "note")

    def work(ticket: Ticket) -> Ticket:
        incident_answers.check_end(tx, ticket)
        return take(tx, ticket, Action.CANCEL, actor=call["actor"], now=call["now"], note=note)

    return once(tx, Action.CANCEL, call, {"note": note}, work)


def comment(tx: Session, *, note: str, **call: Unpack[Call]) -> Ticket:
    note = need(note, "请先写下要备注的内容。", "note")

    def work(ticket: Ticket) -> Ticket:
        incident_answers.noted(tx, ticket, call["actor"], call["now"], note)
        return take(tx, ticket, Action.COMMENT, actor=call["actor"], now=call["now"], note=note)

    return once(tx, Action.COMMENT, call, {"note": note}, work)


def urge(tx: Session, *, note: str = "", **call: Unpack[Call]) -> Ticket:
    text = clean_note(note)

    def work(ticket: Ticket) -> Ticket:
        row = tx.get_one(TicketRow, ticket.id)
        values = {"urged_at": call["now"], "urge_count": row.urge_count + 1}
        return take(tx, ticket, Action.URGE, actor=call["actor"], now=call["now"], values=values, note=text)

    return once(tx, Action.URGE, call, {"note": text}, work)
