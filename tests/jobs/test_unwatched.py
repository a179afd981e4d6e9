"""Days on which no worker ran: said once for each community, never silently passed over."""

from datetime import timedelta

from sqlalchemy import select

import db
from db import absences, unwatched
from db.models import OutboxRow
from domain.care import AbsenceKind, WindowState
from domain.ids import new_key
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


def test_days_without_a_worker_are_told_once_with_who_was_owed_a_look(any_world: World) -> None:
    both = [elder(any_world, number) for number in (1, 2)]
    codes = tuple(one.code for one in both)
    windows.make(at(TODAY, 12))

    for minute in (0, 1):
        windows.make(at(BACK, 8, minute))

    (text,) = said()
    assert text.startswith(f"{TOMORROW:%m月%d日}至{AFTER:%m月%d日}有2天无人值守：应巡看2户未生成（{'、'.join(codes)}）")
    assert shown(any_world, "coordinator") == {f"{day:%m-%d}": codes for day in (TOMORROW, AFTER)}
    assert shown(any_world, "stranger") == {}
    assert find_window(both[0].id, AFTER) is None
    assert window(both[0].id, BACK).state == WindowState.SCHEDULED


def test_nothing_is_told_of_days_before_the_first_or_while_the_worker_runs(world: World) -> None:
    elder(world)

    for day in (TODAY, TOMORROW, AFTER, BACK):
        windows.make(at(day, 8))

    assert said() == []


def test_an_absence_that_ended_during_the_outage_still_excuses_what_fell_into_it(world: World) -> None:
    whose = elder(world)
    windows.make(at(TODAY, 19))
    call = {"elder_id": whose.id, "kind": AbsenceKind.FAMILY, "told_by": "家属", "key": new_key(), "now": at(TODAY, 20)}
    db.run(absences.report, actor=world.coordinator, from_at=at(TOMORROW, 6), until_at=at(TOMORROW, 22), **call)

    windows.settle(at(BACK, 8))  # ends the absence before the sweep comes to its look
    windows.sweep(at(BACK, 8))

    assert window(whose.id, TOMORROW).state == WindowState.EXCUSED
