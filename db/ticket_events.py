"""A ticket's row and its events: read one, write the next. Every change of a ticket comes through here."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, false, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from db import stat_facts, stat_writes, ticket_notices
from db.models import PartyRow, TicketEventRow, TicketNoteRow, TicketRow, UserRow
from db.writes import bump, canonical, plain, put
from domain import replay, steps
from domain.access import RIGHTS, Actor, Grant, Role, grants_for
from domain.clock import local
from domain.due import Grade, Matter
from domain.errors import Changed, NotFound
from domain.ids import new_id
from domain.steps import ACTION_LABELS, TRANSITIONS
from domain.tickets import Action, Channel, Kind, Status, Ticket

_TICKET: Table = TicketRow.__table__  # type: ignore[assignment]
# what an event never says: it only names that they changed
TEXTS = frozenset({"title", "address", "reporter_id"})
_AT_HAND = "ticket.row"
# kept on the row for queries; the event's own columns or other changes already say it
_UNRECORDED = frozenset({"status", "round_no", "updated_at", "soon_at", "due_why", "import_mac", "hidden_at"})


def number_text(number: int, code: str = "") -> str:
    """Say a ticket's number, E0012; above community level with the community's code, GH-E0012."""
    return f"{code}-E{number:04d}" if code else f"E{number:04d}"


def ticket_of(row: Any, handler_user_id: UUID | None) -> Ticket:
    return Ticket(
        id=row.id,
        no=number_text(row.number),
        community_id=row.community_id,
        area_id=row.area_id,
        area_path=row.area_path,
        kind=Kind(row.kind),
        status=Status(row.status),
        title=row.title,
        address=row.address,
        category_id=row.category_id,
        matter=Matter(row.matter) if row.matter else None,
        grade=Grade(row.grade),
        channel=Channel(row.channel),
        handler_id=row.handler_id,
        handler_user_id=handler_user_id,
        reporter_user_id=row.reporter_user_id,
        dispatched_by=row.dispatched_by,
        open_to_volunteers=row.open_to_volunteers,
        round_no=row.round_no,
        reported_at=row.reported_at,
        due_at=row.due_at,
        first_contact_at=row.first_contact_at,
        urged_at=row.urged_at,
        closed_at=row.closed_at,
        version=row.version,
    )


def inside(grants: Iterable[Grant]) -> ColumnElement[bool]:
    """Say "in the area of one of these grants" in SQL; the community leads, as the indexes do."""
    parts: list[ColumnElement[bool]] = []
    for grant in grants:
        held = _in_one_of(grant.community_ids)
        if not grant.whole_communities:
            held = and_(held, TicketRow.area_path.startswith(grant.area_path))
        parts.append(held)
    return or_(false(), *parts)


def _in_one_of(communities: Collection[UUID]) -> ColumnElement[bool]:
    """Say most people's one community plainly: a list is written into the statement anew each time it is asked."""
    if len(communities) == 1:
        return TicketRow.community_id == next(iter(communities))
    return TicketRow.community_id.in_(communities)


@lru_cache(maxsize=64)  # to write it anew costs more than to ask
def may_read(actor: Actor) -> ColumnElement[bool]:
    """Say in SQL which tickets this actor may see: their areas', their own, what they could claim."""
    mine = [TicketRow.reporter_user_id == actor.user_id]
    if actor.party_id:
        mine.append(TicketRow.handler_id == actor.party_id)
    free = and_(offered(), inside(grants_for(actor, (Role.VOLUNTEER,))))
    seen = or_(inside(grants_for(actor, RIGHTS["tickets.read"])), free, *mine)
    return and_(seen, TicketRow.hidden_at.is_(None))


def offered() -> ColumnElement[bool]:
    """Say in SQL which tickets wait for a volunteer: never a 私事, which a claim would open."""
    clear = or_(TicketRow.matter.is_(None), TicketRow.matter != Matter.PRIVATE)
    return and_(TicketRow.open_to_volunteers.is_(True), TicketRow.status == Status.ACCEPTED, clear)


def row_for(session: Session, actor: Actor, ticket_id: UUID) -> TicketRow:
    query = select(TicketRow).where(TicketRow.id == ticket_id, may_read(actor))
    row = session.scalars(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound("没有找到这张工单，可能已撤销导入，或不在您的辖区。")
    return row


def load(session: Session, actor: Actor, ticket_id: UUID) -> Ticket:
    row = row_for(session, actor, ticket_id)
    session.info[_AT_HAND] = row  # the session itself forgets it, and a step needs it again
    return ticket_of(row, _handler_user(session, row))


def _handler_user(session: Session, row: TicketRow) -> UUID | None:
    query = select(PartyRow.user_id).where(PartyRow.id == row.handler_id)
    return session.scalars(query).first() if row.handler_id else None


def check_version(session: Session, ticket: Ticket, expected_version: int) -> None:
    """Refuse work on an old state, saying who changed what since."""
    if ticket.version == expected_version:
        return
    query = (
        select(TicketEventRow.action, TicketEventRow.at, UserRow.name)
        .outerjoin(UserRow, UserRow.id == TicketEventRow.actor_id)
        .where(TicketEventRow.ticket_id == ticket.id, TicketEventRow.seq > expected_version)
        .order_by(TicketEventRow.seq.desc())
    )
    last = session.execute(query.limit(1)).first()
    raise Changed(_who_changed(ticket.no, last))


def _who_changed(no: str, last: Any) -> str:
    if last is None:
        return f"工单 {no} 刚有变化，请看一看最新情况再继续，您填的内容还在。"
    action, at, name = last
    label = ACTION_LABELS[Action(action)]
    when = local(at).strftime("%H:%M")
    return f"{name or '系统'}在 {when} 已对工单 {no} “{label}”，请看一看最新情况再继续，您填的内容还在。"


def append(
    tx: Session,
    ticket_id: UUID,
    action: Action,
    values: dict[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    note: str = "",
    on_behalf_of: UUID | None = None,
    version: int | None = None,
    told: dict[str, Any] | None = None,
) -> TicketRow:
    """Write the row's new values and the event that tells of them, if the version still holds.

    Without a version the row is read again: its step was found to be allowed by nothing that was read before.
    """
    row = tx.get_one(TicketRow, ticket_id, populate_existing=version is None)
    version = row.version if version is None else version
    event = next_event(row, action, values, actor=actor, now=now, on_behalf_of=on_behalf_of, told=told)
    _count(tx, row, values, now)
    written = {**values, "version": event["seq"], "event_hash": event["hash"], "updated_at": now}
    # what the row has besides may be older than this: the version says so
    done = tx.execute(_TICKET.update().where(_TICKET.c.id == ticket_id, _TICKET.c.version == version).values(written))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Changed(f"工单 {number_text(row.number)} 刚被别人改过，请看一看最新情况再继续。")
    put(tx, TicketEventRow, event)
    if note:
        put(tx, TicketNoteRow, {"event_id": event["id"], "ticket_id": ticket_id, "body": note})
    for name, value in written.items():
        set_committed_value(row, name, value)
    ticket_notices.of_step(tx, row, action, now=now)
    bump(tx, row.community_id)
    return row


def _count(tx: Session, row: TicketRow, values: dict[str, Any], now: datetime) -> None:
    """Let the figures follow what this step changes, and keep the round that it ends."""
    if stat_facts.MATTERS & values.keys():
        stat_writes.touch(tx, [row.id])
    if values.get("round_no", row.round_no) > row.round_no:
        stat_facts.keep_round(tx, row, now=now)


def next_event(
    row: TicketRow,
    action: Action,
    values: dict[str, Any],
    *,
    actor: Actor | None,
    now: datetime,
    on_behalf_of: UUID | None,
    told: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the event that takes this row to these values; `told` changed beside the row (ids only)."""
    return make_event(
        ticket_id=row.id,
        community_id=row.community_id,
        seq=row.version + 1,
        action=action,
        from_status=row.status,
        to_status=str(values.get("status", row.status)),
        round_no=values.get("round_no", row.round_no),
        actor=actor,
        acting_role=acting_role(actor, action, row.area_path),
        on_behalf_of=on_behalf_of,
        at=now,
        changes=changes({name: getattr(row, name) for name in values}, values) | (told or {}),
        prev_hash=row.event_hash,
    )


def changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Say field → [old, new] for what differs; for a text only that it changed."""
    said: dict[str, Any] = {}
    for name, value in new.items():
        if name in _UNRECORDED or (value is None and old.get(name) is None):
            continue
        was, is_now = plain(old.get(name)), plain(value)
        if was != is_now:
            said[name] = None if name in TEXTS else [was, is_now]
    return said


def acting_role(actor: Actor | None, action: Action, area_path: str) -> str | None:
    """Name the role that gave the right to this step; None when a tie to the ticket did."""
    if actor is None:
        return None
    fitting = actor.roles_at(area_path) & TRANSITIONS[action].roles
    return next((role.value for role in Role if role in fitting), None)


def make_event(*, actor: Actor | None, prev_hash: str, **columns: Any) -> dict[str, Any]:
    """Build an event row with its hash. The hash covers everything but texts, which may be erased."""
    event = {"id": new_id(), "actor_id": actor.user_id if actor else None, **columns}
    event["hash"] = replay.chain(prev_hash, canonical(event))
    return event | {"prev_hash": prev_hash}


def take(
    tx: Session,
    ticket: Ticket,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    values: dict[str, Any] | None = None,
    note: str = "",
    told: dict[str, Any] | None = None,
) -> Ticket:
    """Take one step: the right, the state, then row and event together."""
    steps.check(actor, action, ticket, now=now)
    goes_to = steps.target(action, ticket)
    moved = {"status": goes_to.value} if goes_to is not ticket.status else {}
    row = append(
        tx,
        ticket.id,
        action,
        moved | (values or {}),
        actor=actor,
        now=now,
        note=note,
        on_behalf_of=on_behalf(actor, action, ticket),
        version=ticket.version,
        told=told,
    )
    same = row.handler_id == ticket.handler_id
    return ticket_of(row, ticket.handler_user_id if same else _handler_user(tx, row))


def on_behalf(actor: Actor, action: Action, ticket: Ticket) -> UUID | None:
    """Name the handler for whom a colleague records what the handler did."""
    for_handler = action in (Action.CLAIM, Action.CONTACT, Action.RESOLVE)
    return ticket.handler_id if for_handler and ticket.handler_user_id != actor.user_id else None
