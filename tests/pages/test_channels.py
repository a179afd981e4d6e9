"""系统设置 → 通知渠道: robots added, tried and switched off; what reached nobody is sent again."""

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

import db
from db import channels, outbox_sending
from db.channels import Channel
from domain.channels import example
from domain.clock import now
from domain.delivery import ACCEPTED, Answer, Outcome
from domain.outbox import ChannelKind, MessageState
from tests import gateway as gateways
from tests.builders import World
from tests.gateway import Gateway
from tests.pages.test_settings import PAGES, TIMEOUT, choose, field, log_in, press
from tests.sending import channel, owe, rows

Open = Callable[[], AppTest]
URL = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=kept-to-itself"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with gateways.serve() as served:
        yield served


@pytest.fixture
def opened(world: World, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Give what opens the tab as the administrator; its time is the real one."""
    log_in(monkeypatch, world.admin)

    def open_tab() -> AppTest:
        page = AppTest.from_file(PAGES / "_shell.py", default_timeout=TIMEOUT)
        page.run().switch_page("settings_page.py")
        page.session_state["section"] = "通知渠道"
        page.run()
        assert not page.exception
        return page

    return open_tab


def pick(page: AppTest) -> AppTest:
    return choose(page, "st_channel", only().id)


def words(page: AppTest) -> str:
    every = [*page.error, *page.info, *page.success, *page.caption, *page.markdown, *page.toast]
    return " ".join(str(e.value) for e in every)


def only() -> Channel:
    (found,) = db.read(channels.listed)
    return found


def answer(page: AppTest, said: Answer) -> AppTest:
    """Be the worker: take what is owed and settle it."""
    post = db.run(outbox_sending.claim, channel_id=only().id, now=now())
    assert post is not None
    db.run(outbox_sending.settle, post=post, answer=said, millis=1, now=now())
    page.run()
    assert not page.exception
    return page


def test_without_a_channel_it_says_what_to_do(opened: Open) -> None:
    page = opened()

    assert "还没有通知渠道" in words(page)
    assert "后台值守没有按时运行" in words(page)
    assert "点表格中的一行" not in str(page.main)


def test_a_robot_is_added_and_its_address_is_never_shown(opened: Open, world: World) -> None:
    page = press(opened(), "添加渠道")
    field(page, "selectbox", "辖区").set_value(world.community)
    field(page, "text_input", "名称").set_value("社区值班群")
    field(page, "text_input", "地址").set_value(URL)
    press(page, "添加", last=True)

    assert (only().name, only().kind, only().area_id, only().canary) == (
        "社区值班群",
        ChannelKind.WECOM,
        world.community,
        True,
    )
    assert "发一条测试" in [b.label for b in page.button]  # the new one is open, as the toast says
    assert "kept-to-itself" not in str(page.main)


def test_a_wrong_address_is_refused_with_an_example(opened: Open, world: World) -> None:
    page = press(opened(), "添加渠道")
    field(page, "selectbox", "辖区").set_value(world.community)
    field(page, "text_input", "名称").set_value("群")
    field(page, "text_input", "地址").set_value("群机器人")
    press(page, "添加", last=True)

    assert "地址不对" in words(page)
    assert db.read(channels.listed) == []


def test_the_example_of_an_address_fits_the_kind_chosen(opened: Open) -> None:
    page = press(opened(), "添加渠道")
    page = field(page, "selectbox", "类型").set_value(ChannelKind.FEISHU).run()

    assert field(page, "text_input", "地址").placeholder == example(ChannelKind.FEISHU)


@pytest.mark.parametrize(
    ("said", "told"), [(ACCEPTED, "通道已收到测试消息"), (Answer(Outcome.FINAL, "93000"), "请重新复制（代码 93000）")]
)
def test_a_trial_shows_what_the_robot_answered(
    opened: Open, world: World, gateway: Gateway, said: Answer, told: str
) -> None:
    channel(world, gateway.url())
    page = opened()
    pick(page)

    press(page, "发一条测试")
    assert "正在发送" in words(page)

    assert told in words(answer(page, said)).replace("\\", "")
    assert bool([e for e in page.error if told in e.value.replace("\\", "")]) is (said.outcome is Outcome.FINAL)


def test_a_channel_is_switched_off(opened: Open, world: World) -> None:
    channel(world, URL)
    page = opened()
    pick(page)

    field(page, "toggle", "在用").set_value(False)
    press(page, "保存")

    assert not only().active


def test_a_channel_is_deleted_after_saying_what_is_lost_by_it(opened: Open, world: World) -> None:
    channel(world, URL)
    page = opened()
    pick(page)
    assert "没有别的在用渠道" in words(page)

    press(page, "确定删除")

    assert db.read(channels.listed) == []
    assert "还没有通知渠道" in words(page)
    assert "渠道“社区值班群”已删除" in words(page)


def test_what_reached_nobody_is_told_and_sent_again(opened: Open, world: World) -> None:
    channel(world, URL)
    owe(world, now=now())
    post = db.run(outbox_sending.claim, channel_id=only().id, now=now())
    assert post is not None
    db.run(outbox_sending.settle, post=post, answer=Answer(Outcome.FINAL, "93000"), millis=1, now=now())
    page = opened()
    assert "1条紧急消息没有发出" in words(page)
    assert "Y0001" in words(page)

    press(page, "重发")

    assert rows()[0].state == MessageState.QUEUED
    assert "重试中" in words(page)
    assert "重发" not in [button.label for button in page.button]
