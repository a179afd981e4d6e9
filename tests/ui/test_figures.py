"""Figures say what they are given: bars from zero, each with its number, in the product's own colours."""

import json
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from ui import chart_look, figures
from ui import figures_beside as beside
from ui import figures_places as places
from ui.chart_look import Head
from ui.floor import lay_out, squares

THEME = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]


def test_numbers_over_many_columns_beside_each_other_have_room_on_a_phone() -> None:
    few, many = (figures.columns(list("六七八九十一")[:n], {"发放": [405] * n, "用掉": [391] * n}) for n in (2, 6))

    assert [one.data[0].textfont.size for one in (few, many)] == [None, 11]
    assert many.layout.bargap < few.layout.bargap


def test_columns_start_at_zero_and_leave_room_for_their_numbers() -> None:
    figure = figures.columns(["10月", "11月"], {"发放": [12.5, 230.4], "用掉": [0, 4]})

    low, high = figure.layout.yaxis.range
    assert low == 0
    assert high > 230.4
    assert list(figure.data[0].text) == ["12.5", "230"]
    assert [trace.name for trace in figure.data] == ["发放", "用掉"]


def test_bars_stand_in_the_order_given_each_with_its_value_and_unit() -> None:
    figure = figures.bars([("一网格", 1200.5), ("二网格", 3)], unit="小时")

    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.xaxis.range[0] == 0
    assert list(figure.data[0].text) == ["1,200.5 小时", "3 小时"]


def test_nothing_at_all_still_draws_from_zero() -> None:
    assert figures.columns([], {"发放": []}).layout.yaxis.range[0] == 0
    assert figures.bars([], unit="分").layout.xaxis.range == (0, 1.24)


@pytest.mark.parametrize(("dark", "name"), [(False, "light"), (True, "dark")])
def test_colours_come_in_the_order_of_the_theme(dark: bool, name: str) -> None:
    figure = figures.columns(["11月"], {"一": [1], "二": [2], "三": [3]}, dark=dark)

    assert [trace.marker.color for trace in figure.data] == THEME[name]["chartCategoricalColors"][:3]


def test_a_figure_is_a_picture_that_asks_nothing_of_the_net() -> None:
    drawn = json.loads(figures.bars([("一网格", 1)], unit="分").to_json())

    assert "http" not in json.dumps(drawn)
    assert figures.CONFIG["staticPlot"]
    assert not figures.CONFIG["displayModeBar"]


DAYS = [date(2026, 11, 18) + timedelta(n) for n in range(3)]
HEAD = Head("每日受理与办结", "件", "11月18日—11月20日", 12, "今天未完")


def test_a_figure_carries_its_title_unit_period_number_and_what_is_missing() -> None:
    figure = figures.by_day(HEAD, DAYS, {"受理": [1, 2, 3]})

    assert figure.layout.title.text == "<b>每日受理与办结</b>"
    assert figure.layout.title.subtitle.text == "单位：件 · 11月18日—11月20日 · 样本 12<br>今天未完"
    assert HEAD.alt.startswith("每日受理与办结，单位：件")


def test_a_day_that_is_not_over_is_hatched_and_the_others_are_not() -> None:
    figure = figures.by_day(HEAD, DAYS, {"受理": [1, 2, 3], "办结": [0, 1, 1]}, partial=True)

    assert [trace.marker.pattern.shape for trace in figure.data] == [("", "", "/")] * 2
    assert figure.layout.yaxis.rangemode == "tozero"


def test_the_last_day_is_named_and_what_is_not_over_is_never_left_out_at_the_edge() -> None:
    days = [date(2026, 10, 24) + timedelta(n) for n in range(30)]
    axis = figures.by_day(HEAD, days, {"受理": [1] * 30}).layout.xaxis

    assert list(axis.tickvals) == [f"2026-{day}" for day in ("10-29", "11-06", "11-14", "11-22")]
    assert axis.ticklabeloverflow == "allow"


def test_a_month_that_is_not_over_is_hatched_and_each_stands_between_its_ends() -> None:
    months = [date(2026, 10, 1), date(2026, 11, 1)]
    figure = figures.by_month(HEAD, months, {"发放": [3, 2.5], "兑换": [1, 0]}, partial=True)

    given, spent = figure.data
    assert (given.name, list(given.x), list(given.y)) == ("发放", ["2026-10-01", "2026-11-01"], [3, 2.5])
    assert (list(spent.y), spent.xperiod, spent.marker.pattern.shape) == ([1, 0], "M1", ("", "/"))
    assert list(figure.layout.xaxis.range) == ["2026-10-01", "2026-12-01"]


def test_late_is_always_red_and_crossed_and_done_always_green() -> None:
    tones = {"已拉开": "done", "没拉开": "late"}
    figure = figures.by_day(HEAD, DAYS, {"已拉开": [1, 1, 1], "没拉开": [1, 0, 0]}, tones=tones, stacked=True)

    done, late = figure.data
    assert (done.marker.color, done.marker.pattern.shape) == (chart_look.DONE[False], ("", "", ""))
    assert (late.marker.color, late.marker.pattern.shape) == (chart_look.LATE[False], "x")
    assert figure.layout.barmode == "stack"


def test_the_flow_lies_band_on_band() -> None:
    figure = figures.flow(HEAD, DAYS, {"已办结": [1, 2, 4], "处理中": [3, 3, 2]})

    assert {trace.stackgroup for trace in figure.data} == {"all"}
    assert [list(trace.y) for trace in figure.data] == [[1, 2, 4], [3, 3, 2]]
    assert figures.flow(HEAD, DAYS[:1], {"在办": [3]}).data[0].mode == "lines+markers", "a line needs two days"


def test_a_rate_on_too_little_is_grey_and_hollow_and_one_of_nothing_is_not_drawn() -> None:
    rows = [("一网格", 0.9, 40, False), ("二网格", 1.0, 3, True), ("三网格", None, 0, True)]
    figure = beside.rates(HEAD, {"按期办结率": rows}, keys=["a", "b", "c"])

    marks = figure.data[1]
    assert list(marks.x) == [90, 100, None]
    assert list(marks.marker.symbol) == ["circle", "circle-open", "circle-open"]
    assert list(marks.marker.color)[1] == chart_look.SMALL[False]
    assert list(marks.customdata) == ["a", "b", "c"]
    assert list(figure.layout.yaxis.categoryarray) == ["三网格", "二网格", "一网格"], "the first one stands on top"
    assert figure.layout.xaxis.tickvals[0] == 75, "where no mark is there is no axis"
    assert beside.rates(HEAD, {"按期办结率": [("一", 0.3, 40, False)]}).layout.xaxis.tickvals[0] == 0


def test_the_pareto_adds_up_to_all_of_it() -> None:
    figure = beside.pareto(HEAD, [("环境卫生", 6), ("维修", 3), ("噪音", 1)], keys=["k1", "k2", "k3"])

    bars, line = figure.data
    assert list(line.x) == [60, 90, 100]
    assert figure.layout.xaxis.range[0] == 0
    assert list(zip(bars.y, bars.text, strict=True)) == [("环境卫生", "6"), ("维修", "3"), ("噪音", "1")]
    assert list(bars.customdata) == list(line.customdata) == ["k1", "k2", "k3"]
    assert figure.layout.xaxis.domain[1] < figure.layout.xaxis2.domain[0], "the line crosses no number"
    assert bars.selected.textfont.color, "without it a tap on a bar with words fails in Plotly"


def test_a_row_of_the_heat_map_can_be_tapped_anywhere() -> None:
    figure = beside.heat(HEAD, ["卫生", "维修"], ["周一", "周二"], [[1, 0], [2, 3]], keys=["k1", "k2"])

    cells, marks = figure.data
    assert [list(row) for row in cells.z] == [[1, 0], [2, 3]]
    assert list(marks.customdata) == ["k1", "k1", "k2", "k2"]
    assert marks.marker.opacity == 0


def test_parts_of_a_whole_end_with_the_whole() -> None:
    figure = beside.parts(HEAD, ["3—7 天"], {"未超时": [4], "已超时": [1]}, tones={"已超时": "late"})

    assert figure.layout.annotations[0].text == " 5 件"
    assert figure.data[1].marker.color == chart_look.LATE[False]


def test_areas_lie_in_areas_as_large_as_their_counts_and_a_tap_hands_back_the_way_to_one() -> None:
    nodes = [("s", "", "梧桐街道", 12), ("a", "s", "桂花社区", 8), ("b", "s", "玉兰社区", 4)]
    nodes += [("g1", "a", "桂花一网格", 5), ("a-own", "a", "不在现有网格", 3)]
    figure = places.tree(HEAD, nodes, also={"a": "，每千户 40.0 件"})

    assert list(figure.data[0].customdata) == ["a", "a|g1", "a", "b"]
    assert figure.data[0].hovertext[0] == "桂花社区　8 件，占 67%，每千户 40.0 件"
    assert list(figure.data[0].text)[1] == "一网格<br>5", "of which community stands above it"
    calm, *shades = [shape.fillcolor for shape in figure.layout.shapes]
    assert calm == chart_look.GRID[False], "what holds others"
    assert list(figure.data[0].text)[3].startswith("玉兰<br>"), "all of them are communities"
    scale = chart_look.SCALE[False]
    assert scale.index(shades[0]) > scale.index(shades[1]), "the darker the more"
    outer = [(s.x1 - s.x0) * (s.y1 - s.y0) for s in (figure.layout.shapes[0], figure.layout.shapes[3])]
    assert outer[0] == pytest.approx(2 * outer[1])


def test_parts_of_a_box_fill_it_and_do_not_overlap() -> None:
    boxes = squares([6, 5, 3, 2, 1, 1], (0, 0, 16, 8))

    areas = [(right - left) * (high - low) for left, low, right, high in boxes]
    assert areas == pytest.approx([n / 18 * 128 for n in (6, 5, 3, 2, 1, 1)])
    for n, (left, low, right, high) in enumerate(boxes):
        others = boxes[n + 1 :]
        assert not any(
            left < o[2] - 1e-9 and o[0] < right - 1e-9 and low < o[3] - 1e-9 and o[1] < high - 1e-9 for o in others
        )
    assert squares([], (0, 0, 1, 1)) == []


def test_the_floor_has_a_cell_a_grid_that_hands_back_its_own() -> None:
    cells = [("桂花社区", "k1", "桂花一网格", 0.9, "90.0%", False), ("桂花社区", "k2", "桂花二网格", None, "—", True)]
    figure = places.floor(HEAD, cells)
    lower = places.floor(HEAD, [("桂花社区", "k1", "桂花一网格", 0.8, "80.0%", False)])

    marks = figure.data[0]
    assert list(zip(marks.customdata, marks.text, strict=True)) == [("k1", "一网格<br>90.0%"), ("k2", "二网格<br>—")]
    grounds = [shape.fillcolor for shape in figure.layout.shapes]
    assert grounds[-1] == chart_look.SMALL[False], "no figure, no colour"
    assert grounds[-2] != grounds[-1]
    assert lower.layout.shapes[-1].fillcolor != grounds[-2], "80 and 90 % can be told apart"


EVERY = {
    "day": lambda dark: figures.by_day(HEAD, DAYS, {"受理": [1, 2, 3], "办结": [0, 1, 1]}, partial=True, dark=dark),
    "month": lambda dark: figures.by_month(HEAD, DAYS[:1], {"发放": [1.5]}, stacked=True, dark=dark),
    "months": lambda dark: figures.by_month(
        HEAD, [date(2025, 1 + n, 1) for n in range(12)] * 2, {"一": [1]}, dark=dark
    ),
    "no month": lambda dark: figures.by_month(HEAD, [], {"发放": []}, dark=dark),
    "flow": lambda dark: figures.flow(HEAD, DAYS, {"已办结": [1, 2, 4], "在办": [3, 3, 2]}, dark=dark),
    "parts": lambda dark: beside.parts(HEAD, ["3—7 天"], {"已超时": [1]}, tones={"已超时": "late"}, dark=dark),
    "rates": lambda dark: beside.rates(HEAD, {"按期": [("一", 0.9, 40, False), ("二", None, 0, True)]}, dark=dark),
    "pareto": lambda dark: beside.pareto(HEAD, [("卫生", 6), ("维修", 3)], dark=dark),
    "heat": lambda dark: beside.heat(HEAD, ["卫生"], ["周一", "周二"], [[1, 0]], dark=dark),
    "tree": lambda dark: places.tree(HEAD, [("s", "", "桂花社区", 12), ("a", "s", "一网格", 12)], dark=dark),
    "floor": lambda dark: places.floor(HEAD, [("桂花", "k1", "一网格", 0.9, "90.0%", False)], dark=dark),
    "no floor": lambda dark: places.floor(HEAD, [], dark=dark),
}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", EVERY)
def test_plotly_knows_every_word_of_every_figure(name: str, dark: bool) -> None:
    """Plotly makes its checks here, and no more on the page."""
    figure = EVERY[name](dark)

    assert type(figure)(figure.to_dict()).to_dict()["data"] == figure.to_dict()["data"]


@pytest.mark.parametrize("name", EVERY)
def test_a_browser_need_not_draw_a_figure_twice(name: str) -> None:
    """Streamlit hands it over twice; a template, or a mode that Streamlit puts in, would make it another figure."""
    layout = EVERY[name](False).to_dict()["layout"]

    assert "template" not in layout
    assert layout["datarevision"] == 0
    assert (layout["clickmode"], layout["dragmode"], layout["hovermode"]) == ("event+select", "pan", "closest")
    assert layout["margin"]["t"] >= 80, "with room for what stands above it, Plotly makes none"


@pytest.mark.parametrize("dark", [False, True])
def test_words_on_every_step_of_the_scale_can_be_read(dark: bool) -> None:
    cells = [("桂花社区", f"k{n}", f"{n}网格", 0.5 + n / 10, "—", False) for n in range(6)]
    figure = places.floor(HEAD, cells, dark=dark)

    grounds = [shape.fillcolor for shape in figure.layout.shapes[1:]]
    for ink, ground in zip(figure.data[0].textfont.color, grounds, strict=True):
        low, high = sorted(_light(colour) for colour in (ink, ground))
        assert (high + 0.05) / (low + 0.05) >= 4.3


def _light(colour: str) -> float:
    red, green, blue = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (red, green, blue)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_rooms_of_a_floor_do_not_overlap() -> None:
    rooms = lay_out([("一", 4), ("二", 7), ("三", 1), ("四", 0), ("五", 9)])

    cells = [box for room in rooms for box in room.cells]
    assert [len(room.cells) for room in rooms] == [4, 7, 1, 0, 9]
    for n, (left, low, right, high) in enumerate(cells):
        assert not any(
            left < other[2] and other[0] < right and low < other[3] and other[1] < high for other in cells[n + 1 :]
        )


def test_a_name_cannot_become_markup() -> None:
    drawn = beside.pareto(HEAD, [("<a href='x'>卫生</a>", 1)]).to_json()

    assert "<a" not in drawn


# what each kind of colour blindness leaves of red, green and blue (Machado 2009, complete)
_BLIND = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}


@pytest.mark.parametrize("blind", _BLIND)
@pytest.mark.parametrize("dark", [False, True])
def test_the_first_three_colours_stay_apart_for_every_eye(blind: str, dark: bool) -> None:
    seen = [_seen(colour, _BLIND[blind]) for colour in chart_look.colours(dark)[:3]]

    for n, one in enumerate(seen):
        for other in seen[n + 1 :]:
            assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 > 0.15


def _seen(colour: str, matrix: tuple[tuple[float, ...], ...]) -> list[float]:
    rgb = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    left = [max(0.0, min(1.0, sum(m * v for m, v in zip(row, linear, strict=True)))) for row in matrix]
    return [v * 12.92 if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in left]


def test_the_toolbar_only_keeps_a_picture_and_speaks_chinese() -> None:
    tool = chart_look.tool("每日受理与办结")

    assert tool["modeBarButtons"] == [["toImage"]]
    assert tool["toImageButtonOptions"]["filename"] == "每日受理与办结"
    assert all(not words.isascii() for words in tool["locales"]["zh-CN"]["dictionary"].values())
