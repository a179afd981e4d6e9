"""Backups: one zip of database, photos and a signed manifest. The keys are never in it.

A restore checks everything before it replaces anything, and what it replaces is set aside.
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, func, inspect, select, table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import settings
from db import blobs, crypto, engine, fsck, pg_tools, replacing, schema
from db.crypto import KeyProblem
from db.writes import canonical
from domain.errors import Refused

KEPT = 14
_MANIFEST = "manifest.json"
_COPIES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
_PHOTOS = "blobs"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    engine: str  # sqlite or postgresql
    demo: bool
    schema: str
    created_at: str
    key_id: str  # tells which key file belongs to it, and nothing of the key
    counts: Mapping[str, int]
    members: Mapping[str, str]  # name → sha256


@dataclass(frozen=True)
class Restored:
    manifest: Manifest
    target: str
    set_aside: Path | None


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
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as folder:
            return _write(file, Path(folder), now)
    except OSError as error:
        raise Refused(f"备份没有写成（{error.strerror}），请检查磁盘空间和写入权限：{file}") from error


def _write(file: Path, folder: Path, now: datetime) -> Manifest:
    held, used = settings.current(), engine.get()
    copy = folder / _COPIES[used.dialect.name]
    revision, counts = _copy_sqlite(used, copy) if held.is_sqlite else _copy_postgresql(used, copy)
    packed = folder / "whole.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        members = dict(_members(archive, copy))
        manifest = Manifest(
            engine=used.dialect.name,
            demo=held.is_demo,
            schema=revision,
            created_at=now.isoformat(),
            key_id=_key_id(),
            counts=counts,
            members=members,
        )
        archive.writestr(_MANIFEST, canonical({**asdict(manifest), "mac": _mac(manifest)}))
    packed.chmod(0o600)
    replacing.flush(packed)
    packed.replace(file)
    return manifest


def _copy_sqlite(used: Engine, copy: Path) -> tuple[str, dict[str, int]]:
    with closing(used.raw_connection()) as connection:  # VACUUM stands in no transaction
        connection.cursor().execute("VACUUM INTO ?", (str(copy),))
    with _reading(copy) as session:
        return _described(session.connection())


def _copy_postgresql(used: Engine, copy: Path) -> tuple[str, dict[str, int]]:
    with used.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        # the server would end a transaction that idles while pg_dump works
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        described = _described(connection)
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        pg_tools.dump(settings.current().url, copy, snapshot=snapshot)
        return described


def _described(connection: Connection) -> tuple[str, dict[str, int]]:
    """Give revision and row counts of what is there, which may be older than the models."""
    names = sorted(inspect(connection).get_table_names())
    counts = {name: connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in names}
    return schema.revision(connection) or "", counts


def _members(archive: zipfile.ZipFile, copy: Path) -> Iterator[tuple[str, str]]:
    """Add the copy, then the photos, which are packed as they are; give each name with its digest."""
    packed = zipfile.ZipInfo(copy.name)
    packed.compress_type = zipfile.ZIP_DEFLATED
    with copy.open("rb") as source, archive.open(packed, "w", force_zip64=True) as target:
        yield copy.name, _pour(source, target)
    for blob in blobs.listed():
        with suppress(blobs.Gone):  # removed since, or damaged: fsck tells of it
            name = f"{_PHOTOS}/{blobs.name_of(blob.sha256)}"
            archive.writestr(name, blobs.read(blob.sha256), zipfile.ZIP_STORED)
            yield name, blob.sha256


def _pour(source: IO[bytes], target: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
        target.write(block)
    return digest.hexdigest()


def _key_id() -> str:
    return crypto.mac_hex("which key file")[:8]


def _mac(manifest: Manifest) -> str:
    return crypto.mac_hex(canonical(asdict(manifest)))


# --- checking ---------------------------------------------------------------------------------


def check(file: Path) -> Manifest:
    """Refuse a backup that is not whole, not ours, too new, or that fails fsck."""
    with _unpacked(file) as (manifest, _):
        return manifest


@contextmanager
def _unpacked(file: Path) -> Iterator[tuple[Manifest, Path]]:
    held = settings.current()
    if not file.is_file():
        raise Refused(f"找不到备份文件 {file}，请核对路径。")
    try:
        held.data_dir.mkdir(parents=True, exist_ok=True)
        # on the disk of the data: what is found good is then moved, not copied
        with (
            zipfile.ZipFile(file) as archive,
            tempfile.TemporaryDirectory(prefix=".restore-", dir=held.data_dir) as name,
        ):
            manifest = _read_manifest(archive)
            _extract(archive, manifest, Path(name))
            _check_copy(manifest, Path(name) / _COPIES[manifest.engine])
            yield manifest, Path(name)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise Refused(f"{file} 已损坏或不是本程序的备份文件，数据没有改动。") from error
    except OSError as error:
        raise Refused(f"备份没有读成（{error.strerror}），数据没有改动：{file}") from error


def _read_manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        told: dict[str, Any] = json.loads(archive.read(_MANIFEST))
        mac = told.pop("mac")
        manifest = Manifest(**told)
        mine = manifest.key_id == _key_id()
    except KeyProblem as missing:
        raise KeyProblem(f"备份里没有密钥。{missing.message}（要用制作这份备份时的密钥文件）") from None
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("这不是本程序的备份文件，数据没有改动。") from error
    if not mine:
        path = settings.current().key_path
        raise KeyProblem(
            f"密钥不匹配：这份备份要用编号 {manifest.key_id} 的密钥文件，"
            f"现在的 {path} 是 {_key_id()}。请换成制作备份时的密钥文件再恢复，数据没有改动。"
        )
    if mac != _mac(manifest):
        raise Refused("备份清单被改动过，不能使用，数据没有改动。")
    return manifest


def _extract(archive: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    """Unpack exactly what the signed manifest lists, each with the sum it had."""
    if {*archive.namelist()} != {*manifest.members, _MANIFEST}:
        raise Refused("备份里的文件与清单不一致，不能使用，数据没有改动。")
    for name, sha256 in manifest.members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as source, (folder / name).open("wb") as target:
            found = _pour(source, target)
        if found != sha256:
            raise Refused(f"备份里的 {name} 已损坏或被改动过，不能使用，数据没有改动。")
        replacing.flush(folder / name)


def _check_copy(manifest: Manifest, copy: Path) -> None:
    if manifest.schema not in schema.known():
        raise Refused("备份由更新版本的程序制作，请先升级程序再恢复，数据没有改动。")
    if manifest.engine == "postgresql":
        pg_tools.listing(copy)
        return
    with _reading(copy) as session:
        if (found := _first_problem(session, manifest)) is not None:
            raise Refused(f"备份里的数据有错，不能使用，数据没有改动：{found}")


def _first_problem(session: Session, manifest: Manifest) -> str | None:
    try:
        if _described(session.connection()) != (manifest.schema, manifest.counts):
            return "各表行数与清单不一致"
        # the models can't read an older schema; the first start brings it up, and fsck may follow
        return next(fsck.problems(session), None) if manifest.schema == schema.head() else None
    except DBAPIError as error:
        return str(error.orig)


@contextmanager
def _reading(copy: Path) -> Iterator[Session]:
    """Open a SQLite file that nobody uses, without writing so much as a journal beside it."""
    reader = create_engine(f"sqlite:///{copy.absolute().as_uri()}?mode=ro&immutable=1&uri=true")
    try:
        with Session(reader) as session:
            yield session
    finally:
        reader.dispose()


# --- restoring --------------------------------------------------------------------------------


def restore_commands() -> str:
    """Say what to type to restore; the folder of the data is named unless a bare command takes it."""
    used = settings.current().data_dir
    data = "" if used == settings.Settings.model_fields["data_dir"].default else f' --data "{used}"'
    return f"python run.py restore 备份文件.zip{data}\npython run.py{data}"


def restore(file: Path, *, now: datetime) -> Restored:
    """Check the backup, set what is there aside, and put the backup in its place."""
    with _unpacked(file) as (manifest, folder):
        copy = folder / _COPIES[manifest.engine]
        if manifest.engine != engine.get().dialect.name:
            raise Refused(f"这是 {manifest.engine} 的备份，与 LINLI_DATABASE_URL 指定的数据库不同，数据没有改动。")
        if manifest.engine == "sqlite":
            target, aside = _restore_sqlite(manifest, copy, now)
        else:
            target, aside = _restore_postgresql(manifest, copy), None
        _restore_photos(folder / _PHOTOS, now)
        return Restored(manifest, target, aside)


def _restore_photos(unpacked: Path, now: datetime) -> None:
    """Put the photos where the restored database, which is the one in use by now, looks for them."""
    target = blobs.folder()
    if unpacked.exists() or target.exists():
        unpacked.mkdir(exist_ok=True)  # a backup without photos: those that are there are set aside all the same
        target.parent.mkdir(exist_ok=True)
        replacing.put(unpacked, target, now=now)


def _restore_sqlite(manifest: Manifest, copy: Path, now: datetime) -> tuple[str, Path | None]:
    held = settings.current()
    if manifest.demo and held.real_file.exists():
        raise Refused("这是演示数据的备份，而这里已有正式数据。请用 --data 另选一个文件夹，数据没有改动。")
    target = held.demo_file if manifest.demo else held.real_file
    engine.dispose()
    replacing.claim(target)
    return str(target), replacing.put(copy, target, now=now)


def _restore_postgresql(manifest: Manifest, copy: Path) -> str:
    used = engine.get()
    with used.connect() as connection:
        if not schema.is_empty(connection):
            raise Refused(
                "PostgreSQL 只能恢复到空数据库：请新建一个空库，改好 LINLI_DATABASE_URL 后重试，数据没有改动。"
            )
    pg_tools.load(settings.current().url, copy)
    with Session(used) as session:
        if (found := _first_problem(session, manifest)) is not None:
            raise Refused(f"已恢复，但数据有错，请不要使用这个数据库：{found}")
    return used.url.render_as_string()
