"""结对: the visit or call of the month, noted by whoever hears of it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from db.elders import row_for
from db.models import PairVisitRow, UserRow
from db.writes import audit, bump, first_result, remember
from domain.access import Actor
from domain.clock import local_date
from domain.errors import Invalid, NotFound, WrongState
from domain.ids import new_id
from domain.live import Topic


def record(
    tx: Session,
    *,
    actor: Actor,
    elder_id: UUID,
    visited_on: date,
    by_id: UUID,
    by_phone: bool,
    key: str,
    now: datetime,
) -> UUID:
    """Note a visit; two of one person to one elder on one day are one."""
    request = {"do": "pair.visit", "actor": actor.user_id, "elder": elder_id, "by": by_id}
    request |= {"on": visited_on, "phone": by_phone}
    if done := first_result(tx, key, request):
        return done
    elder = row_for(tx, actor, elder_id, "care.look")
    today = local_date(now)
    if visited_on > today:
        raise Invalid("探访日期不能晚于今天。", field="visited_on")
    if visited_on < elder.joined_on:
        raise Invalid("探访日期早于老人登记的日期，请核对。", field="visited_on")
    if tx.get(UserRow, by_id) is None:
        raise Invalid("请选择是谁去探访的。", field="by_id")
    row = PairVisitRow
    same = select(row.id).where(row.elder_id == elder_id, row.visited_on == visited_on, row.by_id == by_id)
    made = tx.scalars(same).first() or _insert(tx, elder.community_id, elder_id, visited_on, by_id, by_phone, actor)
    remember(tx, key, request, made, now=now)
    audit(tx, "pair.visit", actor_id=actor.user_id, subject_id=elder_id, now=now)
    bump(tx, elder.community_id, Topic.CARE)
    return made


def _insert(
    tx: Session, community_id: UUID, elder_id: UUID, day: date, by_id: UUID, by_phone: bool, actor: Actor
) -> UUID:
    made = new_id()
    values = {"id": made, "community_id": community_id, "elder_id": elder_id, "visited_on": day, "by_id": by_id}
    tx.execute(insert(PairVisitRow).values(**values, by_phone=by_phone, recorded_by=actor.user_id))
    return made


def take_back(tx: Session, *, actor: Actor, visit_id: UUID, now: datetime) -> None:
    """Remove a visit that was noted by mistake, while its month lasts."""
    row = tx.get(PairVisitRow, visit_id)
    if row is None:
        raise NotFound("没有找到这次探访，可能已经撤回。")
    elder = row_for(tx, actor, row.elder_id, "care.look")
    if row.visited_on < local_date(now).replace(day=1):
        raise WrongState("上个月的探访已计入统计，不能撤回。")
    tx.execute(delete(PairVisitRow).where(PairVisitRow.id == visit_id))
    audit(tx, "pair.visit.undo", actor_id=actor.user_id, subject_id=elder.id, now=now)
    bump(tx, elder.community_id, Topic.CARE)
