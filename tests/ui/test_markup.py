"""The one renderer: everything escaped, nothing told that a viewer may not see, words beside colours."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.board import LONGEST_COLUMN, Board, BoardColumn, Card, Figures, Waiting
from domain.due import Grade, Matter, Urgency
from domain.tickets import Channel, Column, Kind, Satisfaction, Status
from domain.views import Group
from ui.board import markup
from ui.board.lanes import lanes

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script>\"' & <img src=x onerror=y>"
CARD = Card(
    id=UUID(int=7),
    no="E0612",
    kind=Kind.REPORT,
    status=Status.ACCEPTED,
    title="楼道灯坏了",
    place="3号楼2单元",
    grid="桂花二网格",
    category="维修",
    grade=Grade.NORMAL,
    matter=None,
    channel=Channel.PHONE,
    urgency=Urgency.NORMAL,
    handler="",
    reported_at=NOW,
    due_at=NOW + timedelta(days=2),
    resolved_at=None,
    closed_at=None,
    contacted=False,
    urged=0,
    claimable=False,
    round_no=1,
    satisfaction=None,
    single_duty=False,
    hidden=False,
    version=3,
)


def drawn(**changes: Any) -> str:
    return markup.card_html(replace(CARD, **changes), NOW)


def words(html: str) -> str:
    return re.sub(r"<[^>]+>", " ", html)


def test_a_card_says_number_category_title_place_channel_and_time() -> None:
    html = drawn()

    for said in ("E0612", " · 维修", "楼道灯坏了", "3号楼2单元", "居民电话", "剩 2 天"):
        assert said in words(html)
    assert f'data-open="{CARD.id}"' in html
    assert 'data-version="3"' in html


@pytest.mark.parametrize("field", ["title", "place", "grid", "category", "handler", "no"])
def test_no_text_of_anybody_becomes_markup(field: str) -> None:
    html = drawn(**{field: EVIL, "place": EVIL})

    assert "<script" not in html
    assert "<img" not in html
    assert re.search(r'aria-label="[^"]*"', html)


def test_a_private_matter_of_others_shows_number_and_private_only() -> None:
    html = drawn(title="私事", place="", grid="", category="", handler="", hidden=True, matter=Matter.PRIVATE,
                 grade=Grade.URGENT, urged=2, contacted=True, kind=Kind.SERVICE)  # fmt: skip

    assert words(html).split() == ["E0612", "私事", "剩", "2", "天"]
    assert "服务点单" not in html
    assert "居民电话" not in html


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"urgency": Urgency.LATE, "due_at": NOW - timedelta(hours=5)}, "超时 5 小时"),
        ({"urgency": Urgency.SOON, "due_at": NOW + timedelta(minutes=12)}, "剩 12 分钟"),
        ({"urgency": Urgency.DONE, "status": Status.RESOLVED}, "处理完成"),
        ({"urgency": Urgency.DONE, "status": Status.CLOSED, "satisfaction": Satisfaction.SATISFIED}, "满意"),
        ({"urgency": Urgency.DONE, "status": Status.CLOSED, "satisfaction": Satisfaction.UNREACHED}, "已办结"),
        ({"status": Status.DISPATCHED}, "待接单"),
        ({"contacted": True, "status": Status.IN_PROGRESS}, "已联系"),
        ({"urged": 2}, "催办 2"),
        ({"told_by": 3}, "3 人反映"),
        ({"round_no": 2}, "第 2 轮"),
        ({"claimable": True}, "志愿者可接"),
        ({"single_duty": True}, "单人值班"),
        ({"grade": Grade.URGENT}, "特急"),
        ({"kind": Kind.ALERT}, "预警"),
        ({"handler": "王师傅"}, "王师傅"),
    ],
)
def test_a_state_is_a_word_on_the_card_and_in_its_label(changes: dict[str, Any], said: str) -> None:
    html = drawn(**changes)

    assert said in words(html)
    assert said in (re.search(r'aria-label="([^"]*)"', html) or [""])[0]


@pytest.mark.parametrize(
    ("urgency", "edge"),
    [(Urgency.LATE, "late"), (Urgency.SOON, "soon"), (Urgency.NORMAL, "calm"), (Urgency.DONE, "ok")],
)
def test_the_edge_repeats_the_time_with_an_icon_beside_it(urgency: Urgency, edge: str) -> None:
    html = drawn(urgency=urgency)

    assert f'class="card {edge}"' in html
    assert f'class="chip {edge}"><svg' in html


def test_a_card_that_was_drawn_before_says_what_is_true_by_now() -> None:
    moments = [NOW + timedelta(hours=hours) for hours in (0, 1, 30, 47, 49, 80)]
    told = [markup.card_html(CARD, moment) for moment in moments]
    assert "剩 2 天" in told[0] and "超时 1 天" in told[-1] and "3 天前" in told[-1]

    assert markup.card_html(replace(CARD, handler="王师傅"), NOW) != told[0]  # even if no step had told of it
    assert [markup.card_html(CARD, moment) for moment in reversed(moments)] == told[::-1]


def test_what_is_drawn_is_held_within_a_bound_and_nothing_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[object, tuple[object, str]] = {}
    monkeypatch.setattr(markup, "_drawn", held)
    monkeypatch.setattr(markup, "MOST_BOARDS", 2)
    boards = [Board((), Figures(0, 0, 0, 0), NOW) for _ in range(4)]

    assert [markup.once(one, "", lambda: "") for one in boards] == [""] * 4
    assert held == {}
    assert [markup.once(one, "", lambda: "x") for one in boards] == ["x"] * 4
    assert [one for one, _ in held.values()] == boards[2:]


def test_an_unhappy_resident_is_not_shown_in_green() -> None:
    closed = replace(CARD, status=Status.CLOSED, urgency=Urgency.DONE, satisfaction=Satisfaction.UNSATISFIED)

    assert markup.tone_of(closed) == "soon"


def test_what_an_unhappy_resident_said_is_neither_read_as_a_grade_nor_as_a_time() -> None:
    closed = replace(CARD, status=Status.CLOSED, urgency=Urgency.DONE, satisfaction=Satisfaction.SO_SO)

    assert markup.chip("soon", "评价一般", "late") in markup.card_html(closed, NOW)


def board(*columns: BoardColumn) -> str:
    return markup.board_html(Board(columns, Figures(0, 0, 0, 0), NOW))


def test_a_column_says_its_true_count_and_what_is_not_shown() -> None:
    html = board(BoardColumn(Column.TODO, 1075, (CARD,)))

    assert "待处理 <i>1,075</i>" in html
    assert "还有 1,074 件，显示更多" in html
    assert 'data-more="todo"' in html


def test_the_longest_column_says_so_and_offers_no_more() -> None:
    html = board(BoardColumn(Column.TODO, LONGEST_COLUMN + 9, (CARD,) * LONGEST_COLUMN))

    assert "只列前 600 件，请用筛选缩小范围" in html
    assert "data-more" not in html


def test_a_column_shown_whole_offers_no_more() -> None:
    assert "显示更多" not in board(BoardColumn(Column.TODO, 1, (CARD,)))


def test_a_column_over_its_limit_warns_in_words() -> None:
    full, over = (board(BoardColumn(Column.DOING, n, (), limit=12)) for n in (12, 13))

    assert "处理中 <i>12/12</i>" in full
    assert "超出上限" not in full
    assert "<i>13/12</i>" in over
    assert '<span class="chip soon"><svg' in over
    assert "超出上限" in over


def test_lanes_have_names_and_the_counts_of_what_they_show() -> None:
    one, three = (replace(CARD, grid=f"桂花{number}网格") for number in "一三")
    two = replace(CARD, grid="", hidden=True)
    held = BoardColumn(Column.TODO, 9, (two, three, CARD, one, CARD))

    html = markup.board_html(Board((held,), Figures(0, 0, 0, 0), NOW), group=Group.GRID)

    assert re.findall(r"<h4>(.*?) <i>(.*?)</i>", html) == [
        ("桂花一网格", "显示 1"),
        ("桂花二网格", "显示 2"),
        ("桂花三网格", "显示 1"),
        ("私事", "显示 1"),
    ]
    assert html.count('tabindex="0"') == 1


def test_the_most_urgent_lane_comes_first_and_a_lane_is_no_markup() -> None:
    graded = [replace(CARD, grade=grade) for grade in (Grade.NORMAL, Grade.URGENT)]
    evil = [replace(CARD, handler=EVIL)]

    assert [name for name, _ in lanes(graded, Group.GRADE)] == ["特急", "一般"]
    hidden = [replace(CARD, hidden=True, grade=Grade.URGENT), replace(CARD, hidden=True)]
    assert [(name, len(held)) for name, held in lanes([*hidden, CARD], Group.GRADE)] == [("一般", 1), ("私事", 2)]
    held = BoardColumn(Column.TODO, 1, tuple(evil))
    assert "<script" not in markup.board_html(Board((held,), Figures(0, 0, 0, 0), NOW), group=Group.HANDLER)


def test_a_card_says_its_case_and_ties_by_ends_of_ids() -> None:
    html = drawn(handler="李敏", handler_user=UUID(int=0xAB), reporter_user=UUID(int=0xCD))

    assert 'data-spot="accepted"' in html
    assert 'data-ties="h00000000ab r00000000cd"' in html
    assert str(UUID(int=0xAB)) not in html


def test_a_private_matter_of_others_tells_no_ties() -> None:
    html = drawn(title="私事", hidden=True, handler_user=UUID(int=0xAB))

    assert "data-ties" not in html
    assert "data-spot" not in html


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": Status.REPORTED}, "待受理"),
        ({"status": Status.ACCEPTED}, "待派单"),
        ({"status": Status.IN_PROGRESS, "handler": "王师傅"}, "王师傅"),
        ({"reported_at": NOW - timedelta(days=3)}, "3 天前"),
    ],
)
def test_a_card_says_why_it_is_where_it_is(changes: dict[str, Any], said: str) -> None:
    assert said in words(drawn(**changes))


def test_a_card_names_its_state_to_a_screen_reader() -> None:
    assert "处理中，王师傅" in drawn(status=Status.IN_PROGRESS, handler="王师傅")


def test_an_empty_column_says_so() -> None:
    assert "没有等待受理或派单的事。" in board(BoardColumn(Column.TODO, 0, ()))


def test_the_last_column_says_how_far_back_it_goes() -> None:
    assert "近14天 63" in board(BoardColumn(Column.DONE, 63, ()))


def test_one_card_of_a_column_is_reached_by_tab() -> None:
    html = board(BoardColumn(Column.TODO, 3, (CARD, CARD, CARD)))

    assert html.count('tabindex="0"') == 1
    assert html.count('tabindex="-1"') == 2


def test_figures_open_what_they_count() -> None:
    html = markup.figures_html(Figures(1047, 3, 8, 12), "late")

    assert "1,047" in html
    assert 'class="kpi late" data-pick="late" aria-pressed="true"' in html
    assert 'data-pick="today" aria-pressed="false"' in html


def test_nothing_late_is_not_red() -> None:
    assert "kpi late" not in markup.figures_html(Figures(5, 0, 0, 0), "")


def test_groups_that_hold_nothing_are_left_out() -> None:
    groups = [Waiting("doing", "我正在办", 1, (CARD,)), Waiting("late", "已超时", 0, ())]

    html = markup.waiting_html(groups, NOW)

    assert "我正在办" in html
    assert "已超时" not in html
