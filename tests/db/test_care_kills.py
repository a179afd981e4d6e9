"""Workers are killed without warning while windows run out: nobody is missed, nobody is told again but by a crash."""

import os
from pathlib import Path

import pytest
from sqlalchemy import text

import db
import db.engine
from settings import Settings
from tests import gateway as gateways
from tests.builders import World, make_world
from tests.db import care_kill_harness

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need fork, which Windows has not")


def play(folder: Path, world: World, url: str | None = None) -> care_kill_harness.Seen:
    with gateways.serve() as gateway:
        return care_kill_harness.play(folder, world, gateway, kills=8, count=60, over_seconds=2, url=url)


@pytest.mark.slow
def test_nobody_is_missed_when_workers_are_killed(world: World, db_sqlite: Settings, tmp_path: Path) -> None:
    seen = play(tmp_path, world)

    assert seen.faults == [], seen.told()


@pytest.mark.pg
@pytest.mark.slow
def test_nobody_is_missed_on_postgresql(db_postgres_once: Settings, tmp_path: Path) -> None:
    seen = play(tmp_path, make_world(), db_postgres_once.url)

    assert seen.faults == [], seen.told()


@pytest.mark.slow
def test_the_harness_would_see_a_window_that_lost_its_incident(
    world: World, db_sqlite: Settings, tmp_path: Path
) -> None:
    with db.engine.get().begin() as connection:
        spoil = "UPDATE check_window SET state = 'seen_ok' WHERE state = 'alarm' AND rowid % 20 = 0"
        connection.execute(text(f"CREATE TRIGGER forgetful AFTER INSERT ON outbox_message BEGIN {spoil}; END"))

    assert any("windows:" in fault for fault in play(tmp_path, world).faults)
