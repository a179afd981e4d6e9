"""What the tests look at: the whole database before and after, and every rule its tickets must keep."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

import db
from db.models import Base, ChangeStampRow, CounterRow, TicketEventRow, TicketRow
from db.ticket_detail import event_of
from db.writes import canonical, plain
from domain import replay
from domain.live import Topic

T = TypeVar("T")
Dump = dict[str, list[str]]
TABLES = dict(sorted(Base.metadata.tables.items()))


def dump() -> Dump:
    """Read every row of every table, as the database itself writes it."""
    return db.read(_dump)


def _dump(session: Session) -> Dump:
    connection = session.connection()
    return {
        name: sorted(repr(tuple(row)) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")) for name in TABLES
    }


def fingerprint() -> list[Any]:
    """Read every row of every table at one stroke: for who asks after each of a hundred thousand steps."""
    return db.read(lambda session: sorted(map(tuple, session.connection().exec_driver_sql(_every_row(session)))))


def _every_row(session: Session) -> str:
    whole = {"postgresql": _as_text, "sqlite": _quoted}[session.get_bind().dialect.name]
    return " UNION ALL ".join(f"SELECT '{name}', {whole(name)} FROM {name}" for name in TABLES)


def _as_text(name: str) -> str:
    return f"{name}::text"


def _quoted(name: str) -> str:
    return " || '|' || ".join(f'quote("{column.name}")' for column in TABLES[name].columns)


def faults() -> list[str]:
    """Name every ticket, counter and stamp that is not as its events say."""
    return db.read(lambda session: list(_faults(session)))


def _faults(session: Session) -> Iterator[str]:
    events: dict[UUID, list[TicketEventRow]] = defaultdict(list)
    for event in session.scalars(select(TicketEventRow).order_by(TicketEventRow.ticket_id, TicketEventRow.seq)):
        events[event.ticket_id].append(event)
    tickets = session.scalars(select(TicketRow)).all()
    for ticket in tickets:
        for fault in _ticket_faults(ticket, events[ticket.id]):
            yield f"E{ticket.number}: {fault}"
    yield from _number_faults(session, tickets)
    board = select(ChangeStampRow).where(ChangeStampRow.topic == Topic.BOARD)
    stamps = {row.community_id: row.stamp for row in session.scalars(board)}
    written: dict[UUID, int] = defaultdict(int)
    for told in events.values():
        written[told[0].community_id] += len(told)
    if stamps != written:
        yield f"stamps {sorted(stamps.values())} for {sorted(written.values())} events"


def _ticket_faults(row: TicketRow, rows: list[TicketEventRow]) -> Iterator[str]:
    told = [event_of(event) for event in rows]
    yield from replay.broken_steps(told)
    if row.version != len(rows):
        yield f"version {row.version} after {len(rows)} events"
    for name, value in replay.replay(told).items():
        if plain(getattr(row, name)) != value:
            yield f"{name} is {getattr(row, name)}, its events say {value}"
    before = ""
    for event in rows:
        if event.prev_hash != before or event.hash != replay.chain(before, canonical(_hashed(event))):
            yield f"the chain breaks at {event.seq}"
        before = event.hash
    if row.event_hash != before:
        yield "the row keeps another hash than the last event's"


def _hashed(event: TicketEventRow) -> dict[str, Any]:
    names = (column.name for column in TicketEventRow.__table__.columns)
    return {name: getattr(event, name) for name in names if name not in ("prev_hash", "hash")}


def _number_faults(session: Session, tickets: Any) -> Iterator[str]:
    numbers: dict[UUID, list[int]] = defaultdict(list)
    for ticket in tickets:
        numbers[ticket.community_id].append(ticket.number)
    for counter in session.scalars(select(CounterRow).where(CounterRow.name == "ticket")):
        found = sorted(numbers.pop(counter.community_id, []))
        if found != list(range(1, counter.value + 1)):
            yield f"numbers {found}, counter {counter.value}"
    if numbers:
        yield "numbers without a counter"


def events_of(ticket_id: UUID) -> list[TicketEventRow]:
    query = select(TicketEventRow).where(TicketEventRow.ticket_id == ticket_id).order_by(TicketEventRow.seq)
    return db.read(lambda session: _free(session, list(session.scalars(query))))


def row_of(ticket_id: UUID) -> TicketRow:
    return db.read(lambda session: _free(session, session.get_one(TicketRow, ticket_id)))


def _free(session: Session, found: T) -> T:
    """Let rows be read after their session has ended."""
    session.expunge_all()
    return found
