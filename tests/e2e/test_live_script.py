"""The following half of the board's script, against a stand-in for the socket: what is older never wins."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.test_board_component import HERE, MOUNT, SCRIPTS, TABLE, cards, html
from ui.board import markup
from web import patches

SOCKET = """() => {
window.sockets = [];
window.WebSocket = class {
  static OPEN = 1;
  constructor(url) {
    Object.assign(this, {url, readyState: 0, asked: []});
    sockets.push(this);
    setTimeout(() => { this.readyState = 1; this.onopen(); });
  }
  send(text) { this.asked.push(text); }
  close() { this.readyState = 3; }
};
window.push = (message) => sockets.at(-1).onmessage({data: JSON.stringify(message)});
}"""
BODY = '<!doctype html><html lang="zh-CN"><body><div id="host"></div>'


@pytest.fixture
def page(blank: BrowserContext) -> Iterator[Page]:
    page = blank.new_page()
    page.route("**/*", lambda route: route.fulfill(body=BODY, content_type="text/html"))
    page.goto("http://linli.test/tickets?mine=1")
    page.evaluate("css => { window.boardCss = css }", (HERE / "board.css").read_text("utf-8"))
    page.evaluate(SOCKET)
    page.evaluate(MOUNT, SCRIPTS)
    yield page
    page.close()


def draw(page: Page, body: str, stamp: int, at: int = 0, scope: str = "", table: Any = None, **more: Any) -> None:
    live = {"page": "tickets", "query": {}, "shown": {}, "stamp": stamp, "at": at, "empty": False, "ticket": None}
    page.evaluate("data => draw(data)", {"html": body, "scope": scope, "live": live | more, "table": table})


def asked(page: Page) -> list[dict[str, Any]]:
    page.wait_for_function("() => sockets.length && sockets.at(-1).asked.length")
    return [json.loads(text) for text in page.evaluate("sockets.at(-1).asked")]


def push(page: Page, old: str, new: str, stamp: int, at: int = 0, **more: Any) -> None:
    had, pieces = patches.sums_of(patches.split(old)), patches.split(new)
    ops = patches.operations(had, pieces, patches.sums_of(pieces))
    sub = asked(page)[-1]["sub"]
    page.evaluate("m => push(m)", {"sub": sub, "stamp": stamp, "at": at, "of": len(had), "ops": ops} | more)


def resyncs(page: Page) -> list[Any]:
    return [value for name, value in page.evaluate("sent") if name == "resync"]


def dispatch(page: Page) -> list[Any]:
    """Dispatch the first card from its menu; give all moves that were sent so far."""
    page.locator("a.card").first.focus()
    page.keyboard.press("m")
    page.get_by_role("menuitem", name="派单").click()
    return [value for name, value in page.evaluate("sent") if name == "moved"]


def shown(page: Page) -> list[str]:
    return page.locator("a.card .t").all_text_contents()


NEXT_WORDS = "log => log.textContent || new Promise(said => new MutationObserver(() => said(log.textContent))"
NEXT_WORDS += ".observe(log, {childList: true}))"
FIRST, SECOND, THIRD = html(cards(2)), html(cards(3)), html(cards(3), cards(1, first=9))


def test_it_asks_beside_the_page_and_says_in_sums_what_it_has(page: Page) -> None:
    draw(page, FIRST, 1)

    said = asked(page)[-1]

    assert page.evaluate("sockets.at(-1).url") == "ws://linli.test/live"
    assert patches.unpack(said["have"]) == patches.sums_of(patches.split(FIRST))


def test_a_run_that_began_before_the_push_does_not_take_it_back(page: Page) -> None:
    draw(page, FIRST, 1)
    push(page, FIRST, SECOND, 2)
    draw(page, FIRST, 1)
    assert len(shown(page)) == 3

    draw(page, THIRD, 3)
    assert len(shown(page)) == 4
    draw(page, FIRST, 1, scope="other filters")
    assert len(shown(page)) == 2


def test_a_run_that_the_push_overtook_still_says_which_drawer_is_open(page: Page) -> None:
    draw(page, FIRST, 1)
    push(page, FIRST, SECOND, 2)

    draw(page, FIRST, 1, ticket=["7f", 0])

    assert len(shown(page)) == 3
    assert asked(page)[-1]["ticket"] == ["7f", 0]


def test_a_table_is_drawn_anew_until_it_is_as_new_as_the_push(page: Page) -> None:
    one, two, three, four = map(markup.mark_html, (1, 2, 3, 4))
    draw(page, one, 1)
    push(page, one, two, 2)
    push(page, two, three, 3)
    assert len(resyncs(page)) == 1

    draw(page, two, 2)
    assert len(resyncs(page)) == 2
    draw(page, three, 3)
    assert len(resyncs(page)) == 2
    push(page, three, four, 4)
    assert len(resyncs(page)) == 3


def test_too_many_pages_at_once_are_told_and_one_tries_again_later(page: Page) -> None:
    draw(page, FIRST, 1)
    asked(page)

    page.evaluate("sockets.at(-1).onclose({code: 4429})")

    page.get_by_text("同时打开的页面太多，请关掉几个").wait_for()
    assert page.evaluate("sockets.length") == 1


def test_without_a_push_every_run_counts(page: Page) -> None:
    draw(page, FIRST, 1)
    push(page, FIRST, SECOND, 2)
    page.evaluate("sockets.at(-1).close()")

    draw(page, FIRST, 1)

    assert len(shown(page)) == 2


def test_a_run_without_a_board_leaves_what_the_push_keeps_true_and_asks_for_it_otherwise(page: Page) -> None:
    draw(page, FIRST, 1)
    page.evaluate("m => push(m)", {"beat": 1})  # the first one, before anything is followed
    push(page, FIRST, SECOND, 2)
    nothing = {"html": None, "scope": "", "live": None}

    page.evaluate("data => draw(data)", nothing)
    assert len(shown(page)) == 3 and not resyncs(page)

    page.evaluate("data => draw(data)", nothing | {"scope": "other filters"})
    assert len(resyncs(page)) == 1, "what was drawn for these filters never came"
    page.evaluate("m => push(m)", {"beat": 1, "now": 70_000, "good": 1})
    page.evaluate("data => draw(data)", nothing)
    assert len(resyncs(page)) == 2, "nobody has looked for more than a minute"
    page.evaluate("sockets.at(-1).close()")
    page.evaluate("data => draw(data)", nothing)
    assert len(resyncs(page)) == 3 and len(shown(page)) == 3


def test_a_move_that_was_taken_stays_where_it_goes_until_the_push_shows_it_there(page: Page) -> None:
    draw(page, FIRST, 1, table=TABLE)
    asked(page)
    page.evaluate("m => push(m)", {"beat": 1, "now": 70_000, "good": 69_900})
    draw(page, FIRST, 1, table=TABLE)
    moved = dispatch(page)[-1]
    waiting = page.locator('[data-col="doing"] a.card[aria-busy]')

    answer = {"nonce": moved["nonce"], "words": "E0012 已派单"}
    page.evaluate("data => draw(data)", {"html": None, "scope": "", "live": None, "table": TABLE, "answer": answer})
    assert (moved["followed"], waiting.count()) == (True, 1)

    (first, *rest) = cards(2)
    after = html(tuple(rest), (replace(first, version=first.version + 1),))
    push(page, FIRST, after, 2)
    assert page.locator('[data-col="doing"] a.card').count() == 1
    assert page.locator("[aria-busy]").count() == 0 and not resyncs(page)
    push(page, after, html((), (replace(first, version=first.version + 1), replace(rest[0], version=9))), 3)
    first_told = page.locator("[role=log]").evaluate(NEXT_WORDS)
    assert first_told == "E0612 到了处理中", "of one's own move only the answer speaks"
    assert len(dispatch(page)) == 2, "the next one may be moved"


def test_an_answer_to_an_older_question_is_thrown_away_and_a_misfit_asked_anew(page: Page) -> None:
    draw(page, FIRST, 1)
    push(page, FIRST, SECOND, 2, sub=0)
    assert len(shown(page)) == 2

    push(page, FIRST, SECOND, 2, of=77)
    assert len(shown(page)) == 2 and len(asked(page)) == 2
    push(page, FIRST, SECOND, 2)
    assert len(shown(page)) == 3


def test_cards_that_did_not_change_keep_their_element(page: Page) -> None:
    draw(page, FIRST, 1)
    page.evaluate("window.kept = document.querySelector('#host').shadowRoot.querySelectorAll('a.card')[1]")
    changed = (replace(cards(1)[0], version=8), cards(2)[1])

    push(page, FIRST, html((), changed), 2)

    assert page.evaluate("kept.isConnected && kept.closest('.col').dataset.col") == "doing"
    assert page.locator("a.card.moved").count() == 1


def test_nothing_moves_under_a_card_in_the_hand(page: Page) -> None:
    draw(page, FIRST, 1)
    page.evaluate("document.querySelector('#host').shadowRoot.querySelector('.linli').dataset.probe = 1")
    draw_with_table = {"spots": {}, "columns": {}, "together": [], "me": "", "reports": False, "no": ""}
    live = {"page": "tickets", "query": {}, "shown": {}, "stamp": 1, "at": 0, "empty": False, "ticket": None}
    page.evaluate("d => draw(d)", {"html": FIRST, "scope": "", "live": live, "table": draw_with_table})
    box = page.locator("a.card").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 60, steps=4)
    push(page, FIRST, SECOND, 2)
    lifted = page.locator(".drawn a.card").count()
    page.mouse.up()

    page.wait_for_function(
        "() => document.querySelector('#host').shadowRoot.querySelectorAll('.drawn a.card').length === 3"
    )
    assert lifted == 2


def test_the_sums_are_those_of_the_server(page: Page) -> None:
    draw(page, html(tuple(replace(card, title="楼道𠮷灯😀 'a'") for card in cards(2))), 1)

    page_html = html(tuple(replace(card, title="楼道𠮷灯😀 'a'") for card in cards(2)))
    assert patches.unpack(asked(page)[-1]["have"]) == tuple(map(zlib.crc32, patches.split(page_html)))
