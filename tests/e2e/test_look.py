"""What every page owes every reader: Chinese words, room on a phone, a name for each control."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.visitors import PHONE, Visitor

Visit = Callable[..., Visitor]
PAGES = [
    ("李敏", "/tickets"),
    ("李敏", "/points"),
    ("李敏", "/me"),
    ("李敏", "/import"),
    ("赵阿姨", "/me"),
    ("管理员 · 管理员", "/settings"),
]
# names of things that have no Chinese name
ENGLISH = re.compile(r"[A-Za-z]{3,}")
ALLOWED = re.compile(
    r"APP|QQ|XLSX|XLS|CSV|UTF|GB18030|PDF|Excel|SQLite|PostgreSQL|LINLI\w*|linli[\w.-]*|python|run\.py|restore|"
    r"backup|demo[\w.-]*|DIR|FILE|zip|data|key|admin|expand_more|keyboard_\w+|[a-z]+(_[a-z0-9]+)+"
)
# what a reader sees: no icon's name, nothing that our styles cover with Chinese words
SEEN = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent || parent.closest('style, script, [data-testid=stIconMaterial]')) continue;
    if (!parent.checkVisibility() || getComputedStyle(parent).fontSize === '0px') continue;
    if (node.textContent.trim()) found.push(node.textContent.trim());
  }
  return found;
}"""
# the names stand where they stood, or are in a menu
FREE = """() => {
  const ends = [...document.querySelectorAll('[data-testid=stTopNavLink]')].map((a) => a.getBoundingClientRect().right);
  return Math.max(0, ...ends) <= document.querySelector('.linli-bar').getBoundingClientRect().left;
}"""
# Streamlit's own: a table's empty corner cell, the uploader's inner button
AXE_ALLOWED = {"empty-table-header", "presentation-role-conflict"}


def settled(who: Visitor, name: str, path: str) -> None:
    who.open(path)  # by way of the login, which leads back
    who.page.get_by_role("button", name=name).click()
    who.page.wait_for_url(f"**{path}")
    expect(who.page.get_by_test_id("stMainBlockContainer")).to_be_visible()
    expect(who.page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(who.page.get_by_text("演示数据").first).to_be_visible()
    who.is_still()


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_nothing_sticks_out_of_a_phone_nor_lies_on_the_names_of_the_pages(visit: Visit, name: str, path: str) -> None:
    who = visit(size=PHONE, has_touch=True, is_mobile=True)
    settled(who, name, path)

    wide = who.page.evaluate("document.documentElement.scrollWidth")

    assert wide <= PHONE["width"]
    for width in (800, 1000, 1110):
        who.page.set_viewport_size({"width": width, "height": 900})
        who.page.wait_for_function(FREE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "path"), PAGES)
def test_no_english_is_on_the_screen_and_axe_finds_nothing_serious(
    visit: Visit, name: str, path: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    who = visit(color_scheme=scheme)
    settled(who, name, path)

    english = {w for w in who.page.evaluate(SEEN) if ENGLISH.search(ALLOWED.sub("", w))}
    assert english == set()
    assert who.page.locator("html").get_attribute("lang") == "zh-CN"

    found = axe.Axe().run(who.page).response["violations"]

    serious = {
        v["id"]: [(n["html"][:160], n["failureSummary"][:200]) for n in v["nodes"][:3]]
        for v in found
        if v["impact"] in ("serious", "critical") and v["id"] not in AXE_ALLOWED
    }
    assert serious == {}
