"""An elder's plan: which looks, by whom, agreed to by whom, and who is called if something is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from db import people, window_plans, windows
from db.elders import Elder, elder_of, row_for
from db.households import same_household
from db.models import (
    AreaRow,
    CareDutyRow,
    CareSlotRow,
    ConsentRow,
    ElderContactRow,
    ElderRow,
    GrantRow,
    UserRow,
)
from db.writes import audit, bump, first_result, remember, update_version
from domain.access import Actor
from domain.care import DUTY_LABELS, MOST_A_LOOKER, Duty, Scope, Slot
from domain.clock import local_date
from domain.errors import Invalid, WrongState
from domain.ids import new_id
from domain.live import Topic
from domain.text import clean
from domain.windows import SlotPlan, check_plan, first_day

MOST_CONTACTS = 8
RELATION_MAX = 20


@dataclass(frozen=True)
class ContactPlan:
    """Somebody to call, in the order they are given."""

    name: str
    phone: str
    relation: str
    has_key: bool = False
    minutes_away: int | None = None


# --- slots -------------------------------------------------------------------------------------------------


def set_slots(
    tx: Session,
    *,
    actor: Actor,
    elder_id: UUID,
    slots: Sequence[SlotPlan],
    expected_version: int,
    key: str,
    now: datetime,
) -> Elder:
    """Write the plan as a whole; a slot that is not named ends. What has opened already stays as it was made."""
    listed = [[s.slot, s.opens_min, s.due_min, s.grace_min, s.weekdays] for s in slots]
    request = {"do": "care.slots", "actor": actor.user_id, "elder": elder_id, "slots": listed, "v": expected_version}
    if first_result(tx, key, request) is None:
        remember(tx, key, request, elder_id, now=now)
        row = _begin(tx, actor, elder_id, now)
        for plan in slots:
            check_plan(plan)
        if len({plan.slot for plan in slots}) != len(slots):
            raise Invalid("同一时段只能填一次。", field="slots")
        update_version(tx, ElderRow, elder_id, expected_version, {})
        _write_slots(tx, elder_id, slots, now)
        _end(tx, row, "care.slots", actor, now)
    return _shown(tx, elder_id)


def _write_slots(tx: Session, elder_id: UUID, slots: Sequence[SlotPlan], now: datetime) -> None:
    held = {row.slot: row for row in tx.scalars(select(CareSlotRow).where(CareSlotRow.elder_id == elder_id))}
    for row in held.values():
        row.active = False
    for plan in slots:
        row = held.get(plan.slot) or CareSlotRow(id=new_id(), elder_id=elder_id, slot=plan.slot.value)
        row.opens_min, row.due_min, row.grace_min = plan.opens_min, plan.due_min, plan.grace_min
        row.weekdays, row.active, row.starts_on = plan.weekdays, True, first_day(plan, now)
        tx.add(row)
    tx.flush()


def slots_of(session: Session, elder_id: UUID) -> list[SlotPlan]:
    query = select(CareSlotRow).where(CareSlotRow.elder_id == elder_id, CareSlotRow.active)
    return [plan_of(row) for row in session.scalars(query.order_by(CareSlotRow.opens_min))]


def plan_of(row: CareSlotRow) -> SlotPlan:
    return SlotPlan(Slot(row.slot), row.opens_min, row.due_min, row.grace_min, row.weekdays)


# --- who looks ---------------------------------------------------------------------------------------------


def set_duty(
    tx: Session, *, actor: Actor, elder_id: UUID, duty: Duty, user_id: UUID | None, key: str, now: datetime
) -> Elder:
    """Say who looks (主责) or stands in (备份), or that nobody does; looks not yet over follow."""
    request = {"do": "care.duty", "actor": actor.user_id, "elder": elder_id, "duty": duty, "user": user_id}
    if first_result(tx, key, request) is None:
        remember(tx, key, request, elder_id, now=now)
        row = _begin(tx, actor, elder_id, now)
        if user_id is not None:
            _check_looker(tx, row, duty, user_id)
        mine = (CareDutyRow.elder_id == elder_id, CareDutyRow.duty == duty.value, CareDutyRow.valid_to.is_(None))
        held = tx.scalars(select(CareDutyRow.user_id).where(*mine)).first()
        if held != user_id:
            tx.execute(update(CareDutyRow).where(*mine).values(valid_to=now))
            if user_id is not None:
                values = {"id": new_id(), "elder_id": elder_id, "user_id": user_id, "duty": duty.value}
                tx.execute(insert(CareDutyRow).values(**values, valid_from=now))
            window_plans.repoint(tx, row.id, now=now)
        _end(tx, row, "care.duty", actor, now, detail=f"{duty}:{user_id.hex if user_id else '-'}")
    return _shown(tx, elder_id)


def duties(session: Session, elder_id: UUID) -> dict[Duty, UUID]:
    query = select(CareDutyRow.duty, CareDutyRow.user_id).where(
        CareDutyRow.elder_id == elder_id, CareDutyRow.valid_to.is_(None)
    )
    return {Duty(duty): user for duty, user in session.execute(query)}


def _check_looker(tx: Session, elder: ElderRow, duty: Duty, user_id: UUID) -> None:
    # whoever gets elders is locked, so that two desks never hand out the twentieth twice
    user = tx.scalars(select(UserRow).where(UserRow.id == user_id).with_for_update()).first()
    if user is None or not user.active or not _works_in(tx, user_id, elder):
        raise Invalid("请选择本社区的志愿者或工作人员。", field="user_id")
    other = {Duty.PRIMARY: Duty.BACKUP, Duty.BACKUP: Duty.PRIMARY}[duty]
    holder = duties(tx, elder.id).get(other)
    if holder is not None and same_household(tx, holder, user_id):
        raise Invalid(f"{user.name}和{DUTY_LABELS[other]}是同一人或同一户，请另选一位。", field="user_id")
    if duty is Duty.PRIMARY and (held := _primary_of(tx, user_id, elder.id)) >= MOST_A_LOOKER:
        raise Invalid(f"{user.name}已是{held}位老人的主责，最多{MOST_A_LOOKER}位，请另选一位。", field="user_id")


def _works_in(tx: Session, user_id: UUID, elder: ElderRow) -> bool:
    paths = tx.scalars(
        select(AreaRow.path)
        .join(GrantRow, GrantRow.area_id == AreaRow.id)
        .where(GrantRow.user_id == user_id, GrantRow.valid_to.is_(None))
    ).all()
    return any(elder.area_path.startswith(path) for path in paths)


def _primary_of(tx: Session, user_id: UUID, but: UUID) -> int:
    """Count the elders whose first looker this user is."""
    query = (
        select(func.count())
        .select_from(CareDutyRow)
        .join(ElderRow, ElderRow.id == CareDutyRow.elder_id)
        .where(CareDutyRow.user_id == user_id, CareDutyRow.duty == Duty.PRIMARY, CareDutyRow.valid_to.is_(None))
        .where(ElderRow.left_on.is_(None), ElderRow.id != but)
    )
    return tx.scalar(query) or 0


# --- consent -----------------------------------------------------------------------------------------------


def consent(
    tx: Session,
    *,
    actor: Actor,
    elder_id: UUID,
    scope: Scope,
    granted_on: date | None,
    paper: str = "",
    key: str,
    now: datetime,
) -> Elder:
    """Record what an elder agreed to, by the date on the sheet; without a date it is no consent."""
    request = {"do": "care.consent", "actor": actor.user_id, "elder": elder_id, "scope": scope}
    request |= {"on": granted_on, "paper": paper}
    if first_result(tx, key, request) is None:
        remember(tx, key, request, elder_id, now=now)
        row = _begin(tx, actor, elder_id, now)
        if granted_on is None or granted_on > local_date(now):
            raise Invalid("请填写同意书上的日期，不能晚于今天。", field="granted_on")
        if not _held(tx, elder_id, scope):
            values = {"id": new_id(), "elder_id": elder_id, "scope": scope.value, "recorded_by": actor.user_id}
            tx.execute(insert(ConsentRow).values(**values, granted_on=granted_on, paper=clean(paper)[:40]))
            if scope is Scope.WATCH:
                _start_again(tx, elder_id, now)
        _end(tx, row, "care.consent", actor, now, detail=scope.value)
    return _shown(tx, elder_id)


def withdraw(tx: Session, *, actor: Actor, elder_id: UUID, scope: Scope, key: str, now: datetime) -> Elder:
    """Take a consent back: looks stop from the next slot, what was kept by it is erased."""
    request = {"do": "care.withdraw", "actor": actor.user_id, "elder": elder_id, "scope": scope}
    if first_result(tx, key, request) is None:
        remember(tx, key, request, elder_id, now=now)
        row = _begin(tx, actor, elder_id, now)
        held = (ConsentRow.elder_id == elder_id, ConsentRow.scope == scope.value, ConsentRow.withdrawn_on.is_(None))
        tx.execute(update(ConsentRow).where(*held).values(withdrawn_on=local_date(now)))
        if scope is Scope.HEALTH:
            tx.execute(update(ElderRow).where(ElderRow.id == elder_id).values(health=None))
        _end(tx, row, "care.withdraw", actor, now, detail=scope.value)
    return _shown(tx, elder_id)


def consents(session: Session, elder_id: UUID) -> dict[Scope, date]:
    query = select(ConsentRow.scope, ConsentRow.granted_on).where(
        ConsentRow.elder_id == elder_id, ConsentRow.withdrawn_on.is_(None)
    )
    return {Scope(scope): granted for scope, granted in session.execute(query)}


def _held(tx: Session, elder_id: UUID, scope: Scope) -> bool:
    return scope in consents(tx, elder_id)


def _start_again(tx: Session, elder_id: UUID, now: datetime) -> None:
    """Owe nothing that had opened before the elder agreed."""
    for row in tx.scalars(select(CareSlotRow).where(CareSlotRow.elder_id == elder_id)):
        row.starts_on = first_day(plan_of(row), now)
    tx.flush()


# --- contacts ----------------------------------------------------------------------------------------------


def set_contacts(
    tx: Session,
    *,
    actor: Actor,
    elder_id: UUID,
    contacts: Sequence[ContactPlan],
    expected_version: int,
    key: str,
    now: datetime,
) -> Elder:
    """Write whom to call, first to last."""
    listed = [[c.name, c.phone, c.relation, c.has_key, c.minutes_away] for c in contacts]
    request = {"do": "care.contacts", "actor": actor.user_id, "elder": elder_id, "to": listed, "v": expected_version}
    if first_result(tx, key, request) is None:
        remember(tx, key, request, elder_id, now=now)
        row = _begin(tx, actor, elder_id, now)
        if len(contacts) > MOST_CONTACTS:
            raise Invalid(f"联系人最多{MOST_CONTACTS}位。", field="contacts")
        update_version(tx, ElderRow, elder_id, expected_version, {})
        tx.execute(delete(ElderContactRow).where(ElderContactRow.elder_id == elder_id))
        known = set[UUID]()
        for rank, contact in enumerate(contacts, start=1):
            known.add(_write_contact(tx, row, rank, contact, known, now))
        _end(tx, row, "care.contacts", actor, now)
    return _shown(tx, elder_id)


def _write_contact(
    tx: Session, elder: ElderRow, rank: int, contact: ContactPlan, known: set[UUID], now: datetime
) -> UUID:
    name, relation = contact.name.strip(), clean(contact.relation)
    if not name or not contact.phone.strip():
        raise Invalid("请填写联系人的姓名和电话。", field="contacts")
    if len(relation) > RELATION_MAX:
        raise Invalid(f"与老人的关系最多{RELATION_MAX}个字，例如“女儿”。", field="contacts")
    call = {"name": name, "phone": contact.phone, "now": now}
    person = people.find_or_insert(tx, community_id=elder.community_id, **call)  # type: ignore[arg-type]
    assert person is not None
    if person in known:
        raise Invalid(f"联系人{name}填了两次，请去掉一个。", field="contacts")
    values = {"id": new_id(), "elder_id": elder.id, "person_id": person, "rank": rank, "relation": relation}
    more = {"has_key": contact.has_key, "minutes_away": contact.minutes_away}
    tx.execute(insert(ElderContactRow).values(**values, **more))
    return person


# --- what each command begins and ends with ------------------------------------------------------------------


def _begin(tx: Session, actor: Actor, elder_id: UUID, now: datetime) -> ElderRow:
    """Lock the elder, and make what the plan owes as it is, before it changes."""
    row = row_for(tx, actor, elder_id, "care.plan", lock=True)
    if row.left_on is not None:
        raise WrongState("这位老人已不在名册上，不能再改守望安排。")
    windows.make_for(tx, [elder_id], now=now)
    return row


def _end(tx: Session, row: ElderRow, action: str, actor: Actor, now: datetime, detail: str = "") -> None:
    window_plans.follow(tx, row.id, now=now)
    audit(tx, action, actor_id=actor.user_id, subject_id=row.id, detail=detail, now=now)
    bump(tx, row.community_id, Topic.CARE)


def _shown(tx: Session, elder_id: UUID) -> Elder:
    return elder_of(tx.get_one(ElderRow, elder_id, populate_existing=True))
