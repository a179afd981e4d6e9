"""Anchors: what the ledger's chains ended with, day after day, in files beside the database.

A chain shows that no row in its middle was changed; only somebody who remembers its end can tell that the end
was cut off, or that all of it was written anew. Each day has a file of its own, which is only ever added to.
"""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

import settings
from db.ledger import heads
from db.ledger_check import check_anchor
from db.models import AreaRow
from domain.clock import local_date


class Anchor(NamedTuple):
    community_id: UUID
    seq: int
    hash: str


def folder() -> Path:
    return settings.current().data_dir / "anchors"


def write(ends: dict[UUID, tuple[int, str]], *, now: datetime) -> Path:
    """Add the day's line for each community; on the disk when this returns."""
    file = folder() / f"{local_date(now).isoformat()}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{_line(now, community, *end)}\n" for community, end in sorted(ends.items()))
    with file.open("ab") as target:
        target.write(lines.encode())
        target.flush()
        os.fsync(target.fileno())
    _flush_folder(file.parent)
    return file


def _line(now: datetime, community_id: UUID, seq: int, digest: str) -> str:
    return json.dumps({"at": now.isoformat(), "community": community_id.hex, "seq": seq, "hash": digest})


def _flush_folder(path: Path) -> None:
    """Have the disk hold the new name too; Windows can't open a folder, and needs none of it."""
    if os.name == "posix":
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def problems(session: Session, kept: Path | None = None) -> Iterator[str]:
    """Compare the chains with the newest anchor of each community, or with all in a copy kept elsewhere."""
    names = {row.id: row.name for row in session.execute(select(AreaRow.id, AreaRow.name))}
    ends, done = heads(session), set[UUID]()
    for file in _files(kept or folder()):
        if kept is None and done >= ends.keys():
            return
        for number, anchor in _read(file):
            if anchor is None:
                yield f"留存的校验值 {file.name} 第 {number} 行无法读出"
            # of another database: a demo, say, that was here before
            elif anchor.community_id in names and (kept or anchor.community_id not in done):
                done.add(anchor.community_id)
                if wrong := check_anchor(session, *anchor):
                    yield f"{names[anchor.community_id]}积分账{wrong}（{file.name}）"


def _files(kept: Path) -> Iterable[Path]:
    """List the files of a folder, or the one there is, the newest day first."""
    return [kept] if kept.is_file() else sorted(kept.glob("*.jsonl"), reverse=True)


def _read(file: Path) -> Iterator[tuple[int, Anchor | None]]:
    """Give the lines with their numbers, the newest first; None for what is no anchor."""
    lines = list(enumerate(file.read_bytes().splitlines(), 1))
    for number, line in reversed(lines):
        try:
            told = json.loads(line)
            yield number, Anchor(UUID(told["community"]), int(told["seq"]), str(told["hash"]))
        except (ValueError, TypeError, LookupError, AttributeError):
            yield number, None
