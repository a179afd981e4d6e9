"""The engine of this process, and the two ways to use it: `run` a command, `read` a query."""

import random
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session

import settings
from db.turns import Turns
from domain.errors import Busy, Changed, Invalid

P = ParamSpec("P")
T = TypeVar("T")

RETRIES = 30
RETRY_SECONDS = 5.0
WAIT_SECONDS = 10.0  # for who writes at this moment
_WAIT = f"PRAGMA busy_timeout={1000 * WAIT_SECONDS:.0f}"
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # WAL with NORMAL may lose the last commits on power loss
    "PRAGMA foreign_keys=ON",  # SQLite forgets it on each connection
    _WAIT,
)
# A server that went away without a word is noticed within seconds: whoever waits for it watches over people.
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # ms; sent and not acknowledged
    "options": "-c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000",
}
# The server, the line or the disk is away, or a standby is not yet the server: it may come back as it was.
OUTAGE = (OperationalError, InterfaceError, InternalError, NoConnection)
# Two at once with one key or one number: the loser runs again and meets the winner's row.
_RACED = (
    "command_key|counter|change_stamp|ticket|known_device|login_throttle|job_day|category|party|app_setting|draft"
    "|import_mapping|import_change|ledger_account|ledger_head|ledger_txn|points_stat|service_record|redemption"
    "|award_rule|outbox_message|worker_lease|incident|incident_event|incident_step"
    "|elder|care_slot|care_duty|care_handover|check_window|observation"
)
_RACES = re.compile(rf"UNIQUE constraint failed: ({_RACED})\.|^(pk|uq)_({_RACED})")

_made: dict[str, Engine] = {}
_turns: dict[str, Turns] = {}
_elsewhere: ContextVar[str | None] = ContextVar("_elsewhere", default=None)


def make(url: str, *, serializable: bool = False) -> Engine:
    """Make an engine with the product's settings; `get` is the one in use."""
    if url.startswith("sqlite"):
        engine = create_engine(url, pool_size=20, max_overflow=20, hide_parameters=True)
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        return engine
    level = "SERIALIZABLE" if serializable else "READ COMMITTED"
    return create_engine(
        url,
        isolation_level=level,
        pool_size=20,
        max_overflow=20,
        pool_pre_ping=True,
        hide_parameters=True,  # an error would quote the names and texts it was given
        pool_recycle=1800,
        connect_args=_PATIENCE,
    )


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: pysqlite's own is deferred
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _on_begin(connection: Connection) -> None:
    # a deferred transaction can't be upgraded once others have written: "database is locked" at once
    mode = connection.get_execution_options().get("begin_mode", "DEFERRED")
    if mode != "IMMEDIATE":
        connection.exec_driver_sql(f"BEGIN {mode}")
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout=0")
    try:
        if not _begins_in_time(driver):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # once more, for an error that is SQLAlchemy's
    finally:
        driver.execute(_WAIT)


def _begins_in_time(driver: Any) -> bool:
    """Begin to write as soon as the other process lets go, asked again every millisecond or two.

    SQLite's own waiting asks every 100 ms in the end: beside a busy writer it finds the door shut for seconds.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
            return True
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                return False
        time.sleep(random.uniform(0.0005, 0.003))


def get() -> Engine:
    """Give the engine of the database in use, which `settings` names unless `using` does."""
    held = settings.current()
    url = _elsewhere.get() or held.url
    # setdefault: of two threads here at once, both get the same one; a third may dispose meanwhile
    return _made.get(url) or _made.setdefault(url, make(url, serializable=held.serializable))


@contextmanager
def using(file: Path) -> Iterator[None]:
    """Let whatever runs in this context, and nothing else, read and write this SQLite file."""
    url = f"sqlite:///{file}"
    before = _elsewhere.set(url)
    try:
        yield
    finally:
        _elsewhere.reset(before)
        if made := _made.pop(url, None):
            made.dispose()
        _turns.pop(str(file), None)


def dispose() -> None:
    """Close every connection: before a file is replaced, and between tests."""
    while _made:
        with suppress(KeyError):  # another thread may be at it, or be making the next one
            _made.popitem()[1].dispose()


def run(command: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a command in one write transaction, again as a whole when the database asks for it."""
    return run_on(get(), command, *args, **kwargs)


def run_on(used: Engine, command: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it so on a database that need not be the one in use."""
    engine = used.execution_options(begin_mode="IMMEDIATE")
    deadline = time.monotonic() + RETRY_SECONDS
    for attempt in range(RETRIES):
        try:
            # a sessionmaker makes a class each time
            with _turn(engine), Session(engine, expire_on_commit=False) as tx, tx.begin():
                return command(tx, *args, **kwargs)
        except DBAPIError as error:
            if not may_retry(error):
                _say_unfit(error)
                raise
            if time.monotonic() > deadline:
                break
            time.sleep(random.uniform(0, 0.01 * (attempt + 1)))
    raise Busy()


def _turn(engine: Engine) -> AbstractContextManager[None]:
    """Wait in line to write to a file; a server has its own lines, a row each."""
    if engine.dialect.name != "sqlite":
        return nullcontext()
    file = engine.url.database or ""
    return _turns.setdefault(file, Turns()).turn(WAIT_SECONDS)


def read(query: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a query in a read transaction of its own, all of whose statements see one moment."""
    engine = get()
    if engine.dialect.name == "postgresql":
        # a board's counts and cards agree; and unlike SERIALIZABLE, a reader never has to try again
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session, session.begin():
        return query(session, *args, **kwargs)


def may_retry(error: DBAPIError) -> bool:
    """Tell whether the whole command may succeed if it is run again."""
    message = str(error.orig)
    if isinstance(error, IntegrityError):
        # PostgreSQL's message is in the server's language; its diagnostics are not
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        return bool(_RACES.search(name or message))
    state = getattr(error.orig, "sqlstate", None)
    return state in ("40001", "40P01") or "database is locked" in message or "restart transaction" in message


def _say_unfit(error: DBAPIError) -> None:
    """Refuse text that PostgreSQL takes nowhere: longer than its column, or with a NUL in it."""
    if getattr(error.orig, "sqlstate", None) == "22001":
        raise Invalid("有一项文字太长，请精简后重试。") from error
    if "NUL (0x00)" in str(error.orig):
        raise Invalid("文字中有看不见的字符，请重新输入后重试。") from error


def one_row(result: Any, else_raise: Exception | None = None) -> None:
    """Hold a conditional UPDATE to exactly one row; otherwise somebody else was first."""
    if result.rowcount != 1:
        raise else_raise or Changed("这条记录刚被别人改过，请刷新后再看。")


def ping(session: Session) -> bool:
    return bool(session.execute(text("SELECT 1")).scalar_one())
