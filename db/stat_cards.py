"""The figures on the cards of 数据分析, the same for the page and for what its document shows before it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from db import stats
from domain.access import Actor
from domain.charts import CARDS, FIRST_PART, Card, days_before, months_before, year_before
from domain.kpis import KPIS, Basis, Delta, Figure, Source, delta
from domain.stats import Grain, Scope

_DAYS = 31  # a longer period's trend is by month


def asked(session: Session, *, actor: Actor, query: Mapping[str, str], now: datetime) -> list[Card]:
    """Read the cards that an address asks for."""
    scope, _ = stats.asked(session, actor=actor, query=query, now=now)
    codes = CARDS.get(query.get("charts", ""), CARDS[FIRST_PART])
    return cards(session, actor=actor, scope=scope, codes=codes, now=now)


def cards(session: Session, *, actor: Actor, scope: Scope, codes: Sequence[str], now: datetime) -> list[Card]:
    call: dict[str, Any] = {"actor": actor, "now": now}
    start, end = days_before(scope.start, scope.end)
    before = replace(scope, start=start, end=end)
    ago = replace(scope, start=year_before(scope.start), end=year_before(scope.end))
    held = stats.figures(session, scope=scope, codes=codes, **call)
    moving = [code for code in codes if KPIS[code].basis is not Basis.NOW]
    earlier, last_year = (stats.figures(session, scope=one, codes=moving, **call) for one in (before, ago))
    trends = _trends(session, scope, codes, call)
    return [
        Card(held[code], _moved(held[code], earlier), _moved(held[code], last_year), trends.get(code, ()))
        for code in codes
    ]


def _moved(figure: Figure, earlier: Mapping[str, Figure]) -> Delta | None:
    before = earlier.get(figure.kpi.code)
    return delta(figure, before) if before else None


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
