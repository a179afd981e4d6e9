"""The schema: upgrade, what it is, and whether it and the models say the same."""

import threading
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from db.models import Base, append_only
from domain.errors import Refused

# Alembic's own table, made early: the lock that lets one process migrate
_VERSION_TABLE = (
    "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
# and a thread: Alembic's context is one a process, so two would migrate into each other's database
_ALONE = threading.Lock()
_FOLDER = Path(__file__).parent / "migrations"


def config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(_FOLDER))
    made.set_main_option("path_separator", "os")
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def head() -> str:
    return ScriptDirectory.from_config(config()).get_current_head() or ""


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def is_empty(connection: Connection) -> bool:
    return not inspect(connection).get_table_names()


def is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        return revision(connection) == head()


def known() -> set[str]:
    """List the revisions that this program knows: its own and the older ones."""
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def refuse_newer(connection: Connection) -> None:
    """Refuse a database that a newer program has made."""
    found = revision(connection)
    if found and found not in known():
        raise Refused("数据库由更新版本的程序建立，请先升级程序再启动，数据没有改动。")


def upgrade(engine: Engine) -> None:
    """Bring the database to this program's schema, alone: others wait for the lock or the lease."""
    with _ALONE, engine.execution_options(begin_mode="IMMEDIATE").begin() as connection:
        if engine.dialect.name == "postgresql":
            # of large tables an index takes minutes, and as long waits who comes second
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(_VERSION_TABLE))
            connection.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))
        refuse_newer(connection)
        command.upgrade(config(connection), "head")


def differences(connection: Connection) -> list[Any]:
    """List what the models have and the schema has not, or the other way round (alembic check)."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found: list[Any] = compare_metadata(context, Base.metadata)
    return found


def missing_triggers(connection: Connection) -> list[str]:
    return append_only.missing(connection)
