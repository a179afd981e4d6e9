"""Looks that were not arranged: told to the staff of the place only, arranged once however many tap."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

import db
from db import leases, missing_windows
from db.models import CheckWindowRow, ElderRow
from domain.errors import NotAllowed
from domain.worker import MINUTE
from tests.builders import World
from tests.db.acting import at_once
from tests.db.caring import TODAY, TOMORROW, at, elder, made_day, window

EVENING = at(TODAY, 18, 6)


def told(world: World, who: str = "coordinator", now: datetime = EVENING) -> dict[str, tuple[str, ...]]:
    found = db.read(missing_windows.found, actor=world.actors[who], now=now)
    return {f"{one.day:%m-%d}": one.codes for one in found}


def test_who_has_no_window_of_tomorrow_is_named_from_the_evening_on(any_world: World) -> None:
    """At six the worker begins; what is not there five minutes later is told."""
    named = [elder(any_world, number).code for number in (1, 2)]

    assert [told(any_world, now=at(TODAY, 18, minute)) for minute in (0, 4)] == [{}, {}]
    assert told(any_world) == {f"{TOMORROW:%m-%d}": tuple(named)}
    assert told(any_world, now=at(TOMORROW, 0, 2)) == {f"{TOMORROW:%m-%d}": tuple(named)}
    made_day()
    assert told(any_world) == {}


def test_elders_of_two_communities_with_one_number_are_both_named(world: World) -> None:
    ours, theirs = elder(world, 1), elder(world, 2)
    there = {"community_id": world.other_community, "area_path": world.stranger.grants[0].area_path, "number": 1}
    db.run(lambda tx: tx.execute(update(ElderRow).where(ElderRow.id == theirs.id).values(**there)) and None)
    everywhere = replace(world.coordinator, grants=world.coordinator.grants + world.stranger.grants)

    (found,) = db.read(missing_windows.found, actor=everywhere, now=EVENING)

    assert found.codes == (ours.code, ours.code)


def test_while_the_worker_looks_each_minute_nothing_is_asked_twice(world: World) -> None:
    elder(world)
    minute: dict[str, Any] = {"job": MINUTE, "owner": "test", "lasts": timedelta(minutes=1)}
    for command in (leases.hold, leases.report):
        db.run(command, **minute, now=EVENING)

    after = [told(world, now=EVENING + timedelta(minutes=minutes)) for minutes in (-1, 0, 1, 2)]
    assert [bool(one) for one in after] == [True, False, False, True]


def test_only_the_staff_of_the_place_are_told_and_only_who_plans_may_make_them(world: World) -> None:
    elder(world)

    assert told(world, "grid_worker") != {}
    assert told(world, "stranger") == {}
    assert db.run(missing_windows.make, actor=world.actors["stranger"], now=EVENING) == 0
    with pytest.raises(NotAllowed):
        db.run(missing_windows.make, actor=world.actors["grid_worker"], now=EVENING)


def test_however_many_tap_each_look_is_made_once(any_world: World) -> None:
    made = [elder(any_world, number) for number in (1, 2, 3)]

    def tap() -> int:
        return db.run(missing_windows.make, actor=any_world.coordinator, now=EVENING)

    assert sum(at_once(*[tap] * 3)) == len(made)
    assert db.read(lambda s: s.scalar(select(func.count()).select_from(CheckWindowRow))) == len(made)
    assert window(made[0].id).opens_at == at(TOMORROW, 7)
    assert told(any_world, now=EVENING + timedelta(minutes=1)) == {}
