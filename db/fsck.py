"""Is what the database holds whole and true: events, rows, counters, texts, triggers, schema."""

from collections.abc import Iterator
from itertools import chain, groupby, islice
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Row, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import anchors, attachments, incident_events, ledger_check, schema, stat_rebuild, stat_ties
from db.models import (
    AreaRow,
    AttachmentRow,
    CounterRow,
    TicketEventRow,
    TicketNoteRow,
    TicketRow,
    TicketSupportRow,
    TicketTextRow,
)
from db.ticket_detail import event_of
from db.ticket_events import number_text
from db.writes import canonical, plain
from domain import replay
from domain.replay import REPLAYED
from domain.tickets import Action, PhotoStage

Events = dict[UUID, list[Row[Any]]]
Photos = dict[tuple[str, str], bool]  # (id, stage) → still there

BATCH = 500
_EVENT = TicketEventRow.__table__.c  # columns: half the time of mapped rows
# what `make_event` puts under the hash
_HASHED = [column.name for column in _EVENT if column.name not in ("prev_hash", "hash")]
_TICKET = [TicketRow.__table__.c[name] for name in ("id", "number", "community_id", "version", "event_hash", *REPLAYED)]
# what reading a value that somebody wrote by hand may raise
_GARBLED = (ValueError, TypeError, LookupError, AttributeError)


def problems(session: Session) -> Iterator[str]:
    """Name everything that is wrong, one sentence each; nothing when all is well."""
    return _as_far_as_it_reads(_database(session))


def everything(session: Session) -> Iterator[str]:
    """Name what is wrong in the database, against the newest anchors, then which photos have lost their bytes."""
    return _as_far_as_it_reads(chain(_database(session), anchors.problems(session), attachments.problems(session)))


def _as_far_as_it_reads(lines: Iterator[str]) -> Iterator[str]:
    try:
        yield from lines
    except DBAPIError as error:
        yield f"数据库读不下去了：{error.orig}"


def _database(session: Session) -> Iterator[str]:
    yield from _file(session.connection())
    yield from _schema(session.connection())
    yield from _tickets(session)
    yield from _counters(session)
    yield from _orphans(session)
    yield from ledger_check.problems(session)
    yield from _unless_garbled(stat_rebuild.problems(session), "统计无法核对：有记录的内容无法读出，请先修复")
    yield from _unless_garbled(stat_ties.problems(session), "轮次无法核对：有记录的内容无法读出，请先修复")
    yield from incident_events.problems(session)


def _unless_garbled(lines: Iterator[str], told: str) -> Iterator[str]:
    try:
        yield from lines
    except _GARBLED:
        yield told


def report(session: Session, *, limit: int) -> tuple[int, list[str]]:
    """Count the tickets looked at, and list what is wrong as far as the limit."""
    tickets = session.scalar(select(func.count()).select_from(TicketRow)) or 0
    return tickets, list(islice(everything(session), limit))


def ticket_problems(session: Session, ticket_id: UUID) -> list[str]:
    """Say what is wrong with one ticket and its events."""
    return _batch(session, [ticket_id], _communities(session))


def _file(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    for line in connection.execute(text("PRAGMA integrity_check")).scalars():
        if line != "ok":
            yield f"数据库文件损坏：{line}"
    for table, row, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"{table} 的第 {row} 行指向 {parent} 中不存在的记录"


def _schema(connection: Connection) -> Iterator[str]:
    for name in schema.missing_triggers(connection):
        yield f"缺少防改动的触发器 {name}"
    for difference in schema.differences(connection):
        yield f"数据库结构与程序不一致：{_told(difference)}"


def _told(difference: Any) -> str:
    if isinstance(difference, list):
        return "；".join(_told(part) for part in difference)
    operation, *parts = difference
    return " ".join([operation, *(str(getattr(part, "name", part)) for part in parts if part is not None)])


def _communities(session: Session) -> dict[UUID, str]:
    return {row.id: row.name for row in session.execute(select(AreaRow.id, AreaRow.name))}


def _tickets(session: Session) -> Iterator[str]:
    names = _communities(session)
    next_ids = select(TicketRow.id).order_by(TicketRow.id).limit(BATCH)
    ids = list(session.scalars(next_ids))
    while ids:
        yield from _batch(session, ids, names)
        ids = list(session.scalars(next_ids.where(TicketRow.id > ids[-1])))


def _batch(session: Session, ids: list[UUID], names: dict[UUID, str]) -> list[str]:
    try:
        events, photos = _events(session, ids), _photos(session, ids)
        query = select(*_TICKET).where(TicketRow.id.in_(ids)).order_by(TicketRow.id)
        return [
            line
            for row in session.execute(query)
            for line in _ticket(row, events.get(row.id, []), photos.get(row.id, {}), names)
        ]
    except _GARBLED:
        if len(ids) == 1:
            return [f"工单 {ids[0]} 的内容无法读出"]
        return [line for one in ids for line in _batch(session, [one], names)]


def _events(session: Session, ids: list[UUID]) -> Events:
    query = select(*_EVENT).where(_EVENT.ticket_id.in_(ids)).order_by(_EVENT.ticket_id, _EVENT.seq)
    return {key: list(rows) for key, rows in groupby(session.execute(query), lambda row: row.ticket_id)}


def _photos(session: Session, ids: list[UUID]) -> dict[UUID, Photos]:
    a = AttachmentRow
    found: dict[UUID, Photos] = {}
    query = select(a.ticket_id, a.id, a.stage, a.removed_at).where(a.ticket_id.in_(ids)).order_by(a.ticket_id, a.id)
    for ticket_id, photo, stage, removed_at in session.execute(query):
        found.setdefault(ticket_id, {})[photo.hex, stage] = removed_at is None
    return found


def _ticket(ticket: Row[Any], events: list[Row[Any]], photos: Photos, names: dict[UUID, str]) -> Iterator[str]:
    label = f"{names.get(ticket.community_id, '')} {number_text(ticket.number)}"
    yield from (f"{label} {line}" for line in _chain(events))
    if ticket.version != len(events):
        yield f"{label} 应有 {ticket.version} 条记录，实有 {len(events)} 条"
    if events and ticket.event_hash != events[-1].hash:
        yield f"{label} 记下的校验值与最后一条记录不符"
    told = [event_of(cast(TicketEventRow, event)) for event in events]
    yield from (f"{label} 的步骤不合流程（{line}）" for line in replay.broken_steps(told))
    for name, value in replay.replay(told).items():
        if plain(getattr(ticket, name)) != value:
            yield f"{label} 的 {name} 是 {plain(getattr(ticket, name))}，按记录应为 {value}"
    yield from (f"{label} {line}" for line in _told_photos(events, photos))


def _told_photos(events: list[Row[Any]], photos: Photos) -> Iterator[str]:
    """Hold the rows of the photos to what the events say came and went."""
    told: Photos = {}
    for event in events:
        for stage in PhotoStage:
            went, came = event.changes.get(f"photos_{stage}") or ((), ())
            told |= {(photo, stage.value): True for photo in came} | {(photo, stage.value): False for photo in went}
    for key in sorted({*told, *photos}):
        if key not in photos:
            yield f"的照片 {UUID(key[0])} 不见了，按记录应在"
        elif key not in told:
            yield f"的照片 {UUID(key[0])} 没有对应的记录"
        elif told[key] != photos[key]:
            found, wanted = ("在", "已删除") if photos[key] else ("已删除", "在")
            yield f"的照片 {UUID(key[0])} {found}，按记录应{wanted}"


def _chain(events: list[Row[Any]]) -> Iterator[str]:
    before = ""
    for number, event in enumerate(events, 1):
        if event.seq != number:
            yield f"第 {number} 条记录的序号是 {event.seq}"
        if event.prev_hash != before:
            yield f"第 {event.seq} 条记录与上一条不相连"
        if event.hash != replay.chain(event.prev_hash, canonical({name: getattr(event, name) for name in _HASHED})):
            yield f"第 {event.seq} 条记录的内容与校验值不符"
        before = event.hash


def _counters(session: Session) -> Iterator[str]:
    highest = (
        select(TicketRow.community_id, func.max(TicketRow.number).label("number"))
        .group_by(TicketRow.community_id)
        .subquery()
    )
    query = (
        select(AreaRow.name, highest.c.number, func.coalesce(CounterRow.value, 0))
        .join(AreaRow, AreaRow.id == highest.c.community_id)
        .outerjoin(CounterRow, (CounterRow.community_id == AreaRow.id) & (CounterRow.name == "ticket"))
    )
    for name, number, counter in session.execute(query):
        if counter < number:
            yield f"{name} 的编号计数是 {counter}，已有工单 {number_text(number)}"


def _orphans(session: Session) -> Iterator[str]:
    texts = select(TicketTextRow.ticket_id).where(
        ~select(TicketRow.id).where(TicketRow.id == TicketTextRow.ticket_id).exists()
    )
    for ticket_id in session.scalars(texts.execution_options(yield_per=BATCH)):
        yield f"有正文没有工单：{ticket_id}"
    its_event = (_EVENT.id == TicketNoteRow.event_id) & (_EVENT.ticket_id == TicketNoteRow.ticket_id)
    notes = select(TicketNoteRow.event_id).where(~select(_EVENT.id).where(its_event).exists())
    for event_id in session.scalars(notes.execution_options(yield_per=BATCH)):
        yield f"有备注没有对应的记录：{event_id}"
    support = TicketSupportRow
    its_own = (_EVENT.id == support.event_id) & (_EVENT.ticket_id == support.ticket_id)
    of_it = its_own & (_EVENT.action == Action.SUPPORT)
    without = select(support.event_id).where(~select(_EVENT.id).where(of_it).exists())
    for event_id in session.scalars(without.execution_options(yield_per=BATCH)):
        yield f"有同类反映没有对应的记录：{event_id}"
    row = select(support.event_id).where(its_own)
    lost = select(_EVENT.id).where(_EVENT.action == Action.SUPPORT, ~row.exists())
    for event_id in session.scalars(lost.execution_options(yield_per=BATCH)):
        yield f"同类反映的记录少了它的内容：{event_id}"
