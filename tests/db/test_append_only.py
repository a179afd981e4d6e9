"""Rows that tell what happened are never changed or removed: the database itself refuses."""

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

import db
import db.engine
from db import award_rules, people, schema
from db.models import OutboxAttemptRow, OutboxRow, append_only
from db.models.append_only import APPEND_ONLY
from db.writes import audit
from domain.awards import DEFAULT_RULES
from domain.care import Look
from domain.clock import local_date
from domain.ids import new_id, new_key
from domain.people import Purpose
from domain.points import RecordKind
from tests.builders import NOW, World, report
from tests.db.caring import TOMORROW, at, elder, look, made_day
from tests.db.checks import dump, row_of
from tests.db.earning import confirmed

TRIGGERS = [f"{table}_no_{event}" for table in APPEND_ONLY for event in ("update", "delete")]
COLUMN = {
    "ticket_event": "round_no",
    "reveal": "purpose",
    "audit_event": "detail",
    "ledger_txn": "seq",
    "ledger_transfer": "amount",
    "award_rule": "per_hour",
    "observation": "look",
    "incident_event": "seq",
    "incident_step": "who",
    "outbox_attempt": "code",
}


@pytest.fixture
def filled(any_world: World) -> World:
    """Put a row into each of the append-only tables."""
    ticket = report(any_world, reporter_name="张三")
    person = row_of(ticket.id).reporter_id
    assert person
    call = {"purpose": Purpose.CONTACT, "ticket_id": ticket.id, "key": new_key(), "now": NOW}
    db.run(people.reveal, actor=any_world.coordinator, person_id=person, **call)  # type: ignore[arg-type]
    db.run(audit, "test", actor_id=None, now=NOW)
    confirmed(any_world, person)
    rule = {"rule": DEFAULT_RULES[RecordKind.SERVICE], "valid_from": local_date(NOW), "key": new_key(), "now": NOW}
    db.run(award_rules.change, actor=any_world.secretary, community_id=any_world.community, **rule)  # type: ignore[arg-type]
    _alarm(any_world)
    return any_world


def _alarm(world: World) -> None:
    """Let an elder be seen with the curtain closed, and a message about it be tried."""
    one = elder(world)
    made_day()
    look(world.volunteer, one.id, Look.CLOSED, at(TOMORROW, 8))
    tried = {"id": new_id(), "at": NOW, "ok": False, "code": "500", "millis": 7}
    message = select(OutboxRow.id).limit(1)
    db.run(lambda tx: tx.execute(insert(OutboxAttemptRow).values(**tried, message_id=tx.scalars(message).one())))


def execute(statement: str) -> None:
    with db.engine.get().begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_row_that_tells_what_happened_is_not_changed(filled: World, table: str) -> None:
    before = dump()
    assert before[table]

    for statement in (f"UPDATE {table} SET {COLUMN[table]} = {COLUMN[table]}", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match=f"{table} is append-only"):
            execute(statement)

    assert dump() == before


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_dropped_trigger_is_named(any_world: World, trigger: str) -> None:
    engine = db.engine.get()
    on_table = f" ON {trigger.rpartition('_no_')[0]}" if engine.dialect.name == "postgresql" else ""

    execute(f"DROP TRIGGER {trigger}{on_table}")

    with engine.connect() as connection:
        assert schema.missing_triggers(connection) == [trigger]


def test_the_triggers_can_be_put_back(any_world: World) -> None:
    with db.engine.get().begin() as connection:
        append_only.create(connection)
        assert append_only.missing(connection) == []


def test_every_table_that_tells_what_happened_is_listed(filled: World) -> None:
    assert set(APPEND_ONLY) == set(COLUMN)
    assert [table for table in dump() if table.endswith("_event")] == [t for t in sorted(APPEND_ONLY) if "_event" in t]
