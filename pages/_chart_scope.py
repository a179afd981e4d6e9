"""What 数据分析 asks for: read from the address, under the names that the board's filters have."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

import db
from db import stats
from domain.access import Actor
from domain.areas import Area
from domain.clock import local_date, now
from domain.stats import Scope

NAMES = ("period", "from", "to", "community", "grid", "building", "category", "kind")


@dataclass(frozen=True)
class Chosen:
    """What is asked for: the scope, the area it is of, today, which is not over, and the stamp of its data."""

    scope: Scope
    area: Area
    today: date
    stamp: int = 0

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
    return db.read(_chosen, actor, st.query_params.to_dict())


def _chosen(session: Any, actor: Actor, query: Mapping[str, str]) -> Chosen:
    moment = now()
    scope, area = stats.asked(session, actor=actor, query=query, now=moment)
    stats.allowed(actor, scope)
    return Chosen(scope, area, local_date(moment), stats.stamp(session, scope))
