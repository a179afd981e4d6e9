"""The ledger's rules: what a transaction does to its accounts, which lots are used, what the chain covers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.points import MAY_BE_NEGATIVE, Account, AccountStatus, Frozen, NotEnough, points_text


@dataclass(frozen=True)
class Held:
    """An account as it stands."""

    id: UUID
    kind: Account
    unit: str
    owner_id: UUID
    balance: int
    version: int
    status: AccountStatus = AccountStatus.OPEN


@dataclass(frozen=True)
class Move:
    """One amount from one account to another of the same unit; of one lot, where lots are kept."""

    source: UUID
    target: UUID
    amount: int
    lot_id: UUID | None = None


class Line(NamedTuple):
    """A move as it is written down, with both accounts' balance and version after it."""

    line_no: int
    from_account: UUID
    to_account: UUID
    unit: str
    amount: int
    lot_id: UUID | None
    from_balance: int
    from_version: int
    to_balance: int
    to_version: int


@dataclass(frozen=True)
class Lot:
    """Points of one award: they expire together, wherever they go and come back from."""

    id: UUID
    expires_on: date
    remaining: int
    held: int = 0


Accounts = Mapping[UUID, Held]


def apply(accounts: Accounts, moves: Sequence[Move]) -> tuple[list[Line], dict[UUID, Held]]:
    """Move the amounts one after the other; refuse the whole if an account would end below zero."""
    after, lines = dict(accounts), []
    for number, move in enumerate(moves, 1):
        source, target = after[move.source], after[move.target]
        if move.amount <= 0 or source.id == target.id or source.unit != target.unit:
            raise ValueError(f"no transfer: {move}")
        source = replace(source, balance=source.balance - move.amount, version=source.version + 1)
        target = replace(target, balance=target.balance + move.amount, version=target.version + 1)
        after |= {source.id: source, target.id: target}
        lines.append(_line(number, move, source, target))
    for account in after.values():
        check_sign(account, accounts[account.id].balance)
    return lines, after


def _line(number: int, move: Move, source: Held, target: Held) -> Line:
    ends = (source.balance, source.version, target.balance, target.version)
    return Line(number, source.id, target.id, source.unit, move.amount, move.lot_id, *ends)


def check_sign(account: Held, had: int) -> None:
    if account.kind is Account.DEBT and account.balance > 0:
        raise ValueError("a debt can't be paid twice")
    if account.balance < 0 and account.kind not in MAY_BE_NEGATIVE:
        raise NotEnough(too_little(account.kind, had, had - account.balance))


def too_little(kind: Account, has: int, asked: int) -> str:
    if kind in (Account.AVAILABLE, Account.HELD):
        return f"积分不够：现有{points_text(has)}分，需要{points_text(asked)}分。请换一样，或先攒一攒。"
    return f"库存不够：只剩{has}份，需要{asked}份。请减少数量，或换一样。"


def check_may_spend(account: Held) -> None:
    if account.status is not AccountStatus.OPEN:
        raise Frozen()


def first_to_expire(lots: Iterable[Lot], amount: int) -> list[tuple[UUID, int]]:
    """Take the amount from the lots that expire first; less if they hold less."""
    taken = []
    for lot in sorted(lots, key=lambda lot: (lot.expires_on, lot.id)):
        if part := min(lot.remaining, amount):
            taken.append((lot.id, part))
            amount -= part
    return taken


def award_moves(issuance: Held, available: Held, debt: Held, amount: int, lot_id: UUID) -> list[Move]:
    """Give points: first against what is owed, the rest as a new lot."""
    owed = min(amount, -debt.balance)
    parts = (Move(issuance.id, debt.id, owed), Move(issuance.id, available.id, amount - owed, lot_id))
    return [move for move in parts if move.amount]


def taken_back(
    issuance: Held, available: Held, debt: Held, lots: Iterable[Lot], amount: int, first: UUID | None = None
) -> list[Move]:
    """Take points back: out of the award's own lot, then the others, and owe what is spent already."""
    ordered = sorted(lots, key=lambda lot: (lot.id != first, lot.expires_on, lot.id))
    moves = []
    for lot in ordered:
        if part := min(lot.remaining, amount):
            moves.append(Move(available.id, issuance.id, part, lot.id))
            amount -= part
    return [*moves, Move(debt.id, issuance.id, amount)] if amount else moves


def lot_changes(accounts: Accounts, moves: Iterable[Move]) -> dict[UUID, tuple[int, int]]:
    """Sum what the moves do to each lot: to what remains of it, and to what of it is held."""
    changed: dict[UUID, tuple[int, int]] = {}
    for move in moves:
        if move.lot_id:
            for end, sign in ((move.source, -1), (move.target, 1)):
                remaining, held = changed.get(move.lot_id, (0, 0))
                kind = accounts[end].kind
                remaining += sign * move.amount * (kind is Account.AVAILABLE)
                held += sign * move.amount * (kind is Account.HELD)
                changed[move.lot_id] = (remaining, held)
    return changed


# --- the chain: ids, kinds, times and amounts; never a name or a word somebody wrote -----------------

TXN_FIELDS = (
    *("community_id", "seq", "id", "kind", "once", "effective_at", "posted_at", "actor_id", "approver_id"),
    *("source_type", "source_id", "rule_version", "reverses_txn"),
)
LINE_FIELDS = (
    *("line_no", "from_account", "to_account", "unit", "amount", "lot_id"),
    *("from_balance", "from_version", "to_balance", "to_version"),
)


def said(value: Any) -> str:
    """Write one value the same way whatever the database gave for it."""
    write = _WRITTEN.get(type(value))
    return write(value) if write else str(value)


_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    bytes: bytes.hex,
    UUID: lambda key: key.hex,
    datetime: lambda moment: moment.astimezone(UTC).isoformat(timespec="microseconds"),
}


def body(txn: Iterable[Any], lines: Iterable[Iterable[Any]]) -> str:
    """Give what a transaction's hash covers: its fields and its lines' fields, in the orders above."""
    return joined(written(txn), map(written, lines))


def written(row: Iterable[Any]) -> str:
    return "|".join(map(said, row))


def joined(txn: str, lines: Iterable[str]) -> str:
    """Put together rows that are written already: fsck lets the database write them."""
    return "\n".join((txn, *lines))
