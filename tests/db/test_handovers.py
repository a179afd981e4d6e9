"""Giving a round away: at every moment one person answers for each look."""

from datetime import datetime, timedelta
from typing import Any

import pytest

import db
from db import handovers
from db.handovers import Handover
from domain.access import Actor
from domain.care import Duty, HandoverState, Slot
from domain.errors import Changed, Invalid, NotAllowed, NotFound, WrongState
from domain.ids import new_key
from tests.builders import NOW, World
from tests.db.acting import at_once, refusals
from tests.db.caring import TODAY, TOMORROW, at, elder, made_day, window
from tests.db.checks import dump
from tests.db.test_elders import duty

DAY_AFTER = TOMORROW + timedelta(days=1)
EVENING = at(TODAY, 19)  # twelve hours before the slot


def offer(who: Actor, to: Actor | None, now: datetime = NOW, **changes: Any) -> Handover:
    call: dict[str, Any] = {
        "actor": who,
        "day": TOMORROW,
        "slot": Slot.MORNING,
        "to_id": to.user_id if to else None,
        "key": new_key(),
        "now": now,
    }
    return db.run(handovers.offer, **(call | changes))


def answer(command: Any, one: Handover, who: Actor, now: datetime = NOW, **changes: Any) -> Handover:
    call: dict[str, Any] = {"actor": who, "handover_id": one.id, "expected_version": one.version}
    done: Handover = db.run(command, **(call | {"key": new_key(), "now": now} | changes))
    return done


def looker(elder_id: Any, day: Any = TOMORROW) -> Any:
    return window(elder_id, day).looker_id


def test_the_giver_answers_until_the_other_accepts(any_world: World) -> None:
    world, one = any_world, elder(any_world)
    made_day()

    held = offer(world.volunteer, world.building_head)
    assert (held.state, held.answer_by) == (HandoverState.OFFERED, EVENING)
    assert looker(one.id) == world.volunteer.user_id

    taken = answer(handovers.accept, held, world.building_head)
    assert taken.state is HandoverState.ACCEPTED
    assert looker(one.id) == world.building_head.user_id
    assert window(one.id).backup_id == world.volunteer2.user_id


def test_a_refusal_gives_the_round_to_each_elders_backup(world: World) -> None:
    one, other = elder(world), elder(world, 2, backup="grid_worker")
    made_day()
    held = offer(world.volunteer, world.building_head)

    assert answer(handovers.decline, held, world.building_head).state is HandoverState.DECLINED

    assert (looker(one.id), looker(other.id)) == (world.volunteer2.user_id, world.grid_worker.user_id)
    assert window(one.id).backup_id is None


def test_unanswered_twelve_hours_before_it_goes_to_the_backups(any_world: World) -> None:
    world, one = any_world, elder(any_world)
    made_day()
    held = offer(world.volunteer, world.building_head)

    assert db.run(handovers.expire, now=EVENING - timedelta(seconds=1)) == 0
    assert db.run(handovers.expire, now=EVENING) == 1
    assert db.run(handovers.expire, now=EVENING) == 0

    assert looker(one.id) == world.volunteer2.user_id
    with pytest.raises(WrongState, match="备份"):
        answer(handovers.accept, db.read(handovers.get, held.id), world.building_head, EVENING)


def test_offered_to_nobody_in_particular_or_too_late_it_goes_to_the_backups_at_once(world: World) -> None:
    one = elder(world)
    made_day()

    assert offer(world.volunteer, None).state is HandoverState.ASSIGNED
    assert looker(one.id) == world.volunteer2.user_id

    made_day(DAY_AFTER)
    late = offer(world.volunteer, world.building_head, at(DAY_AFTER, 7), day=DAY_AFTER)
    assert late.state is HandoverState.ASSIGNED
    assert looker(one.id, DAY_AFTER) == world.volunteer2.user_id


def test_without_a_backup_the_grid_worker_has_it(world: World) -> None:
    one = elder(world, backup=None)
    made_day()

    offer(world.volunteer, None)

    assert looker(one.id) == world.grid_worker.user_id


def test_a_round_given_away_before_its_windows_are_made_is_kept_to(world: World) -> None:
    one = elder(world)
    held = offer(world.volunteer, world.building_head, day=DAY_AFTER)
    answer(handovers.accept, held, world.building_head)

    made_day(TOMORROW)
    made_day(DAY_AFTER)

    assert [looker(one.id, day) for day in (TOMORROW, DAY_AFTER)] == [
        world.volunteer.user_id,
        world.building_head.user_id,
    ]


def test_who_took_a_round_may_give_it_on(world: World) -> None:
    one = elder(world)
    made_day()
    answer(handovers.accept, offer(world.volunteer, world.building_head), world.building_head)

    offer(world.building_head, None)

    assert looker(one.id) == world.volunteer2.user_id


def test_a_duty_that_changes_leaves_a_round_with_who_took_it(world: World) -> None:
    one, other = elder(world), elder(world, 2)
    made_day()
    answer(handovers.accept, offer(world.volunteer, world.building_head), world.building_head)

    duty(world, one, Duty.BACKUP, world.grid_worker)
    assert looker(one.id) == world.building_head.user_id
    duty(world, one, Duty.PRIMARY, None)  # it is the backup's now, who gave nothing away
    assert (looker(one.id), looker(other.id)) == (world.grid_worker.user_id, world.building_head.user_id)


def test_only_whom_it_was_offered_to_answers(world: World) -> None:
    elder(world)
    made_day()
    held, before = offer(world.volunteer, world.building_head), dump()

    for who in (world.volunteer, world.volunteer2, world.coordinator, world.leader):
        for command in (handovers.accept, handovers.decline):
            with pytest.raises(NotFound):
                answer(command, held, who)
    assert dump() == before


def test_nobody_gives_away_what_is_not_theirs(world: World) -> None:
    elder(world)
    made_day()

    with pytest.raises(NotFound):
        offer(world.volunteer2, world.building_head)
    with pytest.raises(NotAllowed):
        offer(world.volunteer2, world.building_head, from_id=world.volunteer.user_id)
    for to in (world.volunteer, world.stranger):
        with pytest.raises(Invalid):
            offer(world.volunteer, to)
    assert offer(world.coordinator, None, from_id=world.volunteer.user_id).from_id == world.volunteer.user_id


def test_a_round_is_given_away_once(any_world: World) -> None:
    world = any_world
    elder(world)
    made_day()

    results = at_once(*[lambda: offer(world.volunteer, world.building_head, key="k")] * 3)
    assert len({result.id for result in results}) == 1
    with pytest.raises(WrongState, match="交接过"):
        offer(world.volunteer, None)


def test_an_answer_and_the_end_of_time_at_once_leave_one_who_answers(any_world: World) -> None:
    world, one = any_world, elder(any_world)
    made_day()
    held = offer(world.volunteer, world.building_head)

    results = at_once(
        lambda: answer(handovers.accept, held, world.building_head, EVENING - timedelta(seconds=1)),
        lambda: db.run(handovers.expire, now=EVENING),
    )

    after = db.read(handovers.get, held.id)
    who = world.building_head if after.state is HandoverState.ACCEPTED else world.volunteer2
    assert looker(one.id) == who.user_id
    assert all(isinstance(refused, (Changed, WrongState)) for refused in refusals(results))


def test_each_sees_what_waits_for_their_answer(world: World) -> None:
    elder(world)
    made_day()
    held = offer(world.volunteer, world.building_head)

    assert [one.id for one in db.read(handovers.offered_to, actor=world.building_head, now=NOW)] == [held.id]
    assert db.read(handovers.offered_to, actor=world.volunteer2, now=NOW) == []
