"""Moving cards: at once, through just the form, refused in words; several together, told truthfully."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import db
from db import tickets
from db.exports import Scope
from db.ticket_detail import Detail, detail
from db.ticket_filters import Filters
from domain.ids import new_id, new_key
from domain.tickets import Action, Column, Status, Ticket
from pages import _export, _live_board
from pages._one_by_one import Words, outcome
from pages._together import MOST
from tests.builders import World, assigned, report, step
from tests.pages.conftest import LATER, Visit, field, labels, page_html, press, send, told

Sent = dict[str, Any]


def drop(ticket: Ticket, column: Column, **changes: Any) -> Sent:
    """What the browser sends of a card dropped on a column."""
    return {"ticket": str(ticket.id), "version": ticket.version, "column": column, "nonce": new_key()} | changes


def pick(ticket: Ticket, action: Action, **changes: Any) -> Sent:
    """What the browser sends of a step picked from a card's menu."""
    return {"ticket": str(ticket.id), "version": ticket.version, "do": action, "nonce": new_key()} | changes


def together(do: str, *held: Ticket, **changes: Any) -> Sent:
    return {"cards": [[str(t.id), t.version] for t in held], "do": do, "nonce": new_key()} | changes


def now_of(world: World, ticket: Ticket) -> Detail:
    return db.read(detail, actor=world.coordinator, ticket_id=ticket.id, now=LATER)


def choose(at: AppTest, words: str) -> None:
    select = field(at, "派给谁")
    select.select_index(next(i for i, option in enumerate(select.options) if words in option))


def dispatched(world: World) -> Ticket:
    return step(tickets.assign, report(world), world.coordinator, handler_id=world.wang)


def test_a_step_that_needs_nothing_is_taken_at_once(visit: Visit, world: World) -> None:
    ticket = dispatched(world)
    move = drop(ticket, Column.TODO)

    at = send(visit("coordinator"), "moved", move)

    assert now_of(world, ticket).ticket.status is Status.ACCEPTED
    assert told(at, "answer") == {"nonce": move["nonce"], "words": "E0001 已撤回派单", "undo": None}


def test_a_move_on_a_board_that_follows_the_push_is_answered_without_the_board(
    visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: dict[str, bool] = {}
    fragment = _live_board.live_board
    monkeypatch.setattr(_live_board, "live_board", lambda _: fragment(sent))  # as if the move alone ran it
    first, second = dispatched(world), dispatched(world)
    at = visit("coordinator")

    send(at, "moved", pick(first, Action.CLAIM, followed=True))
    assert (told(at, "html"), told(at, "answer")["words"]) == (None, "E0001 已接单")
    send(at, "moved", pick(second, Action.CLAIM, followed=False))
    assert "E0002" in told(at, "html")


def test_the_same_movement_twice_is_one_step(visit: Visit, world: World) -> None:
    ticket = dispatched(world)
    at, move = visit("coordinator"), pick(ticket, Action.CLAIM)

    for _ in range(2):
        at = send(at, "moved", move)

    assert now_of(world, ticket).ticket.version == ticket.version + 1
    assert told(at, "answer")["words"] == "E0001 已接单"


def test_a_step_that_needs_more_opens_just_its_form_and_can_be_taken_back(visit: Visit, world: World) -> None:
    ticket, at = report(world), visit("coordinator")
    move = drop(ticket, Column.DOING)

    at = send(at, "moved", move)
    assert told(at, "answer") == {"nonce": move["nonce"], "words": "", "asks": True}
    assert "楼道灯坏了" in page_html(at)
    assert "不予受理" not in labels(at)
    choose(at, "王师傅")
    press(at, "确定受理并派单")

    assert now_of(world, ticket).ticket.handler_id == world.wang
    answer = told(at, "answer")
    assert (answer["nonce"], answer["words"]) == (move["nonce"], "E0001 已派单")
    assert answer["undo"] == {"ticket": str(ticket.id), "do": "recall", "to": "todo", "label": "撤回派单"}
    assert "确定受理并派单" not in labels(at)


def test_first_not_puts_everything_back(visit: Visit, world: World) -> None:
    ticket = assigned(world)
    move = drop(ticket, Column.FOLLOW_UP)
    at = send(visit("coordinator"), "moved", move)

    press(at, "先不了")

    assert now_of(world, ticket).ticket.version == ticket.version
    assert "确定处理完成" not in labels(at)
    assert told(at, "answer")["nonce"] == move["nonce"]
    assert "asks" not in told(at, "answer")


@pytest.mark.parametrize(
    ("who", "column", "words"),
    [
        ("coordinator", Column.DONE, "还没有填处理结果"),
        ("coordinator", Column.TODO, "转派"),
        ("grid_worker", Column.FOLLOW_UP, "要由社区工作者或经办人来做"),
    ],
)
def test_a_drop_that_leads_nowhere_is_answered_in_words(
    visit: Visit, world: World, who: str, column: Column, words: str
) -> None:
    ticket = assigned(world)

    at = send(visit(who), "moved", drop(ticket, column))

    assert words in told(at, "answer")["words"]
    assert told(at, "answer")["bad"]
    assert now_of(world, ticket).ticket.version == ticket.version


@pytest.mark.parametrize("action", [Action.CLAIM, Action.TRANSFER])
def test_who_comes_second_is_told_who_was_first(visit: Visit, world: World, action: Action) -> None:
    ticket, at = dispatched(world), visit("coordinator")
    step(tickets.comment, ticket, world.colleague, note="已在路上")

    at = send(at, "moved", pick(ticket, action))

    assert "已对工单 E0001 “备注”" in told(at, "answer")["words"]
    assert now_of(world, ticket).ticket.status is Status.DISPATCHED


def test_a_step_without_the_right_is_refused_whatever_the_browser_sends(visit: Visit, world: World) -> None:
    ticket = report(world)

    for who, sent in (
        ("grid_worker", pick(ticket, Action.ACCEPT)),
        ("grid_worker", pick(ticket, Action.DISPATCH)),
        ("leader", drop(ticket, Column.DOING)),
        ("stranger", pick(ticket, Action.ACCEPT)),
    ):
        at = send(visit(who), "moved", sent)
        assert told(at, "answer")["bad"], who

    assert now_of(world, ticket).ticket.version == ticket.version


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        {"ticket": "x"},
        {"do": "report"},
        {"do": "import"},
        {"version": "1"},
        {"column": "nowhere"},
        {"do": []},
    ],
)
def test_what_makes_no_sense_does_nothing(visit: Visit, world: World, sent: Sent | None) -> None:
    ticket = report(world)
    whole = sent and {"ticket": str(ticket.id), "version": 1, "nonce": "n"} | sent

    at = send(visit("coordinator"), "moved", whole)

    assert not at.exception
    assert now_of(world, ticket).ticket.version == ticket.version


def test_several_are_dispatched_by_one_form_and_told_truthfully(visit: Visit, world: World) -> None:
    held = [report(world, title=f"第{n}件") for n in range(3)]
    sent = together("dispatch", *held)
    step(tickets.assign, held[1], world.colleague, handler_id=world.cleaner)

    at = send(visit("coordinator"), "chosen", sent)
    choose(at, "王师傅")
    press(at, "派单 3 件")

    assert [now_of(world, t).ticket.handler_id for t in held] == [world.wang, world.cleaner, world.wang]
    answer = told(at, "answer")
    assert answer["words"].startswith("已派单 2 件，1 件没有派：")
    assert "E0002 “派单”" in answer["words"]
    assert answer["keep"] == [str(held[1].id)]


def test_several_to_nobody_is_refused_in_words(visit: Visit, world: World) -> None:
    at = send(visit("coordinator"), "chosen", together("dispatch", report(world)))

    press(at, "派单 1 件")

    assert "请先选一位处理人" in at.error[0].value


def test_several_are_urged_after_a_question(visit: Visit, world: World) -> None:
    held = [report(world), assigned(world)]
    at = send(visit("leader"), "chosen", together("urge", *held))
    assert [now_of(world, t).card.urged for t in held] == [0, 0]

    press(at, "催办 2 件")

    assert [now_of(world, t).card.urged for t in held] == [1, 1]
    assert told(at, "answer")["words"] == "已催办 2 件。"


def test_those_chosen_are_exported_and_no_others(visit: Visit, world: World) -> None:
    held = [report(world, title=f"第{n}件") for n in range(3)]
    at = send(visit("coordinator"), "chosen", together("export", held[0], held[2]))
    buttons: list[Any] = list(at.get("download_button"))
    assert [button.label for button in buttons].count("下载") == 1  # the page's own is made when its menu opens

    scope = Scope(only=frozenset({held[0].id, held[2].id}))
    body = _export.made(world.coordinator, "csv", Filters(), scope, LATER).decode("utf-8-sig")

    assert ("第0件" in body, "第1件" in body, "第2件" in body) == (True, False, True)


def test_more_than_fit_are_refused_with_all_of_them_kept(visit: Visit, world: World) -> None:
    held = report(world)
    many = together("dispatch", held)
    many["cards"] += [[str(new_id()), 1] for _ in range(MOST)]

    at = send(visit("coordinator"), "chosen", many)

    answer = told(at, "answer")
    assert (answer["nonce"], answer["bad"], "keep" in answer) == (many["nonce"], True, False)
    assert f"最多 {MOST} 件，您选了 {MOST + 1} 件" in answer["words"]
    assert "派给谁" not in [box.label for box in at.selectbox]


def test_an_outcome_names_three_reasons_at_most() -> None:
    words = Words("派单", "派")

    assert outcome(words, 0, ["甲。"]) == "1 件没有派：甲。"
    assert outcome(words, 2, ["甲", "乙", "丙", "丁", "戊"]) == "已派单 2 件，5 件没有派：甲；乙；丙；另有 2 件。"
