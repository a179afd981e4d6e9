"""The ledger's figures: postings beside bare inserts, pages of long accounts, a month confirmed, fsck.

`python run.py bench points`. Makes its databases in temporary folders and takes them away again.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

import db
import db.engine
import settings
from bench.ledger_rows import Rows, put, table
from db import awards, ledger_check, people, points, setup, statements
from db.ledger import Cause, NewLot, lock, post
from db.models import LedgerTransferRow, LedgerTxnRow, PointLotRow
from domain.awards import expires_on
from domain.clock import local_date
from domain.ids import new_id
from domain.ledger import Move, award_moves
from domain.points import Account, Posting
from settings import Settings
from tests.builders import NOW, World, make_world
from tests.db.ledger_machine import verified_record
from tests.postgres import fresh_database, serve

POSTINGS, VOLUNTEERS = 500, 2490


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


def _rate(command: Callable[[int], Any], count: int) -> tuple[float, float]:
    """Give calls a second and the 95th percentile in ms."""
    took = []
    for number in range(count):
        start = time.perf_counter()
        command(number)
        took.append(time.perf_counter() - start)
    return count / sum(took), sorted(took)[int(count * 0.95)] * 1000


def _postings(world: World) -> None:
    [who] = _people(world, 1)
    db.run(_posting, world, who, -1)
    held = db.run(lock, world.community, people=[who], now=NOW)
    communal = (held.of(Account.ISSUANCE).id, held.of(Account.HOURS_WORLD).id)
    ends = [communal[0], held.of(Account.AVAILABLE, who).id, communal[1], held.of(Account.HOURS, who).id]
    posted, p95 = _rate(lambda number: db.run(_posting, world, who, number), POSTINGS)
    bare, bare_p95 = _rate(lambda number: db.run(_bare, world, ends, number), POSTINGS)
    print(f"  postings {posted:.0f}/s, p95 {p95:.1f} ms; bare inserts {bare:.0f}/s, p95 {bare_p95:.1f} ms", flush=True)
    print(f"  postings are {posted / bare:.2f} x bare inserts", flush=True)


def _month(world: World) -> None:
    who = _people(world, VOLUNTEERS)
    made = db.run(lambda tx: [verified_record(tx, world, one, 60, NOW) for one in who])
    start = time.perf_counter()
    for first in range(0, len(made), awards.MOST_AT_ONCE):
        batch = made[first : first + awards.MOST_AT_ONCE]
        db.run(awards.confirm_many, actor=world.coordinator, record_ids=batch, now=NOW)
    print(f"  {VOLUNTEERS:,} records confirmed in {time.perf_counter() - start:.1f} s", flush=True)


def _median_ms(query: Callable[[], Any]) -> float:
    return statistics.median(_rate(lambda _: query(), 1)[1] for _ in range(9))


def _long(world: World, rows: Rows) -> None:
    put(world.community, rows, start=NOW - timedelta(days=300))
    who, actor = rows.people[0], world.coordinator
    page = _median_ms(lambda: db.read(statements.statement, actor=actor, person_id=who))
    middle = rows.lines_of_first // 2
    deep = _median_ms(lambda: db.read(statements.statement, actor=actor, person_id=who, before=middle))
    print(f"  statement of {rows.lines_of_first:,} lines: first page {page:.1f} ms, middle {deep:.1f} ms", flush=True)
    listed = _median_ms(lambda: db.read(points.balances, actor=actor, community_id=world.community))
    print(f"  balances of {len(rows.people) * 4:,} accounts: a page {listed:.1f} ms", flush=True)
    start = time.perf_counter()
    wrong = db.read(lambda session: sum("服务时长" not in line for line in ledger_check.problems(session)))
    print(f"  fsck of {rows.count:,} transactions: {time.perf_counter() - start:.1f} s, {wrong} wrong", flush=True)


def run() -> int:
    with serve() as server:
        for name, url in (("SQLite", None), ("PostgreSQL", server)):
            print(name, flush=True)
            for figures in (_postings, _month):
                with _fresh(url) as world:
                    figures(world)
            for count, people_count in ((250_000, 2_500), (10_000, 250_000)):
                with _fresh(url) as world:
                    _long(world, Rows(count, people_count))
    return 0
