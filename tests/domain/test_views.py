"""A view's one canonical form: what is written, what is read back, and what is let go of and named."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.tickets import Column
from domain.views import STATE_NAMES, Field, Group, Layout, Sort, View, fit, from_body, to_body

GRID = "01900000-0000-7000-8000-0000000000f1"
FULL = View(
    {"grid": GRID, "kind": "hazard", "mine": "1", "due": "late", "text": "楼道 灯"},
    Layout.TABLE,
    Sort.STALE,
    Group.HANDLER,
    frozenset({Column.DONE, Column.FOLLOW_UP}),
    frozenset({Field.PLACE}),
    week=True,
)


def test_a_view_reads_back_as_it_was_written() -> None:
    assert from_body(to_body(FULL)) == (FULL, ())


def test_the_usual_board_is_written_as_nothing() -> None:
    assert to_body(View()) == {}
    assert from_body({}) == (View(), ())


READ: tuple[tuple[object, View, tuple[str, ...]], ...] = (
    (None, View(), ()),
    ([1], View(), ()),
    ({"layout": "globe"}, View(), ("布局",)),
    ({"layout": 3, "sort": ["left"]}, View(), ("布局", "排序")),
    ({"group": "colour", "sort": "newest"}, View(sort=Sort.NEWEST), ("分组",)),
    ({"hide": "done,archive"}, View(hidden=frozenset({Column.DONE})), ("显示的列",)),
    ({"hide": "todo,doing,follow_up,done"}, View(), ()),
    ({"fields": "none"}, View(fields=frozenset()), ()),
    ({"fields": "place,weather"}, View(fields=frozenset({Field.PLACE})), ("显示的内容",)),
    ({"grid": "x", "mine": "yes", "due": "1"}, View(), ("网格", "我的", "时限")),
    ({"kind": "rumour", "grade": "fast"}, View({"grade": "fast"}), ("类型",)),
    ({"colour": "red"}, View(), ("新版本的设置",)),
)


@pytest.mark.parametrize(("body", "view", "dropped"), READ)
def test_what_is_unknown_is_let_go_of_and_named(body: object, view: View, dropped: tuple[str, ...]) -> None:
    assert from_body(body) == (view, dropped)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from([*STATE_NAMES, "x"]), st.one_of(st.none(), st.integers(), st.text("a1,-灯 ", max_size=9))
    )
)
def test_no_body_makes_a_view_fail(body: dict[str, Any]) -> None:
    view, _ = from_body(body)

    assert from_body(to_body(view)) == (view, ())


def test_a_filter_by_what_the_reader_cannot_choose_is_left_out() -> None:
    view, lost = fit(FULL, {"grid": {"another": "二网格"}, "handler": {}})

    assert lost == ("网格",)
    assert view.filters == {"kind": "hazard", "mine": "1", "due": "late", "text": "楼道 灯"}
