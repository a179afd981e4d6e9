"""平安守望 at the desk: what is told after enrolling is true, the tabs lead on, who is who, what a shift takes over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

import db
from db import absences, care_plans, care_register, worker_state
from db.models import UserRow
from domain.care import AbsenceKind, Scope
from domain.care_register import Gap, outlook
from tests.builders import World
from tests.db.caring import TODAY, at, elder, enrolled, made_day, sweep
from tests.pages.conftest import LATER, field, press

Visit = Callable[..., AppTest]


def said(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.error, page.warning, page.toast, page.success)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def register(visit: Visit) -> AppTest:
    return press(visit("coordinator", "checkins", part="名册"), "登记老人")


def test_enrolling_tells_what_is_still_missing_and_leads_there(world: World, visit: Visit) -> None:
    page = register(visit)
    field(page, "姓名").set_value("林老太")
    field(page, "楼栋").set_value(world.building)
    (agreed,) = [e for e in page.multiselect if e.label == "本人同意"]
    agreed.set_value([])

    page = press(page, "登记")

    told = "还不会安排巡看，还缺同意书、主责和备份、联系人。"
    assert f"已登记 L0001。{told}" in said(page)
    assert "明天就开始巡看" not in said(page)
    page = press(page, "去补齐")
    assert "elder" in page.query_params
    assert told in said(page)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ((), "都齐了"),
        ((Gap.NOBODY,), "还没有人去看，还缺主责和备份。"),
        ((Gap.NO_BACKUP,), "从下一个时段起巡看，还缺备份。"),
    ],
)
def test_the_outlook_is_as_good_as_what_is_there(missing: tuple[Gap, ...], told: str) -> None:
    assert told in outlook(missing)


def test_everything_wrong_with_an_enrolment_is_said_at_once(world: World, visit: Visit) -> None:
    page = register(visit)
    field(page, "电话").set_value("123")
    field(page, "联系人姓名").set_value("林小妹")

    page = press(page, "登记")

    for wrong in ("老人的姓名。", "请选择楼栋。", "请填写同意书日期", "联系人的姓名和电话", "电话“123”看起来不完整"):
        assert wrong in said(page)


def test_who_is_chosen_as_first_is_not_offered_to_stand_in(world: World, visit: Visit) -> None:
    page = register(visit)
    offered = field(page, "备份（不同户）").options

    page = field(page, "主责").set_value(world.volunteer.user_id).run()

    assert len(field(page, "备份（不同户）").options) == len(offered) - 1
    assert not any("赵阿姨" in one for one in field(page, "备份（不同户）").options)


def test_choosing_a_tab_leaves_the_elder(world: World, visit: Visit) -> None:
    one = elder(world)
    page = visit("coordinator", "checkins", elder=str(one.id))

    page = field(page, "分区").set_value("名册").run()

    assert "elder" not in page.query_params
    assert page.dataframe[0].value["编号"].tolist() == ["L0001"]


def test_an_elders_page_leads_to_the_pair_and_takes_a_whole_sheet(world: World, visit: Visit) -> None:
    elder(world, 1)
    one = enrolled(world, 2)
    page = visit("coordinator", "checkins", elder=str(one.id))
    next(e for e in page.date_input if e.label == "同意书日期").set_value(TODAY)

    page = press(page, "登记同意")

    assert set(db.read(care_plans.consents, one.id)) == set(Scope)
    page = press(page, "去定主责和备份")
    assert field(page, "老人").value == one.id
    assert field(page, "分区").value == "结对"


def test_an_absence_to_the_end_of_a_day_names_that_day(world: World, visit: Visit) -> None:
    one = elder(world)
    call: dict[str, Any] = {"elder_id": one.id, "kind": AbsenceKind.FAMILY, "told_by": "本人", "key": "away"}
    until = at(TODAY + timedelta(days=4), 0)
    db.run(absences.report, actor=world.coordinator, from_at=LATER, until_at=until, now=LATER, **call)

    page = visit("coordinator", "checkins", elder=str(one.id))

    assert f"到 11月{(TODAY + timedelta(days=3)).day}日 晚上 为止" in said(page)


def test_a_shift_takes_over_the_codes_still_waiting_and_since_when(world: World, visit: Visit) -> None:
    elder(world, now=at(TODAY, 0))
    made_day(TODAY)
    sweep(at(TODAY, 9, 1))

    page = visit("coordinator", "checkins", part="交接班")

    (waiting,) = [e.value for e in page.dataframe if "从什么时候起" in e.value]
    assert waiting.to_numpy().tolist() == [["L0001", "早上", "今天 9:00"]]


def test_two_of_one_name_are_told_apart_by_place_or_account(world: World) -> None:
    same = [world.volunteer.user_id, world.volunteer2.user_id, world.building_head.user_id]
    db.run(lambda tx: tx.execute(update(UserRow).where(UserRow.id.in_(same)).values(name="王芳")) and None)

    found = db.read(care_register.loads, actor=world.coordinator, community_id=world.community)

    names = {one.user_id: one.name for one in found}
    assert len(set(names.values())) == len(names)
    assert names[world.building_head.user_id] == "王芳（3号楼）"
    assert names[world.volunteer2.user_id].endswith("账号尾号 eer2）")
    assert names[world.coordinator.user_id] == "李敏"


def test_several_warnings_take_one_line_that_opens(world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    told = ["后台值守没有运行，请看。", "有3条没有发出，请打电话。"]
    monkeypatch.setattr(worker_state, "warnings", lambda *_, **__: told)

    page = visit("coordinator", "checkins")

    (line,) = [e for e in page.expander if "后台值守" in e.label]
    assert line.label == "**后台值守没有运行；有3条没有发出**"
    assert [e.value for e in line.error] == told
