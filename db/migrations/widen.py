"""Let a CHECK allow more than before, without writing a table of ten million rows anew."""

import re

from sqlalchemy import Connection, text


def widen(connection: Connection, table: str, name: str, condition: str) -> None:
    """Put `condition` in the place of the table's CHECK of this name; the rows are not looked at.

    SQLite can't drop a constraint. What its manual offers for changes that touch no row is to write the
    table's declaration itself (https://sqlite.org/lang_altertable.html#otheralter); indexes and triggers stay.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})"))
        return
    select = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
    declared = connection.execute(select, {"table": table}).scalar_one()
    # an IN list holds no bracket of its own
    changed, count = re.subn(rf"(CONSTRAINT {name} CHECK )\([^()]*\([^()]*\)\)", rf"\1({condition})", declared)
    if count != 1:
        raise RuntimeError(f"no constraint {name} in {table}")
    version = connection.execute(text("PRAGMA schema_version")).scalar_one()
    connection.execute(text("PRAGMA writable_schema = ON"))
    update = text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :table")
    connection.execute(update, {"sql": changed, "table": table})
    connection.execute(text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(text("PRAGMA writable_schema = OFF"))
