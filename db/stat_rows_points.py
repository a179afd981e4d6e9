"""The rows behind figures of points and hours: postings with their number in the ledger, accounts, records."""

from collections.abc import Sequence
from datetime import time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from db.models import LedgerAccountRow, LedgerTransferRow, LedgerTxnRow, ServiceRecordRow
from db.stat_page import NOTHING, Page, StatRow, cut, names_of
from db.stat_points import HOURS, POSTINGS, is_whole, served
from db.stat_sums import communities, next_month
from domain.clock import at_local, local_date
from domain.kpis import Kpi
from domain.points import PERSONAL, POSTING_LABELS, RECORD_KIND_LABELS, Account, Posting, RecordKind, Unit
from domain.stats import Scope, month_of

_TXN, _LINE, _RECORD, _ACCOUNT = LedgerTxnRow, LedgerTransferRow, ServiceRecordRow, LedgerAccountRow
_PEOPLES = [kind.value for kind in PERSONAL]
_WORTH = [kind.value for kind in PERSONAL if kind is not Account.HOURS]
Read = Row[*tuple[Any, ...]]


def rows(session: Session, scope: Scope, kpi: Kpi, after: UUID | None, limit: int, *, named: bool) -> Page:
    """Give a page of them, the newest first; without `named` nothing of it leads to a person."""
    if kpi.code in HOURS:
        return _records(session, scope, after, limit, named)
    if not is_whole(scope):
        return NOTHING
    if kpi.code == "points_balance":
        return _balances(session, scope, after, limit, named)
    return _postings(session, scope, kpi, after, limit, named)


def _postings(session: Session, scope: Scope, kpi: Kpi, after: UUID | None, limit: int, named: bool) -> Page:
    signs = {kind.value: sign for kind, sign in POSTINGS[kpi.code]}
    page = list(session.scalars(_txns(session, scope, list(signs), after).limit(limit + 1)))
    giver, taker = aliased(_ACCOUNT), aliased(_ACCOUNT)
    gains, loses = taker.kind.in_(_PEOPLES), giver.kind.in_(_PEOPLES)
    columns = (_TXN.id, _TXN.community_id, _TXN.seq, _TXN.kind, _TXN.posted_at, _LINE.amount, gains.label("gains"))
    query = select(*columns, taker.owner_id.label("taker"), giver.owner_id.label("giver"))
    query = query.join(_LINE, (_LINE.community_id == _TXN.community_id) & (_LINE.seq == _TXN.seq))
    query = query.join(giver, giver.id == _LINE.from_account).join(taker, taker.id == _LINE.to_account)
    query = query.where(_TXN.id.in_(page), _LINE.unit == Unit.POINTS.value, gains != loses)
    lines: dict[UUID, list[Read]] = {one: [] for one in page}
    for line in session.execute(query):
        lines[line.id].append(line)
    return cut([(one, _posting(held, signs, named)) for one, held in lines.items()], limit)


def _txns(session: Session, scope: Scope, kinds: Sequence[str], after: UUID | None) -> Select[Any]:
    """Select what moved points in these months; an award of hours alone did not."""
    since = at_local(month_of(scope.start), time(0))
    until = at_local(next_month(scope.end), time(0))
    moved = select(_LINE.line_no).where(
        _LINE.community_id == _TXN.community_id, _LINE.seq == _TXN.seq, _LINE.unit == Unit.POINTS.value
    )
    held = [_TXN.community_id.in_(communities(session, scope)), _TXN.kind.in_(kinds), moved.exists()]
    held += [_TXN.posted_at >= since, _TXN.posted_at < until, *([_TXN.id < after] if after else [])]
    return select(_TXN.id).where(*held).order_by(_TXN.id.desc())


def _posting(lines: Sequence[Read], signs: dict[str, int], named: bool) -> StatRow:
    first = lines[0]
    amount = signs[first.kind] * sum(line.amount if line.gains else -line.amount for line in lines)
    link = _statement(first.community_id, first.taker if first.gains else first.giver) if named else ""
    kind = POSTING_LABELS[Posting(first.kind)]
    return StatRow(f"第 {first.seq:,} 笔", kind, local_date(first.posted_at), link=link, amount=amount)


def _statement(community: UUID, person: UUID) -> str:
    return f"/points?community={community}&account={person}"


def _balances(session: Session, scope: Scope, after: UUID | None, limit: int, named: bool) -> Page:
    """Give what each person has: what is free and what is held, less what is owed."""
    row, worth = _ACCOUNT, func.sum(_ACCOUNT.balance)
    held: list[ColumnElement[bool]] = [row.community_id.in_(communities(session, scope)), row.kind.in_(_WORTH)]
    held += [row.owner_id < after] if after else []
    columns = (row.owner_id, row.community_id, worth.label("worth"), func.min(row.opened_at).label("since"))
    query = select(*columns).where(*held).group_by(row.owner_id, row.community_id).having(worth != 0)
    found = session.execute(query.order_by(row.owner_id.desc()).limit(limit + 1)).all()
    return cut([(one.owner_id, _balance(one, named)) for one in found], limit)


def _balance(row: Read, named: bool) -> StatRow:
    link = _statement(row.community_id, row.owner_id) if named else ""
    no = f"账户 {row.owner_id.hex[-6:]}" if named else "一个账户"
    return StatRow(no, "现有积分", local_date(row.since), link=link, amount=int(row.worth))


def _records(session: Session, scope: Scope, after: UUID | None, limit: int, named: bool) -> Page:
    columns = (_RECORD.id, _RECORD.community_id, _RECORD.person_id, _RECORD.kind, _RECORD.grid_id, _RECORD.ticket_id)
    query = select(*columns, _RECORD.served_on, _RECORD.minutes, _TXN.seq).where(*served(session, scope))
    query = query.outerjoin(_TXN, _TXN.id == _RECORD.txn_id).order_by(_RECORD.id.desc()).limit(limit + 1)
    found = session.execute(query.where(_RECORD.id < after) if after else query).all()
    grids = names_of(session, {row.grid_id for row in found})
    return cut([(row.id, _record(row, grids[row.grid_id], named)) for row in found], limit)


def _record(row: Read, grid: str, named: bool) -> StatRow:
    link = f"/tickets?ticket={row.ticket_id}" if row.ticket_id else ""
    if named and not link:
        link = _statement(row.community_id, row.person_id)
    no = f"第 {row.seq:,} 笔" if row.seq else "未入账"
    kind = RECORD_KIND_LABELS[RecordKind(row.kind)]
    return StatRow(no, kind, row.served_on, grid, link, row.minutes, row.ticket_id)
