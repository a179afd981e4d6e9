"""The nursery of the kill harness: forks workers of 平安守望 and kills them.

`python -m tests.db.care_nursery FOLDER KILLS [URL]`. It has no threads of its own, so that a fork is clean. When it
has killed enough, it lets two workers live until it is ended.
"""

import contextlib
import os
import random
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import configure_mappers

import db
import settings
from db import windows
from domain import clock
from domain.errors import Busy
from jobs import care
from jobs.sending import Sending
from jobs.windows import BATCH
from settings import Settings

WORKERS = 2
MOST_TURNS, MOST_SECONDS = 3, 0.2  # a worker is killed somewhere in its first turns


@dataclass
class Child:
    """A worker of the nursery, and the pipe by which it says that it is through one turn more."""

    pid: int
    turns: int  # the end of the pipe that is read


def main(folder: Path, kills: int, url: str | None = None) -> int:
    used = Settings(data_dir=folder / "linli-data", database_url=url)
    configure_mappers()  # once here, and not by each worker in its short life
    workers = [_start(used) for _ in range(WORKERS)]
    signal.signal(signal.SIGTERM, lambda *_: _end(workers))
    _say("ready")
    sys.stdin.readline()
    for number in range(kills):
        one = number % WORKERS
        for _ in range(random.randint(0, MOST_TURNS)):
            os.read(workers[one].turns, 1)
        time.sleep(random.uniform(0, MOST_SECONDS))
        _kill(workers[one])
        workers[one] = _start(used)
    _say("enough")
    while True:
        signal.pause()


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


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


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4]))
