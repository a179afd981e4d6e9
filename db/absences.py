"""外出报备: away until a day that is always given. Only a confirmed one excuses, and the next look follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import window_plans, windows
from db.elders import row_for
from db.models import AbsenceRow, CheckWindowRow, ElderRow
from db.observations import is_assigned
from db.points import check, scope
from db.window_rows import times_of, waiting_again
from db.writes import audit, bump, first_result, put, remember, update_version
from domain import access
from domain.access import RIGHTS, Actor, grants_for
from domain.care import WAITING, AbsenceKind, AbsenceState, WindowState
from domain.clock import at_local, local_date
from domain.errors import Changed, Invalid, NotAllowed, NotFound, WrongState
from domain.ids import new_id
from domain.live import Topic
from domain.windows import LONGEST_ABSENCE, is_away

TOLD_BY = ("本人", "家属", "邻居", "其他")
REMIND_FROM = time(17, 0)  # the evening before the end
_RUNNING = (AbsenceState.DRAFT.value, AbsenceState.CONFIRMED.value)


@dataclass(frozen=True)
class Absence:
    id: UUID
    elder_id: UUID
    community_id: UUID
    kind: AbsenceKind
    state: AbsenceState
    from_at: datetime
    until_at: datetime
    told_by: str
    reported_by: UUID
    confirmed_by: UUID | None
    version: int


class Call(TypedDict):
    actor: Actor
    absence_id: UUID
    expected_version: int
    key: str
    now: datetime


def report(
    tx: Session,
    *,
    actor: Actor,
    elder_id: UUID,
    kind: AbsenceKind,
    from_at: datetime,
    until_at: datetime,
    told_by: str,
    key: str,
    now: datetime,
) -> Absence:
    """Note that an elder is away. What the office enters holds at once; what others were told waits for it.

    To stay away longer is another row: the first one is never changed.
    """
    facts = {"kind": kind, "from": from_at, "until": until_at, "told": told_by}
    request = {"do": "absence", "actor": actor.user_id, "elder": elder_id, **facts}
    if done := first_result(tx, key, request):
        return get(tx, done)
    made = new_id()
    remember(tx, key, request, made, now=now)
    elder = _elder(tx, actor, elder_id)
    _check_span(from_at, until_at, told_by, now)
    holds = access.has(actor, "care.confirm", elder.area_path)
    values = {
        "id": made,
        "community_id": elder.community_id,
        "elder_id": elder_id,
        "kind": kind.value,
        "state": (AbsenceState.CONFIRMED if holds else AbsenceState.DRAFT).value,
        "from_at": from_at,
        "until_at": until_at,
        "told_by": told_by,
        "reported_by": actor.user_id,
        "confirmed_by": actor.user_id if holds else None,
        "version": 1,
    }
    put(tx, AbsenceRow, values)
    audit(tx, "absence.report", actor_id=actor.user_id, subject_id=elder_id, now=now)
    if holds:
        _excuse(tx, elder_id, now)
    bump(tx, elder.community_id, Topic.CARE)
    return get(tx, made)


def _elder(tx: Session, actor: Actor, elder_id: UUID) -> ElderRow:
    """Lock the elder for somebody who may say so: staff of the place, and whoever is assigned."""
    row = tx.scalars(select(ElderRow).where(ElderRow.id == elder_id).with_for_update(key_share=True)).first()
    if row is None or row.left_on is not None:
        raise NotFound("没有找到这位老人，可能已不在名册上。")
    if actor.read_only or not (access.has(actor, "care.absence", row.area_path) or is_assigned(tx, actor, elder_id)):
        raise NotAllowed("这位老人不在您的巡看名单里，请联系社区工作者。")
    return row


def _check_span(from_at: datetime, until_at: datetime, told_by: str, now: datetime) -> None:
    if told_by not in TOLD_BY:
        raise Invalid("请选择是谁告知的。", field="told_by")
    if until_at <= from_at:
        raise Invalid("回来的时间要晚于出门的时间。", field="until_at")
    if until_at <= now:
        raise Invalid("回来的时间已经过了，请核对。", field="until_at")
    if until_at - from_at > LONGEST_ABSENCE:
        raise Invalid(f"一次最多登记{LONGEST_ABSENCE.days}天，到期前可以再登记。", field="until_at")


def confirm(tx: Session, **call: Unpack[Call]) -> Absence:
    """Let an absence excuse, on the word of a second person."""
    row = _begin(tx, "absence.confirm", call, (AbsenceState.DRAFT,))
    if row is not None:
        actor = call["actor"]
        if row.reported_by == actor.user_id:
            raise NotAllowed("是您自己登记的，请另一位同事核实后确认。")
        values = {"state": AbsenceState.CONFIRMED.value, "confirmed_by": actor.user_id}
        _write(tx, row, values, "absence.confirm", call)
        _excuse(tx, row.elder_id, call["now"])
    return get(tx, call["absence_id"])


def end_early(tx: Session, **call: Unpack[Call]) -> Absence:
    """Say that the elder is back: the looks still to come are owed again."""
    row = _begin(tx, "absence.end", call, (AbsenceState.CONFIRMED,))
    if row is not None:
        now = call["now"]
        if now >= row.until_at:
            raise WrongState("这次外出已经到期。")
        # one that has not begun is as if it had never been; its row keeps an end after its start
        state = AbsenceState.ENDED if now > row.from_at else AbsenceState.CANCELLED
        values: dict[str, object] = {"state": state.value, "until_at": now if now > row.from_at else row.until_at}
        _write(tx, row, values, "absence.end", call)
        _owe_again(tx, row.elder_id, now)
    return get(tx, call["absence_id"])


def cancel(tx: Session, **call: Unpack[Call]) -> Absence:
    """Take back what was entered by mistake; what was already excused and is over stays as it was."""
    row = _begin(tx, "absence.cancel", call, (AbsenceState.DRAFT, AbsenceState.CONFIRMED))
    if row is not None:
        _write(tx, row, {"state": AbsenceState.CANCELLED.value}, "absence.cancel", call)
        _owe_again(tx, row.elder_id, call["now"], wrongly=True)
    return get(tx, call["absence_id"])


def _begin(tx: Session, do: str, call: Call, states: Sequence[AbsenceState]) -> AbsenceRow | None:
    """Load what is to change for somebody who may; none if this key did it before."""
    request = {"do": do, "actor": call["actor"].user_id, "absence": call["absence_id"], "v": call["expected_version"]}
    if first_result(tx, call["key"], request):
        return None
    remember(tx, call["key"], request, call["absence_id"], now=call["now"])
    row = tx.scalars(select(AbsenceRow).where(AbsenceRow.id == call["absence_id"])).first()
    if row is None:
        raise NotFound("没有找到这次外出登记，请刷新后再看。")
    elder = row_for(tx, call["actor"], row.elder_id, "care.read", lock=True)
    check(call["actor"], "care.confirm", elder.area_path)
    tx.refresh(row)
    if row.version != call["expected_version"]:
        raise Changed("这次外出登记刚被别人改过，请刷新后核对。")
    if row.state not in states:
        raise WrongState("这次外出登记已经结束，不能这样办。")
    return row


def _write(tx: Session, row: AbsenceRow, values: dict[str, object], action: str, call: Call) -> None:
    update_version(tx, AbsenceRow, row.id, call["expected_version"], values)
    audit(tx, action, actor_id=call["actor"].user_id, subject_id=row.elder_id, now=call["now"])
    bump(tx, row.community_id, Topic.CARE)


# --- what it does to the looks ---------------------------------------------------------------------------------


def _excuse(tx: Session, elder_id: UUID, now: datetime) -> None:
    absences = windows.away_of(tx, [elder_id], now)[elder_id]
    for row in _windows(tx, elder_id, tuple(state.value for state in WAITING)):
        if is_away(times_of(row), absences):
            row.state, row.next_at, row.version = WindowState.EXCUSED.value, None, row.version + 1
    tx.flush()


def _owe_again(tx: Session, elder_id: UUID, now: datetime, *, wrongly: bool = False) -> None:
    """Bring back what no other absence excuses and is not yet due; what was excused wrongly, as long as it can be."""
    absences = windows.away_of(tx, [elder_id], now)[elder_id]
    for row in _windows(tx, elder_id, (WindowState.EXCUSED.value,)):
        if (row.grace_until if wrongly else row.due_at) > now and not is_away(times_of(row), absences):
            waiting_again(row, now)
    tx.flush()
    window_plans.follow(tx, elder_id, now=now)


def _windows(tx: Session, elder_id: UUID, states: Sequence[str]) -> Sequence[CheckWindowRow]:
    row = CheckWindowRow
    query = select(row).where(row.elder_id == elder_id, row.state.in_(states)).order_by(row.id)
    return tx.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


# --- queries and the clock ---------------------------------------------------------------------------------


def get(session: Session, absence_id: UUID) -> Absence:
    return _shown(session.get_one(AbsenceRow, absence_id, populate_existing=True))


def of_elder(session: Session, *, actor: Actor, elder_id: UUID) -> list[Absence]:
    """List an elder's absences, the latest first, for the staff of the place."""
    row_for(session, actor, elder_id, "care.read")
    query = select(AbsenceRow).where(AbsenceRow.elder_id == elder_id)
    return [_shown(row) for row in session.scalars(query.order_by(AbsenceRow.from_at.desc()).limit(100))]


def running(session: Session, *, actor: Actor, now: datetime) -> list[Absence]:
    """List who is away or waits to be confirmed in the actor's areas, the first to come back first."""
    inside = scope(grants_for(actor, RIGHTS["care.read"]), ElderRow.community_id, ElderRow.area_path)
    query = select(AbsenceRow).join(ElderRow, ElderRow.id == AbsenceRow.elder_id).where(inside)
    query = query.where(AbsenceRow.state.in_(_RUNNING), AbsenceRow.until_at > now)
    return [_shown(row) for row in session.scalars(query.order_by(AbsenceRow.until_at))]


def close_due(tx: Session, *, now: datetime, limit: int = 200) -> int:
    """End what is over; the looks after it are owed by themselves."""
    row = AbsenceRow
    due = select(row.id).where(row.state.in_(_RUNNING), row.until_at <= now).order_by(row.until_at).limit(limit)
    ids = tx.scalars(due.with_for_update(skip_locked=True)).all()
    tx.execute(update(row).where(row.id.in_(ids)).values(state=AbsenceState.ENDED.value, version=row.version + 1))
    return len(ids)


def remind(tx: Session, *, now: datetime, limit: int = 200) -> list[Absence]:
    """Take those that end tomorrow, the evening before, each once: somebody should ask whether they come back."""
    row, tomorrow = AbsenceRow, local_date(now) + timedelta(days=1)
    if now < at_local(local_date(now), REMIND_FROM):
        return []
    end = at_local(tomorrow + timedelta(days=1), time())
    due = (row.state == AbsenceState.CONFIRMED.value, row.reminded_at.is_(None), row.until_at <= end)
    query = select(row).where(*due, row.until_at > now).order_by(row.until_at).limit(limit)
    rows = tx.scalars(query.with_for_update(skip_locked=True)).all()
    for one in rows:
        one.reminded_at = now
    tx.flush()
    return [_shown(one) for one in rows]


def _shown(row: AbsenceRow) -> Absence:
    return Absence(
        row.id,
        row.elder_id,
        row.community_id,
        AbsenceKind(row.kind),
        AbsenceState(row.state),
        row.from_at,
        row.until_at,
        row.told_by,
        row.reported_by,
        row.confirmed_by,
        row.version,
    )
