"""Senders killed in the middle: no emergency is lost, and what may have arrived twice says so."""

import random
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

import settings
from domain.outbox import MessageState, Severity
from tests import gateway as gateways
from tests.builders import NOW, World
from tests.gateway import Gateway
from tests.sending import channel, owe, states

ROOT = Path(__file__).parents[2]
ROBOTS, EACH, KILLS = 12, 2, 4  # each robot is owed so many more before each kill
AHEAD = 75  # seconds that pass between two senders: leases lapse, and a robot's minute is over


def start(ahead: int) -> subprocess.Popen[bytes]:
    folder = settings.current().data_dir
    return subprocess.Popen([sys.executable, "-m", "tests.jobs.sender", str(folder), str(ahead)], cwd=ROOT)


def end(sender: subprocess.Popen[bytes]) -> None:
    sender.kill()
    sender.wait()


@pytest.mark.slow
@pytest.mark.timeout(300)  # each start imports everything, and shares its cores
def test_two_senders_killed_again_and_again_lose_nothing_and_mark_what_they_repeat(world: World) -> None:
    chance = random.Random(7)
    with gateways.serve() as gateway:
        for n in range(ROBOTS):
            channel(world, gateway.url(f"r{n}"), name=f"群{n}")
        for kill in range(KILLS):
            for n in range(EACH * kill, EACH * (kill + 1)):
                # each a cause of its own, so that no two share a message
                said = {"incident": f"Y{n:04}", "cause": f"第{n}件"}
                owe(world, n, Severity.EMERGENCY, body=said, now=NOW + timedelta(seconds=AHEAD * kill))
            gateway.mood = chance.choice(["ok", "cut", "ok", "hang"])
            seen = len(gateway.log)
            senders = [start(AHEAD * kill), start(AHEAD * kill)]
            gateway.wait_for(seen + chance.randint(1, 6), 60)
            gateway.let_go.wait(chance.random() / 50)
            for sender in senders:
                end(sender)
        gateway.mood = "ok"
        last = start(AHEAD * KILLS)
        try:
            wait_until_done(gateway)
        finally:
            end(last)

        texts = Counter((one.path, text[text.index("Y00") :][:5], "（补发）" in text) for one, text in taken(gateway))
        assert {(path, no) for path, no, _ in texts} == {
            (f"/send?key=r{r}", f"Y{n:04}") for r in range(ROBOTS) for n in range(EACH * KILLS)
        }
        assert all(count == 1 for (_path, _no, again), count in texts.items() if not again)
        assert all(count <= KILLS for count in texts.values())


def taken(gateway: Gateway) -> list[tuple[gateways.Taken, str]]:
    return [(one, one.text) for one in gateway.log if one.accepted]


def wait_until_done(gateway: Gateway) -> None:
    for _ in range(1200):
        if set(states()) == {MessageState.ACCEPTED}:
            return
        gateway.let_go.wait(0.05)
    raise AssertionError(Counter(states()))
