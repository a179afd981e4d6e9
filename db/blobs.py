"""Bytes by their digest, in a folder beside the database they belong to. A row holds the digest, never a path."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import settings
from domain.errors import NotFound, Refused
from domain.ids import new_id

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Gone(NotFound):
    """No such bytes here, or no longer those that were put."""

    def __init__(self) -> None:
        super().__init__("这张照片的文件找不到或已损坏，请联系管理员。")


@dataclass(frozen=True)
class Blob:
    sha256: str
    at: datetime  # when it was put last
    size: int


def folder() -> Path:
    return settings.current().blobs_dir


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def put(body: bytes) -> str:
    """Keep these bytes and give their digest; written anew even if they are there: young, and whole again."""
    sha256 = digest(body)
    try:
        _write(body, _path(sha256))
    except OSError as error:
        raise Refused(f"照片没有存成（{error.strerror}），请稍后重试或联系管理员。") from error
    return sha256


def _write(body: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{new_id().hex}.part")
    try:
        with part.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    _flush_names(target.parent)


def _flush_names(held: Path) -> None:
    """Have the disk hold the new name too; Windows can't open a folder for that, and need not."""
    with suppress(OSError):
        opened = os.open(held, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def read(sha256: str) -> bytes:
    """Give the bytes if they are still those that were put."""
    try:
        body = _path(sha256).read_bytes()
    except OSError as error:
        raise Gone() from error
    if digest(body) != sha256:
        raise Gone()
    return body


def trouble(sha256: str) -> str:
    """Say what is wrong with these bytes; nothing when they are whole."""
    if not exists(sha256):
        return "不见了"
    try:
        read(sha256)
    except Gone:
        return "已损坏"
    return ""


def exists(sha256: str) -> bool:
    return _path(sha256).exists()


def drop(sha256: str) -> None:
    _path(sha256).unlink(missing_ok=True)


def drop_old(sha256: str, before: datetime) -> bool:
    """Drop these bytes unless they were put since; say whether they went."""
    path = _path(sha256)
    taken = path.with_name(f"{new_id().hex}.part")
    try:
        path.rename(taken)  # the file judged is then the file dropped: `put` may come between
        if taken.stat().st_mtime >= before.timestamp():
            taken.replace(path)
            return False
        taken.unlink()
    except FileNotFoundError:
        return False
    return True


def name_of(sha256: str) -> str:
    """Name the file within the folder: 256 folders, so that none has too many."""
    return f"{sha256[:2]}/{sha256[2:]}"


def listed() -> Iterator[Blob]:
    """List what is there; a file that another process takes away meanwhile is left out."""
    for path in sorted(folder().glob("??/*")):
        sha256 = path.parent.name + path.name
        with suppress(FileNotFoundError):
            if _SHA256.fullmatch(sha256):
                told = path.stat()
                yield Blob(sha256, datetime.fromtimestamp(told.st_mtime, UTC), told.st_size)


def clear_parts(before: datetime) -> None:
    """Take away what a crash left half written."""
    for path in folder().glob("??/*.part"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before.timestamp():
                path.unlink()


def _path(sha256: str) -> Path:
    if not _SHA256.fullmatch(sha256):  # the digest is all that ever becomes a path
        raise Gone()
    return folder() / name_of(sha256)
