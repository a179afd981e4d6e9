import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import LOCAL
from files.dates import EPOCH, BadMoment, parse_moment
from tests.files.making import wall

# Shanghai had summer time until 1991: before, an hour a year does not exist
MOMENTS = st.datetimes(wall(1992, 1, 1), wall(2100, 12, 31, 23, 59, 59)).map(lambda m: m.replace(microsecond=0))
WRITTEN = (
    "{0:%Y-%m-%d %H:%M:%S}",
    "{0:%Y-%m-%d %H:%M:%S}.0",
    "{0:%Y-%m-%dT%H:%M:%S}",
    "{0:%Y-%m-%dT%H:%M:%S}+08:00",
    "{0:%Y-%m-%d %H:%M:%S} +0800",
    "{0.year}/{0.month}/{0.day} {0.hour}:{0:%M:%S}",
    "{0.year}.{0.month}.{0.day} {0.hour}:{0:%M:%S}",
    "{0.year}年{0.month}月{0.day}日 {0.hour}时{0.minute}分{0.second}秒",
    "{0.year}年{0.month}月{0.day}日{0.hour}:{0:%M:%S}",
    "{0:%Y-%m-%d %I:%M:%S %p}",
    "{0:%a %b %d %H:%M:%S} CST {0:%Y}",
    "{0:%Y%m%d%H%M%S}",
    " \t{0:%Y-%m-%d}　{0:%H:%M:%S}\n",
)
FULL_WIDTH = str.maketrans("0123456789-:", "０１２３４５６７８９－：")


def utc(local: datetime) -> datetime:
    return local.replace(tzinfo=LOCAL).astimezone(UTC)


@pytest.mark.parametrize("form", WRITTEN)
@given(moment=MOMENTS)
def test_every_written_form_is_read_to_the_second(form, moment):
    assert parse_moment(form.format(moment)) == (utc(moment), False)


@given(moment=MOMENTS)
def test_full_width_digits_are_digits(moment):
    assert parse_moment(f"{moment:%Y-%m-%d %H:%M:%S}".translate(FULL_WIDTH)).at == utc(moment)


@given(moment=MOMENTS, as_text=st.booleans())
def test_a_serial_number_loses_no_second_to_its_fraction(moment, as_text):
    serial = (moment - EPOCH) / timedelta(days=1)

    assert parse_moment(str(serial) if as_text else serial).at == utc(moment)


@given(moment=MOMENTS, error=st.integers(-400_000, 400_000))
def test_a_date_cell_is_rounded_to_its_second(moment, error):
    assert parse_moment(moment + timedelta(microseconds=error)).at == utc(moment)


@given(moment=MOMENTS, offset=st.integers(-12, 14))
def test_an_offset_is_honoured(moment, offset):
    zone = timezone(timedelta(hours=offset))

    assert parse_moment(f"{moment:%Y-%m-%dT%H:%M:%S}{offset:+03d}:00").at == moment.replace(tzinfo=zone)


@pytest.mark.parametrize(
    "text", ["2019/1/2", "2019-01-02", "2019.1.2", "2019年1月2日", "20190102", "二〇一九年一月二日", "43467", 43467.0]
)
def test_a_date_without_time_is_midnight_and_flagged(text):
    assert parse_moment(text) == (utc(wall(2019, 1, 2)), True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019年11月6日 上午9时5分", wall(2019, 11, 6, 9, 5)),
        ("2019年11月6日 星期三 下午3点", wall(2019, 11, 6, 15)),
        ("2019-11-06 中午12:30", wall(2019, 11, 6, 12, 30)),
        ("2019-11-06 中午1:30", wall(2019, 11, 6, 13, 30)),
        ("2019-11-06 12:05 AM", wall(2019, 11, 6, 0, 5)),
        ("2019-11-06 晚上12点", wall(2019, 11, 7)),
        ("2019-11-06 24:00:00", wall(2019, 11, 7)),
        ("二〇一九年十一月二十六日", wall(2019, 11, 26)),
        ("2019-11-06T02:05:37Z", wall(2019, 11, 6, 10, 5, 37)),
        ("1573005937", wall(2019, 11, 6, 10, 5, 37)),
        ("1573005937123", wall(2019, 11, 6, 10, 5, 37)),
    ],
)
def test_halves_of_the_day_and_other_clocks_are_understood(text, expected):
    assert parse_moment(text).at == utc(expected)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("11月6日", "没有年份"),
        ("1/2/2019", "分不清"),
        ("25/12/2019", "分不清"),
        ("19-11-06", "分不清"),
        ("2019年11月", "没有日"),
        ("2019-13-01", "没有「2019-13-01」"),
        ("2019-02-29", "没有"),
        ("2019-11-06 25:00", "没有"),
        ("2019-11-0612:00", "不是日期"),
        ("1989-12-31", "1990"),
        ("2101-01-01", "2100"),
        ("昨天下午", "不是日期"),
        pytest.param("2019-1-1" + " " * 100_000 + "x", "不是日期", id="a page of blanks"),
        ("0.5", "看不出"),
        (-5, "看不出"),
        (float("nan"), "看不出"),
        (True, "不是日期"),
    ],
)
def test_what_is_not_surely_a_moment_is_refused_with_the_reason(value, said):
    with pytest.raises(BadMoment, match=said):
        parse_moment(value)


@given(st.text() | st.floats() | st.integers())
def test_anything_is_either_read_or_refused(value):
    with contextlib.suppress(BadMoment):
        assert parse_moment(value).at.tzinfo is UTC
