"""The engine: its settings, running again when the database asks for it, and giving up politely."""

import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

import db
import db.engine
from db import rules
from db.models import CounterRow, DayRow, SettingRow
from domain.errors import Busy, Changed, Invalid
from settings import Settings
from tests.builders import NOW, World
from tests.db.acting import at_once


@pytest.fixture
def quick_disk() -> None:
    """Take the product's own settings, in place of those of the other tests."""


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10000)],
)
def test_each_sqlite_connection_is_safe(db_sqlite: Settings, pragma: str, value: object) -> None:
    with db.engine.get().connect() as one, db.engine.get().connect() as two:
        found = [c.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() for c in (one, two)]

    assert found == [value, value]


@pytest.mark.pg
@pytest.mark.parametrize("read", [False, True])
def test_postgresql_isolates_as_set(db_postgres: Settings, read: bool) -> None:
    level = (db.read if read else db.run)(lambda tx: tx.execute(text("SHOW transaction_isolation")).scalar_one())

    wanted = "serializable" if db_postgres.serializable else "read committed"
    assert level == ("repeatable read" if read else wanted)


@pytest.mark.pg
@pytest.mark.usefixtures("db_postgres")
def test_a_postgresql_that_went_away_without_a_word_holds_nobody_for_minutes() -> None:
    with db.engine.get().connect() as one:
        held = one.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]

    assert 0 < int(held["connect_timeout"]) <= 10
    silent = int(held["keepalives_idle"]) + int(held["keepalives_interval"]) * int(held["keepalives_count"])
    assert held.get("keepalives", "1") == "1"  # its default is left out
    assert silent <= 30
    assert 0 < int(held["tcp_user_timeout"]) <= 30_000


@pytest.mark.pg
@pytest.mark.usefixtures("db_postgres_once")
def test_a_connection_that_the_server_ends_is_an_outage() -> None:
    with pytest.raises(db.engine.OUTAGE):
        db.read(lambda session: session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())")))


def test_who_waited_his_time_for_a_writer_waits_no_second_time(
    db_sqlite: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db.engine, "WAIT_SECONDS", 0.05)  # SQLite's own ten seconds stay
    monkeypatch.setattr(db.engine, "RETRY_SECONDS", 0.0)
    writer = sqlite3.connect(db_sqlite.real_file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    before = time.monotonic()

    with pytest.raises(Busy):
        db.run(lambda tx: tx.execute(text("SELECT 1")))

    assert time.monotonic() - before < 5
    writer.close()


@pytest.mark.parametrize(
    "moment",
    [
        NOW,
        NOW.replace(microsecond=123456),
        datetime(2026, 11, 20, 10, tzinfo=timezone(timedelta(hours=8))),
        datetime(1970, 1, 1, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_as_it_was_in_utc(any_db: Settings, moment: datetime) -> None:
    db.run(lambda tx: tx.add(DayRow(job="x", day=NOW.date(), at=moment)))

    found = db.read(lambda session: session.scalars(select(DayRow.at)).one())

    assert found == moment
    assert found.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(any_db: Settings) -> None:
    naive = NOW.replace(tzinfo=None)

    with pytest.raises(StatementError, match="give it a zone"):
        db.run(lambda tx: tx.execute(insert(DayRow).values(job="x", day=NOW.date(), at=naive)))


def add_one(tx: Session, community: Any) -> None:
    """Read, then write what was read and one more: lost updates would show."""
    row = tx.get_one(CounterRow, (community, "test"))
    done = tx.execute(
        update(CounterRow)
        .where(CounterRow.community_id == community, CounterRow.name == "test", CounterRow.value == row.value)
        .values(value=row.value + 1)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Changed("again")


@pytest.mark.parametrize("times", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_twelve_threads_read_and_write_without_a_failure(world: World, times: int) -> None:
    db.run(lambda tx: tx.add(CounterRow(community_id=world.community, name="test", value=0)))

    def several() -> str:
        for _ in range(times):
            db.run(add_one, world.community)
        return "done"

    assert at_once(*[several] * 12) == ["done"] * 12
    assert db.read(lambda s: s.get_one(CounterRow, (world.community, "test")).value) == 12 * times


@pytest.mark.pg
def test_serializable_losers_run_again_until_all_are_counted(db_postgres: Settings) -> None:
    community = db.read(lambda s: s.execute(text("SELECT id FROM area WHERE level = 'community'")).scalar_one())
    db.run(lambda tx: tx.add(CounterRow(community_id=community, name="test", value=0)))

    def five() -> str:
        for _ in range(5):
            db.run(lambda tx: tx.execute(_count_up(community)))
        return "done"

    assert at_once(*[five] * 6) == ["done"] * 6
    assert db.read(lambda s: s.get_one(CounterRow, (community, "test")).value) == 30


def _count_up(community: Any) -> Any:
    mine = (CounterRow.community_id == community, CounterRow.name == "test")
    return update(CounterRow).where(*mine).values(value=CounterRow.value + 1)


def test_a_locked_database_is_tried_again(db_sqlite: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def locked_at_first(tx: Session) -> int:
        tried.append(1)
        if len(tried) < 4:
            raise DBAPIError("", {}, sqlite3.OperationalError("database is locked"))
        return len(tried)

    assert db.run(locked_at_first) == 4


def test_a_database_locked_for_long_is_busy(db_sqlite: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = tuple(p.replace("10000", "20") for p in db.engine._PRAGMAS)
    monkeypatch.setattr(db.engine, "_PRAGMAS", quick)
    monkeypatch.setattr(db.engine, "RETRY_SECONDS", 0.1)
    db.engine.dispose()
    held, done = threading.Event(), threading.Event()

    def hold(tx: Session) -> None:
        rules.get(tx, "organisation")  # a transaction begins with its first statement
        held.set()
        done.wait(30)

    holder = threading.Thread(target=db.run, args=(hold,))
    holder.start()
    held.wait(30)
    try:
        with pytest.raises(Busy, match="请稍后重试"):
            db.run(rules.put, "organisation", "x")
    finally:
        done.set()
        holder.join()


def test_what_would_fail_again_is_not_tried_again(any_db: Settings) -> None:
    tried: list[int] = []

    def broken(tx: Session) -> None:
        tried.append(1)
        tx.execute(text("SELECT * FROM nowhere"))

    with pytest.raises(DBAPIError):
        db.run(broken)

    assert len(tried) == 1


def test_a_failed_command_leaves_nothing(any_db: Settings) -> None:
    def half(tx: Session) -> None:
        rules.put(tx, "organisation", "半个")
        raise Changed("第二步不行")

    with pytest.raises(Changed):
        db.run(half)

    assert db.read(rules.get, "organisation") == ""


def test_two_who_set_a_rule_for_the_first_time_both_succeed(any_db: Settings) -> None:
    def put(value: str) -> str:
        db.run(rules.put, "organisation", value)
        return "done"

    assert at_once(lambda: put("甲"), lambda: put("乙")) == ["done", "done"]
    assert db.read(rules.get, "organisation") in ("甲", "乙")


@pytest.mark.pg
@pytest.mark.parametrize(
    ("value", "sentence"), [("长" * 61, "太长"), ("看\x00不见", "看不见的字符")], ids=["too long", "NUL"]
)
def test_text_that_no_column_takes_is_refused_with_a_sentence(
    db_postgres_once: Settings, value: str, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        db.run(lambda tx: tx.execute(text("UPDATE area SET name = :name"), {"name": value}))


def test_a_fault_of_ours_is_not_taken_for_what_somebody_typed(any_db: Settings) -> None:
    with pytest.raises(IntegrityError):
        db.run(lambda tx: tx.execute(text("UPDATE area SET name = NULL")))


class Diagnosed(Exception):
    """A refusal as PostgreSQL's driver reports it, in the server's own language."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"错误:  重复键违反唯一约束 {constraint}")
        self.diag = type("Diag", (), {"constraint_name": constraint})
        self.sqlstate = "23505"


@pytest.mark.parametrize(
    ("constraint", "again"),
    [("pk_command_key", True), ("uq_ticket_community_id_number", True), ("pk_counter", True), ("uq_area_path", False)],
)
def test_a_race_is_known_in_whatever_language_the_server_speaks(constraint: str, again: bool) -> None:
    assert db.engine.may_retry(IntegrityError("", {}, Diagnosed(constraint))) is again


@pytest.mark.parametrize(
    ("message", "again"),
    [
        ("UNIQUE constraint failed: command_key.key", True),
        ("UNIQUE constraint failed: ticket.community_id, ticket.number", True),
        ("UNIQUE constraint failed: app_user.login", False),
        ("FOREIGN KEY constraint failed", False),
        ("CHECK constraint failed: ck_ticket_work_has_handler", False),
    ],
)
def test_a_race_is_known_on_sqlite(message: str, again: bool) -> None:
    assert db.engine.may_retry(IntegrityError("", {}, sqlite3.IntegrityError(message))) is again


def test_an_error_does_not_quote_what_it_was_given(any_db: Settings) -> None:
    with pytest.raises(DBAPIError) as caught:
        db.run(lambda tx: tx.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "张三丰"}))

    assert "张三丰" not in str(caught.value)


def test_threads_that_come_first_share_one_engine(db_sqlite: Settings) -> None:
    db.engine.dispose()

    engines = at_once(*[db.engine.get] * 8)

    assert len({id(engine) for engine in engines}) == 1


def test_a_setting_is_one_row(any_db: Settings) -> None:
    db.run(rules.put, "organisation", "甲")
    db.run(rules.put, "organisation", "乙")

    assert db.read(lambda s: s.get_one(SettingRow, "organisation").value) == "乙"
