"""A long ledger, written in bulk as the postings would have left it: chained, balanced, with its lots and months."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

import db
from db.models import (
    AreaRow,
    LedgerAccountRow,
    LedgerHeadRow,
    LedgerTransferRow,
    LedgerTxnRow,
    PointLotRow,
    PointsStatRow,
)
from domain.awards import expires_on
from domain.clock import local_date
from domain.ids import new_id
from domain.ledger import TXN_FIELDS, Line, body
from domain.points import COMMUNAL, PERSONAL, Account, month_of, unit_of
from domain.replay import chain

BATCH = 5000


@dataclass
class Rows:
    """So many awards to so many people; two in five go to the first."""

    count: int
    people_count: int
    people: list[UUID] = field(default_factory=list)
    lines_of_first: int = 0


def table(row: Any) -> Table:
    return cast(Table, row.__table__)


class _Book:
    def __init__(self, community_id: UUID, path: str, now: datetime) -> None:
        self.community_id, self.path, self.now = community_id, path, now
        self.accounts: dict[tuple[UUID, Account], dict[str, Any]] = {}
        self.rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        self.months: dict[tuple[Any, str], int] = defaultdict(int)
        self.hash = ""
        for kind in COMMUNAL:
            self.open(community_id, kind)

    def open(self, owner: UUID, kind: Account) -> None:
        row: dict[str, Any] = {"id": new_id(), "community_id": self.community_id, "kind": kind.value, "owner_id": owner}
        row |= {"unit": str(unit_of(kind, owner)), "area_path": self.path, "status": "open", "opened_at": self.now}
        self.accounts[owner, kind] = row | {"balance": 0, "version": 0}

    def move(self, number: int, ends: tuple[dict[str, Any], dict[str, Any]], amount: int, lot: UUID | None) -> Line:
        for end, sign in zip(ends, (-1, 1), strict=True):
            end["balance"] += sign * amount
            end["version"] += 1
        source, target = ends
        after = (source["balance"], source["version"], target["balance"], target["version"])
        return Line(number, source["id"], target["id"], source["unit"], amount, lot, *after)

    def award(self, seq: int, who: UUID, at: datetime) -> None:
        txn, lot, home = new_id(), new_id(), self.community_id
        issued = (self.accounts[home, Account.ISSUANCE], self.accounts[who, Account.AVAILABLE])
        served = (self.accounts[home, Account.HOURS_WORLD], self.accounts[who, Account.HOURS])
        lines = [self.move(1, issued, 20, lot), self.move(2, served, 60, None)]
        row: dict[str, Any] = {"id": txn, "community_id": home, "seq": seq, "kind": "award", "once": f"award:{txn.hex}"}
        row |= {"effective_at": at, "posted_at": at, "actor_id": None, "approver_id": None, "source_type": "record"}
        row |= {"source_id": txn, "rule_version": 0, "reverses_txn": None, "prev_hash": self.hash}
        self.hash = row["hash"] = chain(self.hash, body((row[name] for name in TXN_FIELDS), lines))
        self.rows[LedgerTxnRow].append(row)
        self.rows[LedgerTransferRow] += [{"community_id": home, "seq": seq, **line._asdict()} for line in lines]
        held: dict[str, Any] = {
            "id": lot,
            "community_id": home,
            "account_id": issued[1]["id"],
            "earned_txn": txn,
            "held": 0,
        }
        held |= {"expires_on": expires_on(local_date(at)), "original": 20, "remaining": 20}
        self.rows[PointLotRow].append(held)
        for unit, value in (("PT", 20), ("MIN", 60)):
            self.months[month_of(local_date(at)), unit] += value


def put(community_id: UUID, rows: Rows, *, start: datetime) -> None:
    """Write them; the service records they would come from are left out."""
    db.run(_put, community_id, rows, start)


def _put(tx: Session, community_id: UUID, rows: Rows, start: datetime) -> None:
    path = tx.scalars(select(AreaRow.path).where(AreaRow.id == community_id)).one()
    book = _Book(community_id, path, start)
    rows.people = [new_id() for _ in range(rows.people_count)]
    for who in rows.people:
        for kind in PERSONAL:
            book.open(who, kind)
    for seq in range(1, rows.count + 1):
        who = rows.people[0] if seq % 5 < 2 else rows.people[seq % rows.people_count]
        book.award(seq, who, start + timedelta(seconds=90 * seq))
    rows.lines_of_first = book.accounts[rows.people[0], Account.AVAILABLE]["version"]
    written: list[tuple[Any, list[dict[str, Any]]]] = [(LedgerAccountRow, [*book.accounts.values()])]
    written += [(row, book.rows[row]) for row in (LedgerTxnRow, PointLotRow, LedgerTransferRow)]
    for row, held in written:
        for first in range(0, len(held), BATCH):
            tx.execute(insert(table(row)), held[first : first + BATCH])
    tx.execute(insert(LedgerHeadRow).values(community_id=community_id, seq=rows.count, hash=book.hash))
    cells = [{"month": m, "unit": u, "value": v, "kind": "award"} for (m, u), v in book.months.items()]
    tx.execute(insert(PointsStatRow), [{"community_id": community_id, **cell} for cell in cells])
