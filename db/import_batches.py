"""Batches of imports: the list of them, taking one back, and the mapping kept for each source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, func, select, update
from sqlalchemy.orm import Session

from db.import_lookup import reach
from db.import_writes import Values, append_all, locked, update_texts
from db.imports import CHUNK
from db.models import ImportBatchRow, ImportChangeRow, ImportMappingRow, TicketRow
from db.writes import bump
from domain.access import Actor
from domain.errors import NotAllowed, NotFound, WrongState
from domain.imports import SOURCE_MAX, Counts
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


@dataclass(frozen=True)
class Outlook:
    """What taking a batch back would do: tickets gone, restored, and left as they have moved on since."""

    made: int
    restored: int
    stays: int


def batches(session: Session, *, actor: Actor, limit: int = 20) -> list[Batch]:
    """List the newest imports of the actor's communities."""
    query = select(ImportBatchRow).where(ImportBatchRow.community_id.in_(reach(actor)))
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


def outlook(session: Session, *, actor: Actor, batch_id: UUID) -> Outlook:
    """Count what `undo` would take back and what it would leave."""
    _undoable(session, actor, batch_id)
    change, made = ImportChangeRow, cast(ImportChangeRow.before, Text) == "null"
    fits = change.version_after == TicketRow.version
    query = (
        select(made, fits, func.count())
        .join(TicketRow, TicketRow.id == change.ticket_id)
        .where(change.batch_id == batch_id, change.version_after > 0)
        .group_by(made, fits)
    )
    found = {(bool(made), bool(fits)): count for made, fits, count in session.execute(query)}
    return Outlook(
        made=found.get((True, True), 0),
        restored=found.get((False, True), 0),
        stays=found.get((True, False), 0) + found.get((False, False), 0),
    )


def undo(tx: Session, *, actor: Actor, batch_id: UUID, now: datetime, limit: int = CHUNK) -> tuple[int, int]:
    """Take back up to `limit` of a batch's tickets: (taken back, left as they have moved on since).

    Call it until it takes less than `limit`; then the batch is marked undone. A made ticket disappears
    from every screen, a changed one gets its old values; nothing is deleted.
    """
    batch = _undoable(tx, actor, batch_id)
    query = (
        select(ImportChangeRow)
        .join(TicketRow, TicketRow.id == ImportChangeRow.ticket_id)
        .where(ImportChangeRow.batch_id == batch_id, ImportChangeRow.version_after > 0)
        .where(ImportChangeRow.version_after == TicketRow.version)
    )
    taken = tx.scalars(query.limit(limit)).all()
    _take_back(tx, actor, batch_id, taken, now)
    if len(taken) == limit:
        return limit, 0
    batch.status, batch.undone_at = "undone", now
    return len(taken), _left(tx, batch_id)


def _undoable(session: Session, actor: Actor, batch_id: UUID) -> ImportBatchRow:
    batch, mine = session.get(ImportBatchRow, batch_id), reach(actor)
    if batch is None:
        raise NotFound("没有找到这次导入。")
    if batch.community_id not in mine:
        raise NotAllowed()
    if batch.undone_at is not None:
        raise WrongState("这次导入已经撤销过了。")
    elsewhere = select(TicketRow.id).where(TicketRow.import_batch_id == batch_id, TicketRow.community_id.not_in(mine))
    if session.scalars(elsewhere.limit(1)).first():
        raise NotAllowed("这次导入也写进了别的社区，请由管理这些社区的人来撤销。")
    return batch


def _take_back(tx: Session, actor: Actor, batch_id: UUID, taken: Sequence[ImportChangeRow], now: datetime) -> None:
    if not taken:
        return
    rows = locked(tx, [change.ticket_id for change in taken])
    # of those that moved on while this waited for the lock, the next call will not see a fitting version
    held = [change for change in taken if rows[change.ticket_id].version == change.version_after]
    steps = [(rows[change.ticket_id], _old_values(change, now)) for change in held]
    append_all(tx, Action.IMPORT_UNDO, steps, actor=actor, now=now)
    changed = [change for change in held if change.before is not None]
    update_texts(tx, [{"ticket_id": change.ticket_id, **change.before["text"]} for change in changed])
    _hand_back(tx, batch_id, changed)
    done = update(ImportChangeRow).where(ImportChangeRow.batch_id == batch_id)
    # 0: a second call passes it by; the old texts are needed no more
    tx.execute(
        done.where(ImportChangeRow.ticket_id.in_([c.ticket_id for c in held])).values(version_after=0, before={}),
        execution_options={"synchronize_session": False},
    )
    for community_id in sorted({row.community_id for row in rows.values()}):
        bump(tx, community_id)


def _old_values(change: ImportChangeRow, now: datetime) -> Values:
    if change.before is None:
        return {"hidden_at": now, "status": Status.CANCELLED.value, "import_mac": None}
    return {name: _typed(name, value) for name, value in change.before.items() if name != "text"}


def _hand_back(tx: Session, batch_id: UUID, changed: Sequence[ImportChangeRow]) -> None:
    """Let the import before this one be undone in its turn: its tickets are as it left them."""
    table = ImportChangeRow.__table__
    statement = (
        update(ImportChangeRow)
        .where(
            table.c.ticket_id == bindparam("the_id"),
            table.c.version_after == bindparam("as_before"),
            table.c.batch_id != batch_id,
        )
        .values(version_after=bindparam("as_now"))
    )
    given = [{"the_id": c.ticket_id, "as_before": c.version_after - 1, "as_now": c.version_after + 1} for c in changed]
    if given:
        tx.connection().execute(statement, given)


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
    """Count the batch's tickets that have moved on since."""
    query = select(func.count()).where(ImportChangeRow.batch_id == batch_id, ImportChangeRow.version_after > 0)
    return tx.execute(query).scalar_one()


def sources(session: Session, *, actor: Actor) -> list[str]:
    """List the sources that the actor's communities have imported from, the latest first."""
    row = ImportBatchRow
    query = select(row.source).where(row.community_id.in_(reach(actor))).group_by(row.source)
    return list(session.scalars(query.order_by(func.max(row.started_at).desc()).limit(8)))


def mapping_of(session: Session, source: str) -> dict[str, str]:
    """Give the mapping that was last used for this source: header → field."""
    row = session.get(ImportMappingRow, source.strip()[:SOURCE_MAX])
    return dict(row.mapping) if row else {}


def keep_mapping(tx: Session, *, source: str, mapping: dict[str, str], now: datetime) -> None:
    source = source.strip()[:SOURCE_MAX]
    row = tx.get(ImportMappingRow, source)
    if row is None:
        tx.add(ImportMappingRow(source=source, mapping=mapping, updated_at=now))
    else:
        row.mapping, row.updated_at = mapping, now
