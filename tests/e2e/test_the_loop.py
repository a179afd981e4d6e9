"""The whole loop by hand: a closed curtain, its ticket, a volunteer at the door, points with their why, the figures."""

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.e2e.visitors import PHONE, Visitor, not_there

Visit = Callable[..., Visitor]
HD = {"width": 1920, "height": 1080}
WITHIN = 60  # seconds, for everybody together
CLOSED = '[data-pick="closed"]:not(#linli-first *)'


def figure(leader: Visitor) -> int:
    return int(leader.page.locator(CLOSED).locator("b").inner_text().replace(",", ""))


def tile(who: Visitor, elder: str) -> Any:
    return who.page.locator(f'.tile[data-open="{elder}"]:not(#linli-first *)')


def look(desk: Visitor, elder: str, words: str) -> None:
    desk.open(f"/checkins?elder={elder}")
    desk.page.get_by_role("radio", name=words, exact=True).click()
    desk.page.get_by_role("button", name="记下来").click()


def claim(volunteer: Visitor, ticket: str) -> None:
    volunteer.open("/me?show=help")
    volunteer.page.locator(f".st-key-ask-{ticket} button").tap()
    volunteer.page.get_by_role("button", name="确定，我去帮忙").tap()
    volunteer.sees("交给您了")


def visited(volunteer: Visitor, ticket: str) -> None:
    volunteer.open("/me?show=doing")
    volunteer.page.locator(f".st-key-ask-{ticket} button").tap()
    volunteer.page.get_by_label("怎么办的").fill("见到本人，在家平安")
    volunteer.page.get_by_role("button", name="确定办好了").tap()
    volunteer.sees("办好了，谢谢您")


def end(desk: Visitor, elder: str) -> None:
    tile(desk, elder).click()
    desk.press("结案")
    for words in ("在家平安", "见到本人"):
        desk.drawer.get_by_role("radio", name=words, exact=True).click()
    desk.press("确定结案")


def pay(secretary: Visitor) -> None:
    secretary.open("/points?part=待核")
    secretary.page.get_by_role("radio", name=re.compile("^待入账")).click()
    secretary.page.get_by_role("button", name=re.compile("^批量入账")).click()
    secretary.page.get_by_role("button", name="确定入账").click()
    secretary.sees("已入账")
    expect(secretary.drawer, "all of them").to_have_count(0)


def test_one_look_becomes_a_visit_points_and_a_figure_on_every_page_within_a_minute(
    visit: Visit, waiting: tuple[str, str]
) -> None:
    elder, code = waiting
    desk, watching, leader = visit("李敏", at="/checkins"), visit("李敏"), visit("郑主任", HD)
    secretary, volunteer = visit("周书记"), visit("赵阿姨", PHONE, has_touch=True, is_mobile=True)
    expect(tile(desk, elder)).to_have_class(re.compile("waiting"))
    watching.page.locator(".card:not(#linli-first *)").first.wait_for()
    for who in (desk, watching):
        who.is_still()
        who.page.evaluate("() => { window.stayed = true }")
    leader.open("/charts?charts=时段")
    closed = figure(leader)
    leader.open("/wall")
    still_open = leader.page.locator('[data-code="open"] b')
    before = int(still_open.inner_text())
    began = time.monotonic()

    look(secretary, elder, not_there())
    expect(tile(desk, elder)).to_have_class(re.compile("alarm"))
    # among the done ones may be an alert of another day
    card = watching.page.locator('[data-col="todo"] .card:not(#linli-first *)').filter(has_text=code)
    expect(card).to_be_visible()
    ticket = card.get_attribute("data-open")
    expect(still_open).to_have_text(str(before + 1))

    claim(volunteer, ticket)
    expect(tile(desk, elder)).to_have_class(re.compile("taken"))
    visited(volunteer, ticket)
    end(desk, elder)
    expect(tile(desk, elder)).to_have_class(re.compile("ok"))
    expect(still_open).to_have_text(str(before))

    pay(secretary)
    volunteer.open("/me?show=lines")
    line = volunteer.page.locator(".linli-lines article").filter(has_text="上门查看").first
    expect(line).to_contain_text("+2 分")
    expect(line).to_contain_text("为什么是2分")

    leader.open("/charts?charts=时段")
    assert figure(leader) == closed + 1
    leader.page.locator(CLOSED).click()
    with leader.page.context.expect_page() as opened:
        leader.drawer.locator(f'td a[href*="{ticket}"]').click()
    opened.value.wait_for_url(f"**/tickets?ticket={ticket}")
    expect(opened.value.get_by_role("dialog")).to_contain_text(code)

    assert time.monotonic() - began <= WITHIN
    assert all(who.page.evaluate("() => window.stayed") for who in (desk, watching)), "nobody reloaded"
