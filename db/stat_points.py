"""Figures of points and hours: points as the months' postings came to, hours from the confirmed records."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.models import LedgerAccountRow, PointsStatRow, ServiceRecordRow
from db.stat_sums import communities
from domain.areas import Level
from domain.kpis import Figure, Kpi, figure
from domain.points import COMMUNAL, Account, Posting, RecordState, Unit
from domain.stats import Scope, month_of

# what each figure adds up: kinds of postings and their sign
POSTINGS = {
    "points_awarded": ((Posting.AWARD, 1),),
    "points_redeemed": ((Posting.CAPTURE, -1), (Posting.RETURN, -1)),
    "points_expired": ((Posting.EXPIRE, -1),),
}
HOURS = ("service_hours", "service_times")


def figures(session: Session, scope: Scope, kpis: Sequence[Kpi], now: datetime) -> dict[str, Figure]:
    """Work them out. Points are a community's: below that, or narrowed to a kind of ticket, there are none."""
    told: dict[str, Figure] = {}
    whole = is_whole(scope)
    wanted = {kpi.code for kpi in kpis}
    months = _months(session, scope) if whole and wanted & POSTINGS.keys() else Counter()
    minutes, times = _served(session, scope) if wanted & {*HOURS} else (0, 0)
    for kpi in kpis:
        if kpi.code == "service_hours":
            told[kpi.code] = replace(figure(kpi, minutes, None, as_of=now), value=minutes / 60)
        elif kpi.code == "service_times":
            told[kpi.code] = figure(kpi, times, None, as_of=now)
        elif not whole:
            told[kpi.code] = Figure(kpi, None, None, None, 0, now)
        else:
            tenths = _balance(session, scope) if kpi.code == "points_balance" else months[kpi.code]
            told[kpi.code] = replace(figure(kpi, tenths, None, as_of=now), value=tenths / 10)
    return told


def _months(session: Session, scope: Scope) -> Counter[str]:
    row = PointsStatRow
    held = (row.community_id.in_(communities(session, scope)), row.unit == Unit.POINTS.value)
    period = row.month.between(month_of(scope.start), month_of(scope.end))
    query = select(row.kind, func.sum(row.value)).where(*held, period).group_by(row.kind)
    sums = {kind: int(value) for kind, value in session.execute(query)}
    return Counter({code: sum(sign * sums.get(kind, 0) for kind, sign in parts) for code, parts in POSTINGS.items()})


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


def _served(session: Session, scope: Scope) -> tuple[int, int]:
    columns = (func.sum(ServiceRecordRow.minutes), func.count())
    minutes, count = session.execute(select(*columns).where(*served(session, scope))).one()
    return int(minutes or 0), int(count)


def _balance(session: Session, scope: Scope) -> int:
    """Sum what people have: all points sum to nothing, so a few accounts of the communities tell it."""
    row = LedgerAccountRow
    kinds = [kind.value for kind in COMMUNAL if kind is not Account.HOURS_WORLD]
    query = select(func.coalesce(func.sum(row.balance), 0)).where(row.community_id == row.owner_id, row.kind.in_(kinds))
    return -int(session.scalar(query.where(row.community_id.in_(communities(session, scope)))) or 0)
