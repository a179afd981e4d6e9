"""Days of 平安守望 played at random on a virtual clock, a database of its own a story; each day is held to its rules.

`python run.py soak checkins`. What breaks prints the seed of its story: `--seed N --days 20` plays it again.
"""

import os
import pickle
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime, time, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

from sqlalchemy import text

import db
import db.engine
import settings
from bench import care_rules
from bench.care_people import (
    BEGINNING,
    CHANGES,
    FIRST_DAY,
    HOW_OFTEN,
    OPENS,
    SEEN,
    SIGNALS,
    Story,
    join,
    look,
    set_plan,
    signal,
)
from bench.care_rules import Life
from db import setup as installation
from domain.care import MAKE_AT_HOUR
from domain.clock import at_local
from domain.windows import days_made
from jobs import windows as job
from settings import Settings
from tests.builders import LONG_AGO, World, make_world

DAYS_A_STORY = 20
ELDERS = 3
OUTAGE = 0.03  # on how many days a long one begins
# when the worker looks; in life it is every second
TICKS = (425, 480, 545, 555, 605, 635, 1085, 1205, 1265, 1360)


def play(seed: int, days: int, base: Path) -> list[str]:
    """Play one story and say what broke."""
    _lay(base)
    try:
        return _story(_begin(seed, base), days)
    except Exception as error:  # the seed has to be told with it
        return [f"seed {seed}: {type(error).__name__}: {error}"]


def _lay(base: Path) -> None:
    """Begin with a fresh copy, always at one place of this process: its engine knows the statements already."""
    data = base.parent / f"played-{os.getpid()}" / "linli-data"
    data.mkdir(parents=True, exist_ok=True)
    used = settings.use(Settings(data_dir=data))
    if used.real_file.exists():
        db.engine.get().dispose()  # its connections, not what it knows
        for file in data.glob("linli.sqlite3*"):
            file.unlink()
    shutil.copy(base / "linli.sqlite3", used.real_file)
    shutil.copy(base.parent / "linli-data.key", data.parent)


def _story(story: Story, days: int) -> list[str]:
    for life in story.lives:
        set_plan(story, life, BEGINNING)
    _work(story, BEGINNING)
    for n in range(days):
        day = FIRST_DAY + timedelta(days=n)
        _day(story, day)
        story.unsettled[day] = story.jumped
        if n + 1 == days and story.down_until is not None:  # the last outage ends the morning after
            story.down_until = None
            _work(story, at_local(day + timedelta(days=1), time(6)))
        if wrong := _settled(story):
            return [f"seed {story.seed}, {line}" for line in wrong]
    return []


def _settled(story: Story) -> list[str]:
    """Hold to the rules the days that are over; those of an outage once the worker is there again."""
    if story.down_until is not None:
        return []
    days, story.unsettled = story.unsettled, {}
    return [
        f"{day}: {line}"
        for day, jumped in days.items()
        for line in db.read(care_rules.problems, day=day, lives=story.lives, jumped=jumped)
    ]


def _day(story: Story, day: date) -> None:
    """Let a day pass: what people do and when the worker looks, in the order of their moments."""
    midnight = at_local(day, time(0))
    story.jumped = False
    if story.down_until is None and story.dice.random() < OUTAGE:  # of a day, or of more than a whole one
        story.down_until = midnight + timedelta(hours=story.dice.uniform(1, 60))
    planned: list[tuple[datetime, int, Callable[[datetime], None]]] = []

    def plan(minute: float, does: Callable[[datetime], None]) -> None:
        planned.append((midnight + timedelta(minutes=minute), len(planned), does))

    for minute in TICKS:
        plan(minute, partial(_tick, story))
    for life in story.lives:
        _plan_life(story, life, day, plan)
    for chance, change in CHANGES:
        if story.dice.random() < chance:
            plan(story.dice.uniform(0, 1439), partial(change, story))
    for moment, _, does in sorted(planned, key=lambda one: one[:2]):
        does(moment)
    end = midnight + timedelta(days=1, minutes=-1)
    if story.down_until is None or story.down_until <= midnight + timedelta(days=1):
        story.down_until = None  # short of a long outage the worker is there at the end of the day, whatever was
        _work(story, end)


def _plan_life(story: Story, life: Life, day: date, plan: Callable[..., None]) -> None:
    dice = story.dice
    for slot, opens in OPENS.items():
        what = dice.choices(SEEN, HOW_OFTEN)[0]
        if what is not None:
            plan(opens + dice.uniform(-10, 170), partial(look, story, life, day, slot, what))
        if dice.random() < 0.05:
            more = partial(look, story, life, day, slot, dice.choice(SEEN[:4]))
            plan(opens + dice.uniform(0, 300), more)
    if dice.random() < 0.06:
        plan(dice.uniform(0, 1439), partial(signal, story, life, dice.choices(SIGNALS, (5, 3, 5, 3, 1))[0]))


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
        job.tell_past(now)
        job.settle(now)
        story.made |= wanted
    job.sweep(now)


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
        join(story, BEGINNING)
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
