"""我的: what waits for staff, and a volunteer's page of large buttons."""

from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import db
from db import tickets
from db.ticket_detail import detail
from domain import clock
from domain.people import REVEAL_LASTS
from domain.tickets import Kind, Status, Ticket
from tests.builders import World, report, step
from tests.db.alarming import alarm
from tests.pages.conftest import LATER, Visit, drawn, field, labels, page_html, press


def offered(world: World, title: str = "陪王大爷取药") -> Ticket:
    ticket = report(world, kind=Kind.SERVICE, title=title)
    return step(tickets.accept, ticket, world.coordinator)


def held(world: World) -> Ticket:
    return step(tickets.claim, offered(world), world.volunteer)


def status(world: World, ticket: Ticket) -> Status:
    return db.read(detail, actor=world.coordinator, ticket_id=ticket.id, now=LATER).ticket.status


def large(at: AppTest) -> list[str]:
    """List the buttons that are more than a line of text."""
    return [button.label for button in at.button if button.proto.type != "tertiary"]


def test_nothing_waiting_says_so_and_leads_to_the_board(visit: Visit) -> None:
    at = visit("grid_worker", "me")

    assert "没有等您处理的事" in at.info[0].value


def test_staff_see_what_waits_for_them_in_groups(visit: Visit, world: World) -> None:
    report(world)
    party = world.grid_worker.party_id
    step(tickets.assign, report(world, title="井盖松动"), world.coordinator, handler_id=party)

    office, field_worker = drawn(visit("coordinator", "me")), drawn(visit("grid_worker", "me"))

    assert "等受理 <i>1</i>" in office
    assert "派给我，等我接单 <i>1</i>" in field_worker
    assert "井盖松动" in field_worker
    assert "楼道灯坏了" not in field_worker


def test_a_card_of_mine_opens_as_a_drawer(visit: Visit, world: World) -> None:
    ticket = report(world)

    at = visit("coordinator", "me", ticket=str(ticket.id))

    assert "受理并派单" in labels(at)


def test_an_address_that_names_no_task_begins_with_the_first(visit: Visit, world: World) -> None:
    offered(world)

    assert "我来" in large(visit("volunteer", "me", show="help", **{"from": "9" * 5000}))


def test_a_volunteer_has_at_most_four_large_buttons(visit: Visit, world: World) -> None:
    offered(world)

    at = visit("volunteer", "me")

    assert "赵阿姨" in at.header[0].value
    assert "可以帮忙的事　1 件" in labels(at)
    assert len(labels(at)) <= 4


def test_no_view_of_the_tasks_has_more_than_four_large_buttons_and_each_task_is_in_one(
    visit: Visit, world: World
) -> None:
    for _ in range(5):
        offered(world)
    held(world)

    at = visit("volunteer", "me", show="help")
    pages = [large(at)]
    while more := [label for label in labels(at) if label.startswith("看别的")]:
        pages.append(large(press(at, more[0])))

    assert pages == [["我正在办　1 件", *["我来"] * 3], ["我正在办　1 件", *["我来"] * 2]]
    assert large(press(press(at, "从头看"), "我来")) == ["我正在办　1 件", "确定，我去帮忙", "先不了"]


def test_a_volunteer_claims_in_two_taps(visit: Visit, world: World) -> None:
    held(world)
    ticket = offered(world)
    at = press(visit("volunteer", "me"), "可以帮忙的事　1 件")
    assert "陪王大爷取药" in page_html(at)

    press(at, "我来")
    assert status(world, ticket) is Status.ACCEPTED
    press(at, "确定，我去帮忙")

    assert status(world, ticket) is Status.IN_PROGRESS
    assert "谢谢您" in at.toast[0].value
    assert at.header[0].value == "我正在办"
    assert ticket.no in page_html(at), "before what they had in hand already"


def test_who_comes_second_is_told_kindly(visit: Visit, world: World) -> None:
    ticket = offered(world)
    at = press(visit("volunteer", "me", show="help"), "我来")
    step(tickets.claim, ticket, world.volunteer2)

    press(at, "确定，我去帮忙")

    assert "陪王大爷取药" not in page_html(at)
    assert "已有人接单" in at.warning[0].value


def test_a_volunteer_says_contacted_and_done(visit: Visit, world: World) -> None:
    ticket = held(world)
    at = visit("volunteer", "me", show="doing")

    press(at, "我联系过了")
    assert "已联系" in page_html(at)
    assert "我联系过了" not in labels(at)
    press(at, "办好了")
    field(at, "怎么办的").set_value("药已取回")
    press(at, "确定办好了")

    assert status(world, ticket) is Status.RESOLVED
    assert "谢谢您" in at.toast[0].value


def test_a_visit_in_hand_tells_the_door_and_on_asking_whom_to_ring_for_a_while(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    every: list[str] = []
    fragment = st.fragment

    def looks_anew(shown: Any, *, run_every: str) -> Any:
        every.append(run_every)
        return fragment(shown, run_every=run_every)

    monkeypatch.setattr(st, "fragment", looks_anew)
    opened = alarm(world)
    assert opened.ticket_id
    at = visit("volunteer", "me", show="help")
    assert "上门查看" in page_html(at)
    press(press(at, "我来"), "确定，我去帮忙")

    at = visit("volunteer", "me", show="doing")
    assert "tel:" not in page_html(at)
    press(at, "看住址和电话")

    assert 'href="tel:13812345678"' in page_html(at)
    assert "谁看过都有记录" in "".join(one.value for one in at.caption)
    assert every == ["60s"], "looked at anew by itself"
    monkeypatch.setattr(clock, "now", lambda: LATER + REVEAL_LASTS)
    assert "tel:" not in page_html(at.run())


def test_a_volunteer_sees_nobody_elses_tasks(visit: Visit, world: World) -> None:
    held(world)

    at = visit("volunteer2", "me")

    assert "可以帮忙的事　0 件" in labels(at)
    assert not any(label.startswith("我正在办") for label in labels(at))


def test_a_volunteer_reports_something_and_is_back(visit: Visit, world: World) -> None:
    at = press(visit("volunteer", "me"), "我要反映一件事")

    field(at, "什么事").set_value("井盖松动")
    press(at, "登记")

    assert "E0001" in at.toast[0].value
    assert "可以帮忙的事　0 件" in labels(at)


def test_what_the_office_gave_a_volunteer_stands_first(visit: Visit, world: World) -> None:
    ticket = offered(world)
    step(tickets.dispatch, ticket, world.coordinator, handler_id=world.volunteer.party_id)

    at = press(visit("volunteer", "me"), "可以帮忙的事　1 件，1 件派给您")
    assert at.header[0].value.startswith("派给我")
    press(press(at, "我来"), "确定，我去帮忙")

    assert status(world, ticket) is Status.IN_PROGRESS


def test_a_volunteer_opens_the_details_of_a_task_in_hand(visit: Visit, world: World) -> None:
    held(world)

    at = press(visit("volunteer", "me", show="doing"), "看详情和电话")

    assert "陪王大爷取药" in page_html(at)
    assert "处理完成" in labels(at)


def test_a_grid_worker_registers_from_the_street(visit: Visit) -> None:
    at = press(visit("grid_worker", "me"), "登记诉求")

    assert "登记" in labels(at)


def test_a_leader_has_nothing_to_register(visit: Visit) -> None:
    assert "登记诉求" not in labels(visit("leader", "me"))


def test_a_volunteer_gives_back_what_they_cannot_do(visit: Visit, world: World) -> None:
    ticket = held(world)
    at = visit("volunteer", "me", show="doing")

    press(at, "确定退单")
    assert "为什么退单" in at.error[0].value
    field(at, "为什么办不了").set_value("今天走不开")
    press(at, "确定退单")

    assert status(world, ticket) is Status.ACCEPTED
    assert "已退单" in at.toast[0].value
