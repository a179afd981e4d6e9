from datetime import UTC, date, datetime, timedelta

import pytest

from demo import hours
from demo.chance import Chance
from domain.clock import local

NIGHT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai


def test_work_on_a_report_of_the_night_begins_next_morning() -> None:
    begun = local(hours.later(NIGHT, 10, Chance(1)))

    assert begun.date() == date(2026, 11, 21)
    assert (begun.hour, begun.minute) >= (8, 30)


@pytest.mark.parametrize("minutes", [1, 45, 300, 1440, 8000])
@pytest.mark.parametrize("start", [NIGHT + timedelta(hours=n) for n in range(24)])
def test_steps_follow_each_other_and_fall_into_working_hours(start: datetime, minutes: int) -> None:
    forth, back = hours.later(start, minutes, Chance(1)), hours.earlier(start, minutes, Chance(1))

    assert back < start < forth
    assert all(hours.OPENS <= local(step).time() <= hours.SHUTS for step in (forth, back))


def test_the_same_seed_draws_the_same_ids_and_another_does_not() -> None:
    first, again, other = (Chance(*seed).id(NIGHT) for seed in ((1, "a"), (1, "a"), (1, "b")))

    assert first == again != other
    assert first.version == 7
