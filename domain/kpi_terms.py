"""The terms of figures: what a definition says, what comes out, how that is said and compared."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

SMALL = 10  # fewer than this are shown grey and not ranked
NEW_DAYS = 7  # with less than a week behind it a figure says 刚启用
EMPTY = "—"
TOO_FEW = "样本不足"
UNFINISHED = "本月未完"


class Unit(StrEnum):
    COUNT = "件"
    RATE = "%"
    MINUTES = "分钟"  # a time, shown in minutes, hours or days
    POINTS = "分"
    HOURS = "小时"
    TIMES = "人次"
    PER_THOUSAND = "件/千户"


class Basis(StrEnum):
    """By which day something falls into the period."""

    REPORTED = "上报日"
    CLOSED = "办结日"
    DUE = "到期日"
    NOW = "当前"
    DAY = "当日"
    MONTH = "自然月"
    OPENED = "预警发生日"


class Source(StrEnum):
    TICKETS = "tickets"
    CHECKINS = "checkins"
    POINTS = "points"


class Better(StrEnum):
    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True)
class Kpi:
    """A figure's definition. `top` and `bottom` name the measures that are summed; `times` the buckets of a time."""

    code: str
    name: str
    formula: str
    basis: Basis
    numerator: str
    denominator: str = ""
    exclusions: str = "无"
    unit: Unit = Unit.COUNT
    version: str = "1"
    target: str = ""  # what the source documents name: shown as 参考, never as live data
    baseline: str = ""
    better: Better = Better.NEITHER
    source: Source = Source.TICKETS
    top: tuple[str, ...] = ()
    bottom: tuple[str, ...] = ()
    less: tuple[str, ...] = ()  # taken off `bottom`
    times: tuple[str, ...] = ()
    share: float = 0.5
    ripens: int = 0  # days after which it moves by itself no more: a younger period is compared with none

    @property
    def measures(self) -> tuple[str, ...]:
        return (*self.top, *self.bottom, *self.less, *self.times)


@dataclass(frozen=True)
class Figure:
    """A figure as it came out: its two numbers, how many it rests on, and when it was read."""

    kpi: Kpi
    numerator: int | None
    denominator: int | None
    value: float | None
    n: int
    as_of: datetime
    new: bool = False
    partial: str = ""  # what is not in it, if something could not be read
    until: date | None = field(default=None)  # the last day in it, where that is before the end of the period

    @property
    def small(self) -> bool:
        """Tell whether it rests on too little to be compared: grey, and in no ranking."""
        return bool(self.kpi.bottom or self.kpi.times) and self.n < SMALL

    @property
    def few(self) -> bool:
        """Tell whether nothing may be compared with it, as from two to eighteen would be +800 %."""
        return self.n < SMALL

    @property
    def text(self) -> str:
        return EMPTY if self.value is None else _said(self.value, self.kpi.unit)


def _said(value: float, unit: Unit) -> str:
    if unit is Unit.RATE:
        return f"{value * 100:.1f}%"
    if unit is Unit.MINUTES:
        return time_text(value)
    if unit in (Unit.HOURS, Unit.POINTS, Unit.PER_THOUSAND):
        return f"{value:,.1f}"
    return f"{value:,.0f}"


def time_text(minutes: float) -> str:
    if minutes < 60:
        return f"{minutes:.0f} 分钟"
    return f"{minutes / 60:.1f} 小时" if minutes < 2880 else f"{minutes / 1440:.1f} 天"


def figure(
    kpi: Kpi,
    numerator: int | None,
    denominator: int | None,
    *,
    as_of: datetime,
    new: bool = False,
    partial: str = "",
    until: date | None = None,
) -> Figure:
    """Work a figure out; without anything to divide by it is empty, never 0 or 100 %."""
    if denominator is None:
        return Figure(kpi, numerator, None, numerator, numerator or 0, as_of, new, partial, until)
    value = None if not denominator or numerator is None else numerator / denominator
    return Figure(kpi, numerator, denominator, value, denominator, as_of, new, partial, until)


_TENFOLD = 9


@dataclass(frozen=True)
class Delta:
    """How a figure moved against an earlier period; `points` of a rate, a share of anything else."""

    value: float | None
    text: str
    better: bool | None


def unripe(kpi: Kpi, end: date, today: date) -> str:
    """Say why a period up to `end` is compared with nothing yet, if so: what is not over looks better, or worse."""
    if kpi.basis is Basis.MONTH:
        return UNFINISHED if (end.year, end.month) == (today.year, today.month) else ""
    return f"未满 {kpi.ripens} 天" if end + timedelta(days=kpi.ripens) > today else ""


def delta(now: Figure, before: Figure) -> Delta:
    """Compare with the period before (环比) or a year ago (同比); no comparison with nothing."""
    if now.value is None or before.value is None or before.new or now.partial or before.partial:
        return Delta(None, EMPTY, None)
    if now.small or before.few:
        return Delta(None, TOO_FEW, None)
    if now.kpi.unit is Unit.RATE:
        change, text = now.value - before.value, f"{(now.value - before.value) * 100:+.1f} 个百分点"
    elif before.value == 0:
        return Delta(None, EMPTY, None)
    else:
        change = now.value / before.value - 1
        # thousands of percent say nothing to anybody
        text = f"{change * 100:+.1f}%" if change < _TENFOLD else f"{change + 1:,.0f} 倍"
    if change == 0 or now.kpi.better is Better.NEITHER:
        return Delta(change, "持平" if change == 0 else text, None)
    return Delta(change, text, (change > 0) == (now.kpi.better is Better.UP))
