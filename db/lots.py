"""Lots as they stand, and as a transaction took them."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import LedgerTransferRow, LedgerTxnRow, PointLotRow
from domain.ledger import Lot


def lots_of(tx: Session, account_id: UUID) -> list[Lot]:
    """List what remains of this account's lots; call it with the account locked."""
    lot = PointLotRow.__table__.c
    query = select(lot.id, lot.expires_on, lot.remaining, lot.held).where(lot.account_id == account_id)
    return [Lot(*row) for row in tx.execute(query.where(lot.remaining > 0).order_by(lot.expires_on, lot.id))]


def lots_in(tx: Session, once: str) -> dict[UUID, tuple[date, int]]:
    """Tell which lots the transaction of this name took, with expiry and amount."""
    transfer, txn, lot = LedgerTransferRow, LedgerTxnRow, PointLotRow
    query = (
        select(lot.id, lot.expires_on, transfer.amount)
        .join(transfer, transfer.lot_id == lot.id)
        .join(txn, (txn.community_id == transfer.community_id) & (txn.seq == transfer.seq))
        .where(txn.once == once)
        .order_by(transfer.line_no)
    )
    return {row.id: (row.expires_on, row.amount) for row in tx.execute(query)}
