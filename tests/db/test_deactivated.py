"""Who may no longer log in answers for no look: not for those made from then on, and not for those that wait."""

from typing import Any

import db
from db import accounts, handovers, windows
from db.care_register import listed
from domain.access import Actor
from domain.care import Duty, Slot
from domain.care_register import Gap
from domain.ids import new_key
from tests.builders import NOW, World
from tests.db.caring import TODAY, TOMORROW, at, elder, made_day, window

EVENING = at(TODAY, 19)


def deactivate(world: World, who: Actor, now: Any = NOW) -> None:
    db.run(accounts.deactivate, actor=world.admin, user_id=who.user_id, now=now)


def who_looks(elder_id: Any) -> tuple[Any, Any]:
    held = window(elder_id)
    return held.looker_id, held.backup_id


def test_a_window_made_afterwards_is_the_backups_and_the_register_says_that_nobody_is_responsible(
    any_world: World,
) -> None:
    one = elder(any_world)
    deactivate(any_world, any_world.volunteer)
    made_day()

    assert who_looks(one.id) == (any_world.volunteer2.user_id, None)
    call: dict[str, Any] = {"actor": any_world.coordinator, "community_id": any_world.community, "now": NOW}
    (entry,) = db.read(listed, **call)
    assert (entry.gaps, entry.looker(Duty.PRIMARY)) == ((Gap.NO_PRIMARY,), "")


def test_windows_that_wait_go_to_the_next_and_come_back_with_the_user(any_world: World) -> None:
    one = elder(any_world)
    made_day()
    first, second = any_world.volunteer.user_id, any_world.volunteer2.user_id

    deactivate(any_world, any_world.volunteer, EVENING)
    assert who_looks(one.id) == (second, None)
    deactivate(any_world, any_world.volunteer2, EVENING)
    looker, backup = who_looks(one.id)
    assert looker not in (first, second, None)  # a member of staff
    assert backup is None

    for who in (first, second):
        db.run(accounts.reactivate, actor=any_world.admin, user_id=who, now=EVENING)
    assert who_looks(one.id) == (first, second)


def test_a_round_taken_on_by_somebody_who_left_is_the_backups(world: World) -> None:
    one = elder(world)
    made_day()
    call: dict[str, Any] = {"day": TOMORROW, "slot": Slot.MORNING, "to_id": world.building_head.user_id}
    who: dict[str, Any] = {"actor": world.volunteer, "key": new_key(), "now": at(TODAY, 12)}
    held = db.run(handovers.offer, **who, **call)
    taken: dict[str, Any] = {"handover_id": held.id, "expected_version": held.version, "key": new_key()}
    db.run(handovers.accept, actor=world.building_head, **taken, now=at(TODAY, 12))
    assert who_looks(one.id)[0] == world.building_head.user_id

    deactivate(world, world.building_head, EVENING)

    assert who_looks(one.id)[0] == world.volunteer2.user_id


def test_what_is_over_stays_with_whoever_had_it(world: World) -> None:
    one = elder(world)
    made_day()
    db.run(windows.sweep, now=at(TOMORROW, 10, 30))
    before = who_looks(one.id)

    deactivate(world, world.volunteer, at(TOMORROW, 11))

    assert who_looks(one.id) == before
