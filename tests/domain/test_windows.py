"""The looks that are owed: their times, absences, who answers for them, and where each stands."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.care import OVER, WAITING, Look, WindowState
from domain.clock import LOCAL
from domain.errors import Invalid
from domain.fusion import weigh
from domain.incidents import Who
from domain.windows import (
    EVENING,
    HEAD_AFTER,
    MORNING,
    WEAK_BUYS,
    Away,
    Next,
    SlotPlan,
    Times,
    answer_by,
    check_plan,
    day_bit,
    days_made,
    first_day,
    is_away,
    onward,
    responsible,
    settle,
    times,
    waiting,
)

DAY = date(2026, 11, 21)  # a Saturday
WHEN = times(DAY, MORNING)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ANN, BEN, CLEO, DAN = (UUID(int=n) for n in range(1, 5))
MOMENTS = st.integers(-600, 600).map(lambda minutes: WHEN.due_at + minutes * MINUTE)


def local(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LOCAL)


def test_a_window_lies_in_the_day_of_shanghai() -> None:
    assert Times(local(7), local(9), local(10)) == WHEN
    assert WHEN.opens_at.tzinfo is UTC


@pytest.mark.parametrize(
    "plan",
    [
        SlotPlan(MORNING.slot, 540, 540, 60),
        SlotPlan(MORNING.slot, -1, 540, 60),
        SlotPlan(MORNING.slot, 420, 540, -1),
        SlotPlan(EVENING.slot, 1200, 1380, 60),
        SlotPlan(MORNING.slot, 420, 540, 60, weekdays=0),
        SlotPlan(MORNING.slot, 420, 540, 60, weekdays=128),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(plan: SlotPlan) -> None:
    with pytest.raises(Invalid):
        check_plan(plan)


def test_weekdays_begin_with_monday() -> None:
    assert [day_bit(DAY + timedelta(days=n)) for n in (0, 1, 2)] == [0b0100000, 0b1000000, 0b0000001]


def test_a_plan_made_once_the_slot_has_opened_begins_tomorrow() -> None:
    assert first_day(MORNING, local(7) - SECOND) == DAY
    assert first_day(MORNING, local(7)) == DAY + timedelta(days=1)


def test_tomorrow_is_made_from_six_in_the_evening() -> None:
    assert days_made(local(17, 59), 18) == (DAY,)
    assert days_made(local(18), 18) == (DAY, DAY + timedelta(days=1))


# --- absences ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "away"),
    [
        (local(0), local(23), True),
        (local(0), local(9), False),  # back when it is due: looked in on
        (local(0), local(9) + SECOND, True),
        (local(8), local(12), True),  # left while it was open
        (local(9, 59), local(12), True),  # an alarm at ten would fall into it
        (local(10), local(12), False),
        (local(0) - timedelta(days=2), local(0), False),  # till midnight: the morning after is owed
        (local(0, day=DAY + timedelta(days=1)), local(12, day=DAY + timedelta(days=3)), False),
    ],
)
def test_an_absence_excuses_what_would_alarm_in_it_and_no_more(start: datetime, end: datetime, away: bool) -> None:
    assert is_away(WHEN, [Away(start, end)]) is away


@given(MOMENTS, st.integers(1, 600))
def test_whoever_is_away_until_some_time_is_owed_each_look_that_is_due_from_then_on(end: datetime, length: int) -> None:
    away = is_away(WHEN, [Away(end - length * MINUTE, end)])

    assert not (away and WHEN.due_at >= end)


# --- who answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("passed", "who"),
    [
        ({}, ANN),
        ({ANN: CLEO}, CLEO),
        ({ANN: None}, BEN),
        ({ANN: CLEO, CLEO: DAN}, DAN),
        ({ANN: CLEO, CLEO: None}, BEN),
        ({ANN: None, BEN: CLEO}, CLEO),
        ({ANN: None, BEN: None}, None),
        ({ANN: BEN, BEN: ANN}, None),
    ],
)
def test_a_round_that_was_passed_on_ends_with_one_person(passed: dict[UUID, UUID | None], who: UUID | None) -> None:
    assert responsible(ANN, BEN, passed) == who


@given(
    st.sampled_from([None, ANN, BEN]),
    st.sampled_from([None, BEN, CLEO]),
    st.dictionaries(st.sampled_from([ANN, BEN, CLEO, DAN]), st.sampled_from([None, ANN, BEN, CLEO, DAN])),
)
def test_nobody_answers_who_gave_the_round_away(
    primary: UUID | None, backup: UUID | None, passed: dict[UUID, UUID | None]
) -> None:
    assert responsible(primary, backup, passed) not in passed


def test_an_offer_is_answered_twelve_hours_before_or_in_a_quarter_of_an_hour_never_after_the_opening() -> None:
    assert answer_by(local(7), local(7) - timedelta(days=1)) == local(7) - timedelta(hours=12)
    assert answer_by(local(7), local(6)) == local(6, 15)
    assert answer_by(local(7), local(6, 55)) == local(7)
    assert answer_by(local(7), local(8)) == local(7)


# --- when nobody looks ---------------------------------------------------------------------------------


def test_a_window_nobody_looks_at_opens_is_asked_of_the_backup_then_of_the_head_and_alarms() -> None:
    now_is, told = Next(WindowState.SCHEDULED, WHEN.opens_at), []
    while now_is.at is not None:
        now = now_is.at
        now_is = onward(now_is.state, now, WHEN, now)
        told.append((now, now_is.state, now_is.ask))

    assert told == [
        (local(7), WindowState.OPEN, None),
        (local(9), WindowState.UNCHECKED, Who.BACKUP),
        (local(9, 10), WindowState.UNCHECKED, Who.BUILDING_HEAD),
        (local(10), WindowState.ALARM, None),
    ]


def test_after_an_outage_a_window_goes_straight_to_where_it_belongs() -> None:
    assert onward(WindowState.SCHEDULED, WHEN.opens_at, WHEN, local(12)) == Next(WindowState.ALARM)
    caught_up = onward(WindowState.SCHEDULED, WHEN.opens_at, WHEN, local(9, 55))
    assert caught_up == Next(WindowState.UNCHECKED, WHEN.grace_until, Who.BACKUP)


def test_a_weak_sign_puts_the_alarm_off_once() -> None:
    later = onward(WindowState.UNCHECKED, WHEN.grace_until, WHEN, WHEN.grace_until, delays=True)

    assert later == Next(WindowState.UNCHECKED, WHEN.grace_until + WEAK_BUYS)
    assert onward(later.state, later.at or local(0), WHEN, local(10, 30), delays=True) == Next(WindowState.ALARM)


def test_a_second_look_that_nobody_takes_is_asked_of_the_backup() -> None:
    after = onward(WindowState.UNCLEAR, local(8, 15), WHEN, local(8, 15))

    assert after == Next(WindowState.UNCHECKED, local(8, 15) + HEAD_AFTER, Who.BACKUP)


@given(st.sampled_from(sorted(WAITING)), MOMENTS, MOMENTS, st.booleans())
def test_what_waits_always_has_a_next_time_and_past_grace_it_alarms(
    state: WindowState, next_at: datetime, now: datetime, delays: bool
) -> None:
    after = onward(state, next_at, WHEN, now, delays=delays)

    if now >= WHEN.grace_until + (WEAK_BUYS if delays else timedelta()):
        assert after == Next(WindowState.ALARM)
    else:
        assert after.state in WAITING
        assert after.at is not None
        assert after.at <= WHEN.grace_until + WEAK_BUYS
        assert after.at > now


# --- when somebody does --------------------------------------------------------------------------------

SEEN = st.lists(st.sampled_from([Look.OK, Look.CLOSED, Look.UNCLEAR, Look.TALKED, Look.WEAK, Look.NONE, Look.OFFLINE]))
BEFORE_GRACE = st.integers(-120, 59).map(lambda minutes: WHEN.due_at + minutes * MINUTE)


def settled(looks: list[Look], now: datetime) -> WindowState:
    """Where a window stands after these looks one by one; an incident opens with the first closed one."""
    now_is, alarmed = waiting(WHEN, now), False
    for n in range(len(looks)):
        now_is = settle(now_is, WHEN, weigh(looks[: n + 1]), now, alarmed=alarmed)
        alarmed = alarmed or now_is.state is WindowState.SEEN_CLOSED
        alarmed = alarmed and now_is.state is not WindowState.CLEARED_LATE
    return now_is.state


@given(SEEN, BEFORE_GRACE)
def test_a_look_never_leaves_a_window_with_nothing_to_come_and_nothing_seen(looks: list[Look], now: datetime) -> None:
    now_is = settle(waiting(WHEN, now), WHEN, weigh(looks), now)

    assert (now_is.at is None) == (now_is.state in {*OVER, WindowState.SEEN_CLOSED})


@given(SEEN.filter(lambda looks: Look.TALKED not in looks), BEFORE_GRACE, st.randoms())
def test_the_order_of_looks_does_not_matter(looks: list[Look], now: datetime, dice: object) -> None:
    mixed = list(looks)
    dice.shuffle(mixed)  # type: ignore[attr-defined]

    assert settled(mixed, now) is settled(looks, now)


@given(SEEN, BEFORE_GRACE)
def test_a_closed_look_is_never_forgotten_without_talking(looks: list[Look], now: datetime) -> None:
    state = settled(looks, now)

    if Look.CLOSED in looks and Look.TALKED not in looks:
        assert state is WindowState.SEEN_CLOSED


def test_a_look_that_could_not_tell_is_followed_by_another_within_a_quarter_of_an_hour() -> None:
    after = settle(Next(WindowState.OPEN, WHEN.due_at), WHEN, weigh([Look.UNCLEAR]), local(8))
    late = settle(Next(WindowState.UNCHECKED, WHEN.grace_until), WHEN, weigh([Look.UNCLEAR]), local(9, 55))

    assert after == Next(WindowState.UNCLEAR, local(8, 15))
    assert late == Next(WindowState.UNCLEAR, WHEN.grace_until)


def test_a_sign_seen_late_clears_what_nobody_had_looked_at_and_not_what_was_seen_closed() -> None:
    unseen = settle(Next(WindowState.ALARM), WHEN, weigh([Look.OK]), local(11), alarmed=True)
    closed = settle(Next(WindowState.SEEN_CLOSED), WHEN, weigh([Look.CLOSED, Look.OK]), local(11), alarmed=True)
    talked = settle(Next(WindowState.SEEN_CLOSED), WHEN, weigh([Look.CLOSED, Look.TALKED]), local(11), alarmed=True)

    assert unseen.state is WindowState.CLEARED_LATE
    assert closed.state is WindowState.SEEN_CLOSED
    assert talked.state is WindowState.CLEARED_LATE


def test_a_device_closes_nothing() -> None:
    after = settle(Next(WindowState.ALARM), WHEN, weigh([Look.FINE]), local(11), alarmed=True, by_person=False)

    assert after.state is WindowState.ALARM


@pytest.mark.parametrize("state", [WindowState.EXCUSED, WindowState.CLEARED_LATE, WindowState.CONFIRMED_EVENT])
def test_what_is_closed_stays_closed(state: WindowState) -> None:
    assert settle(Next(state), WHEN, weigh([Look.CLOSED]), local(11)) == Next(state)


def test_a_closed_look_that_comes_in_after_grace_opens_nothing_where_all_was_well() -> None:
    live = settle(Next(WindowState.SEEN_OK), WHEN, weigh([Look.OK, Look.CLOSED]), WHEN.grace_until)
    late = settle(Next(WindowState.SEEN_OK), WHEN, weigh([Look.OK, Look.CLOSED]), WHEN.grace_until + SECOND)

    assert live.state is WindowState.SEEN_CLOSED
    assert late.state is WindowState.SEEN_OK
