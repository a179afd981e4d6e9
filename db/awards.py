"""Awards: confirming a record posts its points and hours, voiding it takes them back; a closed ticket makes one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from db import award_rules, rules
from db.ledger import Cause, Ledger, NewLot, lock, post
from db.models import AreaRow, GrantRow, ServiceRecordRow, TicketRow
from db.points import people_of, person_of_party
from db.records import Call, Record, check_on, insert_record, locked, short, step, write
from db.reversals import restore_award, reverse_award
from domain.access import Actor, Role
from domain.awards import TICKET_LONGEST, Award, Day, Facts, award, expires_on
from domain.clock import local
from domain.errors import Invalid, Refused
from domain.ids import new_id
from domain.ledger import Move, award_moves
from domain.points import Account, Method, Posting, RecordKind, RecordState, month_of, next_month
from domain.text import need
from domain.tickets import Kind, Satisfaction, Ticket

MOST_AT_ONCE = 100
_READY = (RecordState.VERIFIED,)


def confirm(tx: Session, **call: Unpack[Call]) -> Record:
    """Post what the record earns by the rule of its day."""
    actor, now = call["actor"], call["now"]
    return step(tx, RecordState.CONFIRMED, "points.confirm", call, lambda row: _confirm(tx, row, actor, now), _READY)


def void(tx: Session, *, reason: str, **call: Unpack[Call]) -> Record:
    """Take back what a record earned; what is spent already is owed."""
    reason = short(need(reason, "请写明作废的原因，会记在这条记录上。", "reason"))

    def work(row: ServiceRecordRow) -> dict[str, Any]:
        posted = reverse_award(tx, row.txn_id, row.person_id, actor_id=call["actor"].user_id, now=call["now"])
        return {"reason": reason, "txn_id": posted}

    return step(tx, RecordState.VOIDED, "points.confirm", call, work, reason=reason)


def restore(tx: Session, *, reason: str, **call: Unpack[Call]) -> Record:
    """Undo a voiding that was a mistake; once."""
    reason = short(need(reason, "请写明恢复的原因，会记在这条记录上。", "reason"))

    def work(row: ServiceRecordRow) -> dict[str, Any]:
        _check_overlap(tx, row)
        posted = restore_award(tx, row.txn_id, row.person_id, actor_id=call["actor"].user_id, now=call["now"])
        return {"reason": reason, "txn_id": posted}

    return step(tx, RecordState.CONFIRMED, "points.confirm", call, work, (RecordState.VOIDED,), reason=reason)


def _confirm(tx: Session, row: ServiceRecordRow, actor: Actor, now: datetime) -> dict[str, Any]:
    """With the person's accounts locked: overlap, caps, posting. Two records of one person never pass at once."""
    ledger = lock(tx, row.community_id, people=[row.person_id], now=now)
    _check_overlap(tx, row)
    rule = award_rules.in_force(tx, row.community_id, RecordKind(row.kind), row.served_on)
    today, month, whole_day = _earned(tx, row)
    given = award(rule, facts_of(row), today, month, whole_day=whole_day)
    return {
        "confirmed_by": actor.user_id,
        "confirmed_at": now,
        "points_tenths": given.points_tenths,
        "minutes": given.minutes,
        "why": given.why,
        "rule_version": rule.version,
        "txn_id": _post(tx, ledger, row, given, rule.version, actor, now),
    }


def facts_of(row: ServiceRecordRow) -> Facts:
    satisfaction = Satisfaction(row.satisfaction) if row.satisfaction else None
    return Facts(
        RecordKind(row.kind),
        row.started_at,
        row.ended_at,
        row.recorded_at,
        Method(row.method),
        row.items,
        satisfaction,
        bool(row.evidence_sha256),
    )


def _check_overlap(tx: Session, row: ServiceRecordRow) -> None:
    """Nobody is in two places: refuse an interval that runs into a confirmed one of the same person."""
    other = ServiceRecordRow
    theirs = (other.person_id == row.person_id, other.state == RecordState.CONFIRMED.value, other.id != row.id)
    query = select(other).where(*theirs, other.started_at < row.ended_at, other.ended_at > row.started_at)
    met = tx.scalars(query.where(other.started_at < other.ended_at).limit(1)).first()
    if met is not None and row.started_at < row.ended_at:
        start, end = local(met.started_at), local(met.ended_at)
        span = f"{start.month}月{start.day}日 {start:%H:%M}到{end:%H:%M}"
        raise Refused(f"这段时间和已入账的服务（{span}）重叠，请核对起止时间，重新登记。")


def _earned(tx: Session, row: ServiceRecordRow) -> tuple[int, int, Day]:
    """Sum what the person has of this kind of service on that day and in that month, and of all kinds that day."""
    other, month = ServiceRecordRow, month_of(row.served_on)
    theirs = (other.person_id == row.person_id, other.state == RecordState.CONFIRMED.value)
    that_day, same = other.served_on == row.served_on, other.kind == row.kind
    parts = (and_(that_day, same), same, that_day)
    query = select(*(func.sum(case((part, other.points_tenths), else_=0)) for part in parts)).where(*theirs)
    found = tx.execute(query.where(other.served_on >= month, other.served_on < next_month(month))).one()
    of_kind, in_month, of_all = (int(value or 0) for value in found)
    return of_kind, in_month, Day(rules.get(tx, "points.day_cap") * 10, of_all)


def _post(
    tx: Session, ledger: Ledger, row: ServiceRecordRow, given: Award, version: int, actor: Actor, now: datetime
) -> UUID | None:
    available, debt = ledger.of(Account.AVAILABLE, row.person_id), ledger.of(Account.DEBT, row.person_id)
    lot_id, moves = new_id(), []
    if given.points_tenths:
        moves += award_moves(ledger.of(Account.ISSUANCE), available, debt, given.points_tenths, lot_id)
    if given.minutes:
        hours = ledger.of(Account.HOURS, row.person_id)
        moves.append(Move(ledger.of(Account.HOURS_WORLD).id, hours.id, given.minutes))
    if not moves:
        return None
    kept = sum(move.amount for move in moves if move.lot_id)
    lots = [NewLot(lot_id, available.id, expires_on(row.served_on), kept)] if kept else []
    cause = Cause(
        Posting.AWARD, f"award:{row.id.hex}", "record", row.id, row.ended_at, actor.user_id, rule_version=version
    )
    return post(tx, ledger, cause, moves, lots=lots, now=now)


@dataclass(frozen=True)
class Confirmed:
    """How a batch went: how many were posted, and which were refused in which words."""

    count: int
    points_tenths: int
    refused: tuple[tuple[UUID, str], ...]


def confirm_many(tx: Session, *, actor: Actor, record_ids: Sequence[UUID], now: datetime) -> Confirmed:
    """Confirm up to a hundred; what is confirmed already is passed over, so that it can be run again anywhere.

    It takes no key: `award:<record>` is the key of each, and the database takes it once.
    """
    if len(record_ids) > MOST_AT_ONCE:
        raise Invalid(f"一次最多入账{MOST_AT_ONCE}条，请分批。")
    done, refused, mine = [], [], people_of(tx, actor)
    for record_id in sorted(set(record_ids)):
        row = locked(tx, record_id)
        if row.state == RecordState.CONFIRMED:
            continue
        try:
            with tx.begin_nested():  # of a refused one nothing stays
                check_on(row, actor, mine, "points.confirm", RecordState.CONFIRMED, _READY)
                values = _confirm(tx, row, actor, now)
                done.append(write(tx, row, {"state": RecordState.CONFIRMED.value, **values}))
        except Refused as why:
            refused.append((record_id, why.message))
    return Confirmed(len(done), sum(one.points_tenths or 0 for one in done), tuple(refused))


# --- out of a closed ticket ---------------------------------------------------------------------------

_KIND_OF = {Kind.SERVICE: RecordKind.SERVICE, Kind.ALERT: RecordKind.VISIT}


def from_ticket(tx: Session, ticket: Ticket, *, actor: Actor, now: datetime) -> UUID | None:
    """Make the record of what a volunteer did on this closed ticket; none if no volunteer did it.

    Whoever called the resident back has vouched for it, unless they did the work themselves.
    """
    kind, row = _KIND_OF.get(ticket.kind), tx.get_one(TicketRow, ticket.id)
    if kind is None or ticket.handler_id is None or not _is_volunteer(tx, ticket):
        return None
    person = person_of_party(tx, ticket.handler_id, now=now)
    again = (ServiceRecordRow.ticket_id == ticket.id, ServiceRecordRow.person_id == person)
    if not row.claimed_at or not row.resolved_at or tx.scalars(select(ServiceRecordRow.id).where(*again)).first():
        return None
    worked = (max(row.claimed_at, row.resolved_at - TICKET_LONGEST), row.resolved_at)
    alone = row.single_duty or person in people_of(tx, actor)
    state = RecordState.SUBMITTED if alone else RecordState.VERIFIED
    vouched = {} if alone else {"verified_by": actor.user_id, "verified_at": now}
    facts = {"ticket_id": ticket.id, "satisfaction": row.satisfaction, **vouched}
    area = tx.get_one(AreaRow, ticket.area_id)
    return insert_record(tx, area, person, kind, state, Method.TICKET, worked, now, facts)


def _is_volunteer(tx: Session, ticket: Ticket) -> bool:
    grant = GrantRow
    mine = (grant.user_id == ticket.handler_user_id, grant.role == Role.VOLUNTEER.value, grant.valid_to.is_(None))
    return ticket.handler_user_id is not None and tx.scalars(select(grant.id).where(*mine)).first() is not None
