"""同类反映: one more resident reports what is already a ticket."""

from typing import Unpack
from uuid import UUID

from sqlalchemy import exists, insert, or_, select
from sqlalchemy.orm import Session

from db import people
from db.models import TicketEventRow, TicketRow, TicketSupportRow
from db.ticket_call import Call, once
from db.ticket_events import take
from domain import steps
from domain.errors import Invalid
from domain.people import normal_phone
from domain.text import clean, clean_note
from domain.tickets import Action, Channel, Ticket


def add(
    tx: Session,
    *,
    name: str = "",
    phone: str = "",
    channel: Channel = Channel.PHONE,
    note: str = "",
    **call: Unpack[Call],
) -> Ticket:
    """Join a report to this ticket: its reporter is told when it is done, like the first one."""
    name, phone, note = clean(name), normal_phone(phone), clean_note(note)
    actor, now = call["actor"], call["now"]

    def work(ticket: Ticket) -> Ticket:
        steps.check(actor, Action.SUPPORT, ticket, now=now)
        person = people.find_or_insert(tx, community_id=ticket.community_id, name=name, phone=phone, now=now)
        after = take(tx, ticket, Action.SUPPORT, actor=actor, now=now, note=note)
        _check_new(tx, ticket, person)  # not before: whoever was overtaken is told to look again
        event = select(TicketEventRow.id).where(
            TicketEventRow.ticket_id == ticket.id, TicketEventRow.seq == after.version
        )
        values = {"event_id": tx.scalars(event).one(), "ticket_id": ticket.id, "reporter_id": person}
        tx.execute(insert(TicketSupportRow).values(**values, channel=channel.value, at=now))
        return after

    return once(tx, Action.SUPPORT, call, {"name": name, "phone": phone, "channel": channel, "note": note}, work)


def _check_new(tx: Session, ticket: Ticket, person: UUID | None) -> None:
    """Count nobody twice, the first reporter neither."""
    if person is None:
        return
    first = exists().where(TicketRow.id == ticket.id, TicketRow.reporter_id == person)
    joined = exists().where(TicketSupportRow.ticket_id == ticket.id, TicketSupportRow.reporter_id == person)
    if tx.scalar(select(or_(first, joined))):
        raise Invalid(f"这位居民已经反映过工单 {ticket.no}，不用重复登记；有新情况请在工单里点“备注”。", field="name")
