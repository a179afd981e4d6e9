"""Sixteen at once for the last point, the last piece, the same reversal: one wins each. And: the guards have teeth."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Select, text

import db
import db.engine
from db import awards, fsck, ledger, shop
from db.writes import first_result
from domain.errors import Refused
from domain.points import Account
from settings import Settings
from tests.builders import World, make_world
from tests.db.acting import at_once, refusals
from tests.db.checks import dump
from tests.db.earning import confirmed, give, has, item, person, points_of, record, redeem, step, verified

MANY = 16


def wrong() -> list[str]:
    return db.read(lambda session: list(fsck.problems(session)))


def won(results: list[Any], winners: int) -> list[str]:
    """Say what went wrong unless so many won and the rest were refused in words."""
    count = len(results) - len(refusals(results))
    return [*([] if count == winners else [f"{count} winners: {results}"]), *wrong()]


def last_points(world: World) -> list[str]:
    """Sixteen tills spend one person's last point."""
    who, soap = person(world), item(world, left=MANY, price_tenths=20)
    give(world, who)
    results = at_once(*[lambda: redeem(world, who, soap)] * MANY)
    return [*won(results, 1), *([] if has(who) == {Account.HELD: 20} else [f"{has(who)}"])]


def last_piece(world: World) -> list[str]:
    """Sixteen people want the last piece on the shelf."""
    soap, people = item(world, left=1), [person(world, f"居民{n}") for n in range(MANY)]
    for who in people:
        give(world, who)
    results = at_once(*[_wants(world, who, soap) for who in people])
    return won(results, 1)


def _wants(world: World, who: Any, soap: Any) -> Callable[[], Any]:
    return lambda: redeem(world, who, soap)


def one_voiding(world: World) -> list[str]:
    """Sixteen void one record."""
    done = confirmed(world, person(world))
    results = at_once(*[lambda: step(awards.void, done, world.coordinator, reason="不实")] * MANY)
    return [*won(results, 1), *([] if has(done.person_id) == {} else ["points or hours are left"])]


def one_confirmation(world: World) -> list[str]:
    """Sixteen confirm one record."""
    ready = verified(world, person(world))
    results = at_once(*[lambda: step(awards.confirm, ready, world.coordinator)] * MANY)
    return [*won(results, 1), *([] if points_of(ready.person_id) == 20 else ["not 2 points"])]


def one_interval(world: World) -> list[str]:
    """Four records of one hour of one person are confirmed at once."""
    who = person(world)
    ready = [verified(world, who) for _ in range(4)]
    results = at_once(*[_confirms(world, one) for one in ready])
    return won(results, 1)


def _confirms(world: World, one: Any) -> Callable[[], Any]:
    return lambda: step(awards.confirm, one, world.coordinator)


def one_key(world: World) -> list[str]:
    """One form arrives four times at once: one order, and each is told of it."""
    who, soap = person(world), item(world)
    give(world, who)
    results = at_once(*[lambda: redeem(world, who, soap, key="k")] * 4)
    made = {getattr(result, "id", repr(result)) for result in results}
    return [*([] if len(made) == 1 else [f"{made}"]), *wrong()]


def fetched_and_overdue(world: World) -> list[str]:
    """The desk hands over, the owner cancels and the job releases, all at once."""
    who, soap = person(world), item(world)
    give(world, who)
    order = redeem(world, who, soap)
    calls = [lambda: step(shop.fulfil, order, world.colleague), lambda: step(shop.cancel, order, world.coordinator)]
    late = [lambda: db.run(shop.release_overdue, now=order.expires_at) or _nothing_due()] * 2
    return won(at_once(*calls, *late), 1)


def _nothing_due() -> None:
    raise Refused("nothing was due")


CHECKS = [last_points, last_piece, one_voiding, one_confirmation, one_interval, one_key, fetched_and_overdue]


@pytest.mark.parametrize("check", CHECKS)
def test_many_at_once_on_sqlite(world: World, check: Callable[[World], list[str]]) -> None:
    assert check(world) == []


@pytest.mark.pg
@pytest.mark.parametrize("check", CHECKS)
def test_many_at_once_on_postgresql(db_postgres: Settings, check: Callable[[World], list[str]]) -> None:
    assert check(make_world()) == []


# --- teeth --------------------------------------------------------------------------------------------


def test_without_the_key_one_form_makes_several_orders(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "first_result", lambda *_: None)
    monkeypatch.setattr(shop, "remember", lambda *_, **__: None)

    assert one_key(world) != []
    assert first_result is not shop.first_result


def test_without_the_records_state_its_award_still_is_posted_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db.engine, "RETRIES", 2)
    done = confirmed(world, person(world))
    with db.engine.get().begin() as connection:
        connection.execute(text("UPDATE service_record SET state = 'verified', points_tenths = NULL, minutes = 0"))

    # the ledger's own name for it: award:<record>
    with pytest.raises(Refused, match="系统繁忙"):
        step(awards.confirm, done, world.coordinator, expected_version=done.version)
    assert points_of(done.person_id) == 20


def stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everyone post on the accounts as they were before the first of them wrote."""
    lock, seen = ledger.lock, {}

    def once(tx: Any, community_id: Any, *, people: Any = (), items: Any = (), now: Any) -> Any:
        name = (community_id, tuple(people), tuple(items))
        found = lock(tx, community_id, people=people, items=items, now=now)
        return ledger.Ledger(community_id, seen.setdefault(name, [*found.by_id.values()]), found.seq, found.digest)

    monkeypatch.setattr(shop, "lock", once)
    monkeypatch.setattr(ledger.Ledger, "put", lambda *_: None)


def test_whoever_posts_on_a_stale_account_is_refused_by_its_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, soap = person(world), item(world)
    give(world, who, 2)
    stale(monkeypatch)
    redeem(world, who, soap)

    with pytest.raises(Refused, match="别的变动"):
        redeem(world, who, soap)
    assert wrong() == []


def test_without_lock_and_version_the_database_still_takes_no_version_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, soap = person(world), item(world)
    give(world, who, 2)
    stale(monkeypatch)
    monkeypatch.setattr(ledger, "one_row", lambda *_: None)
    monkeypatch.setattr(ledger, "all_rows", lambda *_: None)
    redeem(world, who, soap)

    with pytest.raises(Exception, match="UNIQUE constraint failed"):
        redeem(world, who, soap)


@pytest.mark.pg
def test_without_the_lock_somebody_is_told_to_try_again_and_nothing_is_lost(
    db_postgres_once: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    monkeypatch.setattr(ledger, "_LOCK", ledger._READ)  # made before the tooth was pulled

    wrongs = last_piece(make_world())

    assert [line for line in wrongs if "winners" not in line] == []


def test_a_second_reversal_past_the_program_is_refused_by_the_database(world: World) -> None:
    done = confirmed(world, person(world))
    step(awards.void, done, world.coordinator, reason="不实")

    with pytest.raises(Exception, match="reverses_txn"), db.engine.get().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ledger_txn SELECT randomblob(16), community_id, seq + 9, kind, 'x', effective_at,"
                " posted_at, actor_id, approver_id, source_type, source_id, rule_version, reverses_txn, prev_hash, hash"
                " FROM ledger_txn WHERE kind = 'reverse'"
            )
        )


def test_what_is_refused_leaves_every_byte_as_it_was(world: World) -> None:
    who, soap = person(world), item(world, left=1)
    give(world, who)
    noted = record(world, who)
    before = dump()

    for refused in (
        lambda: redeem(world, who, soap, quantity=2),
        lambda: redeem(world, who, soap, actor=world.volunteer),
        lambda: step(awards.confirm, noted, world.coordinator),
        lambda: step(awards.void, noted, world.coordinator, reason="不实"),
        lambda: step(awards.void, noted, world.coordinator, reason=""),
    ):
        with pytest.raises(Refused):
            refused()
        assert dump() == before
