"""Incidents: opened with all that belongs to them, never twice, never without a next step, ended by a person."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import db
from db import fsck, incidents, rules
from db.models import IncidentRow, TicketRow
from domain.access import Actor
from domain.care import Look, Slot
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, WrongState
from domain.ids import new_id
from domain.incidents import Called, Cause, Found, IncidentState, Method, Service
from domain.outbox import MessageState, Template
from domain.tickets import Status
from tests.builders import NOW, World
from tests.db.acting import at_once, refusals
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
    window,
)


def ticket_of(ticket_id: UUID | None) -> TicketRow:
    return db.run(lambda s: s.get_one(TicketRow, ticket_id))


def test_an_incident_opens_with_its_ladder_its_ticket_and_its_first_message(any_world: World) -> None:
    channel(any_world)

    opened = alarm(any_world, cause=Cause.NOT_LOOKED)

    assert (opened.no, opened.state, opened.step) == ("Y0001", IncidentState.DETECTED, 0)
    assert opened.next_step_at == NOW + 10 * MINUTE
    ticket = ticket_of(opened.ticket_id)
    assert (ticket.title, ticket.status, ticket.open_to_volunteers) == (
        "3号楼 L0037 超时未查看，请核实",
        "accepted",
        True,
    )
    assert [m.body["who"] for m in messages(opened)] == ["社区值班"]
    assert steps_taken(opened) == [(0, 0, "duty")]
    assert db.read(lambda s: list(fsck.problems(s))) == []


def test_a_closed_curtain_is_told_only_after_the_ten_seconds_of_undo_and_never_if_undone(world: World) -> None:
    channel(world)
    opened = alarm(world, cause=Cause.CLOSED)
    assert messages(opened)[0].next_attempt_at == NOW + MINUTE / 6

    gone = db.run(incidents.withdraw, incident_id=opened.id, actor=world.volunteer, now=NOW + MINUTE / 10)

    assert gone.state is IncidentState.WITHDRAWN
    assert [m.state for m in messages(opened)] == [MessageState.SUPERSEDED]
    assert ticket_of(opened.ticket_id).status == Status.CANCELLED


def test_the_same_window_seen_closed_again_reopens_its_one_incident(any_world: World) -> None:
    channel(any_world)
    who = elder(any_world)
    at = window(any_world, who)
    first = alarm(any_world, who, at=at)
    db.run(incidents.withdraw, incident_id=first.id, actor=any_world.volunteer, now=NOW)

    again = alarm(any_world, who, at=at, now=NOW + MINUTE)

    assert (again.id, again.state, again.next_step_at) == (first.id, IncidentState.DETECTED, NOW + 11 * MINUTE)
    assert steps_taken(again) == [(0, 0, "looker"), (0, 1, "looker")]
    assert ticket_of(again.ticket_id).status == Status.ACCEPTED
    assert db.read(lambda s: list(fsck.problems(s))) == []


def test_a_button_pressed_while_one_is_open_makes_that_one_graver_and_no_second(any_world: World) -> None:
    who = elder(any_world)
    opened = alarm(any_world, who)

    joined = alarm(any_world, who, cause=Cause.BUTTON, severity=1, now=NOW + MINUTE)

    assert (joined.id, joined.severity, joined.next_step_at) == (opened.id, 1, NOW + 6 * MINUTE)
    assert actions(joined) == ["open", "merge"]
    assert ("secretary" in [who for _, lap, who in steps_taken(joined) if lap == 1]) is True
    assert alarm(any_world, who, cause=Cause.BUTTON, severity=1, now=NOW + 2 * MINUTE).id == opened.id


def test_a_second_press_does_not_wait_for_whoever_said_when_they_would_come(any_world: World) -> None:
    who = elder(any_world)
    opened = alarm(any_world, who, cause=Cause.BUTTON, severity=1)
    promised = step(incidents.acknowledge, opened, any_world.coordinator, eta_minutes=15)

    again = alarm(any_world, who, cause=Cause.BUTTON, severity=1, now=NOW + MINUTE)

    assert (promised.next_step_at, again.next_step_at) == (NOW + 15 * MINUTE, NOW + MINUTE)
    assert escalate(1) == 1
    assert [who for step_, _, who in steps_taken(opened) if step_ == 1] == ["building_head"]
    third = alarm(any_world, who, cause=Cause.BUTTON, severity=1, now=NOW + 2 * MINUTE)
    assert third.next_step_at == NOW + 11 * MINUTE  # nobody's promise is waited for: leaning on it climbs no ladder
    assert actions(opened) == ["open", "ack", "merge", "step", "merge"]


def test_a_press_while_somebody_is_at_the_door_leaves_them_their_time(world: World) -> None:
    who = elder(world)
    opened = alarm(world, who, cause=Cause.BUTTON, severity=1)
    there = step(incidents.arrive, opened, world.coordinator)

    again = alarm(world, who, cause=Cause.BUTTON, severity=1, now=NOW + MINUTE)

    assert again.next_step_at == there.next_step_at


def test_a_window_joins_the_button_that_came_first_and_another_window_has_its_own(any_world: World) -> None:
    who = elder(any_world)
    pressed = alarm(any_world, who, cause=Cause.BUTTON, severity=1)

    at = window(any_world, who)
    joined = alarm(any_world, who, at=at)
    evening = alarm(any_world, who, at=window(any_world, who, slot=Slot.EVENING))

    assert (joined.id, joined.window_id, joined.severity) == (pressed.id, at.id, 1)
    assert evening.id != pressed.id


def test_a_look_that_comes_in_is_noted_and_who_talked_to_the_elder_closes(world: World) -> None:
    opened = alarm(world)
    look: dict[str, Any] = {"incident_id": opened.id, "look": Look.OK, "observation_id": new_id()}
    noted = db.run(incidents.note_look, **look, by=world.volunteer, now=NOW)
    assert noted.state is IncidentState.DETECTED

    call: dict[str, Any] = {"incident_id": opened.id, "found": Found.SAFE_HOME, "method": Method.TALKED}
    closed = db.run(incidents.resolve_by_look, **call, by=world.volunteer, now=NOW + MINUTE)

    assert (closed.state, closed.found, closed.next_step_at) == (IncidentState.RESOLVED, Found.SAFE_HOME, None)
    assert actions(closed) == ["open", "observe", "resolve"]
    assert db.run(incidents.resolve_by_look, **call, by=None, now=NOW).version == closed.version


SAFE: dict[str, Any] = {"found": Found.SAFE_HOME, "method": Method.TALKED}


# --- what people do ----------------------------------------------------------------------------------


def test_from_the_call_to_the_door_to_the_end_everything_is_on_the_timeline(any_world: World) -> None:
    channel(any_world)
    who = any_world.grid_worker
    now = alarm(any_world)
    now = step(incidents.called, now, any_world.coordinator, reached=False, whom=Called.ELDER)
    now = step(incidents.acknowledge, now, who, eta_minutes=10)
    assert (now.state, now.acked_by, now.eta_at) == (IncidentState.VERIFYING, who.user_id, NOW + 10 * MINUTE)
    now = step(incidents.on_way, now, who)
    now = step(incidents.arrive, now, who)
    assert now.next_step_at == NOW + 30 * MINUTE
    now = step(incidents.enter, now, who, note="民警张、儿子在场，周书记决定")
    now = step(incidents.hand_over, now, who, service=Service.AMBULANCE)
    now = step(incidents.resolve, now, any_world.coordinator, found=Found.HOSPITAL, method=Method.SEEN)
    now = step(incidents.review, now, any_world.coordinator, note="该早十分钟敲门")

    expected = ["open", "call", "ack", "on_way", "arrive", "entry", "hand_over", "resolve", "review"]
    assert actions(now) == expected
    assert (now.found, row_of(now).closed_by) == (Found.HOSPITAL, any_world.coordinator.user_id)
    assert escalate(600) == 0
    assert faults() == []


def test_an_answer_whose_time_passes_without_anybody_at_the_door_goes_one_step_up(any_world: World) -> None:
    opened = alarm(any_world, cause=Cause.NOT_LOOKED)
    step(incidents.acknowledge, opened, any_world.coordinator, eta_minutes=30)

    assert escalate(29) == 0
    assert escalate(30) == 1
    assert [who for step_, _, who in steps_taken(opened) if step_ == 1] == ["building_head"]
    assert row_of(opened).eta_at is None


def test_every_end_says_what_was_found_how_and_by_whom(any_world: World) -> None:
    opened = alarm(any_world)

    for gone in ("found", "method", "closed_by"):
        values: dict[str, Any] = {"found": "safe_home", "method": "seen", "closed_by": any_world.coordinator.user_id}
        ended = update(IncidentRow).values(**(values | {gone: None}), state="resolved", next_step_at=None)
        with pytest.raises(IntegrityError):
            db.run(Session.execute, ended)
    with pytest.raises(Invalid, match="谁跟进"):
        step(incidents.resolve, opened, any_world.coordinator, found=Found.NOT_FOUND, method=Method.FAMILY)
    with pytest.raises(NotAllowed):
        call: dict[str, Any] = {"found": Found.NOT_FOUND, "method": Method.FAMILY, "note": "儿子说在外地"}
        step(incidents.resolve, opened, any_world.grid_worker, **call)


def test_who_was_at_the_door_of_a_grave_case_closes_it_only_where_the_rule_allows_and_marked(world: World) -> None:
    opened = alarm(world, cause=Cause.BUTTON, severity=1)
    there = step(incidents.arrive, opened, world.coordinator)
    db.run(lambda tx: rules.put(tx, "separation.verify", "refuse"))
    with pytest.raises(NotAllowed, match="换一位同事"):
        step(incidents.resolve, there, world.coordinator, **SAFE)
    call: dict[str, Any] = {"incident_id": opened.id, **SAFE, "by": world.coordinator, "now": NOW}
    assert db.run(incidents.resolve_by_look, **call).state is IncidentState.ON_SCENE

    db.run(lambda tx: rules.put(tx, "separation.verify", "mark"))
    closed = step(incidents.resolve, there, world.coordinator, **SAFE)

    assert ticket_of(closed.ticket_id).single_duty is True


def test_an_answer_and_an_end_at_once_both_stand_on_the_timeline_and_the_end_holds(any_world: World) -> None:
    for number in range(6):
        opened = alarm(any_world, elder(any_world, number))
        results = at_once(
            partial(step, incidents.acknowledge, opened, any_world.grid_worker),
            partial(step, incidents.resolve, opened, any_world.coordinator, **SAFE),
        )

        assert refusals(results) == []
        told = actions(opened)
        assert told in (["open", "ack", "resolve"], ["open", "resolve", "note"])
        assert row_of(opened).state == IncidentState.RESOLVED
    assert faults() == []


def test_two_who_answer_at_once_hear_who_was_first(any_world: World) -> None:
    opened = alarm(any_world)

    results = at_once(
        lambda: step(incidents.acknowledge, opened, any_world.grid_worker),
        lambda: step(incidents.acknowledge, opened, any_world.coordinator),
    )

    (second,) = refusals(results)
    assert isinstance(second, Changed)
    assert "接单" in second.message


def test_what_comes_after_the_end_is_kept_if_one_could_not_know_and_refused_if_one_could(world: World) -> None:
    opened = alarm(world)
    closed = step(incidents.resolve, opened, world.coordinator, **SAFE)

    call: dict[str, Any] = {"found": Found.INJURED, "method": Method.SEEN, "note": "人在门口，腿疼"}
    late = step(incidents.resolve, opened, world.grid_worker, **call)

    assert (late.found, actions(late)[-1]) == (Found.SAFE_HOME, "note")
    with pytest.raises(WrongState, match="重新打开"):
        step(incidents.arrive, late, world.grid_worker)
    again = step(incidents.reopen, late, world.coordinator, note="腿疼，要再看")
    assert (again.state, again.found, again.closed_at) == (IncidentState.DETECTED, None, None)
    assert step(incidents.resolve, again, world.coordinator, **SAFE).version > closed.version
    assert faults() == []


def test_the_ladder_going_on_meanwhile_makes_nobodys_form_stale(world: World) -> None:
    opened = alarm(world)
    escalate(10)

    assert step(incidents.resolve, opened, world.coordinator, **SAFE).state is IncidentState.RESOLVED


def test_a_step_sent_twice_is_taken_once_and_its_key_holds_for_nothing_else(world: World) -> None:
    opened = alarm(world)
    first = step(incidents.called, opened, world.coordinator, reached=True, whom=Called.CONTACT, key="k")

    assert step(incidents.called, opened, world.coordinator, reached=True, whom=Called.CONTACT, key="k") == first
    with pytest.raises(KeyReused):
        step(incidents.called, opened, world.coordinator, reached=False, whom=Called.CONTACT, key="k")


def test_whoever_was_told_hears_that_it_is_over_and_never_what_the_elder_has(world: World) -> None:
    channel(world)
    opened = alarm(world, cause=Cause.NOT_LOOKED)
    sent = text("UPDATE outbox_message SET state = 'accepted', attempts = 1")
    db.run(lambda tx: tx.execute(sent) and None)

    step(incidents.resolve, opened, world.coordinator, found=Found.INJURED, method=Method.SEEN)

    (clear,) = messages(opened, Template.ALL_CLEAR)
    assert clear.body["found"] == "已处置"


# --- who may -----------------------------------------------------------------------------------------


def test_only_who_works_there_or_has_it_in_hand_may_take_a_step(world: World) -> None:
    opened = alarm(world)
    tied = step(incidents.called, opened, world.volunteer, reached=False, whom=Called.ELDER)  # whose look it was

    stranger: tuple[Actor, ...] = (world.stranger, world.leader, world.admin, world.other_grid_worker)
    for actor in stranger:
        with pytest.raises(NotFound):
            step(incidents.note, tied, actor, note="看看")
    for command, more in (
        (incidents.resolve, SAFE),
        (incidents.hand_over, {"service": Service.POLICE}),
        (incidents.enter, {"note": "撬门"}),
        (incidents.reopen, {"note": "再开"}),
    ):
        with pytest.raises(NotAllowed):
            step(command, tied, world.volunteer, **more)
    with pytest.raises(NotAllowed):
        step(incidents.resolve, tied, world.building_head, **SAFE)


def test_of_what_is_refused_nothing_stays(world: World) -> None:
    opened = alarm(world)

    with pytest.raises(Invalid):
        step(incidents.acknowledge, opened, world.coordinator, eta_minutes=600)

    assert actions(opened) == ["open"]
    assert db.read(lambda s: s.scalar(select(func.count()).where(TicketRow.status == Status.ACCEPTED))) == 1


# --- teeth -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("UPDATE incident SET state = 'verifying'", "与最后一条记录不符"),
        ("UPDATE incident SET version = 9", "应有 9 条记录，实有 2 条"),
        ("UPDATE incident_event SET detail = '{}' WHERE seq = 1", "内容与校验值不符"),
        ("DELETE FROM incident_event WHERE seq = 1", "序号是 2"),
        ("UPDATE counter SET value = 0 WHERE name = 'incident'", "编号计数是 0"),
    ],
)
def test_fsck_sees_what_was_changed_by_hand(world: World, broken: str, said: str) -> None:
    alarm(world)
    escalate(10)
    with db.engine.get().begin() as connection:
        for event in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER incident_event_no_{event}"))
        connection.execute(text(broken))

    assert any(said in line for line in faults())
