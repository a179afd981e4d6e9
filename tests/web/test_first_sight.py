"""The document shows what the board would: the same cards, to the same people, and never an error."""

import asyncio
import re
import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

import db
from db import board as boards
from db import sessions, stat_cards
from db.models import UserRow
from db.sessions import Visitor
from db.ticket_filters import Filters
from domain.access import Actor, has
from domain.accounts import SESSION_COOKIE
from domain.clock import now
from domain.due import Matter
from domain.tickets import Kind, Status
from tests.builders import World, assigned, report
from tests.db.acting import at
from tests.web.conftest import log_in, open_client
from ui.board.sent import BOARD
from web import first_sight, headers
from web.sent import AFTER_PAINT

OPENED = re.compile(r'data-open="([0-9a-f-]{36})"')
EVERYBODY = ("coordinator", "secretary", "grid_lead", "grid_worker", "building_head", "volunteer", "leader", "stranger")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes longer than a page would wait."""
    monkeypatch.setattr(first_sight, "BUDGET_SECONDS", 30)


@pytest.fixture
def town(world: World) -> World:
    """A few matters all over the street: one offered to volunteers, one 私事, one next door."""
    report(world, title="楼道灯坏了")
    report(world, title="井盖松了", kind=Kind.HAZARD, area_id=world.other_grid)
    at(world, Status.ACCEPTED, actor=world.colleague, title="陪王阿姨取药", open_to_volunteers=True)
    assigned(world, title="婆媳吵架", matter=Matter.PRIVATE)
    report(world, actor=world.stranger, area_id=world.other_community, title="隔壁的水管")
    return world


def visit(world: World, who: str) -> TestClient:
    """Open a browser for one of the cast, logged in."""

    def open_session(tx: Session) -> str:
        user = tx.scalars(select(UserRow).where(UserRow.id == world.actors[who].user_id)).one()
        return sessions.open_session(tx, user=user, visitor=Visitor(), now=now()).token

    client = open_client()
    client.cookies.set(SESSION_COOKIE, db.run(open_session))
    return client


def board_of(actor: Actor, **filters: object) -> list[UUID]:
    held = db.read(boards.board, actor=actor, filters=Filters(**filters), now=now())  # type: ignore[arg-type]
    return [card.id for column in held.columns for card in column.cards]


def opened(body: str) -> list[UUID]:
    return [UUID(found) for found in OPENED.findall(body)]


# --- what it shows, and to whom


@pytest.mark.parametrize("who", EVERYBODY)
def test_each_role_sees_the_cards_of_their_own_board(town: World, who: str) -> None:
    seen = opened(visit(town, who).get("/tickets").text)

    assert seen == board_of(town.actors[who])
    assert seen, "the town has something for everybody"


@pytest.mark.parametrize("who", EVERYBODY)
def test_each_role_sees_what_waits_for_them(town: World, who: str) -> None:
    body = visit(town, who).get("/me").text

    groups = db.read(boards.waiting, actor=town.actors[who], now=now())
    waiting = [] if who == "volunteer" else [card.id for group in groups for card in group.cards]
    assert opened(body) == waiting


@pytest.mark.parametrize(("who", "home"), [("coordinator", "/tickets"), ("grid_lead", "/tickets")])
def test_the_way_in_shows_the_home_of_the_role(town: World, who: str, home: str) -> None:
    client = visit(town, who)

    assert opened(client.get("/").text) == opened(client.get(home).text) != []


def test_a_private_matter_shows_its_title_to_the_office_only(town: World) -> None:
    shown = {who: "婆媳吵架" in visit(town, who).get("/tickets").text for who in EVERYBODY}

    assert {who for who, seen in shown.items() if seen} == {"coordinator", "secretary"}


def test_who_has_no_board_gets_none(town: World) -> None:
    assert not has(town.admin, "tickets.board")
    client = visit(town, "admin")

    assert "linli-first" not in client.get("/tickets").text
    assert "linli-first" not in client.get("/").text


def test_other_pages_have_none(town: World) -> None:
    client = visit(town, "coordinator")

    assert "linli-first" not in client.get("/nowhere").text
    assert "linli-first" not in client.get("/login").text


def test_who_must_set_a_password_sees_nothing_yet(linfang: World) -> None:
    report(linfang, title="楼道灯坏了")
    client = open_client()
    log_in(client, "newcomer")

    answer = client.get("/tickets")

    assert (answer.status_code, "楼道灯坏了" in answer.text) == (303, False)


def test_the_filters_of_the_address_hold(town: World) -> None:
    client = visit(town, "coordinator")

    hazards = opened(client.get("/tickets?kind=hazard").text)
    found = opened(client.get("/tickets?text=%E4%BA%95%E7%9B%96&ticket=x").text)

    assert hazards == found == board_of(town.coordinator, kind=Kind.HAZARD)
    assert len(hazards) == 1
    assert "linli-first" not in client.get("/tickets?text=nothing-of-this-kind").text
    assert len(opened(client.get("/tickets?kind=nonsense&grid=%00").text)) == len(board_of(town.coordinator))


def figures_in(body: str) -> dict[str, str]:
    return dict(re.findall(r'data-pick="(\w+)".*?<b>([^<]*)</b>', body))


@pytest.mark.parametrize("who", EVERYBODY)
def test_each_role_sees_the_figures_of_their_own_place_or_none(town: World, who: str) -> None:
    actor = town.actors[who]

    seen = figures_in(visit(town, who).get("/charts").text)

    if not has(actor, "charts.read"):
        assert seen == {}
        return
    cards = db.read(stat_cards.asked, actor=actor, query={}, now=now())
    assert seen == {card.figure.kpi.code: card.figure.text for card in cards}
    assert seen["reported"] == {"stranger": "1", "leader": "5"}.get(who, seen["reported"])


def test_the_part_and_the_filters_of_the_address_hold_for_figures_too(town: World) -> None:
    client = visit(town, "coordinator")

    assert figures_in(client.get("/charts?kind=hazard").text)["reported"] == "1"
    assert "round_coverage" in figures_in(client.get("/charts?charts=%E5%AE%88%E6%9C%9B").text)
    there = f"/charts?community={town.other_community}"
    assert figures_in(client.get(there).text) == figures_in(client.get("/charts").text), "not theirs to see"
    assert figures_in(client.get("/charts?proof=reported").text) == {}, "what lies over it comes with the page"


def test_no_name_stands_beside_a_figure(town: World) -> None:
    body = visit(town, "leader").get("/charts").text

    assert "linli-first" in body
    assert not any(words in body for words in ("王师傅", "楼道灯", "婆媳吵架"))


# --- how it stands in the document


def test_it_is_inert_and_stands_beside_the_root(town: World) -> None:
    body = visit(town, "coordinator").get("/tickets").text

    assert '<body><div id="linli-first" inert aria-hidden="true">' in body
    assert body.index('id="linli-first"') < body.index("楼道灯坏了") < body.index('<div id="root">')
    assert body.index("</head>") < body.index('id="linli-first"') < body.index('<div id="root">')


def test_what_is_to_be_loaded_waits_for_the_first_frame_in_a_template(town: World) -> None:
    body = visit(town, "coordinator").get("/tickets").text

    before, then, after = re.split(r'<template id="linli-then">|</template>', body)
    loading = re.compile(r'<(?:link[^>]*rel="(?:stylesheet|preload|modulepreload)"|script)[^>]*>')
    assert loading.findall(before) == ["<script>", f'<script type="module" src="./sent/{AFTER_PAINT.name}">']
    assert loading.findall(after) == []
    assert set(loading.findall(headers.streamlit_index().decode())) <= {"<script>", *loading.findall(then)}


def test_words_from_outside_are_words(world: World) -> None:
    report(world, title="<script>alert(1)</script>", address='"><img src=x onerror=alert(1)>')

    answer = visit(world, "coordinator").get("/tickets")

    scripts = re.compile(rb"<script[^>]*>")
    added = {*scripts.findall(answer.content)} - {*scripts.findall(headers.streamlit_index())}
    ours = rb'<script type="module" (crossorigin src="./static/js/[\w.-]+|src="./sent/[\w.-]+)">'
    assert all(re.fullmatch(ours, tag) for tag in added)
    assert "<img" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert answer.headers["content-security-policy"] == headers.csp().decode()


def test_the_scripts_of_the_first_widgets_are_asked_for_ahead(town: World) -> None:
    body = visit(town, "coordinator").get("/tickets").text

    ahead = re.findall(r'<link rel="modulepreload" crossorigin href="./(static/js/[^"]+)">', body)
    assert len(ahead) == len(set(ahead)), "none is named twice"
    assert all((headers.streamlit_files() / name).is_file() for name in ahead)
    assert {"Html", "BidiComponent", "Selectbox"} <= {name.split("/")[-1].split(".")[0] for name in ahead}
    run = re.findall(r'<script type="module" crossorigin src="./(static/js/[^"]+)"></script>', body)
    assert {"Html", "BidiComponent", "Selectbox"} <= {name.split("/")[-1].split(".")[0] for name in run}
    assert "PlotlyChart" not in "".join(re.findall(r"<script[^>]*>", visit(town, "coordinator").get("/charts").text))


def test_the_script_of_its_own_board_is_asked_for_ahead(town: World) -> None:
    body = visit(town, "coordinator").get("/tickets").text

    assert f'<link rel="modulepreload" crossorigin href="./sent/{BOARD.name}">' in body


def test_no_cache_keeps_it(town: World) -> None:
    answer = visit(town, "coordinator").get("/tickets")

    assert answer.headers["cache-control"] == "no-store"


def test_the_head_goes_out_before_the_board_is_read(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read = threading.Event()
    drawing = first_sight.Drawing(first_sight._PAGES["tickets"], lambda: "seen" if read.wait(10) else "")
    parts = drawing.sent_in_parts(headers.streamlit_index(), number="", path="/tickets")

    async def received() -> list[bytes]:
        head = await anext(parts)
        read.set()
        return [head, *[part async for part in parts]]

    head, seen = asyncio.run(received())

    assert head.endswith(b"<body>")
    assert b"seen" in seen


def test_a_column_shows_what_a_screen_holds_and_counts_them_all(world: World) -> None:
    for n in range(first_sight.CARDS_A_COLUMN + 3):
        report(world, title=f"第{n}盏灯坏了")

    body = visit(world, "coordinator").get("/tickets").text

    assert opened(body) == board_of(world.coordinator)[: first_sight.CARDS_A_COLUMN]
    assert f'data-tab="todo">待处理<b>{first_sight.CARDS_A_COLUMN + 3}</b>' in body


def test_a_head_says_nothing_that_is_wrong(town: World) -> None:
    client = visit(town, "coordinator")

    answer = client.head("/tickets")

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "content-length" not in answer.headers  # which a GET will have is not known without its board


# --- when it can't be had


@pytest.fixture
def no_tickets(town: World) -> Iterator[World]:
    """A database in which the board can't be read."""
    with db.engine.get().begin() as connection:
        connection.execute(text("ALTER TABLE category RENAME TO elsewhere"))
    yield town
    with db.engine.get().begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO category"))


@pytest.mark.parametrize("path", ["/tickets", "/me"])
def test_a_board_that_fails_leaves_the_page_without_it(no_tickets: World, path: str) -> None:
    answer = visit(no_tickets, "coordinator").get(path)

    assert answer.status_code == 200
    assert_streamlits_own(answer.text)


def test_a_board_that_takes_long_is_not_waited_for(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_sight, "BUDGET_SECONDS", 0)

    answer = visit(town, "coordinator").get("/tickets")

    assert answer.status_code == 200
    assert_streamlits_own(answer.text)


def assert_streamlits_own(body: str) -> None:
    """All that Streamlit loads and draws into is there, and nothing to be seen before it."""
    tags = re.compile(r"<(?:link|script|style|div)[^>]*>")
    assert set(tags.findall(headers.streamlit_index().decode())) <= set(tags.findall(body))
    assert "linli-first" not in body
