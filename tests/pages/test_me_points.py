"""我的, a volunteer's points: the balance, where it came from, what it can be changed into, the code."""

import re
from datetime import timedelta
from typing import Any

import pytest

import db
from db import awards, points, redemptions, shop
from domain.points import RecordKind
from tests.builders import NOW, World
from tests.db.earning import confirmed, give, item, me, points_of, redeem, step, verified
from tests.pages.conftest import LATER, Visit, labels, page_html, press


def earned(world: World, times: int = 3) -> Any:
    """赵阿姨 with 2 points for each of so many days."""
    who = me(world, "volunteer")
    give(world, who, times)
    return who


def buttons(at: Any) -> list[str]:
    """Name the large buttons: the way back is a small one."""
    return [label for label in labels(at) if label != "返回"]


def test_it_opens_on_what_one_has(visit: Visit, world: World) -> None:
    earned(world)

    at = visit("volunteer", "me")

    assert "可用积分</h3><b>6</b>" in page_html(at)
    assert "本月 +6 分" in page_html(at)
    assert "服务时长 0 小时" in page_html(at)
    assert labels(at) == ["可以帮忙的事　0 件", "能换什么", "我的明细", "我要反映一件事"]


def test_who_has_nothing_yet_is_told_how_points_come(visit: Visit, world: World) -> None:
    assert "帮一次忙" in page_html(visit("volunteer", "me"))
    for part in ("lines", "shop", "item", "orders"):
        at = visit("volunteer", "me", show=part)
        assert at.info
        assert not at.exception


def test_a_line_says_why_in_one_sentence_from_rule_and_version(visit: Visit, world: World) -> None:
    record = verified(world, me(world, "volunteer"), kind=RecordKind.ROUND, items=4)
    step(awards.confirm, record, world.coordinator)

    html = page_html(press(visit("volunteer", "me"), "我的明细"))

    assert "<h4>11月20日 9:00 按时巡看4户</h4>" in html
    assert "+2 分" in html
    why = "11月20日 9:00 按时巡看4户，2分（通用规则：每户0.5分，每天最多2分，每月最多40分）"
    assert f"<summary>为什么是2分</summary><p>{why}</p>" in html


def test_the_statement_says_what_expires_when(visit: Visit, world: World) -> None:
    earned(world)

    html = page_html(visit("volunteer", "me", show="lines"))

    assert "<dt>2027年12月31日到期</dt><dd>6 分</dd>" in html


def test_it_opens_with_what_expires_soon_and_when(visit: Visit, world: World) -> None:
    who = earned(world)
    assert not visit("volunteer", "me").info

    give(world, who, now=NOW - timedelta(days=330))

    (told,) = visit("volunteer", "me").info
    assert told.value == "您有 2 分快到期了：还有 41 天，到12月31日为止。请尽早兑换，过期作废。"


def test_an_order_that_took_three_lots_is_one_line(visit: Visit, world: World) -> None:
    who = earned(world)
    redeem(world, who, item(world, name="大米", price_tenths=50))

    html = page_html(visit("volunteer", "me", show="lines"))

    assert html.count("<article>") == 4
    assert "<h4>兑换大米</h4>" in html
    assert "-5 分" in html
    assert "余 1 分" in html


def test_a_long_statement_goes_on_with_older_lines(visit: Visit, world: World) -> None:
    for days in range(12):
        confirmed(world, me(world, "volunteer"), now=NOW - timedelta(days=days))

    at = visit("volunteer", "me", show="lines")
    first = page_html(at)
    older = page_html(press(at, "看更早的"))

    assert (first.count("<article>"), older.count("<article>")) == (10, 2)
    assert "看更早的" not in labels(at)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_no_view_of_the_shop_has_more_than_four_large_buttons(visit: Visit, world: World, count: int) -> None:
    earned(world)
    for number in range(count):
        item(world, name=f"物品{number}")

    at = visit("volunteer", "me", show="shop")
    seen: set[str] = set()
    while "看别的" in labels(at):
        assert len(buttons(at)) == 4
        seen |= set(buttons(at)) - {"看别的"}
        press(at, "看别的")
    seen |= set(buttons(at)) - {"从头看"}

    assert len(buttons(at)) <= 4
    assert len(seen) == count


def test_what_one_can_have_comes_first_and_the_rest_says_what_is_missing(visit: Visit, world: World) -> None:
    earned(world)
    item(world, name="食用油", price_tenths=100)
    item(world, name="香皂", price_tenths=60, left=0)
    item(world, name="洗衣液", price_tenths=60)

    at = visit("volunteer", "me", show="shop")

    assert buttons(at) == ["洗衣液　6 分", "食用油　10 分（还差 4 分）", "香皂　6 分（已换完）"]
    assert buttons(press(at, "食用油　10 分（还差 4 分）")) == []


def test_three_taps_give_a_code_and_the_points_are_held(visit: Visit, world: World) -> None:
    who = earned(world)
    item(world, price_tenths=50)

    at = press(press(visit("volunteer", "me"), "能换什么"), "洗衣液　5 分")
    assert "换完还剩</dt><dd>1 分" in page_html(at)
    assert points_of(who) == 60
    press(at, "确定换，用 5 分")

    (order,) = db.read(redemptions.my_orders, actor=world.volunteer)
    assert f"{order.code[:3]} {order.code[3:]}</b>" in page_html(at)
    assert "data:image/svg+xml" in page_html(at)
    assert re.search(r"11月22日 11:00</strong>", page_html(at))
    assert "换好了" in at.toast[0].value
    assert points_of(who) == 10
    assert "看领取码　1 份待领" in labels(visit("volunteer", "me"))


def test_a_refusal_is_a_sentence_and_nothing_is_spent(visit: Visit, world: World) -> None:
    who = earned(world)
    redeem(world, who, item(world, price_tenths=20, month_limit=1))
    at = press(visit("volunteer", "me", show="shop"), "洗衣液　2 分")

    press(at, "确定换，用 2 分")

    assert "每人每月限1份" in at.error[0].value
    assert points_of(who) == 40


def test_who_has_spent_the_points_meanwhile_is_told(visit: Visit, world: World) -> None:
    who = earned(world)
    item(world, price_tenths=50)
    at = press(visit("volunteer", "me", show="shop"), "洗衣液　5 分")
    redeem(world, who, item(world, name="香皂", price_tenths=30))

    press(at, "确定换，用 5 分")

    assert "积分还不够" in at.info[0].value
    assert points_of(who) == 30


def test_who_thinks_again_gets_the_points_back(visit: Visit, world: World) -> None:
    who = earned(world)
    redeem(world, who, item(world, price_tenths=50))
    at = press(visit("volunteer", "me"), "看领取码　1 份待领")

    press(at, "不换了")
    assert points_of(who) == 10
    press(at, "确定不换，退回 5 分")

    assert points_of(who) == 60
    assert "现在没有等您领取的东西" in at.info[0].value
    assert "11月20日 洗衣液</dt><dd>已取消" in page_html(at)


def test_a_code_whose_time_is_over_is_not_shown(visit: Visit, world: World) -> None:
    who = earned(world)
    redeem(world, who, item(world, price_tenths=50), now=LATER - timedelta(hours=49))

    at = visit("volunteer", "me", show="orders")

    assert "已过领取时间" in at.info[0].value
    assert "领取码" not in page_html(at)


def test_nobody_sees_anothers_points_or_code(visit: Visit, world: World) -> None:
    who = earned(world)
    order = redeem(world, who, item(world, price_tenths=50))
    code = f"{order.code[:3]} {order.code[3:]}"

    for part in ("", "lines", "shop", "orders", "item"):
        html = page_html(visit("volunteer2", "me", show=part, item=str(order.item_id)))
        assert code not in html
        assert "洗衣液" not in html


def test_a_stopped_account_says_so_and_offers_nothing(visit: Visit, world: World) -> None:
    who = earned(world)
    item(world)
    db.run(points.freeze, actor=world.coordinator, person_id=who, frozen=True, key="k", now=NOW)

    home, there = visit("volunteer", "me"), visit("volunteer", "me", show="shop")

    assert "已暂停使用" in home.warning[0].value
    assert "已暂停使用" in there.info[0].value
    assert buttons(there) == []


def test_staff_who_help_as_well_see_their_balance_in_a_line(visit: Visit, world: World) -> None:
    give(world, me(world, "building_head"), 1)

    assert any("我的积分 2 分" in caption.value for caption in visit("building_head", "me").caption)
    assert not any("我的积分" in caption.value for caption in visit("secretary", "me").caption)


def test_fetched_goods_are_told_among_the_old_ones(visit: Visit, world: World) -> None:
    order = redeem(world, earned(world), item(world, price_tenths=50))
    step(shop.fulfil, order, world.coordinator)

    assert "洗衣液</dt><dd>已领取" in page_html(visit("volunteer", "me", show="orders"))
