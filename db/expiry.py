"""Points that have reached their day: a lot's rest goes, once, however often and late the job runs."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.ledger import Cause, Ledger, lock, post
from db.lots import lots_of
from db.models import LedgerAccountRow, PointLotRow
from domain.clock import local_date
from domain.ledger import Move
from domain.points import Account, Posting


def expire_lots(
    tx: Session, ledger: Ledger, person_id: UUID, lots: Mapping[UUID, int], *, now: datetime, tail: str = ""
) -> None:
    """Post what these lots lose; `tail` tells the rest that came back from an order from the first time."""
    available, expired = ledger.of(Account.AVAILABLE, person_id).id, ledger.of(Account.EXPIRED).id
    for lot_id, amount in lots.items():
        cause = Cause(Posting.EXPIRE, f"expire:{lot_id.hex}{tail}", "lot", lot_id, now)
        post(tx, ledger, cause, [Move(available, expired, amount, lot_id)], now=now)


def expire_due(tx: Session, *, now: datetime, limit: int = 100) -> int:
    """Expire the rest of up to this many lots whose last day is over; run it until it says 0."""
    today, lot = local_date(now), PointLotRow
    due = select(lot.community_id, LedgerAccountRow.owner_id, lot.id).where(lot.remaining > 0, lot.expires_on < today)
    due = due.join(LedgerAccountRow, LedgerAccountRow.id == lot.account_id)
    rows = tx.execute(due.order_by(lot.community_id, lot.expires_on, lot.id).limit(limit)).all()
    mine = [row for row in rows if row.community_id == rows[0].community_id]  # one chain at a time
    if not mine:
        return 0
    people = sorted({row.owner_id for row in mine})
    ledger = lock(tx, mine[0].community_id, people=people, now=now)
    wanted, done = {row.id for row in mine}, 0
    for person in people:  # again, now that nobody else can spend them
        left = lots_of(tx, ledger.of(Account.AVAILABLE, person).id)
        gone = {lot.id: lot.remaining for lot in left if lot.id in wanted}
        expire_lots(tx, ledger, person, gone, now=now)
        done += len(gone)
    return done
