"""Figures for charts and the wall: every number goes through `domain.kpis` and comes from here.

Read from the roll-ups; each figure tells what it was worked out from, and `rows` gives the very rows behind it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import area_rows, stat_checkins, stat_now, stat_points
from db.models import TICKET_STAT, CategoryRow, PartyRow
from db.stat_now import Age, ages, heat
from db.stat_page import Page, StatRow
from db.stat_rows import rows
from db.stat_scope import allowed, asked, children_of, never_names, scope_of, stamp
from db.stat_spots import Hotspot, hotspots
from db.stat_sums import BY_AREA, BY_DAY, BY_MONTH, FIRST, Asked, Sums, are_kept, children, next_month, sums
from domain.access import Actor
from domain.areas import natural_order
from domain.clock import local_date
from domain.errors import NotAllowed
from domain.kpis import KPIS, NEW_DAYS, Basis, Figure, Kpi, Source, Unit, figure
from domain.stats import KEPT, Dim, Grain, Scope, key_of, month_of, quantile
from domain.tickets import KIND_LABELS, Kind

__all__ = [
    "Age",
    "DayRow",
    "Hotspot",
    "Page",
    "StatRow",
    "ages",
    "allowed",
    "asked",
    "breakdown",
    "by_day",
    "figures",
    "flow",
    "heat",
    "hotspots",
    "rows",
    "scope_of",
    "series",
    "several",
    "stamp",
]
NO_CATEGORY, NO_HANDLER = "未分类", "未派单"


def figures(session: Session, *, actor: Actor, scope: Scope, codes: Sequence[str], now: datetime) -> dict[str, Figure]:
    """Work out these figures for a place and period."""
    allowed(actor, scope)
    known = [KPIS[code] for code in codes]
    found = _tickets(session, scope, [k for k in known if k.source is Source.TICKETS], now, None).get(None, {})
    if points := [kpi for kpi in known if kpi.source is Source.POINTS]:
        found |= stat_points.figures(session, scope, points, now)
    if checkins := [kpi for kpi in known if kpi.source is Source.CHECKINS]:
        found |= stat_checkins.figures(session, scope, checkins, now)
    return {code: found[code] for code in codes}


Found = dict[Any, dict[str, Figure]]


def _tickets(session: Session, scope: Scope, kpis: Sequence[Kpi], now: datetime, by: str | Dim | None) -> Found:
    """Work out figures of tickets, by whatever is asked for."""
    today = local_date(now)
    fresh = is_new(session, scope, today)
    found: Found = {None: {}} if by is None else {}
    counted = [kpi for kpi in kpis if kpi.basis not in (Basis.NOW, Basis.DUE)]
    # what is due later today may still be done in time
    due = [kpi for kpi in kpis if kpi.basis is Basis.DUE]
    for held, end in ((counted, scope.end), (due, min(scope.end, today - timedelta(days=1)))):
        if not held:
            continue
        counts, partial = _summed(session, scope, held, end, by)
        households = _households(session, scope, by, counts) if any(k.unit is Unit.PER_THOUSAND for k in held) else {}
        marks: dict[str, Any] = {"new": fresh, "partial": partial, "until": end if end < scope.end else None}
        for key, kpi in product(counts, held):
            found.setdefault(key, {})[kpi.code] = _figure(kpi, counts[key], households.get(key), now, **marks)
    for kpi in kpis:
        if kpi.basis is Basis.NOW:
            standing, partial = stat_now.standing(session, scope, kpi.code, now, by)
            for key in {*found, *standing}:
                made = figure(kpi, standing.get(key, 0), None, as_of=now, new=fresh, partial=partial)
                found.setdefault(key, {})[kpi.code] = made
    empty = {kpi.code: _figure(kpi, Counter(), None, now, new=fresh) for kpi in kpis}
    return {key: empty | made for key, made in found.items()}


def _summed(session: Session, scope: Scope, kpis: Sequence[Kpi], end: date, by: str | Dim | None) -> tuple[Sums, str]:
    measures = tuple(dict.fromkeys(name for kpi in kpis for name in kpi.measures))
    if end < scope.start:
        return {}, ""
    return sums(session, Asked(scope, measures, scope.start, end, by))


def _figure(kpi: Kpi, counts: Counter[str], households: int | None, now: datetime, **marks: Any) -> Figure:
    if kpi.times:
        spread = [counts[name] for name in kpi.times]
        return Figure(kpi, None, sum(spread), quantile(spread, kpi.share), sum(spread), now, **marks)
    top = sum(counts[name] for name in kpi.top)
    if kpi.unit is Unit.PER_THOUSAND:
        value = top / households * 1000 if households else None
        return Figure(kpi, top, households or 0, value, top, now, **marks)
    if not kpi.bottom:
        return figure(kpi, top, None, as_of=now, **marks)
    bottom = sum(counts[name] for name in kpi.bottom) - sum(counts[name] for name in kpi.less)
    return figure(kpi, top, bottom, as_of=now, **marks)


def is_new(session: Session, scope: Scope, today: date) -> bool:
    """Tell whether there is less than a week behind the figures of this place."""
    s = TICKET_STAT.c
    grain = Grain.DAY if Grain.DAY in KEPT.get(scope.level, {}) else Grain.MONTH
    held = (s.area == key_of(scope.area_id), s.grain == grain, s.dim == Dim.ALL)
    first = session.scalar(select(func.min(s.starts_on)).where(*held))
    return first is None or first > today - timedelta(days=NEW_DAYS)


def _households(session: Session, scope: Scope, by: str | Dim | None, keys: Iterable[Any]) -> dict[Any, int]:
    """Give the households of the place, or of each place in it."""
    if isinstance(by, Dim):
        return {}
    if by == BY_AREA:
        told = area_rows.households(session, children(session, scope.area_id))
        return {key_of(one): count for one, count in told.items()}
    return dict.fromkeys(keys, area_rows.households(session, [scope.area_id])[scope.area_id])


Series = list[tuple[date, Figure]]


def series(session: Session, *, actor: Actor, scope: Scope, code: str, grain: Grain | str, now: datetime) -> Series:
    """Give a figure day by day or month by month, every one of them, the empty ones too."""
    return several(session, actor=actor, scope=scope, codes=(code,), grain=grain, now=now)[code]


def several(
    session: Session, *, actor: Actor, scope: Scope, codes: Sequence[str], grain: Grain | str, now: datetime
) -> dict[str, Series]:
    """Give several figures so; those of tickets are read together."""
    allowed(actor, scope)
    grain = Grain(grain)
    by = BY_DAY if grain is Grain.DAY else BY_MONTH
    days = list(_starts(scope.start, scope.end, grain))
    counted = [KPIS[code] for code in codes if KPIS[code].source is Source.TICKETS]
    counted = [kpi for kpi in counted if kpi.basis is not Basis.NOW]
    tickets = _tickets(session, scope, counted, now, by) if counted else {}
    told: dict[str, Series] = {}
    for code in codes:
        kpi = KPIS[code]
        if kpi.source is Source.TICKETS and kpi.basis is Basis.NOW:
            flowed = _flow(session, scope, now)
            told[code] = [(row.day, figure(kpi, row.open, None, as_of=now, partial=row.partial)) for row in flowed]
            continue
        if kpi.source is Source.TICKETS:
            found = {day: held[code] for day, held in tickets.items()}
        else:
            found = _MODULES[kpi.source].by_time(session, scope, kpi, by, now)
        points = kpi.source is Source.POINTS
        empty = stat_points.nothing(scope, [kpi], now)[code] if points else _figure(kpi, Counter(), None, now)
        told[code] = [(day, found.get(day, empty)) for day in days]
    return told


_MODULES: dict[Source, Any] = {Source.POINTS: stat_points, Source.CHECKINS: stat_checkins}


def _starts(start: date, end: date, grain: Grain) -> Iterator[date]:
    """List the days, or the months by their first day."""
    day = start if grain is Grain.DAY else month_of(start)
    while day <= end:
        yield day
        day = day + timedelta(days=1) if grain is Grain.DAY else next_month(day)


@dataclass(frozen=True)
class DayRow:
    """A day: what came in, what was closed, what was open at its end; and both summed up since the period began.

    `partial` says what is left out of all of them, if anything is.
    """

    day: date
    reported: int
    closed: int
    open: int
    reported_so_far: int
    closed_so_far: int
    partial: str = ""


_FLOW = ("reported", "dropped", "closed", "reopened")


def flow(session: Session, *, actor: Actor, scope: Scope, now: datetime) -> list[DayRow]:
    """Give the days of the period up to today; what was dropped later has never been open."""
    allowed(actor, scope)
    return _flow(session, scope, now)


def _flow(session: Session, scope: Scope, now: datetime) -> list[DayRow]:
    standing, days, partial = _read_flow(session, scope, now)
    told, came, went = [], 0, 0
    for day in _starts(scope.start, min(scope.end, local_date(now)), Grain.DAY):
        counts = days.get(day, Counter())
        standing += _open(counts)
        came, went = came + counts["reported"], went + counts["closed"]
        told.append(DayRow(day, counts["reported"], counts["closed"], standing, came, went, partial))
    return told


def _read_flow(session: Session, scope: Scope, now: datetime) -> tuple[int, Sums, str]:
    """Say how many were open when the period began, and what each day brought; with it what is left out of both.

    Where no sums are kept this goes back from now, so the days after the period are read along with its own.
    """
    ever = Asked(scope, _FLOW, FIRST, scope.start - timedelta(days=1))
    kept = are_kept(session, ever)
    end = scope.end if kept else max(scope.end, local_date(now))
    days, partial = sums(session, Asked(scope, _FLOW, scope.start, end, BY_DAY))
    if kept:
        return _open(sums(session, ever)[0].get(None, Counter())), days, partial
    standing, _ = stat_now.standing(session, scope, "open", now, None)
    return standing.get(None, 0) - sum(map(_open, days.values())), days, partial


def _open(counts: Counter[str]) -> int:
    return counts["reported"] - counts["dropped"] - counts["closed"] + counts["reopened"]


by_day = flow


def breakdown(
    session: Session, *, actor: Actor, scope: Scope, dim: Dim | str, codes: Sequence[str], now: datetime
) -> list[tuple[UUID | str | None, str, dict[str, Figure]]]:
    """Give figures by category, kind, handler, or area below, each with its id and name, in their natural order."""
    allowed(actor, scope)
    kpis = [KPIS[code] for code in codes]
    if dim == BY_AREA:
        return _by_area(session, scope, kpis, now)
    by = Dim(dim)
    if by is Dim.HANDLER and never_names(actor, scope):
        raise NotAllowed("这里只看数字，不看个人。")
    found = _tickets(session, scope, kpis, now, by)
    if by is Dim.KIND:
        return [(kind.value, KIND_LABELS[kind], found[kind.value]) for kind in Kind if kind.value in found]
    names = _names(session, by, [UUID(str(key)) for key in found if key])
    told: list[tuple[UUID | str | None, str, dict[str, Figure]]] = []
    for key, held in found.items():
        one = UUID(str(key)) if key else None
        told.append((one, names.get(one, NO_CATEGORY if by is Dim.CATEGORY else NO_HANDLER), held))
    return sorted(told, key=lambda row: (row[0] is None, natural_order(row[1])))


def _by_area(
    session: Session, scope: Scope, kpis: Sequence[Kpi], now: datetime
) -> list[tuple[UUID | str | None, str, dict[str, Figure]]]:
    """Give figures of each place below; one where nothing happened is there too."""
    tickets = [kpi for kpi in kpis if kpi.source is Source.TICKETS]
    found = _tickets(session, scope, tickets, now, BY_AREA) if tickets else {}
    cut = {code: one.partial for held in found.values() for code, one in held.items()}  # said of the empty ones too
    points = [kpi for kpi in kpis if kpi.source is Source.POINTS]
    posted = stat_points.by_area(session, scope, points, now) if points else {}
    checkins = [kpi for kpi in kpis if kpi.source is Source.CHECKINS]
    told: list[tuple[UUID | str | None, str, dict[str, Figure]]] = []
    for area in children_of(session, scope.area_id):
        part = replace(scope, area_id=area.id, area_path=area.path)
        none = {kpi.code: _figure(kpi, Counter(), None, now) for kpi in tickets}
        empty = {code: replace(one, partial=cut.get(code, "")) for code, one in none.items()}
        held = empty | found.get(key_of(area.id), {})
        if points:
            held |= posted.get(key_of(area.id)) or stat_points.nothing(part, points, now)
        if checkins:
            held |= stat_checkins.figures(session, part, checkins, now)
        told.append((area.id, area.name, held))
    return told


def _names(session: Session, by: Dim, ids: Sequence[UUID]) -> dict[UUID | None, str]:
    if by is Dim.HANDLER:
        parties = session.execute(select(PartyRow.id, PartyRow.label).where(PartyRow.id.in_(ids)))
        return {row.id: row.label for row in parties}
    rows = {row.id: row for row in session.execute(select(CategoryRow.id, CategoryRow.parent_id, CategoryRow.name))}
    told: dict[UUID | None, str] = {}
    for one in ids:
        row = rows.get(one)
        above = rows.get(row.parent_id) if row and row.parent_id else None
        told[one] = f"{above.name} / {row.name}" if above and row else row.name if row else NO_CATEGORY
    return told
