"""From a figure to the rows behind it and to one ticket of them, as a leader goes; and a tap that narrows all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.e2e.visitors import PHONE, Visitor
from ui.charts import markup
from ui.charts.markup import Face, cards_html

Visit = Callable[..., Visitor]
CSS = Path(markup.__file__).with_name("charts.css")
SLOW = 40_000  # Plotly is a megabyte of script, and other browsers run beside this one


def test_a_leader_goes_from_a_figure_to_its_rows_to_a_ticket(visit: Visit) -> None:
    who = visit("郑主任", at="/charts")
    who.page.locator(".js-plotly-plot .main-svg").nth(7).wait_for(timeout=SLOW)
    who.is_still()
    card = who.page.locator('[data-pick="reported"]:not(#linli-first *)')
    figure = card.locator("b").inner_text()

    card.click()

    expect(who.drawer.get_by_text("算法")).to_be_visible(timeout=SLOW)
    expect(who.drawer.get_by_text(figure, exact=True).first).to_be_visible()
    first = who.drawer.locator("td a").first
    number = first.inner_text()
    with who.page.expect_popup() as opened:
        first.click()
    ticket = opened.value
    ticket.wait_for_url("**/tickets?ticket=*")
    expect(ticket.get_by_role("dialog").get_by_text(number).first).to_be_visible(timeout=SLOW)
    expect(who.drawer.get_by_text("算法"), "the rows are there still").to_be_visible()


def test_a_tap_on_a_grid_narrows_the_whole_page_and_the_address(visit: Visit) -> None:
    who = visit("李敏", at="/charts?charts=辖区")
    marks = who.page.locator(".st-key-chart-rates .scatterlayer .point")
    marks.first.wait_for(timeout=SLOW)
    who.is_still()

    marks.first.click(force=True)

    who.page.wait_for_url("**grid=*", timeout=SLOW)
    expect(who.page.get_by_role("button", name="清除筛选")).to_be_visible()


def test_on_a_phone_what_changed_stands_right_under_each_figure(blank: Any) -> None:
    short, long = (("环比", "+1.2%", "up"),), (("环比", "+9.2 个百分点", "up"), ("同比", "-10.4 个百分点", "down"))
    faces = (Face("a", "解决率", "77.2%", moves=short), Face("b", "满意率", "89.9%", moves=long))
    page = blank.new_page()
    page.set_viewport_size(PHONE)
    page.set_content(f'<style>{CSS.read_text("utf-8")}</style><div class="charts">{cards_html(faces)}</div>')

    tops = page.locator(".moves span").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    page.close()

    assert tops[0] == tops[1] < tops[2]
