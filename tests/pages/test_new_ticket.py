"""登记诉求 beyond the four fields: what was typed comes back, what is known already is offered to join."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.elements.lib import policies
from streamlit.testing.v1 import AppTest

import db
from db import drafts, supports, tickets
from db.models import DraftRow, TicketRow
from db.ticket_detail import detail
from domain.due import Grade
from domain.tickets import Channel, Result, Status, Ticket
from tests.builders import World, assigned, report, step
from tests.pages.conftest import LATER, Visit, field, labels, page_html, press

SAME = {"什么事": "楼道灯不亮", "在哪里": "3号楼2单元"}


def fill(at: AppTest, texts: dict[str, str]) -> AppTest:
    """Type and leave each field."""
    for label, text in texts.items():
        field(at, label).set_value(text).run()
    return at


def titles() -> list[str]:
    return db.read(lambda session: list(session.scalars(select(TicketRow.title).order_by(TicketRow.number))))


def drafted() -> int:
    return len(db.read(lambda session: session.scalars(select(DraftRow.form)).all()))


def told_by(world: World, ticket: Ticket) -> list[tuple[str, str]]:
    shown = db.read(detail, actor=world.coordinator, ticket_id=ticket.id, now=LATER)
    return [(one.person.name if one.person else "", one.channel.value) for one in shown.supporters]


def said(at: AppTest) -> str:
    return "".join(e.value for e in (*at.markdown, *at.caption, *at.warning))


# drafts


def test_what_was_typed_is_there_again_in_another_window(visit: Visit, world: World) -> None:
    at = fill(visit("coordinator", new="1"), {"谁反映的": "何婆婆", "电话": "13987654321", **SAME})
    grade = next(e for e in at.button_group if e.label == "紧急程度")
    grade.set_value(Grade.FAST).run()

    again = visit("coordinator", new="1")

    assert {label: field(again, label).value for label in ("谁反映的", "电话", *SAME)} == {
        "谁反映的": "何婆婆",
        "电话": "13987654321",
        **SAME,
    }
    assert next(e for e in again.button_group if e.label == "紧急程度").value == Grade.FAST
    assert "已恢复 今天 11:00 没登记完的内容" in said(again)
    press(again, "登记")
    assert titles() == ["楼道灯不亮"]
    assert drafted() == 0


def test_a_restored_form_can_be_cleared(visit: Visit) -> None:
    fill(visit("coordinator", new="1"), SAME)

    at = press(visit("coordinator", new="1"), "清空")

    assert field(at, "什么事").value == ""
    assert "已恢复" not in said(at)
    assert drafted() == 0


def test_a_form_left_for_later_is_there_later(visit: Visit) -> None:
    at = fill(visit("coordinator", new="1"), SAME)

    press(press(at, "先不登记"), "先放着")

    assert "new" not in at.query_params
    assert field(visit("coordinator", new="1"), "什么事").value == "楼道灯不亮"


def test_a_form_given_up_leaves_no_draft(visit: Visit) -> None:
    at = fill(visit("coordinator", new="1"), SAME)

    press(press(at, "先不登记"), "不要了，离开")

    assert drafted() == 0
    assert field(visit("coordinator", new="1"), "什么事").value == ""


def test_emptied_fields_are_no_draft_and_looking_is_none(visit: Visit) -> None:
    at = fill(visit("coordinator", new="1"), SAME)
    fill(at, {"什么事": "", "在哪里": ""})

    visit("coordinator", new="1")

    assert drafted() == 0


def test_a_field_left_is_one_write_and_a_look_around_none(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    writes, real = [], drafts.save

    def save(tx: Session, **call: Any) -> None:
        writes.append(call["values"])
        real(tx, **call)

    monkeypatch.setattr(drafts, "save", save)
    at = visit("coordinator", new="1")

    fill(at, SAME).run()
    at.run()

    assert len(writes) == len(SAME)


@pytest.mark.parametrize(
    ("who", "channel"),
    [
        ("coordinator", Channel.PHONE),
        ("grid_worker", Channel.PATROL),
        ("building_head", Channel.BUILDING_HEAD),
    ],
)
def test_a_report_comes_by_the_way_that_is_usual_for_who_registers_it(visit: Visit, who: str, channel: Channel) -> None:
    at = fill(visit(who, new="1"), {"什么事": "楼道堆物", "在哪里": "3号楼1单元"})

    press(at, "登记")

    assert db.read(lambda session: session.scalars(select(TicketRow.channel)).one()) == channel


def test_a_second_message_leaves_nothing_of_the_resident_before(visit: Visit) -> None:
    at = visit("coordinator", new="1")
    for message in ("我是何婆婆，3号楼2单元电梯困人，电话13987654321", "垃圾桶满了没人收"):
        field(at, "群消息").set_value(message)
        press(at, "填入")

    assert {label: field(at, label).value for label in ("谁反映的", "电话", *SAME)} == {
        "谁反映的": "",
        "电话": "",
        "什么事": "垃圾桶满了没人收",
        "在哪里": "",
    }
    assert "判断为特急" not in said(at)


def test_a_restored_message_is_replaced_too(visit: Visit) -> None:
    fill(visit("coordinator", new="1"), {"谁反映的": "何婆婆", **SAME})
    at = visit("coordinator", new="1")

    field(at, "群消息").set_value("垃圾桶满了没人收")
    press(at, "填入")

    assert [field(at, label).value for label in ("谁反映的", *SAME)] == ["", "垃圾桶满了没人收", ""]


def test_no_field_is_given_a_default_and_a_value(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)
    monkeypatch.setattr(policies._LOGGER, "warning", lambda words, *more, **_: warned.append(words % more))
    fill(visit("grid_worker", new="1"), SAME)
    at = visit("grid_worker", new="1")
    field(at, "群消息").set_value("我是何婆婆，3号楼2单元电梯困人")
    press(at, "填入")

    assert warned == []


def test_the_fields_have_the_address_s_key_until_they_are_sent(visit: Visit) -> None:
    at = fill(visit("coordinator", new="abcdefgh1234"), SAME)
    kept = at.session_state["title-abcdefgh1234"]

    press(at, "登记")
    at.query_params.clear()
    at.query_params["new"] = "abcdefgh1234"  # back in the browser
    at.run()

    assert kept == SAME["什么事"]
    assert field(at, "什么事").value == ""
    assert "title-abcdefgh1234" not in at.session_state


def channels(at: AppTest) -> Any:
    return next(e for e in at.button_group if e.label == "来源")


def test_a_rare_channel_joins_the_row_of_the_common_ones_and_survives(visit: Visit) -> None:
    at = fill(visit("coordinator", new="1"), SAME)
    common = len(channels(at).options)
    next(e for e in at.selectbox if e.label == "其他来源").select(Channel.HOTLINE).run()

    again = visit("coordinator", new="1")
    restored = channels(again).value
    channels(again).set_value(Channel.VISIT).run()

    assert (common, len(channels(at).options), len(channels(again).options)) == (5, 6, 6)
    assert (channels(at).value, restored, channels(again).value) == (Channel.HOTLINE, Channel.HOTLINE, Channel.VISIT)
    assert next(e for e in at.selectbox if e.label == "其他来源").value is None


# 同类反映


def test_what_is_known_already_is_offered_with_its_reasons(visit: Visit, world: World) -> None:
    report(world)

    at = fill(visit("coordinator", new="1"), SAME)

    assert "这里已有类似的事" in said(at)
    assert "同一栋楼" in said(at)
    assert "都说到“楼道灯”" in said(at)


def test_joining_makes_no_second_ticket_and_opens_the_first(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = fill(visit("coordinator", new="1"), {"谁反映的": "何婆婆", "电话": "13987654321", **SAME})

    press(at, "是同一件事，并入")

    assert titles() == [ticket.title]
    assert told_by(world, ticket) == [("何**", Channel.PHONE)]
    assert set(at.query_params) == {"ticket"}
    assert "已并入 E0001" in at.toast[0].value
    assert "楼道灯不亮" in page_html(at)
    assert drafted() == 0


def test_a_likely_repeat_is_asked_about_once(visit: Visit, world: World) -> None:
    report(world)
    at = fill(visit("coordinator", new="1"), {**SAME, "电话": "123"})

    press(at, "登记")
    asked = said(at), titles(), [b.disabled for b in at.button if b.label == "登记"]
    press(at, "仍然新登记")
    refused = at.error[0].value
    fill(at, {"电话": ""})
    press(at, "登记")

    assert "可能已经登记过：E0001" in asked[0].replace("\\", "")
    assert asked[1:] == (["楼道灯坏了"], [True])  # the second half of a double click answers nothing
    assert "电话" in refused
    assert titles() == ["楼道灯坏了", "楼道灯不亮"]


def test_the_question_may_be_answered_by_joining(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = press(fill(visit("coordinator", new="1"), SAME), "登记")

    press(at, "并入 E0001")

    assert titles() == ["楼道灯坏了"]
    assert told_by(world, ticket) == [("", Channel.PHONE)]


def test_a_weak_likeness_is_offered_and_not_asked_about(visit: Visit, world: World) -> None:
    report(world, address="3号楼1单元")

    at = fill(visit("coordinator", new="1"), SAME)
    offered = said(at)
    press(at, "登记")

    assert "这里已有类似的事" in offered
    assert len(titles()) == 2


def test_joining_what_moved_on_meanwhile_asks_for_a_second_look(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = fill(visit("coordinator", new="1"), SAME)
    step(tickets.accept, ticket, world.colleague)

    press(at, "是同一件事，并入")
    refused = at.error[0].value
    press(at, "是同一件事，并入")

    assert "何静在" in refused
    assert len(told_by(world, ticket)) == 1


def test_who_reported_it_before_is_told_so_and_nothing_is_lost(visit: Visit, world: World) -> None:
    who = {"name": "何婆婆", "phone": "13987654321"}
    ticket = step(supports.add, report(world), world.coordinator, **who)
    at = fill(visit("coordinator", new="1"), {"谁反映的": "何婆婆", "电话": "139 8765 4321", **SAME})

    press(at, "是同一件事，并入")

    assert "已经反映过工单 E0001" in at.error[0].value
    assert field(at, "什么事").value == SAME["什么事"]
    assert len(told_by(world, ticket)) == 1


def test_nothing_is_offered_before_place_and_matter_are_known(visit: Visit, world: World) -> None:
    report(world)
    at = visit("coordinator", new="1")

    for label, text in (("什么事", "楼道灯不亮"), ("在哪里", "9号楼")):
        assert "这里已有类似的事" not in said(fill(at, {label: text}))


# a volunteer's


def test_a_volunteer_is_asked_what_and_where_and_is_filled_in(visit: Visit, world: World) -> None:
    report(world)
    at = visit("volunteer", "me", new="1")

    asked = [e.label for e in (*at.text_input, *at.text_area)]
    fill(at, {**SAME, "说明（可不填）": "三楼到四楼"})
    press(at, "登记")

    assert sorted(asked) == sorted(["什么事", "在哪里", "说明（可不填）", "谁反映的", "电话"])
    assert "类别" not in [e.label for e in at.selectbox]
    assert "这里已有类似的事" not in said(at)  # others' tickets are not a volunteer's to read
    assert titles() == ["楼道灯坏了", "楼道灯不亮"]
    made = db.read(lambda session: session.scalars(select(TicketRow).where(TicketRow.number == 2)).one().id)
    told = db.read(detail, actor=world.coordinator, ticket_id=made, now=LATER)
    assert (told.description, told.category, told.ticket.status) == ("三楼到四楼", "维修 / 楼道灯", Status.REPORTED)
    assert told.reporter
    assert told.reporter.name == "赵**"


def test_a_volunteer_who_typed_nothing_leaves_at_one_press(visit: Visit) -> None:
    at = press(visit("volunteer", "me", new="1"), "先不登记")

    assert "登记" not in labels(at)
    assert drafted() == 0


def test_the_drawer_names_everybody_who_is_to_be_told(visit: Visit, world: World) -> None:
    ticket = assigned(world, reporter_name="张三", reporter_phone="13800001234")
    ticket = step(supports.add, ticket, world.coordinator, name="何婆婆", phone="13987654321", channel=Channel.WECHAT)
    ticket = step(supports.add, ticket, world.coordinator)
    ticket = step(tickets.resolve, ticket, world.coordinator, result=Result.SOLVED, note="换了灯管")

    at = press(visit("coordinator", ticket=str(ticket.id)), "回访办结")
    html = page_html(at)
    purposes = [b for b in at.button if b.label == "电话联系居民"]
    purposes[1].click().run()

    assert "3 人反映**，办结前请都告知结果" in said(at)
    assert "共 3 人反映，回访时请都告知" in said(at).replace("\\", "")
    assert all(words in html for words in ("张*", "何**", "139****4321", "微信群", "未留姓名和电话"))
    assert "13987654321" in page_html(at)
    assert "13800001234" not in page_html(at)
