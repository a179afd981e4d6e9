"""Backups: one zip of database, photos and a signed manifest. The keys are never in it."""

import hashlib
import math
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine, create_engine, func, inspect, select, table, text
from sqlalchemy.orm import Session

import settings
from db import blobs, crypto, engine, pg_tools, replacing, schema
from db.writes import canonical
from domain.errors import Refused

KEPT = 14
MANIFEST = "manifest.json"
COPIES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
PHOTOS = "blobs"
_BLOCK = 1 << 20
_ROOM = 1.5  # of the database: its copy, and the zip of that
_LEFT_BEHIND = timedelta(days=1)


@dataclass(frozen=True)
class Manifest:
    engine: str  # sqlite or postgresql
    demo: bool
    schema: str
    created_at: str
    key_id: str  # tells which key file belongs to it, and nothing of the key
    counts: Mapping[str, int]
    members: Mapping[str, str]  # name → sha256


def nightly_folder() -> Path:
    return settings.current().data_dir / "backups"


def prune(keep: int = KEPT) -> None:
    """Keep the youngest nightly backups; those made by hand or before a migration stay."""
    for old in sorted(nightly_folder().glob("nightly-*.zip"))[:-keep]:
        old.unlink(missing_ok=True)


# --- writing ----------------------------------------------------------------------------------


def write(file: Path, *, now: datetime) -> Manifest:
    """Write a backup of the database in use; the file appears only when it is whole."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _sweep(file.parent, now)
        _check_room(file.parent)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as folder:
            return _write(file, Path(folder), now)
    except OSError as error:
        raise Refused(f"备份没有写成（{error.strerror}），请检查磁盘空间和写入权限：{file}") from error


def _sweep(folder: Path, now: datetime) -> None:
    """Remove what a program that was killed in the middle of a backup left."""
    for left in folder.glob(".backup-*"):
        if left.stat().st_mtime < (now - _LEFT_BEHIND).timestamp():
            shutil.rmtree(left, ignore_errors=True)


def _check_room(folder: Path) -> None:
    """Refuse before the disk is full: the database in use could write no more."""
    needed, free = _ROOM * _database_size() + sum(blob.size for blob in blobs.listed()), shutil.disk_usage(folder).free
    if free < needed:
        told = f"备份约要 {needed / 1e9:.2f} GB，磁盘只剩 {free / 1e9:.2f} GB"
        raise Refused(f"{told}。请先腾出空间，再来一次：{folder}")


def _database_size() -> int:
    """Measure a SQLite database with what its log still holds; how small a server's dump will be nobody knows."""
    if not settings.current().is_sqlite:
        return 0
    with engine.get().connect() as connection:
        told = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size"))
        return math.prod(told)


def _write(file: Path, folder: Path, now: datetime) -> Manifest:
    held, used = settings.current(), engine.get()
    copy = folder / COPIES[used.dialect.name]
    revision, counts = _copy_sqlite(used, copy) if held.is_sqlite else _copy_postgresql(used, copy)
    packed = folder / "whole.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        members = dict(_members(archive, copy))
        manifest = Manifest(
            engine=used.dialect.name,
            demo=held.is_demo,
            schema=revision,
            created_at=now.isoformat(),
            key_id=key_id_here(),
            counts=counts,
            members=members,
        )
        archive.writestr(MANIFEST, canonical({**asdict(manifest), "mac": mac_of(manifest)}))
    packed.chmod(0o600)
    replacing.flush(packed)
    packed.replace(file)
    return manifest


def _copy_sqlite(used: Engine, copy: Path) -> tuple[str, dict[str, int]]:
    with closing(used.raw_connection()) as connection:  # VACUUM stands in no transaction
        connection.cursor().execute("VACUUM INTO ?", (str(copy),))
    with reading(copy) as session:
        return described(session.connection())


def _copy_postgresql(used: Engine, copy: Path) -> tuple[str, dict[str, int]]:
    with used.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        # the server would end a transaction that idles while pg_dump works
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        told = described(connection)
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        pg_tools.dump(settings.current().url, copy, snapshot=snapshot)
        return told


def described(connection: Connection) -> tuple[str, dict[str, int]]:
    """Give revision and row counts of what is there, which may be older than the models."""
    names = sorted(inspect(connection).get_table_names())
    counts = {name: connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in names}
    return schema.revision(connection) or "", counts


def _members(archive: zipfile.ZipFile, copy: Path) -> Iterator[tuple[str, str]]:
    """Add the copy, then the photos, which are packed as they are; give each name with its digest."""
    packed = zipfile.ZipInfo(copy.name)
    packed.compress_type = zipfile.ZIP_DEFLATED
    with copy.open("rb") as source, archive.open(packed, "w", force_zip64=True) as target:
        yield copy.name, pour(source, target)
    for blob in blobs.listed():
        with suppress(blobs.Gone):  # removed since, or damaged: fsck tells of it
            name = f"{PHOTOS}/{blobs.name_of(blob.sha256)}"
            archive.writestr(name, blobs.read(blob.sha256), zipfile.ZIP_STORED)
            yield name, blob.sha256


def pour(source: IO[bytes], target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
        target.write(block)
    return digest.hexdigest()


def key_id_here() -> str:
    return crypto.mac_hex("which key file")[:8]


def mac_of(manifest: Manifest) -> str:
    return crypto.mac_hex(canonical(asdict(manifest)))


@contextmanager
def reading(copy: Path) -> Iterator[Session]:
    """Open a SQLite file that nobody uses, without writing so much as a journal beside it."""
    reader = create_engine(f"sqlite:///{copy.absolute().as_uri()}?mode=ro&immutable=1&uri=true")
    try:
        with Session(reader) as session:
            yield session
    finally:
        reader.dispose()
