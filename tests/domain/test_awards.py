"""What a service earns and the sentence that says why; stars and the month's ranking."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.awards import DEFAULT_RULES, Facts, Rule, award, because, expires_on, method_of, rating_percent
from domain.ids import new_id
from domain.points import Method, RecordKind, hours_text, next_month, points_text, ranking, stars, to_next_star
from domain.tickets import Satisfaction

START = datetime(2026, 6, 3, 0, 10, tzinfo=UTC)  # 8:10 in Shanghai
SERVICE = Rule(RecordKind.SERVICE, per_hour=10)


def facts(minutes: int = 60, **changes: Any) -> Facts:
    end = START + timedelta(minutes=minutes)
    made = Facts(RecordKind.SERVICE, START, end, end)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("minutes", "points"), [(29, 0), (30, 5), (59, 5), (60, 10), (89, 10), (90, 15), (480, 80), (481, 80), (700, 80)]
)
def test_time_counts_in_whole_half_hours_up_to_the_most(minutes: int, points: int) -> None:
    given_ = award(SERVICE, facts(minutes), 0, 0)

    assert (given_.points_tenths, given_.minutes) == (points, min(minutes, 480))


def test_the_sentence_says_when_what_and_how_many() -> None:
    round_ = facts(kind=RecordKind.ROUND, items=6)
    assert award(Rule(RecordKind.ROUND, per_event=20), round_, 0, 0).why == "6月3日 8:10 按时巡看6户，2分"
    visit = facts(kind=RecordKind.VISIT)
    assert award(DEFAULT_RULES[RecordKind.VISIT], visit, 0, 0).why == "6月3日 8:10 上门查看，2分"
    assert award(SERVICE, facts(90), 0, 0).why == "6月3日 8:10 服务1.5小时，1.5分"
    assert award(SERVICE, facts(20), 0, 0).why == "6月3日 8:10 服务20分钟，0分"
    case = facts(kind=RecordKind.MEDIATION)
    assert award(DEFAULT_RULES[RecordKind.MEDIATION], case, 0, 0).why == "6月3日 8:10 调解1次，3分"
    idea = facts(0, kind=RecordKind.SUGGESTION)
    assert award(DEFAULT_RULES[RecordKind.SUGGESTION], idea, 0, 0).why == "6月3日 建议被采纳，2分"


@pytest.mark.parametrize(
    ("today", "month", "points", "said"),
    [
        (0, 0, 20, "，2分"),
        (10, 0, 20, "，2分"),
        (11, 0, 19, "，已到每天3分的上限，1.9分"),
        (30, 0, 0, "，已到每天3分的上限，0分"),
        (99, 0, 0, "，已到每天3分的上限，0分"),
        (0, 85, 15, "，已到每月10分的上限，1.5分"),
        (25, 99, 1, "，已到每月10分的上限，0.1分"),
    ],
)
def test_caps_leave_what_is_left_and_say_which_one_it_was(today: int, month: int, points: int, said: str) -> None:
    given_ = award(replace(SERVICE, day_cap=30, month_cap=100), facts(120), today, month)

    assert given_.points_tenths == points
    assert given_.why.endswith(said)
    assert given_.minutes == 120


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("evidence", [False, True])
@pytest.mark.parametrize("days", [0, 3, 4])
def test_hours_noted_afterwards_earn_points_only_with_a_signed_sheet_in_three_days(
    method: Method, evidence: bool, days: int
) -> None:
    noted = facts(60, method=method, evidence=evidence)
    given_ = award(SERVICE, replace(noted, recorded_at=noted.ended_at + timedelta(days=days)), 0, 0)

    assert given_.minutes == 60
    assert (given_.points_tenths > 0) == (method is not Method.BACKFILL or (evidence and days <= 3))


@given(st.sampled_from(Satisfaction), st.integers(0, 100), st.integers(100, 200), st.integers(0, 600))
def test_the_residents_word_stays_inside_the_bounds(word: Satisfaction, low: int, high: int, minutes: int) -> None:
    rule = replace(SERVICE, rating_low=low, rating_high=high)
    plain = award(SERVICE, facts(minutes), 0, 0)

    rated = award(rule, facts(minutes, satisfaction=word), 0, 0)

    assert low <= rating_percent(rule, word) <= high
    assert plain.points_tenths * low // 100 <= rated.points_tenths <= plain.points_tenths * high // 100
    assert rated.minutes == plain.minutes


@given(st.sampled_from(RecordKind), st.integers(0, 2000), st.integers(0, 999), st.integers(0, 9999), st.integers(1, 99))
def test_an_award_is_never_negative_and_never_over_its_cap(
    kind: RecordKind, minutes: int, today: int, month: int, items: int
) -> None:
    rule = DEFAULT_RULES[kind]
    given_ = award(rule, facts(minutes, kind=kind, items=items), today, month)

    assert 0 <= given_.points_tenths <= rule.day_cap
    assert 0 <= given_.minutes <= rule.most_minutes


def test_a_note_of_the_same_day_is_no_back_fill() -> None:
    evening = datetime(2026, 6, 3, 15, 59, tzinfo=UTC)

    assert method_of(START, evening) is Method.NOTED
    assert method_of(START, evening + timedelta(minutes=1)) is Method.BACKFILL


def test_points_live_to_the_end_of_the_next_calendar_year() -> None:
    assert expires_on(date(2026, 1, 1)) == expires_on(date(2026, 12, 31)) == date(2027, 12, 31)


@pytest.mark.parametrize(("hours", "count"), [(99, 0), (100, 1), (299, 1), (300, 2), (600, 3), (1000, 4), (1500, 5)])
def test_stars_come_at_their_hours(hours: int, count: int) -> None:
    assert stars(hours * 60) == count
    assert (to_next_star(hours * 60) is None) == (count == 5)


def test_equal_time_shares_a_place_and_no_order_of_input_matters() -> None:
    people = sorted(new_id() for _ in range(5))
    month = list(zip(people, (60, 90, 60, 30, 0), strict=True))

    ranked = ranking(month)

    assert [(r.place, r.person_id) for r in ranked] == [(1, people[1]), (2, people[0]), (2, people[2]), (3, people[3])]
    assert [r.why for r in ranked] == ["", *["2人时长相同，并列第2名，不分先后"] * 2, ""]
    for _ in range(5):
        random.shuffle(month)
        assert ranking(month) == ranked


def test_figures_are_said_as_people_say_them() -> None:
    assert [points_text(n) for n in (0, 5, 20, 45, -15)] == ["0", "0.5", "2", "4.5", "-1.5"]
    assert [hours_text(n) for n in (0, 59, 90, 60)] == ["0", "0.9", "1.5", "1"]
    assert [next_month(date(2026, m, 15)) for m in (1, 12)] == [date(2026, 2, 1), date(2027, 1, 1)]


def test_why_names_the_rule_its_version_and_what_a_debt_took() -> None:
    rule = Rule(RecordKind.ROUND, version=3, per_item=5, day_cap=20)

    whole, less = (because("6月3日 8:10 按时巡看4户，2分", rule, kept) for kept in (20, 5))

    assert whole == "6月3日 8:10 按时巡看4户，2分（第3版规则：每户0.5分，每天最多2分）"
    assert less == "6月3日 8:10 按时巡看4户，2分，抵扣后到账0.5分（第3版规则：每户0.5分，每天最多2分）"
