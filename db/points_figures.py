"""A month of points in figures: in, out, outstanding, expiring; hours by grid; the ranking."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.models import AreaRow, LedgerAccountRow, PointLotRow, PointsStatRow, ServiceRecordRow
from db.points import names_of, scope
from domain.access import RIGHTS, Actor, grants_for
from domain.errors import NotAllowed
from domain.points import (
    COMMUNAL,
    Account,
    Posting,
    Rank,
    RecordState,
    Unit,
    month_of,
    next_month,
    ranking,
)


@dataclass(frozen=True)
class Month:
    """Points in tenths as the postings of the month came to, minutes as were served in it; the rest is as of now."""

    month: date
    awarded: int
    redeemed: int
    expired: int
    reversed: int
    returned: int
    minutes: int
    outstanding: int
    expiring: dict[date, int]  # by day, what is left of lots


def _check(actor: Actor, community_id: UUID) -> None:
    """Figures are the whole community's: not for grants on a part of it, nor for other communities."""
    grants = grants_for(actor, RIGHTS["charts.read"])
    if not any(community_id in grant.community_ids and grant.whole_communities for grant in grants):
        raise NotAllowed()


def month_figures(session: Session, *, actor: Actor, community_id: UUID, month: date) -> Month:
    _check(actor, community_id)
    month, row = month_of(month), PointsStatRow
    query = select(row.kind, row.unit, row.value).where(row.community_id == community_id, row.month == month)
    sums = {(kind, unit): value for kind, unit, value in session.execute(query)}

    def points(kind: Posting) -> int:
        return sums.get((kind.value, Unit.POINTS.value), 0)

    return Month(
        month,
        points(Posting.AWARD),
        -points(Posting.CAPTURE),
        -points(Posting.EXPIRE),
        -points(Posting.REVERSE),
        points(Posting.RETURN),
        session.scalar(select(func.sum(ServiceRecordRow.minutes)).where(*_served(community_id, month))) or 0,
        outstanding(session, community_id),
        _expiring(session, community_id),
    )


def _served(community_id: UUID, month: date) -> list[ColumnElement[bool]]:
    """Say which records are the month's, by the day of the service, as on /charts and the wall."""
    row = ServiceRecordRow
    served = (row.served_on >= month_of(month), row.served_on < next_month(month))
    return [row.community_id == community_id, row.state == RecordState.CONFIRMED.value, *served]


def outstanding(session: Session, community_id: UUID) -> int:
    """Sum what people have: all points sum to nothing, so four accounts tell it however many people there are."""
    row = LedgerAccountRow
    kinds = [kind.value for kind in COMMUNAL if kind is not Account.HOURS_WORLD]
    theirs = (row.community_id == community_id, row.owner_id == community_id, row.kind.in_(kinds))
    return -int(session.scalar(select(func.coalesce(func.sum(row.balance), 0)).where(*theirs)) or 0)


def _expiring(session: Session, community_id: UUID) -> dict[date, int]:
    lot = PointLotRow
    query = select(lot.expires_on, func.sum(lot.remaining)).where(lot.community_id == community_id, lot.remaining > 0)
    rows = session.execute(query.group_by(lot.expires_on).order_by(lot.expires_on))
    return {day: int(points) for day, points in rows}


def hours_by_grid(session: Session, *, actor: Actor, community_id: UUID, month: date) -> list[tuple[str, int]]:
    """Sum the month's confirmed minutes by the grid they were served in, the most first."""
    _check(actor, community_id)
    row, total = ServiceRecordRow, func.sum(ServiceRecordRow.minutes)
    query = select(func.coalesce(AreaRow.name, "未分网格"), total).outerjoin(AreaRow, AreaRow.id == row.grid_id)
    query = query.where(*_served(community_id, month))
    rows = session.execute(query.group_by(AreaRow.id, AreaRow.name).order_by(total.desc(), AreaRow.name))
    return [(name, int(minutes)) for name, minutes in rows]


def month_ranking(session: Session, *, actor: Actor, community_id: UUID, month: date) -> list[tuple[Rank, str]]:
    """Order the month's people by confirmed minutes, with their masked names; the same whenever it is asked."""
    grants = grants_for(actor, RIGHTS["points.read"])
    row = ServiceRecordRow
    query = select(row.person_id, func.sum(row.minutes)).where(
        *_served(community_id, month),
        scope(grants, row.community_id, row.area_path),
    )
    found = [(person, int(minutes)) for person, minutes in session.execute(query.group_by(row.person_id))]
    names = names_of(session, (person for person, _ in found))
    return [(rank, names.get(rank.person_id, "")) for rank in ranking(found)]
