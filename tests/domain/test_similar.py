"""When two reports are one matter: place, matter and age have to say so, and each says why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.ids import new_id
from domain.similar import WITHIN, Told, match, shared
from tests.builders import NOW

B3, B5, GRID, LAMPS, DOORS = (new_id() for _ in range(5))
LAMP = Told(B3, GRID, "3号楼2单元", LAMPS, "楼道灯坏了")
GATE = Told(None, GRID, "小区东门", None, "垃圾桶满了没人清")


def strength(new: Told, known: Told, days: int = 2) -> str:
    found = match(new, known, NOW - timedelta(days=days), now=NOW)
    return "" if found is None else "strong" if found.strong else "weak"


CASES: tuple[tuple[str, Told, Told, str], ...] = (
    ("the same lamp", LAMP, replace(LAMP, title="灯不亮三天了"), "strong"),
    ("the same words, filed under nothing", LAMP, replace(LAMP, category_id=None), "strong"),
    ("the lamp of another unit", LAMP, replace(LAMP, address="3号楼1单元"), "weak"),
    ("something else in the building", LAMP, replace(LAMP, category_id=DOORS, title="单元门关不严"), ""),
    ("the same words in the next building", LAMP, replace(LAMP, building_id=B5, address="5号楼"), "weak"),
    ("the same sort in the next building", LAMP, replace(LAMP, building_id=B5, title="路灯不亮"), ""),
    ("the sort alone, in another unit", LAMP, replace(LAMP, address="3号楼1单元", title="声控失灵"), ""),
    ("the sort alone, in the same unit", LAMP, replace(LAMP, title="声控失灵"), "strong"),
    ("the grid and the sort alone", LAMP, replace(LAMP, building_id=None, address="", title="黑"), ""),
    ("the grid, the building not known", LAMP, replace(LAMP, building_id=None, address=""), "weak"),
    ("one spot outside", GATE, replace(GATE, address="东门口", title="东门垃圾桶臭"), "strong"),
    ("another spot, the same trouble", GATE, replace(GATE, address="南广场", grid_id=None), ""),
    (
        "buildings by number only",
        replace(GATE, address="桂花小区3号楼"),
        replace(GATE, address="桂花小区5号楼"),
        "weak",
    ),
    ("no place at all", replace(LAMP, building_id=None, grid_id=None, address=""), LAMP, ""),
    ("no matter yet", replace(LAMP, category_id=None, title=""), LAMP, ""),
)


@pytest.mark.parametrize(("new", "known", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_place_and_matter_both_have_to_be_the_same(new: Told, known: Told, expected: str) -> None:
    assert strength(new, known) == expected


def test_a_match_says_why() -> None:
    found = match(LAMP, LAMP, NOW - timedelta(days=2), now=NOW)

    assert found
    assert found.reasons == ("同一栋楼", "同一类别", "都说到“楼道灯坏了”", "2 天前反映")


def test_what_was_reported_long_ago_is_no_match() -> None:
    assert match(LAMP, LAMP, NOW - WITHIN, now=NOW)
    assert match(LAMP, LAMP, NOW - WITHIN - timedelta(seconds=1), now=NOW) is None


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ("楼道灯坏了", "3号楼楼道灯不亮", "楼道灯"),
        ("楼道堆物", "楼道灯坏了", ""),
        ("没有人处理", "有人没处理", ""),
        ("wifi慢", "wifi断", ""),
        ("", "楼道灯", ""),
    ],
)
def test_empty_words_are_no_common_ground(one: str, other: str, word: str) -> None:
    assert shared(one, other) == word


def test_a_long_text_is_compared_in_no_time(benchmark_seconds: float = 1.0) -> None:
    import time

    started = time.thread_time()  # not what others do beside it
    shared("灯" * 5000, "水" * 5000)

    assert time.thread_time() - started < benchmark_seconds
