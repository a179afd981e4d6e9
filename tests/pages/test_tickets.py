"""The board's page: who sees what, the drawer's steps, refusals in place, the quick form."""

from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

import db
from db import parties, tickets
from db.board import board
from db.ticket_detail import detail
from db.ticket_filters import Filters
from domain.board import Card
from domain.due import Grade, Matter
from domain.tickets import Kind, Result, Satisfaction, Status, Ticket
from pages import _live_board
from tests.builders import NOW, World, assigned, report, step
from tests.pages.conftest import LATER, Visit, drawn, field, labels, page_html, press, send, told


def opened(visit: Visit, who: str, ticket: Ticket) -> AppTest:
    return visit(who, ticket=str(ticket.id))


def now_of(world: World, ticket: Ticket) -> Ticket:
    return db.read(detail, actor=world.coordinator, ticket_id=ticket.id, now=LATER).ticket


def cards(world: World) -> list[Card]:
    shown = db.read(board, actor=world.coordinator, filters=Filters(), now=LATER)
    return [card for column in shown.columns for card in column.cards]


def test_an_empty_board_says_what_to_do(visit: Visit) -> None:
    at = visit("coordinator")

    assert "点“登记诉求”" in at.info[0].value
    assert "登记诉求" in labels(at)


def test_the_board_shows_figures_columns_and_cards(visit: Visit, world: World) -> None:
    report(world)
    assigned(world, title="夜间装修")

    html = drawn(visit("coordinator"))

    assert "待处理 <i>1</i>" in html
    assert "处理中 <i>1</i>" in html
    assert "楼道灯坏了" in html
    assert "王师傅" in html
    assert "<b>2</b><span>在办</span>" in html


def test_staff_and_leaders_read_the_board_of_their_area(visit: Visit, world: World) -> None:
    report(world)
    readers = ("coordinator", "secretary", "grid_lead", "grid_worker", "building_head", "leader")

    assert [who for who in readers if "楼道灯坏了" in drawn(visit(who))] == [*readers]


def test_what_a_page_has_sent_is_sent_again_only_when_the_board_or_a_filter_asks(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: dict[str, bool] = {}
    fragment = _live_board.live_board
    monkeypatch.setattr(_live_board, "live_board", lambda _: fragment(sent))  # as if the timer ran it
    at = visit("coordinator")
    assert "还没有工单" in at.info[0].value

    report(world)
    at.run()
    assert (told(at, "html"), told(at, "html", "figures")) == (None, None)
    assert "还没有工单" in at.info[0].value, "as it was drawn, until a run draws it anew"

    send(at, "resync", 1)
    assert "楼道灯坏了" in drawn(at) and not at.info
    at.run()
    assert told(at, "html") is None
    at.query_params["grade"] = Grade.URGENT
    at.run()
    assert told(at, "html") is not None


def test_nobody_sees_tickets_beyond_their_area_or_task(visit: Visit, world: World) -> None:
    report(world)

    assert [who for who in ("stranger", "other_grid_worker", "volunteer") if "楼道灯坏了" in drawn(visit(who))] == []


def test_an_administrator_has_no_board(visit: Visit, world: World) -> None:
    report(world)

    assert "楼道灯坏了" not in drawn(visit("admin"))


def test_a_volunteer_sees_what_they_can_claim(visit: Visit, world: World) -> None:
    ticket = report(world, kind=Kind.SERVICE, title="陪诊取药")
    step(tickets.accept, ticket, world.coordinator)

    assert "陪诊取药" in drawn(visit("volunteer"))


def test_a_leader_may_urge_and_nothing_else(visit: Visit, world: World) -> None:
    at = opened(visit, "leader", assigned(world))

    assert [label for label in labels(at) if label in ("催办", "派单", "受理", "处理完成", "登记诉求", "备注")] == [
        "催办"
    ]


def test_a_private_matter_of_others_stays_closed(visit: Visit, world: World) -> None:
    ticket = report(world, title="夫妻吵架", matter=Matter.PRIVATE, description="细节")

    at = opened(visit, "grid_worker", ticket)

    assert "夫妻吵架" not in drawn(at) + page_html(at)
    assert "细节" not in page_html(at)
    assert "只有经办的同事" in at.info[-1].value


FILTERED: tuple[tuple[dict[str, str], set[str]], ...] = (
    ({"text": "装修"}, {"夜间装修"}),
    ({"text": "E0001"}, {"楼道灯坏了"}),
    ({"kind": "hazard"}, {"井盖松动"}),
    ({"grade": "urgent", "kind": "report"}, set()),
    ({"mine": "1"}, {"楼道灯坏了", "夜间装修"}),
    ({"due": "late"}, set()),
    ({"kind": "nonsense", "grid": "nonsense", "due": "x"}, {"楼道灯坏了", "夜间装修", "井盖松动"}),
)


def test_the_url_holds_the_filters(visit: Visit, world: World) -> None:
    report(world)
    report(world, title="夜间装修")
    report(world, title="井盖松动", kind=Kind.HAZARD, actor=world.colleague)
    titles = ("楼道灯坏了", "夜间装修", "井盖松动")

    for query, shown in FILTERED:
        html = drawn(visit("coordinator", **query))
        assert {title for title in titles if title in html} == shown, query


def test_a_filter_goes_into_the_url_and_can_be_cleared(visit: Visit, world: World) -> None:
    report(world)
    at = visit("coordinator")
    at.session_state["more-filters"] = True  # what it holds is drawn only when it is open

    field(at.run(), "类型").select("隐患").run()
    narrowed, query = drawn(at), dict(at.query_params)
    assert field(at, "类型").value  # the menu is still open, to choose more
    press(at, "清除筛选")

    assert query["kind"] == "hazard"
    assert "楼道灯坏了" not in narrowed
    assert "没有符合筛选条件" not in "".join(i.value for i in at.info)
    assert "楼道灯坏了" in drawn(at)
    assert dict(at.query_params) == {}


def test_a_filter_that_finds_nothing_says_how_to_go_on(visit: Visit, world: World) -> None:
    report(world)

    assert "清除筛选" in visit("coordinator", text="不存在").info[0].value


def test_the_drawer_tells_what_it_is_why_it_is_due_and_what_happened(visit: Visit, world: World) -> None:
    ticket = assigned(world, description="三楼到四楼都不亮", reporter_name="张三", reporter_phone="13800001234")

    at = opened(visit, "coordinator", ticket)
    html = page_html(at)

    for said in ("E0001", "楼道灯坏了", "桂花一网格", "三楼到四楼都不亮", "张*", "138****1234", "派单", "代王师傅记录"):
        assert said in html
    assert "13800001234" not in html
    assert any(e.label.startswith("时限") for e in at.expander)


def test_a_link_to_nothing_or_to_others_says_so(visit: Visit, world: World) -> None:
    ticket = report(world)

    for at in (opened(visit, "stranger", ticket), visit("coordinator", ticket="nonsense")):
        assert at.error
        assert "楼道灯坏了" not in page_html(at)


def choose(select: Selectbox[str], words: str) -> None:
    select.select_index(next(i for i, option in enumerate(select.options) if words in option))


def test_one_form_accepts_and_dispatches(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = press(opened(visit, "coordinator", ticket), "受理并派单")

    choose(field(at, "派给谁"), "王师傅")
    press(at, "确定受理并派单")

    assert now_of(world, ticket).status is Status.DISPATCHED
    assert now_of(world, ticket).handler_id == world.wang
    assert "E0001 已派单" in at.toast[0].value
    assert "派单通知" in at.code[0].value


def test_dispatching_to_nobody_is_refused_in_words(visit: Visit, world: World) -> None:
    at = press(opened(visit, "coordinator", report(world)), "受理并派单")

    press(at, "确定受理并派单")

    assert "请先选一位处理人" in at.error[0].value


def test_a_refusal_keeps_what_was_typed(visit: Visit, world: World) -> None:
    at = press(opened(visit, "coordinator", assigned(world)), "处理完成")

    press(at, "确定处理完成")
    assert "请写明处理结果" in at.error[0].value
    field(at, "怎么处理的（居民回访时会听到）").set_value("换了灯泡")
    press(at, "确定处理完成")

    assert "等待回访" in at.toast[0].value


def test_who_comes_second_reads_who_was_first_and_keeps_the_text(visit: Visit, world: World) -> None:
    ticket = assigned(world)
    at = press(opened(visit, "coordinator", ticket), "处理完成")
    field(at, "怎么处理的（居民回访时会听到）").set_value("换了灯泡")
    step(tickets.resolve, ticket, world.colleague, result=Result.SOLVED, note="已修", now=LATER)

    press(at, "确定处理完成")

    assert "何静" in at.error[0].value
    assert "处理完成" in at.error[0].value
    assert field(at, "怎么处理的（居民回访时会听到）").value == "换了灯泡"
    assert "待回访" in page_html(at)


def test_a_second_click_on_a_finished_form_does_nothing(visit: Visit, world: World) -> None:
    at = press(opened(visit, "coordinator", assigned(world)), "备注")
    field(at, "备注内容").set_value("居民来电")
    sent = next(b for b in at.button if b.label == "确定备注")
    sent.click().run()

    sent.click().run()

    (card,) = cards(world)
    found = db.read(detail, actor=world.coordinator, ticket_id=card.id, now=LATER)
    assert [e.note for e in found.timeline].count("居民来电") == 1


def test_a_step_of_one_tap_needs_no_form(visit: Visit, world: World) -> None:
    ticket = report(world)

    press(opened(visit, "coordinator", ticket), "受理")

    assert now_of(world, ticket).status is Status.ACCEPTED


def test_a_step_of_one_tap_on_what_has_moved_on_says_who_was_first(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = opened(visit, "coordinator", ticket)
    step(tickets.comment, ticket, world.colleague, note="已打过电话", now=LATER)

    press(at, "受理")

    assert "何静" in at.error[0].value
    assert now_of(world, ticket).status is Status.REPORTED


@pytest.mark.parametrize(
    ("label", "needed"),
    [("不予受理", "告知居民到哪里办（渠道、电话）"), ("撤销", "撤销原因（撤销后不再办理）")],
)
def test_ending_a_report_asks_for_the_reason(visit: Visit, world: World, label: str, needed: str) -> None:
    ticket = report(world)
    at = opened(visit, "coordinator", ticket)
    at.session_state["step"] = (ticket.id, {"不予受理": "reject", "撤销": "cancel"}[label])
    at.run()

    press(at, f"确定{label}")
    assert at.error
    field(at, needed).set_value("请拨打 12333")
    press(at, f"确定{label}")

    assert now_of(world, ticket).status in (Status.REJECTED, Status.CANCELLED)


def test_an_edit_changes_the_title_and_its_history_says_so(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = opened(visit, "coordinator", ticket)
    at.session_state["step"] = (ticket.id, "edit")
    at.run()

    field(at, "什么事").set_value("楼道灯和门铃都坏了")
    press(at, "确定修改")

    assert now_of(world, ticket).title == "楼道灯和门铃都坏了"
    assert "事项已修改" in page_html(at)


def test_the_phone_number_is_shown_only_on_a_purpose(visit: Visit, world: World) -> None:
    ticket = report(world, reporter_name="张三", reporter_phone="13800001234")
    at = opened(visit, "coordinator", ticket)

    press(at, "电话联系居民")

    assert "13800001234" in page_html(at)
    assert "张三" in page_html(at)


def test_a_call_is_registered_from_four_fields(visit: Visit, world: World) -> None:
    at = visit("coordinator", new="1")

    field(at, "谁反映的").set_value("李奶奶")
    field(at, "电话").set_value("13800001234")
    field(at, "什么事").set_value("厨房漏水")
    field(at, "在哪里").set_value("3号楼2单元501")
    press(at, "登记")

    (card,) = cards(world)
    assert (card.title, card.category, card.grid) == ("厨房漏水", "维修", "桂花一网格")
    assert now_of(world, found_ticket(world, card)).area_id == world.building
    assert "E0001" in at.toast[0].value
    assert "确定受理并派单" in labels(at)


def found_ticket(world: World, card: Card) -> Ticket:
    return db.read(detail, actor=world.coordinator, ticket_id=card.id, now=LATER).ticket


def test_a_pasted_message_fills_the_form(visit: Visit, world: World) -> None:
    at = visit("coordinator", new="1")

    field(at, "群消息").set_value("张三：3号楼楼道灯坏了 13800001234")
    press(at, "填入")

    asked = {label: field(at, label).value for label in ("谁反映的", "电话", "什么事", "在哪里")}
    assert asked == {"谁反映的": "张三", "电话": "13800001234", "什么事": "3号楼楼道灯坏了", "在哪里": "3号楼"}


def test_a_refused_report_keeps_what_was_typed(visit: Visit, world: World) -> None:
    at = visit("coordinator", new="1")
    field(at, "什么事").set_value("楼道灯坏了")
    field(at, "电话").set_value("123")

    press(at, "登记")

    assert "电话" in at.error[0].value
    assert field(at, "什么事").value == "楼道灯坏了"
    assert cards(world) == []


def test_who_dispatches_not_gets_no_dispatch_form_after_reporting(visit: Visit, world: World) -> None:
    at = visit("grid_worker", new="1")
    field(at, "什么事").set_value("井盖松动")

    press(at, "登记")

    assert "确定受理并派单" not in labels(at)
    assert "井盖松动" in page_html(at)


def test_late_tickets_are_counted_and_told_in_words(visit: Visit, world: World) -> None:
    report(world, now=NOW - timedelta(days=9))

    html = drawn(visit("coordinator", due="late"))

    assert "超时 2 天" in html
    assert "<b>1</b><span>已超时</span>" in html


def opened_with(visit: Visit, world: World, ticket: Ticket, action: str) -> AppTest:
    """Open the drawer as 李敏 with the form of this step."""
    at = opened(visit, "coordinator", ticket)
    at.session_state["step"] = (ticket.id, action)
    return at.run()


def test_of_two_who_dispatch_the_second_reads_so_at_the_first_click(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = press(opened(visit, "coordinator", ticket), "受理并派单")
    choose(field(at, "派给谁"), "保洁员")
    field(at, "交代几句（可不填，写进派单通知）").set_value("带上梯子")
    step(tickets.assign, ticket, world.colleague, handler_id=world.wang, now=LATER)

    press(at, "确定受理并派单")

    assert "何静在 11:00 已派给王师傅" in at.error[0].value
    assert "要换人请用“转派”" in at.error[0].value
    assert field(at, "派给谁").value == world.cleaner
    assert field(at, "交代几句（可不填，写进派单通知）").value == "带上梯子"
    assert not [label for label in labels(at) if label.startswith("确定")]


def test_who_was_too_late_to_dispatch_hands_on_what_they_chose(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = press(opened(visit, "coordinator", ticket), "受理并派单")
    choose(field(at, "派给谁"), "保洁员")
    field(at, "交代几句（可不填，写进派单通知）").set_value("带上梯子")
    step(tickets.assign, ticket, world.colleague, handler_id=world.wang, now=LATER)

    press(at, "确定受理并派单")
    press(at, "改为转派")
    assert field(at, "派给谁").value == world.cleaner
    press(at, "确定转派")

    assert now_of(world, ticket).handler_id == world.cleaner
    assert "带上梯子" in at.code[0].value


def test_a_choice_of_handler_stays_while_the_lists_order_moves(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = press(opened(visit, "coordinator", ticket), "受理并派单")
    before = field(at, "派给谁").options
    choose(field(at, "派给谁"), "保洁员")
    step(tickets.accept, ticket, world.colleague, now=LATER)
    step(tickets.assign, report(world), world.colleague, handler_id=world.cleaner, now=LATER)

    press(at, "确定受理并派单")
    assert "何静" in at.error[0].value
    assert field(at, "派给谁").options == before
    press(at, "确定派单")

    assert now_of(world, ticket).handler_id == world.cleaner


def test_a_submit_button_is_the_same_whatever_it_says(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = press(opened(visit, "coordinator", ticket), "受理并派单")
    before = next(b for b in at.button if b.label == "确定受理并派单").proto.id
    step(tickets.accept, ticket, world.colleague, now=LATER)

    after = next(b for b in at.run().button if b.label == "确定派单").proto.id

    assert before == after


def walk(node: Any) -> list[str]:
    """List the kinds of what is drawn, from top to bottom."""
    return [
        kind
        for child in node.children.values()
        for kind in ([child.type] + (walk(child) if hasattr(child, "children") else []))
    ]


def test_the_refusal_stands_below_the_fields(visit: Visit, world: World) -> None:
    forms = (
        (opened_with(visit, world, report(world), "edit"), "什么事", "确定修改"),
        (visit("coordinator", new="1"), "什么事", "登记"),
    )
    for at, label, button in forms:
        field(at, label).set_value("")
        press(at, button)

        kinds = walk(at._tree)
        assert kinds.index("error") > max(i for i, kind in enumerate(kinds) if kind in ("text_input", "text_area"))


def test_the_notice_carries_what_the_handler_must_know(visit: Visit, world: World) -> None:
    ticket = report(world, description="三楼到四楼都不亮", address="", area_id=world.community)
    ticket = step(tickets.assign, ticket, world.coordinator, handler_id=world.wang, claimed=True, note="带上梯子")
    ticket = step(tickets.resolve, ticket, world.coordinator, result=Result.SOLVED, note="换了灯泡")
    ticket = step(tickets.verify_fail, ticket, world.coordinator, note="四楼还是不亮")

    said = opened(visit, "coordinator", ticket).code[0].value

    for words in ("详细情况：三楼到四楼都不亮", "交代：带上梯子", "重办原因：四楼还是不亮", "地点：桂花社区\n"):
        assert words in said


def test_who_dispatches_sees_the_handlers_number(visit: Visit, world: World) -> None:
    held = next(p for p in db.read(parties.listed, actor=world.coordinator) if p.id == world.wang)
    same: dict[str, Any] = {
        name: getattr(held, name) for name in ("label", "trade", "is_unit", "active", "area_ids", "category_ids")
    }
    call: dict[str, Any] = {
        "actor": world.coordinator,
        "party_id": held.id,
        "expected_version": held.version,
        "now": NOW,
    }
    db.run(parties.change, **call, **same, phone="13900005678")
    at = press(opened(visit, "coordinator", report(world)), "受理并派单")

    assert any("13900005678" in option for option in field(at, "派给谁").options)
    ticket = assigned(world)
    assert "13900005678" in page_html(opened(visit, "coordinator", ticket))
    assert "13900005678" not in page_html(opened(visit, "leader", ticket))


def test_what_was_typed_is_not_left_without_asking(visit: Visit, world: World) -> None:
    at = visit("coordinator", new="1")
    assert at.get("dialog")[0].proto.dialog.dismissible is False
    field(at, "什么事").set_value("楼道灯坏了")

    press(at, "先不登记")
    press(at, "继续填写")
    assert field(at, "什么事").value == "楼道灯坏了"
    press(at, "先不登记")
    press(at, "不要了，离开")

    assert "new" not in at.query_params
    assert cards(world) == []


def test_an_empty_report_is_left_at_one_press(visit: Visit, world: World) -> None:
    at = press(visit("coordinator", new="1"), "先不登记")

    assert "new" not in at.query_params


def test_satisfaction_is_asked_and_not_assumed(visit: Visit, world: World) -> None:
    ticket = step(tickets.resolve, assigned(world), world.colleague, result=Result.SOLVED, note="已修")
    at = press(opened(visit, "coordinator", ticket), "回访办结")

    press(at, "确定回访办结")
    assert "请先选居民是否满意" in at.error[0].value
    assert now_of(world, ticket).status is Status.RESOLVED
    field(at, "居民是否满意").set_value(Satisfaction.UNREACHED)
    press(at, "确定回访办结")

    assert now_of(world, ticket).status is Status.CLOSED


def test_the_reporter_is_corrected_by_who_sees_them(visit: Visit, world: World) -> None:
    ticket = report(world, reporter_name="张三", reporter_phone="13800001234")
    at = opened_with(visit, world, ticket, "edit")
    assert any("查看完整信息" in c.value for c in at.caption)
    press(at, "电话联系居民")

    field(at, "联系电话").set_value("13800005678")
    press(at, "确定修改")

    shown = page_html(press(at, "电话联系居民"))
    assert "13800005678" in shown
    assert "张三" in shown


def test_an_untouched_reporter_is_left_alone(visit: Visit, world: World) -> None:
    ticket = report(world)
    at = opened_with(visit, world, ticket, "edit")
    field(at, "什么事").set_value("楼道灯和门铃都坏了")

    press(at, "确定修改")

    assert "反映人已修改" not in page_html(at)
    assert now_of(world, ticket).title == "楼道灯和门铃都坏了"


def test_who_closed_what_they_resolved_is_told_in_the_drawer(visit: Visit, world: World) -> None:
    ticket = step(tickets.resolve, assigned(world), world.coordinator, result=Result.SOLVED, note="已修")
    ticket = step(tickets.close, ticket, world.coordinator, satisfaction=Satisfaction.SATISFIED)

    html = page_html(opened(visit, "coordinator", ticket))

    assert "单人值班</span>" in html
    assert "处理和回访是同一人" in html


def test_a_ticket_is_handed_on_with_the_reason(visit: Visit, world: World) -> None:
    ticket = assigned(world)
    at = press(opened(visit, "coordinator", ticket), "转派")
    assert not any("王师傅" in option for option in field(at, "派给谁").options)
    choose(field(at, "派给谁"), "保洁员")

    press(at, "确定转派")
    assert "为什么转派" in at.error[0].value
    field(at, "为什么转派（接手的人会看到）").set_value("王师傅休假")
    press(at, "确定转派")

    assert now_of(world, ticket).handler_id == world.cleaner
    assert "交代：王师傅休假" in at.code[0].value


def grade_of(at: AppTest) -> Any:
    """Find the form's field; the board's filter has its label too."""
    return next(e for e in at.button_group if e.label == "紧急程度")


def test_an_emergency_is_urgent_unless_the_grade_was_chosen(visit: Visit, world: World) -> None:
    at = visit("coordinator", new="1")
    field(at, "什么事").set_value("3号楼电梯困人")
    press(at, "登记")

    assert "按“困人”判断为特急，可修改" in at.toast[0].value
    assert [card.grade for card in cards(world)] == [Grade.URGENT]
    at = visit("coordinator", new="1")
    field(at, "什么事").set_value("昨天困人，已修好")
    grade_of(at).set_value(Grade.NORMAL)
    press(at, "登记")
    assert sorted(card.grade for card in cards(world)) == [Grade.NORMAL, Grade.URGENT]


def test_a_pasted_message_shows_what_was_guessed(visit: Visit, world: World) -> None:
    at = visit("coordinator", new="1")

    field(at, "群消息").set_value("王阿姨  10:21\n三号楼厨房漏水，水管旁边漏电")
    press(at, "填入")

    assert grade_of(at).value == Grade.URGENT
    assert [e.value for e in at.selectbox if e.label == "类别"][-1] is not None
    assert "按“漏电”判断为特急" in at.warning[0].value


def test_an_open_edit_does_not_undo_what_a_colleague_did_meanwhile(visit: Visit, world: World) -> None:
    ticket = report(world, title="楼道灯坏了")
    at = opened_with(visit, world, ticket, "edit")
    changed = {"title": ticket.title, "address": ticket.address, "area_id": ticket.area_id, "category_id": None}
    step(tickets.edit, ticket, world.colleague, **changed, matter=Matter.PRIVATE, grade=Grade.URGENT)

    at.run()  # drawn again, as a look at the telephone number does
    field(at, "在哪里").set_value("3号楼2单元门口")
    press(at, "确定修改")
    assert "何静在" in at.error[0].value
    press(at, "确定修改")

    after = now_of(world, ticket)
    assert (after.address, after.matter, after.grade) == ("3号楼2单元门口", Matter.PRIVATE, Grade.URGENT)


def test_a_telephone_number_searched_for_stays_out_of_the_url(visit: Visit, world: World) -> None:
    report(world, title="有电话的", reporter_name="张三", reporter_phone="13800001234")
    report(world, title="没有电话的")
    at = visit("coordinator", "tickets")

    field(at, "搜索编号、地址或文字").set_value("13800001234").run()

    assert "有电话的" in drawn(at)
    assert "没有电话的" not in drawn(at)
    assert "text" not in at.query_params
