"""What helpers did: tickets they closed, and services, rounds, talks and suggestions that staff noted."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from demo.chance import Chance
from demo.histories import History
from demo.people import Team
from demo.places import Place
from demo.plan import LATELY, Service
from domain.areas import Level
from domain.awards import TICKET_LONGEST, TIMELESS, Facts, method_of
from domain.clock import at_local, local_date
from domain.points import Method, RecordKind
from domain.tickets import Kind, Satisfaction, Status

WEEKS = 56  # of the fixed volunteer's Wednesdays: over a hundred hours, the first star
WAITING = 4  # of yesterday's, not vouched for yet
_AT_NIGHT = time(2, 40)
_A_STOP = timedelta(minutes=4)
_NOTED_AFTER = timedelta(minutes=20)
_BACKFILLED = timedelta(days=5)
_KINDS = {
    RecordKind.SERVICE: 0.55,
    RecordKind.ROUND: 0.3,
    RecordKind.SUGGESTION: 0.1,
    RecordKind.MEDIATION: 0.05,
}
_OF_TICKETS = {Kind.SERVICE: RecordKind.SERVICE, Kind.ALERT: RecordKind.VISIT}
Spans = defaultdict[UUID, list[tuple[datetime, datetime]]]


@dataclass(frozen=True)
class Deed:
    person_id: UUID
    place: Place
    facts: Facts
    recorded_by: UUID | None = None  # none: the ticket
    ticket_id: UUID | None = None
    waits: bool = False

    @property
    def recorded_at(self) -> datetime:
        return self.facts.recorded_at

    @property
    def served_on(self) -> date:
        return local_date(self.facts.ended_at)

    @property
    def length(self) -> timedelta:
        return self.facts.ended_at - self.facts.started_at


def deeds(
    team: Team,
    histories: Sequence[History],
    chance: Chance,
    now: datetime,
    windows: Sequence[dict[str, Any]] = (),
    service: Service = LATELY,
) -> Iterator[Deed]:
    """List them, no two of one person at the same time; then more, until the hours asked for are full."""
    taken: Spans = defaultdict(list)
    left = timedelta(hours=service.hours)
    for deed in (*_of_tickets(team, histories), *_walked(team, windows, now), *_noted(team, chance, now)):
        if deed.recorded_at <= now and _is_free(deed, taken):
            left -= deed.length
            yield deed
    while left > timedelta(0):
        deed = _served(team, chance, local_date(now), service.days)
        if _is_free(deed, taken):
            left -= deed.length
            yield deed


def _is_free(deed: Deed, taken: Spans) -> bool:
    """Take the time for this deed, if its person did nothing else then."""
    start, end = deed.facts.started_at, deed.facts.ended_at
    theirs = taken[deed.person_id]
    if any(start < other_end and end > other_start for other_start, other_end in theirs):
        return False
    theirs.append((start, end))
    return True


def _of_tickets(team: Team, histories: Sequence[History]) -> Iterator[Deed]:
    people = {actor.user_id: person for actor, person in zip(team.volunteers, team.helpers, strict=False)}
    for history in histories:
        row = history.row
        kind, person = _OF_TICKETS.get(Kind(row["kind"])), people.get(team.user_of(row["handler_id"]) or row["id"])
        if kind is None or person is None or row["status"] != Status.CLOSED or not row["claimed_at"]:
            continue
        start = max(row["claimed_at"], row["resolved_at"] - TICKET_LONGEST)
        said = Satisfaction(row["satisfaction"]) if row["satisfaction"] else None
        times = (start, row["resolved_at"], row["closed_at"])
        facts = Facts(kind, *times, Method.TICKET, satisfaction=said)
        yield Deed(person, history.case.place, facts, None, row["id"])


def _walked(team: Team, windows: Sequence[dict[str, Any]], now: datetime) -> Iterator[Deed]:
    """Give the fixed volunteer's rounds as their windows tell of them; the night writes the day's."""
    if not team.has_story:
        return
    rounds: defaultdict[tuple[date, str], list[datetime]] = defaultdict(list)
    for row in windows:
        if row["seen_by"] == team.volunteers[0].user_id and row["seen_at"] <= row["due_at"]:
            rounds[row["day"], row["slot"]].append(row["seen_at"])
    place = team.buildings[0]
    for (day, _), seen in sorted(rounds.items()):
        written = at_local(day + timedelta(days=1), _AT_NIGHT)
        began = max(min(seen), max(seen) - len(seen) * _A_STOP)
        facts = Facts(RecordKind.ROUND, began, max(seen), written, Method.ROUND, len(seen))
        if written <= now:
            yield Deed(team.helpers[0], place, facts)


def _noted(team: Team, chance: Chance, now: datetime) -> Iterator[Deed]:
    today = local_date(now)
    if team.has_story:
        yield from _wednesdays(team, chance, today)
    for n, person in enumerate(team.helpers):
        if n < WAITING:
            yield _deed(team, chance, person, RecordKind.SERVICE, today - timedelta(days=1), waits=True)
        known = chance.randint(30, 400)  # days since they joined
        for _ in range(min(known // 25, 10)):
            day = today - timedelta(days=chance.randint(1, known))
            yield _deed(team, chance, person, chance.weighted(_KINDS), day, late=chance.happens(0.02))


def _wednesdays(team: Team, chance: Chance, today: date) -> Iterator[Deed]:
    last = today - timedelta(days=(today.weekday() - 2) % 7 or 7)
    for week in range(WEEKS):
        day = last - timedelta(weeks=week)
        start, end = at_local(day, time(9)), at_local(day, time(11))
        facts = Facts(RecordKind.SERVICE, start, end, end + _NOTED_AFTER)
        yield _at(team, chance, team.helpers[0], facts)


def _deed(
    team: Team, chance: Chance, person: UUID, kind: RecordKind, day: date, *, late: bool = False, waits: bool = False
) -> Deed:
    end = at_local(day, time(chance.randint(9, 17), 10 * chance.randint(0, 5)))
    long = {RecordKind.ROUND: (2, 4), RecordKind.SERVICE: (3, 18)}.get(kind, (3, 6))
    start = end if kind in TIMELESS else end - timedelta(minutes=10 * chance.randint(*long))
    items = chance.randint(2, 8) if kind is RecordKind.ROUND else 1
    recorded_at = end + (_BACKFILLED if late else _NOTED_AFTER)
    facts = Facts(kind, start, end, recorded_at, method_of(end, recorded_at), items)
    return _at(team, chance, person, facts, waits=waits)


def _served(team: Team, chance: Chance, today: date, days: int) -> Deed:
    """Draw a service of about two hours, long enough ago to be confirmed by now."""
    day = today - timedelta(days=chance.randint(4, days))
    start = at_local(day, time(chance.randint(8, 15), 10 * chance.randint(0, 5)))
    end = start + timedelta(minutes=10 * chance.randint(9, 15))
    return _at(team, chance, chance.one(team.helpers), Facts(RecordKind.SERVICE, start, end, end + _NOTED_AFTER))


def _at(team: Team, chance: Chance, person: UUID, facts: Facts, *, waits: bool = False) -> Deed:
    place = chance.one(team.buildings)
    grid = place.above(Level.GRID)
    assert grid
    return Deed(person, place, facts, team.workers[grid.id].user_id, waits=waits)
