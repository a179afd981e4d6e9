"""Days of 平安守望 played at random on a virtual clock, a database of its own a story; each day is held to its rules.

`python run.py soak checkins`. What breaks prints the seed of its story: `--seed N --days 20` plays it again.
"""

import os
import pickle
import random
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy import text

import db
import db.engine
import settings
from bench import care_rules
from bench.care_rules import Life
from db import absences, care_plans, elders, handovers, looks
from db import setup as installation
from db.incident_steps import resolve
from db.models import ElderRow
from domain.access import Actor
from domain.care import MAKE_AT_HOUR, AbsenceKind, Duty, LeaveReason, Look, Scope, Slot, Source, Tier
from domain.clock import at_local, local_date
from domain.errors import Refused
from domain.ids import new_id, new_key
from domain.incidents import Found, Method
from domain.windows import SlotPlan, days_made
from jobs import windows as job
from settings import Settings
from tests.builders import LONG_AGO, World, make_world
from tests.db import caring

DAYS_A_STORY = 20
FIRST_DAY = date(2026, 11, 23)
BEGINNING = at_local(FIRST_DAY, time(0)) - timedelta(hours=8)  # the evening before is still to come
ELDERS, MOST_ELDERS = 3, 6
OPENS = {Slot.MORNING: 7 * 60, Slot.EVENING: 18 * 60}
LOOKERS = ("volunteer", "volunteer2", "grid_worker", "building_head", "grid_lead")
# when the worker looks; in life it is every second
TICKS = (425, 480, 545, 555, 605, 635, 1085, 1205, 1265, 1360)
SEEN = (Look.OK, Look.TALKED, Look.UNCLEAR, Look.CLOSED, None)
HOW_OFTEN = (80, 3, 5, 3, 9)
SIGNALS = (Look.WEAK, Look.NONE, Look.OFFLINE, Look.FINE, Look.HELP)


@dataclass
class Story:
    """One world, a few elders, and what the rules have to know of what was done."""

    seed: int
    world: World
    dice: random.Random = field(init=False)
    lives: list[Life] = field(default_factory=list)
    down_until: datetime | None = None
    jumped: bool = False
    made: set[date] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    @property
    def desk(self) -> Actor:
        return self.world.coordinator

    def do(self, command: Callable[..., Any], **call: Any) -> Any:
        """Try a command; a refusal is part of life, and leaves everything as it was."""
        try:
            return db.run(command, **call)
        except Refused:
            return None


def play(seed: int, days: int, base: Path) -> list[str]:
    """Play one story and say what broke."""
    with tempfile.TemporaryDirectory(prefix="linli-care-", dir=_memory()) as folder:
        data = Path(folder) / "linli-data"
        data.mkdir()
        used = settings.use(Settings(data_dir=data))
        shutil.copy(base / "linli.sqlite3", used.real_file)
        shutil.copy(base.parent / "linli-data.key", Path(folder))
        try:
            return _story(_begin(seed, base), days)
        except Exception as error:  # the seed has to be told with it
            return [f"seed {seed}: {type(error).__name__}: {error}"]
        finally:
            db.engine.dispose()


def _story(story: Story, days: int) -> list[str]:
    for life in story.lives:
        _set_plan(story, life, BEGINNING)
    for n in range(days):
        day = FIRST_DAY + timedelta(days=n)
        _day(story, day)
        if wrong := db.read(care_rules.problems, day=day, lives=story.lives, jumped=story.jumped):
            return [f"seed {story.seed}, {day}: {line}" for line in wrong]
    return []


def _day(story: Story, day: date) -> None:
    """Let a day pass: what people do and when the worker looks, in the order of their moments."""
    midnight = at_local(day, time(0))
    story.jumped = False
    planned: list[tuple[datetime, int, Callable[[datetime], None]]] = []

    def plan(minute: float, does: Callable[[datetime], None]) -> None:
        planned.append((midnight + timedelta(minutes=minute), len(planned), does))

    for minute in TICKS:
        plan(minute, partial(_tick, story))
    for life in story.lives:
        _plan_life(story, life, day, plan)
    for chance, change in _CHANGES:
        if story.dice.random() < chance:
            plan(story.dice.uniform(0, 1439), partial(change, story))
    for moment, _, does in sorted(planned, key=lambda one: one[:2]):
        does(moment)
    story.down_until = None
    _work(story, midnight + timedelta(days=1, minutes=-1))  # at the end of the day the worker is there, whatever was


def _plan_life(story: Story, life: Life, day: date, plan: Callable[..., None]) -> None:
    dice = story.dice
    for slot, opens in OPENS.items():
        what = dice.choices(SEEN, HOW_OFTEN)[0]
        if what is not None:
            plan(opens + dice.uniform(-10, 170), partial(_look, story, life, day, slot, what))
        if dice.random() < 0.05:
            more = partial(_look, story, life, day, slot, dice.choice(SEEN[:4]))
            plan(opens + dice.uniform(0, 300), more)
    if dice.random() < 0.06:
        plan(dice.uniform(0, 1439), partial(_signal, story, life, dice.choices(SIGNALS, (5, 3, 5, 3, 1))[0]))


# --- the worker ------------------------------------------------------------------------------------------


def _tick(story: Story, now: datetime) -> None:
    if story.down_until is None and story.dice.random() < 0.02:
        story.down_until = now + timedelta(minutes=story.dice.uniform(0, 180))
    if story.down_until is not None and now < story.down_until:
        return
    story.down_until = None
    if story.dice.random() < 0.01:  # the machine's clock is wrong for a while
        story.jumped = True
        now += timedelta(minutes=story.dice.uniform(-120, 120))
    _work(story, now)


def _work(story: Story, now: datetime) -> None:
    """Do what the worker does in a minute; the days that are made are asked for no more, which saves time only."""
    wanted = set(days_made(now, MAKE_AT_HOUR)) - story.made
    if wanted:
        job.make(now)
        job.settle(now)
        story.made |= wanted
    job.sweep(now)


# --- what people do --------------------------------------------------------------------------------------


def _look(story: Story, life: Life, day: date, slot: Slot, what: Look, now: datetime) -> None:
    """Look in; now and then out of reach, so that it arrives late, twice, or is taken back."""
    dice = story.dice
    row = db.run(lambda tx: caring.window_in(tx, life.id, day, slot))
    if row is None:
        return
    who = next((a for a in story.world.actors.values() if a.user_id == row.looker_id), story.desk)
    source = Source.CALL if what is Look.TALKED and dice.random() < 0.5 else Source.ROUND
    call = {"actor": who, "look": what, "source": source, "window_id": row.id, "at": now, "observation_id": new_id()}
    arrives = now + timedelta(minutes=dice.choice((0, 0, 0, 0, 3, 40, 300)))
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        story.do(looks.observe, **call, now=arrives)
    if dice.random() < 0.06:
        taken = {"observation_id": call["observation_id"], "undo_id": new_id(), "at": now + timedelta(seconds=6)}
        for _ in range(dice.choice((1, 3))):
            story.do(looks.undo, actor=who, **taken, now=arrives + timedelta(seconds=6))


def _signal(story: Story, life: Life, what: Look, now: datetime) -> None:
    source = Source.ELDER if what in (Look.HELP, Look.FINE) else Source.DEVICE
    call = {"look": what, "source": source, "elder_id": life.id, "at": now, "observation_id": new_id()}
    story.do(looks.observe, actor=None, **call, now=now)


def _join(story: Story, now: datetime) -> None:
    if len(story.lives) >= MOST_ELDERS:
        return
    number = len(story.lives) + 1
    made = caring.enrolled(story.world, number, now=now, tier=story.dice.choice(list(Tier)))
    story.lives.append(Life(made.id, {slot.value: opens for slot, opens in OPENS.items()}))
    life = story.lives[-1]
    for duty, name in zip(Duty, story.dice.sample(LOOKERS, 2), strict=True):
        _set_duty(story, life, duty, name, now)
    _consent(story, life, now)
    _set_plan(story, life, now)


def _set_duty(story: Story, life: Life, duty: Duty, name: str | None, now: datetime) -> None:
    user = story.world.actors[name].user_id if name else None
    call = {"actor": story.desk, "elder_id": life.id, "duty": duty, "user_id": user, "key": new_key(), "now": now}
    story.do(care_plans.set_duty, **call)


def _consent(story: Story, life: Life, now: datetime) -> None:
    call = {"actor": story.desk, "elder_id": life.id, "scope": Scope.WATCH, "key": new_key(), "now": now}
    if story.do(care_plans.consent, **call, granted_on=FIRST_DAY - timedelta(days=30)):
        life.note(now, agreed=True)


def _set_plan(story: Story, life: Life, now: datetime) -> None:
    dice = story.dice
    chosen = dice.choice(([Slot.MORNING], [Slot.MORNING, Slot.EVENING], [Slot.EVENING]))
    plans = [
        SlotPlan(slot, OPENS[slot], OPENS[slot] + dice.choice((60, 120, 180)), dice.choice((0, 30, 60)), days)
        for slot in chosen
        for days in [dice.choice((127, 127, 127, 31, 96))]
    ]
    version = _version(life.id)
    call = {"actor": story.desk, "elder_id": life.id, "slots": plans, "expected_version": version}
    if story.do(care_plans.set_slots, **call, key=new_key(), now=now):
        life.note(now, plan={plan.slot.value: plan.weekdays for plan in plans})


def _version(elder_id: UUID) -> int:
    return int(db.run(lambda tx: tx.get_one(ElderRow, elder_id).version))


def _one(story: Story) -> Life:
    return story.dice.choice(story.lives)


def _replan(story: Story, now: datetime) -> None:
    _set_plan(story, _one(story), now)


def _reassign(story: Story, now: datetime) -> None:
    name = story.dice.choice((*LOOKERS, None))
    _set_duty(story, _one(story), story.dice.choice(list(Duty)), name, now)


def _withdraw(story: Story, now: datetime) -> None:
    life = _one(story)
    call = {"actor": story.desk, "elder_id": life.id, "scope": Scope.WATCH, "key": new_key(), "now": now}
    if story.do(care_plans.withdraw, **call):
        life.note(now, agreed=False)


def _agree(story: Story, now: datetime) -> None:
    _consent(story, _one(story), now)


def _leave(story: Story, now: datetime) -> None:
    life = _one(story)
    call = {"actor": story.desk, "elder_id": life.id, "reason": LeaveReason.MOVED, "key": new_key(), "now": now}
    if story.do(elders.leave, **call, expected_version=_version(life.id)):
        life.note(now, gone=True)


def _go_away(story: Story, now: datetime) -> None:
    """Go away: told before, or only when already gone; sick, or to the family; sometimes back early."""
    life, dice = _one(story), story.dice
    start = now + timedelta(hours=dice.uniform(-3, 24))
    until = max(start, now) + timedelta(hours=dice.choice((1, 12, 40, 100)))
    kind = dice.choice(list(AbsenceKind))
    call = {"elder_id": life.id, "kind": kind, "from_at": start, "until_at": until, "told_by": "家属"}
    told = story.do(absences.report, actor=story.desk, **call, key=new_key(), now=now)
    if told:
        life.away.append(care_rules.Told(told.id, start, until, now))


def _come_back(story: Story, now: datetime) -> None:
    life = _one(story)
    for told in life.away:
        if told.until > now:
            command = story.dice.choice((absences.end_early, absences.cancel))
            held = db.read(absences.get, told.id)
            call = {"actor": story.desk, "absence_id": told.id, "expected_version": held.version}
            if story.do(command, **call, key=new_key(), now=now):
                told.ended = now
            return


def _give_away(story: Story, now: datetime) -> None:
    dice = story.dice
    day = local_date(now + timedelta(hours=dice.uniform(8, 40)))
    giver, taker = (story.world.actors[name] for name in dice.sample(LOOKERS, 2))
    to = dice.choice((taker.user_id, taker.user_id, None))
    call = {"day": day, "slot": dice.choice(list(Slot)), "to_id": to, "key": new_key(), "now": now}
    made = story.do(handovers.offer, actor=giver, **call)
    if made and to and dice.random() < 0.7:
        answer = dice.choice((handovers.accept, handovers.decline))
        moment = now + timedelta(minutes=dice.uniform(0, 60))
        answered = {"handover_id": made.id, "expected_version": made.version, "key": new_key(), "now": moment}
        story.do(answer, actor=taker, **answered)


def _resolve(story: Story, now: datetime) -> None:
    for incident in db.run(care_rules.running):
        found = story.dice.choice(list(Found))
        call = {"actor": story.desk, "incident_id": incident.id, "expected_version": incident.version}
        story.do(resolve, **call, found=found, method=Method.TALKED, key=new_key(), now=now)


_CHANGES: tuple[tuple[float, Callable[[Story, datetime], None]], ...] = (
    (0.10, _join),
    (0.15, _replan),
    (0.15, _reassign),
    (0.06, _withdraw),
    (0.06, _agree),
    (0.03, _leave),
    (0.20, _go_away),
    (0.15, _come_back),
    (0.15, _give_away),
    (0.50, _resolve),
)


# --- many of them ----------------------------------------------------------------------------------------


def _memory() -> str | None:
    """Lay the databases into memory where there is such a folder: nobody needs them tomorrow."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def make_base(folder: Path) -> Path:
    """Make the database that each story begins with: the cast of the tests, and a few elders."""
    data = folder / "linli-data"
    data.mkdir()
    used = settings.use(Settings(data_dir=data))
    used.real_file.touch()
    installation.prepare(now=LONG_AGO)
    story = Story(0, make_world())
    for _ in range(ELDERS):
        _join(story, BEGINNING)
    (folder / "cast").write_bytes(pickle.dumps((vars(story.world), story.lives)))
    with db.engine.get().connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    db.engine.dispose()
    return data


def _begin(seed: int, base: Path) -> Story:
    cast, lives = pickle.loads((base.parent / "cast").read_bytes())
    return Story(seed, World(**cast), lives=lives)


def run(days: int, seed: int) -> int:
    """Play so many days in stories of twenty; print what broke, and give 0 if nothing did."""
    started, count, faults = monotonic(), max(1, days // DAYS_A_STORY), 0
    with tempfile.TemporaryDirectory(prefix="linli-soak-", dir=_memory()) as folder:
        base = make_base(Path(folder))
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            for told in pool.map(partial(play, days=DAYS_A_STORY, base=base), range(seed, seed + count)):
                faults += len(told)
                if told:
                    print(*told, sep="\n", flush=True)
    print(f"checkins: {count * DAYS_A_STORY} days, {monotonic() - started:.0f} s, {faults} faults", flush=True)
    return 1 if faults else 0
