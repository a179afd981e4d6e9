"""Writers wait in line: in the order they came within a process, and no process shuts the other out."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

import db
import settings
from db.turns import Turns
from domain.errors import Busy
from settings import Settings

ROOT = Path(__file__).parents[2]
# writes without a pause, as a sweep after an outage does, and counts its transactions
GREEDY = """
import sys, time
from pathlib import Path
from sqlalchemy import text
import db, settings
settings.use(settings.Settings(data_dir=Path(sys.argv[1])))
def hold(tx):
    tx.execute(text("UPDATE greedy SET n = n + 1"))
    time.sleep(0.03)
while True:
    db.run(hold)
    print(flush=True)
"""


def test_the_turn_goes_on_in_the_order_it_was_asked_for() -> None:
    turns, came, threads = Turns(), list[int](), list[threading.Thread]()

    def take(number: int) -> None:
        with turns.turn(10):
            came.append(number)

    with turns.turn(1):
        for number in range(8):
            threads.append(threading.Thread(target=take, args=[number]))
            threads[-1].start()
            while len(turns._waiting) <= number:
                threads[-1].join(0.001)
    for thread in threads:
        thread.join()

    assert came == list(range(8))


def test_who_waits_too_long_is_told_and_holds_up_nobody_behind() -> None:
    turns = Turns()

    with turns.turn(1), pytest.raises(Busy), turns.turn(0.01):
        pass

    with turns.turn(0.01):
        pass


def test_a_command_that_fails_gives_its_turn_back(db_sqlite: Settings) -> None:
    with pytest.raises(ZeroDivisionError):
        db.run(lambda _tx: 1 / 0)

    assert db.run(lambda tx: tx.execute(text("SELECT 1")).scalar_one()) == 1


@pytest.mark.slow
def test_a_busy_writer_in_another_process_shuts_nobody_out(db_sqlite: Settings) -> None:
    db.run(lambda tx: tx.execute(text("CREATE TABLE greedy (n INTEGER)")))
    db.run(lambda tx: tx.execute(text("INSERT INTO greedy VALUES (0)")))
    command = [sys.executable, "-c", GREEDY, str(settings.current().data_dir)]
    waited = []

    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as greedy:
        assert greedy.stdout is not None
        greedy.stdout.readline()
        for _ in range(10):
            before = count()
            waited.append(db.run(lambda tx: int(tx.execute(text("SELECT n FROM greedy")).scalar_one())) - before)
        greedy.kill()

    # by SQLite's own waiting, a hundred and more each time; of ten, one may be unlucky
    assert sum(waited) < 200, waited


def count() -> int:
    return db.read(lambda s: int(s.execute(text("SELECT n FROM greedy")).scalar_one()))
