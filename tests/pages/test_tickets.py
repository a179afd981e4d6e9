"""The board's page: who sees what, the drawer's steps, refusals in place, the quick form."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

import db
from db import tickets
from db.board import Filters, board
from db.ticket_detail import detail
from domain.board import Card
from domain.due import Matter
from domain.tickets import Kind, Result, Status, Ticket
from tests.builders import NOW, World, assigned, report, step
from tests.pages.conftest import LATER, Visit, drawn, field, labels, page_html, press


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

    field(at, "类型").select("隐患").run()
    narrowed, query = drawn(at), dict(at.query_params)
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
