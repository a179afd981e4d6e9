"""What a figure's proof says of it: the sum that gives the number, the months, the time of each row."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from db.stat_page import StatRow
from domain.areas import Level
from domain.kpis import KPIS, Figure
from domain.stats import Scope
from pages import _chart_proof, _chart_proof_rows
from pages._chart_scope import Chosen
from tests.builders import NOW

STREET = UUID(int=1)
DAYS = date(2026, 10, 25), date(2026, 11, 23)


def facts(code: str, top: int | None, bottom: int | None, value: float | None, n: int) -> dict[str, str]:
    area: Any = type("", (), {"name": "梧桐街道", "level": Level.STREET})()
    held = Chosen(Scope(STREET, "/1/", *DAYS), area, DAYS[1])
    return dict(_chart_proof._facts(held, Figure(KPIS[code], top, bottom, value, n, NOW)))


def test_the_numbers_of_a_proof_come_to_its_result() -> None:
    assert facts("reported_per_1000", 254, 5997, 254 / 5.997, 254)["结果"] == "42.4 = 254 ÷ 5,997 × 1,000"
    assert facts("on_time_rate", 154, 191, 154 / 191, 191)["结果"] == "80.6% = 154 ÷ 191"
    assert facts("first_contact_median", None, 161, 186, 161)["结果"] == "约 3.1 小时"
    assert facts("first_contact_median", None, 0, None, 0)["结果"] == "—"


def test_a_proof_of_months_names_the_months_that_it_counts() -> None:
    assert facts("points_awarded", 6768, None, 676.8, 676)["范围"] == "梧桐街道 · 2026年10月—2026年11月整月"
    assert facts("visit_rate", 62, 79, 62 / 79, 79)["范围"] == "梧桐街道 · 2026年11月整月"
    assert facts("reported", 254, None, 254, 254)["范围"] == "梧桐街道 · 10月25日—11月23日"


@pytest.mark.parametrize("code", [code for code, kpi in KPIS.items() if kpi.bottom])
def test_what_is_in_the_denominator_alone_is_not_said_to_be_left_out(code: str) -> None:
    assert "没计入" not in {*_chart_proof._PARTS.values(), _chart_proof._REST.get(code, "")}


def test_the_rows_of_a_time_say_how_long_each_took() -> None:
    row = StatRow("GH-0001", "楼道灯坏了", DAYS[1], amount=155)

    assert "<td class=n>2.6 小时</td>" in _chart_proof_rows.table([row], KPIS["first_contact_median"].unit, late=False)
    assert "用时" not in _chart_proof_rows.table([row], KPIS["reported"].unit, late=False)
