import contextlib
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import LOCAL
from domain.errors import Invalid, Refused
from domain.tickets import Status
from files.parse import BadRow, GoodRow, UnknownHeader, parse
from tests.files.making import HEADER, RECORDS, csv_bytes, wall, xls, xlsx

TABLE = [HEADER, *RECORDS]


def values(data, **options):
    rows = list(parse(data, filename="表.xlsx", **options).rows())
    assert [row for row in rows if isinstance(row, BadRow)] == []
    return [row.value for row in rows]


def titles(data, **options):
    return [value.title for value in values(data, **options)]


def text_of(cell):
    return f"{cell:%Y/%m/%d %H:%M:%S}" if hasattr(cell, "year") else cell


TEXTS = [[text_of(cell) for cell in row] for row in TABLE]


@pytest.mark.parametrize(
    "data",
    [xlsx(TABLE), xls(TABLE), *(csv_bytes(TEXTS, code) for code in ("utf-8", "utf-8-sig", "gb18030", "utf-16"))],
    ids=["xlsx", "xls", "utf-8", "utf-8-sig", "gb18030", "utf-16"],
)
def test_messages_with_replies_become_closed_tickets(data):
    first, second, third = values(data)

    assert first.external_id == "2549"
    assert first.reporter_name == "U0001"
    assert [row.title for row in (first, second, third)] == ["幸福苑3栋楼道灯 不亮", "小区门口 积水", "垃圾桶太少"]
    assert first.description == "您好！楼道灯坏了一周。\n老人上下楼不便。"
    assert second.description == "下雨就积水，\n\n出行困难。"
    assert first.result == "已更换灯泡。"
    assert {row.status for row in (first, second, third)} == {Status.CLOSED}
    assert first.reported_at == wall(2019, 4, 25, 9, 32, 9).replace(tzinfo=LOCAL)
    assert second.reported_at == wall(2019, 4, 8, 8, 37, 20).replace(tzinfo=LOCAL)
    assert second.closed_at == wall(2019, 5, 9, 9, 49, 10).replace(tzinfo=LOCAL)
    assert third.closed_at.astimezone(UTC) == wall(2019, 5, 9, 1, 49, 14).replace(tzinfo=UTC)


def test_rows_of_title_above_the_header_are_passed_over():
    above = [("幸福社区居民留言登记表",), ("填表人：甲", "", "日期：2019-5-1"), ()]

    parsed = parse(xlsx(above + TABLE, merges=[(0, 0, 0, 6)]), filename="表.xlsx")

    assert parsed.labels == HEADER
    assert [row.row for row in parsed.rows()] == [5, 6, 7]


TWO_ROWS = [
    ("编号", "反映人", "", "诉求", "", "办结", ""),
    ("", "姓名", "电话", "标题", "内容", "时间", "结果"),
    (1, "甲", "13800000001", "路灯", "不亮", "2019-5-1", "修好"),
]
JOINED = ("编号", "反映人/姓名", "反映人/电话", "诉求/标题", "诉求/内容", "办结/时间", "办结/结果")
MERGES = [(0, 0, 1, 0), (0, 1, 0, 2), (0, 3, 0, 4), (0, 5, 0, 6)]


@pytest.mark.parametrize("data", [xlsx(TWO_ROWS, merges=MERGES), xlsx(TWO_ROWS), csv_bytes(TWO_ROWS)])
def test_a_header_of_two_rows_is_joined(data):
    parsed = parse(data, filename="表")
    (row,) = parsed.rows()

    assert parsed.labels == JOINED
    assert (row.row, row.value.phone, row.value.result) == (3, "13800000001", "修好")
    assert parsed.mapping.targets["closed_at"].header == "办结/时间"
    assert row.value.reported_at is None


def test_a_header_of_two_rows_is_found_below_a_title():
    merges = [(0, 0, 0, 6), *((r1 + 1, c1, r2 + 1, c2) for r1, c1, r2, c2 in MERGES)]

    parsed = parse(xlsx([("登记表",), *TWO_ROWS], merges=merges), filename="表")

    assert parsed.labels == JOINED


def test_a_first_record_with_few_cells_is_no_second_header_row():
    assert titles(csv_bytes([("备注", "标题", "内容"), ("甲", "", "路灯不亮"), ("乙", "井盖", "")])) == [
        "路灯不亮",
        "井盖",
    ]


def test_a_cell_merged_over_several_records_counts_for_each():
    rows = [("类别", "标题"), ("维修", "路灯"), ("", "井盖"), ("卫生", "垃圾")]

    found = values(xlsx(rows, merges=[(1, 0, 2, 0)]))

    assert [(row.category, row.title) for row in found] == [("维修", "路灯"), ("维修", "井盖"), ("卫生", "垃圾")]


def test_totals_blank_rows_signatures_and_repeated_headers_are_no_records():
    head = ("标题", "内容", "序号")
    rows = [head, ("路灯", "不亮", 1), (), head, ("井盖", "破损", 2), ("合 计", "", 2), ("制表人：甲", "", "")]

    parsed = parse(xlsx(rows), filename="表.xlsx")

    assert [row.value.title for row in parsed.rows()] == ["路灯", "井盖"]
    assert parsed.skipped == {"空行": 1, "表头": 1, "合计": 1, "落款": 1}


def test_sheets_of_one_header_are_read_on_and_others_named():
    more = [HEADER, (9.0, "U9", "下水道堵了", "2019-6-1 8:00:00", "堵了", "", "")]
    data = xlsx(TABLE, [("说明",), ("本表由系统导出",)], more, [("标题", "电话"), ("a", "b")], more, [], hidden=[4])

    parsed = parse(data, filename="表.xlsx")

    assert [(row.sheet, row.row) for row in parsed.rows()][-2:] == [("表1", 4), ("表3", 2)]
    assert {left.sheet: left.reason for left in parsed.left_out} == {
        "表2": "没有找到表头",
        "表4": "表头与其他工作表不同，请单独导入",
        "表5": "隐藏的工作表",
        "表6": "空工作表",
    }


def test_unknown_columns_are_kept_under_their_header():
    (row,) = values(csv_bytes([("标题", "楼层", "楼层", "序号", ""), ("路灯", "3", "4", "1", "")]))

    assert row.extra == {"楼层": "3", "楼层 (2)": "4"}


def test_a_header_without_known_words_is_shown_for_mapping_by_hand():
    data = csv_bytes([("甲", "乙"), ("路灯", "不亮")])
    with pytest.raises(UnknownHeader, match="请指定") as caught:
        parse(data, filename="表.csv")

    assert caught.value.candidates == ("甲", "乙")
    assert titles(data, overrides={"甲": "title", "乙": "description"}) == ["路灯"]


@pytest.mark.parametrize(
    ("overrides", "said"), [({"没有": "title"}, "没有「没有」这一列"), ({"甲": "colour"}, "没有「colour」这个字段")]
)
def test_a_wrong_override_is_refused_with_what_there_is(overrides, said):
    with pytest.raises(Invalid, match=said):
        parse(csv_bytes([("甲", "标题"), ("a", "b")]), filename="表.csv", overrides=overrides)


def test_a_bad_row_names_row_column_header_value_and_reason():
    rows = [
        ("编号", "标题", "上报时间", "电话", "状态"),
        (1, "路灯", "11月6日", "见附件", "天知道"),
        (2, "井盖", "", "", ""),
    ]

    bad, good = parse(xlsx([("登记表",), *rows]), filename="表.xlsx").rows()

    assert isinstance(good, GoodRow)
    assert [(p.row, p.column, p.header, p.value_shown) for p in bad.problems] == [
        (3, "D", "电话", "见附件"),
        (3, "E", "状态", "天知道"),
        (3, "C", "上报时间", "11月6日"),
    ]
    assert "可写：待受理" in bad.problems[1].reason
    assert "没有年份" in bad.problems[2].reason


def test_a_number_used_twice_is_imported_once():
    rows = [("编号", "标题"), (1, "路灯"), (1, "井盖")]

    good, bad = parse(xlsx(rows), filename="表.xlsx").rows()

    assert good.value.title == "路灯"
    assert bad.problems[0].reason == "编号与第 2 行重复，只导入了前一行"


def test_equal_rows_without_number_are_imported_once():
    rows = [("标题", "内容", "状态"), ("路灯", "不亮", "处理中"), ("路灯", "不亮", "已办结")]

    _, bad = parse(xlsx(rows), filename="表.xlsx").rows()

    assert "第 2 行相同" in bad.problems[0].reason


def test_a_csv_row_with_a_comma_too_many_is_refused():
    data = "标题,内容,电话\n路灯,不亮,三天了,13800000001\n井盖,破损,13800000001,,\n".encode()

    bad, good = parse(data, filename="表.csv").rows()

    assert "分隔符没有加引号" in bad.problems[0].reason
    assert good.value.title == "井盖"


def test_the_preview_stops_early_and_the_rows_start_anew():
    parsed = parse(csv_bytes([("标题",), *((f"第{n}件",) for n in range(100))]), filename="表.csv")

    assert len(parsed.preview(20)) == 20
    assert len(list(parsed.rows())) == 100
    assert parsed.about >= 100


def test_a_row_refused_later_names_the_column_it_came_from():
    parsed = parse(xlsx([("标题", "社区"), ("路灯", "幸福社区")]), filename="表.xlsx")
    (row,) = parsed.rows()

    bad = parsed.refuse(row, "community", "没有这个社区")

    assert (bad.problems[0].column, bad.problems[0].value_shown) == ("B", "幸福社区")
    assert issubclass(UnknownHeader, Refused)


def test_a_mapping_kept_from_an_earlier_file_applies_where_it_can():
    kept = {"甲": "title", "不再有": "phone", "内容": "extra"}
    data = csv_bytes([("甲", "内容", "乙"), ("路灯", "不亮", "x")])

    (row,) = values(data, kept=kept)
    (corrected,) = values(data, kept=kept, overrides={"乙": "title"})

    assert (row.title, row.extra) == ("路灯", {"内容": "不亮", "乙": "x"})
    assert (corrected.title, corrected.extra) == ("x", {"甲": "路灯", "内容": "不亮"})


def test_numbers_kept_from_excel_by_an_equals_sign_are_read():
    (row,) = values('编号,标题,电话\n"=""00123""",路灯,"=""13800000001"""\n'.encode())

    assert (row.external_id, row.phone) == ("00123", "13800000001")


def test_commas_in_texts_do_not_pass_for_the_delimiter():
    lines = ["标题\t内容\t电话", "路灯\t坏了,三天,没人修,请处理,谢谢,急\t1", "井盖\t坏,了,请,处,理,谢,谢\t2"]

    assert titles("\n".join(lines).encode(), overrides={"电话": "extra"}) == ["路灯", "井盖"]


@given(st.lists(st.lists(st.text(max_size=8), max_size=6), max_size=8))
def test_any_table_is_read_or_refused_and_no_record_is_lost(rows):
    data = csv_bytes(
        [("标题", "内容", "上报时间", "状态", "电话", "编号"), ("路灯", "", "", "", "", "x"), *rows], "utf-8-sig"
    )
    try:
        parsed = parse(data, filename="表.csv")
        found = list(parsed.rows())
    except Refused:
        return  # such as control characters: then nothing is read

    (sheet,) = parsed.used
    assert len(found) + sum(parsed.skipped.values()) == len(list(sheet.sheet.rows)) - sheet.header.data_from


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(Refused):
        list(parse(data, filename="表").rows())
