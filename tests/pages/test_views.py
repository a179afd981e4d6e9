"""Views on the board's page: kept in the URL, saved and found again, a role's default, table and calendar."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import db
from db import listing, views
from db.ticket_filters import Filters
from domain.access import Role
from domain.clock import local_date
from domain.due import Grade
from domain.ids import new_id, new_key
from domain.tickets import Column
from domain.views import SavedView, Sort, View, days_of
from tests.builders import NOW, World, assigned, report
from tests.pages.conftest import LATER, Visit, drawn, field, labels, press

LATE = View({"grade": "fast"}, sort=Sort.NEWEST, hidden=frozenset({Column.DONE}))


def saved(world: World, view: View = LATE, name: str = "紧急的", who: str = "coordinator") -> SavedView:
    return db.run(views.save, actor=getattr(world, who), name=name, view=view, key=new_key(), now=NOW)


def default_of(world: World, role: Role, view: View = LATE) -> SavedView:
    held = saved(world, view, name=f"{role}的")
    call: dict[str, Any] = {"actor": world.coordinator, "view_id": held.id, "expected_version": held.version}
    call |= {"area_id": world.community, "role": role, "key": new_key(), "now": NOW}
    return db.run(views.set_default, **call)


def with_menu(at: AppTest) -> AppTest:
    """Open the 视图 menu: what it holds is drawn only then."""
    at.session_state["view-menu"] = True
    return at.run()


def said(at: AppTest, name: str) -> str:
    value = at.query_params[name]
    return value if isinstance(value, str) else value[0]


def some_tickets(world: World) -> None:
    report(world)
    report(world, title="急事", grade=Grade.FAST)
    assigned(world, title="夜间装修", grade=Grade.FAST)


def test_a_saved_view_is_found_again(visit: Visit, world: World) -> None:
    some_tickets(world)
    at = with_menu(visit("coordinator", grade="fast", hide="done", sort="newest"))
    field(at, "名称").input("紧急的")
    at = press(at, "保存视图")

    (held,) = db.read(views.listed, actor=world.coordinator)
    assert held.view == LATE
    assert said(at, "view") == str(held.id)
    again = visit("coordinator", view=str(held.id))
    assert "急事" in drawn(again) and "楼道灯坏了" not in drawn(again)
    assert 'data-col="done"' not in drawn(again)
    assert "已改动" not in str([button.label for button in again.button])


def test_a_change_shows_and_is_kept_or_undone(visit: Visit, world: World) -> None:
    held = saved(world)

    at = visit("coordinator", view=str(held.id))
    assert "保存" not in labels(at)
    at.query_params["sort"] = "stale"
    at = at.run()
    assert {"保存", "还原"} <= set(labels(at))
    at = press(at, "还原")
    assert said(at, "sort") == "newest"
    at.query_params["sort"] = "stale"
    press(at.run(), "保存")

    assert db.read(views.get, actor=world.coordinator, view_id=held.id).view.sort is Sort.STALE


def test_a_shared_view_is_deleted_after_one_more_tap(visit: Visit, world: World) -> None:
    held = saved(world)
    at = with_menu(visit("coordinator", view=str(held.id)))

    at = press(at, "删除视图")
    assert db.read(views.listed, actor=world.coordinator)
    press(at, "确定删除")

    assert db.read(views.listed, actor=world.coordinator) == []


def test_a_bare_address_shows_what_the_role_starts_with(visit: Visit, world: World) -> None:
    some_tickets(world)
    held = default_of(world, Role.GRID_WORKER)

    at = visit("grid_worker")
    assert said(at, "view") == str(held.id)
    assert "急事" in drawn(at) and "楼道灯坏了" not in drawn(at)
    assert "view" not in visit("coordinator").query_params
    assert "楼道灯坏了" in drawn(visit("grid_worker", layout="board"))


@pytest.mark.parametrize("asked", ["foreign", "unknown", "nonsense"])
def test_a_view_one_may_not_see_is_told_and_the_rest_of_the_link_holds(visit: Visit, world: World, asked: str) -> None:
    some_tickets(world)
    ids = {"foreign": str(saved(world, who="colleague").id), "unknown": str(new_id()), "nonsense": "x"}

    for query in ({}, {"kind": "report"}):
        at = visit("coordinator", view=ids[asked], **query)
        assert "视图" in at.info[0].value
        assert "view" not in at.query_params
        assert "楼道灯坏了" in drawn(at)


def test_a_view_with_a_place_that_is_gone_says_so(visit: Visit, world: World) -> None:
    some_tickets(world)
    held = saved(world, View({"grid": str(new_id())}))

    at = visit("coordinator", view=str(held.id))

    assert "网格" in at.info[0].value
    assert "楼道灯坏了" in drawn(at)


def test_the_table_shows_the_boards_tickets(visit: Visit, world: World) -> None:
    some_tickets(world)

    at = visit("coordinator", layout="table", grade="fast", fields="place")

    (table,) = at.dataframe
    assert list(table.value["事项"]) == ["急事", "夜间装修"] or list(table.value["事项"]) == ["夜间装修", "急事"]
    assert "地点" in table.value and "处理人" not in table.value
    assert any("共 2 件" in caption.value for caption in at.caption)


def test_the_calendar_shows_what_is_due(visit: Visit, world: World) -> None:
    some_tickets(world)
    day = local_date(NOW).replace(day=local_date(NOW).day + 1)
    call: dict[str, Any] = {"filters": Filters(), "now": LATER, "days": days_of(day, week=False), "day": day}
    wanted = db.read(listing.calendar, actor=world.coordinator, **call)

    html = drawn(visit("coordinator", layout="calendar", day=day.isoformat()))

    assert [card.title for card in wanted.cards] == ["急事", "夜间装修"]
    assert all(card.title in html for card in wanted.cards)
    assert f'data-pick="day:{day}"' in html
    assert f"到期 <i>{wanted.count}</i>" in html


def test_cards_are_grouped_into_lanes_and_back(visit: Visit, world: World) -> None:
    some_tickets(world)
    at = with_menu(visit("coordinator"))
    assert '<li class="lane">' not in drawn(at)

    at = field(at, "分组").select_index(3).run()

    assert said(at, "group") == "grade"
    assert '<li class="lane">' in drawn(at)
    at = field(at, "分组").select_index(0).run()
    assert "group" not in at.query_params
    assert '<li class="lane">' not in drawn(at)
    assert "分组" not in [box.label for box in with_menu(visit("coordinator", layout="table")).selectbox]


EVIL = "[点此重新登录](https://evil.cn)"


def test_a_views_name_is_never_a_link_and_reads_as_it_was_written(visit: Visit, world: World) -> None:
    held = saved(world, View({"grid": str(new_id())}), name=EVIL)

    at = with_menu(visit("coordinator", view=str(held.id)))

    assert "](" not in at.info[0].value
    assert f"我的 · {EVIL}" in field(at, "打开视图").options
    at = press(at, "保存修改")
    assert at.toast and not any("](" in toast.value for toast in at.toast)


def test_a_view_is_renamed_by_its_name_alone(visit: Visit, world: World) -> None:
    held = saved(world, View({"due": "late"}), name="超时的")
    at = with_menu(visit("coordinator", view=str(held.id)))

    field(at, "名称").set_value("今天先办")
    press(at, "保存修改")

    after = db.read(views.get, actor=world.coordinator, view_id=held.id)
    assert (after.name, after.view, after.version) == ("今天先办", held.view, held.version + 1)


@pytest.mark.parametrize("who", ["leader", "volunteer"])
def test_leaders_and_volunteers_keep_their_own_and_share_nothing(visit: Visit, world: World, who: str) -> None:
    at = with_menu(visit(who))

    assert "保存视图" in labels(at)
    assert "谁能看到" not in [box.label for box in at.selectbox]
