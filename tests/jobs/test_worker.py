"""The worker: whose job it is, what a failure stops, catching up after an outage, and saying that all is well."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import db
import settings
from db import canaries, leases, worker_state
from domain.clock import at_local, local_date
from domain.delivery import CANARY_AT
from domain.outbox import MessageState, Severity
from domain.worker import CARE, MINUTE, NIGHTS, SENDING
from jobs import care, minute, nightly
from jobs.worker import Duty, Worker
from tests import gateway as gateways
from tests.builders import NOW, World
from tests.gateway import Clock, Gateway
from tests.sending import channel, owe, states

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def gateway(clock: Clock) -> Iterator[Gateway]:
    with gateways.serve() as served:
        served.clock = clock
        yield served


def duty(does: Any, job: str = CARE, lease: int = 4) -> Duty:
    return Duty(job, 1, timedelta(seconds=lease), does)


def lease(job: str = CARE) -> leases.Lease:
    return db.read(leases.listed)[job]


# --- whose job it is --------------------------------------------------------------------------------


def test_of_two_workers_one_has_the_job_and_the_other_takes_it_over_when_it_is_gone(
    any_world: World, clock: Clock
) -> None:
    did: list[str] = []
    first, second = Worker(clock), Worker(clock)

    for _ in range(10):
        first.tick(duty(lambda _now: did.append("first")))
        second.tick(duty(lambda _now: did.append("second")))
        clock.at += SECOND
    assert did == ["first"] * 10

    # the first is killed: within its lease the second has the job
    waited = 0
    while "second" not in did:
        second.tick(duty(lambda _now: did.append("second")))
        clock.at += SECOND
        waited += 1
    assert waited <= 5


def test_a_worker_that_ends_leaves_its_jobs_at_once(world: World, clock: Clock) -> None:
    first, second = Worker(clock), Worker(clock)
    assert first.tick(duty(lambda _now: None))

    first.stop()

    assert second.tick(duty(lambda _now: None))


def test_a_job_of_each_second_writes_every_other(world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, run = Worker(clock), db.run
    writes: list[Any] = []

    def counted(command: Any, **more: Any) -> Any:
        writes.append(command)
        return run(command, **more)

    monkeypatch.setattr(db, "run", counted)

    for _ in range(20):
        worker.tick(duty(lambda _now: None))
        clock.at += SECOND

    assert len(writes) <= 12


def test_a_clock_put_back_an_hour_stops_no_job(world: World, clock: Clock) -> None:
    worker = Worker(clock)
    worker.tick(duty(lambda _now: None))
    clock.at -= timedelta(hours=1)

    assert worker.tick(duty(lambda _now: None))
    assert Worker(clock).tick(duty(lambda _now: None)) is False
    assert lease().until is not None
    assert abs((lease().until or NOW) - clock.at) < timedelta(minutes=1)


# --- what a failure stops ---------------------------------------------------------------------------


def test_a_failure_is_noted_and_the_next_turn_comes(world: World, clock: Clock) -> None:
    worker = Worker(clock)
    worker.tick(duty(lambda _now: None))
    clock.at += SECOND

    def fail(_now: object) -> None:
        raise OSError("disk")

    assert not worker.tick(duty(fail))
    assert (lease().ok_at, lease().ran_at, lease().note) == (NOW, NOW + SECOND, "OSError")
    clock.at += SECOND
    assert worker.tick(duty(lambda _now: None))
    assert (lease().ok_at, lease().note) == (clock.at, "")


def test_what_can_t_be_swept_keeps_no_incident_from_its_next_step(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    climbed: list[Any] = []

    def broken(_now: object) -> int:
        raise ValueError

    monkeypatch.setattr("jobs.windows.sweep", broken)
    monkeypatch.setattr(care, "escalate", climbed.append)

    with pytest.raises(ValueError):
        care.run(NOW)
    assert climbed == [NOW]


def test_a_robot_that_hangs_delays_no_sweep(
    world: World, gateway: Gateway, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept, enough = [], threading.Event()

    def sweep(now: object) -> int:
        swept.append(now)
        if len(swept) >= 2 and gateway.log:
            enough.set()
        return 0

    monkeypatch.setattr("jobs.windows.sweep", sweep)
    monkeypatch.setattr(nightly, "tick", lambda _now: None)
    monkeypatch.setattr(minute, "run", lambda *_, **__: None)
    gateway.mood = "hang"
    channel(world, gateway.url())
    owe(world)
    worker = Worker(clock)

    worker.start()
    try:
        assert enough.wait(15)
    finally:
        gateway.let_go.set()
        worker.stop()


def test_every_job_of_the_worker_runs_and_ends_when_it_is_told_to(world: World, clock: Clock) -> None:
    worker = Worker(clock)
    worker.start()
    done = threading.Event()

    def watch() -> None:
        while {CARE, SENDING, MINUTE, NIGHTS} - {job for job, at in db.read(worker_state.went_well).items() if at}:
            threading.Event().wait(0.05)
        done.set()

    threading.Thread(target=watch, daemon=True).start()
    try:
        assert done.wait(20)
    finally:
        worker.stop()

    assert {one.owner for one in db.read(leases.listed).values()} == {""}
    assert db.read(worker_state.warnings, communities=frozenset({world.community}), now=NOW) == []


# --- after an outage --------------------------------------------------------------------------------


def test_three_hours_of_normal_news_go_out_without_a_storm(world: World, gateway: Gateway, clock: Clock) -> None:
    channel(world, gateway.url())
    for n in range(200):
        owe(world, n, Severity.NORMAL, now=NOW + timedelta(seconds=54 * n))
    for n in range(200, 220):
        owe(world, n, Severity.NORMAL, expires_at=NOW + timedelta(hours=2))
    clock.at = NOW + timedelta(hours=3, minutes=1)
    worker = Worker(clock)

    worker.sending.look(clock.at)
    worker.sending.settle()

    assert len(gateway.log) <= 5
    assert sum(gateway.accepted[0].count("催办") for _ in gateway.log[:1]) > 1
    assert states().count(MessageState.ACCEPTED) == 200
    assert states().count(MessageState.EXPIRED) == 20
    worker.stop()


# --- saying that all is well ------------------------------------------------------------------------


def healthy(clock: Clock) -> Worker:
    """A worker that has been up for a while, with the jobs of each second on time."""
    worker = Worker(clock)
    for job in (CARE, SENDING):
        worker.tick(duty(lambda _now: None, job))
    return worker


def use_ping(url: str) -> None:
    settings.use(settings.current().model_copy(update={"ping_url": url}))


def test_the_outside_is_told_only_while_the_audit_passes(world: World, gateway: Gateway, clock: Clock) -> None:
    use_ping(f"{gateway.address}/alive")
    healthy(clock)

    minute.run(clock.at, settled=True)
    assert [one.path for one in gateway.log] == ["/alive"]

    clock.at += timedelta(minutes=2)  # nobody sweeps any more
    with pytest.raises(RuntimeError, match="late"):
        minute.run(clock.at, settled=True)
    assert len(gateway.log) == 1


def test_an_emergency_that_a_working_channel_did_not_take_fails_the_audit(
    world: World, gateway: Gateway, clock: Clock
) -> None:
    use_ping(f"{gateway.address}/alive")
    channel(world, gateway.url())
    owe(world, 1, now=NOW - timedelta(minutes=10))
    healthy(clock)

    with pytest.raises(RuntimeError, match="overdue_messages"):
        minute.run(clock.at, settled=True)
    assert gateway.log == []


def test_nothing_is_called_late_while_a_worker_still_catches_up(world: World, clock: Clock) -> None:
    minute.run(clock.at, settled=False)


def test_a_ping_that_nobody_answers_is_no_fault_of_ours(world: World, clock: Clock) -> None:
    use_ping("http://127.0.0.1:1/alive")
    healthy(clock)

    minute.run(clock.at, settled=True)


def test_a_step_that_fails_keeps_no_other_from_its_turn(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[Any] = []

    def fail(_now: object) -> None:
        raise ValueError

    monkeypatch.setattr(minute, "STEPS", (("first", fail), ("second", did.append)))

    with pytest.raises(RuntimeError, match="first"):
        minute.run(clock.at, settled=False)
    assert did == [NOW]


# --- the banner -------------------------------------------------------------------------------------


def told(world: World, clock: Clock) -> str:
    return "".join(db.read(worker_state.warnings, communities=frozenset({world.community}), now=clock.at))


def test_a_worker_that_is_late_is_told_of_with_its_last_good_run(world: World, clock: Clock) -> None:
    assert "还没有运行过" in told(world, clock)
    worker = healthy(clock)
    worker.tick(duty(lambda _now: None, MINUTE))
    assert told(world, clock) == ""

    clock.at += timedelta(minutes=2)

    assert "守望值守" in told(world, clock)
    assert "11月20日 10:00" in told(world, clock)


def test_an_emergency_that_nobody_got_is_told_of(world: World, clock: Clock) -> None:
    worker = healthy(clock)
    worker.tick(duty(lambda _now: None, MINUTE))

    owe(world)

    assert "1条紧急消息没有发出" in told(world, clock)


@pytest.mark.parametrize("mood", ["ok", "code:93000"])
def test_the_trial_message_at_half_past_six_shows_a_broken_channel_before_the_round(
    world: World, gateway: Gateway, clock: Clock, mood: str
) -> None:
    gateway.mood = mood
    channel(world, gateway.url(), canary=True)
    channel(world, gateway.url("other"), name="不测试")
    clock.at = at_local(local_date(NOW), CANARY_AT)
    worker = Worker(clock)
    assert db.run(canaries.owe, now=clock.at - SECOND) == 0

    assert [db.run(canaries.owe, now=clock.at) for _ in range(2)] == [1, 0]
    worker.sending.look(clock.at)
    worker.sending.settle()

    assert [("通道测试" in one.text, one.path) for one in gateway.log] == [(True, "/send?key=robot")]
    clock.at += timedelta(minutes=6)
    assert ("社区值班群" in told(world, clock)) is (mood != "ok")
    worker.stop()
