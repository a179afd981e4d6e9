"""Figures of points and hours: points as the months' postings came to, hours from the confirmed records."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import Session

from db.models import LedgerAccountRow, PointsStatRow, ServiceRecordRow
from db.stat_sums import BY_AREA, BY_MONTH, communities
from domain.areas import Level
from domain.kpis import Figure, Kpi, figure
from domain.points import COMMUNAL, Account, Posting, RecordState, Unit
from domain.stats import Scope, key_of, keys_of, month_of

# what each figure adds up: kinds of postings and their sign
POSTINGS = {
    "points_awarded": ((Posting.AWARD, 1),),
    "points_redeemed": ((Posting.CAPTURE, -1), (Posting.RETURN, -1)),
    "points_expired": ((Posting.EXPIRE, -1),),
}
HOURS = ("service_hours", "service_times")


Sums = dict[Any, Counter[str]]  # by whatever was asked for: None, a day, an area's key


def figures(session: Session, scope: Scope, kpis: Sequence[Kpi], now: datetime) -> dict[str, Figure]:
    """Work them out. Points are a community's: below that, or narrowed to a kind of ticket, there are none."""
    found = _sums(session, scope, kpis, None)[None]
    if is_whole(scope) and any(kpi.code == "points_balance" for kpi in kpis):
        found["points_balance"] = sum(_balances(session, scope).values())
    return {kpi.code: _figure(kpi, found, now, whole=is_whole(scope)) for kpi in kpis}


def by_time(session: Session, scope: Scope, kpi: Kpi, by: str, now: datetime) -> dict[date, Figure]:
    """Give a figure day by day or month by month; points are kept by month."""
    if kpi.code in POSTINGS and by != BY_MONTH:
        return {}
    found = _sums(session, scope, [kpi], by)
    return {day: _figure(kpi, counts, now, whole=is_whole(scope)) for day, counts in found.items()}


def by_area(session: Session, scope: Scope, kpis: Sequence[Kpi], now: datetime) -> dict[str, dict[str, Figure]]:
    """Give figures of the places below, by their keys; one with nothing is not among them."""
    whole = scope.level is Level.STREET
    found = _sums(session, scope, kpis, BY_AREA)
    if whole and any(kpi.code == "points_balance" for kpi in kpis):
        for community, balance in _balances(session, scope).items():
            found[key_of(community)]["points_balance"] = balance
    return {key: {kpi.code: _figure(kpi, counts, now, whole=whole) for kpi in kpis} for key, counts in found.items()}


def nothing(scope: Scope, kpis: Sequence[Kpi], now: datetime) -> dict[str, Figure]:
    """Give the figures of a place where nothing was."""
    return {kpi.code: _figure(kpi, Counter(), now, whole=is_whole(scope)) for kpi in kpis}


def _figure(kpi: Kpi, counts: Counter[str], now: datetime, *, whole: bool) -> Figure:
    if kpi.code in HOURS:
        made = figure(kpi, counts[kpi.code], None, as_of=now)
        if kpi.code == "service_times":
            return made
        return replace(made, value=counts[kpi.code] / 60, n=counts["service_times"])  # it rests on records, not minutes
    if not whole:
        return Figure(kpi, None, None, None, 0, now)
    points = counts[kpi.code] / 10
    return replace(figure(kpi, counts[kpi.code], None, as_of=now), value=points, n=int(points))


def _sums(session: Session, scope: Scope, kpis: Sequence[Kpi], by: str | None) -> Sums:
    wanted = {kpi.code for kpi in kpis}
    found: Sums = defaultdict(Counter)
    if wanted & {*HOURS}:
        for key, minutes, times in _served(session, scope, by):
            found[key].update({"service_hours": int(minutes or 0), "service_times": int(times)})
    if wanted & POSTINGS.keys() and is_whole(scope) and (by != BY_AREA or scope.level is Level.STREET):
        for key, kind, value in _posted(session, scope, by):
            for code, parts in POSTINGS.items():
                found[key][code] += sum(sign * int(value) for posting, sign in parts if posting.value == kind)
    return found


def _posted(session: Session, scope: Scope, by: str | None) -> Iterator[tuple[Any, str, int]]:
    row = PointsStatRow
    labels: dict[str | None, Any] = {BY_MONTH: row.month, BY_AREA: row.community_id}
    label = labels.get(by, literal(None))
    held = (row.community_id.in_(communities(session, scope)), row.unit == Unit.POINTS.value)
    period = row.month.between(month_of(scope.start), month_of(scope.end))
    for key, kind, value in session.execute(
        select(label, row.kind, func.sum(row.value)).where(*held, period).group_by(label, row.kind)
    ):
        yield key_of(key) if by == BY_AREA else key, kind, value


def _served(session: Session, scope: Scope, by: str | None) -> Iterator[tuple[Any, int | None, int]]:
    row = ServiceRecordRow
    place: Any = row.community_id if scope.level is Level.STREET else row.area_path
    label: Any = {None: literal(None), BY_AREA: place}.get(by, row.served_on)
    depth = list(Level).index(scope.level) + 1
    query = select(label, func.sum(row.minutes), func.count()).where(*served(session, scope))
    for key, minutes, times in session.execute(query.group_by(label) if by else query):
        if by == BY_AREA:
            below = [key_of(key)] if scope.level is Level.STREET else keys_of(key)[depth : depth + 1]
            yield (below or [""])[0], minutes, times
        else:
            yield month_of(key) if by == BY_MONTH else key, minutes, times


def is_whole(scope: Scope) -> bool:
    """Tell whether a place has points: they are a community's."""
    return scope.level in (Level.STREET, Level.COMMUNITY)


def served(session: Session, scope: Scope) -> list[ColumnElement[bool]]:
    """Say in SQL which records count for the hours of a place and period."""
    row = ServiceRecordRow
    held: list[ColumnElement[bool]] = [row.community_id.in_(communities(session, scope))]
    held.append(row.state == RecordState.CONFIRMED.value)
    held.append(row.served_on.between(scope.start, scope.end))
    if not is_whole(scope):
        held.append(row.area_path.startswith(scope.area_path))
    return held


def _balances(session: Session, scope: Scope) -> dict[UUID, int]:
    """Sum what people have: all points sum to nothing, so a few accounts of the communities tell it."""
    row = LedgerAccountRow
    kinds = [kind.value for kind in COMMUNAL if kind is not Account.HOURS_WORLD]
    held = (row.community_id == row.owner_id, row.kind.in_(kinds), row.community_id.in_(communities(session, scope)))
    query = select(row.community_id, func.sum(row.balance)).where(*held).group_by(row.community_id)
    return {community: -int(balance or 0) for community, balance in session.execute(query) if community}
