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
import db.engine
import settings
from db import outbox_sending, undelivered
from db.outbox_sending import Post
from domain.delivery import ACCEPTED, Answer, Outcome
from domain.ids import new_id
from domain.outbox import MessageState, Severity
from jobs import traces
from jobs.sending import Sending
from jobs.traces import Slot, Trace
from tests import gateway as gateways
from tests.builders import NOW, World, make_world
from tests.gateway import Clock, Gateway
from tests.sending import attempts, channel, held, owe, owe_many, rows, states

pytestmark = pytest.mark.skipif(not traces._boot(), reason="needs a kernel that names its run")
ROOT = Path(__file__).parents[2]
POINTS = ("claimed", "leaving", "sent", "answered")


@pytest.fixture
def folder() -> Path:
    return traces.folder_of(settings.current().data_dir, "")


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with gateways.serve() as served:
        yield served


def found(folder: Path) -> list[dict[str, Answer | None] | None]:
    """Read what the dead left, and forget them as who settled it does."""
    gone = []
    for path in traces.files(folder):
        with traces.dead(path) as one:
            if one:
                path.unlink()
                gone.append(None if one.left is None else dict(one.left))
    return gone


def dies(trace: Trace) -> None:
    """What the kernel does with a killed process: the file stays, the lock goes."""
    assert trace._file is not None
    assert trace._memory is not None
    trace._memory.close()
    os.close(trace._file)


def lease_of(trace: Trace, letter: str) -> str:
    return trace.owner + 20 * letter


def begins(trace: Trace, letter: str) -> Slot:
    slot = trace._free.get()
    slot.claimed(lease_of(trace, letter))
    return slot


# --- the file -------------------------------------------------------------------------------------------


def test_the_file_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    trace = Trace(tmp_path, 2)

    with trace.slot() as slot:
        slot.leaves()
        assert found(tmp_path) == []


def test_a_dead_one_says_what_left_and_what_was_answered(tmp_path: Path) -> None:
    trace, later = Trace(tmp_path, 3), Answer(Outcome.LATER, "45009", timedelta(minutes=1))
    _, left, answered = begins(trace, "a"), begins(trace, "b"), begins(trace, "c")
    left.leaves()
    answered.leaves()
    answered.answered(later)
    dies(trace)

    assert found(tmp_path) == [{lease_of(trace, "b"): None, lease_of(trace, "c"): later}]
    assert found(tmp_path) == []


def test_what_is_settled_is_said_of_nothing_any_more(tmp_path: Path) -> None:
    trace = Trace(tmp_path, 1)
    for _ in range(30):
        with trace.slot() as slot:
            slot.leaves()
            slot.answered(ACCEPTED)
    dies(trace)

    assert found(tmp_path) == [{}]


def test_a_process_that_ends_in_order_leaves_no_file_unless_something_is_open(tmp_path: Path) -> None:
    idle, busy = Trace(tmp_path, 1), Trace(tmp_path, 1)
    begins(busy, "a").leaves()

    busy.close()
    idle.close()

    assert found(tmp_path) == [{lease_of(busy, "a"): None}]


def test_two_who_look_at_once_do_not_both_go_on(tmp_path: Path) -> None:
    dies(Trace(tmp_path, 1))
    (path,) = traces.files(tmp_path)

    with traces.dead(path) as one, traces.dead(path) as other:
        assert (bool(one), other) == (True, None)


def test_what_was_not_settled_is_found_again(tmp_path: Path) -> None:
    dies(Trace(tmp_path, 1))
    (path,) = traces.files(tmp_path)

    with pytest.raises(ZeroDivisionError), traces.dead(path):
        raise ZeroDivisionError

    assert found(tmp_path) == [{}]


def test_the_place_of_a_post_that_was_never_settled_is_kept_for_who_goes_on(tmp_path: Path) -> None:
    trace = Trace(tmp_path, 1)
    with pytest.raises(ZeroDivisionError), trace.slot() as lost:
        lost.leaves()
        raise ZeroDivisionError
    for _ in range(30):
        with trace.slot() as slot:
            slot.leaves()
    dies(trace)

    assert found(tmp_path) == [{lost.lease: None}]


def test_where_every_place_is_kept_a_post_s_lease_is_none_of_the_process_s(tmp_path: Path) -> None:
    trace = Trace(tmp_path, 1)
    for _ in range(trace._slots):
        begins(trace, "a")

    with trace.slot() as slot:
        slot.leaves()
        assert not slot.lease.startswith(trace.owner)


@pytest.mark.parametrize(
    ("offset", "said", "left"),
    [
        (0, b"\x07", "unknown"),  # a stage we don't know
        (41, b"perhaps", "unknown"),  # an outcome we don't know
        (41, b"later inf ", "unknown"),
        (1, b"\xff\xfe", None),  # no lease: the file is laid out in another way
        (512, b"x", None),
    ],
)
def test_what_can_t_be_read_may_have_left(tmp_path: Path, offset: int, said: bytes, left: str | None) -> None:
    trace = Trace(tmp_path, 1)
    begins(trace, "a").answered(ACCEPTED)
    dies(trace)
    with traces.files(tmp_path)[0].open("r+b") as file:
        file.seek(offset)
        file.write(said)

    assert found(tmp_path) == [left and {lease_of(trace, "a"): None}]


def test_a_file_that_can_t_be_made_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda *_: os.close(-1))

    assert Trace(tmp_path, 1)._file is None
    assert list(tmp_path.iterdir()) == []


def test_what_another_run_of_the_machine_left_is_removed_after_a_day(tmp_path: Path) -> None:
    young, old, unfinished = (tmp_path / name for name in ("b0.young", "b0.old", ".half"))
    for path in (young, old, unfinished):
        path.touch()
    for path in (old, unfinished):
        os.utime(path, (0, 0))

    Trace(tmp_path, 1).close()

    assert list(tmp_path.iterdir()) == [young]


def test_each_database_has_a_place_of_its_own_whatever_the_password(tmp_path: Path) -> None:
    urls = ("", "postgresql+psycopg://u:a@h/one", "postgresql+psycopg://u:b@h/one", "postgresql+psycopg://u:a@h/two")
    file, one, one_again, two = (traces.folder_of(tmp_path, url) for url in urls)

    assert one == one_again
    assert len({file, one, two}) == 3


def test_without_a_place_for_the_file_messages_go_out_all_the_same(
    world: World, gateway: Gateway, folder: Path
) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    channel(world, gateway.url())
    owe(world)

    sending = Sending(Clock(NOW))
    sending.look(NOW)
    sending.settle()
    sending.stop()

    assert states() == [MessageState.ACCEPTED]


# --- who goes on ----------------------------------------------------------------------------------------


def take_over(lease: str, left: dict[str, Answer | None] | None, after: int = 0) -> bool:
    now = NOW + timedelta(seconds=after)
    return db.run(outbox_sending.take_over, owner=lease[: traces.OWNER_CHARS], left=left, now=now)


def claimed(robot: Any, after: int = 0) -> str:
    return claim(robot, after).lease


def settle(robot: Any, answer: Answer, after: int = 0) -> None:
    post, now = claim(robot, after), NOW + timedelta(seconds=after)
    db.run(outbox_sending.settle, post=post, answer=answer, millis=5, now=now)


def claim(robot: Any, after: int = 0) -> Post:
    now = NOW + timedelta(seconds=after)
    lease = "f" * traces.OWNER_CHARS + new_id().hex[traces.OWNER_CHARS :]
    post = db.run(outbox_sending.claim, channel_id=robot, now=now, lease=lease)
    assert post is not None
    return post


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


@pytest.mark.parametrize("between", [Answer(Outcome.UNKNOWN, "timeout"), Answer(Outcome.REFUSED, "503")])
def test_only_two_killed_senders_make_it_be_given_up_whatever_was_answered_between(
    any_world: World, between: Answer
) -> None:
    robot = channel(any_world, "http://127.0.0.1:1/x")
    owe(any_world)

    settle(robot, between)
    for after, state in ((30, MessageState.UNCERTAIN), (300, MessageState.DEAD)):
        lease = claimed(robot, after)
        take_over(lease, {lease: None}, after)
        assert states() == [state]
        if state is MessageState.UNCERTAIN:
            settle(robot, between, after)


def test_what_a_person_sends_again_is_repeated_once_more_after_a_kill(any_world: World) -> None:
    robot = channel(any_world, "http://127.0.0.1:1/x")
    owe(any_world)
    for _ in range(2):
        lease = claimed(robot)
        take_over(lease, {lease: None})
    again = NOW + timedelta(seconds=5)
    db.run(undelivered.send_again, actor=any_world.admin, message_id=rows()[0].id, now=again)

    for state in (MessageState.UNCERTAIN, MessageState.DEAD):
        lease = claimed(robot, 6)
        take_over(lease, {lease: None}, 6)
        assert states() == [state]


def test_what_was_given_up_in_doubt_is_done_once_its_slow_sender_says_so(any_world: World) -> None:
    robot = channel(any_world, "http://127.0.0.1:1/x")
    owe(any_world)
    lease = claimed(robot)
    take_over(lease, {lease: None})
    slow = claim(robot)
    take_over(slow.lease, {slow.lease: None})
    assert states() == [MessageState.DEAD]

    db.run(outbox_sending.settle, post=slow, answer=ACCEPTED, millis=5, now=NOW)

    assert states() == [MessageState.ACCEPTED]


def test_of_a_file_that_can_t_be_read_all_may_have_left(any_world: World) -> None:
    robot = channel(any_world, "http://127.0.0.1:1/x")
    owe(any_world)

    take_over(claimed(robot), None)

    assert states() == [MessageState.UNCERTAIN]


def test_an_answer_to_many_messages_is_noted_once_on_their_channel(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot, noted = channel(world, "http://127.0.0.1:1/x"), list[str]()
    note = db.channels.note_answer

    def count(tx: Any, **said: Any) -> None:
        noted.append("once")
        note(tx, **said)

    monkeypatch.setattr(db.channels, "note_answer", count)
    owe_many(world, 5)

    lease = claimed(robot)
    take_over(lease, {lease: ACCEPTED})

    assert (states(), len(noted)) == ([MessageState.ACCEPTED] * 5, 1)


@pytest.mark.pg
@pytest.mark.parametrize("table", ["channel", "outbox_message"])
@pytest.mark.usefixtures("db_postgres_once")
def test_what_somebody_holds_is_left_for_later_without_waiting(table: str) -> None:
    robot = channel(world := make_world(), "http://127.0.0.1:1/x")
    owe(world)
    lease = claimed(robot)

    with db.engine.get().connect() as other:
        other.exec_driver_sql(f"SELECT 1 FROM {table} FOR UPDATE")
        assert not take_over(lease, {})
        assert states() == [MessageState.SENDING]

    assert take_over(lease, {})
    assert states() == [MessageState.QUEUED]


@pytest.mark.pg
@pytest.mark.usefixtures("db_postgres_once")
def test_whoever_owes_a_channel_another_message_is_in_nobody_s_way() -> None:
    robot = channel(world := make_world(), "http://127.0.0.1:1/x")
    owe(world)

    with db.engine.get().connect() as other:
        other.exec_driver_sql("SELECT 1 FROM channel FOR KEY SHARE")  # as an insert does for its foreign key
        assert take_over(claimed(robot), {})


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

    assert take_over("0" * 32, {})
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
