"""The ledger's figures: postings beside bare inserts, pages of long accounts, a month confirmed, fsck.

`python run.py bench points`. Makes its databases in temporary folders and takes them away again.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

import db
import db.engine
import settings
from bench.ledger_rows import Rows, put, table
from bench.tables import Figures, milliseconds, percentile
from db import awards, ledger_check, people, points, setup, statements
from db.ledger import Cause, NewLot, lock, post
from db.models import LedgerTransferRow, LedgerTxnRow, PointLotRow
from domain.awards import expires_on
from domain.clock import local_date, now
from domain.ids import new_id
from domain.ledger import Move, award_moves
from domain.points import Account, Posting
from settings import Settings
from tests.builders import NOW, World, make_world
from tests.db.ledger_machine import verified_record
from tests.postgres import fresh_database, serve

TURNS, POSTINGS, VOLUNTEERS = 5, 100, 2490
LEDGERS = ((250_000, 2_500), (10_000, 250_000))  # transactions, people; four accounts each


@contextmanager
def _fresh(server: str | None) -> Iterator[World]:
    with (
        tempfile.TemporaryDirectory(prefix="linli-bench-") as folder,
        fresh_database(server) if server else nullcontext(None) as url,
    ):
        data = Path(folder) / "linli-data"
        data.mkdir()
        used = settings.use(Settings(data_dir=data, database_url=url))
        if used.is_sqlite:
            used.real_file.touch()
        setup.prepare(now=NOW)
        try:
            yield make_world()
        finally:
            db.engine.dispose()


def _people(world: World, count: int) -> list[UUID]:
    def make(tx: Session) -> list[UUID]:
        new = (f"居民{n}" for n in range(count))
        return [people.insert_person(tx, community_id=world.community, name=name, now=NOW) for name in new]

    return db.run(make)


def _posting(tx: Session, world: World, who: UUID, number: int) -> None:
    """Award 2 points and an hour: what a confirmed record posts."""
    ledger, lot = lock(tx, world.community, people=[who], now=NOW), new_id()
    available, debt = ledger.of(Account.AVAILABLE, who), ledger.of(Account.DEBT, who)
    moves = award_moves(ledger.of(Account.ISSUANCE), available, debt, 20, lot)
    moves.append(Move(ledger.of(Account.HOURS_WORLD).id, ledger.of(Account.HOURS, who).id, 60))
    cause = Cause(Posting.AWARD, f"bench:{number}", "record", new_id(), NOW)
    post(tx, ledger, cause, moves, lots=[NewLot(lot, available.id, expires_on(local_date(NOW)), 20)], now=NOW)


def _bare(tx: Session, world: World, ends: Sequence[UUID], number: int) -> None:
    """Insert rows of the same shape, with nothing checked, locked or counted."""
    txn, seq = new_id(), 10_000_000 + number
    base: dict[str, Any] = {"community_id": world.community, "seq": seq}
    told: dict[str, Any] = {
        "kind": "award",
        "once": f"bare:{number}",
        "effective_at": NOW,
        "posted_at": NOW,
        "source_type": "record",
    }
    tx.execute(insert(table(LedgerTxnRow)), base | told | {"id": txn, "source_id": txn, "prev_hash": "", "hash": ""})
    lot: dict[str, Any] = {"id": new_id(), "community_id": world.community, "account_id": ends[1], "earned_txn": txn}
    lot |= {"expires_on": local_date(NOW), "original": 20, "remaining": 20, "held": 0}
    tx.execute(insert(table(PointLotRow)), lot)
    lines = []
    for line, (source, target, unit) in enumerate(((ends[0], ends[1], "PT"), (ends[2], ends[3], "MIN")), 1):
        line_of = {"line_no": line, "from_account": source, "to_account": target, "unit": unit, "amount": 1}
        after = {"from_balance": 0, "from_version": seq, "to_balance": 0, "to_version": seq, "lot_id": None}
        lines.append(base | line_of | after)
    tx.execute(insert(table(LedgerTransferRow)), lines)


def _seconds(command: Callable[[int], Any], numbers: Iterable[int]) -> list[float]:
    took = []
    for number in numbers:
        start = time.perf_counter()
        command(number)
        took.append(time.perf_counter() - start)
    return took


def _postings(figures: Figures, engine: str, world: World) -> None:
    [who] = _people(world, 1)
    db.run(_posting, world, who, -1)
    held = db.run(lock, world.community, people=[who], now=NOW)
    communal = (held.of(Account.ISSUANCE).id, held.of(Account.HOURS_WORLD).id)
    ends = [communal[0], held.of(Account.AVAILABLE, who).id, communal[1], held.of(Account.HOURS, who).id]
    posted: list[float] = []
    bare: list[float] = []
    for turn in range(TURNS):  # by turns, so that both meet the same machine
        numbers = range(turn * POSTINGS, (turn + 1) * POSTINGS)
        posted += _seconds(lambda number: db.run(_posting, world, who, number), numbers)
        bare += _seconds(lambda number: db.run(_bare, world, ends, number), numbers)
    for what, took in (("postings", posted), ("bare inserts", bare)):
        figures.add(engine, what, len(took) / sum(took), "/s")
        figures.add(engine, f"{what}, p95", milliseconds(percentile(took, 0.95)), "ms")
    figures.add(engine, "postings / bare inserts", sum(bare) / sum(posted), "x")


def _month(figures: Figures, engine: str, world: World) -> None:
    who = _people(world, VOLUNTEERS)
    made = db.run(lambda tx: [verified_record(tx, world, one, 60, NOW) for one in who])
    start = time.perf_counter()
    for first in range(0, len(made), awards.MOST_AT_ONCE):
        batch = made[first : first + awards.MOST_AT_ONCE]
        db.run(awards.confirm_many, actor=world.coordinator, record_ids=batch, now=NOW)
    figures.add(engine, f"a month of {VOLUNTEERS:,} records confirmed", time.perf_counter() - start, "s")


def _median_ms(query: Callable[[], Any]) -> float | None:
    return milliseconds(percentile(_seconds(lambda _: query(), range(9)), 0.5))


def _long(figures: Figures, engine: str, world: World, rows: Rows) -> None:
    put(world.community, rows, start=NOW - timedelta(days=300))
    if db.engine.get().dialect.name == "postgresql":
        db.run(lambda tx: tx.execute(text("ANALYZE")))  # as autovacuum does a minute after
    who, actor = rows.people[0], world.coordinator
    page = _median_ms(lambda: db.read(statements.statement, actor=actor, person_id=who))
    figures.add(engine, f"statement of {rows.lines_of_first:,} lines, first page", page, "ms")
    middle = rows.lines_of_first // 2
    deep = _median_ms(lambda: db.read(statements.statement, actor=actor, person_id=who, before=middle))
    figures.add(engine, f"statement of {rows.lines_of_first:,} lines, middle", deep, "ms")
    listed = _median_ms(lambda: db.read(points.balances, actor=actor, community_id=world.community))
    figures.add(engine, f"balances of {len(rows.people) * 4:,} accounts, a page", listed, "ms")
    start = time.perf_counter()
    wrong = db.read(lambda session: sum("服务记录" not in line for line in ledger_check.problems(session)))
    figures.add(engine, f"fsck of {rows.count:,} transactions", time.perf_counter() - start, "s")
    figures.add(engine, f"fsck of {rows.count:,} transactions, found wrong", wrong, "")


def run(*, json: Path | None = None) -> None:
    figures = Figures("points", now())
    try:
        with serve() as server:
            for engine, url in (("SQLite", None), ("PG", server)):
                for measure in (_postings, _month):
                    with _fresh(url) as world:
                        measure(figures, engine, world)
                for count, people_count in LEDGERS:
                    with _fresh(url) as world:
                        _long(figures, engine, world, Rows(count, people_count))
    finally:
        if json:
            figures.write(json)
