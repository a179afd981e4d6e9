"""平安守望: elders, signs, the states of a day's look, and the words for them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

UNDO_WITHIN = timedelta(seconds=10)
SECOND_LOOK_WITHIN = timedelta(minutes=15)
MAKE_AT_HOUR = 18  # windows of the next day are made the evening before
MOST_A_LOOKER = 20  # nobody is the first volunteer of more elders
CALLED_MAX = 20
PLACE_MAX = 60


class Sign(StrEnum):
    """What an elder chose to show that all is well; seen from outside."""

    CURTAIN = "curtain"
    LAMP = "lamp"
    PLATE = "plate"
    FLOWERPOT = "flowerpot"
    BAG = "bag"
    CALL = "call"


SIGN_LABELS = {
    Sign.CURTAIN: "窗帘",
    Sign.LAMP: "灯",
    Sign.PLATE: "平安牌",
    Sign.FLOWERPOT: "花盆",
    Sign.BAG: "门口的垃圾袋",
    Sign.CALL: "电话",
}
# what is seen, never what follows from it: there, not there
SIGN_WORDS = {
    Sign.CURTAIN: ("已拉开", "没拉开"),
    Sign.LAMP: ("灯亮了", "没亮"),
    Sign.PLATE: ("牌已翻", "没翻"),
    Sign.FLOWERPOT: ("花盆在外", "没放出来"),
    Sign.BAG: ("袋子在门口", "没放出来"),
    Sign.CALL: ("接通了", "没接通"),
}


AT_DUSK = {Sign.CURTAIN: ("已拉上", "没拉上")}


class Tier(StrEnum):
    A = "a"
    B = "b"
    C = "c"


TIER_LABELS = {Tier.A: "重点关注", Tier.B: "定期关注", Tier.C: "一般关注"}
# how long each step of the ladder lasts, against 定期关注
TIER_PACE = {Tier.A: 0.5, Tier.B: 1.0, Tier.C: 2.0}


class Slot(StrEnum):
    MORNING = "morning"
    EVENING = "evening"


SLOT_LABELS = {Slot.MORNING: "早上", Slot.EVENING: "晚上"}


def sign_words(sign: Sign, slot: Slot) -> tuple[str, str]:
    """Say what is seen at this time of day: there, not there. In the evening a curtain is drawn, not open."""
    return AT_DUSK.get(sign, SIGN_WORDS[sign]) if slot is Slot.EVENING else SIGN_WORDS[sign]


class WindowState(StrEnum):
    SCHEDULED = "scheduled"
    OPEN = "open"
    UNCLEAR = "unclear"
    UNCHECKED = "unchecked"
    SEEN_OK = "seen_ok"
    SEEN_CLOSED = "seen_closed"
    ALARM = "alarm"
    CLEARED_LATE = "cleared_late"
    CONFIRMED_EVENT = "confirmed_event"
    EXCUSED = "excused"


WINDOW_LABELS = {
    WindowState.SCHEDULED: "未开始",
    WindowState.OPEN: "待查看",
    WindowState.UNCLEAR: "看不清",
    WindowState.UNCHECKED: "超时未查看",
    WindowState.SEEN_OK: "平安",
    WindowState.SEEN_CLOSED: "未见平安信号",  # looked, and the sign was not there: its words are SIGN_WORDS
    WindowState.ALARM: "超时未查看，已预警",
    WindowState.CLEARED_LATE: "迟到平安",
    WindowState.CONFIRMED_EVENT: "确有情况",
    WindowState.EXCUSED: "外出（已告知）",
}
# nobody has seen anything yet: a look still counts, and a deadline still runs
WAITING = frozenset({WindowState.SCHEDULED, WindowState.OPEN, WindowState.UNCLEAR, WindowState.UNCHECKED})
# an incident is open for these
ALARMED = frozenset({WindowState.SEEN_CLOSED, WindowState.ALARM})
# past grace a window is in one of these, or ALARMED
OVER = frozenset({WindowState.SEEN_OK, WindowState.CLEARED_LATE, WindowState.CONFIRMED_EVENT, WindowState.EXCUSED})


class Look(StrEnum):
    """What an observation says."""

    OK = "ok"  # the sign is there
    CLOSED = "closed"  # the sign is not there
    UNCLEAR = "unclear"
    TALKED = "talked"  # voice or face to face: conclusive
    HELP = "help"  # the button
    FINE = "fine"  # "我很好", pressed by the elder
    WEAK = "weak"  # water, power, a phone used: never enough by itself
    NONE = "none"  # no water in 12 h, and the like
    OFFLINE = "offline"  # a device that says nothing about anybody
    UNDO = "undo"  # takes back the observation it names


class Source(StrEnum):
    ROUND = "round"  # the volunteer on the morning round
    DESK = "desk"  # entered at the desk for somebody
    CALL = "call"
    VISIT = "visit"
    DEVICE = "device"
    ELDER = "elder"


SOURCE_LABELS = {
    Source.ROUND: "巡看",
    Source.DESK: "值班代录",
    Source.CALL: "电话",
    Source.VISIT: "上门",
    Source.DEVICE: "设备",
    Source.ELDER: "本人",
}


class AbsenceKind(StrEnum):
    FAMILY = "family"
    HOSPITAL = "hospital"
    TRAVEL = "travel"
    OTHER = "other"


ABSENCE_LABELS = {
    AbsenceKind.FAMILY: "去家人家",
    AbsenceKind.HOSPITAL: "住院",
    AbsenceKind.TRAVEL: "外出",
    AbsenceKind.OTHER: "其他",
}


class AbsenceState(StrEnum):
    DRAFT = "draft"  # told by one side only
    CONFIRMED = "confirmed"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Scope(StrEnum):
    """What an elder has agreed to, each on its own."""

    WATCH = "watch"  # to be looked in on at all
    CALLED = "called"  # volunteers see 称呼
    HEALTH = "health"  # allergies and conditions are kept, for an emergency
    ENTRY = "entry"  # the door may be opened when nobody answers


SCOPE_LABELS = {
    Scope.WATCH: "参加平安守望",
    Scope.CALLED: "志愿者可见称呼",
    Scope.HEALTH: "登记健康信息，紧急时使用",
    Scope.ENTRY: "紧急时同意开门",
}


class Duty(StrEnum):
    """Whose elder it is."""

    PRIMARY = "primary"
    BACKUP = "backup"


DUTY_LABELS = {Duty.PRIMARY: "主责", Duty.BACKUP: "备份"}


class HandoverState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    ASSIGNED = "assigned"  # nobody answered: the system gave it to the backup


class LeaveReason(StrEnum):
    MOVED = "moved"
    DECEASED = "deceased"
    WITHDREW = "withdrew"
    CARE_HOME = "care_home"
    OTHER = "other"


LEAVE_LABELS = {
    LeaveReason.MOVED: "已搬走",
    LeaveReason.DECEASED: "离世",
    LeaveReason.WITHDREW: "本人退出",
    LeaveReason.CARE_HOME: "入住养老机构",
    LeaveReason.OTHER: "其他",
}


def code_text(number: int) -> str:
    """Show an elder's number in the community the way lists do: L0037."""
    return f"L{number:04d}"


@dataclass(frozen=True)
class Window:
    """One look that is owed: an elder, a slot, a day. Times are aware UTC."""

    id: UUID
    community_id: UUID
    elder_id: UUID
    day: date
    slot: Slot
    state: WindowState
    sign: Sign
    tier: Tier
    opens_at: datetime
    due_at: datetime
    grace_until: datetime
    looker_id: UUID | None
    backup_id: UUID | None
    version: int
