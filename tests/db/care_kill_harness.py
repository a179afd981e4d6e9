"""Two workers killed with SIGKILL again and again while windows fall due: is anybody missed, or told again for nothing?

The caller has the gateway and looks on; `care_nursery` forks the workers and kills them.
"""

import re
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

import db
import db.engine
from db import areas, channels, fsck, people, stat_checkin_writes
from db.models import CheckWindowRow, ElderRow, IncidentRow, OutboxRow
from domain import clock
from domain.areas import Level
from domain.care import Sign, Slot, Tier, WindowState
from domain.clock import local_date
from domain.ids import new_id, new_key
from domain.messages import AGAIN
from domain.outbox import UNSENT, ChannelKind, MessageState, Template
from tests.builders import World
from tests.gateway import Gateway

ROOT = Path(__file__).parent.parent.parent
GRIDS = 20  # each with a robot of its own: one takes twenty messages a minute
PATIENCE_SECONDS = 240  # what was under way comes again after half a minute, a robot takes twenty a minute
_NUMBER = re.compile(r"Y\d{4,}")


# --- what falls due ----------------------------------------------------------------------------------

Place = tuple[UUID, dict[str, Any]]


def make_elders(world: World, gateway: Gateway, count: int) -> list[Place]:
    """Put so many elders on the register, and robots in their grids."""
    now, grids = clock.now(), db.run(_grids, world=world)
    for number, grid in enumerate(grids):
        call: dict[str, Any] = {
            "area_id": grid,
            "kind": ChannelKind.WECOM,
            "name": "网格群",
            "address": gateway.url(f"g{number}"),
        }
        db.run(channels.create, actor=world.admin, key=new_key(), now=now, **call)
    return db.run(_elders, world=world, grids=grids, count=count, now=now)


def _grids(tx: Session, world: World) -> list[UUID]:
    made = (
        areas.insert_area(tx, level=Level.GRID, name=f"试验{n}网格", parent_id=world.community) for n in range(GRIDS)
    )
    return [area.id for area in made]


def _elders(tx: Session, world: World, grids: list[UUID], count: int, now: datetime) -> list[Place]:
    places = [areas.place_columns(tx, grid) for grid in grids]
    made: list[Place] = []
    for number in range(1, count + 1):
        place, elder = places[number % GRIDS], new_id()
        person = people.insert_person(tx, community_id=world.community, name=f"老人{number}", now=now)
        row = {**place, "id": elder, "number": number, "person_id": person, "sign": Sign.CURTAIN.value}
        tx.execute(insert(ElderRow).values(**row, tier=Tier.B.value, joined_on=local_date(now)))
        made.append((elder, place))
    return made


def make_due(tx: Session, elders: list[Place], first: datetime, over: timedelta) -> None:
    """Let their windows run out one after another in this time."""
    made: list[dict[str, Any]] = []
    for number, (elder, place) in enumerate(elders):
        moment = first + over * number / len(elders)
        times = {"opens_at": moment - timedelta(hours=2), "due_at": moment - timedelta(minutes=30)}
        state = {"state": WindowState.UNCHECKED.value, "grace_until": moment, "next_at": moment}
        kinds = {"slot": Slot.MORNING.value, "sign": Sign.CURTAIN.value, "tier": Tier.B.value}
        where = {name: place[name] for name in ("community_id", "area_path", "grid_id")}
        made.append({"id": new_id(), "elder_id": elder, "day": local_date(moment), **times, **state, **kinds, **where})
    stat_checkin_writes.touch_windows(tx, [one["id"] for one in made], new=True)
    tx.execute(insert(CheckWindowRow), made)


# --- looking on --------------------------------------------------------------------------------------


@dataclass
class Seen:
    """When each incident was first there for others to see, and what went wrong."""

    opened: dict[int, float] = field(default_factory=dict)
    kills: int = 0
    killing_seconds: float = 0
    count: int = 0
    over_seconds: float = 0
    faults: list[str] = field(default_factory=list)
    to_incident: list[float] = field(default_factory=list)
    to_message: list[float] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)  # how often each message came again
    in_doubt: int = 0  # left twice without a word from the robot: listed as not sent

    def told(self) -> str:
        """Say it as a table."""
        lines = {
            "kills": f"{self.kills} in {self.killing_seconds:.0f} s",
            "windows due": f"{self.count} in {self.over_seconds:.0f} s",
            "without an incident": f"{self.count - len(self.to_incident)}",
            "never heard at the gateway": f"{self.count - len(self.to_message)}",
            "repeated, marked": f"{sum(n > 0 for n in self.repeats)}, the most {max(self.repeats, default=0)} times",
            "listed as in doubt": f"{self.in_doubt}",
            "deadline to incident": _spread(self.to_incident),
            "deadline to gateway": _spread(self.to_message),
            "faults": f"{len(self.faults)}",
        }
        return "\n".join(f"{name:<28}{said}" for name, said in lines.items())


def _spread(seconds: list[float]) -> str:
    ranked = sorted(seconds) or [0.0]
    p50, p99 = (ranked[min(int(len(ranked) * part), len(ranked) - 1)] for part in (0.5, 0.99))
    return f"p50 {p50:.2f} p99 {p99:.2f} max {ranked[-1]:.2f} s"


def play(
    folder: Path, world: World, gateway: Gateway, *, kills: int, count: int, over_seconds: float, url: str | None = None
) -> Seen:
    """Let windows fall due under workers that are killed, wait until all is said, and look for faults."""
    seen = Seen(kills=kills, count=count, over_seconds=over_seconds)
    elders = make_elders(world, gateway, count)
    command = [sys.executable, "-m", "tests.db.care_nursery", str(folder), str(kills), *([url] if url else [])]
    stop = threading.Event()
    watching = threading.Thread(target=_watch, args=[seen, stop], daemon=True)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as nursery:
        try:
            assert nursery.stdin is not None
            assert nursery.stdout is not None
            assert nursery.stdout.readline() == "ready\n"
            first = clock.now() + timedelta(seconds=2 + count / 1000)
            db.run(make_due, elders=elders, first=first, over=timedelta(seconds=over_seconds))
            watching.start()
            nursery.stdin.write("go\n")
            nursery.stdin.flush()
            began = time.monotonic()
            assert nursery.stdout.readline() == "enough\n"
            seen.killing_seconds = time.monotonic() - began
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
    below = 1  # all of these are known
    while not stop.wait(0.05):
        fresh = select(IncidentRow.number).where(IncidentRow.number >= below)
        numbers, now = db.read(lambda s, fresh=fresh: s.scalars(fresh).all()), time.time()  # type: ignore[misc]
        for number in numbers:
            seen.opened.setdefault(number, now)
        while below in seen.opened:
            below += 1


def _wait_for_all(gateway: Gateway, count: int, until: datetime) -> None:
    while clock.now() < until:
        if len(_told(gateway)) >= count and not db.read(_unsent):
            return
        time.sleep(0.2)


def _unsent(session: Session) -> int:
    step = (OutboxRow.template == Template.INCIDENT_STEP, OutboxRow.state.in_(UNSENT))
    return session.scalar(select(func.count()).select_from(OutboxRow).where(*step)) or 0


def _in_doubt(session: Session) -> int:
    step = (OutboxRow.template == Template.INCIDENT_STEP, OutboxRow.state == MessageState.DEAD)
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
        if len(times) > 2:
            yield f"{number} was told {len(times)} times: {[round(at) for at, _ in times]}"
        if any(not again for _, again in times[1:]):
            yield f"{number} was repeated without saying so"
    yield from db.read(lambda s: list(fsck.problems(s)))


def _measure(seen: Seen, gateway: Gateway) -> None:
    query = select(IncidentRow.number, CheckWindowRow.grace_until).join(
        CheckWindowRow, CheckWindowRow.id == IncidentRow.window_id
    )
    told = _told(gateway)
    seen.repeats = [len(times) - 1 for times in told.values()]
    seen.in_doubt = db.read(_in_doubt)
    for number, deadline in db.read(lambda s: [(n, at) for n, at in s.execute(query)]):
        no, due = f"Y{number:04d}", deadline.timestamp()
        seen.to_incident.append(seen.opened.get(number, time.time()) - due)
        if no in told:
            seen.to_message.append(told[no][0][0] - due)
