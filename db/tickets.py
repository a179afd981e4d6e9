"""The commands of a ticket's life. Each: the right, the rule, one conditional update, its event."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from db import areas, parties, people, rules
from db.models import CategoryRow, TicketEventRow, TicketRow, TicketTextRow
from db.ticket_events import acting_role, changes, check_version, inside, load, make_event, number_text, take
from db.writes import bump, first_result, next_number, remember
from domain import steps
from domain.access import Actor, Role, grants_for
from domain.clock import local_date
from domain.due import Due, Grade, Matter, due_for, soon_from
from domain.errors import Changed, Invalid, NotAllowed, NotFound
from domain.ids import new_id
from domain.text import clean
from domain.tickets import (
    ADDRESS_MAX,
    NOTE_MAX,
    OPEN,
    REJECT_LABELS,
    RESULT_LABELS,
    SATISFACTION_LABELS,
    TITLE_MAX,
    Action,
    Channel,
    Kind,
    RejectReason,
    Result,
    Satisfaction,
    Status,
    Ticket,
)


class Call(TypedDict):
    """What every step carries: who, on which ticket as they saw it, the form's key, and when."""

    actor: Actor
    ticket_id: UUID
    expected_version: int
    key: str
    now: datetime


def due_columns(due: Due, start: datetime) -> dict[str, Any]:
    return {"due_at": due.at, "soon_at": soon_from(due.at, start), "due_why": due.why}


def report(
    tx: Session,
    *,
    actor: Actor,
    area_id: UUID,
    title: str,
    key: str,
    now: datetime,
    kind: Kind = Kind.REPORT,
    description: str = "",
    address: str = "",
    category_id: UUID | None = None,
    matter: Matter | None = None,
    grade: Grade = Grade.NORMAL,
    channel: Channel = Channel.PHONE,
    reporter_name: str = "",
    reporter_phone: str = "",
    open_to_volunteers: bool | None = None,
) -> Ticket:
    """Register what somebody reports; it gets the community's next number and its due time."""
    request = dict(locals())
    request = {k: v for k, v in request.items() if k not in ("tx", "actor", "now", "key")} | {
        "do": "report",
        "actor": actor.user_id,
    }
    if done := first_result(tx, key, request):
        return load(tx, actor, done)
    place = areas.place_columns(tx, area_id)
    _check_report(actor, str(place["area_path"]), kind)
    title, address = clean_line(title, "title", TITLE_MAX), clean_address(address)
    category = _category(tx, category_id)
    if matter is None and category is not None and category.matter:
        matter = Matter(category.matter)
    person = people.find_or_insert(
        tx, community_id=_uuid(place["community_id"]), name=reporter_name, phone=reporter_phone, now=now
    )
    values = {
        **place,
        **due_columns(due_for(grade, matter, now), now),
        "kind": kind.value,
        "status": Status.REPORTED.value,
        "title": title,
        "address": address,
        "category_id": category_id,
        "matter": matter.value if matter else None,
        "grade": grade.value,
        "channel": channel.value,
        "reporter_id": person,
        "reporter_user_id": actor.user_id,
        "open_to_volunteers": kind is Kind.SERVICE if open_to_volunteers is None else open_to_volunteers,
        "reported_at": now,
        "reported_on": local_date(now),
        "round_at": now,
        "round_no": 1,
    }
    ticket_id = insert_ticket(tx, values, actor=actor, description=clean(description), now=now)
    remember(tx, key, request, ticket_id, now=now)
    return load(tx, actor, ticket_id)


def _check_report(actor: Actor, area_path: str, kind: Kind) -> None:
    roles = actor.roles_at(area_path)
    if actor.read_only or not roles & steps.TRANSITIONS[Action.REPORT].roles:
        raise NotAllowed("您不能在这个辖区登记工单，请选择自己的辖区。")
    if kind is Kind.ALERT:
        raise Invalid("预警由系统发出，请选择诉求、服务点单或隐患。", field="kind")


def insert_ticket(tx: Session, values: dict[str, Any], *, actor: Actor | None, description: str, now: datetime) -> UUID:
    """Write a new ticket with its first event and its texts."""
    ticket_id = new_id()
    number = next_number(tx, values["community_id"], "ticket")
    event = make_event(
        ticket_id=ticket_id,
        community_id=values["community_id"],
        seq=1,
        action=Action.REPORT.value,
        from_status=None,
        to_status=values["status"],
        round_no=1,
        actor=actor,
        acting_role=acting_role(actor, Action.REPORT, values["area_path"]),
        on_behalf_of=None,
        at=now,
        changes=changes({}, values),
        prev_hash="",
    )
    row = {**values, "id": ticket_id, "number": number, "updated_at": now}
    tx.execute(insert(TicketRow).values(**row, event_hash=event["hash"], version=1))
    tx.execute(insert(TicketTextRow).values(ticket_id=ticket_id, description=description, result="", extra={}))
    tx.execute(insert(TicketEventRow).values(event))
    bump(tx, values["community_id"])
    return ticket_id


def _once(tx: Session, do: Action, call: Call, body: dict[str, Any], work: Callable[[Ticket], Ticket]) -> Ticket:
    """Do the work unless this key did it before: then give the ticket as it now is."""
    request = {"do": do, "actor": call["actor"].user_id, "ticket": call["ticket_id"], **body}
    if done := first_result(tx, call["key"], request):
        return load(tx, call["actor"], done)
    # first of all: a twin sent at the same moment waits here, then meets the key and not a changed ticket
    remember(tx, call["key"], request, call["ticket_id"], now=call["now"])
    ticket = load(tx, call["actor"], call["ticket_id"])
    if not steps.must_hide(call["actor"], ticket):  # else the refusal itself would tell of it
        check_version(tx, ticket, call["expected_version"])
    steps.check_right(call["actor"], do, ticket)
    return work(ticket)


def _simple(tx: Session, action: Action, call: Call, values: dict[str, Any], note: str = "", **body: Any) -> Ticket:
    note = clean_note(note)

    def work(ticket: Ticket) -> Ticket:
        return take(tx, ticket, action, actor=call["actor"], now=call["now"], values=values, note=note)

    return _once(tx, action, call, {"note": note, **body}, work)


def accept(tx: Session, *, open_to_volunteers: bool | None = None, note: str = "", **call: Unpack[Call]) -> Ticket:
    values: dict[str, Any] = {"accepted_at": call["now"]}
    if open_to_volunteers is not None:
        values["open_to_volunteers"] = open_to_volunteers
    return _simple(tx, Action.ACCEPT, call, values, note, open=open_to_volunteers)


def reject(tx: Session, *, reason: RejectReason, note: str, **call: Unpack[Call]) -> Ticket:
    """End a report that isn't the community's; `note` tells the reporter where to turn."""
    note = need(note, "请写明告知居民的办理渠道。", "note")
    text = f"{REJECT_LABELS[reason]}，已告知办理渠道：{note}"
    values = {"reject_reason": reason.value, "closed_at": None}
    return _simple(tx, Action.REJECT, call, values, text, reason=reason)


def dispatch(tx: Session, *, handler_id: UUID, note: str = "", **call: Unpack[Call]) -> Ticket:
    note = clean_note(note)

    def work(ticket: Ticket) -> Ticket:
        return _dispatch(tx, ticket, call["actor"], handler_id, call["now"], note)

    return _once(tx, Action.DISPATCH, call, {"handler": handler_id, "note": note}, work)


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
    return _once(tx, Action.DISPATCH, call, body, work)


def claim(tx: Session, **call: Unpack[Call]) -> Ticket:
    """Take the ticket on: as its handler, for its handler, or as the first volunteer."""
    try:
        return _once(tx, Action.CLAIM, call, {}, lambda ticket: _claim(tx, ticket, call["actor"], call["now"]))
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
    return take(tx, ticket, Action.CLAIM, actor=actor, now=now, values=values)


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

    return _once(tx, Action.CONTACT, call, {"reached": reached, "note": text}, work)


def recall(tx: Session, **call: Unpack[Call]) -> Ticket:
    values = {"handler_id": None, "dispatched_by": None, "dispatched_at": None}
    return _simple(tx, Action.RECALL, call, values)


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
        return take(tx, ticket, Action.RESOLVE, actor=call["actor"], now=call["now"], values=values, note=said)

    return _once(tx, Action.RESOLVE, call, {"result": result, "note": note}, work)


def _set_result(tx: Session, ticket_id: UUID, text: str) -> None:
    tx.get_one(TicketTextRow, ticket_id).result = text


def close(
    tx: Session, *, satisfaction: Satisfaction = Satisfaction.UNREACHED, note: str = "", **call: Unpack[Call]
) -> Ticket:
    """Close after calling back. Who resolved it closes it only where the rule allows, and marked."""
    text = clean_note(note)
    actor, now = call["actor"], call["now"]

    def work(ticket: Ticket) -> Ticket:
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
        return take(tx, ticket, Action.CLOSE, actor=actor, now=now, values=values, note=said)

    return _once(tx, Action.CLOSE, call, {"satisfaction": satisfaction, "note": text}, work)


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

    return _once(tx, action, call, {"note": note}, work)


def again_columns(ticket: Ticket, now: datetime) -> dict[str, Any]:
    """Clear what ended the ticket; after work was done it is a new round with a due time of its own."""
    cleared = ("result_class", "satisfaction", "reject_reason", "resolved_at", "resolved_by", "closed_at", "closed_on")
    values: dict[str, Any] = {**dict.fromkeys(cleared), "single_duty": False}
    if ticket.status in (Status.RESOLVED, Status.CLOSED):
        again = ticket.round_no + 1
        values |= {"round_no": again, "round_at": now}
        values |= due_columns(due_for(ticket.grade, ticket.matter, now, round_no=again), now)
    else:  # it starts anew: nobody has accepted it or works on it
        values |= dict.fromkeys(("accepted_at", "handler_id", "dispatched_by", "dispatched_at", "claimed_at"))
    return values


def cancel(tx: Session, *, note: str, **call: Unpack[Call]) -> Ticket:
    note = need(note, "请写明撤销原因。", "note")
    return _simple(tx, Action.CANCEL, call, {}, note)


def comment(tx: Session, *, note: str, **call: Unpack[Call]) -> Ticket:
    note = need(note, "请先写下要备注的内容。", "note")
    return _simple(tx, Action.COMMENT, call, {}, note)


def urge(tx: Session, *, note: str = "", **call: Unpack[Call]) -> Ticket:
    text = clean_note(note)

    def work(ticket: Ticket) -> Ticket:
        row = tx.get_one(TicketRow, ticket.id)
        values = {"urged_at": call["now"], "urge_count": row.urge_count + 1}
        return take(tx, ticket, Action.URGE, actor=call["actor"], now=call["now"], values=values, note=text)

    return _once(tx, Action.URGE, call, {"note": text}, work)


def edit(
    tx: Session,
    *,
    title: str,
    address: str,
    area_id: UUID,
    category_id: UUID | None,
    matter: Matter | None,
    grade: Grade,
    description: str | None = None,
    open_to_volunteers: bool | None = None,
    note: str = "",
    **call: Unpack[Call],
) -> Ticket:
    """Correct a ticket; a changed grade, matter or round keeps its start and gets a new due time."""
    body = {
        "title": title,
        "address": address,
        "area": area_id,
        "category": category_id,
        "matter": matter,
        "grade": grade,
        "description": description,
        "open": open_to_volunteers,
        "note": note,
    }

    def work(ticket: Ticket) -> Ticket:
        row = tx.get_one(TicketRow, ticket.id)
        category = _category(tx, category_id)
        values: dict[str, Any] = {
            **_moved(tx, ticket, area_id),
            "title": clean_line(title, "title", TITLE_MAX),
            "address": clean_address(address),
            "category_id": category.id if category else None,
            "matter": matter.value if matter else None,
            "grade": grade.value,
        }
        if open_to_volunteers is not None:
            values["open_to_volunteers"] = open_to_volunteers
        if (grade, matter) != (ticket.grade, ticket.matter):
            start = row.round_at
            values |= due_columns(due_for(grade, matter, start, round_no=ticket.round_no), start)
        if description is not None:
            tx.get_one(TicketTextRow, ticket.id).description = clean(description)
        said = clean_note(note)
        return take(tx, ticket, Action.EDIT, actor=call["actor"], now=call["now"], values=values, note=said)

    return _once(tx, Action.EDIT, call, body, work)


def _moved(tx: Session, ticket: Ticket, area_id: UUID) -> dict[str, Any]:
    """Give the new place's columns; the number belongs to a community, so it stays in its own."""
    if area_id == ticket.area_id:
        return {}
    place = areas.place_columns(tx, area_id)
    if place["community_id"] != ticket.community_id:
        raise Invalid("编号属于原社区，不能改到别的社区；请撤销后在那边登记。", field="area_id")
    return {k: v for k, v in place.items() if k != "community_id"}


def _category(tx: Session, category_id: UUID | None) -> CategoryRow | None:
    row = tx.get(CategoryRow, category_id) if category_id else None
    if category_id and row is None:
        raise Invalid("没有找到这个类别，请重新选择。", field="category_id")
    return row


def clean_line(text: str, field: str, longest: int) -> str:
    line = " ".join(clean(text).split())
    if not line:
        raise Invalid("请写一句话说明是什么事，例如“3号楼楼道灯不亮”。", field=field)
    if len(line) > longest:
        raise Invalid(f"标题最多 {longest} 个字，细节请写在“详细情况”里。", field=field)
    return line


def clean_address(text: str) -> str:
    address = " ".join(clean(text).split())
    if len(address) > ADDRESS_MAX:
        raise Invalid(f"地点最多 {ADDRESS_MAX} 个字，请精简。", field="address")
    return address


def clean_note(text: str) -> str:
    note = clean(text)
    if len(note) > NOTE_MAX:
        raise Invalid(f"说明最多 {NOTE_MAX} 个字，请精简。", field="note")
    return note


def need(text: str, message: str, field: str) -> str:
    note = clean_note(text)
    if not note:
        raise Invalid(message, field=field)
    return note


def _uuid(value: Any) -> UUID:
    assert isinstance(value, UUID)
    return value
