"""The board laid out as table and calendar, by a person at a browser; a link shows the same to a colleague."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.visitors import PHONE, Visitor

Visit = Callable[..., Visitor]


def lay_out(who: Visitor, name: str) -> None:
    who.page.get_by_role("radio", name=name).click()


def test_a_ticket_opens_from_the_calendar_and_the_link_shows_it_to_a_colleague(visit: Visit) -> None:
    who = visit("李敏")
    who.sees("待处理")
    lay_out(who, "日历")
    day = who.page.locator(".day:not(.none)").last
    day.click()
    expect(day).to_have_attribute("aria-pressed", "true")
    card = who.page.locator(".cal .card").first
    number = card.locator(".n").inner_text().split(" ")[0]

    link = who.path
    card.click()

    expect(who.drawer.get_by_text(number).first).to_be_visible()
    other = visit("周书记", at=link)
    expect(other.page.locator(".cal .card .n", has_text=number)).to_be_visible()


def test_a_row_of_the_table_opens_its_ticket_again_and_again(visit: Visit) -> None:
    who = visit("李敏")
    who.sees("待处理")
    lay_out(who, "表格")
    table = who.page.get_by_test_id("stDataFrame").locator(".dvn-scroller")
    expect(table).to_be_visible()
    who.is_still()

    for across in (30, 30, 260):
        table.click(position={"x": across, "y": 60})
        expect(who.drawer).to_be_visible()
        assert re.search("ticket=", who.page.url)
        who.page.keyboard.press("Escape")
        expect(who.drawer).to_have_count(0)
        who.is_still()


def test_a_view_is_saved_opened_and_deleted_on_a_phone(visit: Visit) -> None:
    who = visit("李敏", PHONE, at="/tickets?grade=fast&hide=done", has_touch=True, is_mobile=True)
    menu = who.page.locator(".st-key-view-menu button").first
    menu.tap()
    who.page.get_by_label("名称").fill("紧急的")
    who.page.get_by_role("button", name="保存视图").tap()
    expect(menu).to_contain_text("紧急的")
    expect(who.page).to_have_url(re.compile("view="))

    who.page.reload()
    expect(menu).to_contain_text("紧急的")
    expect(who.page.locator('[data-col="done"]').first).to_have_count(0)
    menu.tap()
    who.page.get_by_role("button", name="删除视图").tap()
    who.page.get_by_role("button", name="确定删除").tap()

    expect(menu).to_have_text(re.compile("视图"))
    expect(who.page).not_to_have_url(re.compile("view="))
