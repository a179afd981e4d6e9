"""积分台账 at a browser: an account with its source, a code at the till, a batch, and every part on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.test_look import ALLOWED, AXE_ALLOWED, ENGLISH, SEEN
from tests.e2e.visitors import PHONE, Visitor

Visit = Callable[..., Visitor]
PARTS = (
    "余额",
    "待核",
    "兑换台",
    "兑换台&till=代为兑换",
    "兑换台&till=商品",
    "本月",
    "规则",
)


def go(visit: Visit, name: str, part: str) -> Visitor:
    who = visit(name, at=f"/points?part={part}")
    expect(who.page.get_by_role("heading", name="积分台账")).to_be_visible()
    expect(who.page.get_by_test_id("stStatusWidget")).to_have_count(0)
    who.is_still()
    return who


def pick(who: Visitor, row: int) -> None:
    """Choose a row of the table by the box at its start."""
    table = who.page.get_by_test_id("stDataFrame").locator(".dvn-scroller").first
    table.click(position={"x": 16, "y": 18 + 35 * row})


def test_an_account_opens_from_its_row_and_the_link_shows_it_to_a_colleague(visit: Visit) -> None:
    who = go(visit, "李敏", "余额")
    pick(who, 1)
    expect(who.page).to_have_url(re.compile("account="))
    who.sees("期末结余")
    who.is_still()
    pick(who, 1)
    who.sees("记账")
    link = who.path

    other = visit("周书记", at=link)

    other.sees("期末结余")
    with other.page.expect_download() as slip:
        other.page.get_by_role("button", name="余额条").click()
    assert slip.value.suggested_filename.startswith("余额条-")


def test_what_is_redeemed_at_the_desk_is_handed_over_by_its_code(visit: Visit) -> None:
    who = go(visit, "李敏", "兑换台&till=代为兑换")
    who.page.get_by_label("谁").fill("赵阿姨")
    who.page.keyboard.press("Enter")
    who.sees("可用")
    who.page.get_by_label("换什么").click()
    who.page.get_by_role("option").first.click()
    who.page.get_by_role("button", name=re.compile("^兑换 ")).click()
    who.page.get_by_role("button", name="确定换").dblclick()
    told = who.page.get_by_text(re.compile(r"领取码 \d{6}$")).first
    expect(told).to_be_visible()
    code = told.inner_text()[-6:]

    till = go(visit, "周书记", "兑换台")
    till.page.get_by_label("领取码").fill(code)
    till.page.get_by_role("button", name="查找").click()
    till.press("交付")

    till.sees("已交付")
    expect(till.drawer).to_have_count(0)


def test_the_verified_are_confirmed_together_once(visit: Visit) -> None:
    who = go(visit, "李敏", "待核")
    who.page.get_by_role("radio", name=re.compile("^待入账")).click()
    who.page.get_by_role("button", name=re.compile("^批量入账")).click()
    who.page.get_by_role("button", name="确定入账").dblclick()

    who.sees("已入账")

    expect(who.drawer).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_part_fits_a_phone_in_chinese_and_axe_finds_nothing_serious(visit: Visit, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    who = visit("周书记", PHONE, has_touch=True, is_mobile=True, color_scheme=scheme)

    found: dict[str, object] = {}
    who.page.wait_for_url(re.compile("/tickets"))
    for part in PARTS:
        who.open(f"/points?part={part}")
        expect(who.page.get_by_role("heading", name="积分台账")).to_be_visible()
        expect(who.page.get_by_test_id("stStatusWidget")).to_have_count(0)
        who.is_still()
        wide = who.page.evaluate("document.documentElement.scrollWidth")
        english = {word for word in who.page.evaluate(SEEN) if ENGLISH.search(ALLOWED.sub("", word))}
        serious = [
            (v["id"], v["nodes"][0]["html"][:200])
            for v in axe.Axe().run(who.page).response["violations"]
            if v["impact"] in ("serious", "critical") and v["id"] not in AXE_ALLOWED
        ]
        english -= {"info"}  # the name of a notice's icon
        if wide > PHONE["width"] or english or serious:
            found[part] = (wide, english, serious)

    assert found == {}
