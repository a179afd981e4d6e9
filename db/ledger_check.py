"""Is the ledger true: every chain, balance, version, lot, hold, stock and month, derived again from its rows.

One pass a community in the order of its chain, in plain SQL: the mapped types would take half the time.
What it keeps in memory is a few numbers an account and a lot, never the rows.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from db.ledger import heads
from db.models import AreaRow, LedgerAccountRow, PointsStatRow
from db.models.base import Id
from domain.clock import local_date
from domain.ledger import LINE_FIELDS, TXN_FIELDS, body
from domain.points import ACCOUNT_LABELS, PERSONAL, POSTING_LABELS, Account, Posting, month_of
from domain.replay import chain

BATCH = 2000
_TXNS = f"SELECT {', '.join(TXN_FIELDS)}, prev_hash, hash FROM ledger_txn WHERE community_id = :c ORDER BY seq"
_LINES = f"SELECT seq, {', '.join(LINE_FIELDS)} FROM ledger_transfer WHERE community_id = :c ORDER BY seq, line_no"
_ACCOUNTS = "SELECT id, kind, balance, version FROM ledger_account WHERE community_id = :c"
_LOTS = "SELECT id, original, remaining, held FROM point_lot WHERE community_id = :c"
_KIND, _EFFECTIVE, _POSTED = (TXN_FIELDS.index(name) for name in ("kind", "effective_at", "posted_at"))
_WAITING = (Posting.HOLD, Posting.RELEASE)


@dataclass
class _Derived:
    """What the rows read so far come to."""

    kinds: dict[Any, str]
    accounts: dict[Any, tuple[int, int]] = field(default_factory=dict)  # balance, version
    lots: dict[Any, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    months: dict[tuple[date, str, str], int] = field(default_factory=lambda: defaultdict(int))
    seq: int = 0
    hash: str = ""


def problems(session: Session) -> Iterator[str]:
    """Name what is wrong, one sentence each: of a chain the first break, since all after it hangs on it."""
    names = {row.id: row.name for row in session.execute(select(AreaRow.id, AreaRow.name))}
    ends, having = heads(session), select(LedgerAccountRow.community_id).distinct()
    for community_id in sorted({*ends, *session.scalars(having)}):
        label = f"{names.get(community_id, '')}积分账"
        yield from (f"{label}{line}" for line in _community(session, community_id, ends.get(community_id, (0, ""))))
    yield from _against(session)


def _community(session: Session, community_id: UUID, end: tuple[int, str]) -> Iterator[str]:
    with _reading(session, _ACCOUNTS, community_id) as rows:
        stored = {row.id: row for row in rows}
    derived = _Derived({key: row.kind for key, row in stored.items()})
    if broken := _follow(session, community_id, derived):
        yield broken
        return
    if end != (derived.seq, derived.hash):
        yield f"的末尾应是第 {derived.seq} 笔，记着第 {end[0]} 笔：有记录被删除或改动"
    yield from _accounts(stored, derived)
    yield from _lots(session, community_id, derived)
    yield from _months(session, community_id, derived)


@contextmanager
def _reading(session: Session, sql: str, community_id: UUID) -> Iterator[Iterator[Any]]:
    """Stream the rows; a cursor left open in the middle would stay on PostgreSQL's side."""
    statement = text(sql).bindparams(bindparam("c", community_id, type_=Id()))
    result = session.execute(statement.execution_options(yield_per=BATCH))
    try:
        yield iter(result)
    finally:
        result.close()


def _follow(session: Session, community_id: UUID, derived: _Derived) -> str | None:
    """Walk the chain from its beginning; name the first thing that does not follow."""
    with _reading(session, _LINES, community_id) as all_lines, _reading(session, _TXNS, community_id) as txns:
        by_seq = groupby(all_lines, itemgetter(0))
        at, lines = next(by_seq, (None, iter(())))
        for txn in txns:
            seq, mine = txn[1], []
            if at == seq:
                mine = [tuple(line)[1:] for line in lines]
                at, lines = next(by_seq, (None, iter(())))
            if wrong := _txn(tuple(txn), mine, derived):
                return f"第 {seq} 笔{wrong}"
    return None if at is None else f"第 {at} 笔的分录没有凭证"


def _txn(txn: tuple[Any, ...], lines: list[tuple[Any, ...]], derived: _Derived) -> str | None:
    fields = [*txn[:-2]]
    for index in (_EFFECTIVE, _POSTED):
        fields[index] = _moment(fields[index])
    if txn[1] != derived.seq + 1:
        return f"之前缺了第 {derived.seq + 1} 笔"
    if txn[-2] != derived.hash:
        return "与上一笔不相连"
    if txn[-1] != chain(derived.hash, body(fields, lines)):
        return "的内容与校验值不符"
    derived.seq, derived.hash = txn[1], txn[-1]
    for line in lines:
        if wrong := _line(line, derived):
            return f"的第 {line[0]} 行{wrong}"
        _month(txn[_KIND], fields[_POSTED], line, derived)
    return None if lines else "没有分录"


def _moment(value: Any) -> str:
    """Write a moment as the hash has it: SQLite gives text of its own, PostgreSQL a datetime of some zone."""
    if isinstance(value, str):
        return f"{value[:10]}T{value[11:]}+00:00"
    moment: datetime = value
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _line(line: tuple[Any, ...], derived: _Derived) -> str | None:
    _, source, target, _, amount, lot, *ends = line
    for account, change, balance, version in ((source, -amount, *ends[:2]), (target, amount, *ends[2:])):
        had, lines = derived.accounts.get(account, (0, 0))
        if (balance, version) != (had + change, lines + 1):
            return f"记着余额 {balance}、第 {version} 次变动，按流水应为 {had + change}、第 {lines + 1} 次"
        derived.accounts[account] = (balance, version)
        if lot is not None:
            _lot(derived.lots[lot], derived.kinds.get(account), change)
    return None


def _lot(lot: list[int], kind: str | None, change: int) -> None:
    if kind == Account.AVAILABLE:
        lot[1] += change
    elif kind == Account.HELD:
        lot[2] += change
    elif kind == Account.ISSUANCE and change < 0:
        lot[0] -= change


@lru_cache(maxsize=1024)
def _month_at(hour: str) -> date:
    """Tell the month of a moment from its hour: no border of a day here lies within one."""
    return month_of(local_date(datetime.fromisoformat(f"{hour}:00:00+00:00")))


def _month(kind: str, posted_at: str, line: tuple[Any, ...], derived: _Derived) -> None:
    gains, loses = (derived.kinds.get(end) in PERSONAL for end in (line[2], line[1]))
    if gains != loses and kind not in _WAITING:
        month = _month_at(posted_at[:13])
        derived.months[month, kind, line[3]] += line[4] if gains else -line[4]


def _accounts(stored: dict[Any, Any], derived: _Derived) -> Iterator[str]:
    for key, row in stored.items():
        balance, version = derived.accounts.get(key, (0, 0))
        if (row.balance, row.version) != (balance, version):
            name = f"账户 {_short(key)}（{ACCOUNT_LABELS[Account(row.kind)]}）"
            yield f"的{name}记着余额 {row.balance}、{row.version} 次变动，按流水应为 {balance}、{version} 次"
    for key in derived.accounts.keys() - stored.keys():
        yield f"的账户 {_short(key)} 有流水，却不在账上"


def _lots(session: Session, community_id: UUID, derived: _Derived) -> Iterator[str]:
    told = "原有 {}、剩余 {}、冻结 {}"
    with _reading(session, _LOTS, community_id) as rows:
        for key, *stored in rows:
            wanted = derived.lots.pop(key, [0, 0, 0])
            if stored != wanted:
                yield f"的批次 {_short(key)} 记着{told.format(*stored)}，按流水应为{told.format(*wanted)}"
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


def _short(key: Any) -> str:
    return str((key if isinstance(key, UUID) else UUID(bytes=bytes(key))).hex[-12:])


# --- the ledger against what it is about ---------------------------------------------------------------

_SUMS = """
SELECT a.id AS id, a.kind AS kind, a.balance AS balance, COALESCE(s.total, 0) AS total
FROM ledger_account a LEFT JOIN (
  SELECT {owner} AS owner, SUM({value}) AS total FROM {table} WHERE state = '{state}' GROUP BY {owner}
) s ON s.owner = a.owner_id
WHERE a.kind = '{kind}' AND a.balance <> COALESCE(s.total, 0)
"""
_COMPARED: tuple[tuple[Account, str, str, str, str, str], ...] = (
    (Account.HELD, "redemption", "person_id", "price_tenths", "reserved", "待领取的兑换单合计"),
    (Account.RESERVED, "redemption", "item_id", "quantity", "reserved", "待领取的兑换单合计"),
    (Account.HANDED_OUT, "redemption", "item_id", "quantity", "fulfilled", "已领取的兑换单合计"),
    (Account.HOURS, "service_record", "person_id", "minutes", "confirmed", "已入账的服务记录合计"),
)


def _against(session: Session) -> Iterator[str]:
    """Compare holds, stock and hours with the orders and records that they come from."""
    for kind, table, owner, value, state, name in _COMPARED:
        sql = _SUMS.format(kind=kind, table=table, owner=owner, value=value, state=state)
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
