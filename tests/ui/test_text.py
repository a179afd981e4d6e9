"""Moments in words, and text that Streamlit must take literally."""

import re
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from domain.clock import LOCAL
from ui.text import day_and_hour, due_words, escape_md, left, on_date, when

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=LOCAL)


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-20 17:30", "今天 17:30"),
        ("2026-11-20 00:00", "今天 0:00"),
        ("2026-11-19 09:05", "昨天 9:05"),
        ("2026-11-21 12:00", "明天 12:00"),
        ("2026-11-06 10:05", "11月6日 10:05"),
        ("2025-11-06 10:05", "2025年11月6日"),
    ],
)
def test_a_moment_is_said_as_people_say_it(moment: str, said: str) -> None:
    assert when(at(moment), NOW) == said


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-11-20 10:12", "剩 12 分钟"),
        ("2026-11-20 10:00", "剩 1 分钟"),
        ("2026-11-20 11:00", "剩 60 分钟"),
        ("2026-11-20 11:01", "今天 11:01 到期"),
        ("2026-11-20 17:30", "今天 17:30 到期"),
        ("2026-11-21 00:00", "今天 24:00 到期"),
        ("2026-11-21 00:01", "明天 0:01 到期"),
        ("2026-11-21 12:00", "明天 12:00 到期"),
        ("2026-11-22 00:00", "明天 24:00 到期"),
        ("2026-11-22 09:00", "剩 2 天"),
        ("2026-12-05 10:00", "剩 15 天"),
        ("2026-11-20 09:59", "超时 1 分钟"),
        ("2026-11-20 09:01", "超时 59 分钟"),
        ("2026-11-20 05:00", "超时 5 小时"),
        ("2026-11-19 10:01", "超时 23 小时"),
        ("2026-11-19 10:00", "超时 1 天"),
        ("2026-11-17 09:00", "超时 3 天"),
    ],
)
def test_what_is_left_is_said_in_the_unit_that_matters(due: str, said: str) -> None:
    assert left(at(due), NOW) == said


def test_a_moment_just_past_is_already_late() -> None:
    assert left(NOW - timedelta(seconds=1), NOW) == "超时 1 分钟"


def test_a_ticket_without_a_due_time_says_so() -> None:
    assert left(None, NOW) == "没有时限"


def test_a_due_moment_on_paper_names_its_day() -> None:
    assert on_date(at("2026-11-21 00:00")) == "11月20日 24:00"
    assert day_and_hour(at("2026-11-21 00:00")) == "2026-11-20 24:00"
    assert day_and_hour(at("2026-11-21 09:30")) == "2026-11-21 09:30"
    assert on_date(at("2026-11-21 09:30")) == "11月21日 9:30"


def test_midnight_belongs_to_the_day_that_it_ends() -> None:
    assert due_words(at("2026-11-21 00:00"), NOW) == "今天 24:00"
    assert due_words(at("2026-11-21 00:01"), NOW) == "明天 0:01"


@pytest.mark.parametrize(
    "text", ["**粗**", "$x$", ":red[x]", "![x](http://x)", "<b>", "a_b", "[l](m)", "# h", "`c`", "~~d~~"]
)
def test_no_mark_of_markdown_stays_unescaped(text: str) -> None:
    escaped = escape_md(text)

    assert escaped.replace("\\", "").replace("\u2060", "") == text
    assert all(before == "\\" for before, mark in pairwise(escaped) if mark in "*_`$[]()<>!#~:")


@pytest.mark.parametrize("text", ["https://evil.cn", "HTTP://evil.cn", "www.evil.cn", "a@evil.cn"])
def test_an_address_does_not_become_a_link_by_itself(text: str) -> None:
    seen = escape_md(text).replace("\\", "")

    assert re.search(r"https?://|www\.|@\w", seen, re.IGNORECASE) is None
    assert seen.replace("\u2060", "") == text
