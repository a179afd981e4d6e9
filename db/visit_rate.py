"""月探访率: who is to be visited in a month and when each of them was, said once in SQL for every page that counts."""

from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.orm import aliased

from db.models import AbsenceRow, ConsentRow, ElderRow, PairVisitRow
from db.stat_sums import next_month
from domain import care
from domain.care import AbsenceState
from domain.clock import at_local

_E, _AWAY, _VISIT = ElderRow, AbsenceRow, PairVisitRow


def _holds(row: Any) -> ColumnElement[bool]:
    """Say that an absence counts; one that nobody confirmed ends as well, and never does."""
    held = row.state.in_([AbsenceState.CONFIRMED.value, AbsenceState.ENDED.value])
    return and_(held, row.confirmed_by.is_not(None))


def counted(month: date, last: date) -> list[ColumnElement[bool]]:
    """Say who counts: on the register and agreed on the last day in it, and not away from its first to its last day."""
    there = [_E.joined_on <= last, or_(_E.left_on.is_(None), _E.left_on > last)]
    row = ConsentRow
    agreed = select(row.id).where(row.elder_id == _E.id, row.scope == care.Scope.WATCH.value, row.granted_on <= last)
    agreed = agreed.where(or_(row.withdrawn_on.is_(None), row.withdrawn_on > last))
    return [*there, agreed.exists(), ~_away_all_through(month)]


def _away_all_through(month: date) -> ColumnElement[bool]:
    """Say that absences, one after the other, leave no moment between the first day's begin and the last day's."""
    first, end = at_local(month, time()), at_local(next_month(month) - timedelta(days=1), time())
    next_one = aliased(_AWAY)
    goes_on = select(next_one.id).where(
        next_one.elder_id == _AWAY.elder_id,  # not the elder: two levels up, it would be joined anew, and be anybody
        _holds(next_one),
        next_one.from_at <= _AWAY.until_at,
        next_one.until_at > _AWAY.until_at,
    )
    held = (_AWAY.elder_id == _E.id, _holds(_AWAY))
    begins = select(_AWAY.id).where(*held, _AWAY.from_at <= first, _AWAY.until_at > first).exists()
    back = select(_AWAY.id).where(*held, _AWAY.until_at > first, _AWAY.until_at <= end, ~goes_on.exists()).exists()
    return and_(begins, ~back)


def visited(month: date, last: date) -> ScalarSelect[Any]:
    """Say when the elder was last visited or telephoned in it; null: not at all."""
    mine = (_VISIT.elder_id == _E.id, _VISIT.visited_on.between(month, last))
    return select(func.max(_VISIT.visited_on)).where(*mine).correlate(_E).scalar_subquery()


def visited_in_person(month: date, last: date) -> ColumnElement[bool]:
    mine = (_VISIT.elder_id == _E.id, _VISIT.visited_on.between(month, last), _VISIT.by_phone.is_(False))
    return select(_VISIT.id).where(*mine).exists()
