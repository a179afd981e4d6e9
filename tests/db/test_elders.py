"""The register and the plan: who may, twice with one key, what a stale screen may not do, who may look."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

import db
from db import care_plans, crypto, elders, people
from db.care_plans import ContactPlan
from db.models import ElderContactRow, ElderRow, UserRow
from domain.care import MOST_A_LOOKER, Duty, LeaveReason, Scope, Sign, Tier, WindowState
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, Refused, WrongState
from domain.ids import new_key
from domain.windows import MORNING
from tests.builders import NOW, World
from tests.db.acting import at_once, refusals
from tests.db.caring import BOTH, DAUGHTER, TODAY, TOMORROW, elder, enrolled, find_window, made_day, window
from tests.db.checks import dump


def changed(world: World, one: elders.Elder, **more: Any) -> elders.Elder:
    call: dict[str, Any] = {
        "actor": world.coordinator,
        "elder_id": one.id,
        "area_id": one.area_id,
        "called": "张奶奶",
        "place": "2单元",
        "sign": one.sign,
        "tier": one.tier,
        "hard_of_hearing": one.hard_of_hearing,
        "health": "",
        "expected_version": one.version,
        "key": new_key(),
        "now": NOW,
    }
    return db.run(elders.change, **(call | more))


def duty(world: World, one: elders.Elder, kind: Duty, user: Any, **more: Any) -> elders.Elder:
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "key": new_key(), "now": NOW}
    return db.run(care_plans.set_duty, **(call | more), duty=kind, user_id=user.user_id if user else None)


def test_an_elder_has_a_code_and_no_word_of_theirs_lies_open(any_world: World) -> None:
    one = elder(any_world)

    assert one.code == "L0001"
    kept = repr(
        {table: rows for table, rows in dump().items() if table.startswith(("elder", "person", "check", "care"))}
    )
    assert not [word for word in ("张秀英", "张奶奶", "13800000001", "2单元", "3号楼1室") if word in kept]


def test_the_same_form_sent_twice_enrols_one(any_world: World) -> None:
    first, again = enrolled(any_world, key="k"), enrolled(any_world, key="k")

    assert first == again
    with pytest.raises(KeyReused):
        enrolled(any_world, 2, key="k")


def test_two_at_once_get_numbers_of_their_own_and_one_key_one_elder(any_world: World) -> None:
    enrolled(any_world)
    many = at_once(*[lambda n=n: enrolled(any_world, n) for n in range(2, 8)])
    same = at_once(*[lambda: enrolled(any_world, 9, key="same")] * 4)

    assert sorted(one.code for one in many) == [f"L{n:04d}" for n in range(2, 8)]
    assert len({one.id for one in same}) == 1


def test_nobody_is_on_the_register_twice(world: World) -> None:
    enrolled(world)

    with pytest.raises(Invalid, match="已在"):
        enrolled(world)


@pytest.mark.parametrize("who", ["grid_worker", "building_head", "volunteer", "leader", "admin", "stranger"])
def test_only_the_office_and_the_grid_lead_keep_the_register(world: World, who: str) -> None:
    one, actor, before = elder(world), world.actors[who], dump()
    call: dict[str, Any] = {"actor": actor, "elder_id": one.id, "key": new_key(), "now": NOW}
    tries: tuple[Callable[[], object], ...] = (
        lambda: enrolled(world, 2, actor=actor),
        lambda: changed(world, one, actor=actor),
        lambda: db.run(elders.leave, **call, reason=LeaveReason.MOVED, expected_version=one.version),
        lambda: db.run(care_plans.set_slots, **call, slots=BOTH, expected_version=one.version),
        lambda: duty(world, one, Duty.BACKUP, world.grid_worker, actor=actor),
        lambda: db.run(care_plans.consent, **call, scope=Scope.ENTRY, granted_on=TODAY),
        lambda: db.run(care_plans.withdraw, **call, scope=Scope.WATCH),
        lambda: db.run(care_plans.set_contacts, **call, contacts=(), expected_version=one.version),
    )
    for attempt in tries:
        with pytest.raises((NotAllowed, NotFound)):
            attempt()

    assert dump() == before


def test_a_leader_sees_no_person_and_another_grid_none_of_its_own(world: World) -> None:
    one = elder(world)

    assert db.read(elders.get, actor=world.grid_worker, elder_id=one.id).code == one.code
    for who in (world.leader, world.other_grid_worker, world.stranger, world.volunteer):
        with pytest.raises((NotAllowed, NotFound)):
            db.read(elders.get, actor=who, elder_id=one.id)


def test_a_stale_screen_changes_nothing(world: World) -> None:
    one = elder(world)
    changed(world, one, tier=Tier.A)

    with pytest.raises(Changed):
        changed(world, one, tier=Tier.C)
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "key": new_key(), "now": NOW}
    with pytest.raises(Changed):
        db.run(care_plans.set_slots, **call, slots=BOTH, expected_version=one.version)


def test_of_two_who_change_an_elder_at_once_one_has_to_look_again(any_world: World) -> None:
    one = elder(any_world)

    results = at_once(*[lambda: changed(any_world, one, sign=Sign.LAMP)] * 2)

    assert [type(refused) for refused in refusals(results)] == [Changed]


def test_health_is_kept_with_consent_only_and_goes_with_it(world: World) -> None:
    one = elder(world)
    with pytest.raises(Invalid, match="同意"):
        changed(world, one, health="青霉素过敏")
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "scope": Scope.HEALTH, "now": NOW}
    db.run(care_plans.consent, **call, granted_on=TODAY, key=new_key())

    one = changed(world, one, health="青霉素过敏")
    assert crypto.unseal(db.run(lambda tx: tx.get_one(ElderRow, one.id)).health) == "青霉素过敏"

    db.run(care_plans.withdraw, **call, key=new_key())
    assert db.run(lambda tx: tx.get_one(ElderRow, one.id)).health is None


def test_volunteers_are_told_the_name_of_those_who_agreed(world: World) -> None:
    shy, open_ = elder(world, 1, scopes=[Scope.WATCH]), elder(world, 2)

    assert db.read(elders.called, elder_ids=[shy.id, open_.id]) == {open_.id: "张奶奶"}
    assert db.read(elders.places, elder_ids=[shy.id]) == {shy.id: "2单元4楼东窗"}


def test_a_consent_needs_the_date_on_its_sheet(world: World) -> None:
    one = enrolled(world)
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "scope": Scope.WATCH, "now": NOW}

    for day in (None, TOMORROW):
        with pytest.raises(Invalid, match="日期"):
            db.run(care_plans.consent, **call, granted_on=day, key=new_key())


def test_a_move_takes_the_looks_not_yet_begun_along(world: World) -> None:
    one = elder(world)
    made_day()

    changed(world, one, area_id=world.other_grid, sign=Sign.LAMP, tier=Tier.A)

    after = window(one.id)
    assert (after.grid_id, after.sign, after.tier) == (world.other_grid, Sign.LAMP, Tier.A)


def test_who_has_left_is_looked_in_on_no_more(world: World) -> None:
    one = elder(world, now=NOW - timedelta(days=1), slots=BOTH)
    made_day(TODAY)
    made_day()
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "reason": LeaveReason.CARE_HOME}

    db.run(elders.leave, **call, expected_version=one.version, key=new_key(), now=NOW)

    assert window(one.id, TODAY).state == WindowState.EXCUSED  # it had opened
    assert find_window(one.id) is None
    assert made_day(TOMORROW + timedelta(days=1)) == 0
    with pytest.raises(WrongState):
        db.run(elders.leave, **call, expected_version=one.version + 1, key=new_key(), now=NOW)


def test_who_comes_back_is_looked_in_on_from_tomorrow(world: World) -> None:
    one = elder(world, now=NOW - timedelta(days=1), slots=BOTH)
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id}
    left = {"reason": LeaveReason.CARE_HOME, "expected_version": one.version, "key": new_key(), "now": NOW}
    gone = db.run(elders.leave, **call, **left)  # type: ignore[arg-type]

    back = db.run(elders.come_back, **call, expected_version=gone.version, key=new_key(), now=NOW)

    assert (back.left_on, back.code) == (None, one.code)
    assert made_day() == 2
    with pytest.raises(WrongState):
        db.run(elders.come_back, **call, expected_version=back.version, key=new_key(), now=NOW)


# --- who looks -----------------------------------------------------------------------------------------


def test_primary_and_backup_are_not_one_person(world: World) -> None:
    one = elder(world)

    with pytest.raises(Invalid, match="同一户"):
        duty(world, one, Duty.BACKUP, world.volunteer)


@pytest.mark.parametrize(("address", "same"), [("桂花路 5号楼2室", True), ("桂花路5号楼3室", False), ("", False)])
def test_primary_and_backup_live_in_different_households(world: World, address: str, same: bool) -> None:
    _lives(world, "volunteer", "桂花路5号楼2室")
    _lives(world, "grid_worker", address)
    one = elder(world)

    if same:
        with pytest.raises(Invalid, match="同一户"):
            duty(world, one, Duty.BACKUP, world.grid_worker)
    else:
        assert duty(world, one, Duty.BACKUP, world.grid_worker)


def _lives(world: World, who: str, address: str) -> None:
    def write(tx: Any) -> None:
        person = people.insert_person(tx, community_id=world.community, name=who, address=address, now=NOW)
        tx.get_one(UserRow, world.actors[who].user_id).person_id = person

    db.run(write)


def test_who_works_elsewhere_does_not_look(world: World) -> None:
    one = elder(world)

    for who in (world.stranger, world.other_grid_worker):
        with pytest.raises(Invalid, match="本社区"):
            duty(world, one, Duty.BACKUP, who)


def test_nobody_is_first_for_more_than_twenty_even_when_two_desks_hand_them_out(any_world: World) -> None:
    who = any_world.grid_worker
    for n in range(MOST_A_LOOKER - 1):
        elder(any_world, n, primary=who, contacts=(), slots=())
    two = [elder(any_world, 50 + n, primary=None, contacts=(), slots=()) for n in range(2)]

    results = at_once(*[lambda one=one: duty(any_world, one, Duty.PRIMARY, who) for one in two])

    assert [refused.message for refused in refusals(results) if "最多20位" in refused.message]
    assert len(refusals(results)) == 1


def test_a_new_primary_has_the_looks_that_are_not_over(world: World) -> None:
    one = elder(world, now=NOW - timedelta(days=1))
    made_day(TODAY)
    made_day()

    duty(world, one, Duty.PRIMARY, world.grid_worker)

    assert window(one.id, TODAY).looker_id == window(one.id).looker_id == world.grid_worker.user_id
    assert window(one.id).backup_id == world.volunteer2.user_id


def test_without_a_primary_the_backup_answers_and_without_both_the_grid(world: World) -> None:
    one = elder(world)
    made_day()

    duty(world, one, Duty.PRIMARY, None)
    assert (window(one.id).looker_id, window(one.id).backup_id) == (world.volunteer2.user_id, None)
    duty(world, one, Duty.BACKUP, None)
    assert window(one.id).looker_id == world.grid_worker.user_id


def test_the_same_duty_twice_changes_hands_once(any_world: World) -> None:
    one = elder(any_world)

    results = at_once(*[lambda: duty(any_world, one, Duty.PRIMARY, any_world.grid_worker, key="k")] * 3)

    assert not refusals(results)
    assert db.read(care_plans.duties, elder_id=one.id)[Duty.PRIMARY] == any_world.grid_worker.user_id


# --- contacts ------------------------------------------------------------------------------------------


def test_contacts_are_called_in_the_order_they_were_given(world: World) -> None:
    one = elder(world)
    son = ContactPlan("张大军", "13900000002", "儿子")
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "now": NOW}

    one = db.run(care_plans.set_contacts, **call, contacts=[son, DAUGHTER], expected_version=one.version, key="c")

    rows = db.run(lambda tx: list(tx.scalars(select(ElderContactRow).order_by(ElderContactRow.rank))))
    names = [db.read(people.contact_of, row.person_id)[0] for row in rows]
    assert (names, [row.has_key for row in rows]) == (["张大军", "张小红"], [False, True])
    with pytest.raises(Refused):
        twice = [son, son]
        db.run(care_plans.set_contacts, **call, contacts=twice, expected_version=one.version, key=new_key())


def test_a_contact_needs_a_name_and_a_number(world: World) -> None:
    one = elder(world, contacts=())
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "expected_version": one.version}

    for bad in (
        ContactPlan("", "13900000002", "儿子"),
        ContactPlan("张大军", "", "儿子"),
        ContactPlan("张", "1", "子"),
    ):
        with pytest.raises(Invalid):
            db.run(care_plans.set_contacts, **call, contacts=[bad], key=new_key(), now=NOW)


def test_the_plan_is_given_back_as_it_was_written(world: World) -> None:
    one = elder(world, slots=BOTH)
    assert db.read(care_plans.slots_of, elder_id=one.id) == list(BOTH)

    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "now": NOW}
    db.run(care_plans.set_slots, **call, slots=[MORNING], expected_version=one.version, key=new_key())
    assert db.read(care_plans.slots_of, elder_id=one.id) == [MORNING]
