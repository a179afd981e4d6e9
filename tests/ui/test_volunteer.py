"""A volunteer's points as HTML: large, plain, and nothing that somebody wrote is interpreted."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ui import volunteer

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "star", "more"),
    [(0, "", "再服务 100 小时就是一星"), (100, "一星志愿者", "再服务 200 小时就是二星"), (1500, "五星志愿者", "")],
)
def test_hours_become_stars(hours: int, star: str, more: str) -> None:
    assert (volunteer.star_words(hours * 60), volunteer.next_star_words(hours * 60)) == (star, more)


def test_what_is_missing_is_rounded_up() -> None:
    assert volunteer.next_star_words(100 * 60 - 1) == "再服务 0.1 小时就是一星"


def test_another_year_is_said() -> None:
    assert [volunteer.day_words(day, date(2026, 11, 20)) for day in (date(2026, 12, 31), date(2027, 12, 31))] == [
        "12月31日",
        "2027年12月31日",
    ]


@pytest.mark.parametrize(
    ("hours", "words"), [(2, "今天（11月20日）12:00"), (24, "明天（11月21日）10:00"), (48, "11月22日 10:00")]
)
def test_until_when_can_be_read_tomorrow_as_well(hours: int, words: str) -> None:
    assert words in volunteer.code_html("012345", "洗衣液", 150, NOW + timedelta(hours=hours), NOW)


def test_a_code_keeps_its_leading_nought_and_is_read_out_digit_by_digit() -> None:
    html = volunteer.code_html("012345", "洗衣液", 150, NOW, NOW)

    assert '<b aria-label="领取码 0 1 2 3 4 5">012 345</b>' in html


def test_names_are_escaped() -> None:
    line = volunteer.Line(NOW, "兑换<b>", -10, 0, "<i>")
    parts = (
        volunteer.lines_html([line], NOW),
        volunteer.code_html("012345", "<b>大米", 10, NOW, NOW),
        volunteer.rows_html([("<u>", "<u>")], "<u>"),
    )

    assert not any(tag in html.replace('<b class="minus">', "") for html in parts for tag in ("<i>", "<u>", "<b>大"))
