"""An elder's page: what staff of the place may read. Names and numbers are masked until a purpose is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import absences, care_plans, crypto, people
from db.absences import Absence
from db.care_board import names_of
from db.care_scope import may_see
from db.elders import Elder, elder_of
from db.models import (
    AreaRow,
    CheckWindowRow,
    ConsentRow,
    ElderContactRow,
    ElderRow,
    IncidentRow,
    ObservationRow,
    PairVisitRow,
)
from domain.access import Actor
from domain.care import Duty, Look, Scope, Slot, Source, WindowState
from domain.clock import local_date
from domain.errors import NotFound
from domain.incidents import Cause, Found, IncidentState, no_text
from domain.people import Person
from domain.windows import SlotPlan

YEAR, SIGNALS, INCIDENTS = timedelta(days=365), 40, 30


@dataclass(frozen=True)
class Contact:
    relation: str
    has_key: bool
    minutes_away: int | None
    person: Person


@dataclass(frozen=True)
class Signal:
    at: datetime
    look: Look
    source: Source
    who: str
    late: bool


@dataclass(frozen=True)
class Past:
    """An incident in one line."""

    id: UUID
    no: str
    cause: Cause
    state: IncidentState
    found: Found | None
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class Visit:
    id: UUID
    on: date
    who: str
    by_phone: bool


@dataclass(frozen=True)
class ElderPage:
    elder: Elder
    building: str
    grid: str
    person: Person
    called: str  # these three while the person is revealed
    place: str
    health: str
    lookers: Mapping[Duty, tuple[UUID, str]]
    plans: tuple[SlotPlan, ...]
    consents: Mapping[Scope, tuple[date, str]]
    contacts: tuple[Contact, ...]
    days: Mapping[date, Mapping[Slot, WindowState]]
    signals: tuple[Signal, ...]
    incidents: tuple[Past, ...]
    absences: tuple[Absence, ...]
    visits: tuple[Visit, ...]


def page(session: Session, *, actor: Actor, elder_id: UUID, now: datetime) -> ElderPage:
    row = session.scalars(select(ElderRow).where(ElderRow.id == elder_id, may_see(actor))).one_or_none()
    if row is None:
        raise NotFound("没有找到这位老人，可能不在您的辖区。")
    person = people.get(session, actor=actor, person_id=row.person_id, now=now)
    shown = person.revealed_until is not None
    areas = _areas(session, row)
    held = care_plans.duties(session, elder_id)
    names = names_of(session, set(held.values()))
    consents = _consents(session, elder_id)
    return ElderPage(
        elder_of(row),
        areas.get(row.building_id, ""),
        areas.get(row.grid_id, ""),
        person,
        crypto.unseal(row.called) if shown else "",
        crypto.unseal(row.place) if shown else "",
        crypto.unseal(row.health) if shown and Scope.HEALTH in consents else "",
        {duty: (user, names.get(user, "")) for duty, user in held.items()},
        tuple(care_plans.slots_of(session, elder_id)),
        consents,
        contacts(session, actor, elder_id, now),
        _days(session, elder_id, now),
        _signals(session, elder_id),
        _incidents(session, elder_id),
        tuple(absences.of_elder(session, actor=actor, elder_id=elder_id)),
        _visits(session, elder_id),
    )


def _areas(session: Session, row: ElderRow) -> dict[UUID | None, str]:
    wanted = {area for area in (row.building_id, row.grid_id) if area}
    query = select(AreaRow.id, AreaRow.name).where(AreaRow.id.in_(wanted))
    return {area: name for area, name in session.execute(query)}  # noqa: C416


def _consents(session: Session, elder_id: UUID) -> dict[Scope, tuple[date, str]]:
    row = ConsentRow
    query = select(row.scope, row.granted_on, row.paper).where(row.elder_id == elder_id, row.withdrawn_on.is_(None))
    return {Scope(scope): (day, paper) for scope, day, paper in session.execute(query)}


def contacts(session: Session, actor: Actor, elder_id: UUID, now: datetime) -> tuple[Contact, ...]:
    """List whom to call, first to last, each masked until this viewer has a purpose."""
    query = select(ElderContactRow).where(ElderContactRow.elder_id == elder_id).order_by(ElderContactRow.rank)
    return tuple(
        Contact(
            row.relation,
            row.has_key,
            row.minutes_away,
            people.get(session, actor=actor, person_id=row.person_id, now=now),
        )
        for row in session.scalars(query)
    )


def _days(session: Session, elder_id: UUID, now: datetime) -> dict[date, dict[Slot, WindowState]]:
    row, today = CheckWindowRow, local_date(now)
    query = select(row.day, row.slot, row.state).where(
        row.elder_id == elder_id, row.day > today - YEAR, row.day <= today
    )
    found: dict[date, dict[Slot, WindowState]] = {}
    for day, slot, state in session.execute(query):
        found.setdefault(day, {})[Slot(slot)] = WindowState(state)
    return found


def _signals(session: Session, elder_id: UUID) -> tuple[Signal, ...]:
    row = ObservationRow
    query = select(row.at, row.look, row.source, row.seen_by, row.by_id, row.late).where(row.elder_id == elder_id)
    found = session.execute(query.order_by(row.at.desc()).limit(SIGNALS)).all()
    names = names_of(session, {one.seen_by or one.by_id for one in found})
    return tuple(
        Signal(one.at, Look(one.look), Source(one.source), names.get(one.seen_by or one.by_id, ""), one.late)
        for one in found
    )


def _incidents(session: Session, elder_id: UUID) -> tuple[Past, ...]:
    row = IncidentRow
    columns: tuple[Any, ...] = (row.id, row.number, row.cause, row.state, row.found, row.opened_at, row.closed_at)
    query = select(*columns).where(row.elder_id == elder_id).order_by(row.opened_at.desc()).limit(INCIDENTS)
    return tuple(
        Past(i, no_text(number), Cause(cause), IncidentState(state), Found(found) if found else None, opened, closed)
        for i, number, cause, state, found, opened, closed in session.execute(query)
    )


def _visits(session: Session, elder_id: UUID) -> tuple[Visit, ...]:
    row = PairVisitRow
    query = select(row.id, row.visited_on, row.by_id, row.by_phone).where(row.elder_id == elder_id)
    found = session.execute(query.order_by(row.visited_on.desc()).limit(24)).all()
    names = names_of(session, {one.by_id for one in found})
    return tuple(Visit(one.id, one.visited_on, names.get(one.by_id, ""), one.by_phone) for one in found)
