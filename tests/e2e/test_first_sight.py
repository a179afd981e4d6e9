"""First sight in a real browser: in the places of the live board, and out of the way after it."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.visitors import DESK, PHONE, Visitor

Visit = Callable[..., Visitor]
FIRST = "#linli-first"
LIVE = "[data-testid=stMainBlockContainer] a.card"
END_TIMES = "e => e.getAnimations().map(a => [a.animationName, a.effect.getComputedTiming().endTime])"
ABOVE = "e => { e.getAnimations().forEach(a => a.finish()); return getComputedStyle(e).zIndex; }"
FINISHED = "e => { e.getAnimations().forEach(a => a.finish()); return getComputedStyle(e).visibility; }"


def see_first(who: Visitor, path: str, cut: str = "scripts") -> Any:
    """Open the page with something cut off, until the machine had the time to draw first sight."""
    if cut == "scripts":
        who.page.route("**/static/js/**", lambda route: route.abort())
    else:
        who.page.route_web_socket("**/_stcore/stream", lambda socket: socket.close())
    for _ in range(10):
        who.open(path)
        if who.page.locator(FIRST).count():
            break
    return who.page.locator(FIRST)


def place_of(card: Any) -> dict[str, int]:
    box = card.bounding_box()
    return {side: round(value) for side, value in box.items()}


@pytest.mark.parametrize("path", ["/tickets", "/me"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_card_stands_where_the_live_one_will(
    visit: Visit, path: str, size: dict[str, int], scheme: str
) -> None:
    who = visit("李敏", size, at=path, color_scheme=scheme)
    who.page.locator(LIVE).first.wait_for()
    expect(who.page.locator(FIRST)).to_have_count(0)
    live = place_of(who.page.locator(LIVE).first), ground(who, "header")

    first = place_of(see_first(who, path).locator("a.card").first), ground(who, FIRST)

    assert first[0] == pytest.approx(live[0], abs=4)
    assert first[1] == live[1]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_first_figure_stands_where_the_live_one_will_and_gives_way_to_it(
    visit: Visit, size: dict[str, int]
) -> None:
    who = visit("李敏", size, at="/charts")
    live = who.page.locator(".stApp [data-pick=reported]")
    live.wait_for(timeout=40_000)
    who.is_still()
    expect(who.page.locator(FIRST)).to_have_count(0)
    place, number = place_of(live), live.locator("b").inner_text()

    first = see_first(who, "/charts").locator("[data-pick=reported]")

    assert place_of(first) == pytest.approx(place, abs=4)
    assert first.locator("b").inner_text() == number
    assert who.page.locator(FIRST).evaluate(END_TIMES) == [["linli-first-over", 10_000]]


def ground(who: Visitor, selector: str) -> str:
    return str(who.page.locator(selector).first.evaluate("e => getComputedStyle(e).backgroundColor"))


def test_it_is_gone_once_the_board_is_drawn_and_a_click_opens_a_ticket(visit: Visit) -> None:
    who = visit("李敏", at="/tickets")

    who.page.locator(LIVE).first.click()

    expect(who.drawer).to_be_visible()
    expect(who.page.locator(FIRST)).to_have_count(0)


@pytest.mark.parametrize("cut", ["scripts", "socket"])
def test_with_nothing_ever_drawn_it_goes_by_itself_after_ten_seconds(visit: Visit, cut: str) -> None:
    who = visit("李敏")
    first = see_first(who, "/tickets", cut)

    assert first.evaluate(END_TIMES) == [["linli-first-over", 10_000]]
    assert first.evaluate("e => getComputedStyle(e).visibility") == "visible"
    assert first.evaluate(FINISHED) == "hidden"


def test_it_can_be_neither_reached_nor_hit(visit: Visit) -> None:
    who = visit("李敏")
    card = see_first(who, "/tickets").locator("a.card").first
    box = card.bounding_box()

    hit = who.page.evaluate("([x, y]) => document.elementFromPoint(x, y)?.id", [box["x"] + 20, box["y"] + 20])
    card.focus()

    assert hit != "linli-first"
    assert who.page.evaluate("document.activeElement.localName") == "body"
    assert who.page.url.endswith("/tickets")


def test_a_page_without_a_board_is_not_covered_for_long(visit: Visit) -> None:
    """What a run has shown, a refusal or another page, comes above what is left over two seconds later."""
    who = visit("李敏", at="/import")
    asked = (who.page.context.request.get(f"{who.server.url}/tickets").text() for _ in range(10))
    document = next(text for text in asked if "linli-first" in text)  # a busy machine may send it without
    left_over = document.partition("<body>")[2].partition("<noscript>")[0]
    who.sees("数据导入")
    who.is_still()

    who.page.evaluate("html => document.body.insertAdjacentHTML('afterbegin', html)", left_over)

    below, app = who.page.locator(FIRST), who.page.locator(".stApp")
    assert app.evaluate(END_TIMES) == [["linli-first-live", 2_000]]
    assert int(app.evaluate(ABOVE)) > int(below.evaluate("e => getComputedStyle(e).zIndex"))
