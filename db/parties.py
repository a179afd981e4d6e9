"""Parties: who handles tickets, with or without a login, where and for which categories."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from db import crypto, people
from db.models import AreaRow, CategoryRow, PartyAreaRow, PartyCategoryRow, PartyRow, PersonRow, TicketRow
from db.models.tickets import OPEN_WORK
from db.writes import audit, bump, first_result, remember, update_version
from domain import access
from domain.access import DISPATCHERS, Actor, communities_of
from domain.errors import Invalid, NotAllowed, NotFound
from domain.ids import new_id
from domain.people import check_phone
from domain.tickets import Status, Ticket


@dataclass(frozen=True)
class Party:
    id: UUID
    community_id: UUID
    label: str
    trade: str
    is_unit: bool
    user_id: UUID | None
    person_id: UUID | None
    phone: str  # only for those who dispatch
    area_ids: frozenset[UUID]
    category_ids: frozenset[UUID]
    active: bool
    version: int
    open_tickets: int = 0
    fits: int = 0  # how well it fits a given ticket: 2 by category, +1 by area


def listed(session: Session, actor: Actor, *, with_inactive: bool = False) -> list[Party]:
    """List the parties of the actor's communities with what they have in hand."""
    ids = communities_of(actor.grants)
    query = select(PartyRow).where(PartyRow.community_id.in_(ids)).order_by(PartyRow.label)
    if not with_inactive:
        query = query.where(PartyRow.active.is_(True))
    rows = session.scalars(query).all()
    held = frozenset(row.id for row in rows)
    reveal = bool(actor.roles & DISPATCHERS) or access.has(actor, "settings")
    areas_of = _links(session, PartyAreaRow.party_id, PartyAreaRow.area_id, held)
    categories_of = _links(session, PartyCategoryRow.party_id, PartyCategoryRow.category_id, held)
    busy = _open_counts(session, held)
    phones = _phones(session, rows) if reveal else {}
    return [
        Party(
            row.id,
            row.community_id,
            row.label,
            row.trade,
            row.is_unit,
            row.user_id,
            row.person_id,
            phones.get(row.person_id, "") if row.person_id else "",
            areas_of.get(row.id, frozenset()),
            categories_of.get(row.id, frozenset()),
            row.active,
            row.version,
            busy.get(row.id, 0),
        )
        for row in rows
    ]


def _links(session: Session, left: Any, right: Any, ids: frozenset[UUID]) -> dict[UUID, frozenset[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    for party, other in session.execute(select(left, right).where(left.in_(ids))):
        found.setdefault(party, set()).add(other)
    return {party: frozenset(others) for party, others in found.items()}


def _open_counts(session: Session, ids: frozenset[UUID]) -> dict[UUID | None, int]:
    query = (
        select(TicketRow.handler_id, func.count())
        .where(TicketRow.handler_id.in_(ids), TicketRow.status.in_((Status.DISPATCHED, Status.IN_PROGRESS)))
        .where(OPEN_WORK)  # in the words of its index: with statuses as parameters SQLite reads all tickets
        .group_by(TicketRow.handler_id)
    )
    return {name: count for name, count in session.execute(query)}  # noqa: C416


def _phones(session: Session, rows: Sequence[PartyRow]) -> dict[UUID, str]:
    ids = [row.person_id for row in rows if row.person_id]
    found = session.execute(select(PersonRow.id, PersonRow.phone).where(PersonRow.id.in_(ids)))
    return {person: crypto.unseal(phone) for person, phone in found}


def proposed(session: Session, actor: Actor, *tickets: Ticket) -> list[Party]:
    """List who could handle these tickets of one community: who fits all of them first, and the less busy."""
    path = {a.id: a.path for a in session.scalars(select(AreaRow))}
    asked = [(ticket, _kinds_of(session, ticket)) for ticket in tickets]
    scored: list[tuple[int, Party]] = []
    for party in listed(session, actor):
        if party.community_id != tickets[0].community_id:
            continue
        near = [path[a] for a in party.area_ids if a in path]
        fits = [2 * bool(kinds & party.category_ids) + any(map(t.area_path.startswith, near)) for t, kinds in asked]
        scored.append((sum(fits), replace(party, fits=min(fits))))
    in_order = sorted(scored, key=lambda one: (-one[1].fits, -one[0], one[1].open_tickets, one[1].label))
    return [party for _, party in in_order]


def _kinds_of(session: Session, ticket: Ticket) -> set[UUID | None]:
    """Give the ticket's category and the one above it: who serves either fits."""
    category = session.get(CategoryRow, ticket.category_id) if ticket.category_id else None
    return {category.id, category.parent_id} if category else set()


def check_serves(session: Session, party_id: UUID, ticket: Ticket) -> None:
    """Refuse a handler who is unknown, retired, or another community's."""
    row = session.get(PartyRow, party_id)
    if row is None or not row.active:
        raise Invalid("这位处理人已停用或不存在，请另选一位。", field="handler_id")
    if row.community_id != ticket.community_id:
        raise Invalid(f"{row.label}不在本社区，请另选一位处理人。", field="handler_id")


def insert_party(
    tx: Session,
    *,
    community_id: UUID,
    label: str,
    trade: str = "",
    is_unit: bool = False,
    user_id: UUID | None = None,
    person_id: UUID | None = None,
    area_ids: frozenset[UUID] = frozenset(),
    category_ids: frozenset[UUID] = frozenset(),
) -> UUID:
    """Write a party; rights are the caller's business."""
    row = PartyRow(
        id=new_id(),
        community_id=community_id,
        label=label,
        trade=trade,
        is_unit=is_unit,
        user_id=user_id,
        person_id=person_id,
        version=1,
    )
    tx.add(row)
    tx.flush()
    _write_links(tx, row.id, area_ids, category_ids)
    return row.id


def _write_links(tx: Session, party_id: UUID, area_ids: frozenset[UUID], category_ids: frozenset[UUID]) -> None:
    tx.execute(delete(PartyAreaRow).where(PartyAreaRow.party_id == party_id))
    tx.execute(delete(PartyCategoryRow).where(PartyCategoryRow.party_id == party_id))
    for area in area_ids:
        tx.execute(insert(PartyAreaRow).values(party_id=party_id, area_id=area))
    for category in category_ids:
        tx.execute(insert(PartyCategoryRow).values(party_id=party_id, category_id=category))


def _check_writer(actor: Actor, community_id: UUID) -> None:
    wanted = DISPATCHERS | {access.Role.ADMIN}
    if not any(g.role in wanted and community_id in g.community_ids for g in actor.grants):
        raise NotAllowed("只有管理员和社区工作者可以登记处理人。")


def _check_words(label: str, trade: str) -> tuple[str, str]:
    label, trade = label.strip(), trade.strip()
    if not 1 <= len(label) <= 40:
        raise Invalid("请填写称呼，例如“王师傅”或“保洁班”，最多 40 个字。", field="label")
    if len(trade) > 40:
        raise Invalid("工种最多 40 个字。", field="trade")
    return label, trade


def _check_areas(tx: Session, community_id: UUID, area_ids: frozenset[UUID]) -> None:
    elsewhere = select(AreaRow.name).where(AreaRow.id.in_(area_ids), AreaRow.community_id != community_id)
    if name := tx.scalars(elsewhere).first():
        raise Invalid(f"“{name}”不在处理人所在的社区，请只选本社区的辖区。", field="area_ids")


def _keep_phone(tx: Session, row: PartyRow, phone: str, now: datetime) -> None:
    """Correct the party's number on its person, who is made if there is none yet."""
    phone = check_phone(phone)
    person = tx.get(PersonRow, row.person_id) if row.person_id else None
    if person is not None:
        person.phone, person.phone_mac = crypto.seal(phone), crypto.mac(phone)
        person.version += 1
    elif phone:
        row.person_id = people.insert_person(tx, community_id=row.community_id, name=row.label, phone=phone, now=now)
    tx.flush()


def create(
    tx: Session,
    *,
    actor: Actor,
    community_id: UUID,
    label: str,
    key: str,
    now: datetime,
    trade: str = "",
    is_unit: bool = False,
    phone: str = "",
    area_ids: frozenset[UUID] = frozenset(),
    category_ids: frozenset[UUID] = frozenset(),
) -> UUID:
    """Register a handler without login: 王师傅, 保洁员, 物业."""
    request = {
        "do": "party",
        "actor": actor.user_id,
        "community": community_id,
        "label": label,
        "trade": trade,
        "unit": is_unit,
        "phone": phone,
        "areas": sorted(area_ids),
        "categories": sorted(category_ids),
    }
    if done := first_result(tx, key, request):
        return done
    _check_writer(actor, community_id)
    label, trade = _check_words(label, trade)
    _check_areas(tx, community_id, area_ids)
    person = people.insert_person(tx, community_id=community_id, name=label, phone=phone, now=now)
    made = insert_party(
        tx,
        community_id=community_id,
        label=label,
        trade=trade,
        is_unit=is_unit,
        person_id=person,
        area_ids=area_ids,
        category_ids=category_ids,
    )
    audit(tx, "party.create", actor_id=actor.user_id, subject_id=made, now=now)
    remember(tx, key, request, made, now=now)
    return made


def change(
    tx: Session,
    *,
    actor: Actor,
    party_id: UUID,
    label: str,
    trade: str,
    is_unit: bool,
    phone: str,
    active: bool,
    area_ids: frozenset[UUID],
    category_ids: frozenset[UUID],
    expected_version: int,
    now: datetime,
) -> None:
    row = tx.get(PartyRow, party_id)
    if row is None:
        raise NotFound("没有找到这位处理人。")
    _check_writer(actor, row.community_id)
    label, trade = _check_words(label, trade)
    held = tx.scalars(select(PartyAreaRow.area_id).where(PartyAreaRow.party_id == party_id))
    _check_areas(tx, row.community_id, area_ids.difference(held))
    if row.user_id and (label != row.label or active != row.active):
        raise Invalid("这位处理人有账号：称呼和停用请在“用户”里改。")
    values = {"label": label, "trade": trade, "is_unit": is_unit, "active": active}
    update_version(tx, PartyRow, party_id, expected_version, values)
    _keep_phone(tx, row, phone, now)
    _write_links(tx, party_id, area_ids, category_ids)
    bump(tx, row.community_id)
    audit(tx, "party.change", actor_id=actor.user_id, subject_id=party_id, now=now)
