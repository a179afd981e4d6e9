"""Windows that exist follow the register, the plan and the duties they came from, as long as they are not over."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from db import alarms, stat_checkin_writes
from db.models import CareDutyRow, CareSlotRow, CheckWindowRow, ConsentRow, ElderRow, IncidentRow
from db.window_rows import times_of
from db.windows import ACTIVE_USERS, away_of, make_for, passed_on
from db.writes import bump
from domain.care import WAITING, Duty, Scope, Slot, WindowState
from domain.live import Topic
from domain.windows import SlotPlan, Times, day_bit, is_away, responsible, times

_WINDOW = CheckWindowRow
_WAITING = tuple(state.value for state in WAITING)


def follow(tx: Session, elder_id: UUID, *, now: datetime) -> None:
    """Make the windows of today and tomorrow that have not opened say what the register and plan now say."""
    elder = tx.get_one(ElderRow, elder_id, populate_existing=True)
    plans = {plan.slot: plan for plan in tx.scalars(select(CareSlotRow).where(CareSlotRow.elder_id == elder_id))}
    absences = away_of(tx, [elder_id], now)[elder_id]
    for row in _unopened(tx, elder_id, now):
        plan = plans[row.slot]
        owed = plan.active and plan.weekdays & day_bit(row.day) and _agreed(tx, elder_id)
        if not owed:
            _drop(tx, row)
            continue
        when = times(row.day, SlotPlan(Slot(row.slot), plan.opens_min, plan.due_min, plan.grace_min))
        if when.opens_at <= now:
            when = times_of(row)  # a slot moved into the past is first owed tomorrow: today's stays as it was made
        _follow(row, elder, when, excused=is_away(when, absences))
    tx.flush()
    make_for(tx, [elder_id], now=now)


def _unopened(tx: Session, elder_id: UUID, now: datetime) -> Sequence[CheckWindowRow]:
    states = (WindowState.SCHEDULED.value, WindowState.EXCUSED.value)
    query = select(_WINDOW).where(_WINDOW.elder_id == elder_id, _WINDOW.opens_at > now, _WINDOW.state.in_(states))
    return tx.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def _agreed(tx: Session, elder_id: UUID) -> bool:
    mine = (ConsentRow.elder_id == elder_id, ConsentRow.scope == Scope.WATCH, ConsentRow.withdrawn_on.is_(None))
    return tx.scalars(select(ConsentRow.id).where(*mine)).first() is not None


def _follow(row: CheckWindowRow, elder: ElderRow, when: Times, *, excused: bool) -> None:
    row.opens_at, row.due_at, row.grace_until = when.opens_at, when.due_at, when.grace_until
    row.area_path, row.grid_id, row.sign, row.tier = elder.area_path, elder.grid_id, elder.sign, elder.tier
    row.state = (WindowState.EXCUSED if excused else WindowState.SCHEDULED).value
    row.next_at = None if excused else when.opens_at
    row.version += 1


def _drop(tx: Session, row: CheckWindowRow) -> None:
    """Take back a look that is not owed any longer; one that an incident tells of stays, excused."""
    if tx.scalars(select(IncidentRow.id).where(IncidentRow.window_id == row.id)).first():
        row.state, row.next_at, row.version = WindowState.EXCUSED.value, None, row.version + 1
    else:
        stat_checkin_writes.touch_windows(tx, [row.id])
        tx.execute(delete(_WINDOW).where(_WINDOW.id == row.id))


def stop(tx: Session, elder_id: UUID, *, now: datetime) -> None:
    """End all that waits: the elder has left."""
    for row in _unopened(tx, elder_id, now):
        _drop(tx, row)
    tx.flush()
    open_ = (_WINDOW.elder_id == elder_id, _WINDOW.state.in_(_WAITING))
    values = {"state": WindowState.EXCUSED.value, "next_at": None, "version": _WINDOW.version + 1}
    stat_checkin_writes.touch_windows(tx, tx.scalars(select(_WINDOW.id).where(*open_)).all())
    tx.execute(update(_WINDOW).where(*open_).values(**values))


def repoint(tx: Session, elder_id: UUID, *, now: datetime) -> int:
    """Say anew who answers for each look of this elder that is not over; give how many changed hands."""
    return _repoint(tx, _unsettled(tx, _WINDOW.elder_id == elder_id, now))


def repoint_round(tx: Session, user_id: UUID, day: date, slot: Slot, *, now: datetime) -> int:
    """Say anew who answers for the looks of a round that this person had."""
    mine = and_(_WINDOW.looker_id == user_id, _WINDOW.day == day, _WINDOW.slot == slot.value)
    return _repoint(tx, _unsettled(tx, mine, now))


def repoint_user(tx: Session, user_id: UUID, *, now: datetime) -> int:
    """Say anew who answers for the looks that this person has or is to have: let in no longer, or again."""
    duty = CareDutyRow
    held = select(duty.elder_id).where(duty.user_id == user_id, duty.valid_to.is_(None))
    mine = or_(_WINDOW.looker_id == user_id, _WINDOW.backup_id == user_id, _WINDOW.elder_id.in_(held))
    rows = _unsettled(tx, mine, now)
    changed = _repoint(tx, rows)
    for community in sorted({row.community_id for row in rows}) if changed else ():
        bump(tx, community, Topic.CARE)
    return changed


def _unsettled(tx: Session, which: ColumnElement[bool], now: datetime) -> Sequence[CheckWindowRow]:
    excused = and_(_WINDOW.state == WindowState.EXCUSED.value, _WINDOW.grace_until > now)
    ordered = select(_WINDOW).where(which, or_(_WINDOW.state.in_(_WAITING), excused)).order_by(_WINDOW.id)
    return tx.scalars(ordered.with_for_update().execution_options(populate_existing=True)).all()


def _repoint(tx: Session, rows: Sequence[CheckWindowRow]) -> int:
    holders = _holders(tx, {row.elder_id for row in rows})
    stands_in, changed = alarms.StandIns(tx), 0
    for row in rows:
        first, second = (holders.get((row.elder_id, duty)) for duty in Duty)
        passed = passed_on(tx, {row.community_id}, row.day).get(row.slot, {})
        looker = responsible(first, second, passed) or stands_in.at(row.area_path)
        backup = second if second != looker else None
        if (looker, backup) != (row.looker_id, row.backup_id):
            row.looker_id, row.backup_id, row.version = looker, backup, row.version + 1
            changed += 1
    tx.flush()
    return changed


def _holders(tx: Session, elder_ids: Collection[UUID]) -> dict[tuple[UUID, Duty], UUID]:
    row = CareDutyRow
    query = select(row.elder_id, row.duty, row.user_id).where(row.elder_id.in_(elder_ids), row.valid_to.is_(None))
    query = query.where(row.user_id.in_(ACTIVE_USERS))
    return {(elder, Duty(duty)): user for elder, duty, user in tx.execute(query)}
