"""积分台账: each part empty and filled, what is done there once, what is refused, and who may not."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import db
from db import areas, audit, awards, catalog, points, shop
from domain.access import Actor
from domain.points import FreezeReason, RecordKind, RecordState
from pages import _points_batch, _points_export
from pages._settings_form import Draft
from tests.builders import NOW, World
from tests.db.earning import (
    confirmed,
    give,
    has,
    item,
    me,
    person,
    points_of,
    record,
    redeem,
    states_of,
    step,
    verified,
)
from tests.pages.conftest import LATER, labels, page_html, press

Open = Callable[..., AppTest]
PHONE = "13900001111"


@pytest.fixture
def open_at(visit: Any) -> Open:
    """Open a part of the page as one of the cast."""

    def at(who: str, part: str = "余额", **state: Any) -> AppTest:
        page: AppTest = visit(who, "points", part=part)
        for name, value in state.items():
            page.session_state[name] = value
        page.run()
        assert not page.exception
        return page

    return at


def said(page: AppTest) -> str:
    """Everything that stands there as text, toasts included."""
    kinds = (page.markdown, page.caption, page.info, page.error, page.warning, page.success, page.toast, page.text)
    found = "\n".join([str(e.value) for kind in kinds for e in kind] + [page_html(page)])
    return found.replace("\\", "")  # of words made literal for markdown


def rows(page: AppTest, table: int = 0) -> list[list[Any]]:
    found: list[list[Any]] = page.dataframe[table].value.to_numpy().tolist()
    return found


def fill(page: AppTest, label: str, value: Any) -> None:
    every = [*page.text_input, *page.number_input, *page.selectbox, *page.radio, *page.button_group, *page.date_input]
    (found,) = [e for e in every if e.label == label]
    found.set_value(value)


def parts(page: AppTest) -> list[str]:
    return list(next(g for g in page.button_group if g.label == "分区").options)


# --- who may ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "theirs"),
    [
        ("coordinator", ["余额", "待核", "兑换台", "本月", "规则"]),
        ("secretary", ["余额", "待核", "兑换台", "本月", "规则"]),
        ("grid_lead", ["余额", "待核", "兑换台", "规则"]),
        ("grid_worker", ["余额", "待核", "规则"]),
        ("building_head", ["余额", "待核", "规则"]),
        ("leader", ["本月"]),
        ("admin", ["规则"]),
    ],
)
def test_each_role_has_the_parts_that_are_theirs(visit: Any, who: str, theirs: list[str]) -> None:
    page = visit(who, "points")

    assert parts(page) == theirs
    assert [h.value for h in page.subheader] == ["积分台账"]
    assert not page.exception


def test_a_volunteer_is_refused(visit: Any) -> None:
    page = visit("volunteer", "points")

    assert "没有做这一步的权限" in page.error[0].value
    assert not page.dataframe


def test_a_grid_worker_notes_but_neither_verifies_nor_confirms(world: World, open_at: Open) -> None:
    made = record(world, person(world), actor=world.grid_lead)

    page = open_at("grid_worker", "待核", points_state=str(RecordState.SUBMITTED), points_record=made.id)

    assert not {"核验通过", "入账", "确定驳回"} & set(labels(page))


def test_a_stranger_sees_none_of_it(world: World, open_at: Open) -> None:
    who = person(world)
    give(world, who)

    page = open_at("stranger")

    assert "还没有人有积分" in said(page)
    page.query_params["account"] = str(who)
    assert "不在您的辖区" in said(page.run())


# --- 余额 ----------------------------------------------------------------------------------------------


def test_an_empty_ledger_says_where_points_come_from(open_at: Open) -> None:
    assert "服务记录在“待核”里入账以后" in said(open_at("coordinator"))


def test_balances_are_masked_and_open_into_the_account(world: World, open_at: Open) -> None:
    who = person(world, "王奶奶")
    give(world, who, 2)
    item_id = item(world)
    redeem(world, who, item_id)

    page = open_at("coordinator")
    assert rows(page)[0][:4] == ["王**", 3.0, 0.0, 1.0]

    page.session_state["points_account"] = who
    page.run()

    assert page.query_params["account"] == str(who)
    assert {m.label: m.value for m in page.metric} == {"可用积分": "3 分", "冻结积分": "1 分", "服务时长": "0 小时"}
    assert [(line[1], line[2], line[3]) for line in rows(page)] == [
        ("兑换预占", -1.0, 3.0),
        ("服务奖励", 2.0, 4.0),
        ("服务奖励", 2.0, 2.0),
    ]
    assert "期末结余 3 分" in said(page)
    assert "期初结余 0 分" in said(page)
    assert "账链到第" in said(page)


def test_somebody_is_found_by_phone(world: World, open_at: Open) -> None:
    who = person(world, "王奶奶", phone=PHONE)
    give(world, who)
    give(world, person(world, "李爷爷"))
    page = open_at("coordinator")

    fill(page, "查找居民", "139 0000 1111")
    page.run()

    assert [line[:2] for line in rows(page)] == [["王**", "139****1111"]]
    fill(page, "查找居民", "没有这个人")
    assert "没有找到" in said(page.run())


def test_an_account_is_stopped_for_a_reason_once_and_can_be_used_again(world: World, open_at: Open) -> None:
    who = person(world)
    give(world, who)
    page = open_at("coordinator", points_account=who)

    press(page, "确定暂停")
    assert "请先选一个原因" in said(page)
    fill(page, "原因", FreezeReason.LOST)
    press(page, "确定暂停")

    assert db.read(points.balance, actor=world.coordinator, person_id=who).frozen
    assert "手机丢失或账号被盗" in said(page)
    press(page, "确定恢复")
    assert not db.read(points.balance, actor=world.coordinator, person_id=who).frozen


def test_an_export_is_read_as_whoever_clicks_and_put_on_record(world: World, visit: Any) -> None:
    give(world, person(world, "王奶奶"))
    visit("coordinator", "points")
    here = db.read(areas.get, world.community)

    def all_of(actor: Actor) -> list[tuple[str, int]]:
        listed = db.read(points.balances, actor=actor, community_id=here.id)
        return [(one.name, one.available) for one in listed]

    make = _points_export.maker("csv", here, "积分余额", (("姓名", 12), ("积分", 12)), all_of, "")

    assert make().decode("utf-8-sig").split() == ["姓名,积分", "王**,20"]
    (line,) = [e for e in db.read(audit.listed, actor=world.admin) if e.action == "points.export"]
    assert (line.who, line.what, line.detail) == ("李敏", "导出积分台账", "1 行")


# --- 待核 ----------------------------------------------------------------------------------------------


def test_nothing_to_verify_says_what_makes_records(open_at: Open) -> None:
    assert "没有等着核验的记录" in said(open_at("coordinator", "待核"))


def test_a_record_is_verified_then_confirmed_with_its_reason_told(world: World, open_at: Open) -> None:
    who = person(world)
    made = record(world, who)
    page = open_at("coordinator", "待核", points_record=made.id)
    assert "预计：11月20日 9:00 服务1小时，2分" in said(page)

    press(page, "核验通过")
    assert states_of(who) == [RecordState.VERIFIED]
    page.session_state["points_state"] = str(RecordState.VERIFIED)
    page.session_state["points_record"] = made.id
    page.run()
    press(page, "入账")

    assert points_of(who) == 20
    assert "已入账：11月20日 9:00 服务1小时，2分" in said(page)


def test_a_step_pressed_twice_is_taken_once_in_the_database(world: World) -> None:
    who = person(world)
    made = verified(world, who)
    draft = Draft(made.id, made.version, made.version)
    call: dict[str, Any] = {"record_id": made.id, "expected_version": draft.version, "key": draft.key, "now": NOW}

    first = db.run(awards.confirm, actor=world.coordinator, **call)
    draft.once(lambda: db.run(awards.confirm, actor=world.coordinator, **call), "done")

    assert first.points_tenths == 20
    assert points_of(who) == 20


def test_who_noted_it_can_not_verify_it(world: World, open_at: Open) -> None:
    who = person(world)
    made = record(world, who, actor=world.coordinator)
    page = open_at("coordinator", "待核", points_record=made.id)

    press(page, "核验通过")

    assert "登记和核验要由两个人来做" in said(page)
    assert states_of(who) == [RecordState.SUBMITTED]


def test_a_rejection_wants_its_reason(world: World, open_at: Open) -> None:
    who = person(world)
    made = record(world, who)
    page = open_at("coordinator", "待核", points_record=made.id)

    press(page, "确定驳回")
    assert "请写明驳回的原因" in said(page)
    fill(page, "原因", "时间写错了")
    press(page, "确定驳回")

    assert states_of(who) == [RecordState.REJECTED]


def test_all_that_is_verified_is_confirmed_at_once_and_the_rest_told(
    world: World, open_at: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_points_batch, "AT_ONCE", 2)
    people = [person(world, name) for name in ("王奶奶", "李爷爷", "陈伯")]
    for who in people:
        verified(world, who)
    clash = verified(world, people[0])
    page = open_at("coordinator", "待核", points_state=str(RecordState.VERIFIED))

    press(page, "确定入账")

    assert [points_of(who) for who in people] == [20, 20, 20]
    assert "已入账 3 条，共 6 分" in said(page)
    assert "1 条没有入账" in said(page)
    assert "重叠" in rows(page)[0][1]
    assert states_of(clash.person_id).count(RecordState.VERIFIED) == 1
    press(page, "知道了")
    press(page, "确定入账")
    assert [points_of(who) for who in people] == [20, 20, 20]


def test_a_suggestion_is_noted_for_several_at_once(world: World, open_at: Open) -> None:
    first, second = person(world, "王奶奶", phone=PHONE), person(world, "李爷爷")
    page = open_at("grid_worker", "待核")

    fill(page, "谁", PHONE)
    page.run()
    press(page, "还有别人，先加入名单")
    fill(page, "谁", "李爷爷")
    fill(page, "做了什么", "合理化建议")
    page.run()
    press(page, "登记")

    assert states_of(first) == states_of(second) == [RecordState.SUBMITTED]
    assert "已登记 2 人" in said(page)


def test_nobody_notes_their_own_service(world: World, open_at: Open) -> None:
    me(world, "grid_worker")
    page = open_at("grid_worker", "待核")

    fill(page, "谁", "陈网格员")
    page.run()
    press(page, "登记")

    assert "不能给自己记积分或时长" in said(page)


def test_a_helper_without_an_account_gets_one_with_the_first_record(world: World, open_at: Open) -> None:
    page = open_at("grid_worker", "待核")

    fill(page, "谁", "赵阿姨")
    page.run()
    press(page, "登记")

    assert states_of(me(world, "volunteer")) == [RecordState.SUBMITTED]


def test_a_resident_not_known_yet_is_written_down_with_name_and_phone(world: World, open_at: Open) -> None:
    page = open_at("grid_worker", "待核")
    fill(page, "谁", "孟婆婆")
    page.run()

    press(page, "登记")
    assert "请先在左边输入姓名或电话" in said(page)
    press(page, "登记这个人")
    assert "两样都有才不会和别人弄混" in said(page)
    fill(page, "电话", PHONE)
    press(page, "登记这个人")

    assert any("孟" in option for radio in page.radio for option in radio.options)


def test_a_back_fill_says_that_it_earns_hours_only_before_it_is_saved(world: World, open_at: Open) -> None:
    person(world, "王奶奶")
    page = open_at("grid_worker", "待核")

    fill(page, "哪一天", (LATER - timedelta(days=2)).date())
    page.run()

    assert "属于补录：只计时长，不计积分" in said(page)
    assert "事后补录只计时长，不计积分" in said(page)


# --- 兑换台 --------------------------------------------------------------------------------------------


@pytest.fixture
def shopper(world: World) -> Any:
    who = person(world, "王奶奶", phone=PHONE)
    give(world, who, 3)
    return who


def test_an_order_is_found_by_its_code_and_handed_over(world: World, shopper: Any, open_at: Open) -> None:
    order = redeem(world, shopper, item(world))
    page = open_at("colleague", "兑换台")
    assert rows(page)[0][:3] == [order.no, "王**", "洗衣液 1份"]

    fill(page, "领取码", "000000" if order.code != "000000" else "111111")
    press(page, "查找")
    assert "没有找到这个领取码" in said(page)
    fill(page, "领取码", order.code)
    press(page, "查找")
    press(page, "交付")

    assert "已交付 洗衣液" in said(page)
    assert has(shopper) == {"available": 50}


def test_redeeming_at_the_desk_tells_the_code_and_holds_once(world: World, shopper: Any, open_at: Open) -> None:
    goods = item(world)
    page = open_at("coordinator", "兑换台")
    fill(page, "兑换台", "代为兑换")
    page.run()
    fill(page, "谁", PHONE)
    page.run()
    fill(page, "换什么", goods)
    page.run()

    press(page, "确定换")

    assert "领取码" in page.success[0].value
    assert has(shopper) == {"available": 50, "held": 10}


def test_too_few_points_are_refused_in_words(world: World, shopper: Any, open_at: Open) -> None:
    goods = item(world, price_tenths=1000)
    page = open_at("coordinator", "兑换台")
    fill(page, "兑换台", "代为兑换")
    page.run()
    fill(page, "谁", PHONE)
    page.run()
    fill(page, "换什么", goods)
    page.run()

    press(page, "确定换")

    assert "不够" in page.error[0].value
    assert points_of(shopper) == 60


def test_an_order_is_cancelled_and_the_points_come_back(world: World, shopper: Any, open_at: Open) -> None:
    order = redeem(world, shopper, item(world))
    page = open_at("coordinator", "兑换台", points_order=order.id)

    press(page, "确定取消")

    assert points_of(shopper) == 60


def test_goods_come_back_through_another_person(world: World, shopper: Any, open_at: Open) -> None:
    order = redeem(world, shopper, item(world))
    step(shop.fulfil, order, world.coordinator)
    mine = open_at("coordinator", "兑换台", till="退货", points_order=order.id)
    fill(mine, "退货原因", "盖子坏了")
    press(mine, "确定退货")
    assert "退货请换一位同事来办" in said(mine)

    page = open_at("colleague", "兑换台", till="退货", points_order=order.id)
    fill(page, "退货原因", "盖子坏了")
    press(page, "确定退货")

    assert points_of(shopper) == 60


def test_goods_are_added_received_changed_and_written_off(world: World, open_at: Open) -> None:
    page = open_at("coordinator", "兑换台", till="商品")
    assert "还没有可以换的" in said(page)
    fill(page, "名称", "大米5斤")
    press(page, "添加")
    (name, kind, price, *_rest) = rows(page)[0]
    assert (name, kind, price) == ("大米5斤", "物品", 10.0)

    fill(page, "商品", db.read(catalog.catalogue, actor=world.coordinator, community_id=world.community)[0].id)
    page.run()
    fill(page, "数量", 5)
    press(page, "确定进货")
    assert rows(page)[0][4] == 5
    assert "大米5斤：进货 5" in said(page)


# --- 本月, 规则 -----------------------------------------------------------------------------------------


def test_a_month_without_postings_says_so(open_at: Open) -> None:
    page = open_at("leader", "本月")

    assert "这半年还没有积分进出" in said(page)
    assert "善行义举榜" not in said(page)


def test_the_month_has_figures_charts_tables_and_the_ranking_with_its_ties(world: World, open_at: Open) -> None:
    for name in ("王奶奶", "李爷爷"):
        confirmed(world, person(world, name), kind=RecordKind.SERVICE)

    page = open_at("coordinator", "本月")

    assert {m.label: m.value for m in page.metric}["发放"] == "4 分"
    assert len(page.get("plotly_chart")) == 3
    assert rows(page)[0][:2] == ["2026-11", 4.0]
    assert [line[0] for line in rows(page, 3)] == [1, 1]
    assert "并列第1名" in rows(page, 3)[0][3]


def test_the_address_keeps_the_month(world: World, visit: Any) -> None:
    confirmed(world, person(world))

    page = visit("coordinator", "points", part="本月", month="2026年10月")

    assert {m.label: m.value for m in page.metric}["发放"] == "0 分"
    assert "这个月还没有入账的服务时长" in said(page)


def test_the_rules_are_changed_by_whom_they_are_given_to(world: World, open_at: Open) -> None:
    assert "保存为新版本" not in labels(open_at("coordinator", "规则"))
    page = open_at("secretary", "规则")
    assert "还没有改过" in said(page)

    fill(page, "每小时（分）", 1.5)
    press(page, "保存为新版本")

    assert "第 1 版" in said(page)
    assert rows(page)[0][1] == "1.5 分"
    assert len(rows(page, 1)) == 1


def test_whose_points_expire_soon_stands_above_the_balances(open_at: Open, world: World) -> None:
    assert not open_at("coordinator").expander
    give(world, person(world), now=NOW - timedelta(days=330))

    page = open_at("coordinator")

    assert page.expander[0].label == "1 人的积分在 60 天内到期"
    assert rows(page)[0][1:] == [2.0, date(2026, 12, 31), 41]
