"""A chart's sheet is for going on with: what the page says as 78.3% is a number there."""

from io import BytesIO

import pandas as pd

from files.figure_table import figure_xlsx
from tests.builders import NOW


def test_rates_are_numbers_under_a_header_that_says_percent_and_nothing_is_no_zero() -> None:
    rows = [
        {"网格": "一网格", "上报量": "1,240", "按期办结率": "78.3%", "办结用时": "2.2 天", "号": "12-3"},
        {"网格": "二网格", "上报量": "0", "按期办结率": "—", "办结用时": "—", "号": "7"},
    ]

    sheet = pd.read_excel(BytesIO(figure_xlsx(rows, title="各网格", about=["近 30 天"], now=NOW)), engine="calamine")

    assert list(sheet.columns) == ["网格", "上报量", "按期办结率（%）", "办结用时", "号"]
    assert sheet["上报量"].tolist() == [1240, 0]
    assert sheet["按期办结率（%）"].iloc[0] == 78.3
    assert sheet["按期办结率（%）"].isna().tolist() == [False, True]
    assert sheet["办结用时"].iloc[0] == "2.2 天"
