"""A sender is killed at each point of a post's way: it goes on at once, and nobody hears a thing a third time."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import db
import settings
from db import outbox_sending, undelivered
from domain.delivery import ACCEPTED, Answer, Outcome
from domain.outbox import MessageState, Severity
from jobs import traces
from jobs.sending import Sending
from jobs.traces import Slot, Trace
from tests import gateway as gateways
from tests.builders import NOW, World
from tests.gateway import Clock, Gateway
from tests.sending import attempts, channel, held, owe, rows, states

pytestmark = pytest.mark.skipif(not traces._boot(), reason="needs a kernel that names its run")
ROOT = Path(__file__).parents[2]
POINTS = ("claimed", "leaving", "sent", "answered")


@pytest.fixture
def folder() -> Path:
    return settings.current().data_dir / "sending"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with gateways.serve() as served:
        yield served


def found(folder: Path) -> list[dict[str, Answer | None]]:
    with traces.dead(folder) as gone:
        return [dict(one.left) for one in gone]


def dies(trace: Trace) -> None:
    """What the kernel does with a killed process: the file stays, the lock goes."""
    assert trace._file is not None
    assert trace._memory is not None
    trace._memory.close()
    os.close(trace._file)


def begins(trace: Trace, lease: str) -> Slot:
    slot = trace._free.get()
    slot.claimed(lease)
    return slot


# --- the file -------------------------------------------------------------------------------------------


def test_the_file_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    trace = Trace(tmp_path, 2)

    with trace.slot("a" * 32) as slot:
        slot.leaves()
        assert found(tmp_path) == []


def test_a_dead_one_says_what_left_and_what_was_answered(tmp_path: Path) -> None:
    trace, later = Trace(tmp_path, 3), Answer(Outcome.LATER, "45009", timedelta(minutes=1))
    _, left, answered = begins(trace, "a" * 32), begins(trace, "b" * 32), begins(trace, "c" * 32)
    left.leaves()
    answered.leaves()
    answered.answered(later)
    dies(trace)

    assert found(tmp_path) == [{"b" * 32: None, "c" * 32: later}]
    assert found(tmp_path) == []


def test_what_is_settled_is_said_of_nothing_any_more(tmp_path: Path) -> None:
    trace = Trace(tmp_path, 1)
    for n in range(3):
        with trace.slot(f"{n}" * 32) as slot:
            slot.leaves()
            slot.answered(ACCEPTED)
    dies(trace)

    assert found(tmp_path) == [{}]


def test_a_process_that_ends_in_order_leaves_no_file_unless_something_is_open(tmp_path: Path) -> None:
    idle, busy = Trace(tmp_path, 1), Trace(tmp_path, 1)
    begins(busy, "a" * 32).leaves()

    busy.close()
    idle.close()

    assert found(tmp_path) == [{"a" * 32: None}]


def test_two_who_look_at_once_do_not_both_go_on(tmp_path: Path) -> None:
    dies(Trace(tmp_path, 1))

    with traces.dead(tmp_path) as one, traces.dead(tmp_path) as other:
        assert (len(one), len(other)) == (1, 0)


def test_what_was_not_settled_is_found_again(tmp_path: Path) -> None:
    dies(Trace(tmp_path, 1))

    with pytest.raises(ZeroDivisionError), traces.dead(tmp_path):
        raise ZeroDivisionError

    assert found(tmp_path) == [{}]


def test_without_a_place_for_the_file_messages_go_out_all_the_same(
    world: World, gateway: Gateway, folder: Path
) -> None:
    folder.write_text("in the way")
    channel(world, gateway.url())
    owe(world)

    sending = Sending(Clock(NOW))
    sending.look(NOW)
    sending.settle()
    sending.stop()

    assert states() == [MessageState.ACCEPTED]


# --- who goes on ----------------------------------------------------------------------------------------


def take_over(lease: str | None, left: dict[str, Answer | None]) -> int:
    assert lease is not None
    return db.run(outbox_sending.take_over, owner=lease[: traces.OWNER_CHARS], left=left, now=NOW)


def claimed(robot: Any, after: int = 0) -> str:
    now = NOW + timedelta(seconds=after)
    post = db.run(outbox_sending.claim, channel_id=robot, now=now, owner="f" * traces.OWNER_CHARS)
    assert post is not None
    return post.lease


def test_what_never_left_is_no_try_and_no_repeat(any_world: World) -> None:
    robot = channel(any_world, "http://127.0.0.1:1/x")
    owe(any_world)

    take_over(claimed(robot), {})

    (row,) = rows()
    assert (row.state, row.attempts, row.repeated) == (MessageState.QUEUED, 0, False)
    assert held(robot)["recent"] == []


def test_what_left_without_an_answer_is_repeated_once_and_then_listed(any_world: World) -> None:
    robot = channel(any_world, "http://127.0.0.1:1/x")
    owe(any_world)

    for state in (MessageState.UNCERTAIN, MessageState.DEAD):
        lease = claimed(robot)
        take_over(lease, {lease: None})
        assert states() == [state]

    (lost,) = db.read(undelivered.listed, actor=any_world.admin, now=NOW)
    assert (lost.code, lost.goes_again) == ("uncertain_again", False)


def test_normal_news_that_left_without_an_answer_are_not_repeated(world: World) -> None:
    robot = channel(world, "http://127.0.0.1:1/x")
    owe(world, 1, Severity.NORMAL)

    lease = claimed(robot, 60)
    take_over(lease, {lease: None})

    assert states() == [MessageState.DEAD]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (ACCEPTED, MessageState.ACCEPTED),
        (Answer(Outcome.REFUSED, "503"), MessageState.FAILED),
        (Answer(Outcome.FINAL, "93000"), MessageState.DEAD),
        (Answer(Outcome.LATER, "45009", timedelta(minutes=1)), MessageState.QUEUED),
    ],
)
def test_what_was_answered_is_settled_as_its_sender_would_have(
    any_world: World, answer: Answer, state: MessageState
) -> None:
    robot = channel(any_world, "http://127.0.0.1:1/x")
    owe(any_world)

    lease = claimed(robot)
    take_over(lease, {lease: answer})

    assert (states(), attempts()) == ([state], [(answer.ok, answer.code)])
    assert held(robot)["last_code"] == answer.code


def test_other_people_s_messages_are_left_alone(world: World) -> None:
    robot = channel(world, "http://127.0.0.1:1/x")
    owe(world)
    claimed(robot)

    assert take_over("0" * 32, {}) == 0
    assert states() == [MessageState.SENDING]


# --- killed indeed --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "heard", "ends"),
    [
        ("claimed", [False], MessageState.ACCEPTED),
        ("leaving", [], MessageState.DEAD),  # both times within the same few microseconds
        ("sent", [False, True], MessageState.DEAD),
        ("answered", [False], MessageState.ACCEPTED),
    ],
)
def test_killed_twice_in_a_row_at_one_point(
    world: World, gateway: Gateway, point: str, heard: list[bool], ends: MessageState
) -> None:
    channel(world, gateway.url())
    owe(world)

    command = [sys.executable, "-m", "tests.jobs.dying", str(settings.current().data_dir), point]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)

    assert ["（补发）" in text for text in gateway.accepted] == heard
    assert states() == [ends]
    doubtful = [lost.code for lost in db.read(undelivered.listed, actor=world.admin, now=NOW)]
    assert doubtful == (["uncertain_again"] if ends is MessageState.DEAD else [])
