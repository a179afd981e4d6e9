"""The server goes and comes back under people's hands."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.visitors import Server, Visitor, free_port


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "linli-data", free_port())
    one.start()
    yield one
    one.stop()


def test_after_a_restart_the_page_works_on_and_nobody_gets_past_the_gate(
    visit: Callable[..., Visitor], own_server: Server
) -> None:
    who, stranger = visit(), visit()
    who.server = stranger.server = own_server
    who.log_in("李敏")
    who.sees("待处理")

    own_server.stop()
    own_server.start()
    stranger.open("/tickets")
    who.page.reload()

    who.sees("待处理")
    expect(stranger.page.get_by_label("账号")).to_be_visible()
