"""外出报备: only what is confirmed excuses, always with an end, and the next look follows by itself."""

from datetime import datetime, timedelta
from typing import Any

import pytest

import db
from db import absence_notices, absences
from db.absences import Absence
from domain.care import AbsenceKind, AbsenceState, Look, Slot, WindowState
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, WrongState
from domain.ids import new_key
from domain.windows import LONGEST_ABSENCE
from tests.builders import NOW, World
from tests.db.acting import at_once, refusals
from tests.db.caring import BOTH, TODAY, TOMORROW, at, elder, incidents, look, made_day, sweep, window
from tests.db.checks import dump
from tests.sending import channel, rows

DAY_AFTER = TOMORROW + timedelta(days=1)


def away(world: World, elder_id: Any, start: datetime, end: datetime, who: Any = None, **changes: Any) -> Absence:
    call: dict[str, Any] = {
        "actor": who or world.coordinator,
        "elder_id": elder_id,
        "kind": AbsenceKind.FAMILY,
        "from_at": start,
        "until_at": end,
        "told_by": "家属",
        "key": new_key(),
        "now": NOW,
    }
    return db.run(absences.report, **(call | changes))


def step(command: Any, one: Absence, who: Any, now: datetime = NOW, **changes: Any) -> Absence:
    call: dict[str, Any] = {"actor": who, "absence_id": one.id, "expected_version": one.version}
    done: Absence = db.run(command, **(call | {"key": new_key(), "now": now} | changes))
    return done


def states(elder_id: Any, *days: Any) -> list[str]:
    return [window(elder_id, day, slot).state for day in days for slot in Slot]


def test_who_is_away_is_not_alarmed_and_is_looked_in_on_from_the_first_slot_after(any_world: World) -> None:
    one = elder(any_world, slots=BOTH)
    away(any_world, one.id, NOW, at(DAY_AFTER, 12))
    for day in (TOMORROW, DAY_AFTER):
        made_day(day)

    excused, owed = WindowState.EXCUSED, WindowState.SCHEDULED
    assert states(one.id, TOMORROW, DAY_AFTER) == [excused, excused, excused, owed]
    sweep(at(DAY_AFTER, 13))
    assert incidents(one.id) == []
    sweep(at(DAY_AFTER, 22))
    assert len(incidents(one.id)) == 1


def test_away_until_midnight_in_shanghai_excuses_that_day_and_not_the_next(world: World) -> None:
    one = elder(world, slots=BOTH)
    away(world, one.id, NOW, at(DAY_AFTER, 0))
    for day in (TOMORROW, DAY_AFTER):
        made_day(day)

    excused, owed = WindowState.EXCUSED, WindowState.SCHEDULED
    assert states(one.id, TOMORROW, DAY_AFTER) == [excused, excused, owed, owed]


def test_an_absence_told_after_the_windows_were_made_excuses_them(world: World) -> None:
    one = elder(world)
    made_day()
    sweep(at(TOMORROW, 9))

    away(world, one.id, at(TOMORROW, 6), at(TOMORROW, 20), now=at(TOMORROW, 9, 30))

    assert (window(one.id).state, window(one.id).next_at) == (WindowState.EXCUSED, None)


def test_what_an_alarm_was_raised_for_already_is_not_silently_excused(world: World) -> None:
    one = elder(world)
    made_day()
    sweep(at(TOMORROW, 10))

    away(world, one.id, at(TOMORROW, 6), at(TOMORROW, 20), now=at(TOMORROW, 10, 30))

    assert window(one.id).state == WindowState.ALARM


def test_a_call_for_help_while_away_still_alarms(any_world: World) -> None:
    one = elder(any_world)
    away(any_world, one.id, NOW, at(DAY_AFTER, 0))
    made_day()

    look(None, one.id, Look.HELP, at(TOMORROW, 8))

    (incident,) = incidents(one.id)
    assert (incident.severity, incident.window_id, window(one.id).state) == (1, None, WindowState.EXCUSED)


def test_a_sign_missing_while_away_alarms_nobody(world: World) -> None:
    one = elder(world)
    away(world, one.id, NOW, at(DAY_AFTER, 0))
    made_day()

    seen = look(world.volunteer, one.id, Look.CLOSED, at(TOMORROW, 8))

    assert (seen.late, incidents(one.id)) == (True, [])


@pytest.mark.parametrize("who", ["volunteer", "building_head", "grid_worker"])
def test_what_one_side_tells_excuses_nothing_until_the_office_confirms(world: World, who: str) -> None:
    one = elder(world)
    made_day()
    draft = away(world, one.id, NOW, at(DAY_AFTER, 0), world.actors[who])
    assert (draft.state, window(one.id).state) == (AbsenceState.DRAFT, WindowState.SCHEDULED)
    with pytest.raises((NotAllowed, NotFound)):
        step(absences.confirm, draft, world.actors[who])

    held = step(absences.confirm, draft, world.coordinator)

    assert (held.state, held.confirmed_by) == (AbsenceState.CONFIRMED, world.coordinator.user_id)
    assert window(one.id).state == WindowState.EXCUSED


@pytest.mark.parametrize("who", ["leader", "stranger", "other_grid_worker", "volunteer2", "admin"])
def test_nobody_else_says_that_an_elder_is_away(world: World, who: str) -> None:
    one = elder(world, backup=None)
    before = dump()

    with pytest.raises(NotAllowed):
        away(world, one.id, NOW, at(DAY_AFTER, 0), world.actors[who])
    assert dump() == before


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (at(TOMORROW, 8), at(TOMORROW, 8)),
        (at(TOMORROW, 8), at(TOMORROW, 7)),
        (NOW - timedelta(days=2), NOW),
        (NOW, NOW + LONGEST_ABSENCE + timedelta(seconds=1)),
    ],
)
def test_an_absence_has_an_end_that_is_to_come_and_not_too_far(world: World, start: datetime, end: datetime) -> None:
    one = elder(world)

    with pytest.raises(Invalid):
        away(world, one.id, start, end)


def test_to_stay_longer_is_another_row(world: World) -> None:
    one = elder(world)
    first = away(world, one.id, NOW, at(DAY_AFTER, 0))
    second = away(world, one.id, at(DAY_AFTER, 0), at(DAY_AFTER, 20))
    made_day(DAY_AFTER)

    assert window(one.id, DAY_AFTER).state == WindowState.EXCUSED
    kept = db.read(absences.of_elder, actor=world.coordinator, elder_id=one.id)
    assert [(row.id, row.until_at) for row in kept] == [
        (second.id, second.until_at),
        (first.id, first.until_at),
    ]


def test_who_is_back_early_is_looked_in_on_again(any_world: World) -> None:
    one = elder(any_world, slots=BOTH)
    held = away(any_world, one.id, NOW, at(DAY_AFTER, 0))
    made_day()

    back = step(absences.end_early, held, any_world.coordinator, at(TOMORROW, 12))

    assert (back.state, back.until_at) == (AbsenceState.ENDED, at(TOMORROW, 12))
    assert states(one.id, TOMORROW) == [WindowState.EXCUSED, WindowState.SCHEDULED]


def test_back_early_while_another_absence_holds_stays_excused(world: World) -> None:
    one = elder(world)
    first = away(world, one.id, NOW, at(DAY_AFTER, 0))
    away(world, one.id, NOW, at(TOMORROW, 20))
    made_day()

    step(absences.end_early, first, world.coordinator, at(TODAY, 20))

    assert window(one.id).state == WindowState.EXCUSED


def test_an_absence_entered_by_mistake_is_taken_back(world: World) -> None:
    one = elder(world)
    held = away(world, one.id, at(TOMORROW, 0), at(DAY_AFTER, 0))
    made_day()

    gone = step(absences.cancel, held, world.coordinator, at(TOMORROW, 8))

    assert (gone.state, window(one.id).state) == (AbsenceState.CANCELLED, WindowState.OPEN)
    assert window(one.id).next_at == at(TOMORROW, 9)
    with pytest.raises(WrongState):
        step(absences.end_early, gone, world.coordinator, at(TOMORROW, 8))


def test_twice_with_one_key_is_once_and_two_at_once_one(any_world: World) -> None:
    one = elder(any_world)
    calls = [lambda: away(any_world, one.id, NOW, at(DAY_AFTER, 0), key="k")] * 3
    assert len({result.id for result in at_once(*calls)}) == 1
    with pytest.raises(KeyReused):
        away(any_world, one.id, NOW, at(DAY_AFTER, 1), key="k")

    draft = away(any_world, one.id, NOW, at(DAY_AFTER, 5), any_world.volunteer)
    results = at_once(*[lambda: step(absences.confirm, draft, any_world.coordinator)] * 2)
    assert [type(refused) for refused in refusals(results)] == [Changed]


def test_an_absence_and_the_making_of_the_day_at_once_leave_no_alarm(any_world: World) -> None:
    one = elder(any_world)
    results = at_once(lambda: away(any_world, one.id, NOW, at(DAY_AFTER, 0)), made_day)

    assert not refusals(results)
    sweep(at(TOMORROW, 12))
    assert incidents(one.id) == []


def test_the_evening_before_the_end_somebody_is_reminded_once(world: World) -> None:
    one = elder(world)
    held = away(world, one.id, NOW, at(TOMORROW, 20))

    assert db.run(absences.remind, now=at(TODAY, 16)) == []
    assert [row.id for row in db.run(absences.remind, now=at(TODAY, 17))] == [held.id]
    assert db.run(absences.remind, now=at(TODAY, 18)) == []


@pytest.mark.parametrize(
    ("end", "told"), [(at(DAY_AFTER, 0), "到11月21日晚上为止"), (at(TOMORROW, 12), "到11月21日 12:00为止")]
)
def test_the_reminder_says_the_evening_never_midnight(world: World, end: datetime, told: str) -> None:
    one = elder(world)
    channel(world, "http://127.0.0.1:1/send?key=robot")
    away(world, one.id, NOW, end)

    db.run(absence_notices.remind, now=at(TODAY, 17))

    (message,) = rows()
    assert told in message.body["text"]
    assert "00:00" not in message.body["text"]


def test_what_is_over_ends_by_itself(world: World) -> None:
    one = elder(world)
    held = away(world, one.id, NOW, at(TOMORROW, 20))
    assert [row.id for row in db.read(absences.running, actor=world.coordinator, now=NOW)] == [held.id]
    assert db.read(absences.running, actor=world.stranger, now=NOW) == []

    assert db.run(absences.close_due, now=at(TOMORROW, 20)) == 1

    assert db.read(absences.get, held.id).state is AbsenceState.ENDED
