"""爱心超市: points held and goods reserved together, fetched by a code, given back with their old expiry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

import db
from db import awards, catalog, fsck, points, points_desk, redemptions, rules, shop, statements
from db.expiry import expire_due
from db.models import PointLotRow, RedemptionRow
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, Refused, WrongState
from domain.ids import new_key
from domain.points import Account, Frozen, NotEnough, RedemptionState
from tests.builders import NOW, World
from tests.db.checks import dump
from tests.db.earning import give, has, item, me, person, points_of, redeem, step, verified

LATE = NOW + timedelta(hours=48)


def found() -> list[str]:
    return db.read(lambda session: list(fsck.problems(session)))


def test_redeeming_holds_points_and_reserves_goods_and_fetching_uses_both_up(any_world: World) -> None:
    who, soap = person(any_world), item(any_world, left=3)
    give(any_world, who)

    order = redeem(any_world, who, soap, quantity=2)
    assert has(who) == {Account.HELD: 20}
    assert has(soap) == {Account.SUPPLIER: -3, Account.SHELF: 1, Account.RESERVED: 2}

    done = step(shop.fulfil, order, any_world.colleague)
    assert (done.state, done.code, has(who)) == (RedemptionState.FULFILLED, "", {})
    assert has(soap) == {Account.SUPPLIER: -3, Account.SHELF: 1, Account.HANDED_OUT: 2}
    assert found() == []


def test_without_enough_points_or_goods_nothing_happens(any_world: World) -> None:
    who, soap = person(any_world), item(any_world, left=1)
    give(any_world, who)
    before = dump()

    with pytest.raises(NotEnough, match="现有2分，需要3分"):
        redeem(any_world, who, soap, quantity=3)
    with pytest.raises(NotEnough, match="只剩1份，需要2份"):
        redeem(any_world, who, soap, quantity=2)

    assert dump() == before


def test_one_form_sent_twice_is_one_order_with_the_same_code(any_world: World) -> None:
    who, soap = person(any_world), item(any_world)
    give(any_world, who)

    first, again = (redeem(any_world, who, soap, key="k") for _ in range(2))

    assert first == again
    assert len(first.code) == 6
    with pytest.raises(KeyReused):
        redeem(any_world, who, soap, key="k", quantity=2)


def test_the_code_finds_the_order_and_is_not_in_the_database(world: World) -> None:
    who, soap = person(world), item(world)
    give(world, who)
    order = redeem(world, who, soap)

    there, name = db.read(
        redemptions.by_code, actor=world.colleague, community_id=world.community, code=f" {order.code} "
    )

    assert (there.id, there.code, name) == (order.id, "", "王**")
    assert order.code not in str(db.read(lambda s: s.scalar(select(RedemptionRow.code_mac))))
    with pytest.raises(NotFound):
        db.read(redemptions.by_code, actor=world.stranger, community_id=world.community, code=order.code)


def test_cancelling_restores_the_lots_as_they_were(any_world: World) -> None:
    who, soap = person(any_world), item(any_world)
    give(any_world, who, 2)
    lots = select(PointLotRow.id, PointLotRow.expires_on, PointLotRow.remaining, PointLotRow.held)
    before = db.read(lambda s: s.execute(lots.order_by(PointLotRow.id)).all())
    order = redeem(any_world, who, soap, quantity=3)

    step(shop.cancel, order, any_world.coordinator)

    assert db.read(lambda s: s.execute(lots.order_by(PointLotRow.id)).all()) == before
    assert has(soap) == {Account.SUPPLIER: -10, Account.SHELF: 10}
    assert found() == []


def test_what_nobody_fetches_in_48_hours_goes_back_once(any_world: World) -> None:
    who, soap = person(any_world), item(any_world)
    give(any_world, who)
    order = redeem(any_world, who, soap)

    assert db.run(shop.release_overdue, now=LATE - timedelta(microseconds=1)) == 0
    with pytest.raises(WrongState, match="已超过领取时间"):
        step(shop.fulfil, order, any_world.colleague, now=LATE)
    assert [db.run(shop.release_overdue, now=LATE) for _ in range(3)] == [1, 0, 0]

    assert points_of(who) == 20
    with pytest.raises(Changed):
        step(shop.fulfil, order, any_world.colleague, now=LATE)


def test_points_that_expired_while_they_were_held_expire_when_they_come_back(any_world: World) -> None:
    who, soap = person(any_world), item(any_world)
    soon = datetime(2027, 12, 31, 12, 0, tzinfo=UTC)  # the points' last day
    give(any_world, who)
    order = redeem(any_world, who, soap, now=soon)
    after = soon + timedelta(hours=48)

    assert [db.run(expire_due, now=after) for _ in range(2)] == [1, 0]
    assert has(who) == {Account.HELD: 10}
    db.run(shop.release_overdue, now=after)

    assert (order.state, has(who)) == (RedemptionState.RESERVED, {})
    assert db.run(expire_due, now=after) == 0
    assert found() == []


@pytest.mark.parametrize(
    ("moment", "left"),
    [
        (datetime(2027, 12, 31, 15, 59, 59, 999999, tzinfo=UTC), 20),
        (datetime(2027, 12, 31, 16, 0, tzinfo=UTC), 0),
        (datetime(2028, 1, 3, 16, 0, tzinfo=UTC), 0),
    ],
    ids=["last microsecond in Shanghai", "midnight", "three days late"],
)
def test_points_live_until_the_end_of_the_next_calendar_year(world: World, moment: datetime, left: int) -> None:
    who = person(world)
    give(world, who)

    for _ in range(5):
        db.run(expire_due, now=moment)

    assert points_of(who) == left
    lines = db.read(statements.statement, actor=world.coordinator, person_id=who).lines
    assert len(lines) == (1 if left else 2)


def test_expired_points_can_not_be_spent_before_the_job_comes_round(world: World) -> None:
    who, soap = person(world), item(world)
    give(world, who)

    with pytest.raises(NotEnough, match="现有0分"):
        redeem(world, who, soap, now=datetime(2028, 1, 1, 1, 0, tzinfo=UTC))


def test_what_expires_first_is_spent_first(world: World) -> None:
    who, soap = person(world), item(world)
    old = NOW - timedelta(days=365)
    give(world, who)
    give(world, who, now=old)

    redeem(world, who, soap)

    listed = db.read(statements.expiring, actor=world.coordinator, person_id=who, now=NOW)
    assert [(e.on.year, e.points_tenths, e.notice) for e in listed] == [(2026, 10, True), (2027, 20, False)]


def test_goods_come_back_with_another_colleagues_word(any_world: World) -> None:
    who, soap = person(any_world), item(any_world)
    give(any_world, who)
    order = step(shop.fulfil, redeem(any_world, who, soap), any_world.colleague)

    with pytest.raises(NotAllowed, match="您经手发出"):
        step(shop.give_back, order, any_world.colleague, reason="坏的")
    with pytest.raises(WrongState, match="超过7天"):
        step(shop.give_back, order, any_world.coordinator, reason="坏的", now=NOW + timedelta(days=8))
    back = step(shop.give_back, order, any_world.coordinator, reason="坏的", damaged=True)

    assert (back.state, points_of(who)) == (RedemptionState.RETURNED, 20)
    assert has(soap) == {Account.SUPPLIER: -10, Account.SHELF: 9, Account.DAMAGED: 1}
    assert found() == []


def test_a_frozen_account_earns_and_does_not_spend(any_world: World) -> None:
    who, soap = person(any_world), item(any_world)
    give(any_world, who)
    order = redeem(any_world, who, soap)
    freeze: dict[str, Any] = {"actor": any_world.secretary, "person_id": who, "now": NOW}
    assert db.run(points.freeze, frozen=True, key="f", **freeze).frozen

    for refused in (lambda: redeem(any_world, who, soap), lambda: step(shop.fulfil, order, any_world.colleague)):
        with pytest.raises(Frozen):
            refused()
    give(any_world, who, now=NOW - timedelta(days=40))
    assert points_of(who) == 30

    db.run(points.freeze, frozen=False, key="g", **freeze)
    assert step(shop.fulfil, order, any_world.colleague).state is RedemptionState.FULFILLED


def test_limits_count_a_persons_month(world: World) -> None:
    who, soap = person(world), item(world, month_limit=2)
    tea = item(world, name="茶叶")
    give(world, who, 5)
    redeem(world, who, soap, quantity=2)

    with pytest.raises(NotAllowed, match="每人每月限2份"):
        redeem(world, who, soap)
    for _ in range(3):
        redeem(world, who, tea)
    with pytest.raises(NotAllowed, match="每月最多4次"):
        redeem(world, who, tea)
    assert redeem(world, who, soap, now=NOW + timedelta(days=12)).item == "洗衣液"


def test_an_administrator_sets_how_often_how_long_and_how_late(world: World) -> None:
    who, soap = person(world), item(world)
    give(world, who, 3)
    values = {"points.orders_a_month": 1, "points.pickup_hours": 24, "points.return_days": 14}
    with pytest.raises(Invalid, match="1 到 720"):
        db.run(rules.change, actor=world.admin, values=values | {"points.pickup_hours": 0}, now=NOW)
    db.run(rules.change, actor=world.admin, values=values, now=NOW)

    order = redeem(world, who, soap)
    assert order.expires_at == NOW + timedelta(hours=24)
    with pytest.raises(NotAllowed, match="每月最多1次"):
        redeem(world, who, soap)
    fetched, late = step(shop.fulfil, order, world.colleague), NOW + timedelta(days=13)
    listed: dict[str, Any] = {"actor": world.coordinator, "community_id": world.community, "limit": 9}
    assert db.read(points_desk.handed_out, now=late, **listed)
    assert step(shop.give_back, fetched, world.coordinator, reason="坏的", now=late).state is RedemptionState.RETURNED


def test_people_order_for_themselves_and_only_the_desk_for_others(world: World) -> None:
    zhao, soap = me(world, "volunteer"), item(world)
    give(world, zhao)

    order = redeem(world, zhao, soap, actor=world.volunteer)
    assert [o.code for o in db.read(redemptions.my_orders, actor=world.volunteer)] == [order.code]
    assert db.read(redemptions.my_orders, actor=world.volunteer2) == []
    for other in ("volunteer2", "grid_worker", "stranger", "leader"):
        with pytest.raises(NotAllowed):
            redeem(world, zhao, soap, actor=world.actors[other])
        with pytest.raises(NotAllowed):
            step(shop.cancel, order, world.actors[other])
    assert step(shop.cancel, order, world.volunteer).state is RedemptionState.CANCELLED


def test_nobody_hands_over_to_themselves(world: World) -> None:
    mine, soap = me(world, "coordinator"), item(world)
    step(awards.confirm, verified(world, mine), world.secretary)
    order = redeem(world, mine, soap, actor=world.coordinator)

    with pytest.raises(NotAllowed, match="换一位同事"):
        step(shop.fulfil, order, world.coordinator)


def test_a_waiting_order_is_listed_for_the_desk_of_its_community_only(world: World) -> None:
    who, soap = person(world), item(world)
    give(world, who)
    order = redeem(world, who, soap)
    asked: dict[str, Any] = {"community_id": world.community}

    [(listed, name)] = db.read(redemptions.orders, actor=world.colleague, **asked)

    assert (listed.id, listed.no, listed.code, name) == (order.id, "D0001", "", "王**")
    assert db.read(redemptions.orders, actor=world.colleague, after=(order.asked_at, order.id), **asked) == []
    assert db.read(redemptions.orders, actor=world.stranger, **asked) == []


def test_the_catalogue_tells_what_is_left(world: World) -> None:
    soap = item(world)
    db.run(catalog.write_off, actor=world.coordinator, item_id=soap, quantity=4, key=new_key(), now=NOW)

    [shown] = db.read(catalog.catalogue, actor=world.volunteer, community_id=world.community)

    assert (shown.name, shown.left, shown.price_tenths) == ("洗衣液", 6, 10)
    assert db.read(catalog.catalogue, actor=world.stranger, community_id=world.community) == []
    with pytest.raises(Refused, match="只剩6份"):
        db.run(catalog.write_off, actor=world.coordinator, item_id=soap, quantity=7, key=new_key(), now=NOW)


def test_an_item_is_changed_by_whoever_saw_its_last_state(world: World) -> None:
    soap = item(world)
    values: dict[str, Any] = {"name": "洗衣液", "price_tenths": 20, "month_limit": 0, "active": False, "sort": 1}
    call: dict[str, Any] = {"actor": world.coordinator, "item_id": soap, "expected_version": 1, "now": NOW, **values}

    db.run(catalog.change_item, **call)

    with pytest.raises(Changed):
        db.run(catalog.change_item, **call)
    with pytest.raises(Invalid, match="不能兑换"):
        redeem(world, person(world), soap)
    with pytest.raises(Invalid, match="已有"):
        item(world)
    with pytest.raises(Invalid, match="10000分之间"):
        item(world, name="免费", price_tenths=0)


def test_stock_moves_once_a_key(world: World) -> None:
    soap = item(world, left=0)

    for _ in range(3):
        db.run(catalog.receive, actor=world.coordinator, item_id=soap, quantity=5, key="r", now=NOW)

    assert has(soap)[Account.SHELF] == 5
    with pytest.raises(NotAllowed):
        db.run(catalog.receive, actor=world.grid_worker, item_id=soap, quantity=5, key="s", now=NOW)
    with pytest.raises(Invalid):
        db.run(catalog.receive, actor=world.coordinator, item_id=soap, quantity=0, key="t", now=NOW)


def test_the_database_itself_refuses_less_than_nothing(world: World) -> None:
    who = person(world)
    give(world, who)

    for damage in (
        "UPDATE ledger_account SET balance = -1 WHERE kind = 'available'",
        "UPDATE ledger_account SET balance = 1 WHERE kind = 'debt'",
        "UPDATE point_lot SET remaining = -1",
        "UPDATE point_lot SET held = 1",
        "INSERT INTO ledger_transfer SELECT community_id, seq, 9, from_account, to_account, unit, 0, lot_id,"
        " 0, from_version + 9, 0, to_version + 9 FROM ledger_transfer LIMIT 1",
        "INSERT INTO ledger_transfer SELECT community_id, seq, 9, from_account, to_account, 'MIN', 1, lot_id,"
        " 0, from_version + 9, 0, to_version + 9 FROM ledger_transfer WHERE unit = 'PT' LIMIT 1",
    ):
        with pytest.raises(Exception, match="constraint failed"), db.engine.get().begin() as connection:
            connection.execute(text(damage))
