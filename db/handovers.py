"""Giving away a round: offered to one person, and to the elders' backups when that one does not take it.

At every moment one person answers for each look: the giver until somebody accepts or the time is up.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from db import window_plans
from db.models import AreaRow, CareDutyRow, CareHandoverRow, CareSlotRow, CheckWindowRow, ElderRow, GrantRow, UserRow
from db.writes import audit, bump, first_result, remember, update_version
from domain import access
from domain.access import Actor
from domain.care import Duty, HandoverState, Slot
from domain.clock import local_date
from domain.errors import Changed, Invalid, NotAllowed, NotFound, WrongState
from domain.ids import new_id
from domain.live import Topic
from domain.windows import SlotPlan, answer_by, times

_ROW = CareHandoverRow


@dataclass(frozen=True)
class Handover:
    id: UUID
    community_id: UUID
    from_id: UUID
    to_id: UUID | None  # none: each elder's backup
    day: date
    slot: Slot
    state: HandoverState
    answer_by: datetime
    version: int


class Call(TypedDict):
    actor: Actor
    handover_id: UUID
    expected_version: int
    key: str
    now: datetime


def offer(
    tx: Session,
    *,
    actor: Actor,
    day: date,
    slot: Slot,
    to_id: UUID | None = None,
    from_id: UUID | None = None,
    key: str,
    now: datetime,
) -> Handover:
    """Give a round away; to nobody in particular, or too late to ask, it goes to the backups at once.

    The desk does it for a volunteer who calls (`from_id`).
    """
    giver = from_id or actor.user_id
    request = {"do": "handover", "actor": actor.user_id, "from": giver, "to": to_id, "day": day, "slot": slot}
    if done := first_result(tx, key, request):
        return get(tx, done)
    made = new_id()
    remember(tx, key, request, made, now=now)
    community, opens_at = _round(tx, actor, giver, day, slot)
    if day < local_date(now):
        raise Invalid("这一天已经过去了，请选择今天或以后的日期。", field="day")
    if to_id is not None:
        _check_taker(tx, giver, to_id, community)
    until = answer_by(opens_at, now)
    waits = to_id is not None and until > now
    values = {
        "id": made,
        "community_id": community,
        "from_id": giver,
        "to_id": to_id,
        "day": day,
        "slot": slot.value,
        "state": (HandoverState.OFFERED if waits else HandoverState.ASSIGNED).value,
        "answer_by": until,
        "version": 1,
    }
    _check_first(tx, giver, day, slot)
    tx.execute(insert(_ROW).values(values))
    audit(tx, "handover.offer", actor_id=actor.user_id, subject_id=giver, now=now)
    if not waits:
        window_plans.repoint_round(tx, giver, day, slot, now=now)
    bump(tx, community, Topic.CARE)
    return get(tx, made)


def _check_first(tx: Session, giver: UUID, day: date, slot: Slot) -> None:
    there = select(_ROW.id).where(_ROW.from_id == giver, _ROW.day == day, _ROW.slot == slot.value)
    if tx.scalars(there).first():
        raise WrongState("这一次巡看已经交接过，请打电话告诉社区值班。")


def _round(tx: Session, actor: Actor, giver: UUID, day: date, slot: Slot) -> tuple[UUID, datetime]:
    """Find where the round is and when it opens: by its windows, or while there are none by the plans."""
    row = CheckWindowRow
    mine = (row.looker_id == giver, row.day == day, row.slot == slot.value)
    there = tx.execute(select(row.community_id, row.area_path, row.opens_at).where(*mine).order_by(row.opens_at))
    made = there.first() or _planned(tx, giver, day, slot)
    if made is None:
        raise NotFound("这一时段没有要巡看的老人，不用交接。")
    community, path, opens_at = made
    if giver != actor.user_id and not access.has(actor, "care.plan", path):
        raise NotAllowed("只能交接自己的巡看；替别人交接请联系社区工作者。")
    if actor.read_only:
        raise NotAllowed()
    return community, opens_at


def _planned(tx: Session, giver: UUID, day: date, slot: Slot) -> tuple[UUID, str, datetime] | None:
    query = (
        select(ElderRow.community_id, ElderRow.area_path, CareSlotRow)
        .join(CareDutyRow, CareDutyRow.elder_id == ElderRow.id)
        .join(CareSlotRow, CareSlotRow.elder_id == ElderRow.id)
        .where(CareDutyRow.user_id == giver, CareDutyRow.duty == Duty.PRIMARY, CareDutyRow.valid_to.is_(None))
        .where(ElderRow.left_on.is_(None), CareSlotRow.slot == slot.value, CareSlotRow.active)
        .order_by(CareSlotRow.opens_min)
    )
    found = tx.execute(query).first()
    if found is None:
        return None
    community, path, plan = found
    when = times(day, SlotPlan(slot, plan.opens_min, plan.due_min, plan.grace_min))
    return community, path, when.opens_at


def _check_taker(tx: Session, giver: UUID, to_id: UUID, community: UUID) -> None:
    """Let only somebody stand in who looks in on elders there, or works there."""
    user = tx.get(UserRow, to_id)
    if user is None or not user.active or to_id == giver:
        raise Invalid("请选择另一位志愿者。", field="to_id")
    elders = select(ElderRow.id).where(ElderRow.community_id == community)
    duty = select(CareDutyRow.id).where(
        CareDutyRow.user_id == to_id, CareDutyRow.valid_to.is_(None), CareDutyRow.elder_id.in_(elders)
    )
    if tx.scalars(duty.limit(1)).first() is None and not _works_in(tx, to_id, community):
        raise Invalid(f"{user.name}不在本社区，请另选一位。", field="to_id")


def _works_in(tx: Session, user_id: UUID, community: UUID) -> bool:
    place = tx.scalars(select(AreaRow.path).where(AreaRow.id == community)).one()
    query = select(AreaRow.path).join(GrantRow, GrantRow.area_id == AreaRow.id)
    paths = tx.scalars(query.where(GrantRow.user_id == user_id, GrantRow.valid_to.is_(None)))
    return any(path.startswith(place) or place.startswith(path) for path in paths)


# --- the answer ----------------------------------------------------------------------------------------------


def accept(tx: Session, **call: Unpack[Call]) -> Handover:
    """Take the round on: from now on its looks are one's own."""
    return _answer(tx, HandoverState.ACCEPTED, call)


def decline(tx: Session, **call: Unpack[Call]) -> Handover:
    """Refuse it: it goes to the backups at once."""
    return _answer(tx, HandoverState.DECLINED, call)


def _answer(tx: Session, state: HandoverState, call: Call) -> Handover:
    actor, now = call["actor"], call["now"]
    request = {"do": f"handover.{state}", "actor": actor.user_id, "handover": call["handover_id"]}
    request["v"] = call["expected_version"]
    if first_result(tx, call["key"], request):
        return get(tx, call["handover_id"])
    remember(tx, call["key"], request, call["handover_id"], now=now)
    row = _locked(tx, call["handover_id"])
    if row is None or row.to_id != actor.user_id or actor.read_only:
        raise NotFound("没有找到这次交接，可能已经有人处理。")
    if row.version != call["expected_version"]:
        raise Changed("这次交接刚有了变化，请刷新后再看。")
    if row.state != HandoverState.OFFERED or now >= row.answer_by:
        raise WrongState("已过答复时间，这次巡看已交给备份志愿者。")
    _settle(tx, row, state, now)
    audit(tx, f"handover.{state}", actor_id=actor.user_id, subject_id=row.from_id, now=now)
    return get(tx, row.id)


def _locked(tx: Session, handover_id: UUID) -> CareHandoverRow | None:
    query = select(_ROW).where(_ROW.id == handover_id).with_for_update()
    return tx.scalars(query.execution_options(populate_existing=True)).first()


def _settle(tx: Session, row: CareHandoverRow, state: HandoverState, now: datetime) -> None:
    update_version(tx, _ROW, row.id, row.version, {"state": state.value})
    tx.flush()
    window_plans.repoint_round(tx, row.from_id, row.day, Slot(row.slot), now=now)
    bump(tx, row.community_id, Topic.CARE)


def expire(tx: Session, *, now: datetime, limit: int = 100, only: UUID | None = None) -> int:
    """Give what nobody answered in time to the backups; safe to run twice and on two machines."""
    due = _unanswered(select(_ROW), now).limit(limit).with_for_update(skip_locked=True)
    if only is not None:
        due = due.where(_ROW.id == only)
    rows = tx.scalars(due.execution_options(populate_existing=True)).all()
    for row in rows:
        _settle(tx, row, HandoverState.ASSIGNED, now)
    return len(rows)


def due_ids(session: Session, *, now: datetime) -> list[UUID]:
    """List what nobody answered in time, for when it has to be given away one by one."""
    return list(session.scalars(_unanswered(select(_ROW.id), now)))


def _unanswered(query: Select[Any], now: datetime) -> Select[Any]:
    due = query.where(_ROW.state == HandoverState.OFFERED, _ROW.answer_by <= now)
    return due.order_by(_ROW.answer_by, _ROW.id)


# --- queries ---------------------------------------------------------------------------------------------------


def offered_to(session: Session, *, actor: Actor, now: datetime) -> list[Handover]:
    """List what waits for this person's answer."""
    mine = (_ROW.to_id == actor.user_id, _ROW.state == HandoverState.OFFERED, _ROW.answer_by > now)
    return [_shown(row) for row in session.scalars(select(_ROW).where(*mine).order_by(_ROW.answer_by))]


def get(session: Session, handover_id: UUID) -> Handover:
    return _shown(session.get_one(_ROW, handover_id, populate_existing=True))


def _shown(row: Any) -> Handover:
    return Handover(
        row.id,
        row.community_id,
        row.from_id,
        row.to_id,
        row.day,
        Slot(row.slot),
        HandoverState(row.state),
        row.answer_by,
        row.version,
    )
