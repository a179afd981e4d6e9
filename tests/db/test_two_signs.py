"""A closed sign and a device that sees no life: two of a different kind, so nobody waits for the looker's call."""

from typing import Any

import pytest

import db
from db import incidents as commands
from db import looks
from db.incident_events import incident_of
from domain.care import Look, Source, WindowState
from domain.ids import new_id
from domain.incidents import IncidentState
from tests.builders import World
from tests.db import alarming
from tests.db.caring import TOMORROW, at, incidents, look, window

EIGHT = at(TOMORROW, 8)
NINE_SECONDS, TEN = at(TOMORROW, 8, 0, 9), at(TOMORROW, 8, 0, 10)


@pytest.fixture
def one(one: Any, any_world: World) -> Any:
    alarming.channel(any_world)
    return one


def no_life(elder_id: Any, when: Any) -> None:
    look(None, elder_id, Look.NONE, when, source=Source.DEVICE)


def climb(when: Any) -> int:
    return db.run(commands.escalate, now=when)


def test_seen_closed_after_the_device_told_the_desk_is_asked_as_soon_as_it_can_be_no_slip(
    any_world: World, one: Any
) -> None:
    no_life(one.id, at(TOMORROW, 7, 30))
    look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)

    assert (climb(NINE_SECONDS), climb(TEN)) == (0, 1)
    (held,) = incidents(one.id)
    assert (held.severity, held.step) == (1, 1)
    assert [m.body["who"] for m in alarming.messages()] == ["主责志愿者", "社区值班"]


def test_a_device_that_tells_it_while_the_looker_still_has_time_ends_that_time(any_world: World, one: Any) -> None:
    look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)
    no_life(one.id, at(TOMORROW, 8, 2))
    no_life(one.id, at(TOMORROW, 8, 3))

    (held,) = incidents(one.id)
    assert (held.severity, held.next_step_at) == (1, at(TOMORROW, 8, 2))
    assert climb(at(TOMORROW, 8, 3)) == 1
    no_life(one.id, at(TOMORROW, 8, 4))
    assert climb(at(TOMORROW, 8, 5)) == 0  # it is told once, not with each signal
    assert alarming.faults() == []


def test_whoever_is_at_the_door_keeps_their_time(any_world: World, one: Any) -> None:
    look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)
    held = incident_of(incidents(one.id)[0])
    there = alarming.step(commands.arrive, held, any_world.coordinator, now=EIGHT)

    no_life(one.id, at(TOMORROW, 8, 2))

    assert incidents(one.id)[0].next_step_at == there.next_step_at


def test_a_slip_is_undone_though_the_device_told_too(any_world: World, one: Any) -> None:
    no_life(one.id, at(TOMORROW, 7, 30))
    seen = look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)

    call: dict[str, Any] = {"observation_id": seen.observation_id, "undo_id": new_id()}
    db.run(looks.undo, actor=any_world.volunteer, **call, now=NINE_SECONDS)

    assert [i.state for i in incidents(one.id)] == [IncidentState.WITHDRAWN]
    assert window(one.id).state == WindowState.OPEN
    assert climb(at(TOMORROW, 9)) == 0
