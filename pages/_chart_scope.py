"""What 数据分析 asks for: read from the address, under the names that the board's filters have."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import streamlit as st

import db
from db import areas, stats
from domain.access import RIGHTS, Actor, grants_for
from domain.areas import Area, Level
from domain.clock import local_date, now
from domain.errors import NotAllowed
from domain.ids import parse_id
from domain.stats import Scope
from domain.tickets import KIND_LABELS, Kind

NAMES = ("period", "from", "to", "community", "grid", "building", "category", "kind")


def _month(today: date) -> tuple[date, date]:
    return today.replace(day=1), today


def _last_month(today: date) -> tuple[date, date]:
    end = today.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


PERIODS: dict[str, tuple[str, Callable[[date], tuple[date, date]]]] = {
    "30": ("近 30 天", lambda today: (today - timedelta(days=29), today)),
    "7": ("近 7 天", lambda today: (today - timedelta(days=6), today)),
    "90": ("近 90 天", lambda today: (today - timedelta(days=89), today)),
    "month": ("本月", _month),
    "last": ("上月", _last_month),
    "year": ("今年", lambda today: (today.replace(month=1, day=1), today)),
}


@dataclass(frozen=True)
class Chosen:
    """What is asked for: the scope, the area it is of, and today, which is not over."""

    scope: Scope
    area: Area
    today: date

    @property
    def period(self) -> str:
        start, end = self.scope.start, self.scope.end
        if start == end:
            return self._said(start)
        same = start.year == end.year != self.today.year
        return f"{self._said(start)}—{f'{end.month}月{end.day}日' if same else self._said(end)}"

    def _said(self, day: date) -> str:
        year = "" if day.year == self.today.year else f"{day.year}年"
        return f"{year}{day.month}月{day.day}日"

    @property
    def partial(self) -> str:
        return "今天还没过完" if self.scope.end >= self.today else ""

    @property
    def key(self) -> str:
        """Be part of the charts' keys: what was tapped in one scope is not tapped in another."""
        s = self.scope
        return f"{s.area_id.hex[-8:]}-{s.start}-{s.end}-{s.kind}-{s.category_id}"


def chosen(actor: Actor) -> Chosen:
    today = local_date(now())
    area = _area(actor)
    start, end = _days(today)
    kind = st.query_params.get("kind")
    narrowed = Kind(kind) if kind in KIND_LABELS else None
    scope = Scope(area.id, area.path, start, end, narrowed, parse_id(st.query_params.get("category")))
    stats.allowed(actor, scope)
    return Chosen(scope, area, today)


def stamp(actor: Actor, held: Chosen) -> int:
    """Give what changes with every write that may move a figure of this place: whoever may see it has the same."""
    inside = (a.id for a in known(actor).values() if a.level is Level.COMMUNITY and a.path.startswith(held.area.path))
    home = [held.area.community_id] if held.area.community_id else []
    return db.read(stats.stamp, frozenset([*inside, *home]))


def _days(today: date) -> tuple[date, date]:
    try:
        start, end = (date.fromisoformat(st.query_params[name]) for name in ("from", "to"))
    except (KeyError, ValueError):
        return PERIODS.get(st.query_params.get("period", ""), PERIODS["30"])[1](today)
    return (start, min(end, today)) if start <= min(end, today) else (today, today)


@st.cache_resource(ttl=60, max_entries=500, show_spinner=False, hash_funcs={Actor: repr})
def known(actor: Actor) -> dict[UUID, Area]:
    """Read the areas that this person may have figures of, the widest first."""
    paths = [grant.area_path for grant in grants_for(actor, RIGHTS["charts.read"])]
    held = [area for area in db.read(areas.tree) if any(area.path.startswith(path) for path in paths)]
    return {area.id: area for area in sorted(held, key=lambda area: area.depth)}


def _area(actor: Actor) -> Area:
    held = known(actor)
    if not held:
        raise NotAllowed()
    for name in ("building", "grid", "community"):
        found = held.get(parse_id(st.query_params.get(name)))  # type: ignore[arg-type]
        if found:
            return found
    return next(iter(held.values()))
