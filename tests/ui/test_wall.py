"""What stands on the wall has room, also in a street of a million tickets."""

from datetime import UTC, date, datetime

from domain.wall import Wall
from ui.wall import markup


def drawn(*days: tuple[date, int, int]) -> str:
    nothing = dict.fromkeys(("tiles", "late", "recent", "grids", "categories", "ages", "checks", "hours", "alarms"), ())
    return markup.html(Wall("梧桐街道", "社区", datetime(2026, 11, 20, tzinfo=UTC), days=days, stamp=0, **nothing))


def test_numbers_stand_on_their_columns_while_two_have_room_beside_each_other() -> None:
    assert '<i class="in" style="height:100.0%"><b>99</b></i>' in drawn((date(2026, 11, 20), 99, 7))


def test_longer_numbers_stand_above_each_other_over_the_higher_column() -> None:
    body = drawn((date(2026, 11, 19), 1938, 253), (date(2026, 11, 20), 969, 0))

    assert '<p style="bottom:100.0%"><b>1,938</b><b>253</b></p>' in body
    assert '<p style="bottom:50.0%"><b>969</b><b>0</b></p>' in body
    assert '<i class="out" style="height:13.1%"></i>' in body
