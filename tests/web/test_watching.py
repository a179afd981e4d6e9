"""Whom the watcher reads for, when, and in whose sight."""

import asyncio
import threading
from typing import Any
from uuid import UUID

import pytest

import db
from db import listing, live
from db.models import GrantRow
from db.ticket_filters import Filters
from domain.access import Actor, Role
from domain.clock import now
from domain.ids import new_id
from tests.builders import LONG_AGO, World, report
from web import live_views, watching
from web.live_views import Asked
from web.watching import READERS, Channel, Viewer, Watcher


class Readers:
    """Hold the readers until everybody has asked, and note what they read in which order."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self.go, self._draw = threading.Event(), Channel.draw
        patch.setattr(Channel, "draw", lambda channel: self._read(channel))

    def _read(self, channel: Channel) -> Any:
        self.begun.append(dict(channel.asked.query)["text"])
        assert self.go.wait(20)
        return self._draw(channel)


def viewer(actor: Actor, session: str) -> Viewer:
    one = Viewer(actor, session)
    one.reach = db.read(live.reach, actor=actor)
    return one


def searched(text: str) -> Asked:
    return Asked("tickets", (("text", text),))


async def until(holds: Any) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


def test_one_session_with_many_boards_does_not_keep_another_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = Readers(monkeypatch)
    greedy = [viewer(world.coordinator, "greedy") for _ in range(12)]

    async def run() -> None:
        watcher = Watcher()
        for n, one in enumerate(greedy):
            watcher.follow(one, searched(f"old {n}"))
        await until(lambda: len(readers.begun) == READERS)
        for n, one in enumerate(greedy):
            watcher.follow(one, searched(f"new {n}"))
        colleague = viewer(world.colleague, "colleague")
        watcher.follow(colleague, searched("colleague"))
        readers.go.set()
        await until(lambda: all(one.channel and one.channel.drawing for one in (*greedy, colleague)))
        for one in (*greedy, colleague):
            watcher.leave(one)
        await until(lambda: not watcher._readings)

    asyncio.run(run())
    assert readers.begun.index("colleague") < READERS * 2  # among the first that were given out anew
    assert sum(text.startswith("old") for text in readers.begun) == READERS


def test_rights_that_change_while_they_are_looked_up_are_looked_up_again(world: World) -> None:
    one = Viewer(world.coordinator)

    async def run() -> None:
        meeting = asyncio.create_task(Watcher().meet(one))
        await asyncio.sleep(0)
        one.actor = world.stranger
        await meeting

    asyncio.run(run())
    assert one.reach == db.read(live.reach, actor=world.stranger) != db.read(live.reach, actor=world.coordinator)


def test_a_drawing_is_made_anew_after_a_minute_though_nobody_writes(world: World) -> None:
    channel = Channel("key", world.coordinator, searched(""), frozenset[UUID]())
    channel.wanted, channel.read_at, channel.begun = False, (), 1000.0

    assert not channel.is_due({}, 1000.0 + watching.REFRESH_SECONDS - 1)
    assert channel.is_due({}, 1000.0 + watching.REFRESH_SECONDS)


def test_who_waits_for_their_own_step_is_not_kept_waiting_until_the_next_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "AGAIN_AFTER_SECONDS", 1000)
    watcher, one = Watcher(poll_seconds=1000), viewer(world.coordinator, "hall")

    async def run() -> None:
        watcher.follow(one, Asked("tickets"))
        assert one.channel
        await until(lambda: one.channel.drawing)
        before = one.channel.drawing
        await asyncio.to_thread(report, world)
        live.ring("another session")
        live.ring(one.session)
        await until(lambda: one.channel.drawing is not before)
        watcher.leave(one)

    asyncio.run(run())


def test_a_table_hears_of_what_was_reported_under_a_role_that_has_ended(world: World) -> None:
    actor, asked = world.coordinator, Asked("tickets", (("layout", "table"),))
    grant = {"user_id": actor.user_id, "role": Role.COORDINATOR.value, "area_id": world.other_community}
    db.run(lambda tx: tx.add(GrantRow(id=new_id(), valid_from=LONG_AGO, valid_to=now(), **grant)))

    before = db.read(live_views.tickets, actor, asked, now())
    report(world, actor=world.stranger, area_id=world.other_community)
    after = db.read(live_views.tickets, actor, asked, now())

    assert before.html != after.html
    table = db.read(listing.table, actor=actor, filters=Filters(), now=now())
    assert table.stamp == after.stamp


def test_what_is_shown_is_good_only_for_as_long_as_the_database_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "FAULT_SECONDS", 0.005)
    watcher, one, failed = Watcher(poll_seconds=0.005), viewer(world.coordinator, "hall"), []

    def away(_session: Any) -> Any:
        failed.append(1)
        raise OSError("the database is away")

    async def run() -> None:
        assert watcher.good_until(one) is None
        watcher.follow(one, Asked("tickets"))
        await until(lambda: watcher.good_until(one))
        first = watcher.good_until(one)
        await until(lambda: watcher.good_until(one) != first)  # nobody wrote, and that was seen
        monkeypatch.setattr(live, "change_stamps", away)
        await until(lambda: failed)
        held = watcher.good_until(one)
        await until(lambda: len(failed) > 3)
        assert watcher.good_until(one) == held
        watcher.leave(one)

    asyncio.run(run())
