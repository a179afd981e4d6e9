"""The large demos, by the same path at a few thousand tickets: whole, true, and never half there."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

import db
import settings
from db import fsck, rules, schema
from db.models import LedgerAccountRow, LedgerTxnRow, TicketEventRow, TicketRecurrenceRow, TicketRow
from demo import casting, starting, town
from demo.plan import PLANS, Plan
from domain.errors import Refused
from domain.points import Account, Posting
from tests.demo.conftest import copy_of

NOW = datetime(2026, 11, 22, 2, 42, 7, tzinfo=UTC)
SMALL = replace(PLANS["demo"], days=800, cast=1500, hours=1500)


def small(size: str) -> Plan:
    return replace(SMALL, brief=size == "large")


def build(size: str) -> None:
    town.build(small(size), size=size, seed=1, now=NOW)


def faults() -> list[str]:
    return db.read(lambda session: list(fsck.problems(session)))


@pytest.fixture
def empty(template: Path, tmp_path: Path) -> settings.Settings:
    """Put a folder in force with a key and nothing else."""
    used = copy_of(template, tmp_path)
    db.engine.dispose()
    used.real_file.unlink()
    return used


def test_the_last_weeks_get_what_the_board_leaves_of_them() -> None:
    calm, busy = (casting.daily(36_000, shown, 1094) for shown in (160, 3600))
    usual, lately = calm[: -casting.PLANNED_DAYS], calm[-casting.PLANNED_DAYS :]

    assert [sum(calm), sum(busy)] == [36_000] * 2
    assert (sum(lately) + 160) / len(lately) == pytest.approx(sum(usual) / len(usual), rel=0.02)
    assert sum(busy[-casting.PLANNED_DAYS :]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("size", ["city", "large"])
def test_a_large_demo_passes_every_check_of_rows_events_and_schema(
    empty: settings.Settings, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(casting, "ALONE", 0)  # cast by another process, as the large ones are
    build(size)

    assert settings.current().is_demo
    assert db.read(rules.get_raw, "demo")["size"] == size
    assert faults() == []  # among them: the roll-ups summed up while casting are what the rows come to
    assert db.read(lambda s: s.scalars(select(TicketRecurrenceRow.of_id)).first())
    assert served() == pytest.approx(SMALL.hours, rel=0.03)
    assert has_expired()
    db.engine.dispose()


def served() -> float:
    """Sum the hours of service that are posted."""
    minutes = select(func.sum(-LedgerAccountRow.balance)).where(LedgerAccountRow.kind == Account.HOURS_WORLD)
    return float(db.read(lambda s: s.scalars(minutes).one())) / 60


def has_expired() -> bool:
    """Tell whether points are old enough here to have reached their last day."""
    expired = select(LedgerTxnRow.id).where(LedgerTxnRow.kind == Posting.EXPIRE)
    return db.read(lambda s: s.scalars(expired).first()) is not None


@pytest.mark.slow
@pytest.mark.pg
def test_postgresql_has_its_keys_indexes_and_triggers_back(db_postgres_once: settings.Settings) -> None:
    build("city")

    assert faults() == []
    assert served() == pytest.approx(SMALL.hours, rel=0.03)
    with db.engine.get().connect() as connection:
        assert schema.differences(connection) == []
    with pytest.raises(Refused, match="已有账号或工单"):
        starting.again(size="city", now=NOW)


@pytest.mark.slow
def test_the_same_seed_casts_the_same_tickets(template: Path, tmp_path: Path) -> None:
    ids = []
    for name in ("one", "two"):
        used = copy_of(template, tmp_path / name)
        db.engine.dispose()
        used.real_file.unlink()
        build("large")
        # the shipped categories have ids of their own in each installation
        ids.append(db.read(lambda s: s.scalars(select(TicketRow.id).order_by(TicketRow.id)).all()))
        db.engine.dispose()

    assert ids[0] == ids[1]
    assert len(ids[0]) == small("large").tickets


def test_a_ticket_that_an_older_system_handed_over_has_three_events(empty: settings.Settings) -> None:
    plan = replace(small("large"), cast=50, shares=(replace(SMALL.shares[0], tickets=98),), grids=(4,))

    town.build(plan, size="large", seed=1, now=NOW)

    closed = select(TicketRow.id).where(TicketRow.reporter_user_id.is_(None), TicketRow.due_at.is_(None))
    per_ticket = select(func.count()).where(TicketEventRow.ticket_id.in_(closed)).group_by(TicketEventRow.ticket_id)
    assert db.read(lambda s: s.scalars(per_ticket).all()) == [3] * 50
    db.engine.dispose()


def test_what_breaks_off_leaves_the_demo_as_it_was_and_the_next_run_starts_anew(
    empty: settings.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    plan = replace(small("large"), cast=20, shares=(replace(SMALL.shares[0], tickets=98),), grids=(4,))
    with pytest.raises(KeyboardInterrupt):
        town.build(plan, size="large", seed=1, now=NOW, progress=break_off)
    assert not empty.demo_file.exists()

    made = town.build(plan, size="large", seed=1, now=NOW)

    assert made.tickets == plan.tickets
    assert [path.name for path in empty.data_dir.glob("*.sqlite3*")] == ["demo.sqlite3"]
    db.engine.dispose()


def test_a_full_disk_is_refused_before_anything_is_written(
    empty: settings.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "BRIEF_BYTES", 10**12)

    with pytest.raises(Refused, match="磁盘空间不够：这个规模约需"):
        starting.again(size="large", now=NOW)

    assert not list(empty.data_dir.glob("*.sqlite3"))


def test_a_large_demo_never_takes_the_place_of_real_data(template: Path, tmp_path: Path) -> None:
    copy_of(template, tmp_path)

    with pytest.raises(Refused, match="已是正式数据"):
        starting.again(size="city", now=NOW)
    db.engine.dispose()
