"""求助 and devices: an emergency whatever else is seen, each signal once, nothing closed by a machine."""

from datetime import timedelta
from typing import Any

import pytest

import db
from db import looks, signal_devices
from db.looks import Signal
from domain.care import Look, WindowState
from domain.ids import new_id
from domain.incidents import Cause, IncidentState
from tests.builders import World
from tests.db.caring import (
    TOMORROW,
    at,
    incidents,
    look,
    observations,
    sweep,
    window,
)

EIGHT = at(TOMORROW, 8)
SECOND = timedelta(seconds=1)


def test_a_call_for_help_is_an_incident_of_the_first_degree(any_world: World, one: Any) -> None:
    seen = look(any_world.volunteer, one.id, Look.HELP, EIGHT)

    (incident,) = incidents(one.id)
    assert (incident.id, incident.cause, incident.severity) == (seen.incident_id, Cause.BUTTON, 1)
    assert (seen.window_id, incident.window_id) == (None, None)


def test_a_sign_that_is_there_does_not_answer_a_call_for_help(any_world: World, one: Any) -> None:
    sweep(at(TOMORROW, 10))
    look(None, one.id, Look.HELP, at(TOMORROW, 10, 5))

    look(any_world.volunteer, one.id, Look.OK, at(TOMORROW, 10, 20))

    (incident,) = incidents(one.id)
    assert (incident.state, incident.severity) == (IncidentState.DETECTED, 1)


@pytest.fixture
def button(any_world: World, one: Any) -> signal_devices.Device:
    call: dict[str, Any] = {"actor": any_world.coordinator, "community_id": any_world.community, "elder_id": one.id}
    return db.run(signal_devices.add, **call, label="求助按钮", now=EIGHT)[0]


def test_a_device_sends_each_signal_once(any_world: World, one: Any, button: signal_devices.Device) -> None:
    items = [Signal(new_id(), Look.HELP, EIGHT), Signal(new_id(), Look.FINE, EIGHT)]

    first = db.run(looks.signals, device=button, items=items, now=EIGHT)
    again = db.run(looks.signals, device=button, items=items, now=EIGHT + SECOND)

    assert [item.observation_id for item in again if isinstance(item, looks.Seen)] == [item.id for item in items]
    assert len(observations(one.id)) == 2
    assert [incident.severity for incident in incidents(one.id)] == [1]
    assert isinstance(first[1], looks.Seen)


def test_a_device_says_nothing_that_only_a_person_can_see(one: Any, button: signal_devices.Device) -> None:
    items = [Signal(new_id(), Look.TALKED, EIGHT), Signal(new_id(), Look.WEAK, EIGHT)]

    told = db.run(looks.signals, device=button, items=items, now=EIGHT)

    assert told[0] == "这台设备不能发这种信号。"
    assert [seen.look for seen in observations(one.id)] == [Look.WEAK]


def test_a_device_that_is_off_is_no_evidence(one: Any, button: signal_devices.Device) -> None:
    db.run(looks.signals, device=button, items=[Signal(new_id(), Look.OFFLINE, EIGHT)], now=EIGHT)

    sweep(at(TOMORROW, 9))
    assert window(one.id).state == WindowState.UNCHECKED
