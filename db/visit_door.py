"""上门查看: which door it is and whom to ring, told to whoever has the alert in hand, on their phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import crypto, people, rounds
from db.incident_events import is_tied
from db.incident_tickets import place_name
from db.models import ConsentRow, ElderRow, IncidentRow, PersonRow
from db.models.incidents import RUNNING
from db.rounds import Number
from domain.access import Actor, communities_of
from domain.care import Scope, code_text
from domain.errors import NotAllowed
from domain.people import Purpose


@dataclass(frozen=True)
class Door:
    name: str  # 称呼 with the elder's consent, else the code
    building: str
    place: str  # where to look for the sign
    hard_of_hearing: bool
    until: datetime | None = None  # what follows is shown until then
    address: str = ""
    numbers: tuple[Number, ...] = ()


def door(session: Session, *, actor: Actor, ticket_id: UUID, now: datetime) -> Door | None:
    """Tell as much as a round tells its volunteer; the flat and the numbers once they have asked for them."""
    elder = _elder(session, actor, ticket_id)
    if elder is None:
        return None
    held = rounds.to_call(session, elder)
    until = _opened(session, actor, [person for _, person in held], now)
    return Door(
        name=(crypto.unseal(elder.called) if _agreed(session, elder) else "") or code_text(elder.number),
        building=place_name(session, elder),
        place=crypto.unseal(elder.place),
        hard_of_hearing=elder.hard_of_hearing,
        until=until,
        address=crypto.unseal(held[0][1].address) if until else "",
        numbers=tuple(rounds.numbers_of(held)) if until else (),
    )


def _opened(session: Session, actor: Actor, held: Sequence[PersonRow], now: datetime) -> datetime | None:
    """Give until when all of them are open to this viewer for this: who is not, has no record of being seen."""
    call: dict[str, Any] = {"actor": actor, "purpose": Purpose.EMERGENCY, "now": now}
    until = [people.revealed_for(session, person_id=person.id, **call) for person in held]
    return None if None in until else min(filter(None, until))


def open_(tx: Session, *, actor: Actor, ticket_id: UUID, now: datetime) -> None:
    """Open the elder and the first contacts to who goes there, for fifteen minutes; kept who asked."""
    elder = _elder(tx, actor, ticket_id)
    if elder is None or actor.read_only:
        raise NotAllowed("这件事现在不在您手上，住址和电话不显示。有事请打值班电话。")
    rounds.note(tx, actor, [person.id for _, person in rounds.to_call(tx, elder)], now)


def _elder(session: Session, actor: Actor, ticket_id: UUID) -> ElderRow | None:
    mine = (IncidentRow.ticket_id == ticket_id, RUNNING)
    row = session.scalars(select(IncidentRow).where(*mine)).first()
    if row is None or row.community_id not in communities_of(actor.grants) or not is_tied(session, actor, row):
        return None
    return session.get(ElderRow, row.elder_id)


def _agreed(session: Session, elder: ElderRow) -> bool:
    row = ConsentRow
    held = (row.elder_id == elder.id, row.scope == Scope.CALLED.value, row.withdrawn_on.is_(None))
    return session.scalars(select(row.id).where(*held)).first() is not None
