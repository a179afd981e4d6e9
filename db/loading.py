"""Rows by the million into a database that nobody uses yet: text and bytes as the engine takes them.

No ORM, no defaults: SQLite through `executemany` in large transactions on a file of its own, PostgreSQL
through COPY in one transaction, with indexes and constraints put back at the end.
"""

import json
import marshal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, LargeBinary, text
from sqlalchemy.orm import Session

import settings
from db import engine, replacing, setup, stat_rebuild, stat_writes
from db.models import TICKET_STAT, Base
from domain.errors import Refused
from domain.stats import Cells

TABLES = ("ticket", "ticket_text", "ticket_event", "ticket_note", "ticket_round", "ticket_recurrence")
# for a file that becomes the database only when it is whole: nothing in it needs to survive a crash
_QUICK = (
    "PRAGMA journal_mode=DELETE",  # the way out of WAL
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA ignore_check_constraints=ON",  # a quarter of the time; `fsck` looks at them later
    "PRAGMA cache_size=-500000",
    "PRAGMA temp_store=MEMORY",
)
# an index of ten million tickets is sorted on the disk, this much of it at a time in memory
_SORTING = ("PRAGMA temp_store=FILE", "PRAGMA cache_size=-200000")
_LASTING = ("PRAGMA locking_mode=NORMAL", "PRAGMA journal_mode=DELETE")


class Loader:
    """Takes rows as cells in the order of the table's columns; `id` makes a cell of hex digits."""

    id: Callable[[str], Any]

    def __init__(self, session: Session | None) -> None:
        self._session = session
        self.uncounted: list[UUID] = []  # tickets in no roll-up yet: counted once all is in

    @property
    def session(self) -> Session:
        assert self._session, "this one only makes cells"
        return self._session

    def places(self, table: str) -> dict[str, int]:
        return {column.name: place for place, column in enumerate(Base.metadata.tables[table].columns)}

    def literal(self, value: Any) -> Any:
        raise NotImplementedError

    def pack(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Make of rows what `add` takes: to be done in another process than the writer's."""
        raise NotImplementedError

    def add(self, table: str, packed: bytes) -> None:
        raise NotImplementedError

    def count(self, cells: Cells) -> None:
        """Add to the roll-ups."""
        stat_writes.write(self.session, TICKET_STAT, cells)


# what most cells are, found by their very type: a first start writes a third of a million
_CELLS: dict[type, Callable[[Any], Any]] = {
    UUID: lambda value: value.int.to_bytes(16),
    datetime: lambda value: value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds"),
    date: date.isoformat,
}


class SqliteLoader(Loader):
    id = staticmethod(bytes.fromhex)

    def literal(self, value: Any) -> Any:
        if write := _CELLS.get(type(value)):
            return write(value)
        return value if value is None or type(value) in (str, int) else _plain(value)

    def pack(self, rows: Sequence[Sequence[Any]]) -> bytes:
        return marshal.dumps(list(rows), 2)  # a third of pickle's time: it looks for nothing that comes twice

    def add(self, table: str, packed: bytes) -> None:
        rows = marshal.loads(packed)
        marks = ", ".join("?" * len(rows[0]))
        _driver(self.session).executemany(f"INSERT INTO {table} ({_names(table)}) VALUES ({marks})", rows)


class PostgresLoader(Loader):
    id = staticmethod(str)

    def literal(self, value: Any) -> str:
        if value is None:
            return r"\N"
        if isinstance(value, UUID):
            return value.hex
        if isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
        if isinstance(value, bool):
            return "t" if value else "f"
        return str(_plain(value)).replace("\\", r"\\").replace("\n", r"\n").replace("\t", r"\t").replace("\r", r"\r")

    def pack(self, rows: Sequence[Sequence[Any]]) -> bytes:
        return "".join(["\t".join(row) + "\n" for row in rows]).encode()

    def add(self, table: str, packed: bytes) -> None:
        statement = f"COPY {table} ({_names(table)}) FROM STDIN"
        with _driver(self.session).cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(packed)


def insert(session: Session, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert whole rows by the engine's own quickest way, in the caller's transaction; see `is_plain`."""
    kind = SqliteLoader if session.get_bind().dialect.name == "sqlite" else PostgresLoader
    loader = kind(session)
    names, literal = list(loader.places(table)), loader.literal
    loader.add(table, loader.pack([[literal(row[name]) for name in names] for row in rows]))


def is_plain(table: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether each value is one that `literal` writes: no bytes, and in JSON no null or bare value."""
    columns = Base.metadata.tables[table].columns
    if any(isinstance(column.type, LargeBinary) for column in columns):
        return False
    nested = [column.name for column in columns if isinstance(column.type, JSON)]
    return all(isinstance(row[name], (dict, list)) for row in rows for name in nested)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return value


def _names(table: str) -> str:
    return ", ".join(column.name for column in Base.metadata.tables[table].columns)


def _driver(session: Session) -> Any:
    return session.connection().connection.driver_connection


@contextmanager
def filling(*, now: datetime) -> Iterator[Loader]:
    """Give a loader into an empty, prepared database that takes its name, or its content, only when whole."""
    if settings.current().is_sqlite:
        yield from _new_file(now)
    else:
        yield from _emptied_of_indexes(now)


def _new_file(now: datetime) -> Iterator[Loader]:
    """Fill a file beside the demo's; a crash leaves the demo as it was, and the next run starts anew."""
    held = settings.current()
    if held.real_file.exists():
        raise Refused("这里已是正式数据，不能换成演示数据；要看演示，请用 --data 另选一个文件夹。")
    file = held.data_dir / "filling.sqlite3"
    engine.dispose()
    for open_one in (held.demo_file, file):  # a running program has the one, another run the other
        replacing.claim(open_one)
    _remove(file)  # what a run left that was broken off
    setup.prepare(now=now, url=f"sqlite:///{file}")
    target = engine.make(f"sqlite:///{file}")
    try:
        with target.connect() as connection, Session(connection) as session:
            driver = connection.connection.driver_connection
            assert driver
            for pragma in _QUICK:
                driver.execute(pragma)
            put_back = _drop_indexes(driver)
            loader = SqliteLoader(session)
            yield loader
            for pragma in _SORTING:
                driver.execute(pragma)
            for statement in put_back:
                session.execute(text(statement))
            stat_rebuild.count_in(session, loader.uncounted)
            session.commit()
            for pragma in _LASTING:
                driver.execute(pragma)
    finally:
        target.dispose()
    replacing.flush(file)
    replacing.claim(held.demo_file)
    _remove(held.demo_file)
    file.rename(held.demo_file)


def _drop_indexes(driver: Any) -> list[str]:
    """Drop the indexes that no key needs, and give what makes them again: sorted at the end in less time.

    Those of events stay: to sort thirty million of them takes gigabytes of memory.
    """
    held = ", ".join(f"'{table}'" for table in TABLES if table != "ticket_event")
    query = f"SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({held})"
    found = driver.execute(query).fetchall()
    for name, _told in found:
        driver.execute(f"DROP INDEX {name}")
    return [told for _name, told in found]


def _remove(file: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + end).unlink(missing_ok=True)


_OUTLINE = """
SELECT conrelid::regclass::text AS held, conname AS name, pg_get_constraintdef(oid) AS told, contype AS sort
FROM pg_constraint WHERE conrelid::regclass::text = ANY(:tables) AND contype IN ('p', 'u', 'f')
ORDER BY contype = 'f' DESC, conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS told FROM pg_index
WHERE indrelid::regclass::text = ANY(:tables)
AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
ORDER BY 1
"""


def _emptied_of_indexes(now: datetime) -> Iterator[Loader]:
    """Fill in one transaction: a crash leaves the database empty as it was."""
    setup.prepare(now=now)
    with Session(engine.get()) as session, session.begin():
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        session.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        put_back = list(_take_off(session))
        loader = PostgresLoader(session)
        yield loader
        for statement in put_back:
            session.execute(text(statement))
        stat_rebuild.count_in(session, loader.uncounted)
    with engine.get().execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text(f"VACUUM ANALYZE {', '.join(TABLES)}, ticket_stat, checkin_stat"))


def _take_off(session: Session) -> Iterator[str]:
    """Drop indexes and keys of the large tables; give what makes them again, foreign keys last."""
    outline = session.execute(text(_OUTLINE), {"tables": list(TABLES)}).all()
    # what others point with at these tables hangs on their keys
    pointing = session.execute(text(_POINTING), {"tables": list(TABLES)}).all()
    indexes = session.execute(text(_INDEXES), {"tables": list(TABLES)}).all()
    for held, name, _told, _sort in [*pointing, *outline]:
        session.execute(text(f'ALTER TABLE {held} DROP CONSTRAINT "{name}"'))
    for name, _told in indexes:
        session.execute(text(f"DROP INDEX {name}"))
    yield from (told for _name, told in indexes)
    for held, name, told, _sort in [*reversed(outline), *pointing]:
        yield f'ALTER TABLE {held} ADD CONSTRAINT "{name}" {told}'


_POINTING = """
SELECT conrelid::regclass::text AS held, conname AS name, pg_get_constraintdef(oid) AS told, contype AS sort
FROM pg_constraint WHERE confrelid::regclass::text = ANY(:tables) AND contype = 'f'
AND NOT conrelid::regclass::text = ANY(:tables)
"""
