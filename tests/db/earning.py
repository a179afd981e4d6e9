"""Points in the tests: people, records brought to a state, goods on the shelf, what each account says."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

import db
from db import awards, catalog, people, points, records, shop
from db.models import LedgerAccountRow, ServiceRecordRow
from db.records import Record
from db.redemptions import Redemption
from domain.ids import new_key
from domain.points import Account, ItemKind, RecordKind, RecordState
from tests.builders import NOW, World

HOUR = timedelta(hours=1)


def person(world: World, name: str = "王奶奶", **more: Any) -> UUID:
    call: dict[str, Any] = {"community_id": world.community, "name": name, "now": NOW}
    return db.run(people.insert_person, **(call | more))


def me(world: World, name: str) -> UUID:
    """The person behind one of the cast."""
    party = world.actors[name].party_id
    assert party
    return db.run(points.person_of_party, party, now=NOW)


def record(world: World, who: UUID, **changes: Any) -> Record:
    """陈网格员 notes an hour of service that ended just now."""
    call: dict[str, Any] = {
        "actor": world.grid_worker,
        "person_id": who,
        "area_id": world.building,
        "kind": RecordKind.SERVICE,
        "started_at": changes.get("now", NOW) - HOUR,
        "ended_at": changes.get("now", NOW),
        "key": new_key(),
        "now": NOW,
    }
    return db.run(records.record, **(call | changes))


def step(command: Any, row: Any, actor: Any, **more: Any) -> Any:
    """Take a step on a record or an order as this actor last saw it."""
    name = "record_id" if isinstance(row, Record) else "redemption_id"
    call: dict[str, Any] = {
        "actor": actor,
        name: row.id,
        "expected_version": row.version,
        "key": new_key(),
        "now": NOW,
    }
    return db.run(command, **(call | more))


def verified(world: World, who: UUID, **changes: Any) -> Record:
    now = changes.get("now", NOW)
    made: Record = step(records.verify, record(world, who, **changes), world.colleague, now=now)
    return made


def confirmed(world: World, who: UUID, **changes: Any) -> Record:
    now = changes.get("now", NOW)
    made: Record = step(awards.confirm, verified(world, who, **changes), world.coordinator, now=now)
    return made


def give(world: World, who: UUID, times: int = 1, *, now: datetime = NOW) -> list[Record]:
    """Give 2 points for an adopted suggestion, so many times on as many days."""
    days = [now - timedelta(days=n) for n in range(times)]
    return [confirmed(world, who, kind=RecordKind.SUGGESTION, now=day) for day in days]


def item(world: World, *, left: int = 10, **changes: Any) -> UUID:
    """洗衣液 for 1 point, ten of it."""
    call: dict[str, Any] = {
        "actor": world.coordinator,
        "community_id": world.community,
        "name": "洗衣液",
        "kind": ItemKind.GOODS,
        "price_tenths": 10,
        "key": new_key(),
        "now": NOW,
    }
    made: UUID = db.run(catalog.add_item, **(call | changes))
    if left:
        db.run(catalog.receive, actor=world.coordinator, item_id=made, quantity=left, key=new_key(), now=NOW)
    return made


def redeem(world: World, who: UUID, item_id: UUID, **changes: Any) -> Redemption:
    call: dict[str, Any] = {"actor": world.coordinator, "person_id": who, "item_id": item_id, "key": new_key()}
    return db.run(shop.redeem, **(call | {"now": NOW} | changes))


def has(owner: UUID) -> dict[str, int]:
    """Say what each account of this owner holds, those that hold something."""
    query = select(LedgerAccountRow.kind, LedgerAccountRow.balance).where(LedgerAccountRow.owner_id == owner)
    return db.read(lambda s: {kind: balance for kind, balance in s.execute(query) if balance})


def points_of(owner: UUID) -> int:
    return has(owner).get(Account.AVAILABLE, 0)


def states_of(owner: UUID) -> list[str]:
    query = select(ServiceRecordRow.state).where(ServiceRecordRow.person_id == owner).order_by(ServiceRecordRow.id)
    return db.read(lambda s: list(s.scalars(query)))


SUBMITTED, VERIFIED, CONFIRMED = RecordState.SUBMITTED, RecordState.VERIFIED, RecordState.CONFIRMED
