"""Fixtures: the server, the browser, and visitors whose every request is watched."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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
    where = browser_file()
    if where is None:
        pytest.skip("no Chromium, Edge or Chrome on this machine")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=where, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, server: Server) -> Iterator[Callable[..., Visitor]]:
    contexts = []
    visitors: list[Visitor] = []

    def make(name: str = "", size: dict[str, int] = DESK, **options: object) -> Visitor:
        context = chromium.new_context(viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai", **options)
        contexts.append(context)
        visitor = Visitor(context.new_page(), server)
        visitors.append(visitor)
        visitor.page.set_default_timeout(15_000)

        def note(request: object) -> None:
            address = request.url  # type: ignore[attr-defined]
            own = visitor.server.url
            if not address.startswith((own, own.replace("http", "ws"), "blob:", "data:")):
                visitor.outside.append(address)

        context.on("request", note)
        visitor.page.on("pageerror", lambda error: visitor.faults.append(str(error)))
        if name:
            visitor.log_in(name)
        return visitor

    yield make
    for context in contexts:
        context.close()
    # the two rules that hold for everything anybody does in a browser here
    assert [v.outside for v in visitors if v.outside] == [], "a request left the machine"
    assert [v.faults for v in visitors if v.faults] == [], "a script failed in the browser"
