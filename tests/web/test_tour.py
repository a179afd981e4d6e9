"""The one-minute demo over HTTP: for whom the wall is for; a sentence where there is nothing to play."""

import asyncio
from datetime import datetime
from threading import Event
from typing import Any

import httpx
import pytest
from starlette.routing import Router

from domain.errors import Refused
from tests.builders import World
from tests.web.test_first_sight import visit
from web import tour


def test_real_data_gets_a_sentence_in_place_of_a_play(world: World) -> None:
    answer = visit(world, "leader").get("/wall/tour")

    assert answer.status_code == 409
    assert "一分钟演示要用演示数据" in answer.text
    assert "<button" not in answer.text


@pytest.mark.parametrize("who", ["volunteer", "grid_worker"])
def test_who_reads_no_wall_gets_no_tour(world: World, who: str) -> None:
    assert visit(world, who).get("/wall/tour").status_code == 403


def test_the_wall_leads_to_it(world: World) -> None:
    answer = visit(world, "leader").get("/wall?tour=1", follow_redirects=False)

    assert answer.headers["location"] == "/wall/tour?wall=1"


def test_whoever_asks_while_it_is_being_played_shares_that_play(world: World) -> None:
    arrived, played, all_there = [], [], Event()

    def play(*, now: datetime) -> Any:
        played.append(now)
        assert all_there.wait(20)
        raise Refused("演到这里")

    stage = Router(tour.routes(play))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        arrived.append(1)
        if len(arrived) == 3:
            all_there.set()
        await stage({**scope, "linli_actor": world.actors["leader"]}, receive, send)

    async def ask() -> list[str]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            answers = await asyncio.gather(*(client.get("/wall/tour?beats") for _ in range(3)))
            arrived.append(1)
            return [answer.text for answer in (*answers, await client.get("/wall/tour?beats"))]

    texts = asyncio.run(ask())
    assert all("演到这里" in text for text in texts)
    assert len(played) == 2, "one for the three, and one for who came after"
