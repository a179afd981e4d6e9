"""The schema: made from nothing, the same as the models', and never a newer program's."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

import db.engine
from db import schema, setup
from db.models import Base
from domain.errors import Refused
from settings import Settings
from tests.builders import NOW


def test_an_empty_database_comes_to_what_the_models_say(any_db: Settings) -> None:
    with db.engine.get().connect() as connection:
        assert schema.differences(connection) == []
        assert schema.missing_triggers(connection) == []
        assert schema.revision(connection) == schema.head()


def test_a_difference_between_schema_and_models_is_noticed(any_db: Settings) -> None:
    with db.engine.get().begin() as connection:
        connection.execute(text("ALTER TABLE counter ADD COLUMN extra INTEGER"))
        connection.execute(text("DROP INDEX ix_ticket_open"))

    with db.engine.get().connect() as connection:
        assert len(schema.differences(connection)) == 2


def checks(url: str) -> dict[str, set[tuple[str, str]]]:
    """List every table's CHECKs by name and text: what Alembic's comparison does not look at."""
    engine = db.engine.make(url)
    with engine.connect() as connection:
        look = inspect(connection)
        tables = set(look.get_table_names()) - {"alembic_version"}
        found = {t: {(str(c["name"]), c["sqltext"]) for c in look.get_check_constraints(t)} for t in tables}
    engine.dispose()  # only now: what is in use when an engine is disposed of goes back to nobody
    return found


def test_a_step_added_to_the_code_is_in_the_migrated_checks_too(db_sqlite: Settings, tmp_path: Path) -> None:
    fresh = f"sqlite:///{tmp_path / 'models.sqlite3'}"
    engine = db.engine.make(fresh)
    Base.metadata.create_all(engine)
    engine.dispose()

    assert checks(db_sqlite.url) == checks(fresh)


def test_an_upgrade_of_what_is_current_changes_nothing(any_db: Settings) -> None:
    schema.upgrade(db.engine.get())

    assert schema.is_current(db.engine.get())


@pytest.mark.pg
def test_an_upgrade_may_take_longer_than_a_page_waits_for_a_statement(
    db_postgres_once: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def upgraded(held: Config, _to: str) -> None:
        told.append(held.attributes["connection"].scalar(text("SHOW statement_timeout")))

    monkeypatch.setattr(command, "upgrade", upgraded)
    schema.upgrade(db.engine.get())

    assert told == ["0"]


def test_a_newer_programs_database_is_refused(any_db: Settings) -> None:
    with db.engine.get().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Refused, match="请先升级程序"):
        schema.upgrade(db.engine.get())

    assert not schema.is_current(db.engine.get())


def test_a_migration_can_be_taken_back_and_made_again(any_db: Settings) -> None:
    engine = db.engine.get()
    with engine.execution_options(begin_mode="IMMEDIATE").begin() as connection:
        command.downgrade(schema.config(connection), "base")
    with engine.connect() as connection:
        assert schema.revision(connection) is None

    schema.upgrade(engine)

    with engine.connect() as connection:
        assert schema.differences(connection) == []
        assert schema.missing_triggers(connection) == []


def test_a_start_without_the_triggers_is_refused(any_db: Settings) -> None:
    on_table = " ON ticket_event" if not any_db.is_sqlite else ""
    with db.engine.get().begin() as connection:
        connection.execute(text(f"DROP TRIGGER ticket_event_no_update{on_table}"))

    with pytest.raises(Refused, match="ticket_event_no_update"):
        setup.prepare(now=NOW)


def test_a_file_that_cannot_be_made_ready_is_let_go_of(
    db_sqlite: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = db.engine.make(f"sqlite:///{tmp_path / 'newer.sqlite3'}")
    with newer.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version AS SELECT 'of tomorrow' AS version_num"))
    monkeypatch.setattr(db.engine, "make", lambda _: newer)

    with pytest.raises(Refused, match="先升级程序"):
        setup.prepare(now=NOW, url=str(newer.url))

    assert newer.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_making_ready_twice_changes_nothing(any_db: Settings) -> None:
    setup.prepare(now=NOW)
    with db.engine.get().connect() as connection:
        count = connection.execute(text("SELECT count(*) FROM category")).scalar_one()

    setup.prepare(now=NOW)

    with db.engine.get().connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM category")).scalar_one() == count


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: table.name)
def test_what_is_community_wide_is_indexed_by_its_community_first(table: object) -> None:
    columns = {c.name for c in table.columns}  # type: ignore[attr-defined]
    indexed = [i.columns[0].name for i in table.indexes]  # type: ignore[attr-defined]
    keys = [c.name for c in table.primary_key.columns]  # type: ignore[attr-defined]

    if "community_id" in columns and table.name not in ("area",):  # type: ignore[attr-defined]
        assert "community_id" in [*indexed, *keys]
