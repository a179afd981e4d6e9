"""Working at the board in a real browser: mouse, keyboard, several cards, a phone."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.desk import Desk
from tests.e2e.visitors import PHONE, Visitor

Visit = Callable[..., Visitor]
TODO, DOING, DONE = '[data-col="todo"]', '[data-col="doing"]', '[data-col="done"]'


@pytest.fixture
def at_board(visit: Visit, desk: Desk) -> Callable[..., Visitor]:
    """Stand before a board that is narrowed to tickets just reported, by a text that no other has."""

    def stand(text: str, *titles: str, **options: Any) -> Visitor:
        for title in titles or (text,):
            desk.report(title, f"小区{title}处")
        who = visit("李敏", at=f"/tickets?text={text}", **options)
        who.page.wait_for_selector(".dots")
        who.is_still()
        return who

    return stand


def card(who: Visitor, title: str, column: str = "") -> Any:
    return who.page.locator(f"{column} a.card", has_text=title)


def drag(page: Page, source: Any, target: Any, *, drop: bool = True) -> None:
    start, end = source.bounding_box(), target.bounding_box()
    page.mouse.move(start["x"] + 40, start["y"] + 30)
    page.mouse.down()
    page.mouse.move(end["x"] + 90, end["y"] + 120, steps=6)
    if drop:
        page.mouse.up()


def test_a_card_is_dragged_to_be_dispatched_and_taken_back(at_board: Visit) -> None:
    who = at_board("拖动派单")

    drag(who.page, card(who, "拖动派单"), who.page.locator(DOING))
    expect(card(who, "拖动派单", DOING)).to_have_attribute("aria-busy", "true")
    who.press("确定受理并派单")
    who.sees("已派单")
    expect(card(who, "拖动派单", DOING)).not_to_have_attribute("aria-busy", "true")
    who.page.get_by_role("button", name="撤回派单").click()

    expect(card(who, "拖动派单", TODO)).to_be_visible()
    who.sees("已撤回派单")


def test_a_form_given_up_puts_the_card_back(at_board: Visit) -> None:
    who = at_board("先不派了")

    drag(who.page, card(who, "先不派了"), who.page.locator(DOING))
    who.press("先不了")

    expect(who.drawer).to_have_count(0)
    expect(card(who, "先不派了", TODO)).to_be_visible()
    expect(card(who, "先不派了", TODO)).not_to_have_attribute("aria-busy", "true")


def test_a_column_that_is_not_allowed_dims_says_why_and_keeps_nothing(at_board: Visit) -> None:
    who = at_board("不能直接办结")

    drag(who.page, card(who, "不能直接办结"), who.page.locator(DONE), drop=False)
    expect(who.page.locator(f"{DOING}.yes")).to_have_count(1)
    expect(who.page.locator(f"{DONE}.no.over")).to_have_attribute("data-why", re.compile("还没有派单"))
    who.page.mouse.up()

    expect(who.page.locator(".snack")).to_contain_text("还没有派单")
    expect(who.page.get_by_role("status").filter(has_text="还没有派单")).to_have_count(1)
    expect(card(who, "不能直接办结", TODO)).to_be_visible()
    expect(who.drawer).to_have_count(0)


def test_escape_ends_a_drag_and_opens_nothing(at_board: Visit) -> None:
    who = at_board("拖到一半")

    drag(who.page, card(who, "拖到一半"), who.page.locator(DOING), drop=False)
    who.page.keyboard.press("Escape")
    expect(who.page.locator(".ghost")).to_have_count(0)
    who.page.mouse.up()
    who.is_still()

    expect(card(who, "拖到一半", TODO)).to_be_visible()
    expect(who.drawer).to_have_count(0)


def test_everything_by_keyboard(at_board: Visit) -> None:
    who = at_board("只用键盘")
    page = who.page

    card(who, "只用键盘").focus()
    page.keyboard.press("m")
    expect(page.get_by_role("menuitem", name="受理", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(card(who, "只用键盘")).to_be_focused()
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    who.sees("已受理")
    expect(card(who, "只用键盘")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="键盘操作")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_placeholder("按回车查编号、地址")).to_be_focused()
    page.keyboard.type("n?")  # typing is typing
    expect(who.drawer).to_have_count(0)
    page.keyboard.press("Escape")
    card(who, "只用键盘").focus()
    page.keyboard.press("n")

    expect(who.drawer.get_by_label("什么事")).to_be_visible()


def test_three_are_chosen_and_dispatched_together(at_board: Visit) -> None:
    who = at_board("zq", "路灯不亮zq", "井盖响zq", "喷泉漏水zq")
    page = who.page

    page.locator(f"{TODO} a.card").first.focus()
    page.keyboard.press("x")
    page.locator(f"{TODO} li").nth(2).hover()
    page.locator(f"{TODO} .tick").nth(2).click(modifiers=["Shift"])
    expect(page.locator(".together")).to_contain_text("已选 3 件")
    page.locator(".together").get_by_role("button", name="派单").click()
    who.drawer.get_by_label("派给谁").first.click()
    page.get_by_role("option").first.click()
    who.press("派单 3 件")

    who.sees("已派单 3 件")
    expect(page.locator(f"{DOING} a.card")).to_have_count(3)
    expect(page.locator(".together")).to_have_count(0)


def test_on_a_phone_the_menu_is_a_sheet_with_room_for_a_thumb(at_board: Visit) -> None:
    who = at_board("手机上受理", size=PHONE, has_touch=True, is_mobile=True)
    page = who.page

    dots = page.locator(".dots:visible").first
    assert min(dots.bounding_box()[side] for side in ("width", "height")) >= 44
    dots.tap()
    sheet = page.get_by_role("menu")
    box = sheet.bounding_box()
    small = [b for b in sheet.get_by_role("menuitem").evaluate_all("all => all.map(b => b.offsetHeight)") if b < 44]
    page.get_by_role("menuitem", name="受理", exact=True).tap()
    who.sees("已受理")

    assert (round(box["x"]), round(box["width"])) == (0, PHONE["width"])
    assert round(box["y"] + box["height"]) == PHONE["height"]
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_what_a_hand_opens(visit: Visit, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    who = visit("李敏", at="/tickets?hide=done", color_scheme=scheme)  # the whole board is in test_look
    who.page.wait_for_selector(".dots")
    who.is_still()
    page = who.page

    found = {}
    page.locator(f"{TODO} a.card").nth(0).focus()
    page.keyboard.press("x")
    drag(page, page.locator(f"{DOING} a.card").first, page.locator(TODO))
    for name, key in (("chosen and told", ""), ("menu", "m"), ("help", "?")):
        if key:
            page.locator(f"{DOING} a.card").first.focus()
            page.keyboard.press(key)
        violations = axe.Axe().run(page).response["violations"]
        bad = [v for v in violations if v["impact"] in ("serious", "critical")]
        found[name] = {v["id"]: [n["html"][:160] + n["failureSummary"][:200] for n in v["nodes"][:3]] for v in bad}
        page.keyboard.press("Escape")

    assert not any(found.values()), json.dumps(found, ensure_ascii=False, indent=1)


def test_the_keyboard_goes_on_at_the_card_whose_drawer_was_closed(visit: Visit) -> None:
    who = visit("李敏")
    who.page.wait_for_selector(".dots")
    who.is_still()
    opened = who.page.locator(f"{DOING} a.card").nth(1)
    opened.focus()

    who.page.keyboard.press("Enter")
    expect(who.drawer).to_be_visible()
    who.page.keyboard.press("Escape")

    expect(who.drawer).to_have_count(0)
    expect(opened).to_be_focused()
