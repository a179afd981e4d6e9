"""Imports: rows of a file become tickets, once each.

A row's identity is (source, its id there). History comes in as one event with all its dates: no
retroactive clocks. A chunk is one transaction, so an interruption leaves whole chunks, and running the
file again goes on where it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import crypto
from db.import_lookup import Lookup, reach
from db.import_updates import update_changed
from db.import_writes import Work, insert_new
from db.models import ImportBatchRow, TicketRow
from db.writes import bump
from domain import access
from domain.access import Actor
from domain.areas import Area
from domain.errors import Invalid, NotAllowed, NotFound, WrongState
from domain.ids import new_id
from domain.imports import SOURCE_MAX, Counts, Incoming, Turned

CHUNK = 500


def start(tx: Session, *, actor: Actor, community: Area, source: str, file_name: str, now: datetime) -> UUID:
    """Open a batch. Its key is its own: to import a file twice is harmless by the rows' identities."""
    _check_right(actor, community)
    if not source.strip():
        raise Invalid("请给数据来源起个名字，例如“留言板”，再次导入时靠它认出同一条。", field="source")
    row = ImportBatchRow(
        id=new_id(),
        community_id=community.id,
        source=source.strip()[:SOURCE_MAX],
        file_name=file_name[:200],
        status="running",
        started_at=now,
        actor_id=actor.user_id,
    )
    tx.add(row)
    tx.flush()
    return row.id


def _check_right(actor: Actor, community: Area) -> None:
    if actor.read_only or not access.has(actor, "tickets.import", community.path):
        raise NotAllowed("您不能向这个社区导入工单，请联系社区工作者。")


def compare(
    session: Session, *, actor: Actor, community: Area, source: str, rows: Sequence[Incoming], now: datetime
) -> tuple[Counts, list[Turned]]:
    """Tell what `store` would do with these rows, and write nothing."""
    _check_right(actor, community)
    lookup = Lookup(session, actor, community.id, now)
    found = _sort(session, lookup, None, source.strip()[:SOURCE_MAX], rows)
    return found.counts, found.turned


def store(
    tx: Session, *, actor: Actor, batch_id: UUID, rows: Sequence[Incoming], now: datetime
) -> tuple[Counts, list[Turned]]:
    """Write one chunk; give the counts and the rows that the database had to refuse.

    What this very batch has written already counts as nothing, so an interrupted one may be run on.
    """
    batch = _running(tx, actor, batch_id)
    work = Work(tx, actor, batch_id, batch.source, Lookup(tx, actor, batch.community_id, now), now)
    found = _sort(tx, work.lookup, batch_id, batch.source, rows)
    _release(tx, found.released)
    update_changed(work, found.changed)
    insert_new(work, found.fresh)
    for community_id in sorted({work.lookup.community(row) for row in found.written}):
        bump(tx, community_id)
    _add_counts(tx, batch_id, found.counts)
    return found.counts, found.turned


def _running(tx: Session, actor: Actor, batch_id: UUID) -> ImportBatchRow:
    batch = tx.get(ImportBatchRow, batch_id)
    if batch is None:
        raise NotFound("没有找到这次导入。")
    if batch.community_id not in reach(actor):
        raise NotAllowed()
    if batch.status != "running":
        raise WrongState("这次导入已经结束或撤销，请重新选择文件导入。")
    return batch


@dataclass(frozen=True)
class _Known:
    """As much of a ticket as tells what a row means for it."""

    id: UUID
    mac: str | None
    hidden: bool
    community_id: UUID
    batch_id: UUID | None


@dataclass
class _Sorted:
    """A chunk's rows by what becomes of them."""

    fresh: list[tuple[Incoming, str]] = field(default_factory=list)
    changed: list[tuple[UUID, Incoming, str]] = field(default_factory=list)
    released: list[UUID] = field(default_factory=list)  # hidden tickets that give up their identity
    turned: list[Turned] = field(default_factory=list)
    revived: int = 0
    unchanged: int = 0

    @property
    def counts(self) -> Counts:
        created = len(self.fresh) + self.revived
        return Counts(created, len(self.changed) - self.revived, self.unchanged, len(self.turned))

    @property
    def written(self) -> list[Incoming]:
        return [row for row, _ in self.fresh] + [row for _, row, _ in self.changed]


def _sort(session: Session, lookup: Lookup, batch_id: UUID | None, source: str, rows: Sequence[Incoming]) -> _Sorted:
    known, held, found = _known(session, source, [row.key for row in rows]), crypto.keys(), _Sorted()
    for place, row in enumerate(rows):
        mac = (crypto.mac(row.content, held) or b"").hex()
        there = known.get(row.key)
        if problem := lookup.problem(row) or _misplaced(lookup, row, there):
            found.turned.append(Turned(place, *problem))
        elif there is None:
            found.fresh.append((row, mac))
        elif there.community_id != lookup.community(row):  # undone, and now to another community
            found.released.append(there.id)
            found.fresh.append((row, mac))
        elif there.hidden or there.mac != mac:
            found.revived += there.hidden
            found.changed.append((there.id, row, mac))
        elif batch_id is None or there.batch_id != batch_id:
            found.unchanged += 1
    return found


def _known(session: Session, source: str, keys: list[str]) -> dict[str, _Known]:
    t = TicketRow
    query = select(t.external_id, t.id, t.import_mac, t.hidden_at, t.community_id, t.import_batch_id).where(
        t.source == source, t.external_id.in_(keys)
    )
    return {
        key or "": _Known(ticket_id, mac, hidden_at is not None, community_id, batch)
        for key, ticket_id, mac, hidden_at, community_id, batch in session.execute(query)
    }


def _misplaced(lookup: Lookup, row: Incoming, there: _Known | None) -> tuple[str, str] | None:
    """Refuse a row whose identity a ticket of another community has."""
    if there is None or there.hidden or there.community_id == lookup.community(row):
        return None
    where = next((name for name, i in lookup.communities.items() if i == there.community_id), "别的社区")
    reason = f"这个来源的这一条已导入到{where}，请核对社区；若只是编号碰巧相同，请换一个来源名称"
    return ("community" if row.community else "external_id"), reason


def _release(tx: Session, ids: Sequence[UUID]) -> None:
    """Free the identities of hidden tickets: their rows now belong to another community."""
    if ids:
        tx.execute(update(TicketRow).where(TicketRow.id.in_(ids)).values(external_id=None))


def _add_counts(tx: Session, batch_id: UUID, counts: Counts) -> None:
    row: Any = ImportBatchRow
    more = {"created": row.created + counts.created, "changed": row.changed + counts.changed}
    tx.execute(update(row).where(row.id == batch_id).values(more))


def finish(tx: Session, *, actor: Actor, batch_id: UUID, counts: Counts, now: datetime) -> Counts:
    """Close the batch; `counts` are those of the last whole pass through the file."""
    batch = _running(tx, actor, batch_id)
    batch.unchanged, batch.refused = counts.unchanged, counts.refused
    batch.status, batch.finished_at = "done", now
    return Counts(batch.created, batch.changed, batch.unchanged, batch.refused)
