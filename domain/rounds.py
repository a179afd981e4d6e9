"""A volunteer's round: the stops of one walk, as the phone shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.care import SIGN_LABELS, WAITING, Sign, Slot, WindowState, sign_words
from domain.outbox import Reach

MOST_ITEMS = 100  # looks that one request may bring
MOST_BYTES = 65_536
OLDEST_TAP = timedelta(days=14)  # a phone that was off longer than this tells nothing new

# what is seen, what is asked for, of each sign
SIGN_ASKS = {
    Sign.CURTAIN: "看窗帘",
    Sign.LAMP: "看灯亮没亮",
    Sign.PLATE: "看平安牌",
    Sign.FLOWERPOT: "看花盆",
    Sign.BAG: "看门口的袋子",
    Sign.CALL: "打电话问候",
}


@dataclass(frozen=True)
class Stop:
    """One elder of a walk. `name` is 张奶奶 with consent, else the code; never a person's full name."""

    window_id: UUID
    elder_id: UUID
    community_id: UUID
    code: str
    name: str
    building: str
    place: str
    sign: Sign
    slot: Slot
    state: WindowState
    opens_at: datetime
    due_at: datetime
    seen_at: datetime | None
    hard_of_hearing: bool
    incident_id: UUID | None  # while one is running
    stands_in: bool  # somebody else's stop that was not looked at in time
    reach: Reach | None = None  # how far the newest word of its incident got

    @property
    def words(self) -> tuple[str, str]:
        """Give what the two large buttons say: the sign is there, it is not."""
        return sign_words(self.sign, self.slot)

    @property
    def what(self) -> str:
        return SIGN_LABELS[self.sign]

    @property
    def is_owed(self) -> bool:
        return self.state is not WindowState.EXCUSED


@dataclass(frozen=True)
class Round:
    """The stops of one person, day and slot, in walking order."""

    day: date
    slot: Slot | None
    stops: tuple[Stop, ...] = ()

    @property
    def owed(self) -> int:
        return sum(stop.is_owed for stop in self.stops)

    @property
    def left(self) -> int:
        return sum(stop.state in WAITING for stop in self.stops)


def current_slot(stops: Sequence[Stop], now: datetime) -> Slot | None:
    """Choose which walk is meant: the last one that is on, one with something left to look at before it."""
    there = [slot for slot in Slot if any(stop.slot is slot for stop in stops)]
    begun = [slot for slot in there if any(stop.slot is slot and stop.opens_at <= now for stop in stops)]
    owing = [slot for slot in begun if any(stop.slot is slot and stop.state in WAITING for stop in stops)]
    # an evening that is hours away does not hide what was done this morning
    return next(iter([*owing, *begun[-1:], *there]), None)


def seen_at(age_ms: object, now: datetime) -> datetime:
    """Tell when something was tapped from how long ago the phone says it was; its clock may be wrong."""
    is_number = isinstance(age_ms, int | float) and not isinstance(age_ms, bool)
    age = timedelta(milliseconds=min(max(float(age_ms), 0), 1e12)) if is_number else timedelta()  # type: ignore[arg-type]
    return now - min(age, OLDEST_TAP)
