"""Points of a round: for looking in time, never for what was seen. One record a looker, day and slot."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from db.models import AreaRow, CheckWindowRow, GrantRow, ObservationRow, PartyRow
from db.points import person_of_party
from db.records import insert_record
from db.writes import first_result, remember
from domain.access import Role
from domain.care import Look, Slot, Source
from domain.points import Method, RecordKind, RecordState

# what counts as having looked: the answer is all the same
LOOKS = (Look.OK, Look.CLOSED, Look.UNCLEAR, Look.TALKED)
SOURCES = (Source.ROUND, Source.DESK)


@dataclass(frozen=True)
class Round:
    """What one person looked at in time, in one slot of a day, in one community."""

    looker_id: UUID
    community_id: UUID
    slot: Slot
    items: int
    began: datetime
    ended: datetime


def rounds(session: Session, *, community_id: UUID, day: date) -> list[Round]:
    """Add up the looks that came before their deadline and were not taken back."""
    o, w, undo = ObservationRow, CheckWindowRow, aliased(ObservationRow)
    looker = func.coalesce(o.seen_by, o.by_id)
    query = (
        select(looker, w.community_id, w.slot, func.count(w.id.distinct()), func.min(o.at), func.max(o.at))
        .join(w, w.id == o.window_id)
        .outerjoin(undo, undo.undoes_id == o.id)
        .where(w.community_id == community_id, w.day == day, o.at >= w.opens_at, o.at <= w.due_at)
        .where(undo.id.is_(None), looker.is_not(None))
        .where(o.look.in_([look.value for look in LOOKS]), o.source.in_([source.value for source in SOURCES]))
        .group_by(looker, w.community_id, w.slot)
        .order_by(looker, w.slot)
    )
    return [
        Round(who, community, Slot(slot), items, began, ended)
        for who, community, slot, items, began, ended in session.execute(query)
    ]


def record(tx: Session, *, community_id: UUID, day: date, now: datetime) -> int:
    """Write the service records of a day that is over; run again it writes none twice. Give how many were new."""
    return sum(1 for one in rounds(tx, community_id=community_id, day=day) if _record(tx, one, day, now))


def _record(tx: Session, one: Round, day: date, now: datetime) -> bool:
    """Only volunteers are paid. The system saw it itself, so that it waits for nobody's word but the posting."""
    party = next(_party(tx, one.looker_id), None)
    key = f"round:{uuid5(one.looker_id, f'{one.community_id.hex}:{day.isoformat()}:{one.slot}').hex}"
    request = {"do": "care.round", "looker": one.looker_id, "day": day, "slot": one.slot}
    if party is None or first_result(tx, key, request):
        return False
    person = person_of_party(tx, party, now=now)
    area = tx.get_one(AreaRow, one.community_id)
    times = (one.began, one.ended)
    made = insert_record(
        tx,
        area,
        person,
        RecordKind.ROUND,
        RecordState.VERIFIED,
        Method.ROUND,
        times,
        now,
        {"items": one.items, "verified_at": now},
    )
    remember(tx, key, request, made, now=now)
    return True


def _party(tx: Session, user_id: UUID) -> Iterator[UUID]:
    held = (GrantRow.user_id == user_id, GrantRow.role == Role.VOLUNTEER.value, GrantRow.valid_to.is_(None))
    query = select(PartyRow.id).where(PartyRow.user_id == user_id, select(GrantRow.id).where(*held).exists())
    yield from tx.scalars(query)
