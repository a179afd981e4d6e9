"""Whole files through the whole path: what people export from other systems becomes tickets, once each."""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import db
from db import areas, import_batches, imports
from db.models import ImportBatchRow, ImportChangeRow, TicketEventRow, TicketRow, TicketTextRow
from domain.areas import Area
from domain.clock import local
from domain.errors import NotAllowed, Refused
from domain.imports import Counts
from files import importer
from files.export import write_error_sheet
from files.importer import Rehearsal, Run, open_file
from files.parse import BadRow, UnknownHeader
from tests.builders import NOW, World
from tests.files.making import HEADER, RECORDS, csv_bytes, wall, xlsx

FILE = xlsx([HEADER, *RECORDS])
BAD = (2556.0, "U0004", "路灯不亮", "前天", "路灯不亮。", "", "")


def community(world: World) -> Area:
    return db.read(areas.get, world.community)


def bring_in(world: World, data: bytes, name: str = "留言.xlsx", **more: Any) -> tuple[Run, list[BadRow]]:
    source = more.pop("source", "留言板")
    parsed = open_file(data, filename=name, source=source, overrides=more.pop("overrides", None))
    run = Run(parsed, more.pop("actor", world.coordinator), community(world), source, NOW, **more)
    return run, list(run.bad_rows())


def all_of(row_type: Any) -> list[Any]:
    return db.run(lambda session: list(session.scalars(select(row_type))))


def written_at(moment: datetime) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize("data", [FILE, csv_bytes([HEADER, *RECORDS], "gb18030")], ids=["xlsx", "csv"])
def test_a_file_with_every_fault_comes_in_clean(world: World, data: bytes):
    run, bad = bring_in(world, data)

    found = {ticket.external_id: ticket for ticket in all_of(TicketRow)}
    texts = {text.ticket_id: text for text in all_of(TicketTextRow)}
    first, second, third = (found[number] for number in ("2549", "2554", "2555"))
    assert (run.counts, bad) == (Counts(created=3), [])
    assert [t.title for t in (first, second, third)] == ["幸福苑3栋楼道灯 不亮", "小区门口 积水", "垃圾桶太少"]
    assert [written_at(t.reported_at) for t in (first, second)] == ["2019-04-25 09:32:09", "2019-04-08 08:37:20"]
    assert [written_at(t.closed_at) for t in (first, second, third)] == [
        "2019-05-10 14:56:53",
        "2019-05-09 09:49:10",
        "2019-05-09 09:49:14",
    ]
    assert {t.status for t in found.values()} == {"closed"}
    assert texts[first.id].result == "已更换灯泡。"
    assert texts[first.id].description == "您好！楼道灯坏了一周。\n老人上下楼不便。"


def test_a_second_run_says_nothing_new(world: World):
    bring_in(world, FILE)
    run, _ = bring_in(world, FILE)

    assert str(run.counts) == "新增 0，更新 0，未变 3，未导入 0"


def test_records_without_a_number_are_known_again_by_their_words(world: World):
    rows = [("标题", "内容", "答复意见"), ("楼道灯坏了", "三楼", ""), ("井盖松动", "门口", "")]
    bring_in(world, xlsx(rows))
    answered = [rows[0], ("楼道灯坏了", "三楼", "已修"), rows[2]]

    run, _ = bring_in(world, xlsx(answered))

    assert run.counts == Counts(changed=1, unchanged=1)
    assert not [t for t in all_of(TicketRow) if not (t.external_id or "").startswith("h:")]


def test_a_rehearsal_foretells_the_run_and_writes_nothing(world: World):
    data = xlsx([HEADER, *RECORDS, BAD])
    rehearsal = Rehearsal(open_file(data, filename="留言.xlsx"), world.coordinator, community(world), "留言板", NOW)
    foretold = list(rehearsal.bad_rows())
    assert all_of(ImportBatchRow) == all_of(TicketRow) == []

    run, bad = bring_in(world, data)

    assert rehearsal.counts == run.counts == Counts(created=3, refused=1)
    assert [b.problems for b in foretold] == [b.problems for b in bad]


def test_bad_rows_come_back_by_the_error_sheet_once_corrected(world: World):
    run, bad = bring_in(world, xlsx([HEADER, *RECORDS, BAD]))
    sheet = io.BytesIO()
    write_error_sheet(sheet, labels=run.parsed.labels, rows=bad, filename="留言.xlsx")

    again, still_bad = bring_in(world, sheet.getvalue(), "未导入.xlsx")
    corrected = xlsx([HEADER, (*BAD[:3], wall(2019, 5, 1, 8, 0, 0), *BAD[4:])])
    fixed, _ = bring_in(world, corrected)

    (problem,) = bad[0].problems
    assert (problem.row, problem.column, problem.header, problem.value_shown) == (5, "D", "留言时间", "前天")
    assert (again.counts, len(still_bad)) == (Counts(refused=1), 1)
    assert fixed.counts == Counts(created=1)


def test_a_row_that_only_the_database_refuses_is_named_by_its_cell(world: World):
    _, bad = bring_in(world, xlsx([("标题", "社区"), ("楼道灯坏了", "月球社区")]))

    (problem,) = bad[0].problems
    assert (problem.row, problem.column, problem.value_shown) == (2, "B", "月球社区")
    assert "可写：桂花社区" in problem.reason


def test_the_mapping_is_kept_for_its_source(world: World):
    rows = [("事由", "来信日", "标题"), ("楼道灯坏了", "2019-05-01", "无关")]
    chosen = {"事由": "title", "来信日": "reported_at", "标题": "extra"}
    bring_in(world, xlsx(rows), overrides=chosen)

    again = open_file(xlsx(rows), filename="下月.xlsx", source="留言板")
    other = open_file(xlsx(rows), filename="下月.xlsx", source="热线")

    assert again.mapping.chosen() == chosen
    assert other.mapping.targets["title"].header == "标题"


def test_a_kept_mapping_never_stops_another_table(world: World):
    bring_in(world, xlsx([("事由",), ("楼道灯坏了",)]), overrides={"事由": "title"})

    assert open_file(FILE, filename="留言.xlsx", source="留言板").mapping.targets["title"].header == "留言主题"


def test_columns_may_be_understood_otherwise_without_opening_again():
    parsed = open_file(FILE, filename="留言.xlsx")

    assert parsed.remapped({"留言主题": "extra", "留言详情": "title"}).mapping.targets["title"].header == "留言详情"
    with pytest.raises(UnknownHeader, match="哪一列是标题"):
        parsed.remapped({"留言主题": "extra", "留言详情": "extra"})


class Broken(Exception):
    """Somebody pulled the plug."""


def broken_off(world: World, data: bytes, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(imports, "CHUNK", 2)
    parsed = open_file(data, filename="留言.xlsx")

    def pull(done: int, _all: int) -> None:
        if done >= 4:
            raise Broken

    run = Run(parsed, world.coordinator, community(world), "留言板", NOW, progress=pull)
    with pytest.raises(Broken):
        list(run.bad_rows())
    return run


MANY = xlsx([("编号", "标题"), *((f"A{i}", f"事项{i}") for i in range(7))])


def test_an_interruption_leaves_whole_chunks_and_the_next_run_finishes(world: World, monkeypatch: pytest.MonkeyPatch):
    broken_off(world, MANY, monkeypatch)
    assert len(all_of(TicketRow)) == len(all_of(TicketEventRow)) == len(all_of(TicketTextRow)) == 4

    run, _ = bring_in(world, MANY)

    assert run.counts == Counts(created=3, unchanged=4)
    assert sorted(t.external_id for t in all_of(TicketRow)) == [f"A{i}" for i in range(7)]


def test_a_broken_run_may_go_on_in_its_own_batch(world: World, monkeypatch: pytest.MonkeyPatch):
    broken = broken_off(world, MANY, monkeypatch)

    run, _ = bring_in(world, MANY, batch_id=broken.batch_id)

    assert run.counts == Counts(created=7)
    assert [(b.status, b.created) for b in all_of(ImportBatchRow)] == [("done", 7)]


def test_a_broken_import_can_be_taken_back(world: World, monkeypatch: pytest.MonkeyPatch):
    broken = broken_off(world, MANY, monkeypatch)
    assert broken.batch_id

    undone = importer.undo(actor=world.coordinator, batch_id=broken.batch_id, now=NOW)

    assert undone == (4, 0)


def test_undoing_goes_through_every_chunk(world: World, monkeypatch: pytest.MonkeyPatch):
    run, _ = bring_in(world, MANY)
    monkeypatch.setattr(imports, "CHUNK", 3)
    seen: list[int] = []

    assert run.batch_id
    undone = importer.undo(actor=world.coordinator, batch_id=run.batch_id, now=NOW, progress=seen.append)

    assert (undone, seen) == ((7, 0), [3, 6])
    assert db.read(import_batches.batches, actor=world.coordinator)[0].undone_at == NOW


def test_who_may_not_import_is_refused_before_anything_is_written(world: World):
    with pytest.raises(NotAllowed):
        bring_in(world, FILE, actor=world.grid_worker)

    assert all_of(ImportBatchRow) == []


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("空.xlsx", b"", "空文件"),
        ("头.xlsx", xlsx([HEADER]), "只有表头"),
        ("程序.xlsx", b"MZ\x90\x00" + b"\x00" * 200, "Windows 程序"),
        ("文.pdf", b"%PDF-1.7\n", "PDF"),
        ("乱码.csv", b"\x81\x00\xff\xfe\x01" * 50, "文字编码"),
        ("宽.csv", csv_bytes([[f"列{i}" for i in range(1000)], ["值"] * 1000]), "1000 列"),
        ("不明.csv", csv_bytes([("甲", "乙"), ("一", "二")]), "没有找到标题或内容"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence_and_nothing_written(world, name, data, says):
    with pytest.raises(Refused, match=says):
        bring_in(world, data, name)

    assert db.read(lambda s: s.execute(select(func.count()).select_from(ImportChangeRow)).scalar_one()) == 0


def test_a_path_is_read_like_bytes(world: World, tmp_path: Path):
    file = tmp_path / "留言.xlsx"
    file.write_bytes(FILE)

    assert open_file(file, filename=file.name).about == 3
