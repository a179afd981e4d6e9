"""A volunteer of 68 on a phone: points, a code in three taps, all of it large enough."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.visitors import PHONE, Visitor

Visit = Callable[..., Visitor]
SMALL = """() => [...document.querySelectorAll('.st-key-large *')].filter(e => e.checkVisibility()
  && !e.closest('style, [data-testid=stIconMaterial]')
  && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
  && parseFloat(getComputedStyle(e).fontSize) < 18).map(e => e.textContent.slice(0, 30))"""
LOW = """() => [...document.querySelectorAll('.st-key-large button, .st-key-large summary')]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 56).map(e => e.textContent)"""


def phone(visit: Visit, **options: object) -> Visitor:
    return visit("赵阿姨", PHONE, has_touch=True, is_mobile=True, **options)


@pytest.mark.parametrize("part", ["", "lines", "shop", "orders", "help"])
def test_everything_can_be_read_and_met_by_a_thumb(visit: Visit, part: str) -> None:
    who = phone(visit, at=f"/me?show={part}")
    expect(who.page.locator(".st-key-large button").first).to_be_visible()
    who.is_still()

    assert who.page.evaluate(SMALL) == []
    assert who.page.evaluate(LOW) == []
    assert who.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("part", ["lines", "orders"])
def test_axe_finds_nothing_serious(visit: Visit, part: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    who = phone(visit, at=f"/me?show={part}", color_scheme=scheme)
    expect(who.page.locator(".linli-lines, .linli-code").first).to_be_visible()
    who.is_still()

    found = axe.Axe().run(who.page).response["violations"]

    assert {v["id"] for v in found if v["impact"] in ("serious", "critical")} == set()


def test_three_taps_bring_the_code_and_the_way_back_brings_the_points(visit: Visit) -> None:
    who = phone(visit)
    who.page.get_by_role("button", name="看领取码").tap()
    who.page.get_by_role("button", name="看看能换什么").tap()
    who.page.get_by_role("button", name=re.compile("香皂2块")).tap()
    who.page.get_by_role("button", name="确定换，用 5 分").tap()

    code = who.page.locator(".linli-code").filter(has_text="香皂2块")
    expect(code).to_contain_text(re.compile(r"\d{3} \d{3}"))
    assert who.page.evaluate("document.querySelector('.linli-code img').naturalWidth") > 0

    who.page.get_by_role("button", name="不换了").first.tap()
    who.page.get_by_role("button", name="确定不换，退回 5 分").tap()
    expect(code).to_have_count(0)


def test_a_part_opens_at_its_top_however_far_one_had_scrolled(visit: Visit) -> None:
    who = phone(visit)
    way = who.page.get_by_role("button", name="我的明细")
    expect(way).to_be_visible()
    who.is_still()
    who.page.evaluate("""() => { const main = document.querySelector('[data-testid="stMain"]');
      main.scrollTo(0, main.scrollHeight); }""")
    way.tap()

    heading = who.page.get_by_role("heading", name="我的明细")
    expect(heading).to_be_visible()
    who.is_still()
    expect(heading).to_be_in_viewport()
    assert who.page.evaluate("""document.querySelector('[data-testid="stMain"]').scrollTop""") == 0


def test_a_line_opens_to_say_why(visit: Visit) -> None:
    who = phone(visit)
    who.page.get_by_role("button", name="我的明细").tap()

    who.page.locator("summary", has_text="为什么是").first.tap()

    expect(who.page.locator("details[open] p").first).to_contain_text("规则")
