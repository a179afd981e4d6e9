"""A community's points in memory: accounts, lots and chain, moved by the ledger's own rules."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from db.ledger import Cause, NewLot, month_values
from demo.chance import Chance
from demo.people import Rows
from domain.ledger import TXN_FIELDS, Held, Lot, Move, apply, body, lot_changes
from domain.points import COMMUNAL, PERSONAL, STOCK, Account, AccountStatus, unit_of
from domain.replay import chain

Accounts = tuple[Account, ...]


class Books:
    """Takes postings in the order of time and gives the rows they come to."""

    def __init__(self, community_id: UUID, path: str, chance: Chance, opened_at: datetime) -> None:
        self.community_id, self.path, self.chance, self.opened_at = community_id, path, chance, opened_at
        self._accounts: dict[UUID, Held] = {}
        self._ids: dict[tuple[UUID, Account], UUID] = {}
        self._lots: dict[UUID, dict[str, Any]] = {}
        self._txns: list[dict[str, Any]] = []
        self._lines: list[dict[str, Any]] = []
        self._months: Counter[tuple[date, str, str]] = Counter()
        self._hash = ""
        self._open(community_id, COMMUNAL)

    def _open(self, owner_id: UUID, kinds: Accounts) -> None:
        for kind in kinds:
            made = self.chance.id(self.opened_at)
            self._accounts[made] = Held(made, kind, str(unit_of(kind, owner_id)), owner_id, 0, 0)
            self._ids[owner_id, kind] = made

    def of(self, kind: Account, owner_id: UUID | None = None) -> Held:
        """Give an account as it stands; a person's or an item's are opened together at first."""
        owner = owner_id or self.community_id
        if (owner, kind) not in self._ids:
            self._open(owner, PERSONAL if kind in PERSONAL else STOCK)
        return self._accounts[self._ids[owner, kind]]

    def lots(self, person_id: UUID, ids: Iterable[UUID] | None = None) -> list[Lot]:
        """List what a person has left, or of these lots alone."""
        account = self.of(Account.AVAILABLE, person_id).id
        rows = self._lots.values() if ids is None else (self._lots[one] for one in ids)
        return [
            Lot(row["id"], row["expires_on"], row["remaining"], row["held"])
            for row in rows
            if row["account_id"] == account and row["remaining"]
        ]

    def post(self, cause: Cause, moves: Sequence[Move], at: datetime, lots: Sequence[NewLot] = ()) -> UUID:
        """Write one transaction, as `db.ledger.post` does."""
        ends = {end for move in moves for end in (move.source, move.target)}
        lines, after = apply({end: self._accounts[end] for end in ends}, moves)
        self._accounts |= after
        seq, txn_id = len(self._txns) + 1, self.chance.id(at)
        made = {"id": txn_id, "community_id": self.community_id, "seq": seq, "posted_at": at}
        txn = made | vars(cause) | {"kind": cause.kind.value}
        before, self._hash = self._hash, chain(self._hash, body((txn[name] for name in TXN_FIELDS), lines))
        self._txns.append(txn | {"prev_hash": before, "hash": self._hash})
        self._lines += [line._asdict() | {"community_id": self.community_id, "seq": seq} for line in lines]
        for lot in lots:
            more = {"community_id": self.community_id, "earned_txn": txn_id, "remaining": 0, "held": 0}
            self._lots[lot.id] = asdict(lot) | more
        for lot_id, (remaining, held) in lot_changes(after, moves).items():
            self._lots[lot_id]["remaining"] += remaining
            self._lots[lot_id]["held"] += held
        for (month, unit), value in month_values(cause.kind, after, lines, at).items():
            self._months[month, cause.kind.value, unit] += value
        return txn_id

    def add_to(self, rows: Rows) -> None:
        rows["ledger_account"] += [self._account(held) for held in self._accounts.values()]
        rows["ledger_txn"] += self._txns
        rows["ledger_transfer"] += self._lines
        rows["point_lot"] += self._lots.values()
        head = {"community_id": self.community_id, "seq": len(self._txns), "hash": self._hash}
        rows["ledger_head"].append(head)
        names = ("month", "kind", "unit")
        rows["points_stat"] += [
            {"community_id": self.community_id, **dict(zip(names, cell, strict=True)), "value": value}
            for cell, value in self._months.items()
        ]

    def _account(self, held: Held) -> dict[str, Any]:
        where = {"community_id": self.community_id, "area_path": self.path, "opened_at": self.opened_at}
        return where | vars(held) | {"kind": held.kind.value, "status": AccountStatus.OPEN.value}
