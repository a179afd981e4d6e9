"""Anchors: files that only grow, and what they tell of a ledger that was cut short or written anew."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

import db
import db.engine
from db import anchors, fsck, ledger
from domain.clock import local_date
from tests.builders import NOW, World
from tests.db.earning import give, person

DAY = timedelta(days=1)


def found() -> list[str]:
    return db.read(lambda session: list(anchors.problems(session)))


def keep(world: World, *, days: int = 0) -> None:
    anchors.write(db.read(ledger.heads), now=NOW + days * DAY)


def forge(*statements: str) -> None:
    """Write past the triggers, as somebody with the file in their hands would."""
    with db.engine.get().begin() as connection:
        for table in ("ledger_txn", "ledger_transfer"):
            for event in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER {table}_no_{event}"))
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        for statement in statements:
            connection.execute(text(statement))


def test_each_day_has_a_file_with_a_line_for_each_community(world: World) -> None:
    give(world, person(world), 2)

    keep(world)
    keep(world, days=1)

    names = sorted(file.name for file in anchors.folder().iterdir())
    assert names == [f"{local_date(NOW + n * DAY)}.jsonl" for n in (0, 1)]
    (line,) = (anchors.folder() / names[0]).read_text().splitlines()
    seq, digest = db.read(ledger.heads)[world.community]
    assert json.loads(line) == {"at": NOW.isoformat(), "community": world.community.hex, "seq": seq, "hash": digest}


def test_a_second_time_on_one_day_adds_and_takes_nothing_away(world: World) -> None:
    give(world, person(world), 1)
    keep(world)
    file = anchors.folder() / f"{local_date(NOW)}.jsonl"
    before = file.read_text()

    keep(world)

    assert file.read_text().startswith(before)
    assert len(file.read_text().splitlines()) == 2


def test_a_ledger_that_only_grew_fits_its_anchors(world: World) -> None:
    give(world, person(world), 1)
    keep(world)
    give(world, person(world), 2)

    assert found() == []


def test_an_end_cut_off_is_named_though_the_chain_itself_is_whole(world: World) -> None:
    give(world, person(world), 1)
    give(world, person(world), 1)
    keep(world)

    forge(
        "DELETE FROM ledger_transfer WHERE seq = 2",
        "UPDATE service_record SET txn_id = NULL WHERE txn_id IN (SELECT id FROM ledger_txn WHERE seq = 2)",
        "DELETE FROM point_lot WHERE earned_txn IN (SELECT id FROM ledger_txn WHERE seq = 2)",
        "DELETE FROM ledger_txn WHERE seq = 2",
    )

    assert found() == [f"桂花社区积分账缺了留存过的第 2 笔：末尾的记录被删除（{local_date(NOW)}.jsonl）"]


def test_a_chain_written_anew_is_named(world: World) -> None:
    give(world, person(world), 1)
    keep(world)

    forge("UPDATE ledger_txn SET hash = 'f'", "UPDATE ledger_head SET hash = 'f'")

    assert found() == [f"桂花社区积分账第 1 笔与留存的校验值不符（{local_date(NOW)}.jsonl）"]
    assert found()[0] in db.read(lambda session: list(fsck.everything(session)))


def test_the_newest_anchor_counts_and_a_copy_is_held_to_every_line(world: World) -> None:
    give(world, person(world), 1)
    keep(world)
    forge("UPDATE ledger_txn SET hash = 'f'", "UPDATE ledger_head SET hash = 'f'")
    keep(world, days=1)

    assert found() == []
    assert len(db.read(lambda session: list(anchors.problems(session, anchors.folder())))) == 1
    copy = anchors.folder() / f"{local_date(NOW)}.jsonl"
    assert len(db.read(lambda session: list(anchors.problems(session, copy)))) == 1


@pytest.mark.parametrize("line", ["{", "[]", '{"community": "x", "seq": 1, "hash": ""}', '{"seq": 1}', "\xff"])
def test_a_line_that_says_nothing_is_named(world: World, line: str) -> None:
    give(world, person(world), 1)
    anchors.folder().mkdir()
    (anchors.folder() / "2026-11-20.jsonl").write_text(line, encoding="latin-1")

    assert found() == ["留存的校验值 2026-11-20.jsonl 第 1 行无法读出"]


def test_anchors_of_a_database_that_was_here_before_are_passed_over(world: World) -> None:
    anchors.write({person(world): (5, "f" * 64)}, now=NOW)

    assert found() == []


def test_a_database_without_its_ledger_is_named_not_broken_off(world: World) -> None:
    keep(world)
    with db.engine.get().begin() as connection:
        connection.execute(text("DROP TABLE ledger_head"))

    assert any("ledger_head" in line for line in db.read(lambda session: list(fsck.everything(session))))
