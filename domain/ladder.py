"""Who is asked when nobody has answered: the ladder of an incident, and its clock.

A ladder is copied into the incident when it opens, so that an edit never reaches a running case. The clock
only goes forward: a step is due at a moment, is taken once, and sets the moment of the next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from domain.care import TIER_PACE, Tier
from domain.errors import Invalid
from domain.incidents import WHO_LABELS, Cause, Who

REPEAT_MINUTES = 15  # the last step, until somebody answers
ETA_MINUTES = 15  # what is taken for whoever names no time
LONGEST_ETA = 60  # an answer stops the clock, it does not switch it off
ON_SCENE_MINUTES = 30  # somebody at the door has so long before the next is asked
HANDED_OVER_MINUTES = 60
MOST_STEPS = 12
LATEST_MINUTES = 24 * 60
TEXT_MAX = 60


@dataclass(frozen=True)
class Step:
    """Whom to ask so many minutes after the opening, and how soon they should answer."""

    after: float
    who: tuple[Who, ...]
    ack: float
    text: str


_W = Who
_DUTY = "请打电话核实，打三次，并联系第一联系人"
_DOOR = "请到门口敲门看一看，并回报预计到达时间"
_GRID = "请到现场；同时联系全部联系人"
_DECIDE = "请判断是否拨打120或110、是否应急开门"
_STREET = "请督促处置，直到有人接单"

DEFAULTS: Mapping[Cause, tuple[Step, ...]] = {
    Cause.CLOSED: (
        Step(0, (_W.LOOKER,), 10, "请马上敲门，并打一次电话"),
        Step(10, (_W.DUTY,), 5, _DUTY),
        Step(20, (_W.BUILDING_HEAD,), 5, _DOOR),
        Step(30, (_W.GRID_WORKER, _W.CONTACTS), 5, _GRID),
        Step(45, (_W.SECRETARY,), 5, _DECIDE),
        Step(60, (_W.STREET,), REPEAT_MINUTES, _STREET),
    ),
    Cause.BUTTON: (
        Step(0, (_W.DUTY, _W.SECRETARY, _W.GRID_WORKER, _W.CONTACTS), 1, "请一分钟内回电；听不到声音就请拨打120"),
        Step(5, (_W.BUILDING_HEAD,), 5, _DOOR),
        Step(15, (_W.STREET,), REPEAT_MINUTES, _STREET),
    ),
}
_BY_PHONE = (
    Step(0, (_W.DUTY,), 5, _DUTY),
    Step(10, (_W.BUILDING_HEAD,), 5, _DOOR),
    Step(20, (_W.GRID_WORKER, _W.CONTACTS), 5, _GRID),
    Step(35, (_W.SECRETARY,), 5, _DECIDE),
    Step(50, (_W.STREET,), REPEAT_MINUTES, _STREET),
)
# two devices agree that something is wrong: who telephones and who goes are asked together
_BY_SIGNAL = (
    Step(0, (_W.DUTY, _W.BUILDING_HEAD), 5, _DUTY),
    Step(10, (_W.GRID_WORKER, _W.CONTACTS), 5, _GRID),
    Step(25, (_W.SECRETARY,), 5, _DECIDE),
    Step(40, (_W.STREET,), REPEAT_MINUTES, _STREET),
)
DEFAULTS = {**DEFAULTS, Cause.NOT_LOOKED: _BY_PHONE, Cause.REPORTED: _BY_PHONE, Cause.SIGNAL: _BY_SIGNAL}


def severity_for(cause: Cause, tier: Tier) -> int:
    """Tell how grave it is at first sight: 1 is somebody calling for help, 2 the usual, 3 nobody looked yet."""
    if cause is Cause.BUTTON:
        return 1
    return 3 if cause is Cause.NOT_LOOKED and tier is Tier.C else 2


def frozen(steps: Sequence[Step], cause: Cause, tier: Tier, *, hard_of_hearing: bool = False) -> list[dict[str, Any]]:
    """Copy a ladder for one incident: at the tier's pace, and with a knock where a call is not heard."""
    pace = min(TIER_PACE[tier], 1.0) if cause is Cause.BUTTON else TIER_PACE[tier]
    if hard_of_hearing:
        steps = [_knocking(step) for step in steps]
    last = len(steps) - 1
    return [
        written(replace(step, after=step.after * pace, ack=step.ack if n == last else step.ack * pace))
        for n, step in enumerate(steps)
    ]


def _knocking(step: Step) -> Step:
    """Ask the neighbour along with the desk: who can't hear the telephone hears a knock."""
    if Who.DUTY not in step.who or Who.BUILDING_HEAD in step.who:
        return step
    return replace(step, who=(*step.who, Who.BUILDING_HEAD), text="老人听力不好，请直接上门敲门")


def written(step: Step) -> dict[str, Any]:
    return {"after": step.after, "who": [who.value for who in step.who], "ack": step.ack, "text": step.text}


def read(ladder: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    return tuple(Step(s["after"], tuple(Who(w) for w in s["who"]), s["ack"], s["text"]) for s in ladder)


def checked(ladder: Any) -> tuple[Step, ...]:
    """Take a ladder that somebody edited, or say what is wrong with it."""
    try:
        steps = read(ladder)
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("逐级通知的内容读不出来，请重新填写。") from error
    if not 1 <= len(steps) <= MOST_STEPS:
        raise Invalid(f"逐级通知要有1到{MOST_STEPS}步。")
    if steps[0].after != 0:
        raise Invalid("第一步要从发现时（第0分钟）开始。")
    for before, step in pairwise(steps):
        if not before.after < step.after <= LATEST_MINUTES:
            raise Invalid("每一步都要晚于上一步，最迟24小时内。")
    if not all(step.who and 1 <= step.ack <= LONGEST_ETA and len(step.text) <= TEXT_MAX for step in steps):
        raise Invalid(f"每一步都要写明通知谁，应答时间1到{LONGEST_ETA}分钟，说明最多{TEXT_MAX}个字。")
    return steps


def words(steps: Sequence[Step]) -> list[str]:
    """Say a ladder in sentences, for whoever decides on it."""
    told = []
    for step in steps:
        since = f"{step.after:g} 分钟还没人接单，再" if step.after else "一发现就"
        whom = "、".join(WHO_LABELS[one] for one in step.who)
        asks = f"“{step.text}”，" if step.text else ""
        told.append(f"{since}通知{whom}：{asks}{step.ack:g} 分钟内应答。")
    return [*told, f"还没有人接单，每 {steps[-1].ack:g} 分钟把最后一步再通知一次，直到有人接单。"]


# --- the clock ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clock:
    """Where an incident stands: the last step taken, how often anything was repeated, when it goes on."""

    step: int
    repeat_no: int
    next_at: datetime


@dataclass(frozen=True)
class Taken:
    """A step that is due, with the moment at which it was."""

    step: int
    repeat_no: int
    due_at: datetime


def gap(steps: Sequence[Step], step: int) -> timedelta:
    """Tell how long after this step the ladder goes on, if nobody answers."""
    if step >= len(steps) - 1:
        return timedelta(minutes=max(steps[-1].ack, 1))
    return timedelta(minutes=steps[step + 1].after - steps[step].after)


def start(steps: Sequence[Step], at: datetime, *, repeat_no: int = 0) -> Clock:
    """Begin at the bottom; its first step is taken with the opening itself."""
    return Clock(0, repeat_no, at + gap(steps, 0))


def due(steps: Sequence[Step], clock: Clock, now: datetime) -> tuple[list[Taken], Clock]:
    """List what has fallen due, in order, and the clock after it.

    After an outage each step that was missed comes once; repeats that were missed are one.
    """
    taken: list[Taken] = []
    last = len(steps) - 1
    while clock.next_at <= now:
        again = clock.step >= last
        step, lap = (last, clock.repeat_no + 1) if again else (clock.step + 1, clock.repeat_no)
        taken.append(Taken(step, lap, clock.next_at))
        following = clock.next_at + gap(steps, step)
        if step == last:
            following = _after(following, gap(steps, last), now)
        clock = Clock(step, lap, following)
    return taken, clock


def _after(moment: datetime, period: timedelta, now: datetime) -> datetime:
    """Keep the rhythm of repeats, but leave out those that have passed."""
    missed = (now - moment) // period + 1 if moment <= now else 0
    return moment + missed * period


def answered(clock: Clock, at: datetime, minutes: float) -> Clock:
    """Stop the clock for as long as the answer says, and no longer; then the next step is due."""
    if not 1 <= minutes <= LONGEST_ETA:
        raise Invalid(f"预计时间请填1到{LONGEST_ETA}分钟。", field="eta_minutes")
    return replace(clock, next_at=at + timedelta(minutes=minutes))


def farthest(steps: Sequence[Step], step: int, *, answered: bool) -> timedelta:
    """Tell how far ahead the next step can lie: what lies farther was put there by a clock that was set back."""
    wait = gap(steps, step)
    return max(wait, timedelta(minutes=LONGEST_ETA)) if answered else wait
