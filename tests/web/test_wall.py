"""The wall's document, and the token of a screen: one page, no person, nothing written, taken back at once."""

from typing import Any

import pytest

import db
from db import categories, screens
from db import wall as walls
from domain.clock import now
from domain.ids import new_key
from domain.incidents import Cause
from tests.builders import NOW, World, report
from tests.db import caring
from tests.db.alarming import alarm, elder
from tests.web.conftest import HERE
from tests.web.test_first_sight import visit


@pytest.fixture
def screen(world: World) -> str:
    made = db.run(screens.make, actor=world.admin, name="一楼大厅", area_id=world.community, key=new_key(), now=now())
    assert made.token
    return made.token


def become(world: World, token: str) -> Any:
    """A browser that has opened the screen's address."""
    client = visit(world, "stranger")
    client.cookies.clear()
    answer = client.get(f"/screen/{token}", follow_redirects=False)
    assert answer.headers["location"] == "/wall"
    return client


def test_the_wall_shows_figures_places_and_numbers_and_no_person(world: World) -> None:
    report(world, title="张奶奶家漏水", now=now())

    body = visit(world, "leader").get("/wall").text

    assert "梧桐街道 · 一屏统管" in body
    assert 'data-code="open"' in body
    assert "E0001" in body
    assert 'data-now="1' in body, "a screen whose own clock is wrong tells the time at once"
    assert all(words not in body for words in ("张奶奶", "漏水", "李敏", "3号楼2单元"))


def test_it_is_red_while_an_incident_is_open(world: World) -> None:
    client = visit(world, "leader")
    assert 'class="alarm"' not in client.get("/wall").text

    alarm(world)

    body = client.get("/wall").text
    assert 'class="alarm"' in body
    assert "Y0001 · 桂花一网格" in body
    assert all(words not in body for words in ("张奶奶", "张桂芳", "402"))


def test_every_open_incident_has_its_turn_the_gravest_first(world: World) -> None:
    alarm(world, elder(world, 1), cause=Cause.NOT_LOOKED, severity=2)
    alarm(world, elder(world, 2), cause=Cause.BUTTON, severity=1)

    body = visit(world, "leader").get("/wall").text

    assert "预警 2" in body
    assert body.index("求助") < body.index("超时未查看")
    assert "本月各社区服务时长" in body, "of a street"


def test_categories_are_counted_by_their_first_level_as_the_charts_do(world: World) -> None:
    listed = db.read(categories.listed)
    first = next(one for one in listed if any(below.parent_id == one.id for below in listed))
    for one in (first, *[below for below in listed if below.parent_id == first.id][:2]):
        report(world, category_id=one.id)

    (bar,) = db.read(walls.wall, actor=world.leader, now=NOW).categories

    assert (bar.name, bar.text) == (first.name, "3 件")


def test_before_the_days_first_look_its_bars_stand_there_empty(world: World) -> None:
    assert db.read(walls.wall, actor=world.leader, now=NOW).checks == (), "nobody is watched over"

    caring.elder(world)

    checks = db.read(walls.wall, actor=world.leader, now=NOW).checks
    assert [(bar.value, bar.text) for bar in checks] == [(0, "—")] * 4 + [(0, "0/1 户")]


def test_the_leaders_way_in_leads_to_the_wall(world: World) -> None:
    assert visit(world, "leader").get("/", follow_redirects=False).headers["location"] == "/wall"


@pytest.mark.parametrize("who", ["volunteer", "grid_worker"])
def test_who_reads_no_wall_gets_none(world: World, who: str) -> None:
    assert visit(world, who).get("/wall").status_code == 403


def test_nobody_sees_it_without_a_login(world: World) -> None:
    client = visit(world, "leader")
    client.cookies.clear()

    assert client.get("/wall", follow_redirects=False).headers["location"].startswith("/login")


def test_an_area_of_another_is_refused(world: World) -> None:
    assert visit(world, "coordinator").get(f"/wall?area={world.other_community}").status_code == 403


def test_a_screen_shows_its_area_and_nothing_else_of_the_system(world: World, screen: str) -> None:
    client = become(world, screen)

    assert "桂花社区 · 一屏统管" in client.get("/wall").text
    assert client.get("/tickets", follow_redirects=False).headers["location"].startswith("/login")
    assert client.get("/charts", follow_redirects=False).headers["location"].startswith("/login")
    assert client.post("/logout", headers={"origin": HERE}).status_code in (200, 303)


def test_a_screens_token_in_the_place_of_a_sessions_opens_no_more(world: World, screen: str) -> None:
    client = become(world, screen)
    client.cookies.set("linli_session", screen)

    assert client.get("/tickets", follow_redirects=False).headers["location"].startswith("/login")
    with client.websocket_connect("ws://127.0.0.1:8501/live", headers={"origin": HERE}) as socket:
        socket.send_json({"sub": 1, "page": "tickets"})
        assert _closed(socket) == 4403


def test_a_screen_follows_the_push_of_the_wall(world: World, screen: str) -> None:
    client = become(world, screen)

    with client.websocket_connect("ws://127.0.0.1:8501/live", headers={"origin": HERE}) as socket:
        socket.send_json({"sub": 1, "page": "wall", "have": ""})
        said = _answer(socket)

    assert "一屏统管" in "".join(said["ops"][0][2])


def test_a_screen_that_was_taken_back_is_dark(world: World, screen: str) -> None:
    client = become(world, screen)
    held = db.read(screens.listed, actor=world.admin)

    db.run(screens.revoke, actor=world.admin, screen_id=held[0].id, now=now())

    answer = client.get("/wall")
    assert answer.status_code == 403
    assert "许可已收回" in answer.text
    assert 'href="/login?next=/wall"' in answer.text, "whoever reads it at a desk may log in"
    assert "E0001" not in answer.text


def test_a_wrong_address_makes_no_screen(world: World) -> None:
    answer = visit(world, "leader").get("/screen/screen-guessed")

    assert answer.status_code == 403
    assert "另做一个网址" in answer.text


def test_making_one_twice_by_a_double_click_makes_one(world: World) -> None:
    call: dict[str, Any] = {"actor": world.admin, "name": "大厅", "area_id": world.community, "key": "k", "now": now()}

    first, second = db.run(screens.make, **call), db.run(screens.make, **call)

    assert (second.id, second.token) == (first.id, None)


def _answer(socket: Any) -> dict[str, Any]:
    while True:
        said: dict[str, Any] = socket.receive_json()
        if "ops" in said:
            return said


def _closed(socket: Any) -> int:
    while True:
        message = socket.receive()
        if message["type"] == "websocket.close":
            return int(message["code"])
