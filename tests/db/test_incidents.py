"""Incidents: opened with all that belongs to them, never twice, never without a next step, ended by a person."""

from typing import Any
from uuid import UUID

import db
from db import fsck, incidents
from db.models import TicketRow
from domain.care import Look, Slot
from domain.ids import new_id
from domain.incidents import Cause, Found, IncidentState, Method
from domain.outbox import MessageState
from domain.tickets import Status
from tests.builders import NOW, World
from tests.db.alarming import MINUTE, actions, alarm, channel, elder, messages, steps_taken, window


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
