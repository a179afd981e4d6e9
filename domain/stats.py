"""What a ticket comes to in the roll-ups, and where: one pure function for writing, rebuilding and checking.

A ticket's bookings follow from its facts alone. An event books the facts after it less those before it, so that
reclassifying, moving, reopening or taking an import back need no rule of their own.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from domain.areas import Level
from domain.clock import at_local, local, local_date
from domain.due import SAME_DAY, Matter
from domain.tickets import CLOCK_RUNS, Channel, Kind, Result, Satisfaction, Status


class Grain(StrEnum):
    DAY = "day"
    MONTH = "month"
    WEEKDAY = "wday"  # a month's days of one weekday, named by the first of them: what was reported, nothing else


class Dim(StrEnum):
    ALL = "all"
    CATEGORY = "category"
    KIND = "kind"
    HANDLER = "handler"
    HOUR = "hour"  # of the report: nothing else is counted by it


LEVELS = (Level.STREET, Level.COMMUNITY, Level.GRID, Level.BUILDING)
_WIDE: dict[Grain, tuple[Dim, ...]] = {
    Grain.DAY: (Dim.ALL, Dim.CATEGORY, Dim.KIND, Dim.HOUR),
    Grain.MONTH: (Dim.ALL, Dim.CATEGORY, Dim.KIND, Dim.HANDLER),
    Grain.WEEKDAY: (Dim.CATEGORY, Dim.HOUR),
}
# what is kept at which level: grid × day × category would be a cell a ticket, and no smaller than the tickets
KEPT: dict[Level, dict[Grain, tuple[Dim, ...]]] = {
    Level.STREET: _WIDE,
    Level.COMMUNITY: _WIDE,
    Level.GRID: {Grain.DAY: (Dim.ALL,), Grain.MONTH: (Dim.ALL, Dim.CATEGORY, Dim.KIND)},
    Level.BUILDING: {Grain.MONTH: (Dim.ALL,)},
}
# upper ends of the buckets of times, in minutes; one more bucket is open at its end
BUCKETS = (15, 30, 60, 120, 240, 480, 720, 1440, 2880, 4320, 7200, 10080, 14400, 21600, 43200)
CONTACT = tuple(f"contact_{n}" for n in range(len(BUCKETS) + 1))
CLOSING = tuple(f"closing_{n}" for n in range(len(BUCKETS) + 1))
DOOR = tuple(f"door_{n}" for n in range(len(BUCKETS) + 1))
ON_REPORT = ("reported", "dropped", "done", "same_day_all", "same_day", "proactive")
ON_CLOSING = ("closed", "judged", "solved", "rated", "satisfied", "reopened_soon", "placed", "recurred")
ON_REOPENING = ("reopened",)
ON_DUE = ("due", "on_time", "pending")
MEASURES = (*ON_REPORT, *ON_CLOSING, *ON_REOPENING, *ON_DUE, *CONTACT, *CLOSING)
CHECKIN_MEASURES = ("looked", "missed", "ok", "closed", "excused", "incidents", "escalated", *DOOR)
REOPENED_SOON = timedelta(days=7)
RECURS_WITHIN = timedelta(days=30)
DROPPED = frozenset({Status.REJECTED, Status.CANCELLED})
SATISFIED = frozenset({Satisfaction.SATISFIED, Satisfaction.MOSTLY})
FOUND_BY_US = frozenset({Channel.PATROL, Channel.BUILDING_HEAD, Channel.SYSTEM})

Booking = tuple[date, str]  # the day, the measure
Key = tuple[str, str, str, date, str]  # area, grain, dim, starts_on, member: as the primary key goes
Cells = dict[Key, dict[str, int]]


@dataclass(frozen=True)
class Scope:
    """What figures are asked for: a place, the days from `start` to `end`, both included, and what of it."""

    area_id: UUID
    area_path: str
    start: date
    end: date
    kind: Kind | None = None
    category_id: UUID | None = None

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def level(self) -> Level:
        return list(Level)[self.area_path.count("/") - 2]


@dataclass(frozen=True)
class Round:
    """A round of work on a ticket; `reopened_at` ended all but the last."""

    number: int
    due_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    result: str | None
    satisfaction: str | None
    reopened_at: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """All of a ticket that figures depend on."""

    area_path: str
    has_building: bool
    category_id: UUID | None
    kind: str
    handler_id: UUID | None
    status: str
    matter: str | None
    channel: str
    reported_at: datetime
    reported_on: date
    first_contact_at: datetime | None
    hidden: bool
    rounds: tuple[Round, ...]  # the last one runs
    recurs_on: date | None = None  # when the same matter was closed here before, at most 30 days earlier


def bookings(ticket: Facts) -> Iterator[Booking]:
    """Say what the ticket counts as, and on which day; what an undone import made counts nowhere."""
    if ticket.hidden:
        return
    yield from ((ticket.reported_on, name) for name in _reported(ticket))
    yield from _due(ticket)
    closings = [one for one in ticket.rounds if one.closed_at]
    for one in closings:
        yield from _closed(ticket, one)
    if closings and closings[0].closed_at:
        day = local_date(closings[0].closed_at)
        yield from ((day, buckets[bucket(spent)]) for buckets, spent in took(ticket).items())
    if ticket.recurs_on:
        yield ticket.recurs_on, "recurred"


def _reported(ticket: Facts) -> Iterator[str]:
    yield "reported"
    if ticket.channel in FOUND_BY_US or ticket.kind == Kind.PREVENTIVE:
        yield "proactive"
    if ticket.status in DROPPED:
        yield "dropped"
        return
    if ticket.status == Status.CLOSED:
        yield "done"
    if ticket.matter and Matter(ticket.matter) in SAME_DAY:
        yield "same_day_all"
        resolved = ticket.rounds[0].resolved_at
        if resolved and local_date(resolved) == ticket.reported_on:
            yield "same_day"


def due_day(due_at: datetime) -> date:
    """Tell on which day something is due: 24:00 belongs to the day that ends."""
    return local_date(due_at - datetime.resolution)


def _due(ticket: Facts) -> Iterator[Booking]:
    first, last = ticket.rounds[0], ticket.rounds[-1]
    if first.due_at and ticket.status not in DROPPED:
        yield due_day(first.due_at), "due"
        if first.resolved_at and first.resolved_at <= first.due_at:
            yield due_day(first.due_at), "on_time"
    if last.due_at and Status(ticket.status) in CLOCK_RUNS:
        yield due_day(last.due_at), "pending"


def _closed(ticket: Facts, one: Round) -> Iterator[Booking]:
    assert one.closed_at
    day = local_date(one.closed_at)
    yield day, "closed"
    if one.result:
        yield day, "judged"
    if one.result == Result.SOLVED:
        yield day, "solved"
    if one.satisfaction and one.satisfaction != Satisfaction.UNREACHED:
        yield day, "rated"
        if Satisfaction(one.satisfaction) in SATISFIED:
            yield day, "satisfied"
    if ticket.has_building and ticket.category_id:
        yield day, "placed"
    if one.reopened_at:
        yield local_date(one.reopened_at), "reopened"
        if one.reopened_at - one.closed_at <= REOPENED_SOON:
            yield day, "reopened_soon"


def took(ticket: Facts) -> dict[tuple[str, ...], timedelta]:
    """Say by their buckets how long closing and first contact took; a list with one date for all tells nothing."""
    begun, contact = ticket.reported_at, ticket.first_contact_at
    closed = next((one.closed_at for one in ticket.rounds if one.closed_at), None)
    if closed is None or closed <= begun:
        return {}
    return {CLOSING: closed - begun} | ({CONTACT: contact - begun} if contact and begun <= contact else {})


def moments(ticket: Facts, measures: Set[str]) -> Iterator[datetime]:
    """Give the moments that bookings of these measures come from, each within the day of its bookings."""
    if measures & set(ON_REPORT):
        yield ticket.reported_at
    for one in ticket.rounds:
        if one.due_at and measures & set(ON_DUE):
            yield one.due_at - datetime.resolution
        if one.reopened_at and measures & set(ON_REOPENING):
            yield one.reopened_at
        if one.closed_at and measures - {*ON_REPORT, *ON_DUE, *ON_REOPENING}:
            yield one.closed_at
    if ticket.recurs_on and "recurred" in measures:
        yield at_local(ticket.recurs_on, time(0))


def bucket(took: timedelta) -> int:
    return bisect_right(BUCKETS, took.total_seconds() / 60 - 1e-9)


def quantile(counts: Sequence[int], share: float) -> float | None:
    """Estimate a quantile of times in minutes from their buckets, evenly spread within each; None without any."""
    total = sum(counts)
    if not total:
        return None
    left = share * total
    for number, count in enumerate(counts):
        if count and left <= count:
            low = BUCKETS[number - 1] if number else 0
            high = BUCKETS[number] if number < len(BUCKETS) else BUCKETS[-1] * 2
            return low + (high - low) * left / count
        left -= count
    return float(BUCKETS[-1] * 2)


def keys_of(area_path: str) -> list[str]:
    """List the keys of the areas on a path from the street down: the last twelve digits of their ids."""
    return area_path.strip("/").split("/")


def key_of(area_id: UUID) -> str:
    return area_id.hex[-12:]


def month_of(day: date) -> date:
    return day.replace(day=1)


def weekday_of(day: date) -> date:
    """Name the first day of the month with this weekday."""
    return day.replace(day=(day.day - 1) % 7 + 1)


# the same as plain words: a ticket has some twenty-five such places
_PLACES = [
    (depth, grain.value, dim.value)
    for depth, level in enumerate(LEVELS)
    for grain, dims in KEPT[level].items()
    for dim in dims
]


def places(ticket: Facts) -> list[tuple[str, str, str, str]]:
    """List area, grain, dim and member of every cell that a day of this ticket goes into."""
    members = {
        "all": "",
        "kind": ticket.kind,
        "category": ticket.category_id.hex if ticket.category_id else "",
        "handler": ticket.handler_id.hex if ticket.handler_id else "",
        "hour": f"{local(ticket.reported_at).hour:02d}",
    }
    areas = keys_of(ticket.area_path)
    return [
        (areas[depth], grain, dim, members[dim])
        for depth, grain, dim in _PLACES
        if depth < len(areas) and (dim != "handler" or ticket.handler_id)
    ]


def by_day(ticket: Facts) -> dict[date, list[str]]:
    """List what the ticket counts as on each of its days."""
    days: dict[date, list[str]] = {}
    for day, measure in bookings(ticket):
        days.setdefault(day, []).append(measure)
    return days


def add(cells: Cells, ticket: Facts, sign: int = 1) -> None:
    """Add a ticket's bookings to the cells, or with -1 take them out."""
    days = by_day(ticket)
    where = places(ticket) if days else []
    for day, measures in days.items():
        starts = {"day": day, "month": month_of(day), "wday": weekday_of(day)}
        for area, grain, dim, member in where:
            alone = dim == "hour" or grain == "wday"  # reports, and nothing else
            if alone and "reported" not in measures:
                continue
            cell = cells.setdefault((area, grain, dim, starts[grain], member), {})
            for measure in ["reported"] if alone else measures:
                cell[measure] = cell.get(measure, 0) + sign


def without_zeros(cells: Mapping[Key, Mapping[str, int]]) -> Cells:
    kept = ((key, {name: n for name, n in cell.items() if n}) for key, cell in cells.items())
    return {key: cell for key, cell in kept if cell}
