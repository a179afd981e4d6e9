import pytest

from files.mapping import FIELDS, guess, letter_of
from files.rows import ImportRow


def test_every_field_is_one_that_a_row_has():
    assert set(FIELDS) == set(ImportRow.model_fields) - {"extra", "date_only"}


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("留言编号", "external_id"), ("ID", "external_id"), ("工单编号*", "external_id"),
        ("external_id", "external_id"),
        ("留言主题", "title"), ("事项", "title"), ("Title", "title"),
        ("留言详情", "description"), ("诉求内容（必填）", "description"), ("Description", "description"),
        ("留言时间", "reported_at"), (" 上报 时间 ", "reported_at"), ("Created Date", "reported_at"),
        ("答复意见", "result"), ("办理结果", "result"), ("答复时间", "closed_at"), ("办结时间", "closed_at"),
        ("留言用户", "reporter_name"), ("反映人", "reporter_name"), ("联系电话", "phone"), ("手机：", "phone"),
        ("地址", "address"), ("一级分类", "category"), ("二级分类", "subcategory"), ("所属网格", "grid"),
        ("社区", "community"), ("状态", "status"), ("紧急程度", "grade"), ("承办单位", "handler"), ("来源", "channel"),
        ("群众来信主题", "title"), ("满意度", "satisfaction"), ("受理时间", "accepted_at"),
        ("三级分类", None), ("更新时间", None), ("处理人姓名", None), ("身份证编号", None), ("IP地址", None),
    ],
)  # fmt: skip
def test_a_header_is_understood(header, target):
    (column,) = guess([header]).columns

    assert column.target == target


def test_each_field_is_taken_once_by_the_surest_word():
    mapping = guess(["群众主题", "主题", "标题", "时间", "上报时间"])

    assert {c.header: c.target for c in mapping.columns if c.target} == {"标题": "title", "上报时间": "reported_at"}
    assert [c.header for c in mapping.unmapped] == ["群众主题", "主题", "时间"]


def test_confidence_tells_exact_words_from_guesses():
    exact, child, tail = guess(["标题", "诉求人信息/电话", "群众反映地点"]).columns

    assert (exact.confidence, child.confidence, tail.confidence) == (1.0, 0.9, 0.6)


def test_an_override_wins_and_is_remembered():
    mapping = guess(["标题", "主题", "时间"], {"主题": "title", "时间": "extra"})

    assert mapping.chosen() == {"标题": "extra", "主题": "title", "时间": "extra"}


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_their_letters(index, letters):
    assert letter_of(index) == letters
