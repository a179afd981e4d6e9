"""What a ticket says: registering it, and correcting it later."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any, Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import areas, people, stat_writes
from db.models import AreaRow, CategoryRow, TicketEventRow, TicketRow, TicketTextRow
from db.models.tickets import OPEN_WORK
from db.ticket_call import Call, due_columns, once
from db.ticket_events import acting_role, changes, load, make_event, number_text, take, ticket_of
from db.writes import bump, first_result, next_number, put, remember
from domain import steps
from domain.access import Actor
from domain.clock import local_date
from domain.due import Grade, Matter, due_for
from domain.errors import Invalid, NotAllowed, WrongState
from domain.ids import new_id
from domain.text import clean, clean_address, clean_line, clean_note
from domain.tickets import TITLE_MAX, Action, Channel, Kind, Status, Ticket

_UNSAID: dict[str, Any] = dict.fromkeys(TicketRow.__table__.c.keys())


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
    if kind is Kind.PREVENTIVE:
        _wait_for_place(tx, area_id)  # before the key is looked up: a form sent twice at once finds its first result
    if done := first_result(tx, key, request):
        return load(tx, actor, done)
    place = areas.place_columns(tx, area_id)
    _check_report(actor, str(place["area_path"]), kind)
    if kind is Kind.PREVENTIVE:
        _check_first(tx, area_id, _uuid(place["community_id"]))
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
    row = _insert(tx, values, actor=actor, description=clean(description), now=now)
    remember(tx, key, request, row["id"], now=now)
    return ticket_of(SimpleNamespace(**_UNSAID | row), None)  # a row of the ORM takes its care of each value


def _check_report(actor: Actor, area_path: str, kind: Kind) -> None:
    roles = actor.roles_at(area_path)
    if actor.read_only or not roles & steps.TRANSITIONS[Action.REPORT].roles:
        raise NotAllowed("您不能在这个辖区登记工单，请选择自己的辖区。")
    if kind is Kind.ALERT:
        raise Invalid("预警由系统发出，请选择诉求、服务点单或隐患。", field="kind")


def _wait_for_place(tx: Session, area_id: UUID) -> None:
    tx.execute(select(AreaRow.id).where(AreaRow.id == area_id).with_for_update(key_share=True))


def _check_first(tx: Session, area_id: UUID, community_id: UUID) -> None:
    """Let one place have one preventive ticket at a time."""
    held = (TicketRow.community_id == community_id, OPEN_WORK, TicketRow.area_id == area_id)
    query = select(TicketRow.number).where(*held, TicketRow.kind == Kind.PREVENTIVE.value)
    number = tx.scalar(query.limit(1))
    if number is not None:
        raise WrongState(f"这里已经有在办的未诉先办工单 {number_text(number)}，请在那张工单里接着办。")


def insert_ticket(tx: Session, values: dict[str, Any], *, actor: Actor | None, description: str, now: datetime) -> UUID:
    """Write a new ticket with its first event and its texts."""
    return _uuid(_insert(tx, values, actor=actor, description=description, now=now)["id"])


def _insert(
    tx: Session, values: dict[str, Any], *, actor: Actor | None, description: str, now: datetime
) -> dict[str, Any]:
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
    row = {**values, "id": ticket_id, "number": number, "updated_at": now, "event_hash": event["hash"], "version": 1}
    put(tx, TicketRow, row)
    put(tx, TicketTextRow, {"ticket_id": ticket_id, "description": description, "result": "", "extra": {}})
    put(tx, TicketEventRow, event)
    stat_writes.written(tx, row)
    bump(tx, values["community_id"])
    return row


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
    reporter_name: str | None = None,
    reporter_phone: str | None = None,
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
        "reporter": [reporter_name, reporter_phone],
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
        if reporter_name is not None or reporter_phone is not None:
            values |= _reporter(tx, row, call, reporter_name, reporter_phone)
        said = clean_note(note)
        return take(tx, ticket, Action.EDIT, actor=call["actor"], now=call["now"], values=values, note=said)

    return once(tx, Action.EDIT, call, body, work)


def _reporter(tx: Session, row: TicketRow, call: Call, name: str | None, phone: str | None) -> dict[str, Any]:
    """Point the ticket to who really reported it; None keeps what is known. The person's row stays theirs."""
    known = people.contact_of(tx, row.reporter_id)
    person = people.find_or_insert(
        tx,
        community_id=row.community_id,
        name=known[0] if name is None else clean(name),
        phone=known[1] if phone is None else phone,
        now=call["now"],
    )
    return {"reporter_id": person}


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


def _uuid(value: Any) -> UUID:
    assert isinstance(value, UUID)
    return value
