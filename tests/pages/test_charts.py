"""数据分析: empty and filled, narrowed by taps, figures that open to their rows, and what each role may do there."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

import db
from db import categories, stat_sums, stats, tickets
from db.models import AreaRow, TicketRow
from domain.tickets import Kind, Result, Satisfaction
from pages import _chart_cards, _chart_parts
from tests.builders import NOW, World, assigned, report, step
from tests.db import earning
from tests.pages.conftest import drawn, field, page_html, press, send

MINUTE = timedelta(minutes=1)
PARTS = ("工单", "辖区", "时段", "积分", "守望")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Figures are kept by who sees which state of the database: here each test has a database of its own."""
    _chart_cards._html.clear()
    _chart_parts._lines.clear()


@pytest.fixture
def charts(visit: Any) -> Any:
    def open_part(who: str = "coordinator", part: str = "工单", **query: str) -> AppTest:
        page: AppTest = visit(who, "charts", charts=part, **query)
        assert not page.exception
        return page

    return open_part


def closed(world: World) -> UUID:
    """A ticket of 王师傅's that is closed as solved, and with which the resident is satisfied."""
    ticket = assigned(world)
    ticket = step(tickets.resolve, ticket, world.coordinator, result=Result.SOLVED, note="换了灯泡")
    ticket = step(tickets.close, ticket, world.colleague, satisfaction=Satisfaction.SATISFIED, note="")
    return ticket.id


def titles(page: AppTest) -> list[str]:
    return [chart.proto.alt.partition("，")[0] for chart in page.get("plotly_chart")]


def test_a_place_without_tickets_says_so_and_claims_nothing(charts: Any) -> None:
    page = charts()

    assert page.subheader[0].value == "数据分析"
    assert "没有工单" in page.info[0].value
    assert titles(page) == []
    assert "100" not in drawn(page)
    assert "—" in drawn(page)
    assert "刚启用" in drawn(page)


def test_the_first_part_shows_four_charts_with_what_each_is_of(charts: Any, world: World) -> None:
    report(world)

    page = charts()

    assert titles(page) == ["每天上报与办结", "在办工单多久了", "累积流：办了多少", "哪类最多"]
    assert all("单位：" in chart.proto.alt and "样本 1" in chart.proto.alt for chart in page.get("plotly_chart"))


def test_who_may_see_the_same_shares_one_drawing_until_something_is_written(
    charts: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(world)
    drawn: list[Any] = []
    read = _chart_parts.PARTS["工单"]

    def counted(actor: Any, held: Any, **more: Any) -> Any:
        drawn.append(held)
        return read(actor, held, **more)

    monkeypatch.setitem(_chart_parts.PARTS, "工单", counted)
    monkeypatch.setattr(_chart_parts, "now", lambda: NOW)
    charts()
    page = charts()
    assert len(drawn) == 1

    report(world)
    page.run()

    assert len(drawn) == 2
    assert "样本 2" in page.get("plotly_chart")[0].proto.alt


@pytest.mark.parametrize("part", PARTS)
def test_no_part_shows_more_than_four_charts(charts: Any, world: World, part: str) -> None:
    report(world)

    assert len(titles(charts(part=part))) <= 4


def test_a_figure_opens_to_its_formula_its_numbers_and_the_ticket_behind_it(charts: Any, world: World) -> None:
    ticket = closed(world)
    page = charts()

    page = send(page, "picked", "solve_rate", key="cards")

    shown = page_html(page)
    assert "100.0% = 1 ÷ 1" in shown
    assert "没有写明处理结果的办结" in shown
    assert f'href="/tickets?ticket={ticket}"' in drawn(page)


def test_what_is_not_in_a_rates_numerator_is_listed_with_how_late_it_was(charts: Any, world: World) -> None:
    late = report(world, now=NOW - timedelta(days=25))

    page = send(charts(), "picked", "on_time_rate", key="cards")
    page = page.segmented_control(key="part-on_time_rate").set_value("rest").run()

    assert "没按期 1" in page.segmented_control(key="part-on_time_rate").options
    assert all(words in drawn(page) for words in ("晚了多久", "还没办结", f"ticket={late.id}"))


def test_what_came_back_offers_no_rows_that_would_be_more_than_it_says(charts: Any, world: World) -> None:
    report(world)

    assert charts(proof="recurrence_30d").segmented_control(key="part-recurrence_30d").options == ["分子 0", "分母 0"]


def test_back_from_an_older_page_of_one_figure_to_another_begins_with_its_newest(
    charts: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = earning.person(world)
    earning.confirmed(world, someone)
    tickets = [report(world, now=NOW + number * MINUTE) for number in range(2)]
    monkeypatch.setattr(stats, "rows", partial(stats.rows, limit=1))
    page = press(charts(proof="reported"), "更早的")
    assert f"ticket={tickets[0].id}" in drawn(page)

    page.query_params["proof"] = "points_awarded"
    page = page.run()
    assert not page.exception
    assert "第 1 笔" in drawn(page)


def test_a_figure_of_points_opens_to_the_postings_and_their_amounts(charts: Any, world: World) -> None:
    someone = earning.person(world)
    earning.confirmed(world, someone)

    page = send(charts(part="积分"), "picked", "points_awarded", key="cards")

    shown = drawn(page)
    assert "第 1 笔" in shown
    assert "<td class=n>2</td>" in shown
    assert f"account={someone}" in shown
    assert "account=" not in drawn(send(charts("leader", part="积分"), "picked", "points_awarded", key="cards"))


def test_a_filter_narrows_the_cards_and_the_charts_alike(charts: Any, world: World) -> None:
    report(world)
    report(world, kind=Kind.SERVICE, title="陪同就医")

    page = charts(kind="service")

    assert all("样本 1" in c.proto.alt for c in page.get("plotly_chart") if c.proto.alt.startswith(("每天", "哪类")))
    assert field(page, "类型").value == "service"


def test_the_numbers_of_a_chart_come_when_they_are_asked_for(charts: Any, world: World) -> None:
    report(world)
    page = charts()
    assert not page.dataframe

    (scope,) = [c.proto.id.partition("-daily-")[2] for c in page.get("plotly_chart") if "-daily-" in c.proto.id]
    page.session_state[f"data-daily-{scope}"] = True
    page.run()

    assert list(page.dataframe[0].value.columns) == ["日期", "上报", "办结"]
    assert page.dataframe[0].value["上报"].sum() == 1


def test_a_place_of_another_is_not_shown(charts: Any, world: World) -> None:
    report(world)

    page = charts("stranger", community=str(world.community))

    assert "没有工单" in page.info[0].value, "their own place, which is empty"


def test_who_may_not_read_figures_is_told_so(visit: Any) -> None:
    page = visit("volunteer", "charts")

    assert page.error
    assert not page.get("plotly_chart")


def test_a_leader_sees_figures_and_no_person(charts: Any, world: World) -> None:
    ticket = closed(world)
    page = send(charts("leader"), "picked", "closed", key="cards")

    assert str(ticket) in drawn(page)
    assert all(name not in drawn(page) for name in ("王师傅", "李敏", "何静", "3号楼2单元"))


def test_from_a_place_where_it_comes_up_again_to_a_preventive_ticket_once(charts: Any, world: World) -> None:
    report(world)
    page = charts(part="时段")
    assert "建预防工单" in drawn(page)

    page = send(page, "picked", f"{world.building}|", key="spots")
    page = press(page, "建工单，按类别计时限")

    assert not page.exception
    held = db.read(_kinds)
    assert held.count(Kind.PREVENTIVE.value) == 1
    page = charts(part="时段")
    assert "E0002 已建" in drawn(page)
    assert f'data-pick="{world.building}|' not in drawn(page), "no second while one is open"


def test_per_thousand_homes_is_told_of_a_hot_spot_whose_homes_are_noted_only_below(charts: Any, world: World) -> None:
    report(world)
    building = update(AreaRow).where(AreaRow.id == world.building)
    db.run(lambda tx: tx.execute(building.values(households=40)))

    assert "<td class=n>25.0</td>" in drawn(charts("leader", part="时段")), "of the building's grid"


def test_a_tap_on_the_heat_of_categories_never_widens(charts: Any, world: World) -> None:
    one = next(c for c in db.read(categories.listed) if c.parent_id)
    report(world, category_id=one.id)

    def hears(**query: str) -> bool:
        (heat,) = [c for c in charts(part="时段", **query).get("plotly_chart") if c.proto.alt.startswith("哪类事")]
        return bool(heat.proto.selection_mode)

    assert hears()
    assert not hears(category=str(one.id))


def _kinds(session: Any) -> list[str]:
    return list(session.scalars(select(TicketRow.kind)))


def test_a_leader_cannot_open_one(charts: Any, world: World) -> None:
    report(world, now=NOW)

    assert "建预防工单" not in drawn(charts("leader", part="时段"))


def test_figures_of_a_part_of_the_tickets_say_so_above_all_else(
    charts: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stat_sums, "MOST_READ", 1)
    category = db.read(categories.listed)[0].id
    for _ in range(2):
        report(world, kind=Kind.SERVICE, category_id=category)

    page = charts(kind="service", category=str(category))
    assert "不是全部" in drawn(page)
    partly = [c.proto.alt for c in page.get("plotly_chart") if "只算了" in c.proto.alt]
    assert len(partly) == 3, "all but the age of what is open, which is whole"
    assert "不是全部" not in drawn(charts(kind="service"))


def test_what_could_not_be_read_is_not_drawn_as_noted_higher_up(
    charts: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(world)
    report(world, area_id=world.community)

    def places() -> dict[str, Any]:
        pictures = charts("leader", part="辖区", kind="report").get("plotly_chart")
        return {one.proto.alt.partition("，")[0][:3]: one.proto for one in pictures}

    assert "不在现有网格" in places()["上报量"].spec
    _chart_parts._lines.clear()
    monkeypatch.setattr(stat_sums, "MOST_READ", 1)
    cut_off = places()
    assert "不在现有网格" not in cut_off["上报量"].spec
    assert ["只算了" in cut_off[name].alt for name in ("上报量", "网格平")] == [True, True]


def test_what_was_reported_in_a_closed_grid_is_told_beside_the_others(charts: Any, world: World) -> None:
    report(world)
    closed_now = update(AreaRow).where(AreaRow.id == world.grid)
    db.run(lambda tx: tx.execute(closed_now.values(valid_to=NOW)))

    assert "另有上报的 1 件不在下面这些网格里" in told_under(charts(part="辖区"))


def told_under(page: AppTest) -> str:
    return "".join(chart.proto.alt for chart in page.get("plotly_chart"))


def test_a_tap_in_the_tree_leads_down_and_a_button_up_again(charts: Any, world: World) -> None:
    report(world)
    page = charts(part="辖区", grid=str(world.grid))

    page = press(page, "上一级")

    assert "grid" not in page.query_params
    assert "charts" in page.query_params
