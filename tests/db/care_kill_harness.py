"""Two workers killed with SIGKILL again and again while windows fall due: is anybody missed, or told again for nothing?

The caller has the gateway and looks on; `python -m tests.db.care_kill_harness FOLDER KILLS [URL]` is the nursery
that forks the workers and kills them. It has no threads of its own, so that a fork is clean. When it has killed
enough, it lets two workers live until it is ended.
"""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

import db
import db.engine
import settings
from db import areas, channels, fsck, people, stat_checkin_writes, windows
from db.models import CheckWindowRow, ElderRow, IncidentRow, OutboxRow
from domain import clock
from domain.areas import Level
from domain.care import Sign, Slot, Tier, WindowState
from domain.clock import local_date
from domain.delivery import LEASE, SEND_SECONDS
from domain.errors import Busy
from domain.ids import new_id, new_key
from domain.messages import AGAIN
from domain.outbox import ChannelKind, MessageState, Template
from jobs import care
from jobs.sending import Sending
from jobs.windows import BATCH
from settings import Settings
from tests.builders import World
from tests.gateway import Gateway

ROOT = Path(__file__).parent.parent.parent
GRIDS = 20  # each with a robot of its own: one takes twenty messages a minute
WORKERS = 2
PATIENCE_SECONDS = 240  # what was under way comes again after half a minute, a robot takes twenty a minute
MOST_TURNS, MOST_SECONDS = 3, 0.2  # a worker is killed somewhere in its first turns
# each repeat is one crash's: nobody takes a message up again before the dead sender's lease is over
A_LEASE = (LEASE - timedelta(seconds=SEND_SECONDS)).total_seconds()
_NUMBER = re.compile(r"Y\d{4,}")


# --- the nursery -------------------------------------------------------------------------------------


@dataclass
class Child:
    """A worker of the nursery, and the pipe by which it says that it is through one turn more."""

    pid: int
    turns: int  # the end of the pipe that is read


def main(folder: Path, kills: int, url: str | None = None) -> int:
    used = Settings(data_dir=folder / "linli-data", database_url=url)
    workers = [_start(used) for _ in range(WORKERS)]
    signal.signal(signal.SIGTERM, lambda *_: _end(workers))
    for number in range(kills):
        one = number % WORKERS
        for _ in range(random.randint(0, MOST_TURNS)):
            os.read(workers[one].turns, 1)
        time.sleep(random.uniform(0, MOST_SECONDS))
        _kill(workers[one])
        workers[one] = _start(used)
    sys.stdout.write("enough\n")
    sys.stdout.flush()
    while True:
        signal.pause()


def _start(used: Settings) -> Child:
    turns, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            random.seed()
            settings.use(used)
            _work(tell)
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(tell)
    return Child(pid, turns)


def _work(tell: int) -> None:
    """Do what a worker does, but without its leases: both are at everything at once, which is worse than life."""
    sending, moved = Sending(clock.now), 0
    os.set_blocking(tell, False)
    while True:
        with contextlib.suppress(Busy):  # a worker logs it and goes on
            moved = db.run(windows.sweep, now=clock.now(), limit=BATCH).moved
            care.escalate(clock.now())
        sending.look(clock.now())
        with contextlib.suppress(BlockingIOError):
            os.write(tell, b".")
        if not moved:
            time.sleep(0.05)


def _kill(child: Child) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)
    os.waitpid(child.pid, 0)
    os.close(child.turns)


def _end(workers: list[Child]) -> None:
    for child in workers:
        _kill(child)
    os._exit(0)


# --- what falls due ----------------------------------------------------------------------------------


def make_due(world: World, gateway: Gateway, count: int, first: datetime, over: timedelta) -> None:
    """Make so many elders whose windows run out one after another in this time, and robots for their grids."""
    grids = db.run(_grids, world=world)
    for number, grid in enumerate(grids):
        call: dict[str, Any] = {
            "area_id": grid,
            "kind": ChannelKind.WECOM,
            "name": "网格群",
            "address": gateway.url(f"g{number}"),
        }
        db.run(channels.create, actor=world.admin, key=new_key(), now=first, **call)
    db.run(_elders, world=world, grids=grids, moments=[first + over * n / count for n in range(count)])


def _grids(tx: Session, world: World) -> list[UUID]:
    made = (
        areas.insert_area(tx, level=Level.GRID, name=f"试验{n}网格", parent_id=world.community) for n in range(GRIDS)
    )
    return [area.id for area in made]


def _elders(tx: Session, world: World, grids: list[UUID], moments: list[datetime]) -> None:
    places = [areas.place_columns(tx, grid) for grid in grids]
    made: list[dict[str, Any]] = []
    for number, moment in enumerate(moments, 1):
        place = places[number % GRIDS]
        call: dict[str, Any] = {"community_id": world.community, "name": f"老人{number}", "now": moment}
        person = people.insert_person(tx, **call)
        elder, window = new_id(), new_id()
        row = {**place, "id": elder, "number": number, "person_id": person, "sign": Sign.CURTAIN.value}
        tx.execute(insert(ElderRow).values(**row, tier=Tier.B.value, joined_on=local_date(moment)))
        times = {"opens_at": moment - timedelta(hours=2), "due_at": moment - timedelta(minutes=30)}
        state = {"state": WindowState.UNCHECKED.value, "grace_until": moment, "next_at": moment}
        kinds = {"slot": Slot.MORNING.value, "sign": Sign.CURTAIN.value, "tier": Tier.B.value}
        where = {"community_id": world.community, "area_path": place["area_path"], "grid_id": place["grid_id"]}
        made.append({"id": window, "elder_id": elder, "day": local_date(moment), **times, **state, **kinds, **where})
    stat_checkin_writes.touch_windows(tx, [one["id"] for one in made], new=True)
    tx.execute(insert(CheckWindowRow), made)


# --- looking on --------------------------------------------------------------------------------------


@dataclass
class Seen:
    """When each incident was first there for others to see, and what went wrong."""

    opened: dict[str, float] = field(default_factory=dict)
    kills: int = 0
    count: int = 0
    faults: list[str] = field(default_factory=list)
    to_incident: list[float] = field(default_factory=list)
    to_message: list[float] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)  # how often each message came again

    def told(self) -> str:
        late = f"{_spread(self.to_incident)}; accepted after {_spread(self.to_message)}"
        again = (
            f"{sum(n > 0 for n in self.repeats)} told again, {sum(n > 1 for n in self.repeats)} of them twice or more"
        )
        return f"{self.kills} kills, {self.count} windows: incident after {late}; {again}; {len(self.faults)} faults"


def _spread(seconds: list[float]) -> str:
    ranked = sorted(seconds) or [0.0]
    p50, p99 = (ranked[min(int(len(ranked) * part), len(ranked) - 1)] for part in (0.5, 0.99))
    return f"p50 {p50:.2f} p99 {p99:.2f} max {ranked[-1]:.2f} s"


def play(
    folder: Path, world: World, gateway: Gateway, *, kills: int, count: int, over_seconds: float, url: str | None = None
) -> Seen:
    """Let windows fall due under workers that are killed, wait until all is said, and look for faults."""
    seen = Seen(kills=kills, count=count)
    first = clock.now() + timedelta(seconds=4 + count / 400)
    make_due(world, gateway, count, first, timedelta(seconds=over_seconds))
    command = [sys.executable, "-m", "tests.db.care_kill_harness", str(folder), str(kills), *([url] if url else [])]
    stop = threading.Event()
    watching = threading.Thread(target=_watch, args=[seen, stop], daemon=True)
    watching.start()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as nursery:
        try:
            assert nursery.stdout is not None
            assert nursery.stdout.readline() == "enough\n"
            _wait_for_all(gateway, count, clock.now() + timedelta(seconds=PATIENCE_SECONDS))
        finally:
            nursery.terminate()
    stop.set()
    watching.join()
    seen.faults += _faults(gateway, count)
    _measure(seen, gateway)
    return seen


def _watch(seen: Seen, stop: threading.Event) -> None:
    """Note from outside when an incident can be read, which is after its commit."""
    while not stop.wait(0.05):
        numbers = db.read(lambda s: s.scalars(select(IncidentRow.number)).all())
        now = time.time()
        for number in numbers:
            seen.opened.setdefault(f"Y{number:04d}", now)


def _wait_for_all(gateway: Gateway, count: int, until: datetime) -> None:
    while clock.now() < until:
        if len(_told(gateway)) >= count and not db.read(_unsent):
            return
        time.sleep(0.2)


def _unsent(session: Session) -> int:
    step = (OutboxRow.template == Template.INCIDENT_STEP, OutboxRow.state != MessageState.ACCEPTED)
    return session.scalar(select(func.count()).select_from(OutboxRow).where(*step)) or 0


def _told(gateway: Gateway) -> dict[str, list[tuple[float, bool]]]:
    """List by incident when its number went out, and whether marked as a repeat; from the gateway's own log."""
    found: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for taken in list(gateway.log):
        for line in taken.text.splitlines() if taken.accepted else ():
            for number in _NUMBER.findall(line):
                found[number].append((taken.at, AGAIN in line))
    return found


def _faults(gateway: Gateway, count: int) -> Iterator[str]:
    windows = db.read(lambda s: Counter(s.scalars(select(CheckWindowRow.state))))
    if windows != Counter({WindowState.ALARM.value: count}):
        yield f"windows: {windows}"
    held = select(IncidentRow.window_id, func.count()).group_by(IncidentRow.window_id)
    incidents = db.read(lambda s: [n for _, n in s.execute(held)])
    if incidents != [1] * count:
        yield f"{len(incidents)} windows have an incident, the most {max(incidents, default=0)}"
    messages = select(OutboxRow.incident_id, func.count()).where(OutboxRow.template == Template.INCIDENT_STEP)
    owed = db.read(lambda s: [n for _, n in s.execute(messages.group_by(OutboxRow.incident_id))])
    if owed != [1] * count:
        yield f"{len(owed)} incidents have a message, the most {max(owed, default=0)}"
    told = _told(gateway)
    if missing := count - len(told):
        yield f"{missing} were never told of; {db.read(_unsent)} still owed"
    for number, times in told.items():
        if any(later - sooner < A_LEASE for (sooner, _), (later, _) in pairwise(times)):
            yield f"{number} was told again before its lease was over: {[round(at) for at, _ in times]}"
        if any(not again for _, again in times[1:]):
            yield f"{number} was repeated without saying so"
    yield from db.read(lambda s: list(fsck.problems(s)))


def _measure(seen: Seen, gateway: Gateway) -> None:
    query = select(IncidentRow.number, CheckWindowRow.grace_until).join(
        CheckWindowRow, CheckWindowRow.id == IncidentRow.window_id
    )
    told = _told(gateway)
    seen.repeats = [len(times) - 1 for times in told.values()]
    for number, deadline in db.read(lambda s: [(n, at) for n, at in s.execute(query)]):
        no, due = f"Y{number:04d}", deadline.timestamp()
        seen.to_incident.append(seen.opened.get(no, time.time()) - due)
        if no in told:
            seen.to_message.append(told[no][0][0] - due)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4]))
