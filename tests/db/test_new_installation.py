"""From an empty installation to the first ticket: what its administrator may do, and what is left to do."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import db
from db import accounts, areas, parties, sessions
from db.first_steps import FirstSteps, first_steps
from db.models import AuditRow, UserRow
from domain.access import Actor, Role
from domain.areas import UNSORTED_COMMUNITY, UNSORTED_STREET, Area, Batch, Level
from domain.errors import Invalid
from domain.ids import new_key
from tests.builders import NOW, World, report

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def admin(db_sqlite: object) -> Actor:
    db.run(accounts.create_admin, login="admin", now=NOW)
    return as_now("admin")


def as_now(login: str) -> Actor:
    """Give the user with the grants that hold by now, as the next run of a page sees them."""

    def found(tx: Session) -> Actor:
        user = tx.scalars(select(UserRow).where(UserRow.login == login)).one()
        return Actor(user.id, user.name, grants=tuple(sessions.grants_of(tx, user.id, now=LATER)))

    return db.read(found)


def make(actor: Actor, level: Level, name: str, parent: Area | None = None) -> Area:
    parent_id = parent.id if parent else None
    return db.run(areas.create, actor=actor, level=level, name=name, parent_id=parent_id, key=new_key(), now=NOW)


def make_handler(actor: Actor, community: Area) -> None:
    db.run(parties.create, actor=actor, community_id=community.id, label="王师傅", key=new_key(), now=NOW)


def test_who_makes_a_street_may_register_handlers_there(admin: Actor) -> None:
    street = make(admin, Level.STREET, "红旗街道")
    community = make(as_now("admin"), Level.COMMUNITY, "前进社区", street)

    make_handler(as_now("admin"), community)

    assert [p.label for p in db.read(parties.listed, as_now("admin"))] == ["王师傅"]
    kept = db.read(lambda s: s.scalars(select(AuditRow.detail).where(AuditRow.subject_id == admin.user_id)).all())
    assert f"admin@{street.id.hex}" in kept


def test_a_street_comes_under_every_administrator_of_the_installation(admin: Actor) -> None:
    db.run(accounts.create_admin, login="second", now=NOW)
    street = make(admin, Level.STREET, "红旗街道")
    db.run(accounts.create_admin, login="third", now=NOW)

    for login in ("admin", "second", "third"):
        held = {g.area_id for g in as_now(login).grants}
        assert held == {UNSORTED_STREET, street.id}


def test_a_street_made_twice_by_one_click_is_granted_once(admin: Actor) -> None:
    call = {"level": Level.STREET, "name": "红旗街道", "parent_id": None, "key": "k", "now": NOW}
    for _ in range(2):
        db.run(areas.create, actor=admin, **call)  # type: ignore[arg-type]

    assert len(as_now("admin").grants) == 2


def test_the_bar_names_no_place_until_there_is_one(admin: Actor) -> None:
    assert db.read(areas.heading, actor=admin) == ""

    make(admin, Level.STREET, "红旗街道")

    assert db.read(areas.heading, actor=as_now("admin")) == "红旗街道"


def test_the_unsorted_places_stand_last(world: World) -> None:
    assert [a.id for a in db.read(areas.tree)][-2:] == [UNSORTED_STREET, UNSORTED_COMMUNITY]


def test_the_first_steps_are_done_one_after_the_other(admin: Actor) -> None:
    assert db.read(first_steps) == FirstSteps(areas=False, users=False, parties=False, ticket=False)

    community = make(admin, Level.COMMUNITY, "前进社区", make(admin, Level.STREET, "红旗街道"))
    assert db.read(first_steps).areas

    grants = [(Role.COORDINATOR, community.id)]
    db.run(accounts.create_user, actor=admin, login="limin", name="李敏", grants=grants, key="k", now=NOW)
    assert db.read(first_steps) == FirstSteps(areas=True, users=True, parties=False, ticket=False)

    make_handler(as_now("admin"), community)
    assert db.read(first_steps).parties


def test_with_a_ticket_nothing_is_left_to_do(world: World) -> None:
    assert not db.read(first_steps).ticket
    report(world)

    assert db.read(first_steps).done


# --- many at once, and open again -------------------------------------------------------------


def add_lines(world: World, text: str, parent: str = "grid") -> Batch:
    parent_id = getattr(world, parent)
    return db.run(areas.create_many, actor=world.admin, parent_id=parent_id, text=text, key="k", now=NOW)


def test_a_line_may_give_a_buildings_units_and_households(world: World) -> None:
    for _ in range(2):  # a form sent twice makes no more
        batch = add_lines(world, "1号楼 4 60\n11号楼，2单元，30户\n东区 7号楼\n8号楼　3")
        assert (batch.made, batch.units, batch.refused) == (4, 9, ())

    tree = db.read(areas.tree)
    held = {a.name: (a.households, [u.name for u in tree if u.parent_id == a.id]) for a in tree}
    assert held["1号楼"] == (60, ["1单元", "2单元", "3单元", "4单元"])
    assert held["11号楼"] == (30, ["1单元", "2单元"])
    assert held["东区 7号楼"] == (None, [])
    assert held["8号楼"] == (None, ["1单元", "2单元", "3单元"])


@pytest.mark.parametrize(
    ("parent", "line", "why"),
    [
        ("grid", "1号楼 4 60 7", "名称 单元数 户数"),
        ("grid", "1号楼 0", "单元数请填"),
        ("grid", "1号楼 400", "单元数请填"),
        ("grid", "1号楼 60户", "名称 单元数 户数"),
        ("grid", "1号楼 4 99999999", "户数请填"),
        ("community", "三网格 60", "只写名称"),
        ("building", "1单元 12", "只写名称"),
    ],
)
def test_a_line_whose_numbers_could_mean_anything_is_refused(world: World, parent: str, line: str, why: str) -> None:
    batch = add_lines(world, f"{line}\n乙", parent)

    assert batch.made == 1
    [(number, text, told)] = batch.refused
    assert (number, text) == (1, line)
    assert why in told


def close(world: World, area_id: UUID) -> None:
    version = db.read(areas.get, area_id).version
    db.run(areas.close, actor=world.admin, area_id=area_id, expected_version=version, now=NOW)


def reopen(world: World, area_id: UUID) -> None:
    version = db.read(areas.get, area_id).version
    db.run(areas.reopen, actor=world.admin, area_id=area_id, expected_version=version, now=NOW)


def test_a_closed_area_is_opened_again_from_above(world: World) -> None:
    close(world, world.building)
    close(world, world.grid)
    with pytest.raises(Invalid, match="先重新打开上级"):
        reopen(world, world.building)

    reopen(world, world.grid)
    reopen(world, world.building)

    assert {world.grid, world.building} <= {a.id for a in db.read(areas.tree)}


def test_a_closed_area_whose_name_is_taken_stays_closed(world: World) -> None:
    close(world, world.building)
    add_lines(world, db.read(areas.get, world.building).name)

    with pytest.raises(Invalid, match="这里已有"):
        reopen(world, world.building)
