"""One ticket in full: texts, reporter, timeline, and the steps this viewer may take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import incident_answers, people
from db.board import card
from db.cards import PRIVATE
from db.models import (
    AreaRow,
    CategoryRow,
    PartyRow,
    TicketEventRow,
    TicketNoteRow,
    TicketSupportRow,
    TicketTextRow,
    UserRow,
)
from db.ticket_events import load, row_for
from domain import steps
from domain.access import OFFICE, ROLE_LABELS, Actor, Role
from domain.areas import Level
from domain.board import Card
from domain.errors import NotFound
from domain.people import Person
from domain.replay import Event
from domain.tickets import Action, Channel, Kind, RejectReason, Result, Status, Ticket

SYSTEM = "系统"  # what nobody did


@dataclass(frozen=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    action: Action
    label: str
    who: str
    role: str
    for_whom: str
    note: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Supporter:
    """One more resident who reported the same; without a person they gave no name, or it was erased."""

    person: Person | None
    channel: Channel
    at: datetime


@dataclass(frozen=True)
class Detail:
    ticket: Ticket
    card: Card
    community: str
    area: str
    category: str
    description: str
    result: str
    result_class: Result | None
    reject_reason: RejectReason | None
    extra: Mapping[str, str]
    reporter: Person | None
    supporters: tuple[Supporter, ...]  # who reported the same, in the order they did
    due_why: str
    accepted_at: datetime | None
    dispatched_at: datetime | None
    first_contact_at: datetime | None
    contact_tries: int
    source: str
    external_id: str
    timeline: tuple[Entry, ...]
    actions: tuple[Action, ...]
    hidden: bool


def detail(session: Session, *, actor: Actor, ticket_id: UUID, now: datetime) -> Detail:
    """Read a ticket as this viewer may: a 私事 of others is number and 私事 only."""
    row = row_for(session, actor, ticket_id)
    ticket = load(session, actor, ticket_id)
    shown = card(session, actor=actor, ticket_id=ticket_id, now=now)
    if shown is None:
        raise NotFound()
    # a service at home is somebody's, by its words and its flat
    personal = shown.hidden or (actor.figures_only and ticket.kind is Kind.SERVICE)
    texts = session.get(TicketTextRow, ticket_id)
    open_text = texts if texts and not personal else TicketTextRow(description="", result="", extra={})
    person = _person(session, actor, row.reporter_id, now) if not shown.hidden else None
    return Detail(
        ticket=_shown_ticket(ticket, shown, personal=personal),
        card=shown,
        community=_name(session, row.community_id),
        area=PRIVATE if shown.hidden else shown.grid if personal else _place(session, row.area_id),
        category="" if shown.hidden else _category(session, row.category_id),
        description=open_text.description,
        result=open_text.result,
        result_class=Result(row.result_class) if row.result_class and not shown.hidden else None,
        reject_reason=RejectReason(row.reject_reason) if row.reject_reason and not shown.hidden else None,
        # columns that nobody named may hold anything, an identity number too: for the office only
        extra=(open_text.extra or {}) if actor.roles_at(row.area_path) & OFFICE else {},
        reporter=person,
        supporters=() if shown.hidden else tuple(_supporters(session, actor, ticket_id, now)),
        due_why=row.due_why,
        accepted_at=row.accepted_at,
        dispatched_at=row.dispatched_at,
        first_contact_at=row.first_contact_at,
        contact_tries=row.contact_tries,
        source=row.source or "",
        external_id=row.external_id or "",
        timeline=() if shown.hidden else tuple(_whole_timeline(session, actor, ticket)),
        actions=() if shown.hidden else steps.allowed(actor, ticket, now=now),
        hidden=shown.hidden,
    )


def _shown_ticket(ticket: Ticket, shown: Card, *, personal: bool) -> Ticket:
    if shown.hidden:
        return replace(ticket, title=PRIVATE, address="", category_id=None)
    return replace(ticket, title=shown.title, address="") if personal else ticket


def _name(session: Session, area_id: UUID) -> str:
    return session.get_one(AreaRow, area_id).name


def _place(session: Session, area_id: UUID) -> str:
    """Name the finest area; a unit with its building, for 2单元 alone is nowhere."""
    area = session.get_one(AreaRow, area_id)
    return (_name(session, area.parent_id) if area.level == Level.UNIT and area.parent_id else "") + area.name


def _category(session: Session, category_id: UUID | None) -> str:
    row = session.get(CategoryRow, category_id) if category_id else None
    parent = session.get(CategoryRow, row.parent_id) if row and row.parent_id else None
    return " / ".join(r.name for r in (parent, row) if r)


def _person(session: Session, actor: Actor, person_id: UUID | None, now: datetime) -> Person | None:
    if person_id is None or actor.figures_only:
        return None
    try:
        return people.get(session, actor=actor, person_id=person_id, now=now)
    except NotFound:
        return None  # erased on request: the ticket stays


def _supporters(session: Session, actor: Actor, ticket_id: UUID, now: datetime) -> Iterator[Supporter]:
    query = select(TicketSupportRow).where(TicketSupportRow.ticket_id == ticket_id)
    for row in session.scalars(query.order_by(TicketSupportRow.at, TicketSupportRow.event_id)):
        yield Supporter(_person(session, actor, row.reporter_id, now), Channel(row.channel), row.at)


def _whole_timeline(session: Session, actor: Actor, ticket: Ticket) -> list[Entry]:
    """Tell of a 预警 what was done there too: one story, whichever page it is read on."""
    own = _timeline(session, ticket.id)
    if actor.figures_only:
        bare: dict[str, Any] = {"note": "", "changes": {}} if ticket.kind is Kind.SERVICE else {}
        return [replace(_without_names(entry), **bare) for entry in own]
    if ticket.kind is not Kind.ALERT:
        return own
    theirs = (
        Entry(one.at, Action.COMMENT, one.label, one.who or SYSTEM, "", "", one.note, {})
        for one in incident_answers.story(session, actor, ticket)
    )
    return sorted([*own, *theirs], key=lambda entry: entry.at)


def _timeline(session: Session, ticket_id: UUID) -> list[Entry]:
    query = (
        select(TicketEventRow, UserRow.name, PartyRow.label, TicketNoteRow.body)
        .outerjoin(UserRow, UserRow.id == TicketEventRow.actor_id)
        .outerjoin(PartyRow, PartyRow.id == TicketEventRow.on_behalf_of)
        .outerjoin(TicketNoteRow, TicketNoteRow.event_id == TicketEventRow.id)
        .where(TicketEventRow.ticket_id == ticket_id)
        .order_by(TicketEventRow.seq)
    )
    return [
        Entry(
            event.at,
            Action(event.action),
            steps.ACTION_LABELS[Action(event.action)],
            name or SYSTEM,
            ROLE_LABELS[Role(event.acting_role)] if event.acting_role else "",
            label or "",
            note or "",
            # what a ticket began with is no change
            event.changes if event.seq > 1 else {},
        )
        for event, name, label, note in session.execute(query)
    ]


def _without_names(entry: Entry) -> Entry:
    who = entry.who if entry.who == SYSTEM else entry.role or "工作人员"
    changes = {name: pair for name, pair in entry.changes.items() if name != "handler_id"}
    return replace(entry, who=who, role="", for_whom="", changes=changes)


def events(session: Session, ticket_id: UUID) -> list[Event]:
    """Read a ticket's events as the rules replay them."""
    query = select(TicketEventRow).where(TicketEventRow.ticket_id == ticket_id).order_by(TicketEventRow.seq)
    return [event_of(row) for row in session.scalars(query)]


def event_of(row: TicketEventRow) -> Event:
    return Event(
        row.seq,
        Action(row.action),
        Status(row.from_status) if row.from_status else None,
        Status(row.to_status),
        row.round_no,
        row.actor_id,
        row.at,
        row.changes,
        row.prev_hash,
        row.hash,
    )
