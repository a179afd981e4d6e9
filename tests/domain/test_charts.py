"""The period that an address asks for."""

from datetime import date

import pytest

from domain.charts import days

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("start", ["0001-01-01", "1969-12-31", "春节", ""])
def test_a_period_that_nobody_can_have_meant_is_the_usual_one(start: str) -> None:
    assert days({"from": start, "to": "2026-10-01"}, TODAY) == days({}, TODAY)


def test_a_period_ends_today_at_the_latest() -> None:
    assert days({"from": "2026-11-01", "to": "2027-01-01"}, TODAY) == (date(2026, 11, 1), TODAY)
    assert days({"from": "2026-12-01", "to": "2026-12-31"}, TODAY) == (TODAY, TODAY)
