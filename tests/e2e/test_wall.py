"""The wall in a browser: a write moves its figure, a restart of the server heals by itself, a screen needs no login."""

import re
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from domain.clock import at_local, local_date, now
from tests.e2e.desk import Desk
from tests.e2e.visitors import Server, Visitor, free_port

Visit = Callable[..., Visitor]
HD = {"width": 1920, "height": 1080}
NIGHT = time(4, 7, 15)  # in the minute in which a wall loads itself anew
LOOKED = '[data-code="round_coverage"]'


def test_a_new_report_moves_a_figure_without_a_reload(visit: Visit, desk: Desk) -> None:
    wall = visit("郑主任", HD)
    wall.page.wait_for_url(re.compile("/wall$"))
    tile = wall.page.locator('[data-code="open"] b')
    before = int(tile.inner_text())
    wall.page.evaluate("window.mine = 1")

    desk.report("健身步道地砖翘起")

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
    """A server of this test's own, late in the evening, to be stopped and started."""
    moment = now()
    ahead = (at_local(local_date(moment), time(23, 40)) - moment).total_seconds()
    server = Server(tmp_path / "linli-data", free_port(), ahead=ahead)
    server.start()
    yield server
    server.stop()


def become(admin: Visitor, screen: Any) -> None:
    """Give the screen its own address."""
    admin.log_in("管理员", at="/settings?section=大屏")
    admin.page.get_by_label("名称").fill("一楼大厅")
    admin.page.get_by_role("button", name="添加，并显示专用网址").click()
    screen.goto(admin.page.locator("code").inner_text(timeout=30_000))


def test_a_screen_without_a_login_stands_a_night_unattended_and_goes_dark_when_taken_back(
    chromium: Any, own: Server
) -> None:
    office, hall = (chromium.new_context(viewport=HD, locale="zh-CN") for _ in range(2))
    admin, screen, lines = Visitor(office.new_page(), own), hall.new_page(), []
    screen.clock.install()  # hours behind the server's: a screen's own clock may be wrong
    screen.route_web_socket(re.compile("/live$"), lambda line: lines.append((line, line.connect_to_server())))
    clock, as_of, state = (screen.locator(where) for where in ("#clock", "#as-of", "#state"))
    days = screen.locator("[data-panel=工单] .days li span")
    become(admin, screen)
    expect(screen.locator("h1")).to_contain_text("一屏统管")
    expect(screen.locator("#menu")).to_have_count(0)
    expect(clock).to_have_text(re.compile("^23:[45]"))
    screen.evaluate("window.mine = 1")
    evening, looked = days.all_text_contents(), screen.locator(LOOKED).inner_text()

    # the line goes silent: nobody closes it
    lines[0][1].on_message(lambda _said: None)
    screen.clock.fast_forward(30_000)
    expect(state).to_have_text("离线重连中")
    expect(state).to_have_text("")
    assert len(lines) == 2

    # the server is away all night: what it showed stays, says its age, and nothing is loaded anew from nobody
    own.stop()
    expect(state).to_have_text("离线重连中")
    screen.clock.fast_forward(_until(own, NIGHT))
    expect(clock).to_have_text("04:07")
    expect(as_of).to_have_text(re.compile("^数据截至 23:[45]"))
    screen.clock.fast_forward(60_000)
    expect(clock).to_have_text("04:08")
    assert days.all_text_contents() == evening

    # another day, by itself
    own.ahead += 8 * 3600
    own.start()
    screen.clock.fast_forward(20_000)  # not to wait for the longest pause between two attempts
    expect(state).to_have_text("")
    expect(clock).to_have_text(re.compile("^07:[45]"))
    expect(as_of).to_have_text(re.compile("^数据截至 07:[45]"))
    assert days.all_text_contents()[:-2] == evening[1:-1]
    assert screen.locator(LOOKED).inner_text() != looked
    assert screen.evaluate("window.mine") == 1

    # in the next night the server is there
    with screen.expect_event("load"):
        screen.clock.fast_forward(_until(own, NIGHT))
    assert screen.evaluate("window.mine") is None
    expect(as_of).to_have_text(re.compile("^数据截至 07:[45]"))

    admin.open("/settings?section=大屏")
    admin.page.get_by_role("button", name="收回").first.click()
    admin.page.get_by_role("button", name="收回这块大屏").click()
    admin.sees("还没有大屏")
    screen.clock.fast_forward(30_000)  # not to wait for the push's next look at the session
    expect(screen.locator("#wall"), "no figure, no alarm stays").to_have_text("这块屏幕的许可已收回，请联系管理员。")
    expect(as_of).to_have_text("")
    office.close()
    hall.close()


def _until(own: Server, wanted: time) -> int:
    """Give the milliseconds from the server's time to the next such time of day."""
    moment = now() + timedelta(seconds=own.ahead)
    gap = at_local(local_date(moment), wanted) - moment
    return int((gap % timedelta(days=1)).total_seconds() * 1000)
