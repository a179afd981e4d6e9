"""私事: number and 私事 only, except for the office and those handling it."""

import pytest
from sqlalchemy import select

import db
from db.board import board, waiting
from db.models import CategoryRow
from db.ticket_detail import Detail, detail
from db.ticket_filters import Filters
from domain.board import Card
from domain.due import Matter
from domain.errors import Refused
from domain.tickets import Action, Kind, Result, Status, Ticket
from tests.builders import CAST, NOW, World, report
from tests.db.acting import COMMANDS, FROM, at, do
from tests.db.checks import dump

SECRETS = ("夫妻吵架", "秘密地址", "摔了碗", "王师傅", "邻里家事", "夫妻矛盾", "已劝和")


@pytest.fixture
def private(world: World) -> Ticket:
    """A quarrel that 王师傅 has dealt with, as 李敏 wrote it down."""
    category = db.read(lambda s: s.scalars(select(CategoryRow.id).where(CategoryRow.name == "夫妻矛盾")).one())
    texts = {"title": "夫妻吵架", "address": "秘密地址", "description": "摔了碗"}
    ticket = at(world, Status.IN_PROGRESS, category_id=category, reporter_name="张三", **texts)
    assert ticket.matter is Matter.PRIVATE
    return do(world, Action.RESOLVE, ticket, result=Result.SOLVED, note="已劝和")


def cards(world: World, who: str, **filters: object) -> list[Card]:
    shown = db.read(board, actor=world.actors[who], filters=Filters(**filters), now=NOW)  # type: ignore[arg-type]
    return [card for column in shown.columns for card in column.cards]


OUTSIDE = ("grid_lead", "grid_worker", "building_head", "leader")
INSIDE = ("coordinator", "colleague", "secretary")


@pytest.mark.parametrize("who", OUTSIDE)
def test_others_see_number_and_private_matter_only(world: World, private: Ticket, who: str) -> None:
    [card] = cards(world, who)
    told = db.read(detail, actor=world.actors[who], ticket_id=private.id, now=NOW)

    number = f"桂花社区-{private.no}" if who == "leader" else private.no  # who sees several communities
    assert (card.no, card.title, card.hidden, told.hidden) == (number, "私事", True, True)
    assert not any(secret in repr(card) + repr(told) for secret in (*SECRETS, "张"))
    assert (told.timeline, told.actions, told.reporter, told.extra) == ((), (), None, {})


@pytest.mark.parametrize("who", INSIDE)
def test_the_office_sees_it_in_full(world: World, private: Ticket, who: str) -> None:
    [card] = cards(world, who)
    told = db.read(detail, actor=world.actors[who], ticket_id=private.id, now=NOW)

    assert (card.title, card.place, card.handler, card.hidden) == ("夫妻吵架", "秘密地址", "王师傅", False)
    assert (told.description, told.result, told.category) == ("摔了碗", "已劝和", "邻里家事 / 夫妻矛盾")
    assert told.reporter
    assert told.reporter.name == "张*"


@pytest.mark.parametrize("who", OUTSIDE)
def test_no_filter_tells_others_what_it_is_about(world: World, private: Ticket, who: str) -> None:
    parent, child = db.read(_categories)

    tried: list[dict[str, object]] = [
        {"text": "夫妻"},
        {"text": "秘密地址"},
        {"text": "摔了碗"},
        {"text": private.no},
        {"category_id": parent},
        {"category_id": child},
        {"handler_id": world.wang},
        {"grid_id": world.grid},
        {"grade": private.grade},
        {"kind": private.kind},
    ]

    assert [len(cards(world, who, **filters)) for filters in tried] == [0] * len(tried)
    assert [len(cards(world, "coordinator", **filters)) for filters in tried] == [1] * len(tried)


def _categories(session: object) -> tuple[object, object]:
    row = session.scalars(select(CategoryRow).where(CategoryRow.name == "夫妻矛盾")).one()  # type: ignore[attr-defined]
    return row.parent_id, row.id


@pytest.mark.parametrize("who", ["grid_worker", "volunteer"])
def test_whoever_handles_it_sees_it(world: World, who: str) -> None:
    handler = world.actors[who]
    ticket = report(world, title="夫妻吵架", matter=Matter.PRIVATE)
    ticket = do(world, Action.ACCEPT, ticket)
    do(world, Action.DISPATCH, ticket, handler_id=handler.party_id)

    assert [card.title for card in cards(world, who)] == ["夫妻吵架"]
    assert [card.title for card in cards(world, who, text="吵架")] == ["夫妻吵架"]


def test_whoever_reported_or_sent_it_sees_it(world: World) -> None:
    report(world, title="我家的事", matter=Matter.PRIVATE, actor=world.building_head)
    sent = do(world, Action.ACCEPT, report(world), world.grid_lead)
    sent = do(world, Action.DISPATCH, sent, world.grid_lead)
    told = {"title": "后来才知道是私事", "matter": Matter.PRIVATE}
    do(world, Action.EDIT, sent, **told)

    assert "我家的事" in [card.title for card in cards(world, "building_head")]
    assert "后来才知道是私事" in [card.title for card in cards(world, "grid_lead")]
    assert [card.title for card in cards(world, "grid_worker")] == ["私事", "私事"]


@pytest.mark.parametrize("action", list(COMMANDS))
def test_others_take_no_step_on_it(world: World, action: Action) -> None:
    ticket = at(world, FROM[action], matter=Matter.PRIVATE, open_to_volunteers=True)
    before = dump()

    for who in (*OUTSIDE, "volunteer"):
        with pytest.raises(Refused) as caught:
            do(world, action, ticket, world.actors[who])
        assert "楼道灯" not in caught.value.message

    assert dump() == before


def test_it_is_never_offered_to_volunteers(world: World) -> None:
    ticket = at(world, Status.ACCEPTED, matter=Matter.PRIVATE, kind=Kind.SERVICE)
    assert ticket.open_to_volunteers

    groups = db.read(waiting, actor=world.volunteer, now=NOW)

    assert cards(world, "volunteer") == []
    assert [group.count for group in groups if group.name == "to_help"] == [0]
    with pytest.raises(Refused):
        do(world, Action.CLAIM, ticket, world.volunteer)


def test_it_still_counts_for_everybody(world: World, private: Ticket) -> None:
    shown = db.read(board, actor=world.grid_worker, filters=Filters(), now=NOW)

    assert shown.figures.open == 1


def test_a_leader_reads_what_was_done_and_nobodys_name(world: World) -> None:
    ticket = at(world, Status.IN_PROGRESS, reporter_name="何婆婆", reporter_phone="13800001234")
    ticket = do(world, Action.SUPPORT, ticket, name="张大爷")
    do(world, Action.TRANSFER, ticket, handler_id=world.actors["volunteer"].party_id, note="原处理人病了")

    shown = repr(cards(world, "leader")) + repr(detail_for(world, "leader", ticket))

    names = [*(name for _, name, _, _ in CAST if name != "管理员"), "王师傅", "何*", "张*", "1234"]
    assert [name for name in names if name in shown] == []
    assert "已有人处理" in shown
    assert "原处理人病了" in shown
    assert "赵阿姨" in repr(detail_for(world, "coordinator", ticket))


def test_a_service_at_home_is_to_a_leader_what_it_is_about_and_to_staff_whose_it_is(world: World) -> None:
    category = db.read(lambda s: s.scalars(select(CategoryRow.id).where(CategoryRow.name == "陪诊取药")).one())
    texts = {"title": "陪何婆婆取药", "address": "7号楼1单元202", "description": "降压药快吃完了"}
    ticket = at(world, Status.IN_PROGRESS, kind=Kind.SERVICE, category_id=category, **texts)
    ticket = do(world, Action.COMMENT, ticket, note="何婆婆腿脚不便")

    [card] = cards(world, "leader")
    shown = repr(card) + repr(detail_for(world, "leader", ticket))

    assert (card.title, card.place) == ("陪诊取药", "")
    assert not [words for words in ("何婆婆", "1单元202", "降压药", "腿脚") if words in shown]
    assert detail_for(world, "leader", ticket).timeline, "what was done, and when"
    assert cards(world, "leader", text="何婆婆") == []
    assert [one.title for one in cards(world, "grid_lead", text="何婆婆")] == ["陪何婆婆取药"]


def detail_for(world: World, who: str, ticket: Ticket) -> Detail:
    return db.read(detail, actor=world.actors[who], ticket_id=ticket.id, now=NOW)
