"""A file into the database: chunk by chunk, good rows in, bad rows out with their reasons."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

import db
from db import imports
from db.crypto import mac_hex
from db.import_batches import keep_mapping, mapping_of
from domain.access import Actor
from domain.areas import Area
from domain.errors import Refused
from domain.imports import Counts, Incoming
from files.parse import BadRow, GoodRow, Parsed, parse
from files.reading import Source
from files.rows import ImportRow, content, identity

Progress = Callable[[int, int], None]  # rows done, rows at most


@dataclass
class Run:
    """One import under way. Going through `bad_rows` does the work; then `counts` is final."""

    parsed: Parsed
    actor: Actor
    community: Area
    source: str
    now: datetime
    progress: Progress = lambda _done, _all: None
    batch_id: UUID | None = None
    counts: Counts = field(default_factory=Counts)

    def bad_rows(self) -> Iterator[BadRow]:
        self.batch_id = db.run(
            imports.start,
            actor=self.actor,
            community=self.community,
            source=self.source,
            file_name=self.parsed.filename,
            now=self.now,
        )
        done = unread = 0
        for chunk in _chunks(self.parsed.rows()):
            good = [row for row in chunk if isinstance(row, GoodRow)]
            bad = [row for row in chunk if isinstance(row, BadRow)]
            unread += len(bad)
            yield from bad
            yield from self._store(good)
            done += len(chunk)
            self.progress(done, max(self.parsed.about, done))
        self.counts = db.run(imports.finish, batch_id=self.batch_id, unread=unread, now=self.now)
        mapping = {c.header: c.target for c in self.parsed.mapping.columns if c.target}
        db.run(keep_mapping, source=self.source, mapping=mapping, now=self.now)

    def _store(self, good: list[GoodRow]) -> Iterator[BadRow]:
        if not good or self.batch_id is None:
            return
        rows = [incoming(row.value) for row in good]
        _, turned = db.run(imports.store, actor=self.actor, batch_id=self.batch_id, rows=rows, now=self.now)
        for one in turned:
            yield self.parsed.refuse(good[one.place], one.field, one.reason)


def _chunks(rows: Iterator[GoodRow | BadRow]) -> Iterator[tuple[GoodRow | BadRow, ...]]:
    while chunk := tuple(islice(rows, imports.CHUNK)):
        yield chunk


def open_file(
    source_file: Source, *, filename: str, source: str = "", overrides: Mapping[str, str] | None = None
) -> Parsed:
    """Understand a file, with the mapping kept for its source under what is asked for now."""
    kept = db.read(mapping_of, source) if source.strip() else {}
    if kept and not overrides:
        try:
            return parse(source_file, filename=filename, overrides=kept)
        except Refused:
            kept = {}  # another table than last time under the same name: guess afresh
    return parse(source_file, filename=filename, overrides={**kept, **(overrides or {})} or None)


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
