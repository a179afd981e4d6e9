"""What the wall shows: figures, numbers and places; no name, no address, nobody's words."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.kpis import Figure

# what stands at the top, in this order; of today, of now, or of the month so far
MONTH_CODES = ("closed", "on_time_rate", "solve_rate", "satisfaction", "service_hours", "visit_rate")
NOW_CODES = ("open", "overdue")
DAY_CODES = ("round_coverage", "sign_ok", "sign_closed", "not_looked")
DAYS = 14
LONGEST = 7  # lines of a list: what fits at a size that is read at five metres


@dataclass(frozen=True)
class Tile:
    code: str
    name: str
    text: str
    note: str = ""
    tone: str = ""  # late, up, down or nothing


@dataclass(frozen=True)
class Line:
    """A ticket or what just happened to it: its number, what and where, and since when."""

    tag: str
    words: str
    when: str
    tone: str = ""


@dataclass(frozen=True)
class Alarm:
    """An incident that nobody has ended yet."""

    no: str
    place: str
    cause: str
    state: str
    opened_at: datetime


@dataclass(frozen=True)
class Bar:
    name: str
    value: float
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Wall:
    title: str
    below: str  # what the places are called that it lists
    at: datetime
    tiles: tuple[Tile, ...]
    days: tuple[tuple[date, int, int], ...]  # day, came in, done
    late: tuple[Line, ...]
    recent: tuple[Line, ...]
    grids: tuple[Bar, ...]
    categories: tuple[Bar, ...]
    ages: tuple[Bar, ...]
    checks: tuple[Bar, ...]
    hours: tuple[Bar, ...]
    alarms: tuple[Alarm, ...]
    stamp: int


def tile(figure: Figure, *, name: str = "", note: str = "", tone: str = "") -> Tile:
    """Show a figure; too new or on too little, it says so rather than look sure."""
    said = note or ("刚启用" if figure.new else f"样本 {figure.n:,}" if figure.kpi.bottom else "")
    tone = tone or ("small" if figure.small or figure.new else "")
    return Tile(figure.kpi.code, name or figure.kpi.name, figure.text, said, tone)


def shares(rows: list[tuple[str, float, str, str]]) -> tuple[Bar, ...]:
    """Measure bars by the longest; nothing stays nothing."""
    top = max((value for _, value, *_ in rows), default=0) or 1
    return tuple(Bar(name, value / top, text, tone) for name, value, text, tone in rows)
