"""Elders of the cast, made in one call: on the register, agreed, with a plan, a volunteer and one who stands in."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

import db
from db import care_plans, elders, looks, windows
from db.care_plans import ContactPlan
from db.elders import Elder
from db.models import CheckWindowRow, IncidentRow, ObservationRow
from db.observations import Seen
from domain.access import Actor
from domain.care import Duty, Look, Scope, Sign, Slot, Source, Tier
from domain.clock import LOCAL
from domain.ids import new_id, new_key
from domain.windows import EVENING, MORNING, SlotPlan
from tests.builders import NOW, World

TODAY = NOW.date()  # NOW is 10:00 on this Friday in Shanghai
TOMORROW = TODAY + timedelta(days=1)
DAUGHTER = ContactPlan("张小红", "13900000001", "女儿", has_key=True, minutes_away=20)


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of that day in Shanghai."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=LOCAL)


def enrolled(world: World, number: int = 1, **changes: Any) -> Elder:
    """Put an elder on the register, with no consent, plan or volunteer yet."""
    call: dict[str, Any] = {
        "actor": world.coordinator,
        "community_id": world.community,
        "area_id": world.building,
        "name": f"张秀英{number}",
        "phone": f"138{number:08d}",
        "address": f"桂花路3号楼{number}室",
        "called": "张奶奶",
        "place": "2单元4楼东窗",
        "sign": Sign.CURTAIN,
        "tier": Tier.B,
        "hard_of_hearing": False,
        "health": "",
        "key": new_key(),
        "now": NOW,
    }
    return db.run(elders.enrol, **(call | changes))


def elder(
    world: World,
    number: int = 1,
    *,
    slots: Sequence[SlotPlan] = (MORNING,),
    primary: Actor | str | None = "volunteer",
    backup: Actor | str | None = "volunteer2",
    scopes: Sequence[Scope] = (Scope.WATCH, Scope.CALLED),
    contacts: Sequence[ContactPlan] = (DAUGHTER,),
    now: datetime = NOW,
    **changes: Any,
) -> Elder:
    """An elder of whom nothing is missing: 赵阿姨 looks in the morning, 钱叔叔 stands in."""
    made = enrolled(world, number, now=now, **changes)
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": made.id, "now": now}
    for scope in scopes:
        db.run(care_plans.consent, **call, scope=scope, granted_on=now.astimezone(LOCAL).date(), key=new_key())
    for duty, who in ((Duty.PRIMARY, primary), (Duty.BACKUP, backup)):
        if who is not None:
            user = world.actors[who] if isinstance(who, str) else who
            db.run(care_plans.set_duty, **call, duty=duty, user_id=user.user_id, key=new_key())
    if contacts:
        planned = db.run(care_plans.set_contacts, **call, contacts=contacts, expected_version=1, key=new_key())
        made = planned
    return db.run(care_plans.set_slots, **call, slots=slots, expected_version=made.version, key=new_key())


def made_day(day: date = TOMORROW) -> int:
    """Make the windows of a day, the evening before."""
    return db.run(windows.make_day, day=day, now=at(day - timedelta(days=1), 19))


def window(elder_id: UUID, day: date = TOMORROW, slot: Slot = Slot.MORNING) -> CheckWindowRow:
    found = find_window(elder_id, day, slot)
    assert found is not None, "no window"
    return found


def find_window(elder_id: UUID, day: date = TOMORROW, slot: Slot = Slot.MORNING) -> CheckWindowRow | None:
    return db.run(window_in, elder_id, day, slot)


def window_in(tx: Session, elder_id: UUID, day: date, slot: Slot) -> CheckWindowRow | None:
    mine = (CheckWindowRow.elder_id == elder_id, CheckWindowRow.day == day, CheckWindowRow.slot == slot.value)
    return tx.scalars(select(CheckWindowRow).where(*mine)).first()


def look(who: Actor | None, elder_id: UUID, what: Look, when: datetime, **changes: Any) -> Seen:
    """Let somebody look in on this elder's window of the day."""
    call: dict[str, Any] = {
        "actor": who,
        "look": what,
        "source": Source.ROUND,
        "at": when,
        "observation_id": new_id(),
        "elder_id": elder_id,
        "now": when,
    }
    return db.run(looks.observe, **(call | changes))


def sweep(now: datetime, limit: int = 200) -> int:
    """Sweep until nothing is due any longer."""
    moved = 0
    while count := db.run(windows.sweep, now=now, limit=limit).moved:
        moved += count
    return moved


def incidents(elder_id: UUID) -> list[IncidentRow]:
    query = select(IncidentRow).where(IncidentRow.elder_id == elder_id).order_by(IncidentRow.number)
    return db.run(lambda session: list(session.scalars(query)))


def observations(elder_id: UUID) -> list[ObservationRow]:
    query = select(ObservationRow).where(ObservationRow.elder_id == elder_id).order_by(ObservationRow.received_at)
    return db.run(lambda session: list(session.scalars(query)))


BOTH = (MORNING, EVENING)
