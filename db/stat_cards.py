"""The figures on the cards of 数据分析, the same for the page and for what its document shows before it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from db import stat_checkins, stats
from domain.access import Actor
from domain.charts import CARDS, FIRST_PART, Card, days_before, months_before, year_before
from domain.clock import local_date
from domain.kpis import KPIS, NEW_DAYS, Basis, Delta, Figure, Kpi, Source, delta, unripe
from domain.stats import Grain, Scope, month_of

_DAYS = 31  # a longer period's trend is by month


def asked(session: Session, *, actor: Actor, query: Mapping[str, str], now: datetime) -> list[Card]:
    """Read the cards that an address asks for."""
    scope, _ = stats.asked(session, actor=actor, query=query, now=now)
    codes = CARDS.get(query.get("charts", ""), CARDS[FIRST_PART])
    return cards(session, actor=actor, scope=scope, codes=codes, now=now)


def cards(session: Session, *, actor: Actor, scope: Scope, codes: Sequence[str], now: datetime) -> list[Card]:
    call: dict[str, Any] = {"actor": actor, "now": now}
    held = stats.figures(session, scope=scope, codes=codes, **call)
    before, ago = (_earlier(session, scope, codes, period, call) for period in (_before, _year_ago))
    trends = _trends(session, scope, codes, call)
    today, made = local_date(now), []
    for code in codes:
        chain, year = (_moved(held[code], earlier.get(code), scope.end, today) for earlier in (before, ago))
        if chain and chain == year and chain.value is None:
            year = None  # what is compared with nothing says so once
        made.append(Card(held[code], chain, year, trends.get(code, ())))
    return made


def _before(scope: Scope, kpi: Kpi) -> Scope:
    """Give the time before: as many days, or as many months of what is counted by whole months."""
    start, end = days_before(scope.start, scope.end)
    if kpi.basis is Basis.MONTH:
        first = month_of(scope.end if kpi.source is Source.CHECKINS else scope.start)  # visits: the last month alone
        end = first - timedelta(days=1)
        start = months_before(end, (scope.end.year - first.year) * 12 + scope.end.month - first.month)
    return replace(scope, start=start, end=end)


def _year_ago(scope: Scope, _kpi: Kpi) -> Scope:
    return replace(scope, start=year_before(scope.start), end=year_before(scope.end))


def _earlier(
    session: Session,
    scope: Scope,
    codes: Iterable[str],
    period: Callable[[Scope, Kpi], Scope],
    call: dict[str, Any],
) -> dict[str, Figure]:
    """Read the figures of an earlier time, each of its own; one that began before anything was counted is new."""
    by_scope: dict[Scope, list[str]] = {}
    for code in codes:
        if KPIS[code].basis is not Basis.NOW:
            by_scope.setdefault(period(scope, KPIS[code]), []).append(code)
    told: dict[str, Figure] = {}
    for one, some in by_scope.items():
        found = stats.figures(session, scope=one, codes=some, **call)
        late = {source for source in {KPIS[code].source for code in some} if _began_within(session, one, source)}
        told |= {code: replace(f, new=f.new or f.kpi.source in late) for code, f in found.items()}
    return told


def _began_within(session: Session, scope: Scope, source: Source) -> bool:
    """Tell whether the first of all was counted after this time began: then it is no whole one to compare with."""
    is_new = {Source.TICKETS: stats.is_new, Source.CHECKINS: stat_checkins.is_new}.get(source)
    return is_new is not None and is_new(session, scope, scope.start + timedelta(days=NEW_DAYS))


def _moved(figure: Figure, before: Figure | None, end: date, today: date) -> Delta | None:
    if before is None:
        return None
    early = unripe(figure.kpi, end, today)
    return Delta(None, early, None) if early else delta(figure, before)


def _trends(
    session: Session, scope: Scope, codes: Iterable[str], call: dict[str, Any]
) -> dict[str, tuple[float | None, ...]]:
    """Read how they went; what stands now and is kept for no day has no trend, nor what only a part was read of."""
    by_grain: dict[Grain, list[str]] = {}
    for code in codes:
        if KPIS[code].basis is Basis.NOW and code != "open":
            continue
        long = scope.days > _DAYS or KPIS[code].source is Source.POINTS
        by_grain.setdefault(Grain.MONTH if long and code != "open" else Grain.DAY, []).append(code)
    told: dict[str, tuple[float | None, ...]] = {}
    for grain, some in by_grain.items():
        # at least half a year of months, or there is no trend to see
        start = min(scope.start, months_before(scope.end, 5)) if grain is Grain.MONTH else scope.start
        read = stats.several(session, scope=replace(scope, start=start), codes=some, grain=grain, **call)
        whole = {code: found for code, found in read.items() if not any(one.partial for _, one in found)}
        told |= {code: tuple(one.value for _, one in found) for code, found in whole.items()}
    return told
