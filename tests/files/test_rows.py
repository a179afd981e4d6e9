from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.clock import LOCAL
from domain.due import GRADE_LABELS, MATTER_LABELS, Grade
from domain.tickets import (
    CHANNEL_LABELS,
    KIND_LABELS,
    SATISFACTION_LABELS,
    STATUS_LABELS,
    TITLE_MAX,
    Channel,
    Kind,
    Status,
)
from files.rows import ImportRow, content, content_hash, identity, one_line, paragraphs


def row(**values):
    return ImportRow.model_validate({"title": "路灯不亮"} | values, context=set())


def reason(**values):
    with pytest.raises(ValidationError) as caught:
        row(**values)
    return str(caught.value.errors()[0]["ctx"]["error"])


def test_a_title_is_one_line_without_odd_blanks():
    assert row(title="\u3000路灯\t\t不亮\r\n了\u200b\xa0").title == "路灯 不亮 了"


def test_what_does_not_fit_a_title_goes_in_front_of_the_description():
    long = "路" * TITLE_MAX + "灯坏了"

    found = row(title=long, description="请修。")

    assert (found.title, found.description) == ("路" * TITLE_MAX, "灯坏了\n请修。")


def test_a_missing_title_is_the_first_sentence_past_the_greeting():
    found = row(title="", description="尊敬的书记：您好！\n\t我家门口路灯坏了，三天没人修。请处理。")

    assert found.title == "我家门口路灯坏了，三天没人修"
    assert found.description == "尊敬的书记：您好！\n我家门口路灯坏了，三天没人修。请处理。"


def test_a_row_that_says_nothing_is_refused():
    assert "都是空的" in reason(title=" \u3000", description="\t\n")


@given(st.text())
def test_cleaning_leaves_no_stray_blank_and_loses_no_word(text):
    cleaned = paragraphs(text)

    assert not {"\t", "\r", "\u3000", "\xa0", "\u200b"} & set(cleaned + one_line(text))
    assert cleaned == cleaned.strip()
    assert paragraphs(cleaned) == cleaned
    assert "\n" not in one_line(text)
    assert "".join(cleaned.split()) == "".join(one_line(text).split())


@pytest.mark.parametrize(("cell", "text"), [(12345.0, "12345"), ("67.0", "67"), ("A-7 ", "A-7"), ("００１", "001")])
def test_a_number_as_name_keeps_its_digits(cell, text):
    assert row(external_id=cell).external_id == text


@pytest.mark.parametrize("cell", [1.2345678901234567e17, "1.23457E+17"])
def test_a_number_that_excel_has_shortened_is_refused(cell):
    assert "文本" in reason(external_id=cell)


@pytest.mark.parametrize(
    ("cell", "phone"),
    [
        (13812345678.0, "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("００８６１３８１２３４５６７８", "13812345678"),
        ("138****5678", "138****5678"),
        ("0731-8888 8888", "073188888888"),
        ("无", None),
        ("", None),
    ],
)
def test_phones_are_brought_to_one_form(cell, phone):
    assert row(phone=cell).phone == phone


def test_what_is_no_phone_is_refused():
    assert "不像电话" in reason(phone="见附件")


@pytest.mark.parametrize(
    ("field", "labels"),
    [
        ("status", STATUS_LABELS),
        ("grade", GRADE_LABELS),
        ("kind", KIND_LABELS),
        ("matter", MATTER_LABELS),
        ("satisfaction", SATISFACTION_LABELS),
    ],
)
def test_our_own_words_and_codes_are_read_back(field, labels):
    for code, label in labels.items():
        assert getattr(row(**{field: label}), field) is code
        assert getattr(row(**{field: code.value}), field) is code


def test_every_channel_of_ours_is_known_and_any_other_is_kept_as_a_word():
    for code, label in CHANNEL_LABELS.items():
        assert row(channel=label).channel_code is code

    other = row(channel="人民网")

    assert (other.channel, other.channel_code, row().channel_code) == ("人民网", Channel.OTHER, None)


@pytest.mark.parametrize(
    ("field", "word", "code"),
    [
        ("status", "已答复", Status.CLOSED),
        ("status", "办理 中", Status.IN_PROGRESS),
        ("status", "未处理", Status.REPORTED),
        ("grade", "加急", Grade.FAST),
        ("grade", "普通", Grade.NORMAL),
        ("kind", "投诉", Kind.REPORT),
    ],
)
def test_words_of_other_systems_are_understood(field, word, code):
    assert getattr(row(**{field: word}), field) is code


def test_an_unknown_status_is_refused_naming_the_accepted_words():
    assert "不认识「天知道」，可写：待受理、" in reason(status="天知道")


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, Status.REPORTED),
        ({"accepted_at": "2019-5-1"}, Status.ACCEPTED),
        ({"result": "已修"}, Status.RESOLVED),
        ({"result": "已修", "closed_at": "2019-5-2"}, Status.CLOSED),
        ({"status": "处理中", "result": "在修"}, Status.IN_PROGRESS),
        ({"status": "  ", "closed_at": "2019-5-2"}, Status.CLOSED),
        ({"closed_at": "无"}, Status.REPORTED),
    ],
)
def test_a_status_not_named_follows_from_what_is_there(values, status):
    assert row(**values).status is status


def test_closing_before_reporting_is_refused():
    assert (
        reason(reported_at="2019-5-2 9:00", closed_at="2019-5-2 8:59") == "办结时间早于上报时间（2019-05-02 09:00:00）"
    )


def test_a_day_without_time_is_not_before_an_hour_of_the_same_day():
    found = row(reported_at="2019-5-2 9:00", closed_at="2019-5-2")

    assert found.date_only == {"closed_at"}
    assert found.closed_at == datetime(2019, 5, 2, tzinfo=LOCAL)
    assert "早于" in reason(reported_at="2019-5-2 9:00", closed_at="2019-5-1")


def test_a_text_too_long_is_refused():
    assert "最多 200 字" in reason(address="路" * 201)


def test_content_changes_with_any_field_and_with_nothing_else():
    first = row(external_id=1.0, description="a\tb", reported_at="2019/5/2 9:00")

    assert content(first) == content(row(external_id="1", description="a b", reported_at="2019-05-02 09:00:00"))
    assert content_hash(first) != content_hash(row(external_id=1.0, description="a b", reported_at="2019/5/2 9:01"))
    assert content_hash(row(extra={"楼层": "3"})) != content_hash(row(extra={"楼层": "4"}))


def test_a_row_without_number_is_known_by_what_does_not_change():
    reported = row(reported_at="2019-5-1", status="处理中")
    closed = row(reported_at="2019-5-1", status="已办结", result="已修", closed_at="2019-5-2")

    assert identity(reported) == identity(closed) != identity(row(reported_at="2019-5-1", address="3栋"))
    assert identity(row(external_id=7.0)) == b"7"
