"""The looks that are owed: which, from when until when, what a look does to one, and what follows if nobody looks."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from domain.care import ALARMED, SECOND_LOOK_WITHIN, WAITING, Slot, WindowState
from domain.clock import LOCAL, at_local, local_date
from domain.errors import Invalid
from domain.fusion import Level, Verdict
from domain.incidents import Who

HEAD_AFTER = timedelta(minutes=10)  # after the backup was asked, 楼栋长 is
WEAK_BUYS = timedelta(minutes=30)  # a weak sign of life delays the alarm, once
EVERY_DAY = 127
ANSWER_BEFORE = timedelta(hours=12)  # a round that is offered to another is settled this long before
ANSWER_WITHIN = timedelta(minutes=15)  # or, offered later than that, this soon
LONGEST_ABSENCE = timedelta(days=60)
AHEAD = timedelta(minutes=2)  # a phone's clock may be this much fast


@dataclass(frozen=True)
class SlotPlan:
    """A slot of an elder's plan, in minutes after midnight; bit 0 of `weekdays` is Monday."""

    slot: Slot
    opens_min: int
    due_min: int
    grace_min: int
    weekdays: int = EVERY_DAY


MORNING = SlotPlan(Slot.MORNING, 7 * 60, 9 * 60, 60)
EVENING = SlotPlan(Slot.EVENING, 18 * 60, 20 * 60, 60)


@dataclass(frozen=True)
class Times:
    opens_at: datetime
    due_at: datetime
    grace_until: datetime


@dataclass(frozen=True)
class Away:
    """A confirmed absence; it always has an end."""

    from_at: datetime
    until_at: datetime


@dataclass(frozen=True)
class Next:
    """What a window becomes, when to look at it again, and who is asked now."""

    state: WindowState
    at: datetime | None = None
    ask: Who | None = None


# --- which are owed ------------------------------------------------------------------------------------


def check_plan(plan: SlotPlan) -> None:
    if not 0 <= plan.opens_min < plan.due_min or plan.grace_min < 0 or plan.due_min + plan.grace_min >= 1440:
        raise Invalid("请核对时段：开始要早于截止，截止加宽限不能过当天24点。", field="slots")
    if not 1 <= plan.weekdays <= EVERY_DAY:
        raise Invalid("请至少选择一天。", field="weekdays")


def times(day: date, plan: SlotPlan) -> Times:
    start = at_local(day, time())
    due = start + timedelta(minutes=plan.due_min)
    return Times(start + timedelta(minutes=plan.opens_min), due, due + timedelta(minutes=plan.grace_min))


def day_bit(day: date) -> int:
    return 1 << day.weekday()


def first_day(plan: SlotPlan, now: datetime) -> date:
    """Tell from which day on a plan made now is owed: what has opened already is not."""
    today = local_date(now)
    return today if times(today, plan).opens_at > now else today + timedelta(days=1)


def days_made(now: datetime, hour: int) -> tuple[date, ...]:
    """List the days whose windows should be there by now: today, and from this hour on tomorrow."""
    today = local_date(now)
    return (today, today + timedelta(days=1)) if now.astimezone(LOCAL).hour >= hour else (today,)


def is_away(when: Times, absences: Iterable[Away]) -> bool:
    """Tell whether an alarm would fall into an absence: told away at any time between due and the end of grace.

    Who is back before the look is due is looked in on again.
    """
    return any(a.from_at < when.grace_until and when.due_at < a.until_at for a in absences)


def responsible(
    primary: UUID | None, backup: UUID | None, passed: Mapping[UUID, UUID | None], absent: Collection[UUID] = ()
) -> UUID | None:
    """Follow the rounds that were passed on that day to the one person who answers; none: the grid does.

    `passed` has who gave away their round, and to whom; None means to each elder's backup.
    """
    who, seen = primary or backup, set(absent)
    while who is not None and who in passed and who not in seen:
        seen.add(who)
        who = passed[who] or (backup if backup not in seen else None)
    return None if who in seen else who


def answer_by(opens_at: datetime, now: datetime) -> datetime:
    """Tell until when an offered round may be answered; after that the backups have it."""
    return max(opens_at - ANSWER_BEFORE, min(now + ANSWER_WITHIN, opens_at))


# --- what happens to one -------------------------------------------------------------------------------


def waiting(when: Times, now: datetime) -> Next:
    """Say where a window stands on which nothing was seen."""
    if now < when.opens_at:
        return Next(WindowState.SCHEDULED, when.opens_at)
    if now < when.due_at:
        return Next(WindowState.OPEN, when.due_at)
    return Next(WindowState.UNCHECKED, when.grace_until)


def onward(state: WindowState, next_at: datetime, when: Times, now: datetime, *, delays: bool = False) -> Next:
    """Take a window on which is due; after an outage straight to where it belongs, passing over what is too late."""
    if state not in WAITING:
        return Next(state)
    alarm_at = when.grace_until + WEAK_BUYS if delays else when.grace_until
    if now >= alarm_at:
        return Next(WindowState.ALARM)
    if now < next_at:
        return Next(state, min(next_at, alarm_at))
    if state is WindowState.UNCHECKED:
        return Next(state, alarm_at, Who.BUILDING_HEAD if next_at < when.grace_until else None)
    if state is not WindowState.UNCLEAR and now < when.due_at:
        return Next(WindowState.OPEN, when.due_at)
    return Next(WindowState.UNCHECKED, min(now + HEAD_AFTER, alarm_at), Who.BACKUP)


def settle(
    now_is: Next, when: Times, verdict: Verdict, now: datetime, *, alarmed: bool = False, by_person: bool = True
) -> Next:
    """Say what a window becomes by all that was seen in it; `alarmed` tells that its incident is open.

    The closed states stay: what comes after is a note for whoever reviews it.
    """
    state = now_is.state
    if state not in WAITING | ALARMED | {WindowState.SEEN_OK}:
        return now_is
    if alarmed:
        return _settle_alarmed(state, verdict, by_person=by_person)
    if verdict.no_sign:
        late = state is WindowState.SEEN_OK and now > when.grace_until
        return now_is if late else Next(WindowState.SEEN_CLOSED)
    if verdict.level is Level.SAFE:
        return Next(WindowState.SEEN_OK)
    if verdict.unclear:
        return _unclear(now_is, when, now)
    return now_is if state in WAITING - {WindowState.UNCLEAR} else waiting(when, now)


def _unclear(now_is: Next, when: Times, now: datetime) -> Next:
    """Ask for a second look soon; asking again and again never puts the alarm off."""
    if now_is.state is WindowState.SEEN_OK and now > when.grace_until:
        return now_is
    return Next(WindowState.UNCLEAR, min(now + SECOND_LOOK_WITHIN, when.grace_until))


def _settle_alarmed(state: WindowState, verdict: Verdict, *, by_person: bool) -> Next:
    """A sign seen later clears what nobody had looked at; what was seen closed is cleared by talking only."""
    if verdict.level is Level.SAFE and by_person:
        return Next(WindowState.CLEARED_LATE)
    closed = verdict.no_sign or state is WindowState.SEEN_CLOSED
    return Next(WindowState.SEEN_CLOSED if closed else WindowState.ALARM)
