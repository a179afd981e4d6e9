"""What the pages say of messages: how far each got, whom to call for what got nowhere, never more than is so."""

from datetime import time
from typing import Any

import pytest
from sqlalchemy.orm import Session

import db
from db import care_board, care_incident, channels, incidents, outbox_sending, undelivered, worker_state
from db.models import OutboxRow
from domain.care import SECOND_LOOK_WITHIN, Look, Slot
from domain.care_board import Filters, TileState
from domain.clock import at_local, local_date
from domain.delivery import ACCEPTED, Answer, Outcome
from domain.errors import WrongState
from domain.ids import new_id, new_key
from domain.incidents import Cause
from domain.outbox import MessageState, Reach, Severity, Template
from tests import sending
from tests.builders import NOW, World
from tests.db import caring
from tests.db.alarming import MINUTE, alarm, channel, escalate, messages, step
from ui.care.timeline import ladder_html

FINAL = Answer(Outcome.FINAL, "93000")


def send(channel_id: Any, answer: Answer, now: Any) -> None:
    while post := db.run(outbox_sending.claim, channel_id=channel_id, now=now):
        db.run(outbox_sending.settle, post=post, answer=answer, millis=1, now=now)


def sheet(world: World, incident: Any, now: Any) -> care_incident.Sheet:
    return db.read(care_incident.sheet, actor=world.coordinator, incident_id=incident.id, now=now)


def test_a_step_whose_message_found_no_channel_says_to_call_and_not_that_somebody_was_told(world: World) -> None:
    opened = alarm(world)

    shown = sheet(world, opened, NOW)

    assert shown.rungs[0].reached is Reach.NOWHERE
    html = ladder_html(shown.rungs, NOW)
    assert "没有发出，请打电话" in html
    assert "已通知" not in html
    assert 'class="done"' not in html


def test_each_step_says_how_far_its_own_message_got(world: World) -> None:
    robot, opened = channel(world), alarm(world)
    assert sheet(world, opened, NOW).rungs[0].reached is Reach.WAITING
    send(robot, ACCEPTED, NOW + MINUTE)
    after = opened.next_step_at
    assert after is not None
    escalate(10)
    send(robot, FINAL, after)

    reached = [rung.reached for rung in sheet(world, opened, after).rungs]

    assert reached[:2] == [Reach.TAKEN, Reach.NOWHERE]
    assert set(reached[2:]) == {None}
    (_, lost) = messages(opened)
    db.run(undelivered.send_again, actor=world.admin, message_id=lost.id, now=after + MINUTE)
    assert sheet(world, opened, after + MINUTE).rungs[1].reached is Reach.WAITING


def test_what_was_taken_back_is_not_listed_and_never_sent_again(world: World) -> None:
    opened = alarm(world)
    (lost,) = messages(opened)
    assert lost.state == MessageState.DEAD
    db.run(incidents.withdraw, incident_id=opened.id, actor=world.volunteer, now=NOW)

    (gone,) = messages(opened)

    assert gone.state == MessageState.SUPERSEDED
    assert db.read(undelivered.listed, actor=world.admin, now=NOW) == []
    with pytest.raises(WrongState, match="已经结束"):
        db.run(undelivered.send_again, actor=world.admin, message_id=lost.id, now=NOW)


def test_a_message_sent_again_keeps_its_line_until_a_channel_has_it(world: World) -> None:
    robot, opened = channel(world), alarm(world)
    send(robot, FINAL, NOW + MINUTE)
    sending.owe(world, 7, now=NOW + MINUTE)

    def lines(now: Any) -> list[tuple[Any, bool]]:
        found = db.read(undelivered.listed, actor=world.coordinator, now=now)
        return [(one.id, one.goes_again) for one in found if one.incident_id]

    (lost,) = messages(opened)
    assert lines(NOW + MINUTE) == [(lost.id, False)]
    db.run(undelivered.send_again, actor=world.admin, message_id=lost.id, now=NOW + 2 * MINUTE)
    assert lines(NOW + 2 * MINUTE) == [(lost.id, True)]
    send(robot, FINAL, NOW + 2 * MINUTE)
    assert lines(NOW + 2 * MINUTE) == [(lost.id, False)]
    db.run(undelivered.send_again, actor=world.admin, message_id=lost.id, now=NOW + 3 * MINUTE)
    send(robot, ACCEPTED, NOW + 3 * MINUTE)
    assert lines(NOW + 3 * MINUTE) == []


def test_a_coordinator_is_told_whom_to_call_and_not_sent_where_they_may_not_go(world: World) -> None:
    alarm(world, cause=Cause.NOT_LOOKED)
    call: dict[str, Any] = {"communities": frozenset({world.community}), "now": NOW}

    (told,) = [one for one in db.read(worker_state.warnings, **call, here="看下面。") if "没有发出" in one]

    assert told == "最近一天有1条紧急消息没有发出，请打电话通知：社区值班。看下面。"
    (lost,) = db.read(undelivered.listed, actor=world.coordinator, now=NOW)
    assert lost.who == "社区值班"
    assert any("系统设置" in one for one in db.read(worker_state.warnings, **call, can_set=True))


def test_however_much_else_was_given_up_the_urgent_ones_are_counted_and_stand_first(any_world: World) -> None:
    opened = alarm(any_world, cause=Cause.NOT_LOOKED)

    def given_up(tx: Session) -> None:
        row = {"community_id": any_world.community, "template": Template.TICKET_URGED, "severity": Severity.NORMAL}
        values: dict[str, Any] = row | {
            "body": {},
            "state": MessageState.DEAD,
            "created_at": NOW,
            "next_attempt_at": NOW,
        }
        tx.add_all(OutboxRow(id=new_id(), dedupe_key=f"n:{n}", **values) for n in range(undelivered.SHOWN))

    db.run(given_up)

    listed = db.read(undelivered.listed, actor=any_world.coordinator, now=NOW)
    assert [one.incident_id == opened.id for one in listed] == [True] + [False] * (undelivered.SHOWN - 1)
    here = frozenset({any_world.community})
    words = db.read(undelivered.urgent_words, communities=here, now=NOW)
    assert words == "最近一天有1条紧急消息没有发出，请打电话通知：社区值班"
    assert db.read(undelivered.urgent_words, communities=here, now=NOW + undelivered.URGENT_FOR) == ""


def test_a_trial_by_hand_that_failed_raises_no_banner_only_the_mornings_does(world: World) -> None:
    noon = at_local(local_date(NOW), time(12))
    robot = sending.channel(world, "http://127.0.0.1:9/robot", canary=True)
    db.run(channels.owe_trial, actor=world.admin, channel_id=robot, key=new_key(), now=noon)
    send(robot, FINAL, noon)
    call: dict[str, Any] = {"communities": frozenset({world.community}), "now": noon}

    told = "".join(db.read(worker_state.warnings, **call))

    assert "通道测试" not in told
    assert "没有发出" not in told


def test_a_tile_that_was_unclear_says_when_the_second_look_is_due(world: World) -> None:
    one = caring.elder(world)
    caring.made_day()
    eight = caring.at(caring.TOMORROW, 8)
    caring.look(world.volunteer, one.id, Look.UNCLEAR, eight)

    board = db.read(care_board.today, actor=world.coordinator, filters=Filters(slot=Slot.MORNING), now=eight)

    assert [(tile.state, tile.at) for tile in board.tiles] == [(TileState.UNCLEAR, eight + SECOND_LOOK_WITHIN)]


def test_who_took_an_incident_is_not_asked_to_take_it_until_their_time_has_passed(world: World) -> None:
    opened = alarm(world)
    step(incidents.acknowledge, opened, world.coordinator, eta_minutes=5)

    taken = sheet(world, opened, NOW)
    assert (taken.is_mine(world.coordinator), taken.is_mine(world.colleague)) == (True, False)

    escalate(6)
    assert not sheet(world, opened, NOW + 6 * MINUTE).is_mine(world.coordinator)
