"""The words of messages: short, without personal words, and cut by bytes at whole characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import messages
from domain.messages import Facts
from domain.outbox import Template

FULL = Facts(
    place="桂花社区",
    grid="桂花一网格",
    building="3栋",
    elder="L0037",
    incident="Y0012",
    cause="未见平安信号",
    who="社区值班",
    ticket="E0012",
    due="11月20日 18:00",
    count=5,
    text="今早3户没有安排。",
    found="在家平安",
    link="https://linli.example/checkins?incident=1",
)
FAMILY = "👨‍👩‍👧‍👦"


def test_an_alarm_names_number_building_code_and_whom_it_turns_to() -> None:
    said = messages.words(Template.INCIDENT_STEP, FULL)

    assert said.startswith("邻里一屏·桂花社区 【预警】Y0012 3栋 L0037 未见平安信号，请社区值班马上核实。")
    assert said.endswith(FULL["link"])


@pytest.mark.parametrize("template", list(Template))
def test_each_kind_of_message_has_words_even_if_nothing_is_known(template: Template) -> None:
    for said in (messages.words(template, FULL), messages.line(template, FULL), messages.words(template, Facts())):
        assert said.strip()
        assert "{" not in said


@pytest.mark.parametrize("template", list(Template))
def test_what_is_sent_again_says_so(template: Template) -> None:
    again = Facts(**{**FULL, "again": True})

    assert messages.words(template, again).count("（补发）") == messages.line(template, again).count("（补发）") == 1
    assert "（补发）" not in messages.words(template, FULL)


def test_a_digest_says_how_many_and_has_a_line_each() -> None:
    lines = [f"派单 E{n:04}" for n in range(12)]

    said = messages.digest(Template.TICKET_DISPATCHED, [FULL], lines)

    assert said.splitlines() == ["邻里一屏·桂花社区 【汇总】共12条：", *lines]


@pytest.mark.parametrize("limit", [2048, 4096, 20_000])
@pytest.mark.parametrize("unit", ["你好", "🙂", FAMILY, "a", "👍🏽", "🇨🇳", "e\u0301"])
def test_a_long_text_is_cut_by_bytes_at_whole_characters(unit: str, limit: int) -> None:
    text = unit * 10_000

    parts = messages.split(text, limit)

    assert "".join(parts) == text
    assert all(len(part.encode()) <= limit for part in parts)
    if unit != "你好":
        assert all(len(part) % len(unit) == 0 for part in parts)
    assert all(len(part.encode()) > limit - 40 for part in parts[:-1])


def test_a_text_is_cut_at_a_line_break_if_it_has_one() -> None:
    assert messages.split("第一行\n第二行\n第三行", 22) == ["第一行\n第二行", "第三行"]


@given(st.text(max_size=300), st.integers(4, 60))
def test_nothing_is_lost_but_line_breaks_and_no_part_is_too_long(text: str, limit: int) -> None:
    text = text.encode(errors="ignore").decode()

    parts = messages.split(text, limit)

    assert "".join(parts).replace("\n", "") == text.replace("\n", "")
    assert all(0 < len(part.encode()) <= limit for part in parts)


def test_as_many_lines_are_taken_as_fit_and_at_least_one() -> None:
    assert messages.fitting(["你好"] * 10, 21) == 3
    assert messages.fitting(["你好" * 100], 10) == 1
    assert messages.fitting(["你好"] * 3, 100) == 3


def test_a_text_without_end_is_cut_to_five_parts_and_says_so() -> None:
    parts = messages.cut("你好" * 20_000, 2048)

    assert len(parts) == 5
    assert parts[-1].endswith("（未完，请到系统里查看）")
    assert all(len(part.encode()) <= 2048 for part in parts)
