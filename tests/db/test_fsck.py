"""What fsck must name. Each fault is made by raw SQL, past the triggers, as a forger would."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import bindparam, text

import db
import db.engine
from db import fsck, tickets
from db.models import append_only
from db.models.base import Id
from db.writes import canonical
from domain import replay
from domain.tickets import Result
from settings import Settings
from tests.builders import World, assigned, report, step


def found() -> list[str]:
    return db.read(lambda session: list(fsck.problems(session)))


def closed(world: World) -> UUID:
    ticket = assigned(world)
    ticket = step(tickets.resolve, ticket, world.coordinator, result=Result.SOLVED, note="灯已换")
    return ticket.id


def by_hand(sql: str, *, without: str = "ticket_event_no_update", ticket_id: UUID | None = None) -> None:
    """Write past the trigger, and put the trigger back so that only the write shows."""
    with db.engine.get().connect() as connection:
        on = " ON ticket_event" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER {without}{on}"))
        statement = text(sql)
        if ticket_id:
            statement = statement.bindparams(bindparam("id", ticket_id, type_=Id()))
        assert connection.execute(statement).rowcount > 0
        append_only.create(connection)
        connection.commit()


def test_a_database_in_use_has_nothing_wrong(any_world: World) -> None:
    closed(any_world)
    report(any_world)

    assert found() == []


def test_an_empty_installation_has_nothing_wrong(any_db: Settings) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("UPDATE ticket_event SET actor_id = NULL WHERE ticket_id = :id AND seq = 2", "第 2 条记录的内容与校验值不符"),
        ("UPDATE ticket_event SET prev_hash = 'x' WHERE ticket_id = :id AND seq = 3", "第 3 条记录与上一条不相连"),
        ("UPDATE ticket_event SET seq = 9 WHERE ticket_id = :id AND seq = 5", "第 5 条记录的序号是 9"),
        ("UPDATE ticket SET version = 7 WHERE id = :id", "应有 7 条记录，实有"),
        ("UPDATE ticket SET event_hash = 'x' WHERE id = :id", "记下的校验值与最后一条记录不符"),
        ("UPDATE ticket SET grade = 'urgent' WHERE id = :id", "的 grade 是 urgent，按记录应为 normal"),
        ("UPDATE ticket SET due_at = NULL WHERE id = :id", "的 due_at 是 None，按记录应为 "),
        ("UPDATE ticket SET number = 8 WHERE id = :id", "编号计数是 1，已有工单 E0008"),
        ("DELETE FROM ticket_note WHERE ticket_id = :id", None),
    ],
    ids=["actor", "link", "order", "version", "head", "grade", "due", "number", "erased-text-is-fine"],
)
def test_what_was_changed_behind_the_programs_back_is_named(any_world: World, sql: str, named: str | None) -> None:
    by_hand(sql, ticket_id=closed(any_world))

    assert any(named in line for line in found()) if named else found() == []


def test_a_removed_event_is_named_as_a_gap(any_world: World) -> None:
    by_hand(
        "DELETE FROM ticket_event WHERE ticket_id = :id AND seq = 2",
        without="ticket_event_no_delete",
        ticket_id=closed(any_world),
    )

    assert any("第 2 条记录的序号是 3" in line for line in found())


def test_an_event_rewritten_with_its_hash_still_shows_in_the_next_one(any_world: World) -> None:
    ticket_id = closed(any_world)
    with db.engine.get().connect() as connection:
        query = text("SELECT * FROM ticket_event WHERE ticket_id = :id AND seq = 2")
        row: Any = connection.execute(query.bindparams(bindparam("id", ticket_id, type_=Id()))).one()
    forged = replay.chain(row.prev_hash, canonical({"anything": "else"}))
    by_hand(f"UPDATE ticket_event SET hash = '{forged}' WHERE ticket_id = :id AND seq = 2", ticket_id=ticket_id)

    assert any("第 3 条记录与上一条不相连" in line for line in found())


def test_a_missing_trigger_is_named(any_world: World) -> None:
    with db.engine.get().begin() as connection:
        on = " ON ticket_event" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER ticket_event_no_delete{on}"))

    assert found() == ["缺少防改动的触发器 ticket_event_no_delete"]


def test_a_column_nobody_knows_is_named(any_world: World) -> None:
    with db.engine.get().begin() as connection:
        connection.execute(text("ALTER TABLE ticket ADD COLUMN colour VARCHAR(9)"))

    assert found() == ["数据库结构与程序不一致：remove_column ticket colour"]


def test_a_note_without_its_event_is_named(any_world: World) -> None:
    by_hand("UPDATE ticket_note SET event_id = ticket_id WHERE ticket_id = :id", ticket_id=closed(any_world))

    assert any("有备注没有对应的记录" in line for line in found())


def test_an_unreadable_ticket_is_named_and_the_others_are_still_checked(world: World) -> None:
    by_hand("UPDATE ticket_event SET changes = '[' WHERE ticket_id = :id AND seq = 1", ticket_id=report(world).id)
    by_hand("UPDATE ticket SET version = 7 WHERE id = :id", ticket_id=report(world).id)

    lines = found()

    assert len(lines) == 2
    assert "内容无法读出" in lines[0]
    assert "应有 7 条记录" in lines[1]


def test_a_row_that_points_nowhere_is_named(world: World) -> None:
    report(world)
    raw = db.engine.get().raw_connection()
    raw.cursor().execute("PRAGMA foreign_keys=OFF")
    raw.cursor().execute("UPDATE ticket SET category_id = x'00'")
    raw.cursor().execute("PRAGMA foreign_keys=ON")
    raw.close()

    assert any("指向 category 中不存在的记录" in line for line in found())


def test_one_ticket_can_be_checked_alone(any_world: World) -> None:
    good, bad = report(any_world).id, report(any_world).id
    by_hand("UPDATE ticket SET version = 7 WHERE id = :id", ticket_id=bad)

    assert db.read(fsck.ticket_problems, good) == []
    assert db.read(fsck.ticket_problems, bad) == ["桂花社区 E0002 应有 7 条记录，实有 1 条"]


def test_more_tickets_than_a_batch_are_all_checked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fsck, "BATCH", 2)
    ids = [report(world).id for _ in range(5)]
    by_hand("UPDATE ticket SET version = 7 WHERE id = :id", ticket_id=ids[-1])

    assert found() == ["桂花社区 E0005 应有 7 条记录，实有 1 条"]
