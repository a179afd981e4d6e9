"""The register of elders: who is looked in on, where, by which sign. Names and places are kept encrypted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from db import crypto, people, window_plans, windows
from db.areas import place_columns
from db.models import CareSlotRow, ConsentRow, ElderRow, PersonRow
from db.points import check
from db.writes import audit, bump, first_result, next_number, remember, update_version
from domain.access import Actor
from domain.care import CALLED_MAX, PLACE_MAX, LeaveReason, Scope, Sign, Tier, code_text
from domain.clock import local_date
from domain.errors import Invalid, NotFound, WrongState
from domain.ids import new_id
from domain.live import Topic
from domain.text import clean

HEALTH_MAX = 300


@dataclass(frozen=True)
class Elder:
    """An elder as commands return one: a code, ids, how to look; nothing personal."""

    id: UUID
    code: str
    community_id: UUID
    person_id: UUID
    area_id: UUID
    area_path: str
    grid_id: UUID | None
    building_id: UUID | None
    sign: Sign
    tier: Tier
    hard_of_hearing: bool
    walk_order: int
    joined_on: date
    left_on: date | None
    left_reason: LeaveReason | None
    version: int


def elder_of(row: ElderRow) -> Elder:
    return Elder(
        row.id,
        code_text(row.number),
        row.community_id,
        row.person_id,
        row.area_id,
        row.area_path,
        row.grid_id,
        row.building_id,
        Sign(row.sign),
        Tier(row.tier),
        row.hard_of_hearing,
        row.walk_order,
        row.joined_on,
        row.left_on,
        LeaveReason(row.left_reason) if row.left_reason else None,
        row.version,
    )


def get(session: Session, *, actor: Actor, elder_id: UUID) -> Elder:
    return elder_of(row_for(session, actor, elder_id, "care.read"))


def row_for(session: Session, actor: Actor, elder_id: UUID, right: str, *, lock: bool = False) -> ElderRow:
    """Load an elder for somebody with this right there; to everybody else there is none."""
    query = select(ElderRow).where(ElderRow.id == elder_id).execution_options(populate_existing=True)
    # key_share: an incident that is being opened refers to the elder while it holds the window that we go on to
    row = session.scalars(query.with_for_update(key_share=True) if lock else query).first()
    if row is None or not any(row.community_id in grant.community_ids for grant in actor.grants):
        raise NotFound("没有找到这位老人，可能不在您的辖区。")
    if right == "care.read":
        from_here = any(row.area_path.startswith(grant.area_path) for grant in actor.grants)
        if not from_here:
            raise NotFound("没有找到这位老人，可能不在您的辖区。")
    check(actor, right, row.area_path)
    return row


def by_community(session: Session) -> list[UUID]:
    """List the communities that look in on somebody."""
    return list(session.scalars(select(ElderRow.community_id).where(ElderRow.left_on.is_(None)).distinct()))


# --- what is written in full, for commands and for the pages that check the right -----------------------


def called(session: Session, elder_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Give 称呼 of those who agreed that volunteers see it."""
    agreed = select(ConsentRow.elder_id).where(ConsentRow.scope == Scope.CALLED, ConsentRow.withdrawn_on.is_(None))
    query = select(ElderRow.id, ElderRow.called).where(ElderRow.id.in_(set(elder_ids)), ElderRow.id.in_(agreed))
    return {elder: crypto.unseal(name) for elder, name in session.execute(query)}


def places(session: Session, elder_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Give where to look: for whoever looks, and for the staff."""
    query = select(ElderRow.id, ElderRow.place).where(ElderRow.id.in_(set(elder_ids)))
    return {elder: crypto.unseal(place) for elder, place in session.execute(query)}


# --- commands ----------------------------------------------------------------------------------------------


def enrol(
    tx: Session,
    *,
    actor: Actor,
    community_id: UUID,
    area_id: UUID,
    name: str,
    phone: str,
    address: str,
    called: str,
    place: str,
    sign: Sign,
    tier: Tier,
    hard_of_hearing: bool,
    health: str = "",
    key: str,
    now: datetime,
) -> Elder:
    """Put an elder on the register. Nobody looks in on them before consent, a plan and somebody who looks are there.

    Health is kept with consent only: note it once that is recorded.
    """
    words = {"name": name, "phone": phone, "address": address, "called": called, "place": place, "health": health}
    facts = {"sign": sign, "tier": tier, "deaf": hard_of_hearing}
    request = {"do": "elder", "actor": actor.user_id, "community": community_id, "area": area_id, **words, **facts}
    if done := first_result(tx, key, request):
        return elder_of(tx.get_one(ElderRow, done))
    made = new_id()
    remember(tx, key, request, made, now=now)
    columns = _place(tx, actor, community_id, area_id)
    if not name.strip():
        raise Invalid("请填写老人的姓名。", field="name")
    if health.strip():
        raise Invalid("健康信息要先登记本人同意，再填写。", field="health")
    person = _person(tx, community_id, area_id, name.strip(), phone, address.strip(), now)
    values = {
        "id": made,
        "number": next_number(tx, community_id, "elder"),
        "person_id": person,
        "joined_on": local_date(now),
        "sign": sign.value,
        "tier": tier.value,
        "hard_of_hearing": hard_of_hearing,
        "version": 1,
        **_sealed(called, place),
        **columns,
    }
    tx.execute(insert(ElderRow).values(walk_order=values["number"], **values))
    audit(tx, "elder.enrol", actor_id=actor.user_id, subject_id=made, now=now)
    bump(tx, community_id, Topic.CARE)
    return elder_of(tx.get_one(ElderRow, made))


def _place(tx: Session, actor: Actor, community_id: UUID, area_id: UUID) -> dict[str, Any]:
    columns = place_columns(tx, area_id)
    check(actor, "care.write", str(columns["area_path"]))
    if columns["community_id"] != community_id:
        raise Invalid("所选楼栋不在这个社区，请重新选择。", field="area_id")
    return columns


def _person(tx: Session, community_id: UUID, area_id: UUID, name: str, phone: str, address: str, now: datetime) -> UUID:
    """Find the person there is, or write them; nobody is on the register twice."""
    person = people.find_or_insert(tx, community_id=community_id, name=name, phone=phone, now=now)
    if tx.scalars(select(ElderRow.id).where(ElderRow.person_id == person)).first():
        raise Invalid("这位老人已在平安守望的名册上（也可能曾经退出），请直接查找。", field="name")
    found = tx.get_one(PersonRow, person)
    if address:
        found.address, found.area_id = crypto.seal(address), area_id
        tx.flush()
    return found.id


def _sealed(called: str, place: str) -> dict[str, Any]:
    called, place = (" ".join(clean(text).split()) for text in (called, place))
    if len(called) > CALLED_MAX:
        raise Invalid(f"称呼最多{CALLED_MAX}个字，例如“张奶奶”。", field="called")
    if len(place) > PLACE_MAX:
        raise Invalid(f"在哪里看最多{PLACE_MAX}个字，例如“2单元4楼东窗”。", field="place")
    return {"called": crypto.seal(called), "place": crypto.seal(place)}


def change(
    tx: Session,
    *,
    actor: Actor,
    elder_id: UUID,
    area_id: UUID,
    called: str,
    place: str,
    sign: Sign,
    tier: Tier,
    hard_of_hearing: bool,
    health: str,
    walk_order: int | None = None,
    expected_version: int,
    key: str,
    now: datetime,
) -> Elder:
    """Correct the register; a move to another building too. Looks not yet begun follow."""
    facts = {"area": area_id, "sign": sign, "tier": tier, "deaf": hard_of_hearing, "order": walk_order}
    words = {"called": called, "place": place, "health": health, "version": expected_version}
    request = {"do": "elder.change", "actor": actor.user_id, "elder": elder_id, **facts, **words}
    if first_result(tx, key, request) is None:
        remember(tx, key, request, elder_id, now=now)
        row = row_for(tx, actor, elder_id, "care.write", lock=True)
        windows.make_for(tx, [elder_id], now=now)
        values = {
            "sign": sign.value,
            "tier": tier.value,
            "hard_of_hearing": hard_of_hearing,
            "walk_order": row.walk_order if walk_order is None else walk_order,
            "health": _health(tx, elder_id, health),
            **_sealed(called, place),
            **_place(tx, actor, row.community_id, area_id),
        }
        update_version(tx, ElderRow, elder_id, expected_version, values)
        audit(tx, "elder.change", actor_id=actor.user_id, subject_id=elder_id, now=now)
        window_plans.follow(tx, elder_id, now=now)
        bump(tx, row.community_id, Topic.CARE)
    return elder_of(row_for(tx, actor, elder_id, "care.read"))


def _health(tx: Session, elder_id: UUID, text: str) -> bytes | None:
    text = clean(text)
    if not text:
        return None
    if len(text) > HEALTH_MAX:
        raise Invalid(f"健康信息最多{HEALTH_MAX}个字，只写紧急时用得上的。", field="health")
    agreed = (ConsentRow.elder_id == elder_id, ConsentRow.scope == Scope.HEALTH, ConsentRow.withdrawn_on.is_(None))
    if tx.scalars(select(ConsentRow.id).where(*agreed)).first() is None:
        raise Invalid("健康信息要先登记本人同意，再填写。", field="health")
    return crypto.seal(text)


def leave(
    tx: Session,
    *,
    actor: Actor,
    elder_id: UUID,
    reason: LeaveReason,
    expected_version: int,
    key: str,
    now: datetime,
) -> Elder:
    """Take an elder off the rounds at once; what is owed and not looked at is no longer owed."""
    request = {"do": "elder.leave", "actor": actor.user_id, "elder": elder_id, "why": reason, "v": expected_version}
    if first_result(tx, key, request) is None:
        remember(tx, key, request, elder_id, now=now)
        row = row_for(tx, actor, elder_id, "care.write", lock=True)
        if row.left_on is not None:
            raise WrongState("这位老人已不在名册上。")
        windows.make_for(tx, [elder_id], now=now)
        values = {"left_on": local_date(now), "left_reason": reason.value}
        update_version(tx, ElderRow, elder_id, expected_version, values)
        audit(tx, "elder.leave", actor_id=actor.user_id, subject_id=elder_id, detail=reason.value, now=now)
        window_plans.stop(tx, elder_id, now=now)
        bump(tx, row.community_id, Topic.CARE)
    return elder_of(row_for(tx, actor, elder_id, "care.read"))


def come_back(tx: Session, *, actor: Actor, elder_id: UUID, expected_version: int, key: str, now: datetime) -> Elder:
    """Take an elder who had left onto the rounds again, from tomorrow, as far as the consents still hold."""
    request = {"do": "elder.back", "actor": actor.user_id, "elder": elder_id, "v": expected_version}
    if first_result(tx, key, request) is None:
        remember(tx, key, request, elder_id, now=now)
        row = row_for(tx, actor, elder_id, "care.write", lock=True)
        if row.left_on is None:
            raise WrongState("这位老人就在名册上。")
        update_version(tx, ElderRow, elder_id, expected_version, {"left_on": None, "left_reason": None})
        starts = {"starts_on": local_date(now) + timedelta(days=1)}
        tx.execute(update(CareSlotRow).where(CareSlotRow.elder_id == elder_id).values(starts))
        audit(tx, "elder.back", actor_id=actor.user_id, subject_id=elder_id, now=now)
        window_plans.follow(tx, elder_id, now=now)
        bump(tx, row.community_id, Topic.CARE)
    return elder_of(row_for(tx, actor, elder_id, "care.read"))


def codes(session: Session, elder_ids: Sequence[UUID]) -> dict[UUID, str]:
    query = select(ElderRow.id, ElderRow.number).where(ElderRow.id.in_(elder_ids))
    return {elder: code_text(number) for elder, number in session.execute(query)}
