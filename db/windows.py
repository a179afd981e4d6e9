"""The looks that are owed: made the evening before, and taken on by the sweep when something is due."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, select
from sqlalchemy.orm import Session, aliased

from db import alarms, outbox, stat_checkin_writes
from db.models import (
    AbsenceRow,
    AreaRow,
    CareDutyRow,
    CareHandoverRow,
    CareSlotRow,
    CheckWindowRow,
    ConsentRow,
    ElderRow,
    ObservationRow,
    UserRow,
)
from db.window_rows import times_of
from db.writes import bump, put_all
from domain.care import (
    MAKE_AT_HOUR,
    AbsenceState,
    Duty,
    HandoverState,
    Look,
    Scope,
    Slot,
    WindowState,
)
from domain.clock import at_local
from domain.delivery import is_quiet
from domain.ids import new_id
from domain.incidents import Cause
from domain.live import Topic
from domain.outbox import Severity, Template
from domain.windows import Away, SlotPlan, Times, day_bit, days_made, is_away, onward, responsible, times

_WINDOW = CheckWindowRow
_PASSED_ON = (HandoverState.ACCEPTED.value, HandoverState.DECLINED.value, HandoverState.ASSIGNED.value)
_AWAY = select(AbsenceRow.elder_id, AbsenceRow.from_at, AbsenceRow.until_at).where(
    AbsenceRow.elder_id.in_(bindparam("elders", expanding=True)),
    # one that is over excuses what fell into it, should the worker come to it only now
    AbsenceRow.state.in_((AbsenceState.CONFIRMED.value, AbsenceState.ENDED.value)),
    AbsenceRow.confirmed_by.is_not(None),
    AbsenceRow.until_at > bindparam("since"),
)
_DUE = select(_WINDOW.__table__.c.id).where(_WINDOW.__table__.c.next_at <= bindparam("now")).limit(1)
_TO_SWEEP = (
    select(_WINDOW)
    .where(_WINDOW.next_at <= bindparam("now"))
    .order_by(_WINDOW.next_at, _WINDOW.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)
ACTIVE_USERS = select(UserRow.id).where(UserRow.active)  # who may no longer log in answers for no look


@dataclass(frozen=True)
class Swept:
    """How a sweep went: how many windows it took on, and which incidents it opened."""

    moved: int
    opened: tuple[UUID, ...] = ()


# --- making them -----------------------------------------------------------------------------------------


def make_day(tx: Session, *, day: date, now: datetime, community_id: UUID | None = None) -> int:
    """Make what is owed on this day and not there yet; give how many. All communities, or one at a time."""
    one = {"community": community_id} if community_id is not None else {}
    return _make(tx, day, owed(tx, day, **one), now)


def make_for(tx: Session, elder_ids: Collection[UUID], *, now: datetime) -> int:
    """Make these elders' windows of the days that should be there by now: before their plan changes, and after."""
    made = 0
    for day in days_made(now, MAKE_AT_HOUR):
        made += _make(tx, day, owed(tx, day, elders=[*elder_ids]), now)
    return made


def missing(session: Session, *, day: date) -> list[tuple[UUID, Slot]]:
    """List the elders and slots of this day that are owed a window and have none: an alarm of its own."""
    return [(row.id, Slot(row.slot)) for row in owed(session, day)]


def mend(tx: Session, *, day: date, now: datetime) -> int:
    """Raise that windows are missing on a day that was made, and make them, in one transaction; give how many."""
    gaps = owed(tx, day)
    for community, path in {(row.community_id, row.community_path) for row in gaps}:
        here = [row for row in gaps if row.community_id == community]
        outbox.enqueue(
            tx,
            community_id=community,
            area_path=path,
            template=Template.ALERT,
            body={"text": f"{day:%m月%d日}有{len(here)}户的查看没有安排上，已补上，请核对今天的巡看名单。"},
            severity=_severity(here, day, now),
            dedupe=f"missing:{community.hex}:{day:%Y%m%d}:{now:%H}",
            now=now,
        )
    return _make(tx, day, gaps, now)


def _severity(gaps: Sequence[Row[Any]], day: date, now: datetime) -> Severity:
    """Wake somebody only for a look that begins before the morning's messages go out."""
    begins = min(at_local(day, time()) + timedelta(minutes=row.opens_min) for row in gaps)
    return Severity.EMERGENCY if is_quiet(now) and (begins <= now or is_quiet(begins)) else Severity.URGENT


def owed(session: Session, day: date, **only: Any) -> Sequence[Row[Any]]:
    """Read what is owed on this day and has no window, of all or only of this `community` or these `elders`."""
    return session.execute(_owing(*only), {"day": day, "bit": day_bit(day), **only}).all()


@cache
def _owing(*only: str) -> Select[*tuple[Any, ...]]:
    """Select it: elders on the register, with consent, by their plan. Made once: it is asked at each change of one."""
    slot, area, first, second = CareSlotRow, AreaRow, aliased(CareDutyRow), aliased(CareDutyRow)
    agreed = select(ConsentRow.id).where(
        ConsentRow.elder_id == ElderRow.id, ConsentRow.scope == Scope.WATCH, ConsentRow.withdrawn_on.is_(None)
    )
    that = (_WINDOW.day == bindparam("day"), _WINDOW.slot == slot.slot)
    there = select(_WINDOW.id).where(_WINDOW.elder_id == ElderRow.id, *that)

    def holds(duty: Any, kind: Duty) -> Any:
        held = (duty.elder_id == ElderRow.id, duty.duty == kind.value, duty.valid_to.is_(None))
        return and_(*held, duty.user_id.in_(ACTIVE_USERS))

    query = (
        select(
            *(ElderRow.id, ElderRow.community_id, ElderRow.area_path, ElderRow.grid_id, ElderRow.sign, ElderRow.tier),
            *(slot.slot, slot.opens_min, slot.due_min, slot.grace_min, ElderRow.number, ElderRow.joined_on),
            *(first.user_id.label("primary_id"), second.user_id.label("backup_id"), area.path.label("community_path")),
        )
        .join(area, area.id == ElderRow.community_id)
        .join(slot, slot.elder_id == ElderRow.id)
        .outerjoin(first, holds(first, Duty.PRIMARY))
        .outerjoin(second, holds(second, Duty.BACKUP))
        .where(ElderRow.left_on.is_(None), slot.active, slot.starts_on <= bindparam("day"))
        .where(slot.weekdays.op("&")(bindparam("bit")) != 0, agreed.exists(), ~there.exists())
        .order_by(ElderRow.community_id, ElderRow.id)
    )
    if "community" in only:
        query = query.where(ElderRow.community_id == bindparam("community"))
    if "elders" in only:
        query = query.where(ElderRow.id.in_(bindparam("elders", expanding=True)))
    return query


def _make(tx: Session, day: date, gaps: Sequence[Row[Any]], now: datetime) -> int:
    if not gaps:
        return 0
    absences = away_of(tx, [row.id for row in gaps], now)
    passed = passed_on(tx, {row.community_id for row in gaps}, day)
    stands_in = alarms.StandIns(tx)
    made = [_new(row, day, absences, passed, stands_in) for row in gaps]
    stat_checkin_writes.touch_windows(tx, [window["id"] for window in made], new=True)
    put_all(tx, _WINDOW, made)
    for community in sorted({row.community_id for row in gaps}):
        bump(tx, community, Topic.CARE)
    return len(gaps)


def _new(
    row: Row[Any],
    day: date,
    absences: Mapping[UUID, Sequence[Away]],
    passed: Mapping[str, Mapping[UUID, UUID | None]],
    stands_in: "alarms.StandIns",
) -> dict[str, Any]:
    when = times_on(day, row)
    away = is_away(when, absences.get(row.id, ()))
    looker = responsible(row.primary_id, row.backup_id, passed.get(row.slot, {})) or stands_in.at(row.area_path)
    return {
        "id": new_id(),
        "community_id": row.community_id,
        "elder_id": row.id,
        "day": day,
        "slot": row.slot,
        "state": (WindowState.EXCUSED if away else WindowState.SCHEDULED).value,
        "area_path": row.area_path,
        "grid_id": row.grid_id,
        "sign": row.sign,
        "tier": row.tier,
        "opens_at": when.opens_at,
        "due_at": when.due_at,
        "grace_until": when.grace_until,
        "looker_id": looker,
        "backup_id": row.backup_id if row.backup_id != looker else None,
        "next_at": None if away else when.opens_at,
        "version": 1,
    }


def times_on(day: date, row: Row[Any]) -> Times:
    """Say when on this day what is owed opens, is due, and is late."""
    return times(day, SlotPlan(Slot(row.slot), row.opens_min, row.due_min, row.grace_min))


def away_of(session: Session, elder_ids: Iterable[UUID], at: datetime) -> dict[UUID, list[Away]]:
    """Read the confirmed absences of these elders that may excuse a window of that time or later."""
    found: dict[UUID, list[Away]] = defaultdict(list)
    for elder, start, end in session.execute(_AWAY, {"elders": [*elder_ids], "since": at - timedelta(days=2)}):
        found[elder].append(Away(start, end))
    return found


def passed_on(session: Session, community_ids: Collection[UUID], day: date) -> dict[str, dict[UUID, UUID | None]]:
    """Read by slot who gave their round of this day to whom; None is each elder's backup.

    A round taken on by somebody who may no longer log in is the backup's as well.
    """
    row = CareHandoverRow
    query = select(row.slot, row.from_id, row.to_id, row.state, row.to_id.in_(ACTIVE_USERS)).where(
        row.community_id.in_(community_ids), row.day == day, row.state.in_(_PASSED_ON)
    )
    found: dict[str, dict[UUID, UUID | None]] = defaultdict(dict)
    for slot, giver, taker, state, active in session.execute(query):
        found[slot][giver] = taker if active and state == HandoverState.ACCEPTED else None
    return found


# --- the sweep ---------------------------------------------------------------------------------------------


def sweep(tx: Session, *, now: datetime, limit: int = 200, only: UUID | None = None) -> Swept:
    """Take on whatever is due, with the messages and incidents that follow, in this one transaction."""
    due = _TO_SWEEP if only is None else _TO_SWEEP.where(_WINDOW.id == only)
    rows = tx.scalars(due, {"now": now, "limit": limit}).all()
    if not rows:
        return Swept(0)
    absences = away_of(tx, {row.elder_id for row in rows}, min(row.due_at for row in rows))
    weak = _with_weak_sign(tx, [row.id for row in rows if row.grace_until <= now])
    _held = _read_ahead(tx, rows)  # a session forgets what nobody holds
    opened = [_take_on(tx, row, absences.get(row.elder_id, ()), delays=row.id in weak, now=now) for row in rows]
    tx.flush()
    for community in sorted({row.community_id for row in rows}):
        bump(tx, community, Topic.CARE)
    return Swept(len(rows), tuple(filter(None, opened)))


def is_due(session: Session, *, now: datetime) -> bool:
    """Tell whether anything is: asked each second, and mostly nothing is."""
    return session.execute(_DUE, {"now": now}).first() is not None


def _read_ahead(tx: Session, rows: Sequence[CheckWindowRow]) -> list[Any]:
    """Read at once the elders and buildings that each step would ask for one by one."""
    elders = tx.scalars(select(ElderRow).where(ElderRow.id.in_({row.elder_id for row in rows}))).all()
    places = {elder.building_id or elder.area_id for elder in elders}
    return [*elders, *tx.scalars(select(AreaRow).where(AreaRow.id.in_(places)))]


def due_ids(session: Session, *, now: datetime) -> list[UUID]:
    """List what is due, for when it has to be taken on one by one."""
    return list(session.scalars(select(_WINDOW.id).where(_WINDOW.next_at <= now).order_by(_WINDOW.next_at, _WINDOW.id)))


def _take_on(tx: Session, row: CheckWindowRow, absences: Sequence[Away], *, delays: bool, now: datetime) -> UUID | None:
    when, state = times_of(row), WindowState(row.state)
    row.version += 1
    if is_away(when, absences):
        row.state, row.next_at = WindowState.EXCUSED.value, None
        return None
    assert row.next_at is not None
    after = onward(state, row.next_at, when, now, delays=delays)
    row.state, row.next_at = after.state.value, after.at
    if after.ask is not None:
        alarms.ask(tx, row, after.ask, now=now)
    if after.state is not WindowState.ALARM:
        return None
    tx.flush()  # the incident points to the window as it now is
    return alarms.open_incident(tx, row, Cause.NOT_LOOKED, now=now)


def _with_weak_sign(tx: Session, window_ids: Sequence[UUID]) -> frozenset[UUID]:
    if not window_ids:  # what is not past grace has no alarm to delay
        return frozenset()
    seen = ObservationRow
    query = select(seen.window_id).where(seen.window_id.in_(window_ids), seen.look == Look.WEAK.value)
    return frozenset(filter(None, tx.scalars(query)))
