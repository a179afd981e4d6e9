"""A coordinator's first hour in a real browser: log in, register, dispatch, call back, close."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.desk import Desk
from tests.e2e.visitors import Visitor

Visit = Callable[..., Visitor]


def register(who: Visitor, title: str, place: str = "3号楼2单元") -> str:
    """Register through the quick form and give the new ticket's number."""
    who.page.get_by_role("button", name="登记诉求").click()
    who.drawer.get_by_label("什么事").fill(title)
    who.drawer.get_by_label("在哪里").fill(place)
    who.press("登记")
    expect(who.drawer.get_by_text("工单详情")).to_be_visible()
    expect(who.drawer.get_by_text(title).first).to_be_visible()
    found = re.search(r"E\d{4,}", who.drawer.inner_text())
    assert found
    return found[0]


def state(who: Visitor, word: str) -> None:
    expect(who.drawer.get_by_text(word, exact=True).first).to_be_visible()


def test_a_ticket_goes_from_the_telephone_to_closed(visit: Visit) -> None:
    who = visit("李敏")

    register(who, "单元门关不严")
    who.drawer.get_by_text("处理人没有账号").click()
    who.press("确定受理并派单")
    state(who, "处理中")
    who.press("先行联系")
    who.press("确定先行联系")
    expect(who.drawer.get_by_text("已联系上居民").first).to_be_visible()
    who.press("处理完成")
    who.drawer.get_by_label("怎么处理的").fill("换了闭门器")
    who.press("确定处理完成")
    state(who, "待回访")
    who.press("回访办结")
    who.drawer.get_by_text("满意", exact=True).first.click()
    who.drawer.get_by_text("满意", exact=True).click()
    who.press("确定回访办结")

    state(who, "已办结")
    expect(who.drawer.get_by_text("换了闭门器").first).to_be_visible()
    expect(who.drawer.get_by_text("回访：满意").first).to_be_visible()


def test_a_double_click_registers_one_ticket(visit: Visit) -> None:
    who = visit("李敏")
    who.page.get_by_role("button", name="登记诉求").click()
    who.drawer.get_by_label("什么事").fill("信报箱锁坏了")
    who.drawer.get_by_label("在哪里").fill("6号楼1单元")
    who.page.keyboard.press("Tab")

    who.drawer.get_by_role("button", name="登记", exact=True).dblclick(delay=30)

    expect(who.drawer.get_by_text("工单详情")).to_be_visible()
    who.open("/tickets?text=信报箱锁坏了")
    cards = who.page.get_by_text("信报箱锁坏了", exact=True)
    expect(cards.first).to_be_visible()
    assert cards.count() == 1


def test_a_message_from_the_group_fills_the_form(visit: Visit) -> None:
    who = visit("李敏")
    who.page.get_by_role("button", name="登记诉求").click()
    who.drawer.get_by_text("粘贴群消息").click()
    message = who.drawer.get_by_role("textbox", name="群消息")
    expect(message).to_be_visible()
    who.is_still()
    message.fill("张三：3号楼2单元楼道灯坏了，电话13800001234")
    message.blur()
    who.is_still()
    who.press("填入")

    expect(who.drawer.get_by_label("电话")).to_have_value("13800001234")
    expect(who.drawer.get_by_label("在哪里")).to_have_value("3号楼2单元")
    expect(who.drawer.get_by_label("谁反映的")).to_have_value("张三")


def test_of_two_colleagues_on_one_ticket_the_second_reads_who_was_first(visit: Visit, desk: Desk) -> None:
    link = f"/tickets?ticket={desk.report('屋顶漏水').id}"
    first, second = visit("李敏", at=link), visit("周书记", at=link)
    expect(first.drawer.get_by_text("屋顶漏水").first).to_be_visible()
    expect(second.drawer.get_by_text("屋顶漏水").first).to_be_visible()
    second.press("备注")
    second.drawer.get_by_label("备注内容").fill("雨后再看一次")

    first.press("受理并派单")
    first.press("确定受理并派单")
    state(first, "待接单")
    second.sees("这张工单刚有变化")  # a line above the form: what comes while one presses moves the button
    second.press("确定备注")

    expect(second.drawer.get_by_text(re.compile("李敏在 .*已对工单"))).to_be_visible()
    expect(second.drawer.get_by_label("备注内容")).to_have_value("雨后再看一次")
    second.press("确定备注")
    expect(second.drawer.get_by_text("雨后再看一次").last).to_be_visible()


def test_a_link_to_a_ticket_survives_the_login(visit: Visit, desk: Desk) -> None:
    ticket = desk.report("路面有个坑")

    who = visit("周书记", at=f"/tickets?ticket={ticket.id}")

    expect(who.drawer.get_by_text("路面有个坑").first).to_be_visible()


def test_filters_stay_in_the_address_over_a_reload(visit: Visit) -> None:
    who = visit("李敏")
    who.page.get_by_text("已超时", exact=True).first.click()
    who.page.wait_for_url(re.compile("due=late"))

    who.page.reload()

    expect(who.page.get_by_text("清除筛选").first).to_be_visible()
    assert "due=late" in who.page.url
