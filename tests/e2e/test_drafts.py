"""What was typed into 登记 is there again after the browser, or the server, has gone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.visitors import DESK, PHONE, Server, Visitor, free_port

Visit = Callable[..., Visitor]
SLOW = 20_000  # a cold page on a busy machine
TYPED = {"谁反映的": "何婆婆", "什么事": "雨棚漏水滴到窗台", "在哪里": "5号楼1单元"}


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "linli-data", free_port())
    one.start()
    yield one
    one.stop()


def begin(who: Visitor) -> None:
    who.open("/tickets?new=1")
    expect(who.drawer.get_by_label("什么事")).to_be_visible(timeout=SLOW)
    who.is_still()


def begin_by_button(who: Visitor) -> None:
    who.sees("待处理")
    who.is_still()
    who.page.get_by_role("button", name="登记诉求").click()
    expect(who.drawer.get_by_label("什么事")).to_be_visible(timeout=SLOW)
    who.is_still()


def fill(who: Visitor) -> None:
    for label, text in TYPED.items():
        who.drawer.get_by_label(label).fill(text)
    who.page.keyboard.press("Tab")
    who.is_still()


def finds_it_again(who: Visitor) -> None:
    expect(who.drawer.get_by_text("没登记完的内容")).to_be_visible(timeout=SLOW)
    for label, text in TYPED.items():
        expect(who.drawer.get_by_label(label)).to_have_value(text)


def test_a_form_outlives_a_killed_server_and_a_closed_browser(visit: Visit, own_server: Server) -> None:
    who = visit()
    who.server = own_server
    who.log_in("李敏")
    begin(who)
    fill(who)

    assert own_server.process
    own_server.process.kill()
    own_server.process.wait(20)
    own_server.start()

    who.open("/tickets?new=1")
    finds_it_again(who)
    another = visit()
    another.server = own_server
    another.log_in("李敏")
    begin(another)
    finds_it_again(another)
    another.press("登记")
    expect(another.drawer.get_by_text("工单详情")).to_be_visible(timeout=SLOW)
    begin(another)
    expect(another.drawer.get_by_label("什么事")).to_have_value("")


def test_what_nobody_left_yet_is_there_after_a_reload_and_a_killed_server(visit: Visit, own_server: Server) -> None:
    who = visit()
    who.server = own_server
    who.log_in("李敏")
    begin_by_button(who)
    title, place = who.drawer.get_by_label("什么事"), who.drawer.get_by_label("在哪里")
    title.press_sequentially("雨棚漏水")

    who.page.reload()
    expect(title).to_have_value("雨棚漏水", timeout=SLOW)
    who.is_still()
    place.press_sequentially("5号楼1单元")
    assert own_server.process
    own_server.process.kill()
    own_server.process.wait(20)
    expect(place).to_be_disabled(timeout=SLOW)
    own_server.start()

    expect(place).to_be_enabled(timeout=SLOW)
    expect(place).to_have_value("5号楼1单元", timeout=SLOW)
    expect(place).to_be_focused(timeout=SLOW)
    expect(title).to_have_value("雨棚漏水")


def test_what_is_being_composed_is_left_alone_and_then_kept(visit: Visit) -> None:
    who = visit("李敏")
    begin_by_button(who)
    title = who.drawer.get_by_label("什么事")
    title.click()
    keyboard = who.page.context.new_cdp_session(who.page)
    for text in ("loudao", "loudaodeng"):
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        who.page.wait_for_timeout(700)  # longer than the pause that sends
    expect(title).to_have_value("loudaodeng")
    keyboard.send("Input.insertText", {"text": "楼道灯"})
    expect(title).to_have_value("楼道灯")
    who.is_still()

    who.page.reload()

    expect(title).to_have_value("楼道灯", timeout=SLOW)
    who.press("先不登记")
    who.press("不要了，离开")
    expect(who.drawer).to_have_count(0, timeout=SLOW)


@pytest.mark.parametrize(
    ("size", "title", "place"),
    [(DESK, "花坛围栏倒了", "北门花坛"), (PHONE, "岗亭玻璃碎了", "南门岗亭")],
    ids=["desk", "phone"],
)
def test_no_click_is_lost_while_a_field_is_still_being_typed_in(
    visit: Visit, size: dict[str, int], title: str, place: str
) -> None:
    who = visit("李敏", size)
    begin(who)
    who.drawer.get_by_label("什么事").fill(title)
    who.drawer.get_by_label("在哪里").press_sequentially(place)

    who.press("登记")

    expect(who.drawer.get_by_text("工单详情")).to_be_visible(timeout=SLOW)
    expect(who.drawer.get_by_text(place).first).to_be_visible()


def test_a_double_click_on_a_likely_repeat_neither_joins_nor_registers(visit: Visit) -> None:
    who = visit("李敏")
    for place in ("1号楼1单元", "1号楼1单元门厅"):
        begin(who)
        who.drawer.get_by_label("什么事").fill("信报箱被撬开")
        who.drawer.get_by_label("在哪里").fill(place)
        who.drawer.get_by_role("button", name="登记", exact=True).dblclick(delay=30)
        if place == "1号楼1单元":
            expect(who.drawer.get_by_text("工单详情")).to_be_visible(timeout=SLOW)

    expect(who.drawer.get_by_text("可能已经登记过")).to_be_visible(timeout=SLOW)
    who.is_still()
    expect(who.drawer.get_by_text("可能已经登记过")).to_be_visible(timeout=SLOW)
    who.press("仍然新登记")
    expect(who.drawer.get_by_text("工单详情")).to_be_visible(timeout=SLOW)
    expect(who.drawer.get_by_text("1号楼1单元门厅").first).to_be_visible()
