"""Bytes by their digest: whole or not there, and nothing outside the folder."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import settings
from db import blobs
from domain.errors import Refused
from settings import Settings

BODY = b"a picture"
DIGEST = hashlib.sha256(BODY).hexdigest()


def file_of(sha256: str) -> Path:
    return blobs.folder() / sha256[:2] / sha256[2:]


def test_what_was_put_is_read_listed_and_dropped(db_sqlite: Settings) -> None:
    assert blobs.put(BODY) == DIGEST

    assert blobs.read(DIGEST) == BODY
    assert blobs.exists(DIGEST)
    assert [blob.sha256 for blob in blobs.listed()] == [DIGEST]
    assert file_of(DIGEST).read_bytes() == BODY

    blobs.drop(DIGEST)
    blobs.drop(DIGEST)
    assert not blobs.exists(DIGEST)
    assert list(blobs.listed()) == []


def test_bytes_that_changed_on_the_disk_are_not_given(db_sqlite: Settings) -> None:
    blobs.put(BODY)
    file_of(DIGEST).write_bytes(b"another picture")

    with pytest.raises(blobs.Gone):
        blobs.read(DIGEST)

    assert blobs.trouble(DIGEST) == "已损坏"
    blobs.put(BODY)
    assert blobs.trouble(DIGEST) == ""


def test_putting_again_makes_it_young(db_sqlite: Settings) -> None:
    blobs.put(BODY)
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    os.utime(file_of(DIGEST), (long_ago.timestamp(), long_ago.timestamp()))
    assert [blob.at for blob in blobs.listed()] == [long_ago]

    blobs.put(BODY)

    assert all(blob.at > long_ago for blob in blobs.listed())


@pytest.mark.parametrize(
    "name", ["", "../../linli.sqlite3", DIGEST[:-1], DIGEST.upper(), f"../{DIGEST}", f"{DIGEST}\n"]
)
def test_nothing_but_a_digest_becomes_a_path(db_sqlite: Settings, name: str) -> None:
    for use in (blobs.read, blobs.exists, blobs.drop):
        with pytest.raises(blobs.Gone):
            use(name)


def test_each_database_has_bytes_of_its_own(tmp_path: Path) -> None:
    demo = settings.use(Settings(data_dir=tmp_path))
    blobs.put(BODY)
    demo.real_file.touch()

    assert not blobs.exists(DIGEST)
    settings.use(Settings(data_dir=tmp_path, database_url="postgresql://x/y"))  # type: ignore[arg-type]
    assert not blobs.exists(DIGEST)
    assert {path.name for path in (tmp_path / "blobs").iterdir()} == {"demo"}


def test_a_write_that_fails_leaves_nothing_and_says_so(db_sqlite: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(Refused, match="照片没有存成"):
        blobs.put(BODY)

    assert [path for path in blobs.folder().rglob("*") if path.is_file()] == []


def test_what_a_crash_left_half_written_is_cleared_when_it_is_old(db_sqlite: Settings) -> None:
    blobs.put(BODY)
    part = file_of(DIGEST).with_name("0.part")
    part.touch()

    blobs.clear_parts(datetime.now(UTC) - timedelta(days=1))
    assert part.exists()
    blobs.clear_parts(datetime.now(UTC) + timedelta(days=1))

    assert not part.exists()
    assert blobs.exists(DIGEST)
