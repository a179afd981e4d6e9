"""Ten seconds to take a look back: what it had opened was a slip, what it had closed opens again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

import db
from db import looks, rounds
from db.models import IncidentEventRow, IncidentNoteRow, OutboxRow
from domain.care import Look, WindowState
from domain.errors import NotFound, WrongState
from domain.ids import new_id
from domain.incidents import IncidentAction, IncidentState
from domain.outbox import Template
from tests.builders import World
from tests.db.caring import (
    TOMORROW,
    at,
    incidents,
    look,
    sweep,
    window,
)

EIGHT = at(TOMORROW, 8)
SECOND = timedelta(seconds=1)


def undo(who: Any, observation_id: UUID, when: Any, **changes: Any) -> looks.Seen:
    call: dict[str, Any] = {"actor": who, "observation_id": observation_id, "undo_id": new_id(), "now": when}
    return db.run(looks.undo, **(call | changes))


def timeline(incident_id: UUID | None) -> list[str]:
    query = select(IncidentEventRow.action).where(IncidentEventRow.incident_id == incident_id)
    return db.run(lambda tx: list(tx.scalars(query.order_by(IncidentEventRow.seq))))


def all_clear(incident_id: UUID | None) -> list[OutboxRow]:
    mine = (OutboxRow.incident_id == incident_id, OutboxRow.template == Template.ALL_CLEAR.value)
    return db.run(lambda tx: list(tx.scalars(select(OutboxRow).where(*mine))))


def test_a_slip_is_taken_back_within_ten_seconds_and_nobody_is_told(any_world: World, one: Any) -> None:
    seen = look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)

    after = undo(any_world.volunteer, seen.observation_id, EIGHT + 10 * SECOND)

    (incident,) = incidents(one.id)
    assert (after.state, window(one.id).next_at) == (WindowState.OPEN, at(TOMORROW, 9))
    assert (incident.state, all_clear(incident.id)) == (IncidentState.WITHDRAWN, [])
    sweep(at(TOMORROW, 10))
    assert [incident.state for incident in incidents(one.id)] == [IncidentState.DETECTED]  # the same one again


def test_a_window_has_one_incident_however_often_it_is_seen_closed(any_world: World, one: Any) -> None:
    first = look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)
    undo(any_world.volunteer, first.observation_id, EIGHT + 3 * SECOND)

    again = look(any_world.volunteer, one.id, Look.CLOSED, EIGHT + 8 * SECOND)

    assert again.incident_id == first.incident_id
    assert [incident.state for incident in incidents(one.id)] == [IncidentState.DETECTED]


def test_after_ten_seconds_it_takes_a_telephone_call(any_world: World, one: Any) -> None:
    seen = look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)

    with pytest.raises(WrongState, match="打电话"):
        undo(any_world.volunteer, seen.observation_id, EIGHT + 15 * SECOND)
    with pytest.raises(NotFound):
        undo(any_world.volunteer2, seen.observation_id, EIGHT + SECOND)
    with pytest.raises(NotFound):
        undo(any_world.volunteer, new_id(), EIGHT + SECOND)


def test_taking_back_a_sign_leaves_the_window_waiting(any_world: World, one: Any) -> None:
    seen = look(any_world.volunteer, one.id, Look.OK, EIGHT)
    undo(any_world.volunteer, seen.observation_id, EIGHT + 5 * SECOND)

    assert window(one.id).state == WindowState.OPEN
    with pytest.raises(WrongState, match="已经撤销"):
        undo(any_world.volunteer, seen.observation_id, EIGHT + 6 * SECOND)


def test_taking_back_what_had_cleared_an_alarm_opens_it_again(any_world: World, one: Any) -> None:
    sweep(at(TOMORROW, 10))
    late = at(TOMORROW, 10, 20)
    seen = look(any_world.volunteer, one.id, Look.OK, late)

    undo(any_world.volunteer, seen.observation_id, late + 5 * SECOND)

    (incident,) = incidents(one.id)
    assert (window(one.id).state, incident.state) == (WindowState.ALARM, IncidentState.DETECTED)


def test_taking_back_one_of_two_leaves_the_other(any_world: World, one: Any) -> None:
    look(any_world.volunteer2, one.id, Look.CLOSED, EIGHT)
    seen = look(any_world.volunteer, one.id, Look.CLOSED, EIGHT + SECOND)

    undo(any_world.volunteer, seen.observation_id, EIGHT + 5 * SECOND)

    assert window(one.id).state == WindowState.SEEN_CLOSED
    assert [incident.state for incident in incidents(one.id)] == [IncidentState.DETECTED]


def test_nobody_answering_the_door_is_a_line_of_the_incident(any_world: World, one: Any) -> None:
    seen = look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)
    call: dict[str, Any] = {"actor": any_world.volunteer, "window_id": window(one.id).id, "key": "k", "now": EIGHT}

    db.run(rounds.nobody_home, **call)
    db.run(rounds.nobody_home, **call)

    query = select(IncidentNoteRow.body).where(IncidentNoteRow.incident_id == seen.incident_id)
    assert db.run(lambda tx: list(tx.scalars(query))) == ["敲门没人应"]
    assert timeline(seen.incident_id) == [IncidentAction.OPEN, IncidentAction.NOTE]  # no call that nobody made
