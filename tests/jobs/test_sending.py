"""Sending against a robot that misbehaves: what counts is what its own log says."""

import base64
import hashlib
import hmac
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import db
import db.engine
import settings
from db import outbox
from db.channels import Line
from db.outbox_sending import Post
from domain.delivery import Answer, Outcome
from domain.ids import new_id
from domain.outbox import ChannelKind, MessageState, Severity, Template
from jobs import channels
from jobs.channels import http
from jobs.sending import Sending, deliver
from tests import gateway as gateways
from tests.builders import NOW, World
from tests.gateway import Clock, Gateway
from tests.sending import attempts, channel, held, owe, owe_many, states

KINDS = (ChannelKind.WECOM, ChannelKind.DINGTALK, ChannelKind.FEISHU)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with gateways.serve() as served:
        yield served


@pytest.fixture
def clock(gateway: Gateway) -> Clock:
    clock = Clock(NOW)
    gateway.clock = clock
    return clock


@pytest.fixture
def sending(clock: Clock) -> Iterator[Sending]:
    made = Sending(clock)
    yield made
    made.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LIMIT_SECONDS", 0.5)


def run_until(sending: Sending, clock: Clock, after: timedelta, step: float = 1) -> None:
    """Let time pass as the worker does, second by second."""
    end = clock.at + after
    while clock.at <= end:
        sending.look(clock.at)
        sending.settle()
        clock.at += timedelta(seconds=step)


def line(gateway: Gateway, kind: ChannelKind = ChannelKind.WECOM, secret: str = "") -> Line:
    return Line(new_id(), kind, gateway.url(), secret)


# --- one message ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_robot_gets_the_text_as_it_wants_it(gateway: Gateway, kind: ChannelKind) -> None:
    assert channels.send(line(gateway, kind), "3栋 L0037", NOW).ok

    (taken,) = gateway.log
    assert taken.text == "3栋 L0037"
    assert "mentioned" not in str(taken.body)
    assert taken.body.get("msgtype" if kind is not ChannelKind.FEISHU else "msg_type") == "text"


def test_dingtalk_is_signed_in_the_address(gateway: Gateway) -> None:
    channels.send(line(gateway, ChannelKind.DINGTALK, "SECabc"), "x", NOW)

    query = parse_qs(urlsplit(gateway.log[0].path).query)
    stamp = query["timestamp"][0]
    wanted = hmac.new(b"SECabc", f"{stamp}\nSECabc".encode(), hashlib.sha256).digest()
    assert stamp == str(int(NOW.timestamp() * 1000))
    assert query["sign"] == [base64.b64encode(wanted).decode()]


def test_feishu_is_signed_in_the_body(gateway: Gateway) -> None:
    channels.send(line(gateway, ChannelKind.FEISHU, "abc"), "x", NOW)

    body = gateway.log[0].body
    wanted = hmac.new(f"{body['timestamp']}\nabc".encode(), b"", hashlib.sha256).digest()
    assert (body["timestamp"], body["sign"]) == (str(int(NOW.timestamp())), base64.b64encode(wanted).decode())


@pytest.mark.parametrize(
    ("how", "outcome", "code"),
    [
        ("ok", Outcome.ACCEPTED, "0"),
        ("code:93000", Outcome.FINAL, "93000"),
        ("code:45009", Outcome.LATER, "45009"),
        ("code:7", Outcome.REFUSED, "7"),
        ("status:400", Outcome.FINAL, "0"),
        ("status:429", Outcome.LATER, "429"),
        ("status:503", Outcome.REFUSED, "503"),
        ("hang", Outcome.UNKNOWN, "timeout"),
        ("drip", Outcome.UNKNOWN, "timeout"),
        ("cut", Outcome.UNKNOWN, "cut"),
    ],
)
def test_every_way_to_answer_is_read_for_what_it_is(
    gateway: Gateway, impatient: None, how: str, outcome: Outcome, code: str
) -> None:
    gateway.mood = how

    answer = channels.send(line(gateway), "x", NOW)

    assert (answer.outcome, answer.code) == (outcome, code)


def test_where_nobody_listens_nothing_was_sent(gateway: Gateway) -> None:
    nowhere = Line(new_id(), ChannelKind.WECOM, "http://127.0.0.1:1/send", "")

    answer = channels.send(nowhere, "x", NOW)

    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "unreachable")


def test_a_drip_of_bytes_ends_with_the_same_limit_as_silence(gateway: Gateway, impatient: None) -> None:
    gateway.mood, started = "drip", time.monotonic()

    channels.send(line(gateway), "x", NOW)

    assert time.monotonic() - started < 3


@pytest.mark.filterwarnings("ignore")  # apprise's plugins import what Python is giving up
def test_other_channels_go_through_apprise(gateway: Gateway) -> None:
    address = gateway.address.replace("http://", "json://")
    good = Line(new_id(), ChannelKind.APPRISE, f"{address}/hook", "")

    assert channels.send(good, "3栋 L0037", NOW).ok
    assert "3栋 L0037" in gateway.log[0].body["message"]
    gateway.mood = "status:500"
    assert channels.send(good, "x", NOW).outcome is Outcome.REFUSED
    bad = Line(new_id(), ChannelKind.APPRISE, "nothing://x", "")
    assert channels.send(bad, "x", NOW).outcome is Outcome.FINAL


# --- many, over time --------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["你好", "🙂", "👨‍👩‍👧‍👦"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_request_is_longer_than_the_robot_takes_and_nothing_is_lost(
    world: World, gateway: Gateway, clock: Clock, sending: Sending, kind: ChannelKind, unit: str
) -> None:
    channel(world, gateway.url(), kind)
    owe(world, template=Template.ALERT, body={"text": unit * 400})

    run_until(sending, clock, timedelta(minutes=3), step=5)

    limit = 2048 if kind is ChannelKind.WECOM else 20_000
    assert all(len(text.encode()) <= limit for text in gateway.accepted)
    assert "".join(gateway.accepted).count(unit) == 400
    assert states() == [MessageState.ACCEPTED]


@pytest.mark.parametrize("trouble", ["code:45009", "status:429", "status:503", "code:7", "before"])
def test_an_emergency_arrives_once_the_trouble_is_over(
    world: World, gateway: Gateway, clock: Clock, sending: Sending, trouble: str
) -> None:
    channel(world, gateway.url())
    gateway.plan.extend([trouble] * 3)
    owe(world)

    run_until(sending, clock, timedelta(minutes=8), step=2)

    assert len(gateway.accepted) == 1
    assert states() == [MessageState.ACCEPTED]


def test_an_emergency_outlasts_a_robot_that_is_gone_for_half_an_hour(
    world: World, gateway: Gateway, clock: Clock, sending: Sending
) -> None:
    channel(world, gateway.url())
    gateway.mood = "status:503"
    owe(world)
    run_until(sending, clock, timedelta(minutes=30), step=10)
    gateway.mood = "ok"

    run_until(sending, clock, timedelta(minutes=7), step=10)

    assert len(gateway.accepted) == 1
    assert len(gateway.log) < 15


def test_a_request_that_was_cut_after_it_was_taken_is_repeated_once_and_says_so(
    world: World, gateway: Gateway, clock: Clock, sending: Sending
) -> None:
    channel(world, gateway.url())
    gateway.plan.append("cut")
    owe(world, 1)
    owe(world, 2, Severity.NORMAL)

    run_until(sending, clock, timedelta(minutes=3))

    alarms = [text for text in gateway.accepted if "Y0001" in text]
    assert ["（补发）" in text for text in alarms] == [False, True]
    assert sum("第2件" in text for text in gateway.accepted) == 1


def test_normal_news_that_may_have_arrived_are_left_to_a_person(
    world: World, gateway: Gateway, clock: Clock, sending: Sending
) -> None:
    channel(world, gateway.url())
    gateway.mood = "cut"
    owe(world, 1, Severity.NORMAL)

    run_until(sending, clock, timedelta(minutes=10), step=5)

    assert len(gateway.accepted) == 1
    assert states() == [MessageState.DEAD]


def test_a_wrong_key_ends_at_once(world: World, gateway: Gateway, clock: Clock, sending: Sending) -> None:
    robot = channel(world, gateway.url())
    gateway.mood = "code:93000"
    owe(world)

    run_until(sending, clock, timedelta(minutes=10), step=5)

    assert len(gateway.log) == 1
    assert states() == [MessageState.DEAD]
    assert held(robot)["last_code"] == "93000"


def test_a_storm_of_alarms_reaches_one_robot_in_seconds_and_never_above_twenty_a_minute(
    world: World, gateway: Gateway, clock: Clock, sending: Sending
) -> None:
    gateway.most_a_minute = 20
    channel(world, gateway.url())
    owe_many(world, 1_160)

    run_until(sending, clock, timedelta(seconds=10))
    first = "".join(gateway.accepted)
    run_until(sending, clock, timedelta(minutes=4), step=10)

    said = "".join(gateway.accepted)
    assert all(f"Y{n:04}" in said for n in range(1_160))
    assert sum(f"Y{n:04}" in first for n in range(1_160)) == 1_160
    assert gateway.busiest_minute() <= 20
    assert gateway.mute_until == 0
    assert set(states()) == {MessageState.ACCEPTED}


def test_a_robot_that_is_mute_for_ten_minutes_is_left_alone_and_then_gets_all(
    world: World, gateway: Gateway, clock: Clock, sending: Sending
) -> None:
    channel(world, gateway.url(), ChannelKind.DINGTALK)
    gateway.mute_until = clock.at.timestamp() + 600
    for n in range(2):
        owe(world, n)

    run_until(sending, clock, timedelta(minutes=13), step=5)

    refused = [one for one in gateway.log if not one.accepted]
    assert len(refused) == 1
    assert sorted(text[text.index("Y00") :][:5] for text in gateway.accepted) == ["Y0000", "Y0001"]


def test_nothing_of_an_incident_is_sent_after_it_was_closed_but_the_all_clear(
    world: World, gateway: Gateway, clock: Clock, sending: Sending
) -> None:
    channel(world, gateway.url())
    incident = new_id()
    owe(world, 1, incident_id=incident)
    run_until(sending, clock, timedelta(seconds=2))
    owe(world, 2, incident_id=incident, send_at=clock.at + timedelta(minutes=1))

    db.run(outbox.end_incident, incident_id=incident, now=clock.at, clear={"incident": "Y0001"})
    run_until(sending, clock, timedelta(minutes=5), step=5)

    assert ["【预警】" in text for text in gateway.accepted] == [True, False]
    assert "【解除】Y0001" in gateway.accepted[1]


def test_a_robot_that_hangs_holds_up_no_other(
    world: World, gateway: Gateway, clock: Clock, sending: Sending, impatient: None
) -> None:
    with gateways.serve() as healthy:
        healthy.clock = clock
        gateway.mood = "hang"
        channel(world, gateway.url(), area_id=world.street, name="街道")
        channel(world, healthy.url())
        owe(world)

        sending.look(clock.at)

        healthy.wait_for(1)
        assert len(healthy.accepted) == 1
        gateway.wait_for(1)


def test_what_was_taken_is_noted_however_long_the_database_is_busy(
    world: World, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(world, gateway.url())
    owe(world)
    monkeypatch.setattr(db.engine, "_WAIT", "PRAGMA busy_timeout=1")
    monkeypatch.setattr(db.engine, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(db.engine, "RETRY_SECONDS", 0.0)
    db.engine.dispose()
    others: list[sqlite3.Connection] = []
    tries = []

    def then_busy(post: Post, clock: Any) -> Answer:
        answer = deliver(post, clock)
        others.append(sqlite3.connect(settings.current().real_file, isolation_level=None))
        others[0].execute("BEGIN IMMEDIATE")
        return answer

    def clock() -> Any:
        tries.extend(others)
        if len(tries) == 3:
            others.pop().close()
        return NOW

    monkeypatch.setattr("jobs.sending.deliver", then_busy)
    sending = Sending(clock)
    sending.look(NOW)
    sending.settle()
    sending.stop()

    assert len(tries) == 3
    assert states() == [MessageState.ACCEPTED]


def test_one_channel_is_served_by_one_thread_at_a_time(
    world: World, gateway: Gateway, clock: Clock, sending: Sending
) -> None:
    channel(world, gateway.url())
    gateway.mood = "hang"
    owe(world, 1)
    owe(world, 2)

    begun = [sending.look(clock.at) for _ in range(3)]
    gateway.wait_for(1)
    gateway.mood = "ok"
    gateway.let_go.set()
    sending.settle()

    assert begun == [1, 0, 0]


def test_a_post_whose_message_can_t_be_worded_stops_no_other_channel(
    world: World, gateway: Gateway, clock: Clock, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = channel(world, gateway.url("bad"), area_id=world.street, name="街道")
    channel(world, gateway.url("good"))
    whole = db.channels.line_of

    def broken(row: Any) -> Line:
        if row.id == bad:
            raise ValueError("no key")
        return whole(row)

    monkeypatch.setattr(db.channels, "line_of", broken)
    owe(world)

    run_until(sending, clock, timedelta(seconds=2))

    assert [one.path for one in gateway.log] == ["/send?key=good"]


def test_two_senders_at_once_send_nothing_twice(world: World, gateway: Gateway, clock: Clock) -> None:
    for n in range(8):
        channel(world, gateway.url(f"r{n}"), area_id=world.building, name=f"群{n}")
    inside = world.building_head.grants[0].area_path
    for n in range(3):
        owe(world, n, area_path=inside)
    both = [Sending(clock), Sending(clock)]

    threads = [threading.Thread(target=lambda s=s: (s.look(clock.at), s.settle())) for s in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in both:
        one.stop()

    seen = [(one.path, one.text) for one in gateway.log]
    assert len(seen) == len(set(seen)) == 24


def test_what_a_robot_answered_stays_in_the_attempts(
    world: World, gateway: Gateway, clock: Clock, sending: Sending
) -> None:
    channel(world, gateway.url())
    gateway.plan.extend(["status:500", "code:7"])
    owe(world)

    run_until(sending, clock, timedelta(seconds=20))

    assert attempts() == [(False, "500"), (False, "7"), (True, "0")]
