"""Writers killed with SIGKILL in the middle of their work, started again, and what they were told compared.

`python -m tests.db.kill_harness FOLDER ROUNDS [URL]`, on a folder that holds `cast.pickle` and the data.
Each writer orders and cancels in turn, one key a step, and notes a step in its journal once it was
answered. Started again it sends the last step anew: if the commit had gone through and only the
answer was lost, the key gives the old answer.
"""

import contextlib
import os
import pickle
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

import db
import db.engine
import settings
from db import ledger_check, shop
from db.models import CommandKeyRow, LedgerTxnRow, RedemptionRow
from domain.access import Actor
from domain.errors import Busy
from settings import Settings
from tests.builders import NOW

WRITERS = 4


def main(folder: Path, rounds: int, url: str | None = None) -> int:
    """Kill so many rounds of writers, then say what is wrong; nothing if all is well."""
    used = Settings(data_dir=folder / "linli-data", database_url=url)
    settings.use(used)
    till, people, soap = pickle.loads((folder / "cast.pickle").read_bytes())
    absorbed = 0
    for number in range(rounds):
        sent = [_sent(folder, writer) for writer in range(WRITERS)]
        before = db.run(_keys)
        db.engine.dispose()  # a child must not share its parent's connections
        absorbed += sum(f"{w}-{n}" in before for w, n in enumerate(sent))
        children = [_start(folder, used, till, people[w], soap, w, seed=number) for w in range(WRITERS)]
        _kill_in_the_middle(folder, children, sent)
    faults = list(_faults(folder))
    done = sum(_sent(folder, writer) for writer in range(WRITERS))
    told = f"{rounds * WRITERS} kills, {done} transactions, {absorbed} answers lost and found again"
    sys.stdout.write("\n".join([told, *faults, ""]))
    return len(faults)


def _journal(folder: Path, writer: int) -> Path:
    return folder / f"journal-{writer}"


def _sent(folder: Path, writer: int) -> int:
    """Count the steps that this writer was answered; the next one may be committed or not."""
    with contextlib.suppress(FileNotFoundError):
        return len(_journal(folder, writer).read_bytes())
    return 0


def _start(folder: Path, used: Settings, till: Actor, who: UUID, soap: UUID, writer: int, seed: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            random.seed(seed * WRITERS + writer)
            settings.use(used)
            _write(folder, till, who, soap, writer)
        finally:
            os._exit(1)
    return child


def _write(folder: Path, till: Actor, who: UUID, soap: UUID, writer: int) -> None:
    """Order at an even step and cancel at an odd one, until killed."""
    step, journal = _sent(folder, writer), _journal(folder, writer)
    with journal.open("ab", buffering=0) as answered:
        while True:
            number = step - step % 2
            order = _patiently(shop.redeem, till, f"{writer}-{number}", person_id=who, item_id=soap)
            if step % 2:
                call = {"redemption_id": order.id, "expected_version": 1}
                _patiently(shop.cancel, till, f"{writer}-{step}", **call)
            answered.write(b".")
            step += 1


def _patiently(command: Any, actor: Any, key: str, **call: Any) -> Any:
    while True:
        with contextlib.suppress(Busy):
            return db.run(command, actor=actor, key=key, now=NOW, **call)


def _kill_in_the_middle(folder: Path, children: list[int], sent: list[int]) -> None:
    """Wait until a few steps were answered, a moment more, then kill them all without warning."""
    enough, deadline = sum(sent) + random.randint(1, 12), time.monotonic() + 60
    while sum(_sent(folder, w) for w in range(WRITERS)) < enough and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(random.uniform(0, 0.02))
    for child in children:
        os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)


def _keys(session: Session) -> frozenset[str]:
    return frozenset(session.scalars(select(CommandKeyRow.key)))


def _faults(folder: Path) -> Iterator[str]:
    """Compare what was answered with what is there: none lost, none doubled, none out of balance."""
    yield from db.read(lambda session: list(ledger_check.problems(session)))
    there, orders = db.read(_keys), db.read(_counts)
    for writer in range(WRITERS):
        steps = _sent(folder, writer)
        mine = {int(key.partition("-")[2]) for key in there if key.startswith(f"{writer}-")}
        if lost := set(range(steps)) - mine:
            yield f"writer {writer}: answered and lost {sorted(lost)[:5]}"
        if extra := mine - set(range(steps + 1)):
            yield f"writer {writer}: never sent {sorted(extra)[:5]}"
        orders.subtract(Counter({"hold": sum(n % 2 == 0 for n in mine), "release": sum(n % 2 for n in mine)}))
    if any(orders.values()):
        yield f"doubled: {orders}"


def _counts(session: Session) -> Counter[str]:
    kinds = select(LedgerTxnRow.kind, func.count()).where(LedgerTxnRow.kind.in_(("hold", "release")))
    rows = session.execute(kinds.group_by(LedgerTxnRow.kind))
    found = Counter({kind: int(count) for kind, count in rows})
    assert session.scalar(select(func.count()).select_from(RedemptionRow)) == found["hold"]
    return found


def make_ready(folder: Path, till: Actor, people: list[UUID], soap: UUID) -> None:
    (folder / "cast.pickle").write_bytes(pickle.dumps((till, people, soap)))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4]))
