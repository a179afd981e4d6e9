"""Putting one file or folder in another's place, so that the other can be had back."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.clock import local
from domain.errors import Refused

_BESIDE = ("-wal", "-shm", "-journal")


def flush(file: Path) -> None:
    """Have the disk hold the file before a name points to it."""
    with file.open("rb+") as written:
        os.fsync(written.fileno())


def claim(file: Path) -> None:
    """Fold a SQLite file's journal in; refuse while a running program has the file open."""
    if not file.exists():
        return
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            # leaving WAL needs the file alone; an exclusive transaction does not
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Refused(f"程序正在使用 {file}，请先停止它再重试，数据没有改动。") from error
            # a damaged file is no reason to refuse: it is why a backup is wanted


def put(new: Path, target: Path, *, now: datetime) -> Path | None:
    """Move `new` to `target` and what was there aside; all or nothing. Give where the old one lies."""
    return _put(new, target, now).aside


@contextmanager
def putting(new: Path, target: Path, *, now: datetime) -> Iterator[Path | None]:
    """The same, undone if what is done next fails."""
    done = _put(new, target, now)
    try:
        yield done.aside
    except BaseException as cause:
        try:
            _take_back(target, done.moved)
        except Refused as stuck:
            first = cause.message if isinstance(cause, Refused) else ""
            raise Refused(first + stuck.message) from cause
        raise


@dataclass(frozen=True)
class _Put:
    aside: Path | None
    moved: list[tuple[Path, Path]]  # what was there, and where it lies now


def _put(new: Path, target: Path, now: datetime) -> _Put:
    aside = target.with_name(f"{target.stem}.before-restore-{local(now):%Y%m%d-%H%M%S}{target.suffix}")
    old = [path for path in (target, *(target.with_name(target.name + end) for end in _BESIDE)) if path.exists()]
    moved: list[tuple[Path, Path]] = []
    try:
        for path in old:
            there = aside.with_name(aside.name + path.name.removeprefix(target.name))
            path.rename(there)
            moved.append((path, there))
        shutil.move(new, target)
    except OSError:
        _take_back(target, moved, part=len(moved) == len(old))
        raise
    return _Put(aside if target in old else None, moved)


def _take_back(target: Path, moved: list[tuple[Path, Path]], *, part: bool = True) -> None:
    """Undo; `part`: what lies at the target by now is not the old one. What can't be undone is told truly."""
    try:
        if part:
            _remove(target)
        for path, there in moved:
            there.rename(path)
    except OSError as error:
        lies = "；".join(f"{there} 要改回 {path}" for path, there in moved if there.exists())
        told = f"原有数据也没能放回，它还在，请手工改名：{lies}" if lies else f"请核对 {target}"
        raise Refused(f"恢复没有做成（{error.strerror}），{told}。") from error


def _remove(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
