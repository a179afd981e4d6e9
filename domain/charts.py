"""What 数据分析 asks for, as its address says it: the period, the place, the parts and the figures on their cards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from domain.kpis import Delta, Figure

FIRST_PART = "工单"
# part → the figures on its cards
CARDS: dict[str, tuple[str, ...]] = {
    FIRST_PART: (
        *("reported", "open", "overdue", "on_time_rate", "first_contact_median", "close_time_median"),
        # closed is not solved: what came back stands beside what was closed, and who answered beside who is content
        *("close_rate", "reopen_7d", "recurrence_30d", "solve_rate", "satisfaction", "rating_coverage"),
    ),
    "辖区": ("reported_per_1000", "on_time_rate", "solve_rate", "satisfaction", "proactive_share", "same_day_rate"),
    "时段": (
        *("reported", "closed", "first_contact_median", "first_contact_p90", "close_time_median"),
        "close_time_p90",
    ),
    "积分": (
        *("points_awarded", "points_redeemed", "points_expired", "points_balance", "service_hours"),
        "service_times",
    ),
    "守望": (
        *("round_coverage", "sign_ok", "sign_closed", "not_looked"),
        *("incidents", "escalation_rate", "door_time_median", "visit_rate"),
    ),
}
PLACES = ("building", "grid", "community")  # the narrowest that is named holds


@dataclass(frozen=True)
class Card:
    """A figure with how it moved since the days before and since last year, if it is of a period, and how it went."""

    figure: Figure
    chain: Delta | None
    year: Delta | None
    trend: tuple[float | None, ...]


def _month(today: date) -> tuple[date, date]:
    return today.replace(day=1), today


def _last_month(today: date) -> tuple[date, date]:
    end = today.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


EARLIEST = date(1970, 1, 1)  # nothing was counted before; what is said to be is not

PERIODS: dict[str, tuple[str, Callable[[date], tuple[date, date]]]] = {
    "30": ("近 30 天", lambda today: (today - timedelta(days=29), today)),
    "7": ("近 7 天", lambda today: (today - timedelta(days=6), today)),
    "90": ("近 90 天", lambda today: (today - timedelta(days=89), today)),
    "month": ("本月", _month),
    "last": ("上月", _last_month),
    "year": ("今年", lambda today: (today.replace(month=1, day=1), today)),
}


def days(query: Mapping[str, str], today: date) -> tuple[date, date]:
    """Read the first and the last day, neither of them to come."""
    try:
        start, end = (date.fromisoformat(query[name]) for name in ("from", "to"))
    except (KeyError, ValueError):
        start = end = date.min
    if start < EARLIEST:
        return PERIODS.get(query.get("period", ""), PERIODS["30"])[1](today)
    return (start, min(end, today)) if start <= min(end, today) else (today, today)


def days_before(start: date, end: date) -> tuple[date, date]:
    """Give as many days as these, just before them."""
    last = start - timedelta(days=1)
    return last - (end - start), last


def year_before(day: date) -> date:
    """Give the same day a year before; of a leap day the one before it."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def months_before(day: date, count: int) -> date:
    month = day.year * 12 + day.month - 1 - count
    return date(month // 12, month % 12 + 1, 1)
