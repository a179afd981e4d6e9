"""Points that reach their day: told 60, 30 and 7 days before, then gone; once, however often and late it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.ledger import Cause, Ledger, lock, post
from db.lots import lots_of
from db.models import AreaRow, LedgerAccountRow, PointLotRow
from db.outbox import enqueue
from db.points import names_of, scope
from domain.access import RIGHTS, Actor, grants_for
from domain.clock import at_local, local_date
from domain.ledger import Move
from domain.outbox import Severity, Template
from domain.points import NOTICE_DAYS, Account, Posting, notice_step

SAY_AT = time(9)  # the job runs at night


@dataclass(frozen=True)
class Soon:
    """What of one person's points expires on a day that is near."""

    person_id: UUID
    name: str
    on: date
    points_tenths: int
    days: int


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


# --- before it ---------------------------------------------------------------------------------------


def soon(session: Session, *, actor: Actor, community_id: UUID, now: datetime, limit: int = 200) -> list[Soon]:
    """List whose points expire within the longest notice, the nearest first."""
    lot, account, today = PointLotRow, LedgerAccountRow, local_date(now)
    seen = scope(grants_for(actor, RIGHTS["points.read"]), account.community_id, account.area_path)
    query = (
        select(account.owner_id, lot.expires_on, func.sum(lot.remaining))
        .join(account, account.id == lot.account_id)
        .where(lot.community_id == community_id, seen, *_near(today))
        .group_by(account.owner_id, lot.expires_on)
        .order_by(lot.expires_on, func.sum(lot.remaining).desc(), account.owner_id)
        .limit(limit)
    )
    rows = session.execute(query).all()
    names = names_of(session, {row.owner_id for row in rows})
    return [Soon(who, names.get(who, ""), on, int(points), (on - today).days) for who, on, points in rows]


def tell(tx: Session, *, now: datetime) -> int:
    """Owe each community's channel one message a day of expiry and step, of how many people but not of whom."""
    lot, today = PointLotRow, local_date(now)
    query = select(lot.community_id, AreaRow.path, lot.expires_on, func.count(lot.account_id.distinct()))
    query = query.join(AreaRow, AreaRow.id == lot.community_id).where(*_near(today))
    rows = tx.execute(query.group_by(lot.community_id, AreaRow.path, lot.expires_on)).all()
    return sum(
        enqueue(
            tx,
            community_id=community,
            area_path=path,
            template=Template.POINTS_EXPIRING,
            body={"count": people, "due": f"{on.year}年{on.month}月{on.day}日"},
            severity=Severity.NORMAL,
            dedupe=f"points-expiring:{community.hex}:{on.isoformat()}:{notice_step((on - today).days)}",
            expires_at=at_local(on + timedelta(days=1), time()),
            send_at=max(now, at_local(today, SAY_AT)),
            now=now,
        )
        for community, path, on, people in rows
    )


def _near(today: date) -> tuple[Any, ...]:
    lot = PointLotRow
    return (lot.remaining > 0, lot.expires_on >= today, lot.expires_on <= today + timedelta(days=max(NOTICE_DAYS)))
