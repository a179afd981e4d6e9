"""The nightly backup: its hour, once on many processes, fourteen kept, and seen when it fails."""

import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from threading import Barrier
from typing import Any

import pytest

import db
from db import backup, blobs, drafts, fsck, jobs, restoring
from domain.clock import at_local, local_date
from jobs import nightly
from settings import Settings
from tests.builders import NOW, World

TODAY = local_date(NOW)
BEFORE, AT = at_local(TODAY, time(2, 29, 59)), at_local(TODAY, time(2, 30))


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def names() -> list[str]:
    return sorted(path.name for path in backup.nightly_folder().glob("*"))


def told() -> dict[str, Any] | None:
    return db.read(jobs.last_run, job=nightly.JOB)


@pytest.mark.parametrize(("now", "due"), [(BEFORE, False), (AT, True), (NOW, True)])
def test_the_backup_is_due_from_half_past_two(any_db: Settings, now: datetime, due: bool) -> None:
    assert nightly.due(now=now) is due


def test_a_day_is_claimed_once_and_the_next_day_again(any_db: Settings) -> None:
    assert [nightly.due(now=AT), nightly.due(now=NOW), nightly.due(now=AT + timedelta(days=1))] == [True, False, True]


def test_of_eight_at_once_one_has_the_day(any_db: Settings) -> None:
    start = Barrier(8)

    def claim(_number: int) -> bool:
        start.wait()
        return nightly.due(now=NOW)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, range(8))) == [False] * 7 + [True]


def test_the_first_tick_after_the_hour_backs_up_and_the_next_does_nothing(world: World) -> None:
    nightly.tick(BEFORE)
    assert names() == []

    nightly.tick(NOW)
    restoring.check(backup.nightly_folder() / "nightly-20261120.zip")
    (backup.nightly_folder() / "nightly-20261120.zip").unlink()
    nightly.tick(NOW + timedelta(minutes=1))

    assert names() == []
    assert told() == {"at": NOW.isoformat(), "ok": True, "file": "nightly-20261120.zip", "error": ""}


def test_two_weeks_of_nights_are_kept(world: World) -> None:
    for day in range(15):
        nightly.tick(NOW + timedelta(days=day))

    assert names() == [f"nightly-{TODAY + timedelta(days=day):%Y%m%d}.zip" for day in range(1, 15)]


def test_what_the_job_leaves_in_the_database_passes_fsck(world: World) -> None:
    nightly.tick(NOW)

    assert db.read(lambda session: list(fsck.problems(session))) == []


def test_a_failed_night_is_told_and_the_next_one_has_its_chance(world: World, caplog: pytest.LogCaptureFixture) -> None:
    backup.nightly_folder().touch()  # a file where the folder belongs

    nightly.tick(NOW)

    outcome = told()
    assert outcome is not None
    assert (outcome["ok"], "备份没有写成" in outcome["error"]) == (False, True)
    backup.nightly_folder().unlink()
    nightly.tick(NOW + timedelta(days=1))
    assert names() == ["nightly-20261121.zip"]


def test_a_failed_backup_is_tried_again_after_an_hour_and_then_no_more(any_db: Settings) -> None:
    backup.nightly_folder().parent.mkdir(exist_ok=True)
    backup.nightly_folder().touch()
    nightly.tick(NOW)
    backup.nightly_folder().unlink()

    nightly.tick(NOW + timedelta(minutes=59))
    assert names() == []
    nightly.tick(NOW + timedelta(hours=1))
    assert names() == ["nightly-20261120.zip"]
    assert (told() or {})["ok"]

    (backup.nightly_folder() / "nightly-20261120.zip").unlink()
    nightly.tick(NOW + timedelta(hours=2))
    assert names() == []


def test_a_backup_that_fails_keeps_no_draft_and_no_photo_beyond_its_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = blobs.put(b"nobody's")
    os.utime(blobs.folder() / blobs.name_of(sha256), (0, 0))
    dropped: list[datetime] = []
    monkeypatch.setattr(drafts, "drop_old", lambda _tx, *, now: dropped.append(now))
    backup.nightly_folder().touch()

    nightly.tick(NOW)
    nightly.tick(NOW + timedelta(minutes=1))

    assert (dropped, blobs.exists(sha256)) == ([NOW], False)


def test_a_failure_is_logged_by_its_kind_alone(world: World) -> None:
    handler = Kept()
    logging.getLogger("linli").addHandler(handler)
    backup.nightly_folder().touch()
    try:
        nightly.tick(NOW)
    finally:
        logging.getLogger("linli").removeHandler(handler)

    failed = [record for record in handler.records if record.levelno == logging.ERROR]
    assert [(record.msg, json.dumps(record.__dict__["fields"])) for record in failed] == [
        ("job.nightly", '{"error": "Refused"}')
    ]
