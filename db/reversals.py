"""Taking an award back, and taking that back: new transactions that name the one they reverse, once each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.ledger import Cause, NewLot, check_not_reversed, lock, post, txn_of
from db.lots import lots_of
from db.models import LedgerTransferRow, LedgerTxnRow, PointLotRow
from domain.awards import expires_on
from domain.clock import local_date
from domain.errors import WrongState
from domain.ids import new_id
from domain.ledger import Move, award_moves, taken_back
from domain.points import REVERSIBLE, Account, Posting, Unit


def reverse_award(
    tx: Session, txn_id: UUID | None, person_id: UUID, *, actor_id: UUID | None, now: datetime
) -> UUID | None:
    """Take back points and hours of an award; points first out of its own lot, and owe what is spent."""
    if txn_id is None:  # it earned nothing
        return None
    txn = _reversible(tx, txn_id)
    ledger = lock(tx, txn.community_id, people=[person_id], now=now)
    check_not_reversed(tx, txn_id)  # again: whoever held the accounts may have been at it
    points, minutes = _given(tx, txn, ledger.owned_by(person_id))
    available, debt = ledger.of(Account.AVAILABLE, person_id), ledger.of(Account.DEBT, person_id)
    own = tx.scalars(select(PointLotRow.id).where(PointLotRow.earned_txn == txn_id)).first()
    moves = taken_back(ledger.of(Account.ISSUANCE), available, debt, lots_of(tx, available.id), points, own)
    if minutes:
        moves.append(Move(ledger.of(Account.HOURS, person_id).id, ledger.of(Account.HOURS_WORLD).id, minutes))
    return post(tx, ledger, _cause(txn, actor_id), moves, now=now)


def restore_award(
    tx: Session, txn_id: UUID | None, person_id: UUID, *, actor_id: UUID | None, now: datetime
) -> UUID | None:
    """Give back what a reversal took: against the debt first, the rest as a lot that expires as the old one did."""
    if txn_id is None:
        return None
    txn = _reversible(tx, txn_id)
    ledger = lock(tx, txn.community_id, people=[person_id], now=now)
    check_not_reversed(tx, txn_id)
    points, minutes = _given(tx, txn, ledger.owned_by(person_id))
    available, debt = ledger.of(Account.AVAILABLE, person_id), ledger.of(Account.DEBT, person_id)
    lot_id = new_id()
    moves = award_moves(ledger.of(Account.ISSUANCE), available, debt, -points, lot_id)
    if minutes:
        moves.append(Move(ledger.of(Account.HOURS_WORLD).id, ledger.of(Account.HOURS, person_id).id, -minutes))
    kept = sum(move.amount for move in moves if move.lot_id)
    expires = expires_on(local_date(txn.effective_at))
    lots = [NewLot(lot_id, available.id, expires, kept)] if kept else []
    return post(tx, ledger, _cause(txn, actor_id), moves, lots=lots, now=now)


def _reversible(tx: Session, txn_id: UUID) -> LedgerTxnRow:
    txn = txn_of(tx, txn_id)
    check_not_reversed(tx, txn_id)
    before = tx.get(LedgerTxnRow, txn.reverses_txn) if txn.reverses_txn else None
    if txn.kind not in REVERSIBLE or (before is not None and before.kind == Posting.REVERSE):
        raise WrongState("这笔积分已作废并恢复过一次，不能再改；请另登记一条服务记录。")
    return txn


def _given(tx: Session, txn: LedgerTxnRow, theirs: set[UUID]) -> tuple[int, int]:
    """Sum what a transaction brought this person, in points and in minutes; what it took is negative."""
    line = LedgerTransferRow
    query = select(line.unit, line.amount, line.from_account, line.to_account)
    found = {Unit.POINTS.value: 0, Unit.MINUTES.value: 0}
    for unit, amount, source, target in tx.execute(
        query.where(line.community_id == txn.community_id, line.seq == txn.seq)
    ):
        found[unit] += amount * ((target in theirs) - (source in theirs))
    return found[Unit.POINTS], found[Unit.MINUTES]


def _cause(txn: LedgerTxnRow, actor_id: UUID | None) -> Cause:
    return Cause(
        Posting.REVERSE,
        f"reverse:{txn.id.hex}",
        txn.source_type,
        txn.source_id,
        txn.effective_at,
        actor_id,
        rule_version=txn.rule_version,
        reverses_txn=txn.id,
    )
