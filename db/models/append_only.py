"""The tables whose rows are never changed or removed, and the triggers that see to it.

SQLite's batch `alter_column` drops triggers silently: every migration that touches one of these
tables calls `create` again, and the start compares with `missing`.
"""

from sqlalchemy import Connection, inspect, text

APPEND_ONLY = (
    *("ticket_event", "reveal", "audit_event", "ledger_txn", "ledger_transfer", "award_rule"),
    *("observation", "incident_event", "incident_step", "outbox_attempt"),
)
_EVENTS = ("update", "delete")


def create(connection: Connection) -> None:
    """(Re-)create the refusing triggers on the connection's engine; an early migration has not all tables yet."""
    there = set(inspect(connection).get_table_names())
    tables = [table for table in APPEND_ONLY if table in there]
    if connection.dialect.name == "postgresql":
        _create_postgresql(connection, tables)
        return
    for table in tables:
        for event in _EVENTS:
            name = f"{table}_no_{event}"
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            connection.execute(
                text(
                    f"CREATE TRIGGER {name} BEFORE {event.upper()} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            )


def _create_postgresql(connection: Connection, tables: list[str]) -> None:
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION linli_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    )
    for table in tables:
        for event in _EVENTS:
            name = f"{table}_no_{event}"
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {table}"))
            connection.execute(
                text(
                    f"CREATE TRIGGER {name} BEFORE {event.upper()} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION linli_append_only()"
                )
            )


def missing(connection: Connection) -> list[str]:
    """Name the triggers that should be there and are not."""
    if connection.dialect.name == "postgresql":
        found = connection.execute(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
    else:
        found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    there = set(found.scalars())
    wanted = [f"{table}_no_{event}" for table in APPEND_ONLY for event in _EVENTS]
    return [name for name in wanted if name not in there]
