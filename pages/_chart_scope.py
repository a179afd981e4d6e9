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
        return said(self.scope.start, self.scope.end, self.today)

    @property
    def partial(self) -> str:
        return "今天还没过完" if self.scope.end >= self.today else ""

    @property
    def key(self) -> str:
        """Be part of the charts' keys: what was tapped in one scope is not tapped in another."""
        s = self.scope
        return f"{s.area_id.hex[-8:]}-{s.start}-{s.end}-{s.kind}-{s.category_id}"


def said(start: date, end: date, today: date) -> str:
    """Say a period, its year where it is not this one."""
    years = [f"{day.year}年" if day.year != today.year else "" for day in (start, end)]
    first, last = (f"{day.month}月{day.day}日" for day in (start, end))
    if start == end:
        return years[0] + first
    return f"{years[0]}{first}—{'' if start.year == end.year else years[1]}{last}"


def chosen(actor: Actor) -> Chosen:
    return db.read(_chosen, actor, st.query_params.to_dict())


def _chosen(session: Any, actor: Actor, query: Mapping[str, str]) -> Chosen:
    moment = now()
    scope, area = stats.asked(session, actor=actor, query=query, now=moment)
    stats.allowed(actor, scope)
    return Chosen(scope, area, local_date(moment), stats.stamp(session, scope))
