"""The ladder of an incident as it runs: each step once, whoever is at it, and an auditor behind it."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

import db
from db import incidents, ladders
from db.models import IncidentRow
from domain import ladder
from domain.errors import Invalid, NotAllowed
from domain.incidents import Cause, Who
from domain.outbox import Template
from tests.builders import NOW, World
from tests.db.acting import at_once
from tests.db.alarming import (
    MINUTE,
    actions,
    alarm,
    channel,
    elder,
    escalate,
    faults,
    messages,
    row_of,
    step,
    steps_taken,
)

# --- the ladder --------------------------------------------------------------------------------------


def test_unanswered_it_goes_up_step_by_step_and_then_repeats_the_last(any_world: World) -> None:
    channel(any_world)
    opened = alarm(any_world)

    moved = [escalate(minute) for minute in range(0, 91)]

    assert sum(moved) == 7
    assert steps_taken(opened) == [
        (0, 0, "looker"),
        (1, 0, "duty"),
        (2, 0, "building_head"),
        (3, 0, "contacts"),
        (3, 0, "grid_worker"),
        (4, 0, "secretary"),
        (5, 0, "street"),
        (5, 1, "street"),
        (5, 2, "street"),
    ]
    assert [m.body["who"] for m in messages(opened)][:4] == ["主责志愿者", "社区值班", "楼栋长", "网格员、联系人"]
    assert [m.body["repeat"] for m in messages(opened)][-2:] == [1, 2]
    assert faults() == []


def test_after_an_outage_every_missed_step_is_on_the_timeline_and_one_message_tells_of_all(any_world: World) -> None:
    channel(any_world)
    opened = alarm(any_world)

    assert escalate(180) == 1
    assert escalate(180) == 0

    taken = [(step, lap) for step, lap, _ in steps_taken(opened)]
    assert sorted(set(taken)) == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]
    assert actions(opened) == ["open", *["step"] * 5]
    told = messages(opened)
    assert len(told) == 2
    assert told[1].body["who"] == "街道值班、社区书记、网格员、联系人、楼栋长、社区值班"
    assert row_of(opened).next_step_at == NOW + 195 * MINUTE


def test_after_an_outage_the_gravest_and_newest_comes_first(world: World) -> None:
    old = alarm(world, elder(world, 1), now=NOW - 20 * MINUTE)
    new = alarm(world, elder(world, 2), now=NOW - 10 * MINUTE)
    grave = alarm(world, elder(world, 3), cause=Cause.BUTTON, severity=1, now=NOW - 30 * MINUTE)

    moved = []
    for _ in range(3):
        before = {one.id: row_of(one).version for one in (old, new, grave)}
        assert escalate(0, limit=1) == 1
        moved += [one for one in (old, new, grave) if row_of(one).version != before[one.id]]

    assert moved == [grave, new, old]


def test_two_workers_at_once_take_each_step_once(any_world: World) -> None:
    channel(any_world)
    opened = [alarm(any_world, elder(any_world, number)) for number in range(12)]

    for minute in (10, 20, 75):
        at_once(*[partial(escalate, minute)] * 4)

    for one in opened:
        assert len(messages(one)) == 4
        assert len(set(steps_taken(one))) == len(steps_taken(one)) == 7
    assert faults() == []


def test_a_step_cannot_be_taken_twice_whoever_tries(world: World) -> None:
    opened = alarm(world)

    with pytest.raises(IntegrityError, match="incident_step"), db.engine.get().begin() as connection:
        connection.execute(text("INSERT INTO incident_step SELECT * FROM incident_step"))
    assert steps_taken(opened) == [(0, 0, "looker")]


def test_a_clock_set_back_neither_cancels_nor_repeats_and_shortens_no_answer(any_world: World) -> None:
    opened = alarm(any_world)
    escalate(20)
    before = steps_taken(opened)

    assert [escalate(minute) for minute in (-120, 0, 19, 20)] == [0, 0, 0, 0]
    answered = step(incidents.acknowledge, opened, any_world.coordinator, eta_minutes=15, now=NOW - 120 * MINUTE)

    assert steps_taken(opened) == before
    assert answered.next_step_at == NOW + 35 * MINUTE


def test_a_ladder_changed_meanwhile_leaves_what_is_open_as_it_was(any_world: World) -> None:
    opened = alarm(any_world)
    slow = [ladder.Step(0, (Who.STREET,), 10, "先看看"), ladder.Step(600, (Who.DUTY,), 15, "")]
    call: dict[str, Any] = {"actor": any_world.secretary, "community_id": any_world.community, "cause": Cause.CLOSED}
    db.run(ladders.change, **call, steps=slow, now=NOW)

    later = alarm(any_world, elder(any_world, 2))

    escalate(30)
    assert [who for _, _, who in steps_taken(opened)] == ["looker", "duty", "building_head", "contacts", "grid_worker"]
    assert [who for _, _, who in steps_taken(later)] == ["street"]
    db.run(ladders.change, **call, steps=None, now=NOW)
    assert alarm(any_world, elder(any_world, 3)).next_step_at == NOW + 10 * MINUTE


def test_a_ladder_is_set_by_the_secretary_and_never_to_nonsense(world: World) -> None:
    call: dict[str, Any] = {"community_id": world.community, "cause": Cause.CLOSED, "now": NOW}
    with pytest.raises(NotAllowed):
        db.run(ladders.change, actor=world.coordinator, steps=None, **call)
    with pytest.raises(Invalid, match="第0分钟"):
        db.run(ladders.change, actor=world.secretary, steps=[ladder.Step(5, (Who.DUTY,), 5, "")], **call)


# --- the auditor -------------------------------------------------------------------------------------


def test_the_auditor_raises_when_nobody_moves_an_incident_on_and_moves_it_itself(any_world: World) -> None:
    channel(any_world)
    opened = alarm(any_world)
    assert db.run(incidents.audit, now=NOW + 12 * MINUTE) == 0

    assert db.run(incidents.audit, now=NOW + 15 * MINUTE) == 1

    assert actions(opened) == ["open", "audit", "step"]
    raised = [message.body["text"] for message in messages(None, Template.ALERT)]
    assert raised == ["预警 Y0001 的逐级通知停过，已补上，请检查后台任务。"]
    assert db.run(incidents.audit, now=NOW + 15 * MINUTE) == 0


def test_a_clock_set_back_two_hours_delays_a_step_by_no_more_than_its_own_wait(any_world: World) -> None:
    opened = alarm(any_world, now=NOW + 120 * MINUTE)
    answered = alarm(any_world, elder(any_world, 2), now=NOW)
    step(incidents.acknowledge, answered, any_world.coordinator, eta_minutes=45)

    assert db.run(incidents.audit, now=NOW) == 1

    assert row_of(opened).next_step_at == NOW + 10 * MINUTE
    assert row_of(answered).next_step_at == NOW + 45 * MINUTE
    assert escalate(10) == 1
    assert steps_taken(opened)[1:] == [(1, 0, "duty")]
    assert faults() == []


def test_an_open_incident_without_a_next_step_is_impossible(any_world: World) -> None:
    alarm(any_world)

    with pytest.raises(IntegrityError):
        db.run(lambda tx: tx.execute(update(IncidentRow).values(next_step_at=None)) and None)
