"""An incident as its drawer shows it: where the ladder stands and what comes next, what was done, whom to call."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import care_elder, crypto, incident_events, people
from db.care_board import names_of
from db.care_elder import Contact
from db.models import (
    AreaRow,
    CheckWindowRow,
    ConsentRow,
    ElderRow,
    IncidentEventRow,
    IncidentNoteRow,
    IncidentRow,
    IncidentStepRow,
    OutboxRow,
)
from domain import ladder
from domain.access import Actor
from domain.care import Scope, Sign, Tier, code_text
from domain.errors import NotFound
from domain.incidents import AT_THE_DOOR, ENDED_STATES, Incident, IncidentAction, Who
from domain.outbox import MessageState, Reach, Template, reach
from domain.people import Person, Purpose

RIGHTS = ("incidents.work", "incidents.decide", "incidents.close", "incidents.review")


@dataclass(frozen=True)
class Rung:
    """A step of the ladder: taken, next, or yet to come."""

    who: tuple[Who, ...]
    text: str
    planned_at: datetime
    taken_at: datetime | None
    is_next: bool
    reached: Reach | None = None  # how far the news of a step that was taken got


@dataclass(frozen=True)
class Line:
    at: datetime
    action: IncidentAction
    who: str
    detail: Mapping[str, Any]
    note: str


@dataclass(frozen=True)
class Sheet:
    incident: Incident
    elder_id: UUID
    code: str
    building: str
    grid: str
    tier: Tier
    sign: Sign
    hard_of_hearing: bool
    due_at: datetime | None
    acked_by: str
    responder: str
    rungs: tuple[Rung, ...]
    lines: tuple[Line, ...]
    messages: Mapping[MessageState, int]
    person: Person
    contacts: tuple[Contact, ...]
    may_enter: bool  # the elder has agreed that the door is opened in an emergency
    place: str  # while this viewer has the person revealed
    health: str  # while they have for an emergency
    rights: frozenset[str]

    @property
    def is_over(self) -> bool:
        return self.incident.state in ENDED_STATES

    @property
    def is_taken(self) -> bool:
        """Tell whether somebody is seeing to it; who said when they would be there and was not, is not."""
        one = self.incident
        return one.acked_by is not None and (one.eta_at is not None or one.state in AT_THE_DOOR)

    def is_mine(self, actor: Actor) -> bool:
        """Tell whether it is this person; a time promised and not kept may be promised anew."""
        return self.is_taken and self.incident.acked_by == actor.user_id


def sheet(session: Session, *, actor: Actor, incident_id: UUID, now: datetime) -> Sheet:
    row = session.get(IncidentRow, incident_id)
    if row is None or not incident_events.may(session, actor, "incidents.read", row):
        raise NotFound("没有找到这条预警，可能不在您的辖区。")
    elder = session.get_one(ElderRow, row.elder_id)
    person = people.get(session, actor=actor, person_id=elder.person_id, now=now)
    shown, agreed = person.revealed_until is not None, _agreed(session, elder.id)
    why = {"person_id": person.id, "purpose": Purpose.EMERGENCY}
    asked = people.revealed_for(session, actor=actor, **why, now=now)  # type: ignore[arg-type]
    urgent = asked and not incident_events.is_over(row)
    areas = _areas(session, elder)
    names = names_of(session, {row.acked_by, row.responder_id})
    return Sheet(
        incident_events.incident_of(row),
        elder.id,
        code_text(elder.number),
        areas.get(elder.building_id, ""),
        areas.get(elder.grid_id, ""),
        Tier(elder.tier),
        Sign(elder.sign),
        elder.hard_of_hearing,
        session.scalars(select(CheckWindowRow.due_at).where(CheckWindowRow.id == row.window_id)).first(),
        names.get(row.acked_by, ""),
        names.get(row.responder_id, ""),
        _rungs(session, row),
        _lines(session, row),
        _messages(session, row.id),
        person,
        care_elder.contacts(session, actor, elder.id, now),
        Scope.ENTRY in agreed,
        crypto.unseal(elder.place) if shown else "",
        crypto.unseal(elder.health) if urgent and Scope.HEALTH in agreed else "",
        frozenset(r for r in RIGHTS if not actor.read_only and incident_events.may(session, actor, r, row)),
    )


def _agreed(session: Session, elder_id: UUID) -> frozenset[str]:
    row = ConsentRow
    return frozenset(session.scalars(select(row.scope).where(row.elder_id == elder_id, row.withdrawn_on.is_(None))))


def _areas(session: Session, elder: ElderRow) -> dict[UUID | None, str]:
    wanted = {area for area in (elder.building_id, elder.grid_id) if area}
    query = select(AreaRow.id, AreaRow.name).where(AreaRow.id.in_(wanted))
    return {area: name for area, name in session.execute(query)}  # noqa: C416


def _rungs(session: Session, row: IncidentRow) -> tuple[Rung, ...]:
    """Lay the ladder out as this incident has it: what was taken in the present lap, and when the next is due."""
    step = IncidentStepRow
    query = select(step.step, func.max(step.at)).where(step.incident_id == row.id).group_by(step.step)
    taken = {number: at for number, at in session.execute(query) if number <= row.step}
    steps, over = ladder.read(row.ladder), row.state in ENDED_STATES
    sent = told(session, row.id)
    following = min(row.step + 1, len(steps) - 1)
    return tuple(
        Rung(
            one.who,
            one.text,
            row.next_step_at if n == following and row.next_step_at else row.opened_at + timedelta(minutes=one.after),
            taken.get(n),
            n == following and not over,
            _reach(sent, taken, n) if n in taken else None,
        )
        for n, one in enumerate(steps)
    )


def told(session: Session, incident_id: UUID) -> list[tuple[int, datetime, MessageState]]:
    """List the messages of an incident's steps: the step, since when it is owed, what became of it."""
    row = OutboxRow
    mine = (row.incident_id == incident_id, row.template == Template.INCIDENT_STEP)
    found = session.execute(select(row.body, row.created_at, row.state).where(*mine))
    return [(int(body.get("step", 0)), at, MessageState(state)) for body, at, state in found]


def _reach(sent: list[tuple[int, datetime, MessageState]], taken: Mapping[int, datetime], step: int) -> Reach:
    """Tell how far the news of a step got; steps caught up at once share the message of the last."""
    at = taken[step]
    named = max(n for n, when in taken.items() if when == at)
    return reach({state for n, owed, state in sent if n == named and owed >= at})


def _lines(session: Session, row: IncidentRow) -> tuple[Line, ...]:
    """Tell the timeline, newest first, with the words that may be erased."""
    event, note = IncidentEventRow, IncidentNoteRow
    query = (
        select(event.at, event.action, event.actor_id, event.detail, note.body)
        .outerjoin(note, note.event_id == event.id)
        .where(event.incident_id == row.id)
        .order_by(event.seq.desc())
    )
    found = session.execute(query).all()
    names = names_of(session, {one.actor_id for one in found})
    return tuple(
        Line(one.at, IncidentAction(one.action), names.get(one.actor_id, "系统"), one.detail or {}, one.body or "")
        for one in found
    )


def _messages(session: Session, incident_id: UUID) -> dict[MessageState, int]:
    states = session.scalars(select(OutboxRow.state).where(OutboxRow.incident_id == incident_id))
    return Counter(MessageState(state) for state in states)
