"""平安守望 at a glance: the state of each elder's tile, its words, what narrows the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from domain.care import Sign, Slot, Tier, WindowState
from domain.clock import local
from domain.ids import parse_id

E = TypeVar("E", bound=StrEnum)
TODAY = "今日守望"  # the page's first part
EVENING_FROM_HOUR = 15
NAMES = ("community", "grid", "state", "tier", "sign", "volunteer", "text", "slot")


class TileState(StrEnum):
    """What a tile says, most urgent first: an open incident goes before whatever the look says."""

    ALARM = "alarm"
    TAKEN = "taken"
    UNCHECKED = "unchecked"
    UNCLEAR = "unclear"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    EVENT = "event"
    EXCUSED = "excused"
    OK = "ok"
    OFF = "off"


TILE_LABELS = {
    TileState.ALARM: "预警",
    TileState.TAKEN: "已接单",
    TileState.UNCHECKED: "超时未查看",
    TileState.UNCLEAR: "看不清",
    TileState.WAITING: "待查看",
    TileState.SCHEDULED: "未开始",
    TileState.EVENT: "确有情况",
    TileState.EXCUSED: "外出（已告知）",
    TileState.OK: "平安",
    TileState.OFF: "这个时段不看",
}


class Part(StrEnum):
    """The sections of the page, in their order, and what a figure opens."""

    ALARM = "alarm"
    UNCHECKED = "unchecked"
    UNCLEAR = "unclear"
    WAITING = "waiting"
    EVENT = "event"
    EXCUSED = "excused"
    OK = "ok"
    OFF = "off"


PART_LABELS = {
    Part.ALARM: "预警",
    Part.UNCHECKED: "超时未查看",
    Part.UNCLEAR: "看不清",
    Part.WAITING: "待查看",
    Part.EVENT: "确有情况",
    Part.EXCUSED: "外出（已告知）",
    Part.OK: "平安",
    Part.OFF: "这个时段不看",
}
_JOINED = {TileState.TAKEN: Part.ALARM, TileState.SCHEDULED: Part.WAITING}
_OF_WINDOW = {
    WindowState.SCHEDULED: TileState.SCHEDULED,
    WindowState.OPEN: TileState.WAITING,
    WindowState.UNCLEAR: TileState.UNCLEAR,
    WindowState.UNCHECKED: TileState.UNCHECKED,
    WindowState.SEEN_OK: TileState.OK,
    WindowState.CLEARED_LATE: TileState.OK,
    WindowState.CONFIRMED_EVENT: TileState.EVENT,
    WindowState.EXCUSED: TileState.EXCUSED,
    # an incident that is open says so itself; one that is not may not look like all is well
    WindowState.SEEN_CLOSED: TileState.ALARM,
    WindowState.ALARM: TileState.ALARM,
}


@dataclass(frozen=True)
class Filters:
    """What narrows the page; the address keeps it."""

    community_id: UUID | None = None
    grid_id: UUID | None = None
    part: Part | None = None
    tier: Tier | None = None
    sign: Sign | None = None
    volunteer_id: UUID | None = None
    text: str = ""
    slot: Slot | None = None

    @property
    def narrows(self) -> bool:
        return any((self.grid_id, self.part, self.tier, self.sign, self.volunteer_id, self.text))


@dataclass(frozen=True, slots=True)
class Tile:
    """One elder in this slot: a code and a building, never a name."""

    elder_id: UUID
    code: str
    building: str
    state: TileState
    tier: Tier
    sign: Sign
    at: datetime | None  # when it was seen, is due, or the incident was opened; of one that is over, when it ended
    who: str  # who answers for it: who looks, who took it over
    version: str
    incident_id: UUID | None = None
    severity: int = 3
    eta: datetime | None = None


@dataclass(frozen=True)
class CareBoard:
    """The page as it stood at one moment. `counts` are of all that the other filters let through."""

    tiles: tuple[Tile, ...]
    counts: Mapping[Part, int]
    day: date
    slot: Slot
    at: datetime
    stamp: int
    filters: Filters

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def part_of(state: TileState) -> Part:
    return _JOINED.get(state) or Part(state.value)


def state_of(
    window: WindowState | None, due_at: datetime | None, now: datetime, *, incident: bool, taken: bool
) -> TileState:
    """Say what the tile shows; what is overdue shows so even before the sweep has come by."""
    if incident:
        return TileState.TAKEN if taken else TileState.ALARM
    if window is None:
        return TileState.OFF
    if window is WindowState.OPEN and due_at is not None and due_at <= now:
        return TileState.UNCHECKED
    return _OF_WINDOW[window]


def slot_now(now: datetime) -> Slot:
    return Slot.EVENING if local(now).hour >= EVENING_FROM_HOUR else Slot.MORNING


def from_query(given: Mapping[str, str]) -> Filters:
    """Read filters from an address; what makes no sense counts as not said."""
    return Filters(
        parse_id(given.get("community")),
        parse_id(given.get("grid")),
        _one_of(Part, given.get("state")),
        _one_of(Tier, given.get("tier")),
        _one_of(Sign, given.get("sign")),
        parse_id(given.get("volunteer")),
        given.get("text", "").strip()[:20],
        _one_of(Slot, given.get("slot")),
    )


def _one_of(kind: type[E], value: str | None) -> E | None:
    return next((one for one in kind if one.value == value), None)
