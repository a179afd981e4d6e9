"""数据导入 through Streamlit itself: choose, look, import, take back."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import db
from db.exports import Scope
from db.models import AuditRow, ImportBatchRow, TicketRow
from db.ticket_filters import Filters
from pages import _export
from tests.builders import NOW, World, report
from tests.files.making import HEADER, RECORDS, csv_bytes, xlsx
from tests.pages.conftest import Visit

BAD = (2556.0, "U0004", "路灯不亮", "前天", "路灯不亮。", "", "")
FILE = xlsx([HEADER, *RECORDS, BAD])


def all_of(row_type: Any) -> list[Any]:
    return db.run(lambda session: list(session.scalars(select(row_type))))


def open_page(visit: Visit, who: str = "coordinator") -> AppTest:
    """Open /import: its address is not its file's name, which is all that `switch_page` can hash."""
    at = visit(who, "me")
    at._page_hash = calc_hash("import")
    return at.run()


def choose(at: AppTest, data: bytes, name: str = "留言.xlsx", source: str = "留言板") -> AppTest:
    at.file_uploader[0].set_value((name, data, "application/octet-stream")).run()
    return at.text_input(key="import-source").input(source).run() if at.text_input else at


def told(at: AppTest) -> str:
    """Join every sentence on the page, as it is read: without the escapes."""
    parts = (at.info, at.warning, at.success, at.error, at.markdown, at.caption)
    return "\n".join(element.value for part in parts for element in part).replace("\\", "")


def press(at: AppTest, label: str) -> AppTest:
    return next(button for button in at.button if button.label == label).click().run()


def brought_in(visit: Visit, data: bytes = FILE, who: str = "coordinator") -> AppTest:
    return press(choose(open_page(visit, who), data), "开始导入")


def test_a_file_is_looked_at_before_anything_is_written(visit: Visit):
    at = choose(open_page(visit), FILE)

    said = told(at)
    assert "将新增 3，更新 0，未变 0，不导入 1" in said
    assert "认出 7 列" in at.expander[0].label
    assert "D 列「留言时间」" in at.dataframe[0].value.to_string()
    assert list(at.dataframe[1].value["原值"]) == ["前天"]
    assert all_of(TicketRow) == []


def test_it_imports_and_says_what_came_of_it(visit: Visit):
    at = brought_in(visit)

    assert "导入完成：新增 3，更新 0，未变 0，未导入 1" in told(at)
    assert len(all_of(TicketRow)) == 3
    assert [b.label for b in at.get("download_button")] == ["下载未导入的行"]


def test_a_second_file_begins_afresh_and_brings_nothing_new(visit: Visit):
    at = press(brought_in(visit), "再导入一个文件")
    assert at.file_uploader[0].value is None

    at = choose(at, FILE)

    assert "将新增 0，更新 0，未变 3，不导入 1" in told(at)


def test_a_column_is_corrected_by_hand_and_its_field_moves(visit: Visit):
    at = choose(open_page(visit), xlsx([("标题", "说明"), ("无关", "楼道灯坏了")]))
    second = next(box for box in at.selectbox if "说明" in box.label)

    at = second.set_value("title").run()

    assert [box.value for box in at.selectbox if "对应到" in box.label] == ["extra", "title"]
    press(at, "开始导入")
    assert [ticket.title for ticket in all_of(TicketRow)] == ["楼道灯坏了"]


def test_unknown_headers_are_mapped_by_hand(visit: Visit):
    at = choose(open_page(visit), csv_bytes([("甲", "乙"), ("楼道灯坏了", "三楼")]), "表.csv")
    assert "哪一列是标题" in told(at)

    at = next(box for box in at.selectbox if "甲" in box.label).set_value("title").run()

    assert not at.error
    press(at, "开始导入")
    assert [ticket.title for ticket in all_of(TicketRow)] == ["楼道灯坏了"]


def test_without_a_source_there_is_no_start(visit: Visit):
    at = choose(open_page(visit), FILE, source="")

    assert "填好来源名称" in told(at)
    assert "开始导入" not in [button.label for button in at.button]


def test_who_has_several_communities_says_which(visit: Visit, world: World):
    at = choose(open_page(visit, "admin"), FILE)
    assert "选好社区" in told(at)

    where = next(box for box in at.selectbox if box.label == "导入到哪个社区")
    at = press(where.select_index(0).run(), "开始导入")

    assert {t.community_id for t in all_of(TicketRow)} <= {world.community, world.other_community}
    assert len(all_of(TicketRow)) == 3


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("空.xlsx", b"", "空文件"),
        ("头.xlsx", xlsx([HEADER]), "只有表头"),
        ("程序.xlsx", b"MZ\x90\x00" + b"\x00" * 200, "Windows 程序"),
        ("文.pdf", b"%PDF-1.7\n", "PDF"),
    ],
)
def test_a_file_that_cannot_go_in_gets_a_sentence(visit: Visit, name: str, data: bytes, says: str):
    at = choose(open_page(visit), data, name)

    assert says in at.error[0].value
    assert not at.exception


def test_words_of_a_file_are_never_interpreted(visit: Visit):
    at = choose(open_page(visit), xlsx([("标题", "![x](http://a.b/c)"), ("甲", ":red[乙]")]))

    assert "![x]" not in "".join(m.value for m in at.markdown)
    assert ":red[乙]" not in "".join(m.value for m in at.markdown)


def test_an_import_is_taken_back_after_being_told_what_stays(visit: Visit):
    at = press(brought_in(visit), "撤销本次导入")
    assert "3 张导入的工单将从看板" in told(at)

    at = press(at, "撤销")

    assert [batch.status for batch in all_of(ImportBatchRow)] == ["undone"]
    assert all(ticket.hidden_at for ticket in all_of(TicketRow))
    assert "撤销本次导入" not in [button.label for button in at.button]


@pytest.mark.parametrize("who", ["grid_lead", "grid_worker", "leader"])
def test_others_do_not_get_the_page(visit: Visit, who: str):
    at = open_page(visit, who)

    assert not at.file_uploader


# the export button


def exporting(visit: Visit, who: str) -> AppTest:
    at = visit(who, "tickets")

    def script() -> None:
        from db.board import Filters
        from pages._export import export_button
        from pages._session import require

        export_button(require("tickets.board"), Filters())

    shown = AppTest.from_function(script, default_timeout=20)
    shown.session_state["export-menu"] = True  # what it holds is drawn only when it is open
    return shown.run() if at else at


def test_the_button_offers_people_only_to_the_office(visit: Visit):
    office = exporting(visit, "coordinator")
    lead = exporting(visit, "grid_lead")
    looker = exporting(visit, "leader")

    assert [box.label for box in office.checkbox] == ["含全部历史", "包含姓名和电话（会留痕）"]
    assert [box.label for box in lead.checkbox] == ["含全部历史"]
    assert not looker.get("download_button")


def test_the_file_is_made_at_the_click_with_the_filters_said_in_it(visit: Visit, world: World):
    report(world, title="楼道灯坏了")
    visit("coordinator", "tickets")
    make = _export.maker("csv", Filters(text="灯"), Scope())
    assert not [row for row in all_of(AuditRow) if row.action == "tickets.export"]

    text = make().decode("utf-8-sig")

    assert "楼道灯坏了" in text
    assert [row.detail for row in all_of(AuditRow) if row.action == "tickets.export"] == ["count=1 people=0 all=0"]


def test_the_file_has_a_name_that_says_what_it_is(world: World):
    assert _export.file_name(world.coordinator, "xlsx", NOW) == "工单_桂花社区_2026-11-20.xlsx"


def test_the_uploader_speaks_chinese():
    """The rule hides what this version of Streamlit shows in English; its hooks must still be there."""
    css = (Path(__file__).parents[2] / "ui" / "theme.css").read_text(encoding="utf-8")
    import streamlit

    scripts = (Path(streamlit.__file__).parent / "static" / "static" / "js").glob("FileUploader*.js")
    served = "".join(script.read_text(encoding="utf-8") for script in scripts)

    for hook in ("stFileUploaderDropzone", "stFileUploaderDropzoneInstructions"):
        assert f'[data-testid="{hook}"]' in css
        assert f"`{hook}`" in served
    assert "选择文件" in css
