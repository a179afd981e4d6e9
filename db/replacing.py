"""Putting one file or folder in another's place, so that the other can be had back."""

import os
import shutil
import sqlite3
from contextlib import closing
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
    aside = target.with_name(f"{target.stem}.before-restore-{local(now):%Y%m%d-%H%M%S}{target.suffix}")
    old = [path for path in (target, *(target.with_name(target.name + end) for end in _BESIDE)) if path.exists()]
    moved: list[tuple[Path, Path]] = []
    try:
        for path in old:
            moved.append((path, aside.with_name(aside.name + path.name.removeprefix(target.name))))
            path.rename(moved[-1][1])
        shutil.move(new, target)
    except OSError:
        for path, there in moved:
            if there.exists():
                there.rename(path)
        raise
    return aside if target in old else None
