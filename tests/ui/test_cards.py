"""The drawer's parts: escaped, empty facts left out, changes in words."""

from datetime import timedelta
from uuid import UUID

from tests.ui.test_markup import CARD, EVIL, NOW
from ui import cards, changes, slip
from ui.cards import Line

GRID = UUID(int=5)


def test_facts_without_a_value_are_left_out() -> None:
    html = cards.facts_html([("地点", "3号楼"), ("来源渠道", "")])

    assert "3号楼" in html
    assert "来源渠道" not in html


def test_no_part_of_the_drawer_takes_text_for_markup() -> None:
    line = Line(NOW, EVIL, EVIL, EVIL, (EVIL,))
    parts = [cards.facts_html([(EVIL, EVIL)]), cards.texts_html([(EVIL, EVIL)]), cards.timeline_html([line], NOW)]
    parts += [slip.slip_html(EVIL, [(EVIL, EVIL)], printed=EVIL)]

    assert all("<script" not in part and "<img" not in part for part in parts)


def test_the_head_says_number_state_time_and_title() -> None:
    html = cards.head_html(CARD, NOW)

    assert all(said in html for said in ("E0612", "待派单", "剩 2 天", "楼道灯坏了"))


def test_a_task_says_what_where_and_until_when() -> None:
    html = cards.task_html(CARD, NOW)

    assert all(said in html for said in ("楼道灯坏了", "3号楼2单元", "剩 2 天"))


def test_changes_are_told_with_names_and_not_with_ids() -> None:
    found = {
        "handler_id": [None, GRID.hex],
        "grade": ["normal", "urgent"],
        "title": None,
        "due_at": [None, (NOW + timedelta(hours=2)).isoformat()],
        "accepted_at": [None, NOW.isoformat()],
        "open_to_volunteers": [False, True],
    }

    said = changes.words(found, {GRID.hex: "王师傅"}, NOW)

    assert said == ("处理人：王师傅", "紧急程度：一般 → 特急", "事项已修改", "时限：今天 12:00", "开放给志愿者")


def test_the_ids_to_look_up_are_found() -> None:
    assert changes.ids_in([{"handler_id": [None, GRID.hex]}, {"area_id": None}, {"grade": ["a", "b"]}]) == {GRID}


def test_a_recalled_handler_is_told_as_none() -> None:
    assert changes.words({"handler_id": [GRID.hex, None]}, {GRID.hex: "王师傅"}, NOW) == ("处理人：王师傅 → 无",)


def test_a_notice_is_one_fact_a_line() -> None:
    assert slip.notice("派单通知", [("编号", "E0001"), ("联系人", "")]) == "【派单通知】\n编号：E0001"


def test_a_slip_is_a_page_of_its_own_with_room_to_sign() -> None:
    html = slip.slip_html("派单条", [("编号", "E0001")], printed="今天 10:00")

    assert html.startswith("<!doctype html>")
    assert "处理人签字" in html
    assert "http" not in html


def test_paper_says_the_whole_date() -> None:
    assert slip.on_paper(NOW) == "2026年11月20日 10:00"
