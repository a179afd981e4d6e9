from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from domain import clock


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), date(2026, 11, 21)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), date(2028, 2, 29)),
        (datetime(2026, 11, 20, 23, 0, tzinfo=timezone(timedelta(hours=-8))), date(2026, 11, 21)),
    ],
)
def test_the_day_changes_at_midnight_in_shanghai(moment: datetime, day: date) -> None:
    assert clock.local_date(moment) == day


def test_a_local_time_becomes_the_same_moment_in_utc() -> None:
    assert clock.at_local(date(2026, 11, 20), time(8)) == datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
    assert clock.at_local(date(2026, 11, 20), time(8)).tzinfo is UTC


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta()
