"""The push over a real socket: who is told, of what, and that no last state is ever missed."""

import asyncio
import json
import os
import random
import re
import subprocess
import sys
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvicorn
import websockets
from sqlalchemy import select, update
from starlette.applications import Starlette

import db
import settings
import web
from db import areas, board_kept, parties, sessions, ticket_events, tickets
from db import board as boards
from db import live as db_live
from db.models import AreaRow, GrantRow, TicketRow, UserRow
from db.sessions import Visitor
from domain.access import DISPATCHERS, Actor, Role
from domain.clock import now
from domain.due import Matter
from domain.errors import Refused
from domain.ids import new_id
from tests.builders import LONG_AGO, World, assigned, report, step
from tests.web.live_client import Board, board
from web import live_views
from web.live import MOST_SOCKETS, Live

ROOT = Path(__file__).parent.parent.parent
RECHECK_SECONDS = 0.3
WRITER = """
import sys
from uuid import UUID
import db
from db import board, sessions, tickets
from db.ticket_filters import Filters
from domain.clock import now
from domain.ids import new_key

actor = sessions.identify(sys.argv[1], now=now(), active=False)
for ticket_id in sys.argv[3:]:
    for n in range(int(sys.argv[2])):
        call = {"actor": actor, "ticket_id": UUID(ticket_id), "key": new_key(), "now": now()}
        card = db.read(board.card, actor=actor, ticket_id=call["ticket_id"], now=now())
        db.run(tickets.comment, expected_version=card.version, note=f"note {n}", **call)
"""


class Place:
    """A server in a thread of this process, so that a test can look at its watcher."""

    def __init__(self) -> None:
        routes = web.routes(recheck_seconds=RECHECK_SECONDS)
        self.live: Live = next(route.endpoint for route in routes if getattr(route, "path", "") == "/live")  # type: ignore[attr-defined]
        app = Starlette(routes=routes, middleware=web.middleware(("tickets",)))
        self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="websockets-sansio"))
        self.thread = threading.Thread(target=self.server.run)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def start(self) -> None:
        self.thread.start()
        while not self.server.started:
            threading.Event().wait(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)


@pytest.fixture
def place(world: World) -> Iterator[Place]:
    one = Place()
    one.start()
    yield one
    one.stop()


def token_of(actor: Actor) -> str:
    def log_in(tx: Any) -> str:
        return sessions.open_session(tx, user=tx.get(UserRow, actor.user_id), visitor=Visitor(), now=now()).token

    return db.run(log_in)


def visit(place: Place, act: Callable[[Board], Awaitable[object]], actor: Actor, **options: Any) -> Any:
    async def run() -> object:
        async with board(place.base, token_of(actor), **options) as one:
            return await act(one)

    return asyncio.run(run())


async def closed(one: Board) -> int | None:
    with pytest.raises(websockets.ConnectionClosed):
        while True:
            await asyncio.wait_for(one.socket.recv(), 20)
    return one.socket.close_code


def writer(actor: Actor, times: int, *ids: UUID) -> subprocess.Popen[bytes]:
    """Start another process that comments on each of these tickets so many times."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "LINLI_DATA_DIR": str(settings.current().data_dir)}
    command = [sys.executable, "-c", WRITER, token_of(actor), str(times), *map(str, ids)]
    return subprocess.Popen(command, env=env)


def versions(html: str) -> dict[str, int]:
    return {ticket: int(version) for ticket, version in re.findall(r'data-open="([^"]+)" data-version="(\d+)"', html)}


# --- who is let in --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("logged_in", "origin", "code"), [(False, "", 4401), (True, "http://evil.example", 4403)])
def test_who_has_no_session_or_comes_from_elsewhere_is_closed_with_a_reason(
    world: World, place: Place, logged_in: bool, origin: str, code: int
) -> None:
    async def run() -> int | None:
        token = token_of(world.coordinator) if logged_in else ""
        async with board(place.base, token, origin=origin) as one:
            return await closed(one)

    assert asyncio.run(run()) == code


def test_a_session_that_ends_meanwhile_is_told_to_log_in_again(world: World, place: Place) -> None:
    async def act(one: Board) -> int | None:
        await one.ask()
        await one.hear()
        db.run(sessions.revoke_all, world.coordinator.user_id, now=now())
        return await closed(one)

    assert visit(place, act, world.coordinator) == 4401


def test_being_told_keeps_nobody_logged_in(world: World, place: Place) -> None:
    token = token_of(world.coordinator)

    async def run() -> None:
        async with board(place.base, token) as one:
            await one.ask()
            await one.hear()
            await asyncio.sleep(RECHECK_SECONDS * 3)

    before = db.read(sessions._find, token, now())
    asyncio.run(run())

    after = db.read(sessions._find, token, now())
    assert before and after and before[1] == after[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", 1003),
        ("{", 1003),
        ("[" * 60_000, 1003),
        ('{"page": "settings"}', 1003),
        ("x" * 65_537, 1009),
        (b"{}", 1003),
    ],
)
def test_what_is_no_subscription_ends_the_connection(world: World, place: Place, text: str | bytes, code: int) -> None:
    async def act(one: Board) -> int | None:
        await one.socket.send(text)
        return await closed(one)

    assert visit(place, act, world.coordinator) == code


def test_a_session_has_so_many_connections_and_no_more(world: World, place: Place) -> None:
    token = token_of(world.coordinator)

    async def run() -> None:
        async with AsyncExitStack() as all_of_them:
            held = [await all_of_them.enter_async_context(board(place.base, token)) for _ in range(MOST_SOCKETS)]
            async with board(place.base, token) as further:
                assert await closed(further) == 4429
            async with board(place.base, token_of(world.coordinator)) as another:
                await another.ask()
                await another.hear()
            await held[0].socket.close()
            async with board(place.base, token) as after:
                await after.ask()
                await after.hear()

    asyncio.run(run())


@pytest.mark.parametrize("have", ["", "?", "AAAA", "AAAAAA==", 5, None])
def test_what_a_browser_says_wrongly_of_itself_only_costs_a_longer_answer(
    world: World, place: Place, have: object
) -> None:
    report(world)

    async def act(one: Board) -> str:
        await one.ask(have=have, shown=[], query={"grade": 7, "grid": "x"}, ticket=["no", {}], stamp="x")
        message: dict[str, Any] = {}
        while "ops" not in message:  # it says first of all that somebody is there
            message = json.loads(await one.socket.recv())
        return "".join(piece for _, _, pieces in message["ops"] for piece in pieces)

    assert "楼道灯坏了" in visit(place, act, world.coordinator)


# --- what arrives ---------------------------------------------------------------------------------------


def test_a_write_of_another_process_arrives_as_that_card_alone(world: World, place: Place) -> None:
    ids = [report(world, title=f"第{n}件").id for n in range(5)]

    async def act(one: Board) -> None:
        await one.ask()
        await one.hear()
        with writer(world.colleague, 1, ids[2]):
            await one.until(lambda html: versions(html)[str(ids[2])] == 2)
        last = one.messages[-1]
        assert [pieces for _, _, pieces in last["ops"]] == [[p for p in one.pieces if f'data-open="{ids[2]}"' in p]]
        assert "figures" not in last

    visit(place, act, world.coordinator)


def test_what_the_browser_has_already_is_not_sent_again(world: World, place: Place) -> None:
    report(world)

    async def act(one: Board) -> None:
        await one.ask()
        first = await one.hear()
        await one.ask(figures=zlib.crc32(one.figures.encode()))
        again = await one.hear()
        assert first["ops"] and not again["ops"] and "figures" not in again

    visit(place, act, world.coordinator)


def test_a_private_matter_and_another_community_stay_hidden(world: World, place: Place) -> None:
    async def run() -> None:
        async with (
            board(place.base, token_of(world.grid_lead)) as lead,
            board(place.base, token_of(world.stranger)) as stranger,
        ):
            for one in (lead, stranger):
                await one.ask()
                await one.hear()
            ticket = report(world, title="夫妻吵架", matter=Matter.PRIVATE)
            await lead.until(lambda html: str(ticket.id) in html)
            assert "夫妻" not in lead.html and "私事" in lead.html

            there = report(world, actor=world.stranger, area_id=world.other_community, title="海棠的事")
            await stranger.until(lambda html: str(there.id) in html)
            assert len(stranger.messages) == 2 and str(ticket.id) not in stranger.html

    asyncio.run(run())


def test_filters_and_the_length_of_columns_hold_for_what_is_pushed(world: World, place: Place) -> None:
    for n in range(4):
        report(world, title=f"第{n}件")

    async def act(one: Board) -> None:
        await one.ask(query={"text": "第3件"}, shown={"todo": 2})
        await one.until(lambda html: len(versions(html)) == 1)
        await one.ask(shown={"todo": 2})
        await one.until(lambda html: len(versions(html)) == 2 and "还有 2 件" in html)

    visit(place, act, world.coordinator)


def test_the_open_drawer_learns_the_version_even_of_a_card_out_of_sight(world: World, place: Place) -> None:
    ticket, foreign = report(world), report(world, actor=world.stranger, area_id=world.other_community)

    async def act(one: Board) -> None:
        await one.ask(query={"text": "nothing like it"}, ticket=[str(ticket.id), 1])
        await one.hear()
        step(tickets.comment, ticket, world.colleague, note="看过了")
        while one.versions.get(str(ticket.id)) != 2:
            await one.hear()
        await one.ask(ticket=[str(foreign.id), 0])
        await one.hear()
        assert str(foreign.id) not in one.versions

    visit(place, act, world.coordinator)


def test_what_waits_for_me_is_pushed_too(world: World, place: Place) -> None:
    async def act(one: Board) -> None:
        await one.ask("me")
        await one.hear()
        assigned(world, title="请陈网格员去看", area_id=world.grid)
        ticket = report(world, title="给网格员的")
        step(tickets.assign, ticket, world.coordinator, handler_id=world.grid_worker.party_id)
        await one.until(lambda html: "派给我，等我接单" in html and "给网格员的" in html)

    visit(place, act, world.grid_worker)


# --- sharing --------------------------------------------------------------------------------------------


def test_two_who_see_the_same_cost_one_read(world: World, place: Place) -> None:
    async def run() -> int:
        async with (
            board(place.base, token_of(world.coordinator)) as one,
            board(place.base, token_of(world.secretary)) as two,
        ):
            for viewer in (one, two):
                await viewer.ask()
                await viewer.hear()
            before = place.live.watcher.reads
            ticket = report(world)
            for viewer in (one, two):
                await viewer.until(lambda html: str(ticket.id) in html)
            return place.live.watcher.reads - before

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize("seed", range(2))
def test_who_shares_a_drawing_sees_the_same(world: World, seed: int) -> None:
    chance = random.Random(seed)
    people = [*world.actors.values(), *(_somebody(world, chance, n) for n in range(12))]
    for _ in range(40):
        _ticket_of_any_ties(world, chance, people)

    sharing: dict[object, list[Actor]] = {}
    for actor in people:
        alone = db.read(db_live.reach, actor=actor).alone
        sharing.setdefault(live_views.key(actor, live_views.Asked("tickets"), alone=alone), []).append(actor)

    at = now()
    for group in sharing.values():
        seen = [_seen(actor, at) for actor in group]
        assert all(one == seen[0] for one in seen)
    assert max(map(len, sharing.values())) >= 3  # 李敏, 何静 and 周书记, at least


def _seen(actor: Actor, at: datetime) -> live_views.Drawn:
    board_kept.forget()  # each reads with their own rights
    return db.read(live_views.tickets, actor, live_views.Asked("tickets"), at)


def _somebody(world: World, chance: random.Random, n: int) -> Actor:
    """A user with one or two grants, each on any area, one of which may have ended."""

    def make(tx: Any) -> Actor:
        user = UserRow(id=new_id(), login=f"somebody{n}", name=f"某{n}", password_hash="x", created_at=LONG_AGO)
        tx.add(user)
        tx.flush()
        held = []
        for _ in range(chance.choice((1, 1, 2))):
            role = chance.choice((Role.COORDINATOR, Role.SECRETARY, Role.LEADER, Role.ADMIN, Role.GRID_LEAD))
            area = tx.get(AreaRow, chance.choice((world.street, world.community, world.other_community, world.grid)))
            ended = LONG_AGO + timedelta(days=1) if chance.random() < 0.3 else None
            row = {"user_id": user.id, "role": role.value, "area_id": area.id, "valid_to": ended}
            tx.add(GrantRow(id=new_id(), valid_from=LONG_AGO, **row))
            held += [] if ended else [areas.grant_of(tx, role, area)]
        home = chance.choice((None, world.community, world.other_community))
        party = parties.insert_party(tx, community_id=home, label=user.name, user_id=user.id) if home else None
        return Actor(user.id, user.name, party, tuple(held))

    return db.run(make)


def _ticket_of_any_ties(world: World, chance: random.Random, people: list[Actor]) -> None:
    """Report as somebody who ever might, and send it to anybody's party of that community."""
    place, coordinator = chance.choice(
        ((world.building, world.coordinator), (world.other_community, world.stranger), (world.grid, world.secretary))
    )
    matter = chance.choice((None, Matter.PRIVATE))
    ticket = report(world, actor=coordinator, area_id=place, matter=matter)
    homes = {actor.party_id: actor for actor in people if actor.party_id}
    with suppress(Refused):  # the handler may be another community's
        step(tickets.assign, ticket, coordinator, handler_id=chance.choice(list(homes)))
    ever = db.read(_may_ever_have_reported, ticket.community_id)
    if ever and chance.random() < 0.5:
        ties = {"reporter_user_id": chance.choice(ever), "dispatched_by": chance.choice(ever)}
        db.run(lambda tx: tx.execute(update(TicketRow).where(TicketRow.id == ticket.id).values(ties)))


def _may_ever_have_reported(session: Any, community: UUID) -> list[UUID]:
    """List who ever had a role there that reports and dispatches."""
    query = select(GrantRow.user_id, GrantRow.role, AreaRow).join(AreaRow, AreaRow.id == GrantRow.area_id)
    return [
        user
        for user, role, area in session.execute(query)
        if role in DISPATCHERS and community in areas.grant_of(session, Role(role), area).community_ids
    ]


def test_a_slow_reader_holds_up_nobody_and_then_gets_the_last_state(world: World, place: Place) -> None:
    ids = [report(world, title="很长" * 30, address="很远" * 50).id for _ in range(30)]

    async def run() -> None:
        async with (
            board(place.base, token_of(world.coordinator), max_queue=1, write_limit=1) as slow,
            board(place.base, token_of(world.coordinator)) as quick,
        ):
            for one in (slow, quick):
                await one.ask()
            for ticket in ids[:8]:
                version = db.read(boards.card, actor=world.coordinator, ticket_id=ticket, now=now()).version  # type: ignore[union-attr]
                held = db.read(ticket_events.load, world.coordinator, ticket)
                step(tickets.comment, held, world.coordinator, note="又来了")
                await quick.until(lambda html, t=ticket, v=version: versions(html).get(str(t), 0) > v)  # type: ignore[misc]
            await slow.until(lambda html: versions(html) == versions(quick.html))

    asyncio.run(run())


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_changes_of_two_processes_leave_every_card_as_a_fresh_read(world: World, place: Place, times: int) -> None:
    ids = [report(world, title=f"第{n}件").id for n in range(10)]

    async def act(one: Board) -> None:
        await one.ask()
        await one.hear()
        with writer(world.coordinator, times, *ids[:5]), writer(world.colleague, times, *ids[5:]):
            await one.until(lambda html: set(versions(html).values()) == {times + 1})
        assert len(one.messages) < 10 * times

    visit(place, act, world.coordinator)
