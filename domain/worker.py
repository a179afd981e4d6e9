"""The jobs of the worker, and how long each may be silent before somebody is told."""

from collections.abc import Mapping
from datetime import datetime, timedelta

CARE, SENDING, MINUTE, NIGHTS = "care", "sending", "minute", "nights"
LABELS = {CARE: "守望值守", SENDING: "发送消息", MINUTE: "每分钟检查", NIGHTS: "夜间任务"}
LATE_AFTER = {
    CARE: timedelta(minutes=1),
    SENDING: timedelta(minutes=1),
    MINUTE: timedelta(minutes=5),
    NIGHTS: timedelta(hours=3),  # a backup of a large town takes its time
}


def late(went_well: Mapping[str, datetime | None], now: datetime) -> list[str]:
    """List the jobs whose last good run is too long ago, or that have never run; the first night is yet to come."""
    moments = ((job, went_well.get(job)) for job in LATE_AFTER)
    return [job for job, at in moments if (now - at > LATE_AFTER[job] if at else job != NIGHTS)]


def last_good(went_well: Mapping[str, datetime | None]) -> datetime | None:
    """Give the moment since which not everything went well: the oldest of the jobs' last good runs."""
    moments = [went_well.get(job) for job in (CARE, SENDING, MINUTE)]
    known = [at for at in moments if at]
    return min(known) if len(known) == len(moments) else None
