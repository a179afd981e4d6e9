"""The wall in a browser: a write moves its figure, a restart of the server heals by itself, a screen needs no login."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.test_ticket_life import register
from tests.e2e.visitors import Server, Visitor, free_port

Visit = Callable[..., Visitor]
HD = {"width": 1920, "height": 1080}


def test_a_new_report_moves_a_figure_without_a_reload(visit: Visit) -> None:
    wall, desk = visit("郑主任", HD), visit("李敏")
    wall.page.wait_for_url(re.compile("/wall$"))
    tile = wall.page.locator('[data-code="open"] b')
    before = int(tile.inner_text())
    wall.page.evaluate("window.mine = 1")

    register(desk, "健身步道地砖翘起", "小区东门花坛边")

    expect(tile).to_have_text(str(before + 1), timeout=30_000)
    assert wall.page.evaluate("window.mine") == 1


@pytest.mark.parametrize("size", [HD, {"width": 3840, "height": 2160}], ids=["1080p", "4K"])
def test_nothing_on_it_scrolls_or_is_small(visit: Visit, size: dict[str, int]) -> None:
    who = visit("郑主任", size)
    who.page.locator("section.on").wait_for()

    assert who.page.evaluate("document.documentElement.scrollHeight") == size["height"]
    least = who.page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('#wall *, #top *')]
            .filter((e) => e.offsetParent && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
            .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
    )
    assert least >= 22 * size["width"] / 1920
    cut = """() => [...document.querySelectorAll('.tile, .tile *, .box')]
        .filter((e) => e.checkVisibility() && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
        .map((e) => e.textContent)"""
    assert who.page.evaluate(cut) == []


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own, to be stopped and started."""
    server = Server(tmp_path / "linli-data", free_port())
    server.start()
    yield server
    server.stop()


def test_a_screen_without_a_login_outlives_a_restart_and_goes_dark_when_taken_back(chromium: Any, own: Server) -> None:
    office, hall = (chromium.new_context(viewport=HD, locale="zh-CN") for _ in range(2))
    admin = Visitor(office.new_page(), own)
    admin.log_in("管理员")
    admin.sees("系统设置")
    admin.open("/settings?section=大屏")
    admin.page.get_by_label("名称").fill("一楼大厅")
    admin.page.get_by_role("button", name="添加，并显示专用网址").click()
    address = admin.page.locator("code").inner_text(timeout=30_000)

    screen = hall.new_page()
    screen.goto(address)
    expect(screen.locator("h1")).to_contain_text("一屏统管")
    expect(screen.locator("#menu")).to_have_count(0)

    own.stop()
    expect(screen.locator("#state")).to_have_text("离线重连中")
    expect(screen.locator("h1"), "what it showed stays there").to_contain_text("一屏统管")
    own.start()
    expect(screen.locator("#state")).to_have_text("", timeout=30_000)

    admin.open("/settings?section=大屏")
    admin.page.get_by_role("button", name="收回").first.click()
    admin.page.get_by_role("button", name="收回这块大屏").click()
    expect(screen.locator("#wall"), "no figure, no alarm stays").to_have_text(
        "这块屏幕的许可已收回，请联系管理员。", timeout=60_000
    )
    expect(screen.locator("#as-of")).to_have_text("")
    office.close()
    hall.close()
