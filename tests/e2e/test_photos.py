"""A photo from a telephone, from the choice of the file to the large picture, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.visitors import DESK, PHONE, Visitor
from tests.pictures import drawn, encoded, with_exif

Visit = Callable[..., Visitor]


def open_ticket(visit: Visit, title: str, size: dict[str, int] = DESK) -> Visitor:
    """Open the drawer of the ticket with this title from the board."""
    who = visit("李敏", size, at=f"/tickets?text={title}")
    card = who.page.get_by_text(title).locator("visible=true").first
    expect(card).to_be_visible()
    who.is_still()
    card.click()
    expect(who.drawer.get_by_role("heading", name=title)).to_be_visible()
    return who


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_photo_is_added_seen_small_and_opened_large(visit: Visit, size: dict[str, int]) -> None:
    who = open_ticket(visit, "单元门禁失灵，老人进不去", size)
    thumbnails = who.drawer.locator(".linli-photos img")
    expect(thumbnails.first).to_be_visible()  # the demo's own
    before = thumbnails.count()
    who.is_still()

    who.drawer.get_by_text("添加照片").click()
    chooser = who.drawer.locator("[class*=st-key-photos-] input[type=file]")
    expect(chooser).to_have_attribute("accept", "image/jpeg,image/png,image/webp")
    chooser.set_input_files([{"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": with_exif()}])
    expect(who.drawer.get_by_text("IMG_1.jpg")).to_be_visible()
    who.is_still()  # the file has arrived
    who.press("保存照片")

    who.sees("已添加 1 张照片")
    expect(thumbnails).to_have_count(before + 1)
    alt = thumbnails.last.get_attribute("alt")
    assert alt and re.fullmatch(r"处理后照片 \d，\d+月\d+日 \d+:\d\d", alt)
    thumbnails.last.scroll_into_view_if_needed()
    who.page.wait_for_function("e => e.complete && e.naturalWidth > 0", arg=thumbnails.last.element_handle())
    assert who.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with who.page.context.expect_page() as opened:
        who.drawer.locator(".linli-photos a").last.click()
    large = opened.value
    large.wait_for_load_state()
    assert large.evaluate("document.images[0].naturalWidth") == 300  # turned upright
    expect(who.drawer.locator(".linli-photos")).to_be_visible()


def test_the_work_is_done_with_its_photo_on_a_telephone(visit: Visit) -> None:
    who = open_ticket(visit, "夜间装修", PHONE)
    who.is_still()
    who.press("处理完成")
    form = who.drawer.get_by_test_id("stForm").filter(has_text="怎么处理的")
    form.get_by_label("怎么处理的（居民回访时会听到）").fill("已上门劝停")

    picture = {"name": "IMG_2.png", "mimeType": "image/png", "buffer": encoded(drawn(), "PNG")}
    form.locator("input[type=file]").set_input_files([picture])
    expect(form.get_by_text("IMG_2.png")).to_be_visible()
    who.is_still()
    who.press("确定处理完成")

    expect(who.drawer.locator(".linli-photos h3")).to_have_text("处理后（1）")


def test_what_is_no_photo_is_refused_in_chinese(visit: Visit) -> None:
    who = open_ticket(visit, "单元门禁失灵，老人进不去")
    who.is_still()
    who.drawer.get_by_text("添加照片").click()

    page = {"name": "IMG_3.jpg", "mimeType": "image/jpeg", "buffer": b"<html><script>alert(1)</script>"}
    who.drawer.locator("[class*=st-key-photos-] input[type=file]").set_input_files([page])
    expect(who.drawer.get_by_text("IMG_3.jpg")).to_be_visible()
    who.is_still()  # the file has arrived
    who.press("保存照片")

    who.sees("这不是 JPG、PNG 或 WebP 照片，请换一张。")
