"""When messages go out: backoff, the robot's limit with its reserve, quiet hours, and what answers mean."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import delivery
from domain.clock import at_local
from domain.delivery import Outcome
from domain.outbox import ChannelKind, Severity
from tests.builders import NOW

RECENT = NOW - timedelta(minutes=3)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 5), (3, 15), (4, 60), (5, 300)])
def test_each_try_waits_longer_with_some_jitter(attempts: int, seconds: int) -> None:
    again = delivery.retry_at(attempts, Severity.NORMAL, RECENT, NOW)

    assert again is not None
    assert seconds <= (again - NOW).total_seconds() <= seconds * 1.2


def test_normal_news_are_given_up_after_six_tries_and_an_emergency_only_after_a_day() -> None:
    assert delivery.retry_at(6, Severity.NORMAL, RECENT, NOW) is None
    assert delivery.retry_at(6, Severity.EMERGENCY, RECENT, NOW) is not None
    assert delivery.retry_at(40, Severity.EMERGENCY, NOW - timedelta(hours=25), NOW) is None


def test_the_last_five_of_a_minute_are_kept_for_emergencies() -> None:
    taken = [NOW.timestamp()] * 15

    assert not delivery.has_room(taken, Severity.URGENT, NOW)
    assert delivery.has_room(taken, Severity.EMERGENCY, NOW, posts=5)
    assert not delivery.has_room(taken, Severity.EMERGENCY, NOW, posts=6)


@given(st.lists(st.tuples(st.floats(0, 20), st.sampled_from([1, 3]), st.floats(0, 10)), max_size=300))
def test_no_sixty_seconds_see_more_than_twenty_however_slow_the_line(
    asks: list[tuple[float, int, float]],
) -> None:
    moment, recent, came = NOW, list[float](), list[float]()
    for wait, severity, on_the_way in asks:
        moment += timedelta(seconds=wait)
        if delivery.has_room(recent, severity, moment):
            recent = [*delivery.still_recent(recent, moment), moment.timestamp()]
            came.append(moment.timestamp() + on_the_way)

    assert all(sum(start <= at < start + 60 for at in came) <= 20 for start in came)


def test_a_clock_put_back_by_an_hour_does_not_stop_the_robot() -> None:
    taken = [(NOW + timedelta(hours=1)).timestamp()] * 20

    assert delivery.has_room(taken, Severity.NORMAL, NOW)


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [("20:59:59", False), ("21:00:00", True), ("03:00:00", True), ("06:59:59", True), ("07:00:00", False)],
)
def test_the_night_is_quiet_from_nine_to_seven_but_for_emergencies(clock: str, quiet: bool) -> None:
    moment = at_local(NOW.date(), datetime.strptime(clock, "%H:%M:%S").replace(tzinfo=UTC).time())

    assert delivery.is_quiet(moment) is quiet
    assert delivery.may_disturb(moment) == (Severity.EMERGENCY if quiet else Severity.NORMAL)


@pytest.mark.parametrize(
    ("kind", "status", "code", "outcome"),
    [
        (ChannelKind.WECOM, 200, "0", Outcome.ACCEPTED),
        (ChannelKind.WECOM, 200, "", Outcome.REFUSED),
        (ChannelKind.WECOM, 200, "45009", Outcome.LATER),
        (ChannelKind.WECOM, 200, "93000", Outcome.FINAL),
        (ChannelKind.WECOM, 200, "40058", Outcome.FINAL),
        (ChannelKind.DINGTALK, 200, "310000", Outcome.FINAL),
        (ChannelKind.DINGTALK, 200, "90030", Outcome.FINAL),
        (ChannelKind.DINGTALK, 200, "130101", Outcome.LATER),
        (ChannelKind.FEISHU, 400, "9499", Outcome.FINAL),
        (ChannelKind.FEISHU, 200, "19021", Outcome.FINAL),
        (ChannelKind.FEISHU, 200, "11232", Outcome.LATER),
        (ChannelKind.WECOM, 429, "", Outcome.LATER),
        (ChannelKind.WECOM, 400, "", Outcome.FINAL),
        (ChannelKind.WECOM, 408, "", Outcome.REFUSED),
        (ChannelKind.WECOM, 502, "0", Outcome.REFUSED),
        (ChannelKind.WECOM, 200, "12345", Outcome.REFUSED),
    ],
)
def test_an_answer_is_good_only_with_status_and_code(
    kind: ChannelKind, status: int, code: str, outcome: Outcome
) -> None:
    assert delivery.read_answer(kind, status, code).outcome is outcome


def test_a_robot_is_left_alone_for_as_long_as_it_asks_and_an_hour_at_most() -> None:
    assert delivery.read_answer(ChannelKind.WECOM, 429, "", "7").wait == timedelta(seconds=7)
    assert delivery.read_answer(ChannelKind.WECOM, 429, "", "99999").wait == timedelta(hours=1)
    assert delivery.read_answer(ChannelKind.DINGTALK, 200, "130101").wait == timedelta(minutes=10)


def test_a_robot_that_is_asked_often_lets_alarms_wait_for_each_other_for_seconds() -> None:
    few, many = [NOW.timestamp()] * (delivery.AT_ONCE - 1), [NOW.timestamp()] * delivery.AT_ONCE

    def waits(recent: list[float], severity: Severity, seconds: float) -> bool:
        return delivery.gathers(recent, severity, NOW + timedelta(seconds=seconds))

    assert not waits(few, Severity.EMERGENCY, 0)
    assert [waits(many, Severity.EMERGENCY, after) for after in (0, 5, delivery.GATHER_SECONDS)] == [True, True, False]
    assert not waits(many, Severity.NORMAL, 0)
    assert not waits([(NOW + timedelta(minutes=1)).timestamp()] * delivery.AT_ONCE, Severity.EMERGENCY, 0)


@pytest.mark.parametrize("seconds", [0.2, 1, 2.5, 4])
def test_alarms_that_come_one_by_one_never_use_up_a_robot_s_minute(seconds: float) -> None:
    moment, recent, oldest, longest = NOW, list[float](), NOW, 0.0
    for _ in range(int(300 / seconds)):  # one comes each time, and waits with those before it
        if delivery.has_room(recent, 1, moment) and not delivery.gathers(recent, 1, moment):
            longest = max(longest, (moment - oldest).total_seconds())
            recent, oldest = [*delivery.still_recent(recent, moment), moment.timestamp()], moment
        moment += timedelta(seconds=seconds)

    assert longest < 10
