"""Tickets going out: what the filters show, inside the right to export, people masked unless asked for."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import python_calamine as calamine
from sqlalchemy import select

import db
from db import areas, board, categories, exports, imports, tickets
from db.exports import COLUMNS, Scope
from db.models import AuditRow
from db.ticket_filters import Filters
from domain.access import Actor
from domain.due import Grade, Matter
from domain.errors import Invalid, NotAllowed
from domain.imports import Incoming
from domain.tickets import Status
from files import tickets_out
from tests.builders import NOW, World, assigned, report, step

HEADERS = [header for header, _ in COLUMNS]
ALL = Scope(whole_history=True)


def taken(actor: Actor, filters: Filters | None = None, scope: Scope | None = None) -> list[dict[str, object]]:
    """Export into a list of rows by header."""
    kept: list[dict[str, object]] = []

    def sink(columns: Sequence[tuple[str, float]], rows: Iterator[Sequence[object]]) -> int:
        kept.extend(dict(zip(HEADERS, row, strict=True)) for row in rows)
        return len(kept)

    call: dict[str, Any] = {"actor": actor, "filters": filters or Filters(), "scope": scope or Scope(), "now": NOW}
    assert db.read(exports.export, sink=sink, **call) == len(kept) == db.read(exports.count, **call)
    return kept


def titles(actor: Actor, filters: Filters | None = None, scope: Scope | None = None) -> list[object]:
    return [row["事项"] for row in taken(actor, filters, scope)]


def old_ticket(world: World, title: str) -> None:
    """Write a ticket closed a month ago."""
    before = NOW - timedelta(days=30)
    who, area = world.coordinator, db.read(areas.get, world.community)
    batch = db.run(imports.start, actor=who, community=area, source="旧台账", file_name="旧.xlsx", now=NOW)
    row = Incoming(title, title.encode(), title, status=Status.CLOSED, reported_at=before, closed_at=before)
    db.run(imports.store, actor=who, batch_id=batch, rows=[row], now=NOW)


def test_it_gives_what_the_board_shows(world: World):
    assigned(world, title="甲")
    report(world, title="乙")
    old_ticket(world, "旧")

    found = db.read(board.board, actor=world.coordinator, filters=Filters(), now=NOW)
    shown = {card.title for column in found.columns for card in column.cards}

    assert set(titles(world.coordinator)) == shown == {"甲", "乙"}


def test_the_whole_history_brings_what_was_closed_long_ago(world: World):
    report(world, title="新")
    old_ticket(world, "旧")

    assert titles(world.coordinator, scope=ALL) == ["旧", "新"]


def test_each_filter_narrows_it(world: World):
    db.run(lambda tx: categories.ensure_shipped(tx))
    top = next(c.id for c in db.read(categories.listed) if c.label == "维修")
    child = next(c.id for c in db.read(categories.listed) if c.label == "维修 / 楼道灯")
    assigned(world, title="甲", category_id=child)
    report(world, title="乙")

    assert titles(world.coordinator, Filters(category_id=top)) == ["甲"]
    assert titles(world.coordinator, Filters(handler_id=world.wang)) == ["甲"]
    assert titles(world.coordinator, Filters(text="乙")) == ["乙"]


def test_other_communities_never_come_along(world: World):
    report(world, title="本社区")
    report(world, actor=world.stranger, area_id=world.other_community, title="别处")

    assert titles(world.coordinator, scope=ALL) == ["本社区"]
    assert titles(world.coordinator, Filters(community_id=world.other_community), ALL) == []


def test_a_grid_lead_takes_out_their_grid_only(world: World):
    report(world, title="一网格")
    report(world, title="二网格", area_id=world.other_grid)

    assert titles(world.grid_lead) == ["一网格"]


def test_who_only_looks_on_elsewhere_exports_only_where_they_lead(world: World):
    report(world, title="一网格")
    report(world, title="二网格", area_id=world.other_grid)
    both = Actor(world.grid_lead.user_id, "吴", None, world.grid_lead.grants + world.leader.grants)

    assert titles(both, scope=ALL) == ["一网格"]


@pytest.mark.parametrize("name", ["leader", "volunteer", "building_head", "grid_worker", "admin"])
def test_others_are_refused(world: World, name: str):
    with pytest.raises(NotAllowed):
        taken(world.actors[name])


def test_people_are_masked_unless_the_office_asks(world: World):
    report(world, reporter_name="测试甲", reporter_phone="13800001234")

    (masked,) = taken(world.coordinator)
    (clear,) = taken(world.coordinator, scope=Scope(with_people=True))

    assert (masked["反映人"], masked["联系电话"]) == ("测**", "138****1234")
    assert (clear["反映人"], clear["联系电话"]) == ("测试甲", "13800001234")
    with pytest.raises(NotAllowed, match="社区工作者和社区书记"):
        taken(world.grid_lead, scope=Scope(with_people=True))


def test_a_private_matter_is_only_a_number_to_those_outside_the_office(world: World):
    report(world, title="家里的事", matter=Matter.PRIVATE, description="细节", reporter_name="测试甲")

    (seen,) = taken(world.grid_lead)
    (full,) = taken(world.coordinator)

    assert (seen["编号"], seen["事项"]) == ("E0001", "私事")
    assert not [name for name in ("详细情况", "地点", "反映人", "一级类别", "处理人", "结果说明") if seen[name]]
    assert full["事项"] == "家里的事"


def test_cancelled_and_undone_tickets_stay_out(world: World):
    step(tickets.cancel, report(world, title="撤了"), world.coordinator, note="重复")

    assert titles(world.coordinator) == []


def test_filters_are_said_in_words(world: World):
    filters = Filters(grid_id=world.grid, handler_id=world.wang, grade=Grade.FAST, due="late", text="灯", mine=True)

    told = db.read(exports.in_words, filters=filters)

    assert told == ["网格：桂花一网格", "紧急程度：紧急", "处理人：王师傅", "期限：已超时", "文字：灯", "只看我的"]


# the files


def written(world: World, form: str, **more: Any) -> bytes:
    buffer = io.BytesIO()
    call: dict[str, Any] = {
        "form": form,
        "actor": world.coordinator,
        "filters": Filters(),
        "scope": Scope(),
        "narrowed": ["网格：桂花一网格"],
        "now": NOW,
    }
    tickets_out.export_tickets(buffer, **(call | more))
    return buffer.getvalue()


@pytest.mark.parametrize("sign", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_nothing_in_a_file_runs_as_a_formula(world: World, sign: str):
    report(world, title=f"{sign}楼道灯", description=f"{sign}")

    lines = list(csv.DictReader(io.StringIO(written(world, "csv").decode("utf-8-sig"))))
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(written(world, "xlsx")))
    cell = dict(zip(HEADERS, book.get_sheet_by_name("工单").to_python()[1], strict=True))["事项"]

    assert lines[0]["事项"] == "'" + f"{sign}楼道灯".strip()
    assert cell == f"{sign}楼道灯".strip()


def test_the_workbook_says_what_is_in_it(world: World):
    report(world)

    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(written(world, "xlsx")))
    notes = "\n".join(str(line[0]) for line in book.get_sheet_by_name("说明").to_python())

    for word in ("2026-11-20 10:00:00", "李敏", "网格：桂花一网格", "最近 14 天", "已遮盖", "共 1 行"):
        assert word in notes


def test_every_export_goes_on_record_without_words(world: World):
    report(world)
    written(world, "csv", scope=Scope(with_people=True), narrowed=["文字：张三"])

    def kept(session: Any) -> list[tuple[Any, ...]]:
        query = select(AuditRow.action, AuditRow.actor_id, AuditRow.detail)
        return [tuple(row) for row in session.execute(query) if row.action == "tickets.export"]

    assert db.read(kept) == [("tickets.export", world.coordinator.user_id, "count=1 people=1 all=0")]


def test_a_file_of_another_kind_is_refused():
    assert tickets_out.form_of("工单.XLSX") == "xlsx"
    with pytest.raises(Invalid, match=r"\.xlsx 或 \.csv"):
        tickets_out.form_of("工单.docx")


def test_more_rows_than_one_fetch_holds_go_out_whole(world: World) -> None:
    who, area = world.coordinator, db.read(areas.get, world.community)
    batch = db.run(imports.start, actor=who, community=area, source="旧台账", file_name="旧.xlsx", now=NOW)
    rows = [Incoming(str(n), str(n).encode(), f"第{n}件", reporter_name="张三") for n in range(2500)]
    db.run(imports.store, actor=who, batch_id=batch, rows=rows, now=NOW)

    out = taken(who)

    assert {row["事项"] for row in out} == {f"第{n}件" for n in range(2500)}
    assert {row["反映人"] for row in out} == {"张*"}


def test_a_search_exports_what_the_board_then_shows(world: World) -> None:
    old_ticket(world, "旧灯")
    step(tickets.cancel, report(world, title="新灯"), world.coordinator, note="重复")

    assert titles(world.coordinator) == []
    assert sorted(map(str, titles(world.coordinator, Filters(text="灯")))) == ["新灯", "旧灯"]
