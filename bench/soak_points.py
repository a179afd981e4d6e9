"""Hours of it: the ledger played at random and its writers killed, on a database of its own.

`python run.py soak points`. Needs the development environment; touches no data of the installation.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck
from hypothesis import settings as asked
from hypothesis.stateful import run_state_machine_as_test

import db
import db.engine
import settings
from db import setup
from settings import Settings
from tests.builders import NOW, World, make_world
from tests.db import kill_harness
from tests.db.earning import give, item, person
from tests.db.ledger_machine import Machine
from tests.postgres import fresh_database, serve

ROOT = Path(__file__).parent.parent
HEALTH = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@contextmanager
def fresh(server: str | None, *, serializable: bool = False) -> Iterator[tuple[Path, World]]:
    """Make an empty database with the cast of the tests, and put it in force."""
    with (
        tempfile.TemporaryDirectory(prefix="linli-soak-") as folder,
        fresh_database(server) if server else nullcontext(None) as url,
    ):
        data = Path(folder) / "linli-data"
        data.mkdir()
        used = settings.use(Settings(data_dir=data, database_url=url, serializable=serializable))
        if used.is_sqlite:
            used.real_file.touch()
        setup.prepare(now=NOW)
        try:
            yield Path(folder), make_world()
        finally:
            db.engine.dispose()


def stories(server: str | None, examples: int, steps: int, *, serializable: bool = False) -> None:
    """Play so many stories, a database each on SQLite; raise at the first that breaks."""
    held: list[Any] = []

    def world() -> World:
        while held:
            held.pop().__exit__(None, None, None)
        held.append(fresh(server, serializable=serializable))
        made: World = held[0].__enter__()[1]
        return made

    machine = type("Soaked", (Machine,), {"make_world": staticmethod(world)})
    limits = asked(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None, suppress_health_check=HEALTH
    )
    try:
        run_state_machine_as_test(machine, settings=limits)
    finally:
        while held:
            held.pop().__exit__(None, None, None)


def kills(server: str | None, count: int) -> int:
    """Kill so many writers; print what the harness says and give the number of faults."""
    with fresh(server) as (folder, world):
        people = [person(world, f"居民{n}") for n in range(kill_harness.WRITERS)]
        for who in people:
            give(world, who)
        kill_harness.make_ready(folder, world.coordinator, people, item(world, left=8))
        url = settings.current().url if server else None
        db.engine.dispose()
        rounds = -(-count // kill_harness.WRITERS)
        command = [sys.executable, "-m", "tests.db.kill_harness", str(folder), str(rounds), *([url] if url else [])]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


def run(kill_count: int, examples: int, steps: int, *, postgres: bool) -> int:
    """Give 0 if nothing broke."""
    with serve() if postgres else nullcontext(None) as server:
        started = time.monotonic()
        faults = kills(server, kill_count) if kill_count else 0
        print(f"kills: {time.monotonic() - started:.0f} s, {faults} faults", flush=True)
        for serializable in (False, True) if postgres else (False,):
            started = time.monotonic()
            stories(server, examples, steps, serializable=serializable)
            print(f"stories: {examples} x {steps}, {time.monotonic() - started:.0f} s", flush=True)
    return 1 if faults else 0
