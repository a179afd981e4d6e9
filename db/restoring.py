"""Restores: everything is checked before anything is replaced, and what is replaced is set aside."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import settings
from db import backup, engine, fsck, pg_tools, replacing, schema
from db.backup import Manifest
from db.crypto import KeyProblem
from domain.errors import Refused


@dataclass(frozen=True)
class Restored:
    manifest: Manifest
    target: str
    set_aside: Path | None


# --- checking ---------------------------------------------------------------------------------


def check(file: Path) -> Manifest:
    """Refuse a backup that is not whole, not ours, too new, or that fails fsck."""
    with _unpacked(file) as (manifest, _):
        return manifest


@contextmanager
def _unpacked(file: Path) -> Iterator[tuple[Manifest, Path]]:
    """Unpack and check; what is done with it then tells of its own failures."""
    if not file.is_file():
        raise Refused(f"找不到备份文件 {file}，请核对路径。")
    used = settings.current().data_dir
    with _reading(file):
        used.mkdir(parents=True, exist_ok=True)
        # on the disk of the data: what is found good is then moved, not copied
        folder = tempfile.TemporaryDirectory(prefix=".restore-", dir=used, ignore_cleanup_errors=True)
    with folder as name:
        with _reading(file), zipfile.ZipFile(file) as archive:
            manifest = _read_manifest(archive)
            _extract(archive, manifest, Path(name))
            _check_copy(manifest, Path(name) / backup.COPIES[manifest.engine])
        yield manifest, Path(name)


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise Refused(f"{file} 已损坏或不是本程序的备份文件，数据没有改动。") from error
    except OSError as error:
        raise Refused(f"备份没有读成（{error.strerror}），数据没有改动：{file}") from error


def _read_manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        told: dict[str, Any] = json.loads(archive.read(backup.MANIFEST))
        mac = told.pop("mac")
        manifest = Manifest(**told)
        mine = manifest.key_id == backup.key_id_here()
    except KeyProblem as missing:
        raise KeyProblem(f"备份里没有密钥。{missing.message}（要用制作这份备份时的密钥文件）") from None
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("这不是本程序的备份文件，数据没有改动。") from error
    if not mine:
        path = settings.current().key_path
        raise KeyProblem(
            f"密钥不匹配：这份备份要用编号 {manifest.key_id} 的密钥文件，"
            f"现在的 {path} 是 {backup.key_id_here()}。请换成制作备份时的密钥文件再恢复，数据没有改动。"
        )
    if mac != backup.mac_of(manifest):
        raise Refused("备份清单被改动过，不能使用，数据没有改动。")
    return manifest


def _extract(archive: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    """Unpack exactly what the signed manifest lists, each with the sum it had."""
    if {*archive.namelist()} != {*manifest.members, backup.MANIFEST}:
        raise Refused("备份里的文件与清单不一致，不能使用，数据没有改动。")
    for name, sha256 in manifest.members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as source, (folder / name).open("wb") as target:
            found = backup.pour(source, target)
        if found != sha256:
            raise Refused(f"备份里的 {name} 已损坏或被改动过，不能使用，数据没有改动。")
        replacing.flush(folder / name)


def _check_copy(manifest: Manifest, copy: Path) -> None:
    if manifest.schema not in schema.known():
        raise Refused("备份由更新版本的程序制作，请先升级程序再恢复，数据没有改动。")
    if manifest.engine == "postgresql":
        pg_tools.listing(copy)
        return
    with backup.reading(copy) as session:
        if (found := _first_problem(session, manifest)) is not None:
            raise Refused(f"备份里的数据有错，不能使用，数据没有改动：{found}")


def _first_problem(session: Session, manifest: Manifest) -> str | None:
    try:
        if backup.described(session.connection()) != (manifest.schema, manifest.counts):
            return "各表行数与清单不一致"
        # the models can't read an older schema; the first start brings it up, and fsck may follow
        return next(fsck.problems(session), None) if manifest.schema == schema.head() else None
    except DBAPIError as error:
        return str(error.orig)


# --- restoring --------------------------------------------------------------------------------


def restore_commands() -> str:
    """Say what to type to restore; the folder of the data is named unless a bare command takes it."""
    used = settings.current().data_dir
    data = "" if used == settings.Settings.model_fields["data_dir"].default else f' --data "{used}"'
    return f"python run.py restore 备份文件.zip{data}\npython run.py{data}"


def restore(file: Path, *, now: datetime) -> Restored:
    """Check the backup, set what is there aside, and put the backup in its place: all of it or nothing."""
    with _unpacked(file) as (manifest, folder):
        if manifest.engine != engine.get().dialect.name:
            raise Refused(f"这是 {manifest.engine} 的备份，与 LINLI_DATABASE_URL 指定的数据库不同，数据没有改动。")
        copy, photos = folder / backup.COPIES[manifest.engine], folder / backup.PHOTOS
        try:
            if manifest.engine == "sqlite":
                return _restore_sqlite(manifest, copy, photos, now)
            return _restore_postgresql(manifest, copy, photos, now)
        except OSError as error:
            raise Refused(f"没有恢复成（{error.strerror}），数据没有改动：{file}") from error


def _with_photos(unpacked: Path, target: Path, now: datetime) -> AbstractContextManager[object]:
    """Put the photos for as long as the database comes after them; without it those that were there come back."""
    if not unpacked.exists() and not target.exists():
        return nullcontext()
    unpacked.mkdir(exist_ok=True)  # a backup without photos: those that are there are set aside all the same
    target.parent.mkdir(exist_ok=True)
    return replacing.putting(unpacked, target, now=now)


def _restore_sqlite(manifest: Manifest, copy: Path, photos: Path, now: datetime) -> Restored:
    held = settings.current()
    if manifest.demo and held.real_file.exists():
        raise Refused("这是演示数据的备份，而这里已有正式数据。请用 --data 另选一个文件夹，数据没有改动。")
    target = held.demo_file if manifest.demo else held.real_file
    engine.dispose()
    replacing.claim(target)
    with _with_photos(photos, held.photos_of(target), now):
        return Restored(manifest, str(target), replacing.put(copy, target, now=now))


def _restore_postgresql(manifest: Manifest, copy: Path, photos: Path, now: datetime) -> Restored:
    used, held = engine.get(), settings.current()
    with used.connect() as connection:
        if not schema.is_empty(connection):
            raise Refused(
                "PostgreSQL 只能恢复到空数据库：请新建一个空库，改好 LINLI_DATABASE_URL 后重试，数据没有改动。"
            )
    with _with_photos(photos, held.blobs_dir, now):
        pg_tools.load(held.url, copy)
        with Session(used) as session:
            if (found := _first_problem(session, manifest)) is not None:
                raise Refused(f"数据库已恢复，但数据有错，请不要使用这个数据库；照片没有改动：{found}")
    return Restored(manifest, used.url.render_as_string(), None)
