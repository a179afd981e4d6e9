"""Words that the parts of 平安守望 share."""

from datetime import date, datetime, time, timedelta

from domain.care import SLOT_LABELS, Slot
from domain.clock import local
from domain.windows import EVERY_DAY, SlotPlan
from ui.text import when

ELDER = "care_elder"  # in the state: who was chosen in the register
_WEEKDAYS = "一二三四五六日"


def minutes(count: int) -> str:
    return f"{count // 60}:{count % 60:02d}"


def slots(held: tuple[Slot, ...]) -> str:
    return "、".join(SLOT_LABELS[slot] for slot in held)


def plan(one: SlotPlan) -> str:
    """Say a slot of a plan: 早上 7:00–9:00，宽限 60 分钟，每天."""
    days = "每天" if one.weekdays == EVERY_DAY else "周" + "".join(chosen_days(one.weekdays))
    span = f"{minutes(one.opens_min)}–{minutes(one.due_min)}"
    return f"{SLOT_LABELS[one.slot]} {span}，宽限 {one.grace_min} 分钟，{days}"


def chosen_days(weekdays: int) -> list[str]:
    return [name for bit, name in enumerate(_WEEKDAYS) if weekdays >> bit & 1]


def bits(names: list[str]) -> int:
    return sum(1 << _WEEKDAYS.index(name) for name in names)


def until(moment: datetime, now: datetime) -> str:
    """Say until when; midnight is the evening of the day that it ends: 11月23日 晚上."""
    if local(moment).time() != time(0):
        return when(moment, now)
    return when(moment - timedelta(minutes=1), now).replace("23:59", "晚上")


def clock(moment: datetime) -> str:
    then = local(moment)
    return f"{then.hour}:{then:%M}"


def on(day: date | None) -> str:
    return f"{day.year}-{day.month:02d}-{day.day:02d}" if day else ""


def percent(share: float | None) -> str:
    return "—" if share is None else f"{share:.1%}" if share < 1 else "100%"
