"""上门查看: which door it is and whom to ring, told to whoever has the alert in hand, on their phone."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import crypto, people, rounds
from db.incident_events import is_tied
from db.incident_tickets import place_name
from db.models import ConsentRow, ElderRow, IncidentRow
from db.models.incidents import RUNNING
from db.rounds import Number
from domain.access import Actor
from domain.care import Scope, code_text
from domain.errors import NotAllowed


@dataclass(frozen=True)
class Door:
    name: str  # 称呼 with the elder's consent, else the code
    building: str
    place: str  # where the window is
    hard_of_hearing: bool
    until: datetime | None = None  # what follows is shown until then
    address: str = ""
    numbers: tuple[Number, ...] = ()


def door(session: Session, *, actor: Actor, ticket_id: UUID, now: datetime) -> Door | None:
    """Tell as much as a round tells its volunteer; the flat and the numbers once they have asked for them."""
    elder = _elder(session, actor, ticket_id)
    if elder is None:
        return None
    person = people.get(session, actor=actor, person_id=elder.person_id, now=now)
    shown = person.revealed_until is not None
    return Door(
        name=(crypto.unseal(elder.called) if _agreed(session, elder) else "") or code_text(elder.number),
        building=place_name(session, elder),
        place=crypto.unseal(elder.place),
        hard_of_hearing=elder.hard_of_hearing,
        until=person.revealed_until,
        address=person.address if shown else "",
        numbers=tuple(rounds.numbers_of(rounds.to_call(session, elder))) if shown else (),
    )


def open_(tx: Session, *, actor: Actor, ticket_id: UUID, now: datetime) -> None:
    """Open the elder and the first contacts to who goes there, for fifteen minutes; kept who asked."""
    elder = _elder(tx, actor, ticket_id)
    if elder is None or actor.read_only:
        raise NotAllowed("这件事现在不在您手上，住址和电话不显示。有事请打值班电话。")
    rounds.note(tx, actor, [person.id for _, person in rounds.to_call(tx, elder)], now)


def _elder(session: Session, actor: Actor, ticket_id: UUID) -> ElderRow | None:
    mine = (IncidentRow.ticket_id == ticket_id, RUNNING)
    row = session.scalars(select(IncidentRow).where(*mine)).first()
    return session.get(ElderRow, row.elder_id) if row is not None and is_tied(session, actor, row) else None


def _agreed(session: Session, elder: ElderRow) -> bool:
    row = ConsentRow
    held = (row.elder_id == elder.id, row.scope == Scope.CALLED.value, row.withdrawn_on.is_(None))
    return session.scalars(select(row.id).where(*held)).first() is not None
