"""Areas, categories, handlers and rules: the administrator's changes, and who may make them."""

from uuid import UUID

import pytest
from sqlalchemy import select

import db
from db import areas, categories, parties, rules
from db.models import AuditRow, CategoryRow
from domain.access import DISPATCHERS, Role
from domain.areas import UNSORTED_COMMUNITY, Level
from domain.due import Matter
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, Refused
from domain.ids import new_id, new_key
from domain.tickets import Status
from tests.builders import NOW, World, report
from tests.db.acting import at
from tests.db.checks import dump


def make_area(world: World, who: str = "admin", **changes: object) -> UUID:
    call = {"level": Level.GRID, "name": "桂花三网格", "parent_id": world.community, "key": new_key(), "now": NOW}
    return db.run(areas.create, actor=world.actors[who], **(call | changes)).id  # type: ignore[arg-type]


def make_party(world: World, who: str = "coordinator", **changes: object) -> UUID:
    call = {"community_id": world.community, "label": "李师傅", "phone": "13800000002", "key": new_key(), "now": NOW}
    return db.run(parties.create, actor=world.actors[who], **(call | changes))  # type: ignore[arg-type]


def make_category(world: World, who: str = "admin", **changes: object) -> UUID:
    call = {"name": "加装电梯协商", "parent_id": None, "matter": Matter.BIG, "key": new_key(), "now": NOW}
    return db.run(categories.create, actor=world.actors[who], **(call | changes))  # type: ignore[arg-type]


def audited() -> list[str]:
    return db.read(lambda s: list(s.scalars(select(AuditRow.action).order_by(AuditRow.id))))


@pytest.mark.parametrize("role", list(Role))
def test_each_register_is_changed_by_its_roles_only(world: World, role: Role) -> None:
    admin, dispatcher = role is Role.ADMIN, role in DISPATCHERS | {Role.ADMIN}
    before = dump()

    for make, may in ((make_area, admin), (make_category, admin), (make_party, dispatcher)):
        if may:
            assert make(world, role.value)
            continue
        with pytest.raises(NotAllowed):
            make(world, role.value)

    assert (dump() == before) == (not dispatcher)


@pytest.mark.parametrize("make", [make_area, make_party, make_category])
def test_a_form_sent_twice_makes_one(world: World, make: object) -> None:
    assert make(world, key="k") == make(world, key="k")  # type: ignore[operator]
    changed = {"label": "别的"} if make is make_party else {"name": "别的"}
    with pytest.raises(KeyReused):
        make(world, key="k", **changed)  # type: ignore[operator]
    assert len(audited()) == 1


def test_an_area_is_closed_from_below_and_then_takes_nothing_new(world: World) -> None:
    closing = {"expected_version": 1, "now": NOW}
    with pytest.raises(Invalid, match="下面还有"):
        db.run(areas.close, actor=world.admin, area_id=world.grid, **closing)  # type: ignore[arg-type]

    for area in (world.building, world.grid):
        db.run(areas.close, actor=world.admin, area_id=area, **closing)  # type: ignore[arg-type]

    assert world.grid not in [area.id for area in db.read(areas.tree)]
    assert world.grid in [area.id for area in db.read(areas.tree, with_closed=True)]
    with pytest.raises(Invalid, match="关闭"):
        make_area(world, level=Level.BUILDING, name="9号楼", parent_id=world.grid)
    with pytest.raises(Invalid, match="请选择一个社区"):
        report(world, area_id=world.grid)


def test_the_place_where_imports_land_is_never_closed(world: World) -> None:
    with pytest.raises(Invalid, match="未分区"):
        db.run(areas.close, actor=world.admin, area_id=UNSORTED_COMMUNITY, expected_version=1, now=NOW)


def test_two_areas_of_one_name_stand_in_different_places_only(world: World) -> None:
    make_area(world)

    with pytest.raises(Invalid, match="已有“桂花三网格”"):
        make_area(world, name=" 桂花三网格 ")
    assert make_area(world, parent_id=world.other_community)


def test_a_street_grant_reaches_its_communities_and_a_grid_grant_its_own(world: World) -> None:
    assert world.leader.grants[0].community_ids == {world.community, world.other_community}
    assert world.grid_worker.grants[0].community_ids == {world.community}
    assert [a.id for a in db.read(areas.visible, world.grid_worker)] == [world.community, world.grid, world.building]


def test_categories_have_two_levels(world: World) -> None:
    top = make_category(world)
    below = make_category(world, name="一楼住户", parent_id=top)

    for parent in (below, new_id()):
        with pytest.raises(Invalid, match="只分两级"):
            make_category(world, name="更细", parent_id=parent)


def test_a_retired_category_is_offered_no_more_and_keeps_its_tickets(world: World) -> None:
    made = make_category(world)
    ticket = report(world, category_id=made)
    call = {"category_id": made, "name": "加装电梯协商", "matter": Matter.SMALL, "active": False, "now": NOW}
    db.run(categories.change, actor=world.admin, expected_version=1, **call)  # type: ignore[arg-type]

    assert made not in [category.id for category in db.read(categories.listed)]
    assert made in [category.id for category in db.read(categories.listed, with_inactive=True)]
    assert ticket.category_id == made
    held = {c.id: c.matter for c in db.read(categories.listed, with_inactive=True)}
    assert held[made] is Matter.SMALL
    with pytest.raises(Changed):
        db.run(categories.change, actor=world.admin, expected_version=1, **call)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        call["category_id"] = new_id()
        db.run(categories.change, actor=world.admin, expected_version=1, **call)  # type: ignore[arg-type]


def test_the_fitting_and_least_busy_handler_is_proposed_first(world: World) -> None:
    lamp = db.read(lambda s: s.scalars(select(CategoryRow).where(CategoryRow.name == "楼道灯")).one().id)
    fits = make_party(world, label="电工", category_ids=frozenset({lamp}), area_ids=frozenset({world.grid}))
    busy = make_party(world, label="全能", category_ids=frozenset({lamp}), area_ids=frozenset({world.grid}))
    for _ in range(2):
        at(world, Status.DISPATCHED)
    near = make_party(world, label="近邻", area_ids=frozenset({world.grid}))
    ticket = report(world, category_id=lamp)

    proposed = [party.id for party in db.read(parties.proposed, world.coordinator, ticket)]

    assert set(proposed[:2]) == {fits, busy}
    assert (proposed[2], proposed[-1]) == (near, world.wang)
    assert world.stranger.party_id not in proposed


def test_for_several_tickets_who_fits_all_comes_before_who_fits_some(world: World) -> None:
    lamp, lift = make_category(world, name="楼道灯2"), make_category(world, name="电梯2")
    both = make_party(world, label="物业", category_ids=frozenset({lamp, lift}))
    one = make_party(world, label="电工", category_ids=frozenset({lamp}))
    asked = [report(world, category_id=lamp), report(world, category_id=lift)]

    first, second, *_ = db.read(parties.proposed, world.coordinator, *asked)

    assert (first.id, second.id) == (both, one)
    assert (first.fits >= 2, second.fits >= 2) == (True, False)  # only the one that fits all is called 适合


@pytest.mark.parametrize(("who", "shown"), [("coordinator", True), ("admin", True), ("grid_worker", False)])
def test_a_handlers_number_is_for_those_who_dispatch(world: World, who: str, shown: bool) -> None:
    made = make_party(world)

    [party] = [p for p in db.read(parties.listed, world.actors[who]) if p.id == made]

    assert party.phone == ("13800000002" if shown else "")


def test_a_rule_takes_only_what_it_knows(world: World) -> None:
    for values in ({"separation.verify": "maybe"}, {"no.such": "x"}, {"key_check": "00"}):
        with pytest.raises(Refused):
            db.run(rules.change, actor=world.admin, values=values, now=NOW)
    with pytest.raises(NotAllowed):
        db.run(rules.change, actor=world.coordinator, values={"separation.verify": "refuse"}, now=NOW)
    db.run(rules.change, actor=world.admin, values={"separation.verify": "refuse"}, now=NOW)

    assert db.read(rules.get, "separation.verify") == "refuse"
    assert audited() == ["setting.change"]
