"""What a look that is owed and an incident come to in the roll-ups; below the grid a figure would be one elder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain.care import WAITING, WindowState
from domain.clock import local_date
from domain.incidents import IncidentState
from domain.stats import DOOR, Booking, Grain, bucket, keys_of, month_of

_DAY, _MONTH = Grain.DAY.value, Grain.MONTH.value
DEEPEST = 3  # street, community, grid
Key = tuple[str, str, date]  # area, grain, starts_on
Cells = dict[Key, dict[str, int]]


@dataclass(frozen=True)
class WindowFacts:
    area_path: str
    day: date
    state: str
    seen_at: datetime | None
    grace_until: datetime


@dataclass(frozen=True)
class IncidentFacts:
    area_path: str
    state: str
    step: int
    opened_at: datetime
    on_scene_at: datetime | None


def bookings(one: WindowFacts | IncidentFacts) -> Iterator[Booking]:
    return _window(one) if isinstance(one, WindowFacts) else _incident(one)


def _window(window: WindowFacts) -> Iterator[Booking]:
    state = window.state
    if state == WindowState.EXCUSED:
        yield window.day, "excused"
    elif state == WindowState.UNCHECKED:  # a look until the grace is over still makes it good
        yield window.day, "missed"
    elif state not in WAITING:
        if window.seen_at is None or window.seen_at > window.grace_until:
            yield window.day, "missed"
            return
        yield window.day, "looked"
        yield window.day, "ok" if state == WindowState.SEEN_OK else "closed"


def _incident(incident: IncidentFacts) -> Iterator[Booking]:
    if incident.state == IncidentState.WITHDRAWN:
        return
    day = local_date(incident.opened_at)
    yield day, "incidents"
    if incident.step > 0:
        yield day, "escalated"
    if incident.on_scene_at and incident.on_scene_at >= incident.opened_at:
        yield day, DOOR[bucket(incident.on_scene_at - incident.opened_at)]


def add(cells: Cells, one: WindowFacts | IncidentFacts, sign: int = 1) -> None:
    areas = keys_of(one.area_path)[:DEEPEST]
    for day, measure in bookings(one):
        for grain, start in ((_DAY, day), (_MONTH, month_of(day))):
            for area in areas:
                cell = cells.setdefault((area, grain, start), {})
                cell[measure] = cell.get(measure, 0) + sign


def without_zeros(cells: Mapping[Key, Mapping[str, int]]) -> Cells:
    kept = ((key, {name: n for name, n in cell.items() if n}) for key, cell in cells.items())
    return {key: cell for key, cell in kept if cell}
