"""Points of a round: for looking in time, whatever was seen; one record a looker, day and slot."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert, select

import db
from db import awards, care_awards
from db.models import ObservationRow, ServiceRecordRow
from db.records import record_of
from domain.care import Look, Slot, Source, Window
from domain.clock import local_date
from domain.ids import new_id
from domain.points import RecordState
from jobs import rounds
from tests.builders import NOW, World
from tests.db.acting import at_once
from tests.db.alarming import MINUTE, elder, window
from tests.db.earning import step

TOMORROW = NOW + timedelta(days=1)
ON_TIME = NOW - 31 * MINUTE  # before due_at, which lies half an hour before the grace ends


def look(world: World, at: Window, said: Look = Look.OK, *, when: datetime = ON_TIME, by: UUID | None = None) -> UUID:
    made = new_id()
    row = {"id": made, "community_id": at.community_id, "elder_id": at.elder_id, "window_id": at.id}
    more = {"look": said.value, "source": Source.ROUND.value, "at": when, "received_at": when}
    values = {**row, **more, "by_id": by or world.volunteer.user_id}
    db.run(lambda tx: tx.execute(insert(ObservationRow).values(**values)) and None)
    return made


def pay(world: World) -> int:
    return db.run(care_awards.record, community_id=world.community, day=local_date(NOW), now=TOMORROW)


def records() -> list[ServiceRecordRow]:
    return db.run(lambda s: list(s.scalars(select(ServiceRecordRow))))


def test_looks_in_time_are_paid_whatever_was_seen_one_record_a_round(any_world: World) -> None:
    answers = (Look.OK, Look.CLOSED, Look.UNCLEAR)
    stops = [window(any_world, elder(any_world, n)) for n in range(3)]
    for at, said in zip(stops, answers, strict=True):
        look(any_world, at, said)
    look(any_world, stops[0], Look.OK, when=ON_TIME - MINUTE)  # the same stop once more

    assert pay(any_world) == 1

    (made,) = records()
    assert (made.items, made.state, made.kind) == (3, RecordState.VERIFIED, "round")
    done = step(awards.confirm, record_of(made), any_world.coordinator)
    assert (done.points_tenths, done.why) == (15, "11月20日 9:28 按时巡看3户，1.5分")


def test_a_late_look_one_taken_back_and_one_by_staff_are_not_paid(world: World) -> None:
    stops = [window(world, elder(world, n)) for n in range(3)]
    look(world, stops[0], when=NOW)
    slip = look(world, stops[1])
    undo = {"look": "undo", "undoes_id": slip, "id": new_id(), "source": "round", "at": ON_TIME, "received_at": ON_TIME}
    where = {"community_id": world.community, "elder_id": stops[1].elder_id, "by_id": world.volunteer.user_id}
    db.run(lambda tx: tx.execute(insert(ObservationRow).values(**undo, **where)) and None)
    look(world, stops[2], by=world.grid_worker.user_id)

    assert pay(world) == 0
    assert records() == []


def test_paying_again_or_twice_at_once_writes_nothing_twice(any_world: World) -> None:
    who = elder(any_world)
    look(any_world, window(any_world, who))
    look(any_world, window(any_world, who, slot=Slot.EVENING))

    at_once(*[lambda: pay(any_world)] * 3)

    assert pay(any_world) == 0
    assert [one.items for one in records()] == [1, 1]


@pytest.mark.parametrize(("hours", "paid"), [(10, 0), (16.9, 0), (17, 1), (40, 1), (150, 1)])
def test_the_night_after_pays_and_only_once(world: World, hours: float, paid: int) -> None:
    look(world, window(world, elder(world)))

    rounds.pay(NOW + timedelta(hours=hours))

    assert rounds.pay(NOW + timedelta(hours=hours)) == 0
    assert len(records()) == paid
