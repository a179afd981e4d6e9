"""Fixtures: the demo, made once for all workers and copied; each test that writes has a copy of its own."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import db
import demo
import settings
from tests.conftest import finish, made_once

NOW = datetime(2026, 11, 22, 2, 42, 7, tzinfo=UTC)  # a Sunday, 10:42 in Shanghai


def copy_of(source: Path, folder: Path) -> settings.Settings:
    """Put a copy of this data and its key in force: the template is a fresh database with its categories."""
    shutil.copytree(source, folder / "linli-data")
    shutil.copy(source.parent / "linli-data.key", folder / "linli-data.key")
    return settings.use(settings.Settings(data_dir=folder / "linli-data"))


def as_demo(used: settings.Settings) -> settings.Settings:
    """Give the file the name by which the program knows the demo."""
    blobs = used.blobs_dir
    used.real_file.rename(used.demo_file)
    blobs.rename(used.blobs_dir)
    return used


@pytest.fixture(scope="session")
def made_demo(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(place: Path) -> None:
        db.engine.dispose()
        copy_of(template, place)
        demo.generate(now=NOW)
        finish()

    return made_once(tmp_path_factory, "demo", make) / "linli-data"


@pytest.fixture(scope="module")
def filled(made_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> settings.Settings:
    return copy_of(made_demo, tmp_path_factory.mktemp("filled"))


@pytest.fixture
def shown(filled: settings.Settings) -> Iterator[None]:
    """Put the filled database in force, for reading only."""
    settings.use(filled)
    yield
    db.engine.dispose()


@pytest.fixture
def own(made_demo: Path, tmp_path: Path) -> Iterator[settings.Settings]:
    """A demo to write into."""
    yield copy_of(made_demo, tmp_path)
    db.engine.dispose()
