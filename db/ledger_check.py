"""Is the ledger true: every chain, balance, version, lot, hold, stock and month, derived again from its rows.

One pass a community in the order of its chain. The database writes each row as the hash covers it, one text a
row: fetching a million ids and moments as objects would take three times as long as all else together.
What it keeps in memory is a few numbers an account and a lot, never the rows.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from db.ledger import heads
from db.models import AreaRow, LedgerAccountRow, LedgerTransferRow, LedgerTxnRow, PointsStatRow
from db.models.base import Base, Id, UtcDateTime
from domain.awards import expires_on
from domain.clock import local_date
from domain.ledger import LINE_FIELDS, TXN_FIELDS, joined
from domain.points import ACCOUNT_LABELS, PERSONAL, POSTING_LABELS, Account, Posting, month_of
from domain.replay import chain

BATCH = 5000
_ID, _KIND, _EFFECTIVE, _POSTED = (TXN_FIELDS.index(name) for name in ("id", "kind", "effective_at", "posted_at"))
_WAITING = frozenset({Posting.HOLD, Posting.RELEASE})
_PEOPLES = frozenset(PERSONAL)
_KEEPING = {Account.AVAILABLE.value: 1, Account.HELD.value: 2}  # where in the list of a lot


def _no_lot() -> list[Any]:
    return [0, 0, 0, 0, ""]  # original, remaining, held, the mark of its account and award, its last day


@dataclass(slots=True)
class _Account:
    kind: str = ""
    balance: int = 0
    version: int = 0


@dataclass
class _Derived:
    """What the rows read so far come to; accounts, lots and transactions by the hex of their id."""

    accounts: dict[str, _Account] = field(default_factory=lambda: defaultdict(_Account))
    lots: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(_no_lot))
    months: dict[tuple[date, str, str], int] = field(default_factory=lambda: defaultdict(int))
    seq: int = 0
    hash: str = ""


# --- the rows as the hash has them ---------------------------------------------------------------------

_HEX = {"sqlite": "lower(hex({}))", "postgresql": "encode(uuid_send({}), 'hex')"}
_MOMENT = {
    "sqlite": "substr({0}, 1, 10) || 'T' || substr({0}, 12) || '+00:00'",
    "postgresql": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')",
}


_FORMAT = {"sqlite": "printf", "postgresql": "format"}


def _said(dialect: str, row: type[Base], names: Sequence[str]) -> str:
    """Write in SQL what `domain.ledger.written` makes of these columns; both engines write nothing for a null."""
    parts = []
    for name in names:
        kind = row.__table__.c[name].type
        form = _HEX[dialect] if isinstance(kind, Id) else _MOMENT[dialect] if isinstance(kind, UtcDateTime) else "{}"
        parts.append(form.format(name))
    return f"{_FORMAT[dialect]}('{'|'.join(['%s'] * len(parts))}', {', '.join(parts)})"


@cache
def _sql(dialect: str) -> dict[str, str]:
    key = _HEX[dialect].format
    txn, line = _said(dialect, LedgerTxnRow, TXN_FIELDS), _said(dialect, LedgerTransferRow, LINE_FIELDS)
    lot = f"SELECT {key('id')}, {key('account_id')}, {key('earned_txn')}, expires_on, original, remaining, held"
    return {
        "txns": f"SELECT seq, prev_hash, hash, {txn} FROM ledger_txn WHERE community_id = :c ORDER BY seq",
        "lines": f"SELECT seq, {line} FROM ledger_transfer WHERE community_id = :c ORDER BY seq, line_no",
        "accounts": f"SELECT {key('id')}, kind, balance, version FROM ledger_account WHERE community_id = :c",
        "lots": f"{lot} FROM point_lot WHERE community_id = :c",
    }


def problems(session: Session) -> Iterator[str]:
    """Name what is wrong, one sentence each: of a chain the first break, since all after it hangs on it."""
    names = {row.id: row.name for row in session.execute(select(AreaRow.id, AreaRow.name))}
    ends, having = heads(session), select(LedgerAccountRow.community_id).distinct()
    for community_id in sorted({*ends, *session.scalars(having)}):
        label = f"{names.get(community_id, '')}积分账"
        yield from (f"{label}{line}" for line in _community(session, community_id, ends.get(community_id, (0, ""))))
    yield from _against(session)


def _community(session: Session, community_id: UUID, end: tuple[int, str]) -> Iterator[str]:
    with _reading(session, "accounts", community_id) as rows:
        stored, derived = {}, _Derived()
        for key, kind, balance, version in rows:
            stored[key], derived.accounts[key] = (balance, version), _Account(kind)
    if broken := _follow(session, community_id, derived):
        yield broken
        return
    if end != (derived.seq, derived.hash):
        yield f"的末尾应是第 {derived.seq} 笔，记着第 {end[0]} 笔：有记录被删除或改动"
    yield from _accounts(stored, derived)
    yield from _lots(session, community_id, derived)
    yield from _months(session, community_id, derived)


@contextmanager
def _reading(session: Session, what: str, community_id: UUID) -> Iterator[Iterator[Any]]:
    """Stream the rows; a cursor left open in the middle would stay on PostgreSQL's side."""
    sql = _sql(session.get_bind().dialect.name)[what]
    statement = text(sql).bindparams(bindparam("c", community_id, type_=Id()))
    result = session.execute(statement.execution_options(yield_per=BATCH))
    try:
        yield itertools.chain.from_iterable(result.partitions(BATCH))
    finally:
        result.close()


def _follow(session: Session, community_id: UUID, derived: _Derived) -> str | None:
    """Walk the chain from its beginning; name the first thing that does not follow."""
    nothing = (None, "")
    with _reading(session, "lines", community_id) as lines, _reading(session, "txns", community_id) as txns:
        at, line = next(lines, nothing)
        for seq, before, digest, txn in txns:
            mine = []
            while at == seq:
                mine.append(line)
                at, line = next(lines, nothing)
            if wrong := _txn(seq, before, digest, txn, mine, derived):
                return f"第 {seq} 笔{wrong}"
    return None if at is None else f"第 {at} 笔的分录没有凭证"


def _txn(seq: int, before: str, digest: str, txn: str, lines: list[str], derived: _Derived) -> str | None:
    if seq != derived.seq + 1:
        return f"之前缺了第 {derived.seq + 1} 笔"
    if before != derived.hash:
        return "与上一笔不相连"
    if digest != chain(before, joined(txn, lines)):
        return "的内容与校验值不符"
    derived.seq, derived.hash = seq, digest
    fields = txn.split("|")
    for number, line in enumerate(lines, 1):
        if wrong := _line(line.split("|"), fields, derived):
            return f"的第 {number} 行{wrong}"
    return None if lines else "没有分录"


def _line(line: list[str], txn: list[str], derived: _Derived) -> str | None:
    _, from_, to, unit, amount, lot, from_balance, from_version, to_balance, to_version = line
    moved, source, target = int(amount), derived.accounts[from_], derived.accounts[to]
    ends = ((source, -moved, from_balance, from_version), (target, moved, to_balance, to_version))
    for end, change, balance, version in ends:
        end.balance += change
        end.version += 1
        if end.balance != int(balance) or end.version != int(version):
            return f"记着余额 {balance}、第 {version} 次变动，按流水应为 {end.balance}、第 {end.version} 次"
    if lot:
        _lot(derived.lots[lot], source.kind, target.kind, moved, (to, txn))
    gains, loses = target.kind in _PEOPLES, source.kind in _PEOPLES
    if gains != loses and txn[_KIND] not in _WAITING:
        month, _ = _days_of(txn[_POSTED][:13])
        derived.months[month, txn[_KIND], unit] += moved if gains else -moved
    return None


def _lot(lot: list[Any], loses: str, gains: str, moved: int, born: tuple[str, list[str]]) -> None:
    """Move a part of a lot between accounts of these kinds; out of 积分发行 it is born."""
    if loses == Account.ISSUANCE:
        account, txn = born
        lot[0] += moved
        lot[3], lot[4] = _mark(account, txn[_ID]), _days_of(txn[_EFFECTIVE][:13])[1]
    elif loses in _KEEPING:
        lot[_KEEPING[loses]] -= moved
    if gains in _KEEPING:
        lot[_KEEPING[gains]] += moved


def _mark(account: str, award: str) -> int:
    """Give one number for two texts that must stay as they were: each lot's own would fill the memory."""
    return hash((account, award))


@lru_cache(maxsize=1024)
def _days_of(hour: str) -> tuple[date, str]:
    """Tell a moment's month, and until when what was earned then lives; its hour will do, as days begin with one."""
    day = local_date(datetime.fromisoformat(f"{hour}:00:00+00:00"))
    return month_of(day), str(expires_on(day))


def _accounts(stored: dict[str, tuple[int, int]], derived: _Derived) -> Iterator[str]:
    for key, wanted in derived.accounts.items():
        if key not in stored:
            yield f"的账户 {_short(key)} 有流水，却不在账上"
        elif stored[key] != (wanted.balance, wanted.version):
            name, (balance, version) = f"账户 {_short(key)}（{ACCOUNT_LABELS[Account(wanted.kind)]}）", stored[key]
            follows = f"按流水应为 {wanted.balance}、{wanted.version} 次"
            yield f"的{name}记着余额 {balance}、{version} 次变动，{follows}"


def _lots(session: Session, community_id: UUID, derived: _Derived) -> Iterator[str]:
    told = "原有 {}、剩余 {}、冻结 {}"
    with _reading(session, "lots", community_id) as rows:
        for key, account, award, last_day, *stored in rows:
            *wanted, born, latest = derived.lots.pop(key, _no_lot())
            if stored != wanted:
                yield f"的批次 {_short(key)} 记着{told.format(*stored)}，按流水应为{told.format(*wanted)}"
            elif born != _mark(account, award):
                yield f"的批次 {_short(key)} 的账户或来历与流水不符"
            elif str(last_day) > latest:  # a demo brings some nearer, so that there is something to tell of
                yield f"的批次 {_short(key)} 的到期日是 {last_day}，按流水最晚 {latest}"
    for key in derived.lots:
        yield f"的批次 {_short(key)} 有流水，却不在账上"


def _months(session: Session, community_id: UUID, derived: _Derived) -> Iterator[str]:
    row = PointsStatRow
    found = session.execute(select(row.month, row.kind, row.unit, row.value).where(row.community_id == community_id))
    stored = {(month, kind, unit): value for month, kind, unit, value in found}
    for key in sorted(stored.keys() | derived.months.keys()):
        if stored.get(key, 0) != derived.months.get(key, 0):
            month, kind, unit = key
            name = f"{month:%Y-%m} {POSTING_LABELS[Posting(kind)]}（{unit}）"
            yield f"的月度合计 {name}记着 {stored.get(key, 0)}，按流水应为 {derived.months.get(key, 0)}"


def _short(key: str) -> str:
    return key[-12:]


# --- the ledger against what it is about ---------------------------------------------------------------

_SUMS = """
SELECT {key} AS id, a.balance AS balance, COALESCE(s.total, 0) AS total
FROM ledger_account a LEFT JOIN (
  SELECT {owner} AS owner, SUM({value}) AS total FROM {table} WHERE state = '{state}' GROUP BY {owner}
) s ON s.owner = a.owner_id
WHERE a.kind = '{kind}' AND a.balance <> COALESCE(s.total, 0)
"""
_COMPARED: tuple[tuple[Account, str, str, str, str, str], ...] = (
    (Account.HELD, "redemption", "person_id", "price_tenths", "reserved", "待领取的兑换单合计"),
    (Account.RESERVED, "redemption", "item_id", "quantity", "reserved", "待领取的兑换单合计"),
    (Account.HANDED_OUT, "redemption", "item_id", "quantity", "fulfilled", "已领取的兑换单合计"),
    (Account.ISSUANCE, "service_record", "community_id", "-points_tenths", "confirmed", "已入账的服务记录合计"),
    (Account.HOURS, "service_record", "person_id", "minutes", "confirmed", "已入账的服务记录合计"),
)


def _against(session: Session) -> Iterator[str]:
    """Compare holds, stock, awards and hours with the orders and records that they come from."""
    key = _HEX[session.get_bind().dialect.name].format("a.id")
    for kind, table, owner, value, state, name in _COMPARED:
        sql = _SUMS.format(key=key, kind=kind, table=table, owner=owner, value=value, state=state)
        for row in session.execute(text(sql)):
            label = f"账户 {_short(row.id)}（{ACCOUNT_LABELS[kind]}）"
            yield f"积分账{label}是 {row.balance}，{name}是 {row.total}"


def check_anchor(session: Session, community_id: UUID, seq: int, digest: str) -> str | None:
    """Say what is wrong if the chain no longer holds what was printed or mailed as its end one day."""
    found = session.execute(
        text("SELECT hash FROM ledger_txn WHERE community_id = :c AND seq = :s").bindparams(
            bindparam("c", community_id, type_=Id()), s=seq
        )
    ).scalar()
    if found == digest:
        return None
    return f"第 {seq} 笔与留存的校验值不符" if found else f"缺了留存过的第 {seq} 笔：末尾的记录被删除"
