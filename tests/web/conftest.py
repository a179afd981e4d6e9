"""A small application behind the real gate, and people to log in as."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.exceptions import StarletteDeprecationWarning
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

import db
import settings
import web
from db import accounts, hashing
from demo import tour
from domain.access import Role
from domain.clock import now
from domain.ids import new_key
from settings import Settings
from tests.builders import World
from web import headers, logs

with warnings.catch_warnings():
    # httpx is the client that we have; starlette asks for its successor
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

PASSWORD = "梧桐-tree-42"
HERE = "http://127.0.0.1:8501"
PAGES = ("tickets", "me", "charts")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hashing, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    hashing._nobody.cache_clear()
    yield
    hashing._nobody.cache_clear()


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    logs.configure(tmp_path / "logs")
    yield tmp_path / "logs" / "linli.log"
    logs.close()


@pytest.fixture
def linfang(world: World) -> World:
    """林芳, who has a password; 新来的, who must still set one."""
    make_user(world, "linfang", "林芳", PASSWORD, must_change=False)
    make_user(world, "newcomer", "新来的", PASSWORD, must_change=True)
    return world


def make_user(world: World, login: str, name: str, password: str | None, **more: Any) -> None:
    call = {"login": login, "name": name, "password": password, "grants": [(Role.COORDINATOR, world.community)]}
    db.run(accounts.create_user, actor=world.admin, **(call | more), key=new_key(), now=now())


def document(_request: Request) -> Response:
    return Response(headers.streamlit_index(), media_type="text/html")


def broken(_request: Request) -> Response:
    raise ValueError("张三的电话是 13812345678")


def media(_request: Request) -> Response:
    return PlainTextResponse("a picture")


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


def build() -> Starlette:
    inner = [
        Route("/broken", broken),
        Route("/media/{name}", media, methods=["GET", "PUT"]),
        Route("/_stcore/metrics", media),
        Route("/static/app.js", media),
        WebSocketRoute("/_stcore/stream", echo),
        WebSocketRoute("/live", echo),
        Route("/{path:path}", document),
    ]
    return Starlette(
        routes=[*web.routes(play=tour.play), *inner],
        middleware=web.middleware(PAGES),
        exception_handlers=web.handlers(),
    )


@pytest.fixture
def client(linfang: World) -> TestClient:
    return open_client()


def open_client(address: str = "127.0.0.1", base_url: str = HERE) -> TestClient:
    return TestClient(
        build(), base_url, client=(address, 50_000), follow_redirects=False, headers={"accept": "text/html"}
    )


@pytest.fixture
def logged_in(client: TestClient) -> TestClient:
    assert log_in(client).status_code == 303
    return client


def log_in(client: TestClient, login: str = "linfang", password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login", data={"login": login, "password": password, **more}, headers=origin())


def origin(place: str = HERE) -> dict[str, str]:
    return {"origin": place}


@pytest.fixture
def change_settings(client: TestClient) -> Callable[..., Settings]:
    def change(**values: Any) -> Settings:
        return settings.use(settings.current().model_copy(update=values))

    return change
