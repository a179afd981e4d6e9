"""Looks as they come in: appended once, whoever may; what follows for the window and its incident."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

import db
from db import looks
from db.models import IncidentEventRow
from domain.care import Look, Source, WindowState
from domain.errors import KeyReused, NotAllowed, WrongState
from domain.ids import new_id
from domain.incidents import Cause, Found, IncidentAction, IncidentState
from tests.builders import World
from tests.db.acting import at_once, refusals
from tests.db.caring import (
    TODAY,
    TOMORROW,
    at,
    elder,
    incidents,
    look,
    made_day,
    observations,
    sweep,
    window,
)

EIGHT = at(TOMORROW, 8)
SECOND = timedelta(seconds=1)


def timeline(incident_id: UUID | None) -> list[str]:
    query = select(IncidentEventRow.action).where(IncidentEventRow.incident_id == incident_id)
    return db.run(lambda tx: list(tx.scalars(query.order_by(IncidentEventRow.seq))))


# --- what a look does ------------------------------------------------------------------------------------


def test_a_sign_that_is_there_settles_the_window(any_world: World, one: Any) -> None:
    seen = look(any_world.volunteer, one.id, Look.OK, EIGHT)

    after = window(one.id)
    assert (seen.state, after.state, after.next_at) == (WindowState.SEEN_OK, WindowState.SEEN_OK, None)
    assert (after.seen_by, after.seen_at) == (any_world.volunteer.user_id, EIGHT)
    sweep(at(TOMORROW, 12))
    assert incidents(one.id) == []


def test_no_sign_is_an_incident_in_the_same_transaction(any_world: World, one: Any) -> None:
    seen = look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)

    (incident,) = incidents(one.id)
    assert (incident.id, incident.cause, incident.opened_at) == (seen.incident_id, Cause.CLOSED, EIGHT)
    assert window(one.id).state == WindowState.SEEN_CLOSED
    sweep(at(TOMORROW, 12))
    assert len(incidents(one.id)) == 1  # it is not counted as 超时未查看 too


def test_not_looked_and_no_sign_are_two_causes_with_two_ladders(any_world: World, one: Any) -> None:
    other = elder(any_world, 2)
    made_day()
    look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)
    sweep(at(TOMORROW, 10))

    closed, unseen = incidents(one.id)[0], incidents(other.id)[0]
    assert (closed.cause, unseen.cause) == (Cause.CLOSED, Cause.NOT_LOOKED)
    assert (closed.ladder[0]["who"], unseen.ladder[0]["who"]) == (["looker"], ["duty"])


def test_unclear_asks_for_a_second_look_within_a_quarter_of_an_hour(any_world: World, one: Any) -> None:
    look(any_world.volunteer, one.id, Look.UNCLEAR, EIGHT)
    assert window(one.id).next_at == EIGHT + timedelta(minutes=15)

    sweep(EIGHT + timedelta(minutes=15))
    assert window(one.id).state == WindowState.UNCHECKED
    for minute in range(20, 121, 10):  # however often, the alarm is not put off
        look(any_world.volunteer, one.id, Look.UNCLEAR, EIGHT + timedelta(minutes=minute))
        sweep(EIGHT + timedelta(minutes=minute))
    assert window(one.id).state == WindowState.ALARM


def test_a_sign_seen_late_clears_what_nobody_had_looked_at(any_world: World, one: Any) -> None:
    sweep(at(TOMORROW, 10))

    look(any_world.volunteer, one.id, Look.OK, at(TOMORROW, 10, 20))

    (incident,) = incidents(one.id)
    assert window(one.id).state == WindowState.CLEARED_LATE
    assert (incident.state, incident.found) == (IncidentState.RESOLVED, Found.SAFE_HOME)
    assert incident.closed_by == any_world.volunteer.user_id


def test_a_sign_seen_after_it_was_missing_is_noted_and_talking_closes(any_world: World, one: Any) -> None:
    look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)

    look(any_world.volunteer2, one.id, Look.OK, at(TOMORROW, 8, 20))
    (incident,) = incidents(one.id)
    assert (incident.state, window(one.id).state) == (IncidentState.DETECTED, WindowState.SEEN_CLOSED)
    assert timeline(incident.id)[-1] == IncidentAction.OBSERVE

    look(any_world.volunteer, one.id, Look.TALKED, at(TOMORROW, 8, 30), source=Source.VISIT)
    (incident,) = incidents(one.id)
    assert (incident.state, incident.method) == (IncidentState.RESOLVED, "seen")
    assert window(one.id).state == WindowState.CLEARED_LATE


def test_a_look_that_comes_in_after_all_is_closed_is_a_note(any_world: World, one: Any) -> None:
    look(any_world.volunteer, one.id, Look.OK, EIGHT)

    seen = look(any_world.volunteer2, one.id, Look.CLOSED, at(TOMORROW, 11))

    assert (seen.late, seen.incident_id) == (True, None)
    assert window(one.id).state == WindowState.SEEN_OK
    assert observations(one.id)[-1].late


def test_one_who_says_it_is_closed_while_the_slot_runs_is_believed(any_world: World, one: Any) -> None:
    look(any_world.volunteer, one.id, Look.OK, EIGHT)

    seen = look(any_world.volunteer2, one.id, Look.CLOSED, at(TOMORROW, 9))

    assert seen.incident_id
    assert window(one.id).state == WindowState.SEEN_CLOSED


def test_a_phone_whose_clock_is_ahead_dates_nothing_into_the_future(any_world: World, one: Any) -> None:
    look(any_world.volunteer, one.id, Look.OK, EIGHT + timedelta(hours=3), window_id=window(one.id).id, now=EIGHT)

    assert observations(one.id)[0].at == EIGHT


def test_a_look_before_the_slot_opens_counts(any_world: World, one: Any) -> None:
    look(any_world.volunteer, one.id, Look.OK, at(TOMORROW, 6, 50), window_id=window(one.id).id)

    sweep(at(TOMORROW, 12))
    assert window(one.id).state == WindowState.SEEN_OK


def test_a_look_long_before_its_slot_is_refused(world: World) -> None:
    one = elder(world)
    made_day()

    with pytest.raises(WrongState, match="07:00才开始"):
        look(world.volunteer, one.id, Look.OK, at(TODAY, 20), window_id=window(one.id).id)

    assert (window(one.id).state, observations(one.id)) == (WindowState.SCHEDULED, [])


# --- who may ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["volunteer", "volunteer2", "building_head", "grid_worker", "grid_lead", "coordinator"])
def test_whoever_is_assigned_and_the_staff_of_the_place_look(world: World, who: str) -> None:
    one = elder(world)
    made_day()

    assert look(world.actors[who], one.id, Look.OK, EIGHT).state is WindowState.SEEN_OK


@pytest.mark.parametrize("who", ["leader", "admin", "stranger", "other_grid_worker", "volunteer2"])
def test_nobody_else_looks(world: World, who: str) -> None:
    one = elder(world, backup=None)
    made_day()

    with pytest.raises(NotAllowed):
        look(world.actors[who], one.id, Look.OK, EIGHT)
    with pytest.raises(NotAllowed):
        look(world.actors[who], one.id, Look.HELP, EIGHT)
    assert observations(one.id) == []


def test_a_volunteer_does_not_enter_what_another_saw(world: World) -> None:
    one = elder(world)
    made_day()

    with pytest.raises(NotAllowed):
        look(world.volunteer, one.id, Look.OK, EIGHT, seen_by=world.volunteer2.user_id)
    look(world.coordinator, one.id, Look.OK, EIGHT, source=Source.DESK, seen_by=world.volunteer.user_id)
    assert window(one.id).seen_by == world.volunteer.user_id


# --- replay ----------------------------------------------------------------------------------------------


def test_a_phone_that_replays_its_day_three_times_changes_nothing(any_world: World) -> None:
    ones = [elder(any_world, n, contacts=()) for n in range(4)]
    made_day()
    kinds = (Look.OK, Look.CLOSED, Look.UNCLEAR, Look.CLOSED)
    day = [(one.id, what, new_id(), new_id()) for one, what in zip(ones, kinds, strict=True)]

    def replay(now: Any) -> None:
        for elder_id, what, made, _ in day:
            look(any_world.volunteer, elder_id, what, EIGHT, observation_id=made, now=now)
        taken: dict[str, Any] = {"observation_id": day[3][2], "undo_id": day[3][3], "at": EIGHT + 5 * SECOND}
        db.run(looks.undo, actor=any_world.volunteer, **taken, now=now)

    replay(EIGHT + timedelta(minutes=1))
    before = [(window(one.id).state, window(one.id).version, len(observations(one.id))) for one in ones]
    replay(EIGHT + timedelta(minutes=2))
    replay(EIGHT + timedelta(hours=5))

    assert [(window(one.id).state, window(one.id).version, len(observations(one.id))) for one in ones] == before
    assert [len(incidents(one.id)) for one in ones] == [0, 1, 0, 1]


def test_one_tap_sent_by_two_threads_is_one_look(any_world: World, one: Any) -> None:
    made, aimed = new_id(), window(one.id).id
    results = at_once(
        *[lambda: look(any_world.volunteer, one.id, Look.CLOSED, EIGHT, observation_id=made, window_id=aimed)] * 4
    )

    assert not refusals(results)
    assert (len(observations(one.id)), len(incidents(one.id))) == (1, 1)


def test_two_who_see_it_closed_at_once_open_one_incident(any_world: World, one: Any) -> None:
    both = [any_world.volunteer, any_world.volunteer2]
    calls: list[Callable[[], Any]] = [lambda who=who: look(who, one.id, Look.CLOSED, EIGHT) for who in both]  # type: ignore[misc]

    assert not refusals(at_once(*calls))

    assert (len(observations(one.id)), len(incidents(one.id))) == (2, 1)


def test_a_look_and_the_sweep_at_once_leave_one_incident(any_world: World, one: Any) -> None:
    now = at(TOMORROW, 10)
    results = at_once(lambda: look(any_world.volunteer, one.id, Look.CLOSED, now), lambda: sweep(now))

    assert not refusals(results)
    assert len(incidents(one.id)) == 1
    assert window(one.id).state == WindowState.SEEN_CLOSED


def test_one_id_is_one_look(any_world: World, one: Any) -> None:
    made = new_id()
    look(any_world.volunteer, one.id, Look.OK, EIGHT, observation_id=made)

    with pytest.raises(KeyReused):
        look(any_world.volunteer, one.id, Look.CLOSED, EIGHT, observation_id=made)


def test_the_database_changes_no_look_and_removes_none(any_world: World, one: Any) -> None:
    look(any_world.volunteer, one.id, Look.CLOSED, EIGHT)

    for statement in ("UPDATE observation SET look = 'ok'", "DELETE FROM observation"):
        with pytest.raises(DBAPIError, match="append-only"):
            db.run(lambda tx, sql=statement: tx.execute(text(sql)))  # type: ignore[misc]


def test_looks_in_any_order_end_in_one_state(world: World) -> None:
    dice, ends = random.Random(7), set()
    for n in range(6):
        one = elder(world, n, contacts=())
        made_day()
        sent = [Look.OK, Look.CLOSED, Look.UNCLEAR, Look.WEAK]
        dice.shuffle(sent)
        for what in sent:
            look(world.volunteer, one.id, what, EIGHT)
        ends.add((window(one.id).state, len(incidents(one.id))))

    assert ends == {(WindowState.SEEN_CLOSED, 1)}
