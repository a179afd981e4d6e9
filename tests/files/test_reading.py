import io
import struct
import zipfile

import pytest
import xlsxwriter

from domain.errors import Refused
from files import workbook
from files.parse import BadRow, parse
from files.reading import open_table
from tests.files.making import HEADER, RECORDS, SHEET1, csv_bytes, repacked, sheet1, xls, xlsx


def refusal(data: bytes, filename: str = "表.xlsx") -> str:
    with pytest.raises(Refused) as caught:
        parse(data, filename=filename)
    return caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_in_every_encoding_and_delimiter(encoding, delimiter):
    rows = [("标题", "内容"), ("路灯不亮，三天了", "第一行\n第二行"), ("a,b;c", "䶮")]

    (sheet,) = open_table(csv_bytes(rows, encoding, delimiter), filename="表.csv")

    assert list(sheet.rows) == rows
    assert list(sheet.rows) == rows  # a second time, from the start


def test_the_type_is_told_by_content_not_by_name(tmp_path):
    path = tmp_path / "表.csv"
    path.write_bytes(xls([("标题",), ("路灯",)]))

    (sheet,) = open_table(path, filename="表.csv")

    assert list(sheet.rows) == [("标题",), ("路灯",)]


def test_rows_and_columns_keep_their_excel_places():
    (sheet,) = open_table(xlsx([(), (), ("", "标题"), ("", "路灯")]), filename="表.xlsx")

    assert list(sheet.rows)[2:] == [("", "标题"), ("", "路灯")]
    assert (sheet.height, sheet.width) == (4, 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "空文件"),
        (b"\xef\xbb\xbf\n\n", "没有"),
        (b" \r\n\t\n", "空文件"),
        (b"MZ\x90\x00\x03" + bytes(200), "程序"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "图片"),
        (b"Rar!\x1a\x07", "压缩包"),
        (b"<html><table><tr><td>1</td></tr></table>", "网页"),
        (b"PK\x03\x04" + b"\x00" * 100, "读不出来"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 1000, "读不出来"),
        (bytes(range(256)) * 10, "无法识别"),
        ("标题,内容\n".encode() + b"\xff\xff\xff", "无法识别"),
        (csv_bytes([("标题", "内容")]), "只有表头，没有数据行"),
        (xlsx([("标题", "内容")]), "只有表头，没有数据行"),
        (xlsx([]), "没有内容"),
        (xlsx([("标题", *(f"列{n}" for n in range(999))), ("a",) * 1000]), "1000 列，最多 200 列"),
        (csv_bytes([("标题", *(f"列{n}" for n in range(999))), ("a",) * 1000]), "1000 列，最多 200 列"),
        (csv_bytes([("标题", "内容")]) + b'"' + b"a" * 200_000, "引号不成对"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(data, said):
    assert said in refusal(data)


def test_a_zip_that_is_no_workbook_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")

    assert "不是 .xlsx 表格" in refusal(buffer.getvalue())


def test_a_truncated_workbook_is_refused():
    data = xlsx([HEADER, *RECORDS])

    assert "读不出来" in refusal(data[: len(data) // 2])


def test_a_workbook_locked_with_a_password_is_refused():
    # an encrypted XLSX is a compound file with one stream of this name and no workbook
    book = bytearray(xls([("标题",), ("路灯",)]))
    name = "Workbook".encode("utf-16-le")
    at = book.index(name)
    book[at : at + 34] = "EncryptedPackage".encode("utf-16-le") + b"\x00\x00"

    assert "设有打开密码" in refusal(bytes(book), "表.xlsx")


def test_an_old_workbook_locked_with_a_password_is_refused():
    book = bytearray(xls([("标题",), ("路灯",)]))
    second_record = book.index(b"\x09\x08\x10\x00") + 20
    book[second_record : second_record + 2] = b"\x2f\x00"

    assert "设有打开密码" in refusal(bytes(book), "表.xls")


def test_a_zip_bomb_is_refused_before_it_is_parsed():
    bomb = repacked(xlsx([HEADER, *RECORDS]), {"xl/media/image1.xml": bytes(workbook.MAX_UNPACKED + 1)})

    assert "解压后大得不正常" in refusal(bomb)


def test_a_zip_bomb_that_lies_about_its_size_is_refused():
    bomb = bytearray(repacked(xlsx([HEADER, *RECORDS]), {"xl/media/image1.xml": bytes(50_000_000)}))
    for at in range(len(bomb) - 4):
        if bomb[at : at + 4] == struct.pack("<I", 50_000_000):
            bomb[at : at + 4] = struct.pack("<I", 10)

    assert "解压后大得不正常" in refusal(bytes(bomb))


def test_a_cell_at_the_end_of_the_sheet_does_not_take_all_memory():
    data = xlsx([HEADER, *RECORDS])
    far = b'<row r="1048576"><c r="GR1048576"><v>1</v></c></row></sheetData>'

    message = refusal(repacked(data, {SHEET1: sheet1(data).replace(b"</sheetData>", far)}))

    assert "第 1048576 行、第 200 列" in message


def test_an_xls_that_would_end_the_process_is_refused():
    data = bytearray(xls([(f"标题{n}", n * 1.5) for n in range(50)]))
    cell = data.index(struct.pack("<HHHH", 0x027E, 10, 48, 1))
    struct.pack_into("<HH", data, cell + 4, 65535, 60_000)

    assert "读不出来" in refusal(bytes(data), "表.xls")


def test_a_formula_without_a_saved_value_is_a_problem_of_its_row():
    data = xlsx([("编号", "标题", "内容", "备注"), (1, "公式", "甲", ""), (2, "好的", "乙", ""), (3, "坏的", "丙", "")])
    sheet = sheet1(data)
    start = sheet.index(b'<c r="B2"')
    end = sheet.index(b"</c>", start) + 4
    sheet = sheet[:start] + b'<c r="B2"><f>A2&amp;"x"</f><v></v></c>' + sheet[end:]
    start = sheet.index(b'<c r="C4"')
    end = sheet.index(b"</c>", start) + 4
    sheet = sheet[:start] + b'<c r="C4" t="e"><f>1/0</f><v>#DIV/0!</v></c>' + sheet[end:]

    rows = list(parse(repacked(data, {SHEET1: sheet}), filename="表.xlsx").rows())

    assert [isinstance(row, BadRow) for row in rows] == [True, False, True]
    assert "没有保存计算结果" in rows[0].problems[0].reason
    assert (rows[2].problems[0].row, rows[2].problems[0].column) == (4, "C")
    assert "公式出错" in rows[2].problems[0].reason


def test_the_value_that_a_formula_had_is_read():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["标题", "内容"])
        sheet.write_formula(1, 0, '="路"&"灯"', None, "路灯")
        sheet.write_formula(1, 1, '=""', None, "空")
    data = buffer.getvalue()
    data = repacked(data, {SHEET1: sheet1(data).replace("<v>空</v>".encode(), b"<v></v>")})

    (row,) = parse(data, filename="表.xlsx").rows()

    assert (row.value.title, row.value.description) == ("路灯", "")


def test_a_workbook_whose_tags_have_a_prefix_is_looked_into():
    data = xlsx([("标题", "内容"), ("路灯", "不亮")])
    sheet = sheet1(data).replace(b'<c r="A2"', b'<c r="B2"')
    prefixed = sheet.replace(b"<", b"<x:").replace(b"<x:/", b"</x:").replace(b"<x:?", b"<?")
    prefixed = prefixed.replace(b"xmlns=", b"xmlns:x=")

    scans = workbook.scan(io.BytesIO(repacked(data, {SHEET1: prefixed})), "表.xlsx")

    assert (scans["表1"].height, scans["表1"].width) == (2, 2)
