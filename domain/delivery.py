"""When a message may go out, how often it is tried, and what a channel's answer means. Pure: `now` is given."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from domain.clock import at_local, local, local_date
from domain.outbox import ChannelKind, Severity

BACKOFF_SECONDS = (2, 5, 15, 60, 300)
JITTER = 0.2
KEEP_TRYING = timedelta(hours=24)  # what is urgent is not given up while somebody may still be saved by it
LEASE = timedelta(seconds=30)
SEND_SECONDS = 10.0  # the whole of one request
MOST_A_MINUTE = 20  # WeCom and DingTalk refuse more; DingTalk is then mute for ten minutes
NORMAL_A_MINUTE = 15  # the other five are kept for emergencies
# a request that began at the start of the minute may reach the robot when its time is nearly up
WINDOW_SECONDS = 60 + SEND_SECONDS
AT_ONCE = 8  # of these, before what is left is made to last
GATHER_SECONDS = 6.0  # an alarm waits no longer than this for others to share its post
QUIET_FROM, QUIET_UNTIL = time(21), time(7)
CANARY_AT = time(6, 30)
CANARY_WITHIN = timedelta(minutes=5)
LIMIT_BYTES = {
    ChannelKind.WECOM: 2048,
    ChannelKind.DINGTALK: 20_000 - 1_000,  # it counts the body around the text as well
    ChannelKind.FEISHU: 20_000 - 1_000,
    ChannelKind.APPRISE: 4096,
}
SINGLY = 3  # so many urgent messages go out each on its own; more of a kind at once share one


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"  # surely not delivered; may be tried again
    FINAL = "final"  # surely not delivered, and trying again is no use: a wrong key, a wrong signature
    LATER = "later"  # the robot has had too much: it is left alone for a while
    UNKNOWN = "unknown"  # cut off before the answer: it may have arrived


@dataclass(frozen=True)
class Answer:
    """What a channel said: our reading of it, its own code, and how long it wants to be left alone."""

    outcome: Outcome
    code: str = ""
    wait: timedelta = timedelta(0)

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.ACCEPTED


ACCEPTED = Answer(Outcome.ACCEPTED, "0")
_MINUTE, _TEN_MINUTES = timedelta(minutes=1), timedelta(minutes=10)
# what is in none of these tables is tried again
_LATER = {
    ChannelKind.WECOM: {"45009": _MINUTE, "-1": timedelta(seconds=5)},
    ChannelKind.DINGTALK: {"130101": _TEN_MINUTES, "410100": _TEN_MINUTES, "-1": timedelta(seconds=5)},
    ChannelKind.FEISHU: {"11232": _MINUTE, "99991400": _MINUTE},
}
_FINAL = {
    ChannelKind.WECOM: {"93000", "93004", "93008", "40008", "40058", "44004", "45002"},
    ChannelKind.DINGTALK: {"310000", "300001", "300005", "90030", "40035", "400101", "460101"},
    ChannelKind.FEISHU: {"9499", "19001", "19002", "19021", "19022", "19024"},
}


def read_answer(kind: ChannelKind, status: int, code: str, retry_after: str = "") -> Answer:
    """Judge a robot's answer by its status *and* the code in its body: refusals come with HTTP 200 as well."""
    if status == 429:
        seconds = int(retry_after) if retry_after.isdigit() else 60
        return Answer(Outcome.LATER, "429", timedelta(seconds=min(seconds, 3600)))
    if wait := _LATER.get(kind, {}).get(code):
        return Answer(Outcome.LATER, code, wait)
    if code in _FINAL.get(kind, ()):
        return Answer(Outcome.FINAL, code)
    if 200 <= status < 300:
        return ACCEPTED if code == "0" else Answer(Outcome.REFUSED, code or "no_code")
    if 400 <= status < 500 and status != 408:
        return Answer(Outcome.FINAL, code or str(status))
    return Answer(Outcome.REFUSED, str(status))


def retry_at(attempts: int, severity: int, created_at: datetime, now: datetime) -> datetime | None:
    """Say when to try again after so many attempts; none if it is given up."""
    last = attempts >= len(BACKOFF_SECONDS) + 1
    if last and (severity >= Severity.NORMAL or now - created_at > KEEP_TRYING):
        return None
    seconds = BACKOFF_SECONDS[min(attempts, len(BACKOFF_SECONDS)) - 1]
    return now + timedelta(seconds=seconds * random.uniform(1, 1 + JITTER))  # never all at the same moment


def is_quiet(now: datetime) -> bool:
    clock = local(now).time()
    return clock >= QUIET_FROM or clock < QUIET_UNTIL


def may_disturb(now: datetime) -> int:
    """Give the highest severity number that goes out at this hour."""
    return Severity.EMERGENCY if is_quiet(now) else Severity.NORMAL


def still_recent(recent: Sequence[float], now: datetime) -> list[float]:
    """Keep the moments that count against a robot's limit. A clock put back must not stop it for good."""
    at = now.timestamp()
    return [one for one in recent if at - WINDOW_SECONDS < one <= at + WINDOW_SECONDS]


def has_room(recent: Sequence[float], severity: int, now: datetime, *, posts: int = 1) -> bool:
    """Tell whether the robot may take so many now; emergencies have a part that is theirs alone."""
    most = MOST_A_MINUTE if severity == Severity.EMERGENCY else NORMAL_A_MINUTE
    return len(still_recent(recent, now)) + posts <= most


def is_scarce(recent: Sequence[float], now: datetime) -> bool:
    """Tell whether the robot's minute has to be shared out: from now on many share a post."""
    return len(still_recent(recent, now)) >= AT_ONCE


def gathers(recent: Sequence[float], severity: int, now: datetime) -> bool:
    """Tell whether a post with room to spare waits some seconds for more.

    Sent one by one, a minute's posts would be used up in a few seconds, and the next alarm wait for the rest of it.
    Normal news are gathered before.
    """
    kept, at = still_recent(recent, now), now.timestamp()
    left = (MOST_A_MINUTE if severity == Severity.EMERGENCY else NORMAL_A_MINUTE) - len(kept)
    if severity >= Severity.NORMAL or len(kept) < AT_ONCE or left <= 0:
        return False
    until_one_is_free = min(kept) + WINDOW_SECONDS - at
    # a clock put back must not make it wait for long
    return abs(at - max(kept)) < min(until_one_is_free / left, GATHER_SECONDS)


def canary_due(now: datetime) -> bool:
    return local(now).time() >= CANARY_AT


def canary_late(now: datetime) -> bool:
    """Tell whether this morning's trial message should have been accepted by now."""
    return now >= at_local(local_date(now), CANARY_AT) + CANARY_WITHIN
