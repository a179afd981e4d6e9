"""Whatever is done in whatever order: no point is lost, doubled or out of nothing."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

import db.engine
from settings import Settings
from tests.builders import World, make_world
from tests.db.ledger_machine import Machine

HEALTH = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def play(make: object, examples: int, steps: int) -> None:
    machine = type("Played", (Machine,), {"make_world": staticmethod(make)})
    asked = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=HEALTH)
    run_state_machine_as_test(machine, settings=asked)


@pytest.fixture
def fresh(made_world: tuple[Path, World], world: World, db_sqlite: Settings) -> object:
    """Put an untouched copy of the cast's file in force, once a story."""

    def again() -> World:
        db.engine.dispose()
        for old in db_sqlite.data_dir.glob("linli.sqlite3*"):
            old.unlink()
        shutil.copy(made_world[0], db_sqlite.real_file)
        return world

    return again


def test_no_sequence_breaks_the_ledger(fresh: object) -> None:
    play(fresh, 3, 15)


@pytest.mark.slow
def test_no_long_sequence_breaks_the_ledger(fresh: object) -> None:
    play(fresh, 15, 60)


@pytest.mark.pg
def test_no_sequence_breaks_the_ledger_on_postgresql(db_postgres: Settings) -> None:
    world = make_world()

    play(lambda: world, 3, 15)  # one database for all: the checks see everything before it too
