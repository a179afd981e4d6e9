"""Figures say what they are given: bars from zero, each with its number, in the product's own colours."""

import json
import tomllib
from pathlib import Path

import pytest

from ui import figures

THEME = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]


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
