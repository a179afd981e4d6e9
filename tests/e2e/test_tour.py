"""一分钟演示 in a browser: it plays by itself, stops for a key, and fits a projector, a wall and a phone."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.visitors import PHONE, Server, Visitor

HD = {"width": 1920, "height": 1080}
BEATS = ["早上八点", "窗帘没拉开", "「我来」", "见到本人，在家平安", "积分到账", "数字动了"]
BEAT_MS = 9_000
START = 1_800_000_000  # seconds; the page itself tells no time of its own
Watch = Callable[..., Visitor]


@pytest.fixture
def watch(chromium: Any, server: Server) -> Iterator[Watch]:
    """Open it as the leader in a browser whose time passes only as the test says."""
    contexts: list[Any] = []

    def make(path: str = "/wall/tour", size: dict[str, int] = HD) -> Visitor:
        contexts.append(chromium.new_context(viewport=size, locale="zh-CN", reduced_motion="reduce"))
        who = Visitor(contexts[-1].new_page(), server)
        who.page.clock.install(time=START)
        who.page.clock.pause_at(START + 1)
        who.log_in("郑主任")
        who.page.wait_for_url(re.compile("/wall$"))
        who.open(path)
        expect(who.page.locator("body")).to_have_attribute("data-beat", "0")
        return who

    yield make
    for context in contexts:
        context.close()


def title(who: Visitor) -> str:
    return str(who.page.locator(".beat:not([hidden]) h2").inner_text())


def test_six_beats_follow_one_another_within_a_minute(watch: Watch) -> None:
    who = watch()

    seen = [title(who)]
    for _ in BEATS[1:]:
        who.page.clock.run_for(BEAT_MS)
        seen.append(title(who))

    assert seen == BEATS
    assert len(BEATS) * BEAT_MS <= 60_000
    who.page.clock.run_for(60_000)
    assert title(who) == BEATS[-1], "it rests there"


def test_it_opens_at_once_and_says_that_it_is_being_made(watch: Watch) -> None:
    who = watch()
    held: list[Any] = []
    who.page.route(re.compile(r"tour\?beats"), lambda route: held.append(route))

    who.open("/wall/tour")

    expect(who.page.locator("#tour")).to_have_text("正在准备演示……")
    expect(who.page.get_by_role("button", name="下一步")).to_be_disabled()
    held.pop().abort()
    expect(who.page.locator("#tour")).to_contain_text("请点“重新演示”")


def test_space_stops_it_and_the_arrows_step(watch: Watch) -> None:
    who = watch()

    who.page.keyboard.press("Space")
    who.page.clock.run_for(3 * BEAT_MS)
    assert title(who) == BEATS[0]
    who.page.keyboard.press("Space")
    who.page.clock.run_for(BEAT_MS)
    assert title(who) == BEATS[1]
    who.page.keyboard.press("ArrowRight")
    who.page.keyboard.press("ArrowRight")
    who.page.keyboard.press("ArrowLeft")
    who.page.clock.run_for(3 * BEAT_MS)
    assert title(who) == BEATS[2], "who steps has taken over"


def test_a_wall_plays_it_again_by_itself(watch: Watch) -> None:
    who = watch("/wall?tour=1")
    assert who.page.url.endswith("/wall/tour?wall=1")

    who.page.clock.run_for(5 * BEAT_MS)
    assert title(who) == BEATS[-1]
    with who.page.expect_navigation():
        who.page.clock.run_for(20_000)

    expect(who.page.locator("body")).to_have_attribute("data-beat", "0")


@pytest.mark.parametrize("size", [HD, {"width": 3840, "height": 2160}, PHONE], ids=["1080p", "4K", "phone"])
def test_every_beat_fits_the_screen_and_axe_finds_nothing_serious(watch: Watch, size: dict[str, int]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    who = watch(size=size)
    who.page.keyboard.press("Space")
    who.page.clock.resume()  # axe waits by the same clock

    wrong: dict[str, object] = {}
    for name in BEATS:
        assert title(who) == name
        cut = who.page.evaluate(CUT)
        wide, high = who.page.evaluate("() => [document.body.scrollWidth, document.body.scrollHeight]")
        too_high = size is not PHONE and high > size["height"]
        found = axe.Axe().run(who.page).response["violations"]
        serious = {v["id"]: v["nodes"][0]["html"][:200] for v in found if v["impact"] in ("serious", "critical")}
        small = who.page.evaluate(SMALL) if size is PHONE else []
        if cut or serious or too_high or small or wide > size["width"]:
            wrong[name] = (cut, serious, small, wide, high)
        who.page.keyboard.press("ArrowRight")

    assert wrong == {}


# a screen of the stage whose content runs out of it at the bottom or the side
CUT = """() => [...document.querySelectorAll('.beat:not([hidden]) .screen')].filter((e) => e.checkVisibility()
  && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)).map((e) => e.className)"""
# what a thumb would miss in the bar of buttons, or the bar itself if it takes more of a phone than one row
SMALL = """() => [...document.querySelectorAll('nav, nav button, nav a')].map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, {width, height}]) => width < 48 || height < 48 || height > 100).map(([e]) => e.textContent)"""
