"""The cards above the charts: each figure with how it moved, and when picked, its proof."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import streamlit as st

import db
from db import stats
from domain.access import Actor
from domain.clock import now
from domain.kpis import KPIS, Basis, Delta, Figure, Source, delta
from domain.stats import Grain, Scope
from pages._chart_frame import ask
from pages._chart_scope import Chosen
from ui.charts import component, markup
from ui.charts.markup import NEW, Face

_DAYS = 31  # a longer period's trend is by month
_TONES = {True: "up", False: "down", None: ""}


def show(actor: Actor, held: Chosen, codes: Sequence[str], fresh: tuple[int, int]) -> None:
    faces = _faces(actor, held.scope, tuple(codes), fresh)
    component.draw(markup.cards_html(faces), key="cards", on_picked=_open)


def _open() -> None:
    ask(st.session_state["cards"].picked)


@st.cache_resource(ttl=90, max_entries=200, show_spinner=False, hash_funcs={Scope: repr})
def _faces(_actor: Actor, scope: Scope, codes: tuple[str, ...], fresh: tuple[int, int]) -> list[Face]:
    """Read them once for all who may see this place; `fresh` makes them new."""
    del fresh
    return db.read(_read, _actor, scope, codes)


def _read(session: Any, actor: Actor, scope: Scope, codes: Sequence[str]) -> list[Face]:
    call: dict[str, Any] = {"actor": actor, "now": now()}
    held, before, ago = (
        stats.figures(session, scope=one, codes=codes, **call) for one in (scope, _before(scope), _year_ago(scope))
    )
    return [
        _face(
            held[code],
            delta(held[code], before[code]),
            delta(held[code], ago[code]),
            _trend(session, scope, code, call),
        )
        for code in codes
    ]


def _face(figure: Figure, chain: Delta, year: Delta, trend: list[float | None]) -> Face:
    kpi = figure.kpi
    marks = [NEW] if figure.new else []
    if kpi.bottom or kpi.times:
        marks.append(f"样本 {figure.n:,}")
    moves = () if kpi.basis is Basis.NOW else (("环比", chain), ("同比", year))
    told = tuple((name, *_moved(one)) for name, one in moves)
    tone = "small" if figure.small or figure.new else ""
    return Face(kpi.code, kpi.name, figure.text, tone, tuple(marks), told, kpi.target, tuple(trend))


def _moved(change: Delta) -> tuple[str, str]:
    """Say how it moved; less than can be seen is no change, and so neither good nor bad."""
    if change.text[1:].startswith("0.0"):
        return "持平", ""
    return change.text, _TONES[change.better]


def _trend(session: Any, scope: Scope, code: str, call: dict[str, Any]) -> list[float | None]:
    if KPIS[code].basis is Basis.NOW and code != "open":
        return []
    long = scope.days > _DAYS or KPIS[code].source is Source.POINTS
    grain = Grain.MONTH if long and code != "open" else Grain.DAY
    if grain is Grain.MONTH:  # at least half a year of months, or there is no trend to see
        scope = replace(scope, start=min(scope.start, months_before(scope.end, 5)))
    return [one.value for _, one in stats.series(session, scope=scope, code=code, grain=grain, **call)]


def months_before(day: date, count: int) -> date:
    month = day.year * 12 + day.month - 1 - count
    return date(month // 12, month % 12 + 1, 1)


def _before(scope: Scope) -> Scope:
    """Give as many days as these, just before them."""
    end = scope.start - timedelta(days=1)
    return replace(scope, start=end - timedelta(days=scope.days - 1), end=end)


def _year_ago(scope: Scope) -> Scope:
    return replace(scope, start=_year_before(scope.start), end=_year_before(scope.end))


def _year_before(day: date) -> date:
    """Give the same day a year before; of a leap day the one before it."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
