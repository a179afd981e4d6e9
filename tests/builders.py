"""The small fixed cast of the tests, built by plain functions with defaults.

李敏 coordinates 桂花社区; 周书记 leads it; 陈网格员 and 孙楼长 work in its first grid; 赵阿姨 volunteers;
王师傅 and 保洁员 handle without a login. 方芳 coordinates 海棠社区 and must see none of it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

import db
from db import areas, parties, tickets
from db.models import AreaRow, GrantRow, UserRow
from domain.access import Actor, Role
from domain.areas import Level
from domain.ids import new_id, new_key
from domain.tickets import Ticket

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # a Friday, 10:00 in Shanghai
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class World:
    street: UUID
    community: UUID
    grid: UUID
    other_grid: UUID
    building: UUID
    other_community: UUID
    actors: dict[str, Actor] = field(default_factory=dict)
    wang: UUID = field(default_factory=new_id)  # 王师傅, no login
    cleaner: UUID = field(default_factory=new_id)  # 保洁员, no login

    def __getattr__(self, name: str) -> Actor:
        """Reach an actor by name: world.coordinator."""
        try:
            return self.actors[name]
        except KeyError:
            raise AttributeError(name) from None


CAST = (
    ("admin", "管理员", Role.ADMIN, "street"),
    ("coordinator", "李敏", Role.COORDINATOR, "community"),
    ("colleague", "何静", Role.COORDINATOR, "community"),
    ("secretary", "周书记", Role.SECRETARY, "community"),
    ("grid_lead", "吴网格长", Role.GRID_LEAD, "grid"),
    ("grid_worker", "陈网格员", Role.GRID_WORKER, "grid"),
    ("building_head", "孙楼长", Role.BUILDING_HEAD, "building"),
    ("volunteer", "赵阿姨", Role.VOLUNTEER, "community"),
    ("volunteer2", "钱叔叔", Role.VOLUNTEER, "community"),
    ("leader", "郑主任", Role.LEADER, "street"),
    ("stranger", "方芳", Role.COORDINATOR, "other_community"),
    ("other_grid_worker", "冯网格员", Role.GRID_WORKER, "other_grid"),
)


def make_world() -> World:
    return db.run(_make_world)


def _make_world(tx: Session) -> World:
    def area(level: Level, name: str, parent: UUID | None) -> UUID:
        return areas.insert_area(tx, level=level, name=name, parent_id=parent).id

    street = area(Level.STREET, "梧桐街道", None)
    community = area(Level.COMMUNITY, "桂花社区", street)
    grid = area(Level.GRID, "桂花一网格", community)
    world = World(
        street,
        community,
        grid,
        area(Level.GRID, "桂花二网格", community),
        area(Level.BUILDING, "3号楼", grid),
        area(Level.COMMUNITY, "海棠社区", street),
    )
    for login, name, role, where in CAST:
        world.actors[login] = _make_user(tx, login, name, role, getattr(world, where))
    world.wang = parties.insert_party(tx, community_id=community, label="王师傅", trade="水电维修")
    world.cleaner = parties.insert_party(tx, community_id=community, label="保洁员", trade="保洁")
    return world


def _make_user(tx: Session, login: str, name: str, role: Role, area_id: UUID) -> Actor:
    user = UserRow(id=new_id(), login=login, name=name, password_hash="x", created_at=LONG_AGO)
    tx.add(user)
    tx.flush()
    tx.add(GrantRow(id=new_id(), user_id=user.id, role=role.value, area_id=area_id, valid_from=LONG_AGO))
    row = tx.scalars(select(AreaRow).where(AreaRow.id == area_id)).one()
    party = None
    if row.community_id:
        party = parties.insert_party(tx, community_id=row.community_id, label=name, user_id=user.id)
    return Actor(user.id, name, party, (areas.grant_of(tx, role, row),), login)


def report(world: World, **changes: Any) -> Ticket:
    """Report 楼道灯坏了 in the first building, by 李敏, unless told otherwise."""
    call: dict[str, Any] = {
        "actor": world.coordinator,
        "area_id": world.building,
        "title": "楼道灯坏了",
        "address": "3号楼2单元",
        "key": new_key(),
        "now": NOW,
    }
    return db.run(tickets.report, **(call | changes))


def step(command: Any, ticket: Ticket, actor: Actor, **more: Any) -> Ticket:
    """Take a step on the ticket as this actor last saw it."""
    call: dict[str, Any] = {
        "actor": actor,
        "ticket_id": ticket.id,
        "expected_version": ticket.version,
        "key": new_key(),
        "now": NOW,
    }
    after: Ticket = db.run(command, **(call | more))
    return after


def assigned(world: World, **changes: Any) -> Ticket:
    """A ticket that 王师傅 works on, by 李敏's one form."""
    ticket = report(world, **changes)
    return step(tickets.assign, ticket, world.coordinator, handler_id=world.wang, claimed=True)
