"""Fixtures: the server, the browser, and visitors whose every request is watched."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

import db
import db.engine
import settings
from db.models import AreaRow, CheckWindowRow, ElderRow, IncidentRow
from domain.care import Sign, WindowState, code_text
from domain.care_board import slot_now
from domain.clock import local_date, now
from settings import Settings
from tests.e2e.desk import Desk, at_desk
from tests.e2e.visitors import DESK, QUIET, Server, Visitor, browser_file, free_port


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in Path(item.path).parts:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("e2e") / "linli-data", free_port())
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=15_000)  # two browsers at once on two cores, or a busy machine
    where = browser_file()
    if where is None:
        pytest.skip("no Chromium, Edge or Chrome on this machine")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=where, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def blank(chromium: Any) -> Iterator[Any]:
    """Somewhere to open pages that need no server: a tab costs a tenth of a context of its own."""
    context = chromium.new_context(viewport={"width": 1200, "height": 700})
    yield context
    context.close()


@pytest.fixture(scope="session")
def idle() -> defaultdict[str, list[Any]]:
    """Empty pages of contexts that were used before, by what they were made with."""
    return defaultdict(list)


@pytest.fixture
def visit(chromium: Any, server: Server, idle: defaultdict[str, list[Any]]) -> Iterator[Callable[..., Visitor]]:
    forget_drafts(server)
    visitors: list[Visitor] = []
    given_back: list[tuple[list[Any], Visitor, Any]] = []

    def make(name: str = "", size: dict[str, int] = DESK, at: str = "/login", **options: Any) -> Visitor:
        call = {"viewport": size, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", **options}
        pages = idle[repr(call)]
        visitor = Visitor(pages.pop() if pages else chromium.new_context(**call).new_page(), server)
        visitors.append(visitor)
        visitor.page.set_default_timeout(15_000)

        def note(request: Any) -> None:
            own = visitor.server.url
            if not request.url.startswith((own, own.replace("http", "ws"), "blob:", "data:")):
                visitor.outside.append(request.url)

        visitor.page.context.on("request", note)
        given_back.append((pages, visitor, note))
        visitor.page.on("pageerror", lambda error: visitor.faults.append(str(error)))
        if name:
            visitor.log_in(name, at)
        return visitor

    yield make
    for pages, visitor, note in given_back:
        visitor.page.context.remove_listener("request", note)
        pages.append(emptied(visitor))
    # the two rules that hold for everything anybody does in a browser here
    assert [v.outside for v in visitors if v.outside] == [], "a request left the machine"
    assert [v.faults for v in visitors if v.faults] == [], "a script failed in the browser"


def forget_drafts(server: Server) -> None:
    """Take away what the test before left half typed: the next one is the same person at the same form."""
    with closing(sqlite3.connect(server.data / "demo.sqlite3", timeout=20)) as held, held:
        held.execute("DELETE FROM draft")


def emptied(visitor: Visitor) -> Any:
    """Give a new page in the same context, which has forgotten all but the files it has loaded."""
    context = visitor.page.context
    page = context.new_page()
    for other in context.pages:
        if other is not page:
            other.close()
    context.clear_cookies()
    line = context.new_cdp_session(page)
    line.send("Storage.clearDataForOrigin", {"origin": visitor.server.url, "storageTypes": "all"})
    line.detach()
    return page


@pytest.fixture
def desk(server: Server) -> Iterator[Desk]:
    with at_desk(server) as one:
        yield one


@pytest.fixture
def waiting(server: Server) -> Iterator[tuple[str, str]]:
    """Give id and code of an elder of 桂花社区 whose look is owed just now, whatever the hour."""
    settings.use(Settings(data_dir=server.data))
    db.engine.dispose()
    yield db.run(_owed)
    db.engine.dispose()


def _owed(tx: Session) -> tuple[str, str]:
    moment, w = now(), CheckWindowRow
    busy = select(IncidentRow.elder_id).where(IncidentRow.closed_at.is_(None))
    told = select(IncidentRow.window_id).where(IncidentRow.window_id.is_not(None))
    query = (
        select(w.id, ElderRow.id, ElderRow.number)
        .join(ElderRow, ElderRow.id == w.elder_id)
        .join(AreaRow, AreaRow.id == w.community_id)
        .where(AreaRow.name == "桂花社区", w.day == local_date(moment), w.slot == slot_now(moment))
        .where(w.sign == Sign.CURTAIN, ElderRow.left_on.is_(None), w.elder_id.not_in(busy))
        .where(w.id.not_in(told))
    )
    window, elder, number = tx.execute(query.limit(1)).one()
    due = moment + timedelta(hours=1)
    times = {"opens_at": moment - timedelta(hours=1), "due_at": due, "grace_until": due, "next_at": due}
    gone = {"state": WindowState.OPEN.value, "seen_at": None, "seen_by": None}
    tx.execute(update(w).where(w.id == window).values(**times, **gone, version=w.version + 1))
    return str(elder), code_text(number)
