"""The one clock. `now()` is called at the edge (page, route, worker, command line) and nowhere else."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    return datetime.now(UTC)


def local(moment: datetime) -> datetime:
    return moment.astimezone(LOCAL)


def local_date(moment: datetime) -> date:
    """Tell which day it is for the people of the neighbourhood."""
    return local(moment).date()


def at_local(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, LOCAL).astimezone(UTC)
