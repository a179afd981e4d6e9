"""A view of the board: what is filtered, shown, sorted and grouped, and how it is laid out.

One flat form of words, `to_body`, is both what is saved and what the URL says.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.access import Role
from domain.due import Grade
from domain.ids import parse_id
from domain.tickets import Column, Kind


class Layout(StrEnum):
    BOARD = "board"
    TABLE = "table"
    CALENDAR = "calendar"


LAYOUT_LABELS = {Layout.BOARD: "看板", Layout.TABLE: "表格", Layout.CALENDAR: "日历"}


class Sort(StrEnum):
    LEFT = "left"
    CONTACT = "contact"
    NEWEST = "newest"
    STALE = "stale"


SORT_LABELS = {
    Sort.LEFT: "剩余时间",
    Sort.CONTACT: "先联系优先",
    Sort.NEWEST: "最新反映",
    Sort.STALE: "最久未动",
}


class Group(StrEnum):
    NONE = ""
    GRID = "grid"
    HANDLER = "handler"
    GRADE = "grade"


GROUP_LABELS = {Group.NONE: "不分组", Group.GRID: "按网格", Group.HANDLER: "按处理人", Group.GRADE: "按紧急程度"}


class Field(StrEnum):
    """What a card or a table's row shows beside number, title and time."""

    CATEGORY = "category"
    PLACE = "place"
    CHANNEL = "channel"
    HANDLER = "handler"
    AGE = "age"


FIELD_LABELS = {
    Field.CATEGORY: "类别",
    Field.PLACE: "地点",
    Field.CHANNEL: "渠道",
    Field.HANDLER: "处理人",
    Field.AGE: "反映时间",
}
USUAL_FIELDS = frozenset(Field)
FILTER_LABELS = {
    "community": "社区",
    "grid": "网格",
    "category": "类别",
    "kind": "类型",
    "grade": "紧急程度",
    "handler": "处理人",
    "mine": "我的",
    "due": "时限",
    "text": "搜索",
}
LONGEST_TEXT, LONGEST_NAME = 60, 40
NOTHING = "none"  # in a list: chosen, and none of them


@dataclass(frozen=True)
class View:
    filters: Mapping[str, str] = field(default_factory=dict)  # as the URL says them; an empty one is left out
    layout: Layout = Layout.BOARD
    sort: Sort = Sort.LEFT
    group: Group = Group.NONE
    hidden: frozenset[Column] = frozenset()
    fields: frozenset[Field] = USUAL_FIELDS
    week: bool = False  # of the calendar: one week instead of the month

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(column for column in Column if column not in self.hidden)


NAMES = ("layout", "sort", "group", "hide", "fields", "week")
STATE_NAMES = (*FILTER_LABELS, *NAMES)
DAY = "day"  # of the calendar; where one is looking, no part of a view


def to_body(view: View) -> dict[str, str]:
    """Say a view in its one canonical form; what is as usual is left out."""
    said = {
        **{name: view.filters.get(name, "") for name in FILTER_LABELS},
        "layout": "" if view.layout is Layout.BOARD else view.layout.value,
        "sort": "" if view.sort is Sort.LEFT else view.sort.value,
        "group": view.group.value,
        "hide": _joined(view.hidden, Column),
        "fields": "" if view.fields == USUAL_FIELDS else _joined(view.fields, Field) or NOTHING,
        "week": "1" if view.week else "",
    }
    return {name: value for name, value in said.items() if value}


def _joined(chosen: Container[Any], every: type[StrEnum]) -> str:
    return ",".join(one.value for one in every if one in chosen)


def from_body(body: object) -> tuple[View, tuple[str, ...]]:
    """Read a view, and name what in it is not known here any more: a view never fails."""
    given = {str(k): v for k, v in body.items() if v not in ("", None)} if isinstance(body, Mapping) else {}
    given.pop(DAY, None)
    dropped: list[str] = []

    def one(name: str, label: str, read: Callable[[str], Any], usual: Any) -> Any:
        value = given.pop(name, None)
        try:
            return usual if value is None else read(value)
        except (ValueError, TypeError, AttributeError):
            dropped.append(label)
            return usual

    def some(name: str, label: str, every: type[StrEnum], usual: frozenset[Any]) -> frozenset[Any]:
        names = one(name, label, lambda value: value.split(","), None)
        if names is None or names == [NOTHING]:
            return usual if names is None else frozenset()
        known = frozenset(kind for kind in every if kind.value in names)
        if len(known) < len(set(names)):
            dropped.append(label)
        return known or usual

    filters = {name: one(name, label, _FILTERS[name], "") for name, label in FILTER_LABELS.items()}
    hidden = some("hide", "显示的列", Column, frozenset())
    view = View(
        {name: value for name, value in filters.items() if value},
        one("layout", "布局", Layout, Layout.BOARD),
        one("sort", "排序", Sort, Sort.LEFT),
        one("group", "分组", Group, Group.NONE),
        hidden if hidden < frozenset(Column) else frozenset(),
        some("fields", "显示的内容", Field, USUAL_FIELDS),
        one("week", "日历", _on, False),
    )
    if given:
        dropped.append("新版本的设置")
    return view, tuple(dropped)


def _id(value: str) -> str:
    if not (found := parse_id(value)):
        raise ValueError(value)
    return str(found)


def _on(value: str) -> bool:
    if value != "1":
        raise ValueError(value)
    return True


def _due(value: str) -> str:
    if value not in ("late", "today"):
        raise ValueError(value)
    return value


_FILTERS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("community", "grid", "category", "handler"), _id),
    "kind": lambda value: Kind(value).value,
    "grade": lambda value: Grade(value).value,
    "mine": lambda value: "1" if _on(value) else "",
    "due": _due,
    "text": lambda value: value.strip()[:LONGEST_TEXT],
}


def fit(view: View, offered: Mapping[str, Container[str]]) -> tuple[View, tuple[str, ...]]:
    """Leave out filters by what this reader can't choose: a grid that was closed, another area's handler."""
    lost = [n for n, values in offered.items() if n in view.filters and view.filters[n] not in values]
    kept = {name: value for name, value in view.filters.items() if name not in lost}
    return replace(view, filters=kept), tuple(FILTER_LABELS[name] for name in lost)


YEARS = 20  # how far off a calendar's day may be
_DAY = timedelta(days=1)


def day_asked(text: str | None, today: date) -> date:
    """Read a calendar's day; what is none, or far off, is today."""
    try:
        asked = date.fromisoformat(text or "")
    except ValueError:
        return today
    return asked if abs(asked.year - today.year) <= YEARS else today


def days_of(day: date, *, week: bool) -> tuple[date, ...]:
    """List the days shown around one: its week, or the whole weeks of its month, from Monday."""
    first = day if week else day.replace(day=1)
    last = day if week else next_month(day) - _DAY
    start, end = first - _DAY * first.weekday(), last + _DAY * (6 - last.weekday())
    return tuple(start + _DAY * number for number in range((end - start).days + 1))


def next_month(day: date) -> date:
    return (day.replace(day=28) + _DAY * 4).replace(day=1)


class Share(StrEnum):
    OWN = "own"
    SHARED = "shared"
    ROLE = "role"


Reach = tuple[Share, UUID | None, Role | None]  # who sees it: how shared, in which area, for which role
SHARE_LABELS = {Share.OWN: "我的", Share.SHARED: "共享", Share.ROLE: "默认"}


@dataclass(frozen=True)
class SavedView:
    """A view under its name, as this reader sees it."""

    id: UUID
    name: str
    share: Share
    owner_id: UUID
    area_id: UUID | None
    area: str
    role: Role | None
    view: View
    dropped: tuple[str, ...]
    version: int
    editable: bool  # by this reader

    @property
    def reach(self) -> Reach:
        return self.share, self.area_id, self.role


def said(words: Iterable[str]) -> str:
    return "、".join(dict.fromkeys(words))
