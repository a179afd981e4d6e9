"""What a figure's card says beside its number."""

import pytest

from domain.charts import Card
from domain.kpis import KPIS, Figure
from tests.builders import NOW
from ui.charts import markup


@pytest.mark.parametrize(
    ("code", "name", "marks"),
    [
        ("reported", "上报量（件）", ()),
        ("service_hours", "服务时长（小时）", ()),
        ("reported_per_1000", "每千户上报量（件/千户）", ()),
        ("service_times", "志愿者人次", ()),
        ("open", "在办件数", ("现在",)),  # whatever period the page is of
        ("points_awarded", "积分发放", ("按整月",)),  # more than the days chosen
        ("on_time_rate", "按期办结率", ("样本 20",)),
        ("close_time_median", "办结用时（中位数）", ("估自 20 件",)),  # from buckets
    ],
)
def test_a_card_says_its_unit_what_it_rests_on_and_that_it_is_of_now(
    code: str, name: str, marks: tuple[str, ...]
) -> None:
    face = markup.face(Card(Figure(KPIS[code], 10, 20, 0.5, 20, NOW), None, None, ()))

    assert (face.name, face.marks) == (name, marks)
