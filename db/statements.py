"""Statements: an account line by line with its running balance, and what of it expires when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from db import award_rules
from db.models import (
    LedgerAccountRow,
    LedgerHeadRow,
    LedgerTransferRow,
    LedgerTxnRow,
    PointLotRow,
    ServiceRecordRow,
)
from db.points import PAGE, account_of
from domain.access import Actor
from domain.awards import Rule
from domain.clock import local_date
from domain.points import NOTICE_DAYS, Account, Posting, RecordKind


@dataclass(frozen=True)
class StatementLine:
    at: datetime
    effective_at: datetime
    kind: Posting
    amount: int  # signed, in the account's unit
    balance: int  # after it
    version: int  # the account's: the key of the next page
    txn_id: UUID
    seq: int
    source_type: str
    source_id: UUID
    rule_version: int | None
    why: str


@dataclass(frozen=True)
class Statement:
    """A page of an account's lines, newest first, with the balance before and after them."""

    account: Account
    opening: int
    lines: tuple[StatementLine, ...]
    closing: int
    head_seq: int
    head_hash: str


@dataclass(frozen=True)
class Expiring:
    on: date
    points_tenths: int
    days: int
    notice: bool  # near enough to be told of


def statement(
    session: Session,
    *,
    actor: Actor,
    person_id: UUID,
    account: Account = Account.AVAILABLE,
    before: int | None = None,
    limit: int = PAGE,
) -> Statement:
    """Read a page of one account's lines; `before` is the last line's version on the page before."""
    found = account_of(session, actor, person_id, account)
    rows = _lines(session, found.id, before or found.version + 1, limit)
    lines = tuple(_line(row) for row in rows)
    head = session.execute(
        select(LedgerHeadRow.seq, LedgerHeadRow.hash)
        .join(LedgerAccountRow, LedgerAccountRow.community_id == LedgerHeadRow.community_id)
        .where(LedgerAccountRow.id == found.id)
    ).first()
    closing = lines[0].balance if lines else found.balance
    opening = lines[-1].balance - lines[-1].amount if lines else closing
    return Statement(account, opening, lines, closing, *(head or (0, "")))


def _lines(session: Session, account_id: UUID, before: int, limit: int) -> list[Any]:
    """Take the page from each side of the account by its index, then put the two together."""
    line, txn, record = LedgerTransferRow.__table__.c, LedgerTxnRow, ServiceRecordRow

    def side(account: Any, version: Any, balance: Any, sign: int) -> Any:
        columns = (line.community_id, line.seq, (line.amount * sign).label("amount"))
        query = select(*columns, balance.label("balance"), version.label("version"))
        query = query.where(account == account_id, version < before).order_by(version.desc()).limit(limit)
        return query.subquery().select()

    came = side(line.to_account, line.to_version, line.to_balance, 1)
    went = side(line.from_account, line.from_version, line.from_balance, -1)
    page = union_all(came, went).subquery()
    query = (
        select(page, txn.posted_at, txn.effective_at, txn.kind, txn.id, txn.source_type, txn.source_id)
        .add_columns(txn.rule_version, func.coalesce(record.why, "").label("why"))
        .join(txn, (txn.community_id == page.c.community_id) & (txn.seq == page.c.seq))
        .outerjoin(record, record.id == txn.source_id)
        .order_by(page.c.version.desc())
        .limit(limit)
    )
    return list(session.execute(query))


def _line(row: Any) -> StatementLine:
    kind = Posting(row.kind)
    source = (row.source_type, row.source_id, row.rule_version, row.why if kind is Posting.AWARD else "")
    return StatementLine(
        row.posted_at, row.effective_at, kind, row.amount, row.balance, row.version, row.id, row.seq, *source
    )  # fmt: skip


def rules_behind(session: Session, *, lines: Iterable[StatementLine]) -> dict[UUID, Rule]:
    """Give the rule that each award among these lines was made by, by its record."""
    ids = [line.source_id for line in lines if line.kind is Posting.AWARD]
    row = ServiceRecordRow
    query = select(row.id, row.community_id, row.kind, row.rule_version).where(row.id.in_(ids))
    made_by = {record: (home, RecordKind(kind), version) for record, home, kind, version in session.execute(query)}
    rules = {key: award_rules.version(session, *key) for key in set(made_by.values())}
    return {record: rules[key] for record, key in made_by.items()}


def expiring(session: Session, *, actor: Actor, person_id: UUID, now: datetime) -> list[Expiring]:
    """Tell how many points expire when, the next first."""
    account, today = account_of(session, actor, person_id, Account.AVAILABLE), local_date(now)
    lot = PointLotRow
    query = select(lot.expires_on, func.sum(lot.remaining)).where(lot.account_id == account.id, lot.remaining > 0)
    rows = session.execute(query.group_by(lot.expires_on).order_by(lot.expires_on))
    days = ((on, int(points), (on - today).days) for on, points in rows)
    return [Expiring(on, points, left, left <= max(NOTICE_DAYS)) for on, points, left in days]
