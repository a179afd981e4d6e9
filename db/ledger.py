"""Postings: lock the accounts, move between them, write it down, link the chain. Rights are the caller's business."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from db.engine import one_row
from db.models import (
    AreaRow,
    LedgerAccountRow,
    LedgerHeadRow,
    LedgerTransferRow,
    LedgerTxnRow,
    PersonRow,
    PointLotRow,
    PointsStatRow,
)
from domain.clock import local_date
from domain.errors import Changed, NotAllowed, NotFound, WrongState
from domain.ids import new_id
from domain.ledger import TXN_FIELDS, Held, Line, Move, apply, body, lot_changes
from domain.points import COMMUNAL, PERSONAL, STOCK, Account, AccountStatus, Posting, Unit, month_of, unit_of
from domain.replay import chain

# on the tables themselves and made once: building each statement anew took a third of a posting
_TXNS, _TRANSFERS, _LOTS = (cast(Table, row.__table__) for row in (LedgerTxnRow, LedgerTransferRow, PointLotRow))
_ADD_TXN, _ADD_TRANSFERS, _ADD_LOT = insert(_TXNS), insert(_TRANSFERS), insert(_LOTS)
_LOT = _LOTS.c
_UPDATE_LOT = (
    update(_LOTS)
    .where(_LOT.id == bindparam("at"), _LOT.remaining + bindparam("more") >= 0, _LOT.held + bindparam("taken") >= 0)
    .values(remaining=_LOT.remaining + bindparam("more"), held=_LOT.held + bindparam("taken"))
)
_ACCOUNTS = cast(Table, LedgerAccountRow.__table__)
_ACCOUNT = _ACCOUNTS.c
_UPDATE_ACCOUNT = (
    update(_ACCOUNTS)
    .where(_ACCOUNT.id == bindparam("at"), _ACCOUNT.version == bindparam("had"))
    .values(balance=bindparam("balance"), version=bindparam("version"))
)
_HELD = [_ACCOUNT[name] for name in ("id", "kind", "unit", "owner_id", "balance", "version", "status")]
_HEADS = cast(Table, LedgerHeadRow.__table__)
_END = _HEADS.c.community_id == bindparam("community")
_READ = (  # the end of the chain with them: who has the community's accounts is the only one to add to it
    select(*_HELD, _HEADS.c.seq, _HEADS.c.hash)
    .join(_HEADS, _HEADS.c.community_id == _ACCOUNT.community_id)
    .where(_ACCOUNT.owner_id.in_(bindparam("owners", expanding=True)), _ACCOUNT.community_id == bindparam("community"))
    .order_by(_ACCOUNT.id)
)
_LOCK = _READ.with_for_update()
_BEGIN = text("INSERT INTO ledger_head (community_id, seq, hash) VALUES (:community, 0, '') ON CONFLICT DO NOTHING")
_BEGIN = _BEGIN.bindparams(bindparam("community", type_=_HEADS.c.community_id.type))
_ADVANCE = (
    update(_HEADS)
    .where(_END, _HEADS.c.seq == bindparam("before"))
    .values(seq=bindparam("before") + 1, hash=bindparam("digest"))
)
_STATS = cast(Table, PointsStatRow.__table__)
_ADD_TO_STAT = text(
    "INSERT INTO points_stat (community_id, month, kind, unit, value)"
    " VALUES (:community_id, :month, :kind, :unit, :value)"
    " ON CONFLICT (community_id, month, kind, unit) DO UPDATE SET value = points_stat.value + excluded.value"
).bindparams(*(bindparam(column.name, type_=column.type) for column in _STATS.c))


class Ledger:
    """The locked accounts of one command as they stand now, and the end of the chain: look one up by owner and kind."""

    def __init__(self, community_id: UUID, accounts: Iterable[Held], seq: int, digest: str) -> None:
        self.community_id, self.seq, self.digest = community_id, seq, digest
        self.by_id = {account.id: account for account in accounts}
        self._by_owner = {(account.owner_id, account.kind): account for account in self.by_id.values()}

    def put(self, accounts: Mapping[UUID, Held], seq: int, digest: str) -> None:
        """Take over how they stand after a posting."""
        self.seq, self.digest = seq, digest
        self.by_id |= accounts
        self._by_owner |= {(account.owner_id, account.kind): account for account in accounts.values()}

    def owned_by(self, owner_id: UUID) -> set[UUID]:
        return {account.id for account in self.by_id.values() if account.owner_id == owner_id}

    def of(self, kind: Account, owner_id: UUID | None = None) -> Held:
        return self._by_owner[owner_id or self.community_id, kind]


@dataclass(frozen=True)
class Cause:
    """What a transaction is about. `once` names it: the database takes no second one of that name."""

    kind: Posting
    once: str
    source_type: str
    source_id: UUID
    effective_at: datetime
    actor_id: UUID | None = None
    approver_id: UUID | None = None
    rule_version: int | None = None
    reverses_txn: UUID | None = None


@dataclass(frozen=True)
class NewLot:
    id: UUID
    account_id: UUID
    expires_on: date
    original: int


# --- accounts ---------------------------------------------------------------------------------------


def lock(
    tx: Session,
    community_id: UUID,
    *,
    people: Collection[UUID] = (),
    items: Collection[UUID] = (),
    now: datetime,
) -> Ledger:
    """Lock these owners' accounts and the community's, opening what is not there yet.

    All at once and by id, so that two commands never wait for each other. On SQLite there is nothing
    to lock: the write transaction has the file for itself.
    """
    wanted = [(community_id, COMMUNAL), *((p, PERSONAL) for p in people), *((i, STOCK) for i in items)]
    owners = [owner for owner, _ in wanted]
    rows = tx.connection()
    found = rows.execute(_LOCK, {"owners": owners, "community": community_id}).all()
    there = {(row.owner_id, row.kind) for row in found}
    missing = [(owner, kind) for owner, kinds in wanted for kind in kinds if (owner, kind) not in there]
    if missing:
        if found or not rows.execute(_BEGIN, {"community": community_id}).rowcount:
            _open(tx, community_id, missing, frozenset(people), now)
        return lock(tx, community_id, people=people, items=items, now=now)
    return Ledger(community_id, (held(row) for row in found), found[0].seq, found[0].hash)


def held(row: Any) -> Held:
    status = AccountStatus(row.status)
    return Held(row.id, Account(row.kind), row.unit, row.owner_id, row.balance, row.version, status)


def _open(
    tx: Session, community_id: UUID, missing: Sequence[tuple[UUID, Account]], people: frozenset[UUID], now: datetime
) -> None:
    """Open accounts at zero; two at once meet at the unique owner and kind, and the loser runs again."""
    paths = _paths(tx, community_id, people)
    rows = [
        {
            "id": new_id(),
            "community_id": community_id,
            "kind": kind.value,
            "unit": str(unit_of(kind, owner)),
            "owner_id": owner,
            "area_path": paths.get(owner, paths[community_id]),
            "status": AccountStatus.OPEN.value,
            "balance": 0,
            "version": 0,
            "opened_at": now,
        }
        for owner, kind in missing
    ]
    tx.execute(insert(LedgerAccountRow), rows)


def _paths(tx: Session, community_id: UUID, people: frozenset[UUID]) -> dict[UUID, str]:
    """Tell where these people live; refuse who is not this community's."""
    home = tx.scalars(select(AreaRow.path).where(AreaRow.id == community_id)).one()
    query = select(PersonRow.id, AreaRow.path).outerjoin(AreaRow, AreaRow.id == PersonRow.area_id)
    query = query.where(PersonRow.id.in_(people), PersonRow.community_id == community_id)
    paths = {person: path or home for person, path in tx.execute(query)}
    if people - paths.keys():
        raise NotFound("没有找到这个人，请先登记姓名和电话，再记积分。")
    return paths | {community_id: home}


# --- postings ---------------------------------------------------------------------------------------


def post(
    tx: Session, ledger: Ledger, cause: Cause, moves: Sequence[Move], *, lots: Sequence[NewLot] = (), now: datetime
) -> UUID:
    """Write one transaction: accounts, lots, the head of the chain, its rows, the month. All or nothing."""
    lines, after = apply(ledger.by_id, moves)
    rows = tx.connection()
    _update_accounts(rows, ledger.by_id, after)
    txn = _txn(ledger.community_id, cause, ledger.seq + 1, now)
    txn |= {"prev_hash": ledger.digest, "hash": _hash(ledger.digest, txn, lines)}
    _advance(rows, ledger, txn["hash"])
    rows.execute(_ADD_TXN, txn)
    _write_lots(rows, ledger, txn["id"], lots, lot_changes(ledger.by_id, moves))
    where = {"community_id": ledger.community_id, "seq": txn["seq"]}
    rows.execute(_ADD_TRANSFERS, [where | line._asdict() for line in lines])
    _add_to_month(rows, ledger.community_id, cause.kind, month_values(cause.kind, ledger.by_id, lines, now))
    ledger.put(after, txn["seq"], txn["hash"])
    made: UUID = txn["id"]
    return made


def _update_accounts(rows: Connection, before: Mapping[UUID, Held], after: Mapping[UUID, Held]) -> None:
    """Write balance and version in one update each; the version says that nobody wrote in between."""
    changed = [
        {"at": one.id, "had": before[one.id].version, "balance": one.balance, "version": one.version}
        for one in sorted(after.values(), key=lambda account: account.id)
        if one.version != before[one.id].version
    ]
    all_rows(rows.execute(_UPDATE_ACCOUNT, changed), len(changed))


def all_rows(result: Any, count: int) -> None:
    """Hold the conditional updates of several accounts to every one of them."""
    if result.rowcount != count:
        raise Changed("这个账户刚有别的变动，请再试一次。")


def _advance(rows: Connection, ledger: Ledger, digest: str) -> None:
    one_row(rows.execute(_ADVANCE, {"community": ledger.community_id, "before": ledger.seq, "digest": digest}))


def _txn(community_id: UUID, cause: Cause, seq: int, now: datetime) -> dict[str, Any]:
    made = {"id": new_id(), "community_id": community_id, "seq": seq, "posted_at": now, **vars(cause)}
    return made | {"kind": cause.kind.value}


def _hash(before: str, txn: Mapping[str, Any], lines: Iterable[Line]) -> str:
    return chain(before, body((txn[name] for name in TXN_FIELDS), lines))


def _write_lots(
    rows: Connection, ledger: Ledger, txn_id: UUID, lots: Sequence[NewLot], changes: Mapping[UUID, tuple[int, int]]
) -> None:
    fresh = {lot.id for lot in lots}
    for lot in lots:
        values = {"community_id": ledger.community_id, "earned_txn": txn_id, "remaining": lot.original, "held": 0}
        rows.execute(_ADD_LOT, asdict(lot) | values)
    older = [
        {"at": lot_id, "more": changes[lot_id][0], "taken": changes[lot_id][1]}
        for lot_id in sorted(changes.keys() - fresh)
    ]
    if older:
        all_rows(rows.execute(_UPDATE_LOT, older), len(older))


# what a month's figures count: value that comes to people or leaves them; holds only wait
_COUNTED = frozenset({Unit.POINTS, Unit.MINUTES})
_PEOPLES = frozenset(PERSONAL)
_UNCOUNTED = frozenset({Posting.HOLD, Posting.RELEASE})


def month_values(
    kind: Posting, accounts: Mapping[UUID, Held], lines: Iterable[Line], posted_at: datetime
) -> dict[tuple[date, str], int]:
    """Sum what these lines bring to people (or take, as a minus), by month and unit."""
    found: dict[tuple[date, str], int] = {}
    month = month_of(local_date(posted_at))
    for line in lines:
        gains = accounts[line.to_account].kind in _PEOPLES
        loses = accounts[line.from_account].kind in _PEOPLES
        if line.unit in _COUNTED and gains != loses and kind not in _UNCOUNTED:
            found[month, line.unit] = found.get((month, line.unit), 0) + (line.amount if gains else -line.amount)
    return found


def _add_to_month(rows: Connection, community_id: UUID, kind: Posting, values: Mapping[tuple[date, str], int]) -> None:
    its = {"community_id": community_id, "kind": kind.value}
    if values:
        cells = [its | {"month": month, "unit": unit, "value": value} for (month, unit), value in values.items()]
        rows.execute(_ADD_TO_STAT, cells)


# --- what commands ask ------------------------------------------------------------------------------


def txn_of(tx: Session, txn_id: UUID) -> LedgerTxnRow:
    row = tx.get(LedgerTxnRow, txn_id)
    if row is None:
        raise NotFound("没有找到这笔积分。")
    return row


def check_not_reversed(tx: Session, txn_id: UUID) -> None:
    if tx.scalars(select(LedgerTxnRow.id).where(LedgerTxnRow.reverses_txn == txn_id)).first():
        raise WrongState("这笔积分已经冲正过了，不能再冲一次。")


def check_other_person(mine: Collection[UUID], person_id: UUID) -> None:
    if person_id in mine:
        raise NotAllowed("不能给自己记积分或时长，请换一位同事办理。")


def heads(session: Session) -> dict[UUID, tuple[int, str]]:
    """Give every community's last number and hash: what is printed, mailed and anchored."""
    rows = session.execute(select(LedgerHeadRow.community_id, LedgerHeadRow.seq, LedgerHeadRow.hash))
    return {community: (seq, digest) for community, seq, digest in rows}
