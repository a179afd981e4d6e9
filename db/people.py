"""People: kept encrypted, looked up by keyed digest, shown masked unless revealed on a purpose."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, insert, or_, select
from sqlalchemy.orm import Session

from db import crypto, incident_events
from db.models import PartyRow, PersonRow, RevealRow, TicketRow, TicketSupportRow, UserRow
from db.ticket_events import load
from db.writes import audit, first_result, remember, update_version
from domain.access import OFFICE, RIGHTS, Actor, communities_of, grants_for
from domain.errors import Invalid, NotAllowed, NotFound
from domain.ids import new_id
from domain.people import (
    REVEAL_LASTS,
    Person,
    Purpose,
    check_phone,
    mask_address,
    mask_name,
    mask_phone,
    normal_phone,
)
from domain.steps import must_hide
from domain.tickets import OPEN


def insert_person(
    tx: Session,
    *,
    community_id: UUID,
    name: str,
    phone: str = "",
    address: str = "",
    area_id: UUID | None = None,
    now: datetime,
) -> UUID:
    """Write a person; rights are the caller's business."""
    phone = check_phone(phone)
    new = new_id()
    tx.execute(insert(PersonRow).values(columns(new, community_id, name, phone, address, area_id, now)))
    return new


def columns(
    person_id: UUID,
    community_id: UUID,
    name: str,
    phone: str,
    address: str,
    area_id: UUID | None,
    now: datetime,
) -> dict[str, object]:
    """Give a row's values, personal ones sealed, for an insert of one or of many."""
    held = crypto.keys()
    return {
        "id": person_id,
        "community_id": community_id,
        "area_id": area_id,
        "name": crypto.seal(name, held),
        "phone": crypto.seal(phone, held),
        "address": crypto.seal(address, held),
        "name_mac": crypto.mac(name, held),
        "phone_mac": crypto.mac(phone, held),
        "created_at": now,
        "version": 1,
    }


def find_or_insert(tx: Session, *, community_id: UUID, name: str, phone: str, now: datetime) -> UUID | None:
    """Find the person with this name and phone, or write them; None if neither is given.

    Without a phone two people of one name can't be told apart: each report gets a person of its own.
    """
    name, phone = name.strip(), check_phone(phone)
    if not name and not phone:
        return None
    if phone:
        same = select(PersonRow.id).where(
            PersonRow.community_id == community_id,
            PersonRow.phone_mac == crypto.mac(phone),
            PersonRow.name_mac == crypto.mac(name) if name else PersonRow.name_mac.is_(None),
        )
        if found := tx.scalars(same.limit(1)).first():
            return found
    return insert_person(tx, community_id=community_id, name=name, phone=phone, now=now)


def contact_of(session: Session, person_id: UUID | None) -> tuple[str, str]:
    """Give name and phone in full to a command that needs them; no screen may."""
    row = session.get(PersonRow, person_id) if person_id else None
    return (crypto.unseal(row.name), crypto.unseal(row.phone)) if row else ("", "")


def own_contact(session: Session, *, actor: Actor) -> tuple[str, str]:
    """Give this user's own name and number, to fill in what they report themselves."""
    user = select(UserRow.person_id).where(UserRow.id == actor.user_id)
    party = select(PartyRow.person_id).where(PartyRow.user_id == actor.user_id)
    found = (contact_of(session, session.scalars(query).first()) for query in (user, party))
    return actor.name, next((phone for _, phone in found if phone), "")


def get(session: Session, *, actor: Actor, person_id: UUID, now: datetime) -> Person:
    """Read a person as this viewer may see them: in full while a reveal of theirs holds."""
    row = session.get(PersonRow, person_id)
    if row is None or not any(row.community_id in g.community_ids for g in actor.grants):
        raise NotFound("没有找到这个人，信息可能已按要求删除。")
    return _shown(row, _revealed_until(session, actor, person_id, now))


def _revealed_until(session: Session, actor: Actor, person_id: UUID, now: datetime, *why: Purpose) -> datetime | None:
    mine = (RevealRow.user_id == actor.user_id, RevealRow.person_id == person_id, RevealRow.until > now)
    query = select(RevealRow.until).where(*mine)
    if why:
        query = query.where(RevealRow.purpose.in_(why))
    return session.scalars(query.order_by(RevealRow.until.desc()).limit(1)).first()


def revealed_for(
    session: Session, *, actor: Actor, person_id: UUID, purpose: Purpose, now: datetime
) -> datetime | None:
    """Give until when this viewer has the person open for this purpose, if they do."""
    return _revealed_until(session, actor, person_id, now, purpose)


def _shown(row: PersonRow, until: datetime | None) -> Person:
    name, phone, address = (crypto.unseal(v) for v in (row.name, row.phone, row.address))
    if until is None:
        name, phone, address = mask_name(name), mask_phone(phone), mask_address(address)
    return Person(row.id, row.community_id, name, phone, address, row.version, until)


def reveal(
    tx: Session,
    *,
    actor: Actor,
    person_id: UUID,
    purpose: Purpose,
    ticket_id: UUID | None,
    key: str,
    now: datetime,
) -> Person:
    """Open a person to this viewer for fifteen minutes, and keep who asked and why."""
    request = {
        "do": "reveal",
        "actor": actor.user_id,
        "person": person_id,
        "purpose": purpose,
        "ticket": ticket_id,
    }
    row = tx.get(PersonRow, person_id)
    if row is None:
        raise NotFound("没有找到这个人，信息可能已按要求删除。")
    if not (purpose is Purpose.EMERGENCY and incident_events.names(tx, actor, person_id)):
        _check_reveal(tx, actor, row, ticket_id)
    if first_result(tx, key, request) is None:
        made = new_id()
        values = {
            "id": made,
            "user_id": actor.user_id,
            "person_id": person_id,
            "purpose": purpose.value,
            "ticket_id": ticket_id,
            "at": now,
            "until": now + REVEAL_LASTS,
        }
        tx.execute(insert(RevealRow).values(values))
        told = f"{purpose.value}@{ticket_id.hex}" if ticket_id else purpose.value
        audit(tx, "person.reveal", actor_id=actor.user_id, subject_id=person_id, detail=told, now=now)
        remember(tx, key, request, made, now=now)
    return get(tx, actor=actor, person_id=person_id, now=now)


def _check_reveal(tx: Session, actor: Actor, person: PersonRow, ticket_id: UUID | None) -> None:
    """Let the office see its community's people; others only whom an open ticket in their hands names."""
    if actor.read_only:
        raise NotAllowed()
    if not _is_office(actor, person.community_id) and not _task_at_hand(tx, actor, person, ticket_id):
        raise NotAllowed("要查看完整信息，请从您手上的工单打开，或联系社区工作者。")


def _is_office(actor: Actor, community_id: UUID) -> bool:
    return any(g.role in OFFICE and g.whole_communities and community_id in g.community_ids for g in actor.grants)


def _task_at_hand(tx: Session, actor: Actor, person: PersonRow, ticket_id: UUID | None) -> bool:
    joined = exists().where(TicketSupportRow.ticket_id == TicketRow.id, TicketSupportRow.reporter_id == person.id)
    named = or_(TicketRow.reporter_id == person.id, joined)
    query = select(TicketRow.id).where(TicketRow.id == ticket_id, TicketRow.hidden_at.is_(None), named)
    if ticket_id is None or tx.scalars(query).first() is None:
        return False
    ticket = load(tx, actor, ticket_id)
    # whoever handles it, a volunteer too, has to be able to ring
    handles = ticket.handler_user_id == actor.user_id
    has_right = handles or bool(actor.roles_at(ticket.area_path) & RIGHTS["people.reveal"])
    return has_right and ticket.status in OPEN and not must_hide(actor, ticket)


def change(
    tx: Session,
    *,
    actor: Actor,
    person_id: UUID,
    name: str,
    phone: str,
    address: str,
    expected_version: int,
    now: datetime,
) -> Person:
    """Correct a person: the right of correction, for the office of their community."""
    row = tx.get(PersonRow, person_id)
    if row is None:
        raise NotFound("没有找到这个人，信息可能已按要求删除。")
    if not _is_office(actor, row.community_id):
        raise NotAllowed()
    phone = check_phone(phone)
    if not name.strip() and not phone:
        raise Invalid("姓名和电话至少填一项。", field="name")
    sealed = columns(row.id, row.community_id, name.strip(), phone, address.strip(), row.area_id, now)
    kept = {k: v for k, v in sealed.items() if k not in ("id", "created_at", "version")}
    update_version(tx, PersonRow, person_id, expected_version, kept)
    return get(tx, actor=actor, person_id=person_id, now=now)


def look_up(session: Session, *, actor: Actor, text: str, now: datetime, limit: int = 20) -> list[Person]:
    """Find people of the actor's communities by full phone or full name; masked as ever."""
    ids = communities_of(grants_for(actor, RIGHTS["people.read"]))
    wanted = [crypto.mac(text.strip()), crypto.mac(normal_phone(text))]
    query = select(PersonRow).where(
        PersonRow.community_id.in_(ids),
        PersonRow.phone_mac.in_(wanted) | PersonRow.name_mac.in_(wanted),
    )
    return [_shown(r, _revealed_until(session, actor, r.id, now)) for r in session.scalars(query.limit(limit))]
