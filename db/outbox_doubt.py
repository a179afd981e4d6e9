"""What becomes of a message whose sender can't say: put back if it surely never left, else once more, else given up."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, insert, or_, select
from sqlalchemy.orm import Session

from db.models import ChannelRow, OutboxAttemptRow, OutboxRow
from domain import delivery
from domain.ids import new_id
from domain.outbox import MessageState, Severity

DOUBT, AGAIN = "uncertain", "uncertain_again"
# another worker may have taken its lease for lapsed meanwhile
_UNDER_WAY = or_(
    OutboxRow.state == MessageState.SENDING,
    and_(OutboxRow.state.in_([MessageState.UNCERTAIN, MessageState.DEAD]), OutboxRow.provider_code.in_([DOUBT, AGAIN])),
)


def lapse(tx: Session, rows: Sequence[OutboxRow], now: datetime) -> None:
    """Settle messages whose sender died: sent again once and marked if it matters, else left to a person.

    Twice nobody knows: then it stands among what was not sent, and the ladder's next step tells of it anew. Only
    senders that died count: a time-out, or a person who sends it again, takes nothing from its chances.
    """
    if not rows:
        return
    before = _doubted(tx, [row.id for row in rows])
    for row in rows:
        again = row.id in before
        row.provider_code = AGAIN if again else DOUBT
        if row.severity < Severity.NORMAL and not again:
            row.state, row.repeated = MessageState.UNCERTAIN.value, True
        else:
            row.state = MessageState.DEAD.value
    tried = {"at": now, "ok": False, "code": DOUBT, "millis": 0}
    tx.execute(insert(OutboxAttemptRow), [{"id": new_id(), "message_id": row.id, **tried} for row in rows])


def _doubted(tx: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Find those that a dead sender left in doubt before, since they were last owed."""
    attempt = OutboxAttemptRow
    query = select(attempt.message_id).join(OutboxRow, OutboxRow.id == attempt.message_id)
    mine = (attempt.message_id.in_(ids), attempt.code == DOUBT, attempt.at >= OutboxRow.created_at)
    return set(tx.scalars(query.where(*mine)))


def give_back(tx: Session, *, channel_id: UUID, lease: str, now: datetime) -> None:
    """Undo a claim whose sender lives and knows that nothing has left."""
    locked = select(ChannelRow).where(ChannelRow.id == channel_id).with_for_update(key_share=True)
    channel = tx.scalars(locked.execution_options(populate_existing=True)).one()
    mine = select(OutboxRow).where(OutboxRow.lease_owner == lease, _UNDER_WAY).order_by(OutboxRow.id)
    for row in tx.scalars(mine.with_for_update().execution_options(populate_existing=True)):
        put_back(row, channel, now)


def put_back(row: OutboxRow, channel: ChannelRow, now: datetime) -> None:
    """Undo a claim that nothing came of: no try, and nothing of the robot's minute."""
    row.state, row.next_attempt_at, row.attempts = MessageState.QUEUED.value, now, row.attempts - 1
    if row.lease_until is not None:
        claimed = (row.lease_until - delivery.LEASE).timestamp()
        channel.recent = [at for at in channel.recent if abs(at - claimed) > 0.0005]
