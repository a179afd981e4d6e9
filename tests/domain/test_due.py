from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import LOCAL
from domain.due import Due, Grade, Matter, Urgency, due_for, soon_from, urgency

moments = st.integers(1_600_000_000, 2_200_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
matters = st.none() | st.sampled_from(Matter)
rounds = st.integers(1, 5)


def here(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("grade", "start", "due"),
    [
        (Grade.URGENT, "2026-11-20 10:00", "2026-11-20 12:00"),
        (Grade.URGENT, "2026-11-20 23:00", "2026-11-21 01:00"),  # over midnight
        (Grade.FAST, "2026-11-30 10:00", "2026-12-01 10:00"),  # over the month's end
        (Grade.FAST, "2028-02-28 10:00", "2028-02-29 10:00"),  # into a leap day
        (Grade.FAST, "2027-02-28 10:00", "2027-03-01 10:00"),
        (Grade.NORMAL, "2026-12-28 09:30", "2027-01-04 09:30"),  # over the year's end
        (Grade.NORMAL, "2028-02-25 09:30", "2028-03-03 09:30"),
        (Grade.HARD, "2026-11-20 10:00", "2026-12-05 10:00"),
    ],
)
@pytest.mark.parametrize("matter", [None, Matter.BIG])
def test_each_grade_has_its_span_of_natural_time(grade: Grade, matter: Matter | None, start: str, due: str) -> None:
    assert due_for(grade, matter, here(start)).at == here(due)


@pytest.mark.parametrize("matter", [Matter.SMALL, Matter.PRIVATE])
@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-11-20 00:00:00", "2026-11-21 00:00"),
        ("2026-11-20 10:00:00", "2026-11-21 00:00"),
        ("2026-11-20 16:59:00", "2026-11-21 00:00"),
        ("2026-11-20 17:00:00", "2026-11-21 00:00"),
        ("2026-11-20 17:00:01", "2026-11-21 12:00"),
        ("2026-11-20 17:01:00", "2026-11-21 12:00"),
        ("2026-11-20 23:59:59", "2026-11-21 12:00"),
        ("2026-11-30 17:01:00", "2026-12-01 12:00"),
        ("2028-02-28 17:01:00", "2028-02-29 12:00"),
        ("2026-12-31 10:00:00", "2027-01-01 00:00"),
    ],
)
def test_a_small_or_private_matter_is_due_the_same_day_or_next_noon(matter: Matter, start: str, due: str) -> None:
    assert due_for(Grade.NORMAL, matter, here(start)).at == here(due)


@pytest.mark.parametrize(
    ("grade", "start", "due"),
    [
        (Grade.URGENT, "2026-11-20 10:00", "2026-11-20 12:00"),
        (Grade.URGENT, "2026-11-20 23:00", "2026-11-21 01:00"),
        (Grade.FAST, "2026-11-20 17:30", "2026-11-21 12:00"),
        (Grade.HARD, "2026-11-20 10:00", "2026-11-21 00:00"),
    ],
)
def test_the_earlier_of_grade_and_same_day_counts(grade: Grade, start: str, due: str) -> None:
    assert due_for(grade, Matter.SMALL, here(start)).at == here(due)


@pytest.mark.parametrize(
    ("grade", "span"),
    [
        (Grade.URGENT, timedelta(hours=2)),
        (Grade.FAST, timedelta(hours=24)),
        (Grade.NORMAL, timedelta(days=3)),
        (Grade.HARD, timedelta(days=3)),
    ],
)
@pytest.mark.parametrize("matter", [None, *Matter])
def test_a_later_round_has_three_days_at_most(grade: Grade, span: timedelta, matter: Matter | None) -> None:
    start = here("2026-11-20 10:00")

    assert due_for(grade, matter, start, round_no=2).at == start + span


@pytest.mark.parametrize(
    ("grade", "matter", "round_no", "why"),
    [
        (Grade.URGENT, None, 1, "特急：自上报起 2 小时内办结"),
        (Grade.NORMAL, Matter.SMALL, 1, "小事：今日事今日毕，当天 24 点前办结"),
        (Grade.FAST, None, 2, "第 2 轮办理，自重新办理起 1 天内办结"),
        (Grade.URGENT, None, 3, "第 3 轮办理，自重新办理起 2 小时内办结"),
    ],
)
def test_a_due_time_says_why(grade: Grade, matter: Matter | None, round_no: int, why: str) -> None:
    assert due_for(grade, matter, here("2026-11-20 10:00"), round_no=round_no).why == why


@given(st.sampled_from(Grade), matters, moments, rounds)
def test_nothing_is_due_before_it_starts(grade: Grade, matter: Matter | None, start: datetime, no: int) -> None:
    due = due_for(grade, matter, start, round_no=no)

    assert isinstance(due, Due)
    assert due.at > start


@given(matters, moments, rounds)
def test_a_higher_grade_is_never_due_later(matter: Matter | None, start: datetime, no: int) -> None:
    dues = [due_for(grade, matter, start, round_no=no).at for grade in Grade]

    assert dues == sorted(dues)


@given(st.sampled_from(Grade), matters, moments, st.integers(1, 10**6))
def test_who_reports_later_is_not_due_earlier(
    grade: Grade, matter: Matter | None, start: datetime, seconds: int
) -> None:
    later = start + timedelta(seconds=seconds)

    assert due_for(grade, matter, start).at <= due_for(grade, matter, later).at


@given(st.sampled_from(Grade), matters, moments, rounds)
def test_the_zone_in_which_the_start_is_written_makes_no_difference(
    grade: Grade, matter: Matter | None, start: datetime, no: int
) -> None:
    assert due_for(grade, matter, start, round_no=no) == due_for(grade, matter, start.astimezone(LOCAL), round_no=no)


START = here("2026-11-01 10:00")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("days", "soon_left"),
    [(7, timedelta(days=1.4)), (15, timedelta(days=3)), (3, timedelta(days=1)), (1, timedelta(days=1))],
)
def test_a_ticket_is_due_soon_from_a_fifth_of_its_time_but_a_day_at_least(days: int, soon_left: timedelta) -> None:
    due = START + timedelta(days=days)
    soon = due - soon_left

    found = [urgency(due, START, now=soon + step, done=False) for step in (-SECOND, timedelta(), SECOND)]

    assert found == [Urgency.NORMAL, Urgency.SOON, Urgency.SOON]
    assert soon_from(due, START) == soon


def test_a_ticket_is_late_one_second_after_its_due_moment() -> None:
    due = START + timedelta(days=7)

    found = [urgency(due, START, now=due + step, done=False) for step in (-SECOND, timedelta(), SECOND)]

    assert found == [Urgency.SOON, Urgency.SOON, Urgency.LATE]


@given(st.sampled_from(Grade), matters, moments, st.integers(-(10**6), 2 * 10**6))
def test_the_queries_soon_agrees_with_the_rules(
    grade: Grade, matter: Matter | None, start: datetime, seconds: int
) -> None:
    due, now = due_for(grade, matter, start).at, start + timedelta(seconds=seconds)

    near = urgency(due, start, now=now, done=False) in (Urgency.SOON, Urgency.LATE)

    assert near == (now >= soon_from(due, start))


def test_what_is_done_is_never_late() -> None:
    assert urgency(START, START, now=START + timedelta(days=9), done=True) is Urgency.DONE


def test_without_a_due_time_nothing_is_pressing() -> None:
    assert urgency(None, START, now=START, done=False) is Urgency.NORMAL
