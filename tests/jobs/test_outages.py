"""The database goes away, or a dead sender's file is no use: nothing is lost, repeated or held up by it."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

import db
import settings
from db import outbox_sending
from domain.outbox import MessageState, Severity
from jobs import sending as sendings
from jobs import traces
from jobs.sending import Sending
from jobs.traces import Trace
from tests import gateway as gateways
from tests.builders import NOW, World
from tests.gateway import Clock, Gateway
from tests.jobs.test_traces import dies
from tests.sending import channel, held, owe, rows, states

Cut = Callable[..., Counter[str]]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with gateways.serve() as served:
        yield served


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW + timedelta(minutes=1))


@pytest.fixture
def sending(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sending]:
    monkeypatch.setattr(sendings, "PAUSE_SECONDS", (0.001, 0.002))
    made = Sending(clock)
    yield made
    made.stop()


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Cut:
    """Lose the line to the database so many times at a command, before it or after its commit; count its calls."""

    def cut(name: str, times: int = 1, *, after: bool = False) -> Counter[str]:
        calls = Counter[str]()

        def through(way: Callable[..., Any]) -> Callable[..., Any]:
            def call(command: Any, /, **more: Any) -> Any:
                calls[command.__name__] += 1
                lost = command.__name__ == name and calls[name] <= times
                done = None if lost and not after else way(command, **more)
                if lost:
                    raise OperationalError("", {}, Exception("the server closed the connection"))
                return done

            return call

        monkeypatch.setattr(db, "run", through(db.run))
        monkeypatch.setattr(db, "read", through(db.read))
        return calls

    return cut


def goes_on(sending: Sending, clock: Clock, seconds: int = 100) -> None:
    for _ in range(seconds // 5):
        sending.look(clock.at)
        sending.settle()
        clock.at += timedelta(seconds=5)


# --- the database goes away under a sender that lives -----------------------------------------------------


@pytest.mark.parametrize("severity", [Severity.EMERGENCY, Severity.NORMAL])
@pytest.mark.parametrize(
    ("command", "times", "after"),
    [
        ("still_wanted", 3, False),
        ("claim", 3, False),
        ("claim", 3, True),
        ("settle", 5, False),
        ("settle", 1, True),
    ],
)
def test_every_message_goes_out_once_and_unmarked(
    world: World,
    gateway: Gateway,
    clock: Clock,
    sending: Sending,
    cut: Cut,
    command: str,
    times: int,
    after: bool,
    severity: Severity,
) -> None:
    channel(world, gateway.url())
    owe(world, 1, severity)
    calls = cut(command, times, after=after)

    goes_on(sending, clock)

    assert calls[command] > times
    assert ["（补发）" in text for text in gateway.accepted] == [False]
    (row,) = rows()
    assert (row.state, row.attempts, row.repeated) == (MessageState.ACCEPTED, 1, False)


def test_what_never_left_uses_nothing_of_the_robot_s_minute(
    world: World, gateway: Gateway, clock: Clock, sending: Sending, cut: Cut
) -> None:
    robot = channel(world, gateway.url())
    owe(world)
    cut("still_wanted", 5)

    goes_on(sending, clock)

    assert len(held(robot)["recent"]) == 1


def test_a_claim_is_given_back_however_long_the_database_is_away(
    world: World, gateway: Gateway, clock: Clock, sending: Sending, cut: Cut
) -> None:
    channel(world, gateway.url())
    owe(world)
    cut("still_wanted")
    calls = cut("give_back", 5)

    goes_on(sending, clock)

    assert calls["give_back"] == 6
    assert (len(gateway.accepted), states()) == (1, [MessageState.ACCEPTED])


def test_a_sender_told_to_end_meanwhile_leaves_its_claim_to_the_next_as_never_sent(
    world: World, gateway: Gateway, clock: Clock, sending: Sending, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(world, gateway.url())
    owe(world)
    with monkeypatch.context() as until_it_ends:
        cut("still_wanted", 1_000)
        calls = cut("give_back", 1_000_000)
        sending.look(clock.at)
        while not calls["give_back"]:
            gateway.let_go.wait(0.001)
        sending.stop()
        until_it_ends.undo()
    monkeypatch.undo()
    assert states() == [MessageState.SENDING]

    following = Sending(clock)
    goes_on(following, clock, 10)
    following.stop()

    assert ["（补发）" in text for text in gateway.accepted] == [False]


# --- a dead sender's file is no use -----------------------------------------------------------------------


@pytest.fixture
def of_the_dead(world: World) -> Path:
    folder = traces.folder_of(settings.current().data_dir, "")
    dies(Trace(folder, 1))
    (path,) = traces.files(folder)
    return path


def refuse(*_args: Any, **_more: Any) -> None:
    raise PermissionError


@pytest.mark.parametrize("trouble", ["unlink", "take_over", "stages", "lease"])
def test_it_holds_up_nobody_s_message(
    world: World,
    of_the_dead: Path,
    gateway: Gateway,
    clock: Clock,
    sending: Sending,
    cut: Cut,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = cut("take_over", 1_000 if trouble == "take_over" else 0)
    if trouble == "unlink":
        monkeypatch.setattr(Path, "unlink", refuse)
    if trouble in ("stages", "lease"):
        of_the_dead.write_bytes((b"\x09" if trouble == "stages" else b"\x01\xff\xff") * 256)
    channel(world, gateway.url())
    owe(world)

    goes_on(sending, clock, 10)

    assert states() == [MessageState.ACCEPTED]
    assert calls["take_over"] == 1  # and it is not tried again at each look
    assert of_the_dead.exists() is (trouble in ("unlink", "take_over"))
    monkeypatch.undo()


def test_what_somebody_holds_is_taken_over_at_a_later_look(
    world: World, of_the_dead: Path, clock: Clock, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(outbox_sending, "take_over", lambda *_args, **_more: False)
        sending.look(clock.at)
    assert of_the_dead.exists()

    sending.look(clock.at)

    assert not of_the_dead.exists()
