"""The looks that are owed: each once, following the plan; asked for and alarmed when nobody comes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

import db
import db.engine
from db import care_plans, windows
from db.models import CheckWindowRow, OutboxRow
from domain.care import Look, Scope, Slot, WindowState
from domain.ids import new_id, new_key
from domain.incidents import Cause
from domain.outbox import Template
from domain.windows import EVENING, SlotPlan
from jobs import windows as job
from tests.builders import World
from tests.db.acting import at_once, refusals
from tests.db.caring import (
    BOTH,
    TODAY,
    TOMORROW,
    at,
    elder,
    enrolled,
    find_window,
    incidents,
    look,
    made_day,
    sweep,
    window,
)

EVENING_BEFORE = at(TODAY, 19)


def messages(template: Template) -> list[OutboxRow]:
    query = select(OutboxRow).where(OutboxRow.template == template.value).order_by(OutboxRow.created_at)
    return db.run(lambda tx: list(tx.scalars(query)))


def set_slots(world: World, one: Any, slots: Any, now: datetime) -> Any:
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "expected_version": one.version}
    return db.run(care_plans.set_slots, **call, slots=slots, key=new_key(), now=now)


def test_the_evening_before_each_elder_gets_one_window_a_slot(any_world: World) -> None:
    one = elder(any_world, slots=BOTH)

    assert [made_day(), made_day()] == [2, 0]
    made = window(one.id)
    assert (made.state, made.next_at, made.opens_at) == (WindowState.SCHEDULED, at(TOMORROW, 7), at(TOMORROW, 7))
    assert (made.looker_id, made.backup_id) == (any_world.volunteer.user_id, any_world.volunteer2.user_id)


def test_two_workers_that_make_one_day_make_it_once(any_world: World) -> None:
    elders = [elder(any_world, n, contacts=()) for n in range(5)]

    results = at_once(*[lambda: db.run(windows.make_day, day=TOMORROW, now=EVENING_BEFORE)] * 4)

    assert not refusals(results)
    assert sum(results) == len(elders)
    assert db.read(windows.missing, day=TOMORROW) == []


def test_the_database_takes_no_second_window_of_an_elder_slot_and_day(any_world: World) -> None:
    one = elder(any_world)
    made_day()
    copied = {column.name: getattr(window(one.id), column.name) for column in CheckWindowRow.__table__.columns}

    with pytest.raises(IntegrityError), db.engine.get().begin() as connection:  # db.run would try again
        connection.execute(insert(CheckWindowRow).values(**copied | {"id": new_id()}))


def test_without_consent_or_plan_nothing_is_owed(world: World) -> None:
    enrolled(world, 1)
    elder(world, 2, scopes=[Scope.CALLED])
    elder(world, 3, slots=())

    assert made_day() == 0
    assert db.read(windows.missing, day=TOMORROW) == []


def test_a_slot_is_owed_on_its_weekdays(world: World) -> None:
    elder(world, slots=[SlotPlan(Slot.MORNING, 420, 540, 60, weekdays=0b0011111)])

    assert made_day() == 0  # a Saturday
    assert made_day(TOMORROW + timedelta(days=2)) == 1


def test_what_had_opened_before_it_was_agreed_is_not_owed(world: World) -> None:
    one = elder(world, slots=BOTH)  # at ten in the morning

    assert find_window(one.id, TODAY, Slot.MORNING) is None
    assert window(one.id, TODAY, Slot.EVENING).state == WindowState.SCHEDULED
    assert db.read(windows.missing, day=TODAY) == []


def test_a_missing_window_is_raised_and_made(world: World) -> None:
    elder(world)
    one = elder(world, 2)
    job.make(EVENING_BEFORE)
    assert job.check(EVENING_BEFORE) == 0
    db.run(lambda tx: tx.execute(text("DELETE FROM check_window WHERE elder_id = :id"), {"id": one.id.bytes}))
    assert db.read(windows.missing, day=TOMORROW) == [(one.id, Slot.MORNING)]

    assert job.check(EVENING_BEFORE) == 1

    assert window(one.id).state == WindowState.SCHEDULED
    assert [message.body["text"][:12] for message in messages(Template.ALERT)] == ["11月21日有1户的查看"]


def test_the_job_makes_a_day_once_and_what_joins_later_makes_its_own(world: World) -> None:
    elder(world)

    assert [job.make(at(TODAY, 17, 59)), job.make(EVENING_BEFORE), job.make(EVENING_BEFORE)] == [0, 1, 0]
    late = elder(world, 2, now=at(TODAY, 21))
    assert window(late.id).state == WindowState.SCHEDULED


# --- following the plan ----------------------------------------------------------------------------------


def test_a_plan_that_changes_takes_the_windows_not_yet_open_along(world: World) -> None:
    one = elder(world, slots=BOTH)
    made_day()
    kept = window(one.id).id

    later = SlotPlan(Slot.MORNING, 8 * 60, 10 * 60, 30)
    set_slots(world, one, [later], EVENING_BEFORE)

    assert (window(one.id).id, window(one.id).opens_at, window(one.id).grace_until) == (
        kept,
        at(TOMORROW, 8),
        at(TOMORROW, 10, 30),
    )
    assert find_window(one.id, slot=Slot.EVENING) is None
    assert db.read(windows.missing, day=TOMORROW) == []


def test_a_window_that_has_opened_stays_as_it_was_made(world: World) -> None:
    one = elder(world)
    made_day()
    sweep(at(TOMORROW, 7))

    set_slots(world, one, [EVENING], at(TOMORROW, 8))

    assert window(one.id).state == WindowState.OPEN
    assert window(one.id, slot=Slot.EVENING).state == WindowState.SCHEDULED


def test_a_plan_changed_while_the_worker_was_down_loses_no_window(world: World) -> None:
    one = elder(world)  # nobody made tomorrow

    set_slots(world, one, [EVENING], at(TOMORROW, 8))

    assert window(one.id).opens_at == at(TOMORROW, 7)


def test_a_consent_withdrawn_stops_looks_from_the_next_slot(world: World) -> None:
    one = elder(world, slots=BOTH)
    made_day()
    sweep(at(TOMORROW, 7))
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "scope": Scope.WATCH}

    db.run(care_plans.withdraw, **call, key=new_key(), now=at(TOMORROW, 8))

    assert window(one.id).state == WindowState.OPEN  # the one that has begun is finished
    assert find_window(one.id, slot=Slot.EVENING) is None
    assert made_day(TOMORROW + timedelta(days=1)) == 0

    db.run(care_plans.consent, **call, granted_on=TOMORROW, key=new_key(), now=at(TOMORROW, 19))
    assert find_window(one.id, slot=Slot.EVENING) is None  # it opened at six
    assert window(one.id, TOMORROW + timedelta(days=1)).state == WindowState.SCHEDULED


# --- when nobody looks -----------------------------------------------------------------------------------


def test_nobody_looked_is_asked_of_the_backup_then_of_the_head_then_is_an_incident(any_world: World) -> None:
    one = elder(any_world)
    made_day()
    states = []
    for hour, minute in ((6, 59), (7, 0), (8, 59), (9, 0), (9, 9), (9, 10), (9, 59), (10, 0), (12, 0)):
        sweep(at(TOMORROW, hour, minute))
        states.append(window(one.id).state)

    w = WindowState
    quiet = [w.SCHEDULED, w.OPEN, w.OPEN, *[w.UNCHECKED] * 4, w.ALARM, w.ALARM]
    assert states == quiet
    assert [message.body["who"] for message in messages(Template.UNCHECKED)] == ["备份志愿者", "楼栋长"]
    assert [(incident.cause, incident.window_id) for incident in incidents(one.id)] == [
        (Cause.NOT_LOOKED, window(one.id).id)
    ]
    assert messages(Template.INCIDENT_STEP)


@pytest.mark.parametrize(("due", "severity"), [(6 * 60 + 30, 1), (9 * 60, 2), (21 * 60 + 30, 1)])
def test_the_question_of_a_look_due_at_night_is_not_held_until_morning(world: World, due: int, severity: int) -> None:
    elder(world, slots=(SlotPlan(Slot.MORNING, 5 * 60, due, 60),))
    made_day()

    for late in (0, 10):
        sweep(at(TOMORROW, 0) + timedelta(minutes=due + late))

    assert [message.severity for message in messages(Template.UNCHECKED)] == [severity] * 2


@pytest.mark.parametrize(("opens", "severity"), [(5 * 60, 1), (7 * 60, 2)])
def test_a_missing_look_is_told_at_night_if_it_begins_before_morning(world: World, opens: int, severity: int) -> None:
    elder(world, slots=(SlotPlan(Slot.MORNING, opens, 9 * 60, 60),))
    job.make(EVENING_BEFORE)
    db.run(lambda tx: tx.execute(text("DELETE FROM check_window")))

    job.check(at(TODAY, 23))

    assert [message.severity for message in messages(Template.ALERT)] == [severity]


def test_messages_about_a_look_carry_no_personal_word(world: World) -> None:
    elder(world)
    made_day()
    sweep(at(TOMORROW, 9))

    said = repr([message.body for message in messages(Template.UNCHECKED)])

    assert "L0001" in said
    assert "3号楼" in said
    assert not [word for word in ("张", "13800000001", "4楼", "东窗") if word in said]


def test_an_outage_is_caught_up_once_with_one_message_a_window(world: World) -> None:
    ones = [elder(world, n, contacts=()) for n in range(3)]
    made_day()

    sweep(at(TOMORROW, 12), limit=2)

    assert [[incident.cause for incident in incidents(one.id)] for one in ones] == [[Cause.NOT_LOOKED]] * 3
    assert messages(Template.UNCHECKED) == []
    assert len(messages(Template.INCIDENT_STEP)) == 3


def test_two_sweeps_at_once_open_one_incident_a_window(any_world: World) -> None:
    ones = [elder(any_world, n, contacts=()) for n in range(6)]
    made_day()

    results = at_once(*[lambda: sweep(at(TOMORROW, 10), limit=2)] * 4)

    assert not refusals(results)
    assert sum(results) == len(ones)
    assert [len(incidents(one.id)) for one in ones] == [1] * 6


def test_a_clock_set_back_neither_cancels_nor_repeats(world: World) -> None:
    one = elder(world)
    made_day()
    sweep(at(TOMORROW, 10))

    sweep(at(TOMORROW, 6))
    sweep(at(TOMORROW, 10))

    assert window(one.id).state == WindowState.ALARM
    assert len(incidents(one.id)) == 1


def test_a_weak_sign_of_life_delays_the_alarm_by_half_an_hour(world: World) -> None:
    one = elder(world)
    made_day()
    look(None, one.id, Look.WEAK, at(TOMORROW, 8))

    for hour, minute in ((9, 0), (9, 10), (10, 0)):
        sweep(at(TOMORROW, hour, minute))
    assert (window(one.id).state, window(one.id).next_at) == (WindowState.UNCHECKED, at(TOMORROW, 10, 30))
    look(None, one.id, Look.WEAK, at(TOMORROW, 10, 15))
    sweep(at(TOMORROW, 10, 30))
    assert window(one.id).state == WindowState.ALARM


def test_the_sweep_reads_what_is_due_by_its_index(world: World) -> None:
    plan = "EXPLAIN QUERY PLAN SELECT id FROM check_window WHERE next_at <= '2026' ORDER BY next_at, id LIMIT 200"

    read = db.run(lambda tx: [row.detail for row in tx.execute(text(plan))])

    assert any("ix_check_window_next" in line for line in read), read


def test_a_window_without_volunteers_has_the_grid_worker_to_answer_for_it(world: World) -> None:
    one = elder(world, primary=None, backup=None)
    made_day()

    assert window(one.id).looker_id == world.grid_worker.user_id
