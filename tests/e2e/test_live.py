"""What others write comes onto open boards, and disturbs nobody. This process is the other one that writes."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import WebSocketRoute, expect

from db import tickets
from tests.e2e.desk import Desk, at_desk
from tests.e2e.visitors import Server, Visitor, free_port

SOON = 8_000  # a second on a machine that does nothing else


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path / "linli-data", free_port())
    one.start()
    yield one
    one.stop()


def card(who: Visitor, title: str) -> Any:
    return who.page.locator(".board a.card", has_text=title)


def on_board(visit: Callable[..., Visitor], **options: object) -> Visitor:
    who = visit("李敏", **options)
    who.page.locator(".board a.card").first.wait_for()
    who.is_still()
    return who


def test_a_new_ticket_and_its_next_step_arrive_lit_up_and_counted(visit: Callable[..., Visitor], desk: Desk) -> None:
    who = on_board(visit)
    column = who.page.locator('.col[data-col="todo"]')

    ticket = desk.report("刚刚来的一件")
    expect(column.locator("a.card.moved", has_text="刚刚来的一件")).to_be_visible(timeout=SOON)
    expect(who.page.locator(".heard").filter(has_text=f"{ticket.no} 到了待处理")).to_have_count(1)
    desk.step(tickets.accept, ticket.id)
    expect(column.locator(f'a.card.moved[data-version="2"][data-open="{ticket.id}"]')).to_be_visible(timeout=SOON)

    told = desk.board()
    for name in ("todo", "doing", "follow_up"):
        expect(who.page.locator(f'.col[data-col="{name}"] h3 i')).to_have_text(str(told[name]))
    expect(who.page.locator('.kpi[data-pick="all"] b')).to_have_text(f"{told['open']:,}")


def test_typing_scroll_and_focus_stay(visit: Callable[..., Visitor], desk: Desk) -> None:
    who = on_board(visit)
    search = who.page.get_by_label("搜索编号、地址或文字")
    todo = who.page.locator('.col[data-col="doing"] .list')
    todo.evaluate("list => { list.scrollTop = 120 }")
    search.press_sequentially("楼道")

    desk.report("打字的时候来的")
    expect(card(who, "打字的时候来的")).to_be_visible(timeout=SOON)

    expect(search).to_have_value("楼道")
    expect(search).to_be_focused()
    assert todo.evaluate("list => list.scrollTop") == 120

    first = who.page.locator('.col[data-col="doing"] a.card').nth(1)
    search.fill("")
    first.focus()
    name = first.get_attribute("data-open")
    desk.report("看着卡片的时候来的")
    expect(card(who, "看着卡片的时候来的")).to_be_visible(timeout=SOON)
    assert (
        who.page.evaluate(
            "() => { let a = document.activeElement; while (a.shadowRoot) a = a.shadowRoot.activeElement;"
            " return a.dataset.open }"
        )
        == name
    )


def test_an_open_drawer_draws_itself_anew_but_not_under_a_hand_that_writes(
    visit: Callable[..., Visitor], desk: Desk
) -> None:
    who = on_board(visit)
    ticket = desk.report("抽屉里的一件")
    card(who, "抽屉里的一件").click()
    expect(who.drawer.get_by_text("抽屉里的一件").first).to_be_visible()
    who.is_still()

    desk.step(tickets.comment, ticket.id, note="另一处写的一句")
    expect(who.drawer.get_by_text("另一处写的一句")).to_be_visible(timeout=SOON)

    who.press("备注")
    who.drawer.get_by_role("textbox").first.fill("写到一半")
    desk.step(tickets.comment, ticket.id, note="又写了一句")
    expect(who.drawer.get_by_text("这张工单刚有变化")).to_be_visible(timeout=SOON)
    expect(who.drawer.get_by_role("textbox").first).to_have_value("写到一半")
    who.drawer.get_by_role("button", name="点此看最新").click()
    expect(who.drawer.get_by_text("又写了一句")).to_be_visible(timeout=SOON)
    expect(who.drawer.get_by_text("这张工单刚有变化")).to_be_hidden()

    who.press("确定备注")  # what was asked for has been read: nothing more to be looked at first
    expect(who.drawer.get_by_text("写到一半")).to_be_visible(timeout=SOON)
    expect(who.drawer.get_by_role("textbox")).to_have_count(0)


def test_a_cut_push_is_said_and_mends_itself(visit: Callable[..., Visitor], desk: Desk) -> None:
    who = visit()
    lines: list[WebSocketRoute] = []
    cut = [False]

    def line(route: WebSocketRoute) -> None:
        lines.append(route)
        if cut[0]:
            route.close(code=1011)
        else:
            route.connect_to_server()

    who.page.route_web_socket("**/live", line)
    who.log_in("李敏")
    who.page.locator(".board a.card").first.wait_for()
    who.is_still()
    expect(who.page.get_by_text("离线重连中")).to_be_hidden()

    cut[0] = True
    lines[-1].close(code=1011)
    expect(who.page.get_by_text("离线重连中")).to_be_visible(timeout=SOON)
    desk.report("断线的时候来的")
    cut[0] = False

    expect(card(who, "断线的时候来的")).to_be_visible(timeout=10_000)
    expect(who.page.get_by_text("离线重连中")).to_be_hidden()


def test_a_session_that_ended_says_so_and_leads_to_the_login(visit: Callable[..., Visitor]) -> None:
    who = visit()
    who.page.route_web_socket("**/live", lambda route: route.close(code=4401))
    who.log_in("李敏")
    who.page.locator(".board a.card").first.wait_for()

    expect(who.page.get_by_text("登录已结束，请重新登录")).to_be_visible()
    expect(who.page.get_by_role("link", name="重新登录")).to_be_visible()


def test_what_waits_for_me_comes_by_itself(visit: Callable[..., Visitor], desk: Desk) -> None:
    who = visit("李敏", at="/me")
    who.page.locator(".group a.card").first.wait_for()
    who.is_still()

    ticket = desk.report("等受理的新事")

    expect(who.page.locator(f'.group a.card.moved[data-open="{ticket.id}"]').first).to_be_visible(timeout=SOON)


def test_a_killed_server_comes_back_under_open_boards(visit: Callable[..., Visitor], own_server: Server) -> None:
    who = visit()
    who.server = own_server
    who.log_in("李敏")
    who.page.locator(".board a.card").first.wait_for()
    who.is_still()

    assert own_server.process
    own_server.process.send_signal(signal.SIGKILL)
    own_server.process.wait(20)
    with at_desk(own_server) as desk:
        desk.report("服务器不在的时候来的")
    expect(who.page.get_by_text("离线重连中")).to_be_visible(timeout=SOON)
    own_server.start()

    expect(card(who, "服务器不在的时候来的")).to_be_visible(timeout=20_000)
    expect(who.page.get_by_text("离线重连中")).to_be_hidden()
    with at_desk(own_server) as desk:
        ticket = desk.report("回来以后来的")
    # the push is back before Streamlit's own line, and that before the new process has run the page, which makes
    # the part that a click is for: one in between is told to nobody
    who.page.locator('.stApp[data-test-connection-state="CONNECTED"]').wait_for()
    who.is_still()
    card(who, ticket.title).click(timeout=SOON)
    expect(who.drawer.get_by_text("回来以后来的").first).to_be_visible()


def test_lanes_chosen_from_the_menu_stay_when_another_writes(visit: Callable[..., Visitor], desk: Desk) -> None:
    who = on_board(visit)
    lanes = who.page.locator('.col[data-col="todo"] .lane h4')
    expect(lanes).to_have_count(0)
    who.page.locator(".st-key-view-menu button").first.click()
    who.page.get_by_label("分组").click()
    who.page.get_by_role("option", name="按紧急程度").click()
    expect(lanes.first).to_be_visible()

    desk.report("分组的时候来的")

    expect(card(who, "分组的时候来的")).to_be_visible(timeout=SOON)
    expect(lanes.filter(has_text="一般")).to_have_count(1)
    assert "group=grade" in who.page.url
