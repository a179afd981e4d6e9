"""What the desk of the points page reads: whom somebody means, a record with its story, where a line came from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from db import blobs, people, rules
from db.award_rules import rule_of
from db.models import (
    AreaRow,
    AuditRow,
    AwardRuleRow,
    CatalogItemRow,
    PartyRow,
    RedemptionRow,
    ServiceRecordRow,
    TicketRow,
    UserRow,
)
from db.points import Balance, balance, may_see, names_of, person_of_party, scope
from db.records import Record, record_of
from db.redemptions import Redemption, home_path, redemption_of
from db.statements import StatementLine
from db.ticket_events import number_text
from db.writes import audit, first_result, remember
from domain.access import RIGHTS, Actor, grants_for
from domain.awards import Rule
from domain.errors import Invalid, NotAllowed, NotFound
from domain.points import (
    FREEZE_REASON_LABELS,
    RECORD_KIND_LABELS,
    FreezeReason,
    RecordKind,
    RecordState,
    RedemptionState,
)

MOST_FOUND = 20


@dataclass(frozen=True)
class Found:
    """Somebody a search means, masked; without `person_id` a helper who has no points account yet."""

    name: str
    phone: str
    person_id: UUID | None
    party_id: UUID | None = None
    balance: Balance | None = None


@dataclass(frozen=True)
class Detail:
    """A record with its story: who did what for it, and where it came from."""

    record: Record
    name: str
    area: str
    note: str
    reason: str
    recorded_at: datetime
    recorded_by: str
    verified_by: str
    confirmed_by: str
    evidence: bool
    rule_version: int | None
    ticket_id: UUID | None
    ticket_no: str


@dataclass(frozen=True)
class Source:
    """Where a line of a statement came from; the ticket if there was one."""

    words: str
    ticket_id: UUID | None = None


@dataclass(frozen=True)
class RuleVersion:
    rule: Rule
    valid_from: date
    made_by: str


# --- whom somebody means ------------------------------------------------------------------------------


def find(session: Session, *, actor: Actor, community_id: UUID, text: str, now: datetime) -> list[Found]:
    """Find people by full name or phone, and helpers by part of their working name; who has points comes first."""
    if not text.strip():
        return []
    met = people.look_up(session, actor=actor, text=text, now=now, limit=MOST_FOUND)
    found = {p.id: _person(session, actor, p) for p in met if p.community_id == community_id}
    strangers = []
    for party, person_id in _helpers(session, actor, community_id, text):
        if person_id is None:
            strangers.append(Found(party.label, "", None, party.id))
        elif person_id not in found:
            person = people.get(session, actor=actor, person_id=person_id, now=now)
            found[person_id] = _person(session, actor, person)
    return [*sorted(found.values(), key=lambda one: one.balance is None), *strangers][:MOST_FOUND]


def _person(session: Session, actor: Actor, person: Any) -> Found:
    try:
        has = balance(session, actor=actor, person_id=person.id)
    except NotFound:
        has = None
    return Found(person.name, person.phone, person.id, None, has)


def _helpers(session: Session, actor: Actor, community_id: UUID, text: str) -> Iterable[tuple[PartyRow, UUID | None]]:
    if not any(community_id in grant.community_ids for grant in grants_for(actor, RIGHTS["people.read"])):
        return []
    row = PartyRow
    theirs = (row.community_id == community_id, row.active.is_(True), row.is_unit.is_(False))
    query = select(row, func.coalesce(row.person_id, UserRow.person_id)).outerjoin(UserRow, UserRow.id == row.user_id)
    named = row.label.contains(text.strip(), autoescape=True)
    return [(party, person) for party, person in session.execute(query.where(*theirs, named).limit(MOST_FOUND))]


def register(
    tx: Session,
    *,
    actor: Actor,
    community_id: UUID,
    key: str,
    now: datetime,
    name: str = "",
    phone: str = "",
    party_id: UUID | None = None,
) -> UUID:
    """Give the person who is to have points, written down if they are not known yet."""
    request = {"do": "points.person", "actor": actor.user_id, "name": name, "phone": phone, "party": party_id}
    # anybody who notes services in a part of the community may: a person belongs to all of it
    allowed = () if actor.read_only else grants_for(actor, RIGHTS["points.record"])
    if not any(community_id in grant.community_ids for grant in allowed):
        raise NotAllowed()
    if done := first_result(tx, key, request):
        return done
    person = person_of_party(tx, party_id, now=now) if party_id else None
    if person is None:
        person = _write(tx, community_id, name, phone, now)
    remember(tx, key, request, person, now=now)
    return person


def _write(tx: Session, community_id: UUID, name: str, phone: str, now: datetime) -> UUID:
    if not name.strip() or not phone.strip():
        raise Invalid("请填写姓名和电话，两样都有才不会和别人弄混。", field="name")
    made = people.find_or_insert(tx, community_id=community_id, name=name, phone=phone, now=now)
    assert made
    return made


def note_export(tx: Session, *, actor: Actor, community_id: UUID, rows: int, now: datetime) -> None:
    """Put on record that figures of people left the building."""
    audit(tx, "points.export", actor_id=actor.user_id, subject_id=community_id, detail=f"rows={rows}", now=now)


def frozen_why(session: Session, *, actor: Actor, person_id: UUID) -> str:
    """Say why the account was stopped last."""
    balance(session, actor=actor, person_id=person_id)  # refuses whose it is not to see
    row = AuditRow
    mine = (row.subject_id == person_id, row.action == "points.freeze")
    detail = session.scalars(select(row.detail).where(*mine).order_by(row.at.desc(), row.id.desc()).limit(1)).first()
    return FREEZE_REASON_LABELS[FreezeReason(detail)] if detail in list(FreezeReason) else ""


# --- records ------------------------------------------------------------------------------------------


def counts(session: Session, *, actor: Actor, community_id: UUID) -> dict[RecordState, int]:
    """Count the records that wait for somebody."""
    row = ServiceRecordRow
    waiting = (RecordState.DRAFT.value, RecordState.SUBMITTED.value, RecordState.VERIFIED.value)
    seen = may_see(session, actor, row.community_id, row.area_path, row.person_id)
    query = select(row.state, func.count()).where(row.community_id == community_id, row.state.in_(waiting), seen)
    return {RecordState(state): count for state, count in session.execute(query.group_by(row.state))}


def latest(
    session: Session, *, actor: Actor, community_id: UUID, state: RecordState, limit: int
) -> list[tuple[Record, str]]:
    """List what is settled already, the newest day first."""
    row = ServiceRecordRow
    seen = may_see(session, actor, row.community_id, row.area_path, row.person_id)
    query = select(row).where(row.community_id == community_id, row.state == state.value, seen)
    rows = session.scalars(query.order_by(row.served_on.desc(), row.id.desc()).limit(limit)).all()
    names = names_of(session, (one.person_id for one in rows))
    return [(record_of(one), names.get(one.person_id, "")) for one in rows]


def detail(session: Session, *, actor: Actor, record_id: UUID) -> Detail:
    row = ServiceRecordRow
    seen = may_see(session, actor, row.community_id, row.area_path, row.person_id)
    noted, vouched, posted = aliased(UserRow), aliased(UserRow), aliased(UserRow)
    query = (
        select(row, AreaRow.name, noted.name, vouched.name, posted.name, TicketRow.number)
        .join(AreaRow, AreaRow.id == row.area_id)
        .outerjoin(noted, noted.id == row.recorded_by)
        .outerjoin(vouched, vouched.id == row.verified_by)
        .outerjoin(posted, posted.id == row.confirmed_by)
        .outerjoin(TicketRow, TicketRow.id == row.ticket_id)
    )
    met = session.execute(query.where(row.id == record_id, seen)).first()
    if met is None:
        raise NotFound("没有找到这条服务记录，可能不在您的辖区。")
    one, area, by, verifier, confirmer, number = met
    return Detail(
        record_of(one),
        names_of(session, [one.person_id]).get(one.person_id, ""),
        area,
        one.note,
        one.reason,
        one.recorded_at,
        by or "系统（工单办结）",
        verifier or "",
        confirmer or "",
        bool(one.evidence_sha256),
        one.rule_version,
        one.ticket_id,
        number_text(number) if number else "",
    )


def evidence(session: Session, *, actor: Actor, record_id: UUID) -> bytes | None:
    """Give the photo of the signed sheet to those who may see the record."""
    row = ServiceRecordRow
    seen = may_see(session, actor, row.community_id, row.area_path, row.person_id)
    sha256 = session.scalars(select(row.evidence_sha256).where(row.id == record_id, seen)).first()
    try:
        return blobs.read(sha256) if sha256 else None
    except blobs.Gone:
        return None


# --- where a line came from -----------------------------------------------------------------------------


def sources(session: Session, *, lines: Sequence[StatementLine]) -> dict[UUID, Source]:
    """Say for each source of these lines what it was: a service with its ticket, an order with its goods."""
    ids = frozenset(line.source_id for line in lines)
    record = ServiceRecordRow
    served = select(record.id, record.kind, record.ticket_id, TicketRow.number)
    served = served.outerjoin(TicketRow, TicketRow.id == record.ticket_id)
    found = {
        one.id: Source(_served(RecordKind(one.kind), one.number), one.ticket_id)
        for one in session.execute(served.where(record.id.in_(ids)))
    }
    order, item = RedemptionRow, CatalogItemRow
    ordered = select(order.id, order.number, order.quantity, item.name).join(item, item.id == order.item_id)
    for one in session.execute(ordered.where(order.id.in_(ids))):
        many = f" {one.quantity}份" if one.quantity > 1 else ""
        found[one.id] = Source(f"兑换单 D{one.number:04d} {one.name}{many}")
    return found


def _served(kind: RecordKind, number: int | None) -> str:
    words = RECORD_KIND_LABELS[kind]
    return f"{words} · 工单 {number_text(number)}" if number else words


# --- orders and rules -----------------------------------------------------------------------------------


def order(session: Session, *, actor: Actor, order_id: UUID) -> tuple[Redemption, str]:
    """Give one order with its owner's masked name."""
    rows = _orders(session, actor, RedemptionRow.id == order_id, 1)
    if not rows:
        raise NotFound("没有找到这张兑换单，可能不在您的辖区。")
    return rows[0]


def handed_out(
    session: Session, *, actor: Actor, community_id: UUID, now: datetime, limit: int
) -> list[tuple[Redemption, str]]:
    """List what may still be brought back, the newest first."""
    row = RedemptionRow
    mine = (row.community_id == community_id, row.state == RedemptionState.FULFILLED.value)
    since = now - timedelta(days=rules.get(session, "points.return_days"))
    return _orders(session, actor, (*mine, row.ended_at >= since), limit)


def _orders(session: Session, actor: Actor, which: Any, limit: int) -> list[tuple[Redemption, str]]:
    row, item = RedemptionRow, CatalogItemRow
    seen = scope(grants_for(actor, RIGHTS["points.till"]), row.community_id, home_path())
    asked = which if isinstance(which, tuple) else (which,)
    query = select(row, item.name).join(item, item.id == row.item_id).where(seen, *asked)
    found = session.execute(query.order_by(row.ended_at.desc(), row.id.desc()).limit(limit)).all()
    names = names_of(session, (one.person_id for one, _ in found))
    return [(redemption_of(one, name), names.get(one.person_id, "")) for one, name in found]


def rule_versions(session: Session, *, actor: Actor, community_id: UUID) -> list[RuleVersion]:
    """List every version of the community's rules, the newest first."""
    allowed = grants_for(actor, RIGHTS["points.read"] | RIGHTS["points.rules"])
    if not any(community_id in grant.community_ids for grant in allowed):
        return []
    row = AwardRuleRow
    query = select(row, UserRow.name).outerjoin(UserRow, UserRow.id == row.made_by)
    query = query.where(row.community_id == community_id).order_by(row.made_at.desc(), row.id.desc())
    return [RuleVersion(rule_of(one), one.valid_from, name or "") for one, name in session.execute(query)]
