"""Writers are killed without warning: what was answered is there, once, and the chain is whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

import db
import db.engine
from settings import Settings
from tests.builders import World, make_world
from tests.db import kill_harness
from tests.db.earning import give, item, person

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need fork, which Windows has not")


def run(folder: Path, world: World, rounds: int, url: str = "") -> subprocess.CompletedProcess[str]:
    """Give four people points and goods, and let the harness loose on the folder."""
    people = [person(world, f"居民{n}") for n in range(kill_harness.WRITERS)]
    for who in people:
        give(world, who)
    kill_harness.make_ready(folder, world.coordinator, people, item(world, left=8))
    db.engine.dispose()
    command = [sys.executable, "-m", "tests.db.kill_harness", str(folder), str(rounds), *([url] if url else [])]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)


def test_nothing_is_lost_or_doubled_when_writers_are_killed(world: World, db_sqlite: Settings, tmp_path: Path) -> None:
    done = run(tmp_path, world, 4)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


@pytest.mark.pg
def test_nothing_is_lost_or_doubled_on_postgresql(db_postgres_once: Settings, tmp_path: Path) -> None:
    done = run(tmp_path, make_world(), 4, db_postgres_once.url)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


@pytest.mark.slow
def test_without_the_key_the_harness_would_see_doubled_orders(
    world: World, db_sqlite: Settings, tmp_path: Path
) -> None:
    """The key forgets what it led to: as if the answer came before the commit."""
    with db.engine.get().begin() as connection:
        connection.execute(
            text("CREATE TRIGGER forgetful AFTER INSERT ON redemption BEGIN DELETE FROM command_key; END")
        )

    assert "answered and lost" in run(tmp_path, world, 2).stdout
