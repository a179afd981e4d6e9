"""Each role lands where its work is, and finds there what it may do and nothing more."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.visitors import PHONE, Visitor

Visit = Callable[..., Visitor]
HOMES = [
    ("李敏", "/tickets"),
    ("周书记", "/tickets"),
    ("吴网格长", "/tickets"),
    ("陈网格员", "/me"),
    ("孙楼长", "/me"),
    ("赵阿姨", "/me"),
    ("郑主任", "/wall"),
    ("管理员 · 管理员", "/settings"),
]


@pytest.mark.parametrize(("name", "home"), HOMES)
def test_one_click_brings_each_role_to_its_home(visit: Visit, name: str, home: str) -> None:
    who = visit(name)

    who.page.wait_for_url(re.compile(f"{home}$"))
    who.sees("演示数据")


def test_a_volunteer_takes_a_task_on_the_phone(visit: Visit) -> None:
    who = visit("赵阿姨", PHONE, has_touch=True, is_mobile=True)
    who.page.get_by_role("button", name=re.compile("可以帮忙的事")).tap()
    # 我来看, about a round to take over, stands on the part being left
    who.page.get_by_role("button", name="我来", exact=True).first.tap()

    who.page.get_by_role("button", name="确定，我去帮忙").tap()

    expect(who.page.get_by_text(re.compile("交给您了")).first).to_be_visible()


def test_a_leader_reads_and_cannot_register(visit: Visit) -> None:
    who = visit("郑主任", at="/tickets")

    who.sees("待处理")
    who.is_still()
    expect(who.page.get_by_role("button", name="登记诉求")).to_have_count(0)


@pytest.mark.parametrize("path", ["/settings", "/import"])
def test_a_grid_worker_is_refused_with_a_sentence(visit: Visit, path: str) -> None:
    who = visit("陈网格员", at=path)

    # the page isn't theirs: Streamlit does not know it for them and shows their home instead, or says no
    who.sees("演示数据")
    who.is_still()
    expect(who.page.get_by_text("系统设置")).to_have_count(0)
    expect(who.page.get_by_text("数据导入")).to_have_count(0)


def test_logging_out_closes_the_door(visit: Visit) -> None:
    who = visit("李敏")
    who.sees("待处理")
    who.page.get_by_role("link", name="退出").click()
    who.page.get_by_role("button", name=re.compile("^退出")).first.click()

    who.open("/tickets")

    who.page.wait_for_url(re.compile("/login"))
