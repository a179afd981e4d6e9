"""Tiles that were read already are given again only to who sees the same, and only while they are still so."""

from datetime import timedelta
from typing import Any

import pytest

import db
from db import accounts, care_board, care_kept
from db.elders import Elder
from domain.access import Actor
from domain.care import Look, Slot
from domain.care_board import CareBoard, Filters, Part, TileState
from tests.builders import NOW, World
from tests.db.caring import TOMORROW, at, elder, incidents, look, made_day, sweep

EIGHT = at(TOMORROW, 8)
STAFF = ("coordinator", "secretary", "grid_worker", "building_head", "stranger")


def kept(actor: Actor, when: Any = EIGHT, **filters: Any) -> CareBoard:
    return db.read(care_kept.today, actor=actor, filters=Filters(slot=Slot.MORNING, **filters), now=when)


def anew(actor: Actor, when: Any = EIGHT, **filters: Any) -> CareBoard:
    return db.read(care_board.today, actor=actor, filters=Filters(slot=Slot.MORNING, **filters), now=when)


@pytest.fixture
def two(any_world: World) -> list[Elder]:
    made = [elder(any_world, number) for number in (1, 2)]
    made_day()
    sweep(at(TOMORROW, 7, 1))
    return made


def test_each_gets_what_they_may_see_and_one_reading_serves_all_who_see_the_same(
    any_world: World, two: list[Elder]
) -> None:
    everybody = [any_world.actors[who] for who in STAFF]
    for narrowed in ({}, {"part": Part.OK}, {"text": "L0002"}):
        for _ in range(2):
            assert [kept(one, **narrowed) for one in everybody] == [anew(one, **narrowed) for one in everybody]

    assert kept(any_world.coordinator) is kept(any_world.coordinator, EIGHT + timedelta(seconds=59))
    assert kept(any_world.coordinator, text="L0002") is not kept(any_world.coordinator, text="L0002")
    assert kept(any_world.coordinator) is not kept(any_world.coordinator, EIGHT + timedelta(minutes=1))


def test_whatever_is_written_is_seen_at_once_and_what_falls_due_at_its_minute(world: World) -> None:
    one = elder(world, 1)
    made_day()
    sweep(at(TOMORROW, 7, 1))

    def state(when: Any) -> TileState:
        (tile,) = kept(world.coordinator, when).tiles
        assert (tile,) == anew(world.coordinator, when).tiles
        return tile.state

    due = at(TOMORROW, 9)
    assert [state(due - timedelta(seconds=1)), state(due)] == [TileState.WAITING, TileState.UNCHECKED]
    look(world.volunteer, one.id, Look.CLOSED, EIGHT)
    assert state(EIGHT) is TileState.ALARM
    assert len(incidents(one.id)) == 1
    look(world.volunteer, one.id, Look.TALKED, EIGHT)
    assert state(EIGHT) is TileState.OK
    elder(world, 2)
    assert [tile.code for tile in kept(world.coordinator).tiles] == ["L0001", "L0002"]


def test_a_renamed_volunteer_is_named_anew(world: World) -> None:
    elder(world, 1)
    made_day()
    sweep(at(TOMORROW, 7, 1))
    before = kept(world.coordinator).tiles[0].who

    db.run(
        accounts.rename, actor=world.admin, user_id=world.volunteer.user_id, name="钱阿姨", expected_version=1, now=NOW
    )

    assert (before != "钱阿姨", kept(world.coordinator).tiles[0].who) == (True, "钱阿姨")


def test_what_is_kept_has_a_bound_even_where_nobody_is_on_the_register(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care_kept, "MOST_BOARDS", 2)
    for minute in range(5):
        assert kept(world.coordinator, EIGHT + timedelta(minutes=minute)).tiles == ()

    assert len(care_kept._kept) == 2
