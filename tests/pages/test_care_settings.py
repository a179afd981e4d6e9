"""Who is told after how long, devices and their keys, the printed sheet: set on the screen, by those who may."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import db
from db import ladders, signal_devices
from db.models import AuditRow
from domain.incidents import Cause, Who
from domain.ladder import DEFAULTS
from tests.builders import World
from tests.db.caring import TODAY, at, elder, made_day
from tests.pages.conftest import SHELL, press
from tests.pages.test_settings import log_in

Visit = Callable[..., AppTest]


def said(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.error, page.warning, page.toast, page.code)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def texts(page: AppTest, label: str) -> list[Any]:
    return [e for e in page.text_input if e.label == label]


def test_a_ladder_is_seen_in_words_before_it_is_kept_and_put_back(world: World, visit: Visit) -> None:
    page = visit("secretary", "checkins", part="逐级通知")
    assert "一发现就通知主责志愿者：“请马上敲门，并打一次电话”，10 分钟内应答。" in said(page)
    assert "恢复默认" not in [b.label for b in page.button]

    next(e for e in page.number_input if e.label == "第 2 步：几分钟").set_value(5)
    texts(page, "请他做什么")[1].set_value("先打两次电话")
    page = press(page, "先看效果")
    assert "5 分钟还没人接单，再通知社区值班：“先打两次电话”，5 分钟内应答。" in said(page)
    assert db.read(ladders.in_force, world.community, Cause.CLOSED) == DEFAULTS[Cause.CLOSED]

    page = press(page, "保存")
    kept = db.read(ladders.in_force, world.community, Cause.CLOSED)
    assert (kept[1].after, kept[1].text, len(kept)) == (5, "先打两次电话", 6)

    page = press(page, "恢复默认")
    assert db.read(ladders.in_force, world.community, Cause.CLOSED) == DEFAULTS[Cause.CLOSED]
    changes = db.read(lambda s: [row.detail for row in s.query(AuditRow).filter_by(action="ladder.change")])
    assert changes == ["closed", "closed"]


def test_the_administrator_adds_a_step_and_one_that_comes_too_early_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch, world.admin)
    page = AppTest.from_file(SHELL, default_timeout=20).run().switch_page("settings_page.py")
    page.session_state["section"] = "逐级通知"
    page.run()
    [e for e in page.multiselect if e.label == "通知谁"][-1].set_value([Who.SECRETARY])
    last = next(e for e in page.number_input if e.label == "第 7 步：几分钟")

    last.set_value(30)
    page = press(page, "保存")
    assert "每一步都要晚于上一步" in said(page)
    assert len(db.read(ladders.in_force, world.community, Cause.CLOSED)) == 6

    next(e for e in page.number_input if e.label == "第 7 步：几分钟").set_value(90)
    press(page, "保存")
    assert db.read(ladders.in_force, world.community, Cause.CLOSED)[-1].who == (Who.SECRETARY,)


def test_others_have_no_ladder_to_change(world: World, visit: Visit) -> None:
    (parts,) = [b for b in visit("coordinator", "checkins").button_group if b.label == "分区"]

    assert "设备" in parts.options
    assert "逐级通知" not in parts.options


def test_a_devices_key_is_told_once_and_opens_nothing_once_it_is_stopped(world: World, visit: Visit) -> None:
    one = elder(world)
    page = visit("coordinator", "checkins", part="设备")
    assert "还没有设备" in said(page)
    page = press(page, "添加，并显示密钥")
    assert "请选这台设备是哪位老人的" in said(page)

    texts(page, "名称")[0].set_value("床头求助按钮")
    next(e for e in page.selectbox if e.label == "哪位老人的").set_value(one.id)
    page = press(page, "添加，并显示密钥")

    key = str(page.code[0].value)
    device = db.read(signal_devices.by_key, key=key)
    assert device is not None
    assert (device.label, device.elder_id) == ("床头求助按钮", one.id)
    page = press(page, "我已填好")
    assert key not in said(page)

    page = press(page, "停用这台设备")
    assert db.read(signal_devices.by_key, key=key) is None
    assert "已停用" in said(page)


def test_the_desk_prints_the_sheet_of_whoever_looks(world: World, visit: Visit) -> None:
    elder(world, now=at(TODAY, 0))
    made_day(TODAY)

    page = press(visit("coordinator", "checkins", slot="morning"), "打印巡看表")

    (link,) = page.get("link_button")
    assert link.proto.url == f"/round/sheet?user={world.volunteer.user_id}&day={TODAY.isoformat()}&slot=morning"
