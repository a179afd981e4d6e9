"""The demo's points: posted as the ledger posts, a code waiting, an expiry near, something to vouch for."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import db
import demo
import settings
from db import awards, catalog, expiry, fsck, points, records, redemptions, shop, statements
from domain.access import Actor
from domain.ids import new_key
from domain.points import PICKUP_WITHIN, Posting, RecordState
from tests.demo.conftest import NOW, copy_of
from tests.demo.test_generate import log_in


def whole() -> list[str]:
    return db.read(lambda session: list(fsck.problems(session)))


def zhao() -> Actor:
    return log_in("demo-volunteer")


@pytest.mark.parametrize("day", [date(2026, 1, 1), pytest.param(date(2026, 12, 31), marks=pytest.mark.slow)])
def test_on_any_day_the_ledger_is_whole_and_something_expires_soon(template: Path, tmp_path: Path, day: date) -> None:
    copy_of(template, tmp_path)
    demo.generate(now=NOW, today=day)
    now = datetime(day.year, day.month, day.day, 2, 42, 7, tzinfo=UTC)

    mine = db.read(points.my_balance, actor=zhao())
    assert mine
    soon = db.read(statements.expiring, actor=zhao(), person_id=mine.person_id, now=now)

    assert whole() == []
    assert soon[0].notice
    assert soon[0].days >= 0
    db.engine.dispose()


@pytest.mark.usefixtures("shown")
def test_the_volunteer_has_points_a_star_and_an_order_that_waits_with_its_code() -> None:
    mine = db.read(points.my_balance, actor=zhao())
    waiting = [order for order in db.read(redemptions.my_orders, actor=zhao()) if order.code]

    assert mine
    assert (mine.stars, mine.held) == (1, 150)
    assert mine.available > 500
    assert [(order.item, len(order.code), order.expires_at > NOW) for order in waiting] == [("洗衣液1瓶", 6, True)]
    assert waiting[0].expires_at - waiting[0].asked_at == PICKUP_WITHIN


@pytest.mark.usefixtures("shown")
def test_a_statement_tells_of_awards_with_their_reason_and_of_orders() -> None:
    mine = db.read(points.my_balance, actor=zhao())
    assert mine
    lines = db.read(statements.statement, actor=zhao(), person_id=mine.person_id, limit=200).lines

    assert {line.kind for line in lines} >= {Posting.AWARD, Posting.HOLD, Posting.RELEASE}
    assert all(line.why.endswith("分") for line in lines if line.kind is Posting.AWARD)


@pytest.mark.usefixtures("shown")
def test_the_volunteers_rounds_of_the_month_are_in_her_statement() -> None:
    mine = db.read(points.my_balance, actor=zhao())
    assert mine
    lines = db.read(statements.statement, actor=zhao(), person_id=mine.person_id, limit=200).lines

    assert sum("按时巡看" in line.why for line in lines) >= 10


@pytest.mark.usefixtures("shown")
def test_the_office_finds_records_to_vouch_for_and_to_post_and_a_filled_shop() -> None:
    li = log_in("demo-coordinator")
    home = li.grants[0].area_id

    found = {record.state for record, _ in db.read(records.listed, actor=li, community_id=home)}
    items = db.read(catalog.catalogue, actor=li, community_id=home)

    assert found == {RecordState.SUBMITTED, RecordState.VERIFIED}
    assert len(items) == 8
    assert len(db.read(points.balances, actor=li, community_id=home)) > 40


def test_the_commands_go_on_from_there(own: settings.Settings) -> None:
    li, home = log_in("demo-coordinator"), log_in("demo-coordinator").grants[0].area_id
    ready = db.read(records.listed, actor=li, community_id=home, states=[RecordState.VERIFIED])
    order = next(order for order in db.read(redemptions.my_orders, actor=zhao()) if order.code)

    done = db.run(awards.confirm_many, actor=li, record_ids=[record.id for record, _ in ready], now=NOW)
    call: dict[str, Any] = {"actor": zhao(), "key": new_key(), "now": NOW}
    db.run(shop.cancel, redemption_id=order.id, expected_version=order.version, **call)
    db.run(shop.redeem, actor=zhao(), person_id=order.person_id, item_id=order.item_id, key=new_key(), now=NOW)
    later = datetime(2027, 1, 2, tzinfo=UTC)
    while db.run(shop.release_overdue, now=later) or db.run(expiry.expire_due, now=later):
        pass

    assert done.count == len(ready)
    assert done.refused == ()
    assert whole() == []
