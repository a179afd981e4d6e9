"""Figures of 平安守望: looks and incidents from their roll-ups, the month's visits from the visits."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.orm import Session

from db import visit_rate
from db.models import CHECKIN_STAT, ElderRow
from db.stat_sums import BY_MONTH, communities, next_month, pieces
from domain.areas import Level
from domain.checkin_stats import DEEPEST
from domain.clock import local_date
from domain.kpis import NEW_DAYS, Figure, Kpi, figure
from domain.stats import LEVELS, Grain, Scope, key_of, month_of, quantile

_S = CHECKIN_STAT.c
Days = dict[date | None, Counter[str]]


def figures(session: Session, scope: Scope, kpis: Sequence[Kpi], now: datetime) -> dict[str, Figure]:
    counts = _sums(session, scope, kpis, None).get(None, Counter()) if kept(scope) else None
    fresh = is_new(session, scope, local_date(now))
    told = {}
    for kpi in kpis:
        made = _visits(session, scope, kpi, now) if kpi.code == "visit_rate" else _figure(kpi, counts, now)
        told[kpi.code] = replace(made, new=fresh)
    return told


def by_time(session: Session, scope: Scope, kpi: Kpi, by: str, now: datetime) -> dict[date, Figure]:
    if not kept(scope):
        return {}
    if kpi.code == "visit_rate":
        months = {month_of(scope.start + timedelta(days=n)) for n in range(scope.days)}
        ends = {month: replace(scope, end=min(scope.end, next_month(month) - timedelta(days=1))) for month in months}
        return {month: _visits(session, part, kpi, now) for month, part in ends.items()}
    found = _sums(session, scope, [kpi], by)
    return {day: _figure(kpi, counts, now) for day, counts in found.items() if day}


def kept(scope: Scope) -> bool:
    """Tell whether there are figures: a building's would be one elder's."""
    return scope.level in LEVELS[:DEEPEST]


def _sums(session: Session, scope: Scope, kpis: Sequence[Kpi], by: str | None) -> Days:
    measures = dict.fromkeys(name for kpi in kpis for name in kpi.measures if name in _S)
    if not measures:
        return {}
    held = [(Grain.DAY, scope.start, scope.end)] if by and by != BY_MONTH else pieces(scope.start, scope.end)
    spans = [and_(_S.grain == grain, _S.starts_on.between(start, end)) for grain, start, end in held]
    sums = [func.sum(_S[name]) for name in measures]
    where = (_S.area == key_of(scope.area_id), or_(*spans))
    found: Days = defaultdict(Counter)
    if by is None:
        rows: Any = [(None, *session.execute(select(*sums).where(*where)).one())]
    else:
        rows = session.execute(select(_S.starts_on, *sums).where(*where).group_by(_S.starts_on))
    for day, *values in rows:
        key = month_of(day) if by == BY_MONTH else day
        found[key].update({name: int(n or 0) for name, n in zip(measures, values, strict=True)})
    return found


def _figure(kpi: Kpi, counts: Counter[str] | None, now: datetime) -> Figure:
    if counts is None:
        return Figure(kpi, None, None, None, 0, now)
    if kpi.times:
        spread = [counts[name] for name in kpi.times]
        return Figure(kpi, None, sum(spread), quantile(spread, kpi.share), sum(spread), now)
    top = sum(counts[name] for name in kpi.top)
    return figure(kpi, top, sum(counts[name] for name in kpi.bottom) if kpi.bottom else None, as_of=now)


def is_new(session: Session, scope: Scope, today: date) -> bool:
    held = (_S.area == key_of(scope.area_id), _S.grain == Grain.DAY)
    first = session.scalar(select(func.min(_S.starts_on)).where(*held))
    return first is None or first > today - timedelta(days=NEW_DAYS)


def _visits(session: Session, scope: Scope, kpi: Kpi, now: datetime) -> Figure:
    """Count who was to be visited in the month of the end, and whom of them somebody did visit or call."""
    if not kept(scope):
        return Figure(kpi, None, None, None, 0, now)
    there, visited = elders_of(session, scope, now)
    query = select(func.count()).select_from(ElderRow).where(*there)
    of_all = session.scalar(query) or 0
    return figure(kpi, session.scalar(query.where(visited.is_not(None))) or 0, of_all, as_of=now)


def elders_of(session: Session, scope: Scope, now: datetime) -> tuple[list[ColumnElement[bool]], ScalarSelect[Any]]:
    """Say in SQL who counts for the month of the end, and when each of them was last visited in it."""
    first = month_of(scope.end)
    last = min(next_month(first) - timedelta(days=1), local_date(now))
    held = [ElderRow.community_id.in_(communities(session, scope)), *visit_rate.counted(first, last)]
    if scope.level not in (Level.STREET, Level.COMMUNITY):
        held.append(ElderRow.area_path.startswith(scope.area_path))
    return held, visit_rate.visited(first, last)
