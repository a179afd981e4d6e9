"""The ledger's timed work: what is due is done once, however late and however often it is looked for."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

import db
import db.engine
from db import anchors, expiry, fsck, jobs, ledger, redemptions
from domain.access import Actor
from domain.clock import at_local, local_date
from domain.points import PICKUP_WITHIN, RedemptionState
from jobs import nightly, points
from settings import Settings
from tests.builders import NOW, World
from tests.db.earning import give, has, item, me, points_of, redeem
from tests.sending import channel, rows

AFTER_EXPIRY = datetime(2028, 1, 1, 3, tzinfo=UTC)  # points of 2026 lived to the end of 2027


def state(world: World) -> RedemptionState:
    (order,) = db.read(redemptions.my_orders, actor=world.volunteer)
    return order.state


@pytest.fixture
def waiting(world: World) -> World:
    """赵阿姨 has 6 points, one of them held for 洗衣液."""
    who = me(world, "volunteer")
    give(world, who, 3)
    redeem(world, who, item(world))
    return world


@pytest.mark.parametrize(("seconds", "left"), [(-1, 50), (0, 60)])
def test_an_order_goes_back_when_its_time_is_over(waiting: World, seconds: int, left: int) -> None:
    points.release(NOW + PICKUP_WITHIN + timedelta(seconds=seconds))

    assert points_of(me(waiting, "volunteer")) == left


def test_looking_again_gives_nothing_back_twice(waiting: World) -> None:
    late = NOW + PICKUP_WITHIN

    assert [points.release(late), points.release(late), points.release(late + PICKUP_WITHIN)] == [1, 0, 0]
    assert state(waiting) is RedemptionState.EXPIRED
    assert has(me(waiting, "volunteer")) == {"available": 60}


def test_what_is_left_expires_and_what_was_held_comes_back_only_to_expire(waiting: World) -> None:
    nightly.tick(AFTER_EXPIRY)

    assert points_of(me(waiting, "volunteer")) == 0
    assert db.read(lambda session: list(fsck.everything(session))) == []


@pytest.mark.parametrize(("at", "done"), [(time(0, 4, 59), False), (time(0, 5), True), (time(23, 59), True)])
def test_the_day_is_closed_soon_after_midnight_or_as_late_as_it_comes(waiting: World, at: time, done: bool) -> None:
    now = at_local(local_date(NOW), at)

    assert points.close_day(now) is done
    assert anchors.folder().exists() is done


def test_a_day_is_anchored_once_and_the_next_one_again(waiting: World) -> None:
    done = [points.close_day(NOW + timedelta(hours=hours)) for hours in (0, 1, 24)]

    assert done == [True, False, True]
    assert [len(file.read_text().splitlines()) for file in anchors.folder().iterdir()] == [1, 1]


def test_broken_off_before_its_end_the_day_is_done_again(waiting: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(anchors, "write", _fail)
        nightly.tick(AFTER_EXPIRY)

    assert points_of(me(waiting, "volunteer")) == 0
    assert points.close_day(AFTER_EXPIRY)
    assert db.read(lambda session: list(fsck.everything(session))) == []


def _fail(*_args: object, **_more: object) -> None:
    raise OSError("no room")


def test_one_job_that_fails_keeps_no_other_from_its_turn(waiting: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "write", _fail)

    nightly.tick(NOW + PICKUP_WITHIN)

    assert state(waiting) is RedemptionState.EXPIRED
    assert db.read(jobs.last_run, job=nightly.JOB)


LAST_DAY = date(2027, 12, 31)


def test_the_community_is_told_once_each_at_60_30_and_7_days_of_how_many_but_not_of_whom(waiting: World) -> None:
    channel(waiting, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=00000000-0000-4000-8000-000000000000")
    told = []
    for days in (61, 60, 59, 30, 8, 6, 5, 0):
        now = at_local(LAST_DAY - timedelta(days=days), time(0, 6))
        points.close_day(now)
        told.append(len(rows()))

    assert told == [0, 1, 1, 2, 2, 3, 3, 3]
    assert [row.body["count"] for row in rows()] == [1, 1, 1]
    assert {row.body["due"] for row in rows()} == {"2027年12月31日"}
    assert rows()[0].next_attempt_at == at_local(LAST_DAY - timedelta(days=60), time(9))
    assert "赵" not in "".join(str(row.body) for row in rows())


def test_staff_see_whose_points_expire_within_their_area(waiting: World) -> None:
    now = at_local(LAST_DAY - timedelta(days=30), time(9))

    def near(actor: Actor) -> list[tuple[UUID, int, int]]:
        found = db.read(expiry.soon, actor=actor, community_id=waiting.community, now=now)
        return [(one.person_id, one.points_tenths, one.days) for one in found]

    assert near(waiting.coordinator) == [(me(waiting, "volunteer"), 50, 30)]
    assert near(waiting.stranger) == near(waiting.volunteer) == []


def test_an_empty_ledger_has_nothing_to_close(any_db: Settings) -> None:
    assert points.release(NOW) == 0
    assert points.close_day(NOW)
    assert db.read(ledger.heads) == {}
