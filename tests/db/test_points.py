"""What people see of points: balances, statements, what expires, the month; and what of it is not theirs."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import db
import db.engine
from db import awards, points, points_figures, records, shop, statements, stats
from db.points import Balance
from domain.errors import NotAllowed, NotFound
from domain.points import Account, Posting, RecordState
from tests.builders import NOW, World
from tests.db.earning import HOUR, confirmed, give, item, me, person, record, redeem, step, verified

MONTH, DAY = date(2026, 11, 1), timedelta(days=1)


def balances(world: World, who: str = "coordinator", **more: Any) -> list[Balance]:
    return db.read(points.balances, actor=world.actors[who], community_id=world.community, **more)


def test_balances_are_listed_page_by_page_the_fullest_first(any_world: World) -> None:
    people = [person(any_world, f"张{n}") for n in range(3)]
    for times, who in enumerate(people, 1):
        give(any_world, who, times)

    first = balances(any_world, limit=2)
    rest = balances(any_world, limit=2, after=(first[-1].available, first[-1].account_id))

    assert [(b.person_id, b.available, b.name) for b in first + rest] == [
        (people[2], 60, "张*"),
        (people[1], 40, "张*"),
        (people[0], 20, "张*"),
    ]


def test_a_balance_tells_what_is_held_owed_served_and_frozen(world: World) -> None:
    who, soap = person(world), item(world)
    done = confirmed(world, who)
    redeem(world, who, soap)
    confirmed(world, who, now=NOW + 2 * HOUR)
    step(awards.void, done, world.coordinator, reason="不实")

    held = db.read(points.balance, actor=world.coordinator, person_id=who)

    assert (held.available, held.held, held.debt, held.minutes, held.stars) == (10, 10, 0, 60, 0)
    assert not held.frozen


@pytest.mark.parametrize(("who", "sees"), [("coordinator", True), ("grid_worker", False), ("stranger", False)])
def test_balances_are_for_staff_of_the_place(world: World, who: str, sees: bool) -> None:
    someone = person(world)
    give(world, someone)

    assert bool(balances(world, who)) == sees
    if not sees:
        with pytest.raises(NotFound):
            db.read(statements.statement, actor=world.actors[who], person_id=someone)


def test_a_grid_worker_sees_who_lives_in_the_grid(world: World) -> None:
    here, there = person(world, area_id=world.building), person(world, area_id=world.other_grid)
    for who in (here, there):
        give(world, who)

    assert [b.person_id for b in balances(world, "grid_worker")] == [here]
    assert [b.person_id for b in balances(world, "other_grid_worker")] == [there]


def test_people_see_their_own_and_nobody_elses(world: World) -> None:
    zhao, other = me(world, "volunteer"), me(world, "volunteer2")
    give(world, zhao)
    assert db.read(points.my_balance, actor=world.volunteer2) is None
    give(world, other, 2)

    mine = db.read(points.my_balance, actor=world.volunteer)

    assert mine
    assert (mine.person_id, mine.available) == (zhao, 20)
    assert db.read(statements.statement, actor=world.volunteer, person_id=zhao).closing == 20
    for query in (statements.statement, points.balance):
        with pytest.raises(NotFound):
            db.read(query, actor=world.volunteer, person_id=other)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        db.read(statements.expiring, actor=world.volunteer, person_id=other, now=NOW)
    assert balances(world, "volunteer") == []


def test_a_statement_opens_closes_and_runs_without_a_gap(any_world: World) -> None:
    who, soap = person(any_world), item(any_world)
    give(any_world, who, 2)
    order = redeem(any_world, who, soap)
    step(shop.cancel, order, any_world.coordinator)
    read: dict[str, Any] = {"actor": any_world.coordinator, "person_id": who, "limit": 3}

    newest = db.read(statements.statement, **read)
    oldest = db.read(statements.statement, before=newest.lines[-1].version, **read)

    assert [(line.kind, line.amount, line.balance) for line in newest.lines + oldest.lines] == [
        (Posting.RELEASE, 10, 40),
        (Posting.HOLD, -10, 30),
        (Posting.AWARD, 20, 40),
        (Posting.AWARD, 20, 20),
    ]
    assert (oldest.opening, oldest.closing, newest.opening, newest.closing) == (0, 20, 20, 40)
    assert oldest.lines[0].why == "11月20日 建议被采纳，2分"
    assert newest.lines[0].why == ""
    assert (newest.head_seq, len(newest.head_hash)) == (5, 64)
    assert newest.lines[1].source_id == order.id


def test_a_months_hours_are_those_of_its_figures_whenever_they_were_posted(world: World) -> None:
    verified_late = verified(world, person(world), started_at=NOW - 30 * DAY, ended_at=NOW - 30 * DAY + HOUR)
    step(awards.confirm, verified_late, world.coordinator)
    confirmed(world, person(world))

    def told(session: Session, month: date, last: date) -> tuple[int, float | None, int]:
        call: dict[str, Any] = {"actor": world.leader, "community_id": world.community, "month": month}
        scope = stats.scope_of(session, actor=world.leader, area_id=world.community, start=month, end=last)
        charts = stats.figures(session, actor=world.leader, scope=scope, codes=("service_hours",), now=NOW)
        by_grid = points_figures.hours_by_grid(session, **call)
        minutes = points_figures.month_figures(session, **call).minutes
        return minutes, (charts["service_hours"].value or 0) * 60, sum(part for _, part in by_grid)

    assert db.read(told, date(2026, 10, 1), date(2026, 10, 31)) == (60, 60, 60)
    assert db.read(told, MONTH, date(2026, 11, 30)) == (60, 60, 60)


def test_hours_have_a_statement_of_their_own(world: World) -> None:
    who = person(world)
    confirmed(world, who)

    hours = db.read(statements.statement, actor=world.coordinator, person_id=who, account=Account.HOURS)

    assert [(line.amount, line.balance) for line in hours.lines] == [(60, 60)]


def test_the_months_figures_are_what_was_posted(any_world: World) -> None:
    who, soap = person(any_world), item(any_world)
    confirmed(any_world, who)
    done = give(any_world, who, 2)[1]
    order = step(shop.fulfil, redeem(any_world, who, soap, quantity=2), any_world.colleague)
    step(shop.fulfil, redeem(any_world, who, soap), any_world.colleague)
    step(shop.give_back, order, any_world.secretary, reason="过期")
    step(awards.void, done, any_world.coordinator, reason="不实")

    month = db.read(points_figures.month_figures, actor=any_world.leader, community_id=any_world.community, month=MONTH)

    assert (month.awarded, month.redeemed, month.returned, month.reversed, month.expired) == (60, 30, 20, 20, 0)
    assert (month.minutes, month.outstanding) == (60, 30)
    assert month.expiring == {date(2027, 12, 31): 30}
    with pytest.raises(NotAllowed):
        db.read(points_figures.month_figures, actor=any_world.stranger, community_id=any_world.community, month=MONTH)


def test_hours_are_told_by_grid_and_person(world: World) -> None:
    first, second = person(world), person(world, "李爷爷")
    confirmed(world, first)
    confirmed(world, second, now=NOW - HOUR * 24 * 2)
    confirmed(world, second, now=NOW + HOUR * 24 * 15)  # in December
    call: dict[str, Any] = {"actor": world.coordinator, "community_id": world.community, "month": MONTH}

    ranks = db.read(points_figures.month_ranking, **call)

    assert db.read(points_figures.hours_by_grid, **call) == [("桂花一网格", 120)]
    assert [(rank.place, rank.minutes, bool(rank.why)) for rank, _ in ranks] == [(1, 60, True)] * 2
    assert [rank.person_id for rank, _ in ranks] == sorted([first, second])
    assert {name for _, name in ranks} == {"王**", "李**"}


def test_records_wait_in_the_order_of_their_days(any_world: World) -> None:
    who = person(any_world)
    new, old = record(any_world, who), verified(any_world, who, now=NOW - timedelta(days=1))
    call: dict[str, Any] = {"actor": any_world.coordinator, "community_id": any_world.community}

    listed = db.read(records.listed, **call)

    assert [(one.id, one.state, name) for one, name in listed] == [
        (old.id, RecordState.VERIFIED, "王**"),
        (new.id, RecordState.SUBMITTED, "王**"),
    ]
    assert [one.id for one, _ in db.read(records.listed, after=(date(2026, 11, 19), old.id), **call)] == [new.id]
    assert db.read(records.listed, **(call | {"actor": any_world.stranger})) == []


def test_the_pages_are_read_by_an_index(world: World) -> None:
    plans = {
        "ix_ledger_account_community_id_kind_balance": "SELECT owner_id FROM ledger_account WHERE community_id = x'00'"
        " AND kind = 'available' ORDER BY balance DESC, id DESC LIMIT 50",
        "from_account=": "SELECT 1 FROM ledger_transfer WHERE from_account = x'00' AND from_version < 9"
        " ORDER BY from_version DESC LIMIT 50",
    }
    with db.engine.get().connect() as connection:
        for index, query in plans.items():
            plan = str(connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all())
            assert index in plan
            assert "TEMP B-TREE" not in plan
