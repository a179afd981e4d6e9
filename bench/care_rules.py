"""What must be true of every day of 平安守望, told by an account of its own of what was owed and who was away."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from db import unwatched
from db.models import CheckWindowRow, DayRow, IncidentEventRow, IncidentRow, OutboxRow
from domain.care import ALARMED, OVER, WindowState
from domain.clock import at_local
from domain.incidents import ENDED_STATES, Cause, IncidentState
from domain.outbox import Template
from domain.windows import WEAK_BUYS

_ENDED = frozenset(state.value for state in ENDED_STATES)
_IDS: BindParameter[list[UUID]] = bindparam("ids", expanding=True)
_OF_DAY = select(CheckWindowRow).where(CheckWindowRow.day == bindparam("day"))
_INCIDENTS = select(IncidentRow).where(IncidentRow.window_id.in_(_IDS))
_EVENTS = select(IncidentEventRow.incident_id).where(IncidentEventRow.incident_id.in_(_IDS))
_FIRST_MESSAGES = select(OutboxRow.incident_id).where(
    OutboxRow.incident_id.in_(_IDS), OutboxRow.template == Template.INCIDENT_STEP.value
)


@dataclass
class Told:
    """An absence as it was told."""

    id: UUID
    start: datetime
    until: datetime
    at: datetime
    ended: datetime | None = None


@dataclass(frozen=True)
class Since:
    at: datetime
    agreed: bool = False
    gone: bool = False
    plan: dict[str, int] = field(default_factory=dict)  # slot → weekdays


@dataclass
class Life:
    """What was agreed about an elder, and since when; absences as they were told."""

    id: UUID
    code: str
    opens: dict[str, int]
    history: list[Since] = field(default_factory=list)
    away: list[Told] = field(default_factory=list)

    def note(
        self, now: datetime, *, agreed: bool | None = None, gone: bool = False, plan: dict[str, int] | None = None
    ) -> None:
        last = self.history[-1] if self.history else Since(now)
        kept = last.agreed if agreed is None else agreed
        self.history.append(Since(now, kept, last.gone or gone, last.plan if plan is None else plan))

    def owed(self, day: date) -> set[str]:
        """Say which slots of this day are owed: by what held in the minute they opened."""
        found = set()
        for slot, minute in self.opens.items():
            opens = at_local(day, time()) + timedelta(minutes=minute)
            then = [since for since in self.history if since.at < opens]
            if then and then[-1].agreed and not then[-1].gone and then[-1].plan.get(slot, 0) & 1 << day.weekday():
                found.add(slot)
        return found


def problems(session: Session, *, day: date, lives: Sequence[Life], jumped: bool) -> list[str]:
    """Name what is not as it must be on this day, which is over."""
    rows = session.scalars(_OF_DAY, {"day": day}).all()
    by_elder: dict[UUID, list[CheckWindowRow]] = defaultdict(list)
    for row in rows:
        by_elder[row.elder_id].append(row)
    incidents = session.scalars(_INCIDENTS, {"ids": [row.id for row in rows]}).all()
    told = {incident.window_id: incident for incident in incidents}
    said = _said_unwatched(session, day)
    found: list[str] = []
    for life in lives:
        found += _made(life, day, by_elder[life.id], said)
        found += _of_life(life, by_elder[life.id], told, jumped=jumped)
    return [*found, *_of_incidents(session, incidents)]


def _said_unwatched(session: Session, day: date) -> str | None:
    """Give what was said of a day that no worker saw; none if it was a day like any other."""
    if session.get(DayRow, (unwatched.JOB, day)) is None:
        return None
    texts = session.scalars(select(OutboxRow.body).where(OutboxRow.dedupe_key.startswith("unwatched:")))
    return " ".join(body["text"] for body in texts)


def _made(life: Life, day: date, rows: Sequence[CheckWindowRow], said: str | None) -> Iterator[str]:
    """E1: one window a slot that is owed; or the day went by without a worker, and that was said of this elder."""
    made, owed = sorted(row.slot for row in rows), sorted(life.owed(day))
    if made == owed:
        return
    if said is None or not set(made) <= set(owed):
        yield f"owed {owed}, made {made}"
        return
    start = at_local(day, time())
    end = start + timedelta(days=1)
    away = any(told.start < end and start < told.until for told in life.away)
    if life.history[-1].at < end and life.code not in said and not away:
        yield f"owed {owed}, made {made}, and nobody said so"


def _of_life(
    life: Life, rows: Sequence[CheckWindowRow], told: dict[UUID | None, IncidentRow], *, jumped: bool
) -> Iterator[str]:
    """E2: each look ended well, excused, or with one incident. E7: none while away."""
    for row in rows:
        incident = told.get(row.id)
        if wrong := _wrong(row, incident):
            yield f"{row.slot} {row.state}: {wrong}"
        if row.looker_id is None:
            yield f"{row.slot}: nobody answers for it"
        if row.state == WindowState.EXCUSED and not (_was_away(life, row) or life.history[-1].gone):
            yield f"{row.slot}: excused, and nobody told of an absence"
        if incident and incident.cause == Cause.NOT_LOOKED and not jumped and _is_away(life, row, incident.opened_at):
            yield f"{row.slot}: alarmed while away"


def _wrong(row: CheckWindowRow, incident: IncidentRow | None) -> str:
    state = WindowState(row.state)
    if state not in OVER | ALARMED:
        end = at_local(row.day, time()) + timedelta(days=1)
        return "" if row.grace_until + WEAK_BUYS >= end else "past grace and still waiting"
    if row.next_at is not None:
        return "over, and still to be looked at"
    if state in ALARMED and (incident is None or incident.state in _ENDED):
        return "alarmed without an open incident"
    if state in (WindowState.CLEARED_LATE, WindowState.CONFIRMED_EVENT):
        ended = incident is not None and incident.state == IncidentState.RESOLVED
        return "" if ended else "closed without an incident that was resolved"
    if state is WindowState.SEEN_OK and incident is not None and incident.state not in _ENDED:
        return "all is well, and an incident is open"
    return ""


def _was_away(life: Life, row: CheckWindowRow) -> bool:
    return any(told.start < row.grace_until and row.due_at < told.until for told in life.away)


def _is_away(life: Life, row: CheckWindowRow, now: datetime) -> bool:
    """Tell whether an absence covered the look when the alarm was raised."""
    return any(
        told.at <= row.grace_until
        and told.at < now
        and told.start < row.grace_until
        and row.due_at < told.until
        and (told.ended is None or told.ended > now)
        for told in life.away
    )


def _of_incidents(session: Session, incidents: Sequence[IncidentRow]) -> Iterator[str]:
    """E3: the first message was owed with it. E5: what is open has a next step."""
    ids = [incident.id for incident in incidents]
    written = Counter(session.scalars(_EVENTS, {"ids": ids}))
    told = set(session.scalars(_FIRST_MESSAGES, {"ids": ids}))
    for incident in incidents:
        if written[incident.id] != incident.version:
            yield f"incident {incident.number}: versions and events differ"
        if incident.id not in told:
            yield f"incident {incident.number}: no message was ever owed"
        if incident.state not in _ENDED and incident.next_step_at is None:
            yield f"incident {incident.number}: open, with no next step"


def running(session: Session) -> list[IncidentRow]:
    return list(session.scalars(select(IncidentRow).where(IncidentRow.state.not_in(_ENDED))))
