"""The board's own script in a real browser, without a server: keys, focus, scroll, what lights up."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, Page

from domain.access import Actor, Grant, Role
from domain.areas import Level
from domain.board import Board, BoardColumn, Card, Figures
from domain.tickets import Column
from tests.ui.test_markup import CARD, NOW
from ui.board import markup
from ui.board.table import table

GRANT = Grant(Role.COORDINATOR, UUID(int=1), "/", Level.COMMUNITY, frozenset())
TABLE = table(Actor(UUID(int=1), "", grants=(GRANT,)))
HERE = Path(markup.__file__).parent
SCRIPTS = "\n".join((HERE / name).read_text("utf-8") for name in ("board.js", "moves.js", "live.js"))
MOUNT = """async (js) => {
  const root = document.querySelector('#host').attachShadow({mode: 'open'});
  const style = document.createElement('style');
  style.textContent = window.boardCss;
  root.appendChild(style);
  const {default: render} = await import(URL.createObjectURL(new Blob([js], {type: 'text/javascript'})));
  window.sent = [];
  const setTriggerValue = (name, value) => sent.push([name, value]);
  window.draw = (data) => render({parentElement: root, data, setTriggerValue});
}"""


def cards(count: int, first: int = 1) -> tuple[Card, ...]:
    return tuple(replace(CARD, id=UUID(int=n), title=f"第{n}件") for n in range(first, first + count))


def html(todo: tuple[Card, ...], doing: tuple[Card, ...] = (), rest: int = 0) -> str:
    columns = (BoardColumn(Column.TODO, len(todo) + rest, todo), BoardColumn(Column.DOING, len(doing), doing))
    return markup.board_html(Board(columns, Figures(0, 0, 0, 0), NOW))


@pytest.fixture
def page(blank: BrowserContext) -> Iterator[Page]:
    page = blank.new_page()
    page.set_content('<!doctype html><html lang="zh-CN"><body><div id="host"></div>')
    page.evaluate("css => { window.boardCss = css }", (HERE / "board.css").read_text("utf-8"))
    page.evaluate(MOUNT, SCRIPTS)
    yield page
    page.close()


def draw(page: Page, body: str, scope: str = "", **more: object) -> None:
    page.evaluate("data => draw(data)", {"html": body, "scope": scope} | more)


def sent(page: Page) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(page.evaluate("JSON.stringify(sent)"))
    return found


def order(page: Page, column: str) -> list[int]:
    found = page.locator(f'[data-col="{column}"] a.card').evaluate_all("all => all.map(card => card.dataset.open)")
    return [UUID(ticket).int for ticket in found]


def focused(page: Page) -> int:
    found = page.evaluate("document.querySelector('#host').shadowRoot.activeElement?.dataset.open")
    return UUID(found).int if found else 0


def test_a_click_enter_and_space_open_the_ticket(page: Page) -> None:
    draw(page, html(cards(2)))

    page.locator("a.card").first.click()
    page.locator("a.card").nth(1).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")

    assert [UUID(ticket).int for name, ticket in sent(page) if name == "opened"] == [1, 2, 2]


def test_arrows_move_in_a_column_and_across(page: Page) -> None:
    draw(page, html(cards(3), cards(2, first=11)))
    page.locator("a.card").first.focus()

    steps = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        steps.append(focused(page))

    assert steps == [2, 3, 3, 12, 11, 1, 1]


def test_up_and_down_lead_into_the_cards_unless_somebody_types_chooses_or_reads_a_dialog(page: Page) -> None:
    draw(page, html((), cards(3)), table=TABLE)
    elsewhere = "<input><textarea></textarea><button role=radio></button><dialog open><button></button></dialog>"
    page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", elsewhere)
    for there in ("input", "textarea", "[role=radio]", "dialog button"):
        page.locator(there).first.focus()
        page.keyboard.press("ArrowDown")
        assert focused(page) == 0, there
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+ArrowDown")
    assert focused(page) == 0

    page.keyboard.press("ArrowDown")
    assert focused(page) == 1
    page.locator(".tick").nth(2).focus()
    page.keyboard.press("ArrowUp")
    assert focused(page) == 3


def test_an_update_keeps_focus_and_scroll_and_lights_what_changed(page: Page) -> None:
    before = cards(20)
    draw(page, html(before))
    page.locator('[data-col="todo"] .list').evaluate("list => { list.scrollTop = 150 }")
    page.locator("a.card").nth(2).evaluate("card => card.focus({preventScroll: true})")

    draw(page, html((*before[:4], replace(before[4], version=9), *before[5:], *cards(1, first=99))))

    assert page.locator('[data-col="todo"] .list').evaluate("list => list.scrollTop") == 150
    assert focused(page) == 3
    moved = page.locator("a.card.moved").evaluate_all("cards => cards.map(card => card.dataset.open)")
    assert [UUID(ticket).int for ticket in moved] == [5, 99]


LIT = "all => all.filter(head => head.getAnimations().length).map(head => head.textContent.split(' ')[0])"


def test_what_changed_out_of_sight_lights_up_its_columns_name_and_nothing_else_does(page: Page) -> None:
    todo, doing = cards(20), cards(2, first=30)
    draw(page, html(todo, doing))
    draw(page, html(todo, (replace(doing[0], version=9), doing[1])))
    assert page.locator(".col h3").evaluate_all(LIT) == []

    draw(page, html((*todo[:-1], replace(todo[-1], version=9)), doing))

    assert page.locator(".col h3").evaluate_all(LIT) == ["待处理"]
    page.set_viewport_size({"width": 390, "height": 844})
    draw(page, html(todo[:-1], (*doing, replace(todo[-1], version=10))))
    assert page.locator('[data-tab="doing"]').evaluate_all(LIT) == ["处理中3"]


def test_what_streamlit_names_in_english_a_screen_reader_says_in_chinese(page: Page) -> None:
    draw(page, html(cards(1)))

    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button aria-label=Close>x</button>')")

    page.get_by_role("button", name="关闭", exact=True).wait_for()


def test_what_another_filter_brings_in_does_not_light_up(page: Page) -> None:
    draw(page, html(cards(3)), scope="all")

    draw(page, html(cards(3, first=11)), scope="late")

    assert page.locator("a.card.moved").count() == 0


def test_more_is_asked_for_by_column(page: Page) -> None:
    draw(page, html(cards(40), rest=5))

    page.get_by_role("button", name="显示更多").click()

    assert sent(page)[0] == ["more", "todo"]


def test_the_rest_of_a_column_is_asked_for_once_a_drawing_as_it_comes_into_view(page: Page) -> None:
    draw(page, html(cards(40), rest=5), table=TABLE)
    page.wait_for_timeout(100)
    assert sent(page) == []

    scroll = "list => { list.scrollTop = list.scrollHeight }"
    for _ in range(3):
        page.locator('[data-col="todo"] .list').evaluate(scroll)
        page.wait_for_function("sent.length > 0")
        page.locator('[data-col="todo"] .list').evaluate("list => { list.scrollTop = 0 }")

    assert sent(page) == [["more", "todo"]]


def test_a_move_waits_in_its_new_column_over_updates_until_it_is_answered(page: Page) -> None:
    held = html(cards(3), cards(1, first=11))
    draw(page, held, table=TABLE)
    page.locator("a.card").nth(1).focus()
    page.keyboard.press("m")
    page.get_by_role("menuitem", name="派单").click()
    ((name, moved),) = sent(page)

    draw(page, html(cards(4), cards(1, first=11)), table=TABLE)
    waiting = page.locator('[data-col="doing"] a.card[aria-busy]')
    assert (name, moved["do"], moved["version"], waiting.count()) == ("moved", "dispatch", 3, 1)
    answer = {"nonce": moved["nonce"], "words": "已被别人派单", "bad": True}
    draw(page, html(cards(4), cards(1, first=11)), table=TABLE, answer=answer)

    assert page.locator("[aria-busy]").count() == 0
    assert order(page, "todo") == [1, 2, 3, 4]
    assert page.locator(".snack").inner_text().startswith("已被别人派单")
    assert focused(page) == 2


def test_the_keyboard_is_back_at_the_card_after_the_form_of_its_move_and_after_its_word(page: Page) -> None:
    draw(page, html(cards(2)), table=TABLE)
    page.locator("a.card").nth(1).focus()
    page.keyboard.press("m")
    page.get_by_role("menuitem", name="派单").click()
    ((_, moved),) = sent(page)
    draw(page, html(cards(2)), table=TABLE, answer={"nonce": moved["nonce"], "words": "", "asks": True})
    form = "<div role=dialog><input autofocus></div>"
    page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", form)
    page.locator("input:not(.tick)").focus()

    there = (replace(cards(1, first=2)[0], version=4),)
    undo = {"ticket": str(there[0].id), "do": "recall", "to": "todo", "label": "撤回派单"}
    answer = {"nonce": moved["nonce"], "words": "已派单", "undo": undo}
    draw(page, html(cards(1), there), table=TABLE, answer=answer)
    page.evaluate("document.querySelector('[role=dialog]').remove()")

    page.wait_for_function("document.querySelector('#host').shadowRoot.activeElement?.dataset.open")
    assert (focused(page), order(page, "doing")) == (2, [2])
    page.get_by_role("button", name="知道了").click()
    assert focused(page) == 2


def test_what_is_chosen_stays_chosen_over_updates_and_is_sent_as_seen(page: Page) -> None:
    draw(page, html(cards(4)), table=TABLE)
    page.locator("a.card").first.focus()
    page.keyboard.press("x")
    page.locator(".tick").nth(2).click(modifiers=["Shift"])

    draw(page, html(cards(2), cards(2, first=3)), table=TABLE)  # two of them moved on
    page.locator(".together").get_by_role("button", name="派单").click()

    ((name, chosen),) = sent(page)
    assert (name, chosen["do"]) == ("chosen", "dispatch")
    assert [(UUID(ticket).int, version) for ticket, version in chosen["cards"]] == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("found_by", ["us", "the telephone"])
def test_a_long_press_chooses_a_card_and_the_end_of_it_does_nothing(page: Page, found_by: str) -> None:
    draw(page, html(cards(2)), table=TABLE)
    touch: dict[str, object] = {"pointerType": "touch", "bubbles": True, "composed": True, "cancelable": True}
    card = page.locator("a.card").first
    card.dispatch_event("pointerdown", touch)
    if found_by == "the telephone":
        assert not card.evaluate("(card, init) => card.dispatchEvent(new PointerEvent('contextmenu', init))", touch)
    page.wait_for_selector(".together")

    page.evaluate(
        """init => { const card = document.querySelector('#host').shadowRoot.querySelector('a.card');
        for (const name of ['pointerup', 'click']) card.dispatchEvent(new PointerEvent(name, init)); }""",
        touch,
    )

    assert page.locator(".together b").inner_text() == "已选 1 件"
    assert sent(page) == []


def test_keys_are_silent_while_somebody_types(page: Page) -> None:
    draw(page, html(cards(1)), table=TABLE)
    page.evaluate("document.body.appendChild(document.createElement('input')).focus()")

    page.keyboard.type("n?")
    assert sent(page) == []
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")

    assert sent(page) == [["picked", "new"]]


def test_a_phone_shows_one_column_and_keeps_it_over_updates(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    draw(page, html(cards(2), cards(1, first=11)))
    assert page.locator("a.card:visible").count() == 2

    page.get_by_role("tab", name="处理中").click()
    draw(page, html(cards(3), cards(1, first=11)))

    assert page.locator("a.card:visible").count() == 1
    assert page.get_by_role("tab", name="处理中").get_attribute("aria-selected") == "true"
    assert page.get_by_role("tab", name="处理中").evaluate("tab => tab.offsetHeight") >= 44


def test_a_dark_ground_gets_the_dark_tokens(page: Page) -> None:
    page.evaluate("document.querySelector('#host').style.setProperty('--st-background-color', '#0f1d23')")
    draw(page, html(cards(1)))

    assert page.locator(".linli[data-dark]").count() == 1
