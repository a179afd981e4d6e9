"""The tiles of today: each elder once, the state as the facts say, counts that add up, nobody outside one's area."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

import db
from db import care_board, care_register, incident_steps, pair_visits
from db.elders import Elder
from db.models import UserRow
from domain.care import Duty, Look, Slot, Tier
from domain.care_board import CareBoard, Filters, Part, TileState, part_of
from domain.care_register import Gap
from domain.errors import Invalid, NotFound
from domain.ids import new_key
from domain.incidents import Found, Method
from tests.builders import World
from tests.db.caring import BOTH, TOMORROW, at, elder, enrolled, incidents, look, made_day, sweep

MORNING = at(TOMORROW, 8)


def today(world: World, who: str = "coordinator", when: Any = MORNING, **filters: Any) -> CareBoard:
    asked = Filters(slot=Slot.MORNING, **filters)
    return db.read(care_board.today, actor=world.actors[who], filters=asked, now=when)


def states(board: CareBoard) -> dict[str, TileState]:
    return {tile.code: tile.state for tile in board.tiles}


@pytest.fixture
def three(any_world: World) -> tuple[World, list[Elder]]:
    """Three in 3号楼 whose windows of tomorrow morning are open."""
    made = [elder(any_world, number) for number in (1, 2, 3)]
    made_day()
    sweep(at(TOMORROW, 7, 1))
    return any_world, made


def test_each_tile_says_what_was_seen(three: tuple[World, list[Elder]]) -> None:
    world, (first, second, third) = three
    look(world.volunteer, first.id, Look.OK, MORNING)
    look(world.volunteer, second.id, Look.CLOSED, MORNING)

    board = today(world)

    assert states(board) == {
        first.code: TileState.OK,
        second.code: TileState.ALARM,
        third.code: TileState.WAITING,
    }
    assert board.tiles[0].at == MORNING
    assert {tile.building for tile in board.tiles} == {"3号楼"}


def test_an_incident_goes_from_alarm_to_taken_to_safe(three: tuple[World, list[Elder]]) -> None:
    world, (_, second, _) = three
    seen = look(world.volunteer, second.id, Look.CLOSED, MORNING)
    call: dict[str, Any] = {"actor": world.coordinator, "incident_id": seen.incident_id}
    after = [states(today(world))[second.code]]

    taken = db.run(incident_steps.acknowledge, **call, expected_version=1, key=new_key(), now=MORNING)
    board = today(world)
    after.append(states(board)[second.code])
    (tile,) = [t for t in board.tiles if t.elder_id == second.id]
    found: dict[str, Any] = {"found": Found.SAFE_HOME, "method": Method.SEEN}
    at_nine = at(TOMORROW, 9)
    db.run(incident_steps.resolve, **call, **found, expected_version=taken.version, key=new_key(), now=at_nine)
    (over,) = [t for t in today(world).tiles if t.elder_id == second.id]

    assert [*after, over.state] == [TileState.ALARM, TileState.TAKEN, TileState.OK]
    assert (tile.who, tile.eta) == ("李敏", taken.eta_at)
    assert over.at == at_nine, "safe since nine, not since the look that found the curtain closed"


def test_what_is_overdue_shows_so_even_before_the_sweep(three: tuple[World, list[Elder]]) -> None:
    world, _ = three

    waiting, late = (today(world, when=at(TOMORROW, 8, 59, 59)), today(world, when=at(TOMORROW, 9)))

    assert set(states(waiting).values()) == {TileState.WAITING}
    assert set(states(late).values()) == {TileState.UNCHECKED}
    assert {tile.who for tile in late.tiles} == {"赵阿姨"}


def test_a_second_look_that_was_not_taken_gives_no_time_that_is_still_to_come(
    three: tuple[World, list[Elder]],
) -> None:
    world, (first, *_) = three
    look(world.volunteer, first.id, Look.UNCLEAR, at(TOMORROW, 7, 30))
    sweep(at(TOMORROW, 8, 45))

    tiles = [today(world, when=at(TOMORROW, *clock)).tiles[0] for clock in ((8, 50), (9, 0))]

    assert [tile.state for tile in tiles] == [TileState.UNCHECKED] * 2
    assert [tile.at for tile in tiles] == [None, at(TOMORROW, 9)]


def test_nobody_looked_until_the_grace_was_over_is_an_alarm(three: tuple[World, list[Elder]]) -> None:
    world, made = three

    sweep(at(TOMORROW, 10, 1))

    assert set(states(today(world, when=at(TOMORROW, 10, 2))).values()) == {TileState.ALARM}
    assert all(len(incidents(one.id)) == 1 for one in made)


def test_the_counts_are_those_of_the_tiles_whatever_part_is_shown(three: tuple[World, list[Elder]]) -> None:
    world, (first, second, _) = three
    look(world.volunteer, first.id, Look.OK, MORNING)
    look(world.volunteer, second.id, Look.UNCLEAR, MORNING)

    whole, narrowed = today(world), today(world, part=Part.OK)

    assert whole.counts == Counter(part_of(tile.state) for tile in whole.tiles) == narrowed.counts
    assert (whole.total, len(whole.tiles), len(narrowed.tiles)) == (3, 3, 1)


def test_an_elder_without_a_window_is_still_on_the_page(any_world: World) -> None:
    one = enrolled(any_world)

    board = today(any_world)

    assert states(board) == {one.code: TileState.OFF}


@pytest.mark.parametrize(
    ("filters", "codes"),
    [
        ({"text": "L0002"}, ["L0002"]),
        ({"text": "l2"}, ["L0002"]),
        ({"text": "3"}, ["L0003"]),
        ({"text": "张秀英"}, []),
        ({"tier": Tier.A}, ["L0003"]),
    ],
)
def test_filters_narrow(world: World, filters: dict[str, Any], codes: list[str]) -> None:
    for number in (1, 2, 3):
        enrolled(world, number, tier=Tier.A if number == 3 else Tier.B)

    assert [tile.code for tile in today(world, **filters).tiles] == codes


def test_one_volunteers_are_found(three: tuple[World, list[Elder]]) -> None:
    world, _ = three

    theirs = today(world, volunteer_id=world.volunteer.user_id)
    others = today(world, volunteer_id=world.volunteer2.user_id)

    assert (len(theirs.tiles), len(others.tiles)) == (3, 0)
    assert db.read(care_board.volunteers, actor=world.coordinator, day=TOMORROW) == {world.volunteer.user_id: "赵阿姨"}


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        *((who, 2) for who in ("coordinator", "secretary")),
        *((who, 1) for who in ("grid_lead", "grid_worker", "building_head")),
        *((who, 0) for who in ("stranger", "volunteer", "leader", "admin")),
        ("other_grid_worker", 1),
    ],
)
def test_everybody_sees_their_own_area_alone(world: World, who: str, sees: int) -> None:
    enrolled(world, 1)
    enrolled(world, 2, area_id=world.other_grid)

    assert len(today(world, who).tiles) == sees


def test_one_who_left_is_on_no_tile(world: World) -> None:
    from db import elders
    from domain.care import LeaveReason

    one = enrolled(world)
    call: dict[str, Any] = {"elder_id": one.id, "reason": LeaveReason.MOVED, "expected_version": one.version}
    db.run(elders.leave, actor=world.coordinator, **call, key=new_key(), now=MORNING)

    assert today(world).tiles == ()


# --- the register ---------------------------------------------------------------------------------------------


def listed(world: World, who: str = "coordinator") -> list[Any]:
    call: dict[str, Any] = {"community_id": world.community, "now": MORNING}
    return db.read(care_register.listed, actor=world.actors[who], **call)


def test_the_register_names_what_blocks_tomorrow(any_world: World) -> None:
    elder(any_world, 1)
    elder(any_world, 2, backup=None)
    elder(any_world, 3, primary=None, backup=None, contacts=())
    enrolled(any_world, 4)

    gaps = {entry.code: entry.gaps for entry in listed(any_world)}

    assert gaps == {
        "L0001": (),
        "L0002": (Gap.NO_BACKUP,),
        "L0003": (Gap.NOBODY, Gap.NO_CONTACT),
        "L0004": (Gap.NO_CONSENT, Gap.NO_SLOT, Gap.NO_PRIMARY, Gap.NO_BACKUP, Gap.NO_CONTACT),
    }


def test_the_register_says_who_looks_and_when(any_world: World) -> None:
    elder(any_world, 1, slots=BOTH)

    (entry,) = listed(any_world)

    assert (entry.looker(Duty.PRIMARY), entry.looker(Duty.BACKUP)) == ("赵阿姨", "钱叔叔")
    assert (entry.slots, entry.contacts, entry.building) == ((Slot.MORNING, Slot.EVENING), 1, "3号楼")
    assert listed(any_world, "stranger") == []


def test_loads_count_both_duties(any_world: World) -> None:
    elder(any_world, 1)
    elder(any_world, 2, primary="volunteer2", backup="volunteer")
    elder(any_world, 3, backup=None)

    found = db.read(care_register.loads, actor=any_world.coordinator, community_id=any_world.community)

    assert [(one.name, one.primary, one.backup) for one in found[:2]] == [("赵阿姨", 2, 1), ("钱叔叔", 1, 1)]


def visit(world: World, one: Elder, day: date, who: str = "coordinator", **more: Any) -> None:
    call: dict[str, Any] = {"elder_id": one.id, "visited_on": day, "by_id": world.volunteer.user_id, "by_phone": False}
    db.run(pair_visits.record, actor=world.actors[who], **(call | {"key": new_key(), "now": MORNING} | more))


def test_the_months_rate_names_exactly_who_is_missing(any_world: World) -> None:
    seen, called, missing = (elder(any_world, number) for number in (1, 2, 3))
    visit(any_world, seen, TOMORROW)
    visit(any_world, seen, TOMORROW)  # noted twice, visited once
    visit(any_world, called, TOMORROW, by_phone=True)

    month = db.read(care_register.visits, actor=any_world.coordinator, community_id=any_world.community, now=MORNING)

    assert (month.rate.numerator, month.rate.n, month.by_phone) == (2, 3, 1)
    assert [entry.code for entry in month.missing] == [missing.code]
    assert db.read(care_register.unvisited, actor=any_world.coordinator, now=MORNING) == [missing.code]
    assert db.read(care_register.unvisited, actor=any_world.stranger, now=MORNING) == []


def test_a_visit_of_tomorrow_or_of_somebody_elses_elder_is_refused(world: World) -> None:
    one = elder(world)

    with pytest.raises(Invalid):
        visit(world, one, TOMORROW + timedelta(days=1))
    with pytest.raises(NotFound):
        visit(world, one, TOMORROW, "stranger")


def test_a_new_month_asks_for_everybody_again(world: World) -> None:
    one = elder(world)
    visit(world, one, TOMORROW)

    later = at(date(2026, 12, 1), 8)

    assert db.read(care_register.unvisited, actor=world.coordinator, now=later) == [one.code]


def test_coverage_counts_what_was_owed_and_what_was_seen(three: tuple[World, list[Elder]]) -> None:
    world, (first, second, _) = three
    look(world.volunteer, first.id, Look.OK, MORNING)
    look(world.volunteer, second.id, Look.CLOSED, MORNING)
    evening = at(TOMORROW, 21)
    sweep(evening)
    call: dict[str, Any] = {"community_id": world.community, "days": 7, "now": evening}

    (grid,) = db.read(care_register.coverage, actor=world.coordinator, by="grid", **call)
    (one,) = db.read(care_register.coverage, actor=world.coordinator, by="volunteer", **call)

    assert (grid.name, grid.owed, grid.seen, grid.late) == ("桂花一网格", 3, 2, 1)
    assert (one.name, one.owed, one.seen, one.late) == ("赵阿姨", 3, 2, 1)


def test_two_of_one_name_are_told_apart_wherever_they_are_named(any_world: World) -> None:
    """A tile, the filter, the register and the coverage say the same of each."""
    world, both = any_world, (any_world.volunteer, any_world.volunteer2)
    db.run(lambda tx: tx.execute(update(UserRow).where(UserRow.id.in_([b.user_id for b in both])).values(name="王芳")))
    elder(world, 1, primary=both[0], backup=both[1])
    elder(world, 2, primary=both[1], backup=both[0])
    made_day()
    sweep(at(TOMORROW, 7, 1))
    call: dict[str, Any] = {"actor": world.coordinator}
    here: dict[str, Any] = {"community_id": world.community, "now": MORNING}

    tiles = {tile.who for tile in today(world).tiles}
    offered = {*db.read(care_board.volunteers, day=TOMORROW, **call).values()}
    register = {entry.looker(Duty.PRIMARY) for entry in db.read(care_register.listed, **call, **here)}
    covered = {one.name for one in db.read(care_register.coverage, **call, **here, days=7, by="volunteer")}

    assert len(tiles) == 2
    assert all(name.startswith("王芳（") for name in tiles)
    assert tiles == offered == register == covered
