"""When a ticket is due, and how near that is. Working calendars will replace `due_for`'s arithmetic."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from domain.clock import at_local, local


class Grade(StrEnum):
    URGENT = "urgent"
    FAST = "fast"
    NORMAL = "normal"
    HARD = "hard"


GRADE_LABELS = {
    Grade.URGENT: "特急",
    Grade.FAST: "紧急",
    Grade.NORMAL: "一般",
    Grade.HARD: "疑难",
}
SPANS = {
    Grade.URGENT: timedelta(hours=2),
    Grade.FAST: timedelta(hours=24),
    Grade.NORMAL: timedelta(days=7),
    Grade.HARD: timedelta(days=15),
}
SPAN_LABELS = {
    Grade.URGENT: "2 小时",
    Grade.FAST: "24 小时",
    Grade.NORMAL: "7 天",
    Grade.HARD: "15 天",
}


class Matter(StrEnum):
    BIG = "big"
    SMALL = "small"
    PRIVATE = "private"


MATTER_LABELS = {Matter.BIG: "大事", Matter.SMALL: "小事", Matter.PRIVATE: "私事"}
SAME_DAY = frozenset({Matter.SMALL, Matter.PRIVATE})
LATE_REPORT = time(17)  # reported later than this, a same-day matter has until noon tomorrow
REDO = timedelta(days=3)


@dataclass(frozen=True)
class Due:
    at: datetime
    why: str  # the sentence a person reads: start, rule, result


def due_for(grade: Grade, matter: Matter | None, start: datetime, *, round_no: int = 1) -> Due:
    """Work out the due moment of a round that started at `start` (aware), in natural time."""
    if round_no > 1:
        span = min(REDO, SPANS[grade])
        return Due(start + span, f"第 {round_no} 轮办理，自重新办理起 {_span(span)}内办结")
    by_grade = Due(start + SPANS[grade], f"{GRADE_LABELS[grade]}：自上报起 {SPAN_LABELS[grade]}内办结")
    if matter in SAME_DAY:
        return min(_same_day(matter, start), by_grade, key=lambda due: due.at)
    return by_grade


def _same_day(matter: Matter | None, start: datetime) -> Due:
    here = local(start)
    tomorrow = here.date() + timedelta(days=1)
    label = MATTER_LABELS[matter] if matter else ""
    if here.time() > LATE_REPORT:
        return Due(at_local(tomorrow, time(12)), f"{label}：17 点后上报，次日 12 点前办结")
    return Due(at_local(tomorrow, time(0)), f"{label}：今日事今日毕，当天 24 点前办结")


def _span(span: timedelta) -> str:
    return f"{span.days} 天" if span.days else f"{span.seconds // 3600} 小时"


class Urgency(StrEnum):
    """How near the due moment is: drives colour, icon and word alike."""

    NORMAL = "normal"
    SOON = "soon"
    LATE = "late"
    DONE = "done"


SOON_LEFT = timedelta(days=1)
SOON_SHARE = 0.2


def urgency(due_at: datetime | None, start: datetime, *, now: datetime, done: bool) -> Urgency:
    if done:
        return Urgency.DONE
    if due_at is None:
        return Urgency.NORMAL
    left = due_at - now
    if left < timedelta():
        return Urgency.LATE
    return Urgency.SOON if left <= max(SOON_LEFT, (due_at - start) * SOON_SHARE) else Urgency.NORMAL


def soon_from(due_at: datetime, start: datetime) -> datetime:
    """Tell from when on `urgency` says soon: queries compare with it instead of computing it."""
    return due_at - max(SOON_LEFT, (due_at - start) * SOON_SHARE)
