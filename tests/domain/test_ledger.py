"""The ledger's rules alone: what moves do to accounts, which lots are used, what a debt takes first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import new_id
from domain.ledger import (
    Held,
    Lot,
    Move,
    apply,
    award_moves,
    body,
    check_may_spend,
    first_to_expire,
    lot_changes,
    said,
    taken_back,
)
from domain.points import Account, AccountStatus, Frozen, NotEnough, Unit, unit_of

OWNER = new_id()


def account(kind: Account, balance: int = 0, **changes: object) -> Held:
    made = Held(new_id(), kind, str(unit_of(kind, OWNER)), OWNER, balance, 3)
    return replace(made, **changes)  # type: ignore[arg-type]


def by_id(*accounts: Held) -> dict[UUID, Held]:
    return {one.id: one for one in accounts}


def test_each_line_says_both_balances_and_versions_after_it() -> None:
    issuance, mine = account(Account.ISSUANCE, -100), account(Account.AVAILABLE, 5)

    lines, after = apply(by_id(issuance, mine), [Move(issuance.id, mine.id, 10), Move(mine.id, issuance.id, 3)])

    assert [(line.from_balance, line.from_version, line.to_balance, line.to_version) for line in lines] == [
        (-110, 4, 15, 4),
        (12, 5, -107, 5),
    ]
    assert (after[mine.id].balance, after[issuance.id].balance) == (12, -107)


def test_no_account_ends_below_zero_but_the_sources() -> None:
    mine, gone = account(Account.AVAILABLE, 5), account(Account.REDEEMED)

    with pytest.raises(NotEnough, match=r"现有0.5分，需要0.6分"):
        apply(by_id(mine, gone), [Move(mine.id, gone.id, 6)])
    assert apply(by_id(mine, gone), [Move(mine.id, gone.id, 5)])[1][mine.id].balance == 0


@pytest.mark.parametrize("amount", [0, -1])
def test_a_transfer_moves_something_between_two_accounts_of_one_unit(amount: int) -> None:
    points, minutes, more = account(Account.AVAILABLE, 9), account(Account.HOURS), account(Account.HELD)

    for move in (Move(points.id, more.id, amount), Move(points.id, points.id, 1), Move(points.id, minutes.id, 1)):
        with pytest.raises(ValueError, match="no transfer"):
            apply(by_id(points, minutes, more), [move])


def test_a_debt_is_never_paid_twice() -> None:
    issuance, debt = account(Account.ISSUANCE), account(Account.DEBT, -5)

    with pytest.raises(ValueError, match="paid twice"):
        apply(by_id(issuance, debt), [Move(issuance.id, debt.id, 6)])


@pytest.mark.parametrize(("owed", "to_debt", "to_lot"), [(0, 0, 20), (5, 5, 15), (20, 20, 0), (30, 20, 0)])
def test_an_award_pays_what_is_owed_before_it_makes_a_lot(owed: int, to_debt: int, to_lot: int) -> None:
    issuance, mine, debt = account(Account.ISSUANCE), account(Account.AVAILABLE), account(Account.DEBT, -owed)

    moves = award_moves(issuance, mine, debt, 20, lot := new_id())

    assert {move.target: move.amount for move in moves} == {
        k: v for k, v in ((debt.id, to_debt), (mine.id, to_lot)) if v
    }
    assert all((move.lot_id == lot) == (move.target == mine.id) for move in moves)


def lots(*amounts: int) -> list[Lot]:
    return [Lot(new_id(), date(2027, 12, 31) + timedelta(days=n), amount) for n, amount in enumerate(amounts)]


def test_taking_back_begins_with_the_awards_own_lot_and_owes_the_rest() -> None:
    issuance, mine, debt = account(Account.ISSUANCE), account(Account.AVAILABLE, 9), account(Account.DEBT)
    first, second, own = lots(2, 3, 4)

    moves = taken_back(issuance, mine, debt, [first, second, own], 10, own.id)

    assert [(move.lot_id, move.amount) for move in moves] == [(own.id, 4), (first.id, 2), (second.id, 3), (None, 1)]
    assert moves[-1].source == debt.id


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=8), st.integers(0, 40))
def test_what_expires_first_goes_first_and_never_more_than_there_is(held: list[tuple[int, int]], amount: int) -> None:
    mine = [Lot(new_id(), date(2027, 1, 1) + timedelta(days=day), left) for left, day in held]

    taken = dict(first_to_expire(mine, amount))

    assert sum(taken.values()) == min(amount, sum(lot.remaining for lot in mine))
    untouched = [lot for lot in mine if lot.remaining > taken.get(lot.id, 0)]
    last = max((lot.expires_on for lot in mine if lot.id in taken), default=date.min)
    assert all(lot.expires_on >= last for lot in untouched)


def test_lots_change_where_points_lie_and_nowhere_else() -> None:
    mine, held, gone = account(Account.AVAILABLE, 9), account(Account.HELD, 9), account(Account.REDEEMED)
    lot = new_id()

    changes = lot_changes(by_id(mine, held, gone), [Move(mine.id, held.id, 5, lot), Move(held.id, gone.id, 2, lot)])

    assert changes == {lot: (-5, 3)}


def test_a_frozen_account_does_not_spend() -> None:
    check_may_spend(account(Account.AVAILABLE))
    with pytest.raises(Frozen):
        check_may_spend(account(Account.AVAILABLE, status=AccountStatus.FROZEN))


def test_what_the_hash_covers_is_the_same_however_a_database_gives_it() -> None:
    key, moment = new_id(), datetime(2026, 11, 20, 2, 0, tzinfo=UTC)

    assert said(key) == said(key.bytes) == key.hex
    assert said(moment) == said(moment.astimezone(timezone(timedelta(hours=8)))) == "2026-11-20T02:00:00.000000+00:00"
    assert body([None, 1], [["a", Unit.POINTS]]) == "|1\na|PT"
