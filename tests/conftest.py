"""Fixtures: a fresh migrated database a test, on SQLite by default and on PostgreSQL where marked."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.util import LRUCache

import db.engine
import settings
from db import crypto, setup
from settings import Settings
from tests.builders import NOW, World, make_world

# a busy machine is no failure
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let SQLite wait for no disk: a commit takes a hundredth of the time. The product's own way is in test_engine."""
    hurried = tuple(p.replace("synchronous=FULL", "synchronous=OFF") for p in db.engine._PRAGMAS)
    monkeypatch.setattr(db.engine, "_PRAGMAS", hurried)


_make = db.engine.make
_first: dict[tuple[str, bool], Engine] = {}  # of each kind of database and isolation


def _make_knowing(url: str, *, serializable: bool = False) -> Engine:
    """Let each test's engine know the statements compiled before: its own would take a third of the test's time."""
    engine = _make(url, serializable=serializable)
    kind = engine.dialect.name, serializable
    first = _first.get(kind)
    if first and first.dialect.server_version_info:  # it has seen its database
        engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    else:
        engine._compiled_cache = LRUCache(5000)  # all of the product's statements, not one process's
        _first[kind] = engine
    return engine


@pytest.fixture(autouse=True, scope="session")
def known_statements() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db.engine, "make", _make_knowing)
        yield


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Give the folder that the first of the workers makes while the others wait for it."""
    shared = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    folder = shared / name
    with closing(sqlite3.connect(shared / f"{name}.lock", timeout=300, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        if not folder.exists():
            unfinished = factory.mktemp(name)
            make(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate once and copy the file for each test."""
    return made_once(tmp_path_factory, "template", _migrate) / "linli-data"


def _migrate(place: Path) -> None:
    folder = place / "linli-data"
    _use(folder)
    folder.mkdir()
    (folder / "linli.sqlite3").touch()
    db.engine.dispose()
    setup.prepare(now=NOW)
    finish()


def finish() -> None:
    """Let the file hold all that was written, so that it can be copied."""
    with db.engine.get().connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    db.engine.dispose()


def _use(folder: Path, **more: object) -> Settings:
    return settings.use(Settings(data_dir=folder, **more))  # type: ignore[arg-type]


@pytest.fixture
def db_sqlite(template: Path, tmp_path: Path) -> Iterator[Settings]:
    """Put an empty, migrated SQLite database in force; `db.run` and `db.read` then use it."""
    folder = tmp_path / "linli-data"
    shutil.copytree(template, folder)
    shutil.copy(template.parent / "linli-data.key", tmp_path / "linli-data.key")
    yield _use(folder)
    db.engine.dispose()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start a real PostgreSQL, or use the one that LINLI_TEST_DATABASE_URL names."""
    from tests.postgres import serve

    with serve(durable=False) as url:  # what is killed here are its clients
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, template: Path) -> Iterator[str]:
    """Migrate once and copy the database for each test; give its name."""
    from tests.postgres import fresh_database

    with fresh_database(postgres_url) as url:
        _use(template, database_url=url)
        setup.prepare(now=NOW)
        db.engine.dispose()
        yield url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(params=["read committed", "serializable"])
def db_postgres(
    request: pytest.FixtureRequest, postgres_url: str, postgres_template: str, template: Path, tmp_path: Path
) -> Iterator[Settings]:
    """Put an empty, migrated PostgreSQL schema in force, at both isolation levels."""
    from tests.postgres import fresh_database

    shutil.copy(template.parent / "linli-data.key", tmp_path / "linli-data.key")
    (tmp_path / "linli-data").mkdir()
    with fresh_database(postgres_url, postgres_template) as url:
        used = _use(tmp_path / "linli-data", database_url=url, serializable=request.param == "serializable")
        yield used
        db.engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.pg)])
def any_db(request: pytest.FixtureRequest) -> Settings:
    """Run the test on SQLite and, in the full run, on PostgreSQL."""
    name = "db_sqlite" if request.param == "sqlite" else "db_postgres_once"
    used: Settings = request.getfixturevalue(name)
    return used


@pytest.fixture
def db_postgres_once(postgres_url: str, postgres_template: str, template: Path, tmp_path: Path) -> Iterator[Settings]:
    from tests.postgres import fresh_database

    shutil.copy(template.parent / "linli-data.key", tmp_path / "linli-data.key")
    (tmp_path / "linli-data").mkdir()
    with fresh_database(postgres_url, postgres_template) as url:
        used = _use(tmp_path / "linli-data", database_url=url)
        yield used
        db.engine.dispose()


@pytest.fixture(scope="session")
def made_world(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, World]:
    """Make the cast once; each test gets a copy of it and of its file."""
    folder = tmp_path_factory.mktemp("world") / "linli-data"
    shutil.copytree(template, folder)
    shutil.copy(template.parent / "linli-data.key", folder.parent)
    used = _use(folder)
    db.engine.dispose()
    cast = make_world()
    finish()
    return used.real_file, cast


@pytest.fixture
def world(made_world: tuple[Path, World], db_sqlite: Settings) -> World:
    """Give the small cast: one street, two communities, a user for each role, two handlers."""
    file, cast = made_world
    db.engine.dispose()
    shutil.copy(file, db_sqlite.real_file)
    settings.use(db_sqlite)  # the cast may have been made only now
    assert crypto.keys()
    return replace(cast, actors=dict(cast.actors))


@pytest.fixture
def any_world(any_db: Settings) -> World:
    return make_world()
