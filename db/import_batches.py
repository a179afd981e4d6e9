"""Batches of imports: the list of them, taking one back, and the mapping kept for each source."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.imports import CHUNK
from db.models import ImportBatchRow, ImportChangeRow, ImportMappingRow, TicketRow, TicketTextRow
from db.ticket_events import append
from domain.access import RIGHTS, Actor
from domain.errors import NotAllowed, NotFound, WrongState
from domain.imports import Counts
from domain.tickets import Action, Status


@dataclass(frozen=True)
class Batch:
    id: UUID
    source: str
    file_name: str
    status: str
    counts: Counts
    started_at: datetime
    undone_at: datetime | None


def batches(session: Session, *, actor: Actor, limit: int = 20) -> list[Batch]:
    """List the newest imports of the actor's communities."""
    ids = frozenset().union(*(g.community_ids for g in actor.grants if g.role in RIGHTS["tickets.import"]))
    query = select(ImportBatchRow).where(ImportBatchRow.community_id.in_(ids))
    return [
        Batch(
            row.id,
            row.source,
            row.file_name,
            row.status,
            Counts(row.created, row.changed, row.unchanged, row.refused),
            row.started_at,
            row.undone_at,
        )
        for row in session.scalars(query.order_by(ImportBatchRow.started_at.desc()).limit(limit))
    ]


def undo(tx: Session, *, actor: Actor, batch_id: UUID, now: datetime, limit: int = CHUNK) -> tuple[int, int]:
    """Take back up to `limit` of a batch's tickets: (taken back, left as people have worked on them).

    Call it until it takes nothing back; then the batch is marked undone. A made ticket disappears from
    every screen, a changed one gets its old values; nothing is deleted.
    """
    batch = tx.get(ImportBatchRow, batch_id)
    if batch is None:
        raise NotFound("没有找到这次导入。")
    if not any(g.role in RIGHTS["tickets.import"] and batch.community_id in g.community_ids for g in actor.grants):
        raise NotAllowed()
    if batch.undone_at is not None:
        raise WrongState("这次导入已经撤销过了。")
    query = (
        select(ImportChangeRow)
        .join(TicketRow, TicketRow.id == ImportChangeRow.ticket_id)
        .where(ImportChangeRow.batch_id == batch_id, ImportChangeRow.version_after == TicketRow.version)
    )
    taken = tx.scalars(query.limit(limit)).all()
    for change in taken:
        _take_back(tx, actor, change, now)
    if len(taken) < limit:
        batch.status, batch.undone_at = "undone", now
    return len(taken), _left(tx, batch_id) if len(taken) < limit else 0


def _take_back(tx: Session, actor: Actor, change: ImportChangeRow, now: datetime) -> None:
    if change.before is None:
        values: dict[str, Any] = {"hidden_at": now, "status": Status.CANCELLED.value, "import_mac": None}
    else:
        values = {name: _typed(name, value) for name, value in change.before.items() if name != "text"}
        text = tx.get_one(TicketTextRow, change.ticket_id)
        for name, value in change.before["text"].items():
            setattr(text, name, value)
    append(tx, change.ticket_id, Action.IMPORT_UNDO, values, actor=actor, now=now)
    change.version_after = 0  # done: a second call passes it by


def _typed(name: str, value: Any) -> Any:
    """Turn what JSON kept of a column back into its own type."""
    if value is None or not isinstance(value, str):
        return value
    kind = TicketRow.__table__.c[name].type.__class__.__name__
    if kind == "Id":
        return UUID(value)
    if kind == "UtcDateTime":
        return datetime.fromisoformat(value)
    return datetime.fromisoformat(value).date() if kind == "Date" else value


def _left(tx: Session, batch_id: UUID) -> int:
    """Count the batch's tickets that people have worked on since."""
    query = select(func.count()).where(ImportChangeRow.batch_id == batch_id, ImportChangeRow.version_after > 0)
    return tx.execute(query).scalar_one()


def mapping_of(session: Session, source: str) -> dict[str, str]:
    """Give the mapping that was last used for this source: header → field."""
    row = session.get(ImportMappingRow, source.strip()[:40])
    return dict(row.mapping) if row else {}


def keep_mapping(tx: Session, *, source: str, mapping: dict[str, str], now: datetime) -> None:
    source = source.strip()[:40]
    row = tx.get(ImportMappingRow, source)
    if row is None:
        tx.add(ImportMappingRow(source=source, mapping=mapping, updated_at=now))
    else:
        row.mapping, row.updated_at = mapping, now
