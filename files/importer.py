"""A file into the database: chunk by chunk, good rows in, bad rows out with their reasons."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import db
from db import import_batches, imports
from db.crypto import mac_hex
from db.import_batches import keep_mapping, mapping_of
from domain.access import Actor
from domain.areas import Area
from domain.imports import Counts, Incoming, Turned
from files.parse import BadRow, GoodRow, Parsed, parse
from files.reading import Source
from files.rows import ImportRow, content, identity

Done = tuple[Counts, list[Turned]]
Progress = Callable[[int, int], None]  # rows done, rows at most


class Undone(NamedTuple):
    taken: int
    left: int  # people have worked on them since


@dataclass
class _Pass:
    """One way through a file. Going through `bad_rows` does the work; then `counts` is final."""

    parsed: Parsed
    actor: Actor
    community: Area
    source: str
    now: datetime
    progress: Progress = lambda _done, _all: None
    counts: Counts = field(default_factory=Counts)


@dataclass
class Run(_Pass):
    """An import. With the `batch_id` of one that was broken off it goes on in that batch."""

    batch_id: UUID | None = None

    def start(self) -> UUID:
        """Open the batch, if it is not open yet."""
        if self.batch_id is None:
            self.batch_id = db.run(
                imports.start,
                actor=self.actor,
                community=self.community,
                source=self.source,
                file_name=self.parsed.filename,
                now=self.now,
            )
        return self.batch_id

    def bad_rows(self) -> Iterator[BadRow]:
        batch_id = self.start()

        def store(rows: list[Incoming]) -> Done:
            return db.run(imports.store, actor=self.actor, batch_id=batch_id, rows=rows, now=self.now)

        passed = yield from _through(self.parsed, store, self.progress)
        self.counts = db.run(imports.finish, actor=self.actor, batch_id=batch_id, counts=passed, now=self.now)
        db.run(keep_mapping, source=self.source, mapping=self.parsed.mapping.chosen(), now=self.now)


@dataclass
class Rehearsal(_Pass):
    """The same with nothing written: what would come of the import."""

    def bad_rows(self) -> Iterator[BadRow]:
        def compare(rows: list[Incoming]) -> Done:
            return db.read(
                imports.compare,
                actor=self.actor,
                community=self.community,
                source=self.source,
                rows=rows,
                now=self.now,
            )

        self.counts = yield from _through(self.parsed, compare, self.progress)


def _through(
    parsed: Parsed, do: Callable[[list[Incoming]], Done], progress: Progress
) -> Generator[BadRow, None, Counts]:
    """Take the rows chunk by chunk through `do`; yield the bad ones, and in the end give the counts."""
    total, done = Counts(), 0
    for chunk in _chunks(parsed.rows()):
        good = [row for row in chunk if isinstance(row, GoodRow)]
        bad = [row for row in chunk if isinstance(row, BadRow)]
        yield from bad
        if good:
            counts, turned = do([incoming(row.value) for row in good])
            total += counts
            yield from (parsed.refuse(good[one.place], one.field, one.reason) for one in turned)
        total += Counts(refused=len(bad))
        done += len(chunk)
        progress(done, max(parsed.about, done))
    return total


def _chunks(rows: Iterator[GoodRow | BadRow]) -> Iterator[tuple[GoodRow | BadRow, ...]]:
    while chunk := tuple(islice(rows, imports.CHUNK)):
        yield chunk


def open_file(
    source_file: Source, *, filename: str, source: str = "", overrides: Mapping[str, str] | None = None
) -> Parsed:
    """Understand a file; the mapping kept for its source helps where what is asked for now says nothing."""
    kept = db.read(mapping_of, source) if source.strip() else {}
    return parse(source_file, filename=filename, overrides=overrides, kept=kept)


def undo(*, actor: Actor, batch_id: UUID, now: datetime, progress: Callable[[int], None] = lambda _: None) -> Undone:
    """Take a whole batch back, chunk by chunk; broken off, it goes on where it was."""
    total = 0
    while True:
        taken, left = db.run(import_batches.undo, actor=actor, batch_id=batch_id, now=now, limit=imports.CHUNK)
        total += taken
        if taken < imports.CHUNK:
            return Undone(total, left)
        progress(total)


def incoming(row: ImportRow) -> Incoming:
    """Say the row in the words of the commands."""
    extra = dict(row.extra)
    if row.channel and row.channel_code and row.channel_code.value == "other":
        extra["渠道"] = row.channel
    if row.grid:
        extra.setdefault("网格", row.grid)
    return Incoming(
        # no number of its own: a keyed digest, for the words may be personal
        key=row.external_id or "h:" + mac_hex(identity(row)),
        content=content(row),
        title=row.title,
        description=row.description,
        result=row.result,
        reporter_name=row.reporter_name or "",
        phone=row.phone or "",
        address=row.address or "",
        category=row.category or "",
        subcategory=row.subcategory or "",
        community=row.community or "",
        grid=row.grid or "",
        handler=row.handler or "",
        kind=row.kind,
        matter=row.matter,
        grade=row.grade,
        status=row.status,
        channel=row.channel_code,
        satisfaction=row.satisfaction,
        reported_at=row.reported_at,
        accepted_at=row.accepted_at,
        resolved_at=row.resolved_at,
        closed_at=row.closed_at,
        extra=extra,
    )
