import io
from datetime import UTC, date

import pytest
from python_calamine import CalamineWorkbook

from files.export import write_csv, write_error_sheet, write_xlsx
from files.parse import BadRow, parse
from tests.files.making import csv_bytes, sheet1, wall

COLUMNS = [("编号", 10), ("标题", 30), ("上报时间", 20)]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"]


def read(buffer):
    book = CalamineWorkbook.from_filelike(io.BytesIO(buffer.getvalue()))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_a_workbook_holds_the_rows_and_says_what_they_are():
    buffer = io.BytesIO()
    moment = wall(2019, 4, 25, 1, 32, 9).replace(tzinfo=UTC)

    count = write_xlsx(
        buffer,
        columns=COLUMNS,
        rows=iter([("E0001", "路灯", moment), (2, True, None), (3.5, date(2019, 5, 1), "")]),
        title_note="筛选：本社区\n导出人：甲",
    )

    sheets = read(buffer)
    assert count == 3
    assert sheets["数据"] == [
        ["编号", "标题", "上报时间"],
        ["E0001", "路灯", wall(2019, 4, 25, 9, 32, 9)],
        [2.0, "是", ""],
        [3.5, date(2019, 5, 1), ""],
    ]
    assert sheets["说明"] == [["筛选：本社区"], ["导出人：甲"], ["共 3 行"]]
    assert b"<autoFilter" in sheet1(buffer.getvalue())
    assert b'state="frozen"' in sheet1(buffer.getvalue())


def test_a_workbook_runs_no_formula_and_links_nowhere():
    buffer = io.BytesIO()
    texts = [*FORMULAS, "{=1}", "http://example.invalid/"]

    write_xlsx(buffer, columns=COLUMNS[:1], rows=[(text,) for text in texts], title_note="")

    assert b"<f>" not in sheet1(buffer.getvalue())
    assert b"<hyperlink" not in sheet1(buffer.getvalue())
    assert [row[0].strip() for row in read(buffer)["数据"][1:]] == [text.strip() for text in texts]


def test_a_text_longer_than_a_cell_is_cut_and_says_so():
    buffer = io.BytesIO()

    write_xlsx(buffer, columns=COLUMNS[:1], rows=[("长" * 40_000,)], title_note="")

    text = read(buffer)["数据"][1][0]
    assert len(text) == 32_767
    assert text.endswith("已截断）")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_csv_runs_no_formula_and_reads_back_the_same(text):
    buffer = io.BytesIO()

    write_csv(buffer, headers=["标题", "内容"], rows=[("路灯", text)])

    assert f"'{text[0]}".encode() in buffer.getvalue()
    (row,) = parse(buffer.getvalue(), filename="表.csv").rows()
    assert row.cells == ("路灯", text)


def test_a_csv_opens_in_excel_with_its_chinese_and_its_times(tmp_path):
    moment = wall(2019, 4, 25, 1, 32, 9).replace(tzinfo=UTC)

    count = write_csv(
        tmp_path / "表.csv", headers=["标题", "时间"], rows=[("路灯", moment), (None, -5), (True, date(2019, 5, 1))]
    )

    assert count == 2 + 1
    assert (tmp_path / "表.csv").read_bytes() == (
        "\ufeff标题,时间\r\n路灯,2019-04-25 09:32:09\r\n,-5\r\n是,2019-05-01\r\n".encode()
    )


def test_refused_rows_are_corrected_in_the_error_sheet_and_imported_again():
    rows = [("编号", "标题", "上报时间", "楼层"), ("1", "路灯", "11月6日", "3"), ("2", "井盖", "2019-5-1", "4")]
    parsed = parse(csv_bytes(rows), filename="表.csv")
    bad = [row for row in parsed.rows() if isinstance(row, BadRow)]
    buffer = io.BytesIO()

    count = write_error_sheet(buffer, labels=parsed.labels, rows=bad, filename="表.csv")

    sheet = read(buffer)["未导入"]
    assert count == 1
    assert sheet[0] == ["行号", "列", "原值", "原因", "编号", "标题", "上报时间", "楼层"]
    assert sheet[1][:3] == ["表.csv 2", "C 上报时间", "11月6日"]
    corrected = csv_bytes([sheet[0], [*sheet[1][:6], "2019-11-6", sheet[1][7]]])
    (good,) = parse(corrected, filename="改正.csv").rows()
    assert (good.value.external_id, good.value.extra) == ("1", {"楼层": "3"})
