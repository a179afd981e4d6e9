"""Days on which no worker ran: said once for each community, never silently passed over."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

import db
from db import absences, care_plans, outbox, unwatched
from db.elders import Elder
from db.models import ElderRow, OutboxRow
from domain.care import AbsenceKind, Scope, WindowState
from domain.ids import new_key
from jobs import minute as job
from jobs import windows
from tests.builders import World
from tests.db.caring import TODAY, TOMORROW, at, elder, find_window, window

AFTER = TOMORROW + timedelta(days=1)  # made by nobody: the machine was off from noon today
BACK = AFTER + timedelta(days=1)


def said() -> list[str]:
    texts = select(OutboxRow.body).where(OutboxRow.dedupe_key.startswith("unwatched:"))
    return [body["text"] for body in db.read(lambda session: session.scalars(texts).all())]


def shown(world: World, who: str) -> dict[str, tuple[str, ...]]:
    found = db.read(unwatched.shown, actor=world.actors[who], now=at(BACK, 8))
    return {f"{one.day:%m-%d}": one.codes for one in found}


def minute(now: datetime) -> None:
    """Do what the worker does about looks in a minute."""
    windows.make(now)
    windows.tell_past(now)


def away(world: World, whose: Elder, start: datetime, end: datetime) -> None:
    told: dict[str, Any] = {"kind": AbsenceKind.FAMILY, "told_by": "家属", "from_at": start, "until_at": end}
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": whose.id, "key": new_key(), "now": at(TODAY, 11)}
    db.run(absences.report, **call, **told)


def test_days_without_a_worker_are_told_once_with_who_was_owed_a_look(any_world: World) -> None:
    both = [elder(any_world, number) for number in (1, 2)]
    codes = tuple(one.code for one in both)
    minute(at(TODAY, 12))

    for late in (0, 1):
        minute(at(BACK, 8, late))

    (text,) = said()
    assert text.startswith(f"{TOMORROW:%m月%d日}至{AFTER:%m月%d日}有2天无人值守：应巡看2户未生成（{'、'.join(codes)}）")
    assert shown(any_world, "coordinator") == {f"{day:%m-%d}": codes for day in (TOMORROW, AFTER)}
    assert shown(any_world, "stranger") == {}
    assert find_window(both[0].id, AFTER) is None
    assert window(both[0].id, BACK).state == WindowState.SCHEDULED


def test_nothing_is_told_of_days_before_the_first_or_while_the_worker_runs(world: World) -> None:
    elder(world)

    for day in (TODAY, TOMORROW, AFTER, BACK):
        minute(at(day, 8))

    assert said() == []


def test_what_went_by_is_told_only_after_todays_looks_are_made_and_keeps_nothing_from_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whose = elder(world)
    minute(at(TODAY, 12))
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "enqueue", lambda *_, **__: 1 / 0)
        steps = dict(job.STEPS)
        steps["windows.make"](at(BACK, 8))
        with pytest.raises(ZeroDivisionError):
            steps["windows.past"](at(BACK, 8))
    assert window(whose.id, BACK).state == WindowState.SCHEDULED
    assert list(dict(job.STEPS)).index("windows.make") < list(dict(job.STEPS)).index("windows.past")
    assert said() == []

    minute(at(BACK, 8, 1))

    assert len(said()) == 1


def test_a_community_that_can_t_be_told_keeps_no_other_waiting_and_is_told_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    elder(world)
    moved = elder(world, 2).id
    there = update(ElderRow).where(ElderRow.id == moved).values(community_id=world.other_community)
    db.run(lambda tx: tx.execute(there))
    minute(at(TODAY, 12))
    writes = outbox.enqueue

    def enqueue(tx: Any, **call: Any) -> int:
        assert call["community_id"] != world.community
        return writes(tx, **call)

    with monkeypatch.context() as broken:
        broken.setattr(outbox, "enqueue", enqueue)
        with pytest.raises(AssertionError):
            windows.tell_past(at(BACK, 8))
    assert len(said()) == 1

    for late in (1, 2):
        windows.tell_past(at(BACK, 8, late))

    assert len(said()) == 2


def test_who_told_of_being_away_that_day_is_not_named(any_world: World) -> None:
    gone, part, home = (elder(any_world, number) for number in (1, 2, 3))
    away(any_world, gone, at(TODAY, 18), at(BACK, 18))
    away(any_world, part, at(TODAY, 18), at(TOMORROW, 18))
    minute(at(TODAY, 12))

    windows.settle(at(BACK, 7))  # part's absence is over
    minute(at(BACK, 8))

    both = (part.code, home.code)
    assert shown(any_world, "coordinator") == {f"{TOMORROW:%m-%d}": (home.code,), f"{AFTER:%m-%d}": both}
    (text,) = said()
    assert f"应巡看2户未生成（{'、'.join(both)}）" in text


def test_who_was_named_stays_named_whatever_is_agreed_or_planned_afterwards(world: World) -> None:
    whose = elder(world)
    minute(at(TODAY, 12))
    minute(at(BACK, 7))
    before = shown(world, "coordinator")
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": whose.id, "scope": Scope.WATCH}

    db.run(care_plans.withdraw, **call, key=new_key(), now=at(BACK, 7, 30))

    assert before == shown(world, "coordinator") == {f"{day:%m-%d}": (whose.code,) for day in (TOMORROW, AFTER)}


def test_showing_what_was_told_works_nothing_out_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    elder(world)
    minute(at(TODAY, 12))
    minute(at(BACK, 8))
    monkeypatch.setattr("db.windows.owed", None)

    assert len(shown(world, "coordinator")) == 2


def test_an_absence_that_ended_during_the_outage_still_excuses_what_fell_into_it(world: World) -> None:
    whose = elder(world)
    windows.make(at(TODAY, 19))
    away(world, whose, at(TOMORROW, 6), at(TOMORROW, 22))

    windows.settle(at(BACK, 8))  # ends the absence before the sweep comes to its look
    windows.sweep(at(BACK, 8))

    assert window(whose.id, TOMORROW).state == WindowState.EXCUSED
