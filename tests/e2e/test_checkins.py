"""A curtain stays closed: red on the other screen at once, answered, closed, green, and nobody reloads anything."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.e2e.visitors import PHONE, Visitor, not_there

Visit = Callable[..., Visitor]
SOON = 8_000


def tile(who: Visitor, elder: str) -> Any:
    return who.page.locator(f'.tile[data-open="{elder}"]')


def choose(who: Visitor, words: str) -> None:
    who.drawer.get_by_role("radio", name=words, exact=True).click()


def test_a_closed_curtain_is_red_elsewhere_at_once_and_green_when_it_is_closed(
    visit: Visit, waiting: tuple[str, str]
) -> None:
    elder, code = waiting
    watching = visit("李敏", at="/checkins")
    expect(tile(watching, elder)).to_have_class(re.compile("waiting"))
    watching.is_still()
    watching.page.evaluate("() => { window.stayed = true }")
    looking = visit("周书记", at=f"/checkins?elder={elder}")
    looking.page.get_by_role("radio", name=not_there(), exact=True).click()

    looking.page.get_by_role("button", name="记下来").click()

    expect(tile(watching, elder)).to_have_class(re.compile("alarm"), timeout=SOON)
    expect(watching.page.locator(".group.alarm")).to_contain_text(code)
    tile(watching, elder).click()
    watching.press("接单")
    watching.press("确定接单")
    expect(watching.drawer.get_by_text(re.compile("李敏已接单"))).to_be_visible(timeout=SOON)
    expect(tile(watching, elder)).to_have_class(re.compile("taken"), timeout=SOON)
    watching.press("结案")
    choose(watching, "在家平安")
    choose(watching, "见到本人")
    watching.press("确定结案")
    expect(tile(watching, elder)).to_have_class(re.compile("ok"), timeout=SOON)
    assert watching.page.evaluate("() => window.stayed")


def test_the_tiles_are_in_the_document_itself(visit: Visit, waiting: tuple[str, str]) -> None:
    who = visit("李敏")

    answer = who.page.request.get(f"{who.server.url}/checkins")

    assert f'data-open="{waiting[0]}"' in answer.text()
    assert 'id="linli-first"' in answer.text()


def test_a_phone_shows_the_page_without_scrolling_sideways(visit: Visit) -> None:
    who = visit("陈网格员", PHONE, at="/checkins", has_touch=True, is_mobile=True)
    who.page.locator(".tile").first.wait_for()
    who.is_still()

    wide, shown = who.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")

    assert wide <= shown
    assert who.page.locator(".tile").first.bounding_box()["height"] >= 44
