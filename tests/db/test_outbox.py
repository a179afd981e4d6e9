"""Messages that are owed: to whom, once, claimed by one, cancelled with what they tell of, never lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

import db
import settings
from db import channels, outbox, outbox_sending, undelivered
from db.models import ChannelRow, OutboxRow
from db.outbox_sending import Post
from domain.delivery import ACCEPTED, GATHER_SECONDS, LEASE, Answer, Outcome
from domain.errors import Changed, Invalid, NotAllowed, NotFound, Refused, WrongState
from domain.ids import new_id, new_key
from domain.outbox import ChannelKind, MessageState, Severity, Template
from tests.builders import NOW, World, report, step
from tests.sending import attempts, channel, held, owe, path_of, rows, states

URL = "http://127.0.0.1:1/send?key=secret-of-the-robot"
SECOND, GATHERED = timedelta(seconds=1), timedelta(seconds=GATHER_SECONDS)
FINAL, UNKNOWN = Answer(Outcome.FINAL, "93000"), Answer(Outcome.UNKNOWN, "cut")
REFUSED, LATER = Answer(Outcome.REFUSED, "500"), Answer(Outcome.LATER, "45009", timedelta(minutes=1))


def claim(channel_id: Any, after: timedelta = timedelta(0)) -> Post | None:
    return db.run(outbox_sending.claim, channel_id=channel_id, now=NOW + after)


def settle(post: Post | None, answer: Answer, after: timedelta = SECOND) -> None:
    assert post is not None
    db.run(outbox_sending.settle, post=post, answer=answer, millis=5, now=NOW + after)


def took(channel_id: Any, count: int) -> None:
    """Say that the channel took so many messages just now."""
    db.run(lambda tx: setattr(tx.get_one(ChannelRow, channel_id), "recent", [NOW.timestamp()] * count))


# --- to whom ----------------------------------------------------------------------------------------


def test_a_message_is_owed_once_to_a_channel_however_often_it_is_asked_for(any_world: World) -> None:
    channel(any_world, URL)

    assert [owe(any_world), owe(any_world)] == [1, 0]
    assert states() == [MessageState.QUEUED]


def test_two_at_once_owe_it_once(any_world: World) -> None:
    channel(any_world, URL)
    start = Barrier(4)

    def ask(_n: int) -> int:
        start.wait()
        return owe(any_world)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(ask, range(4))) == 1


def test_a_refused_command_leaves_no_message(world: World) -> None:
    channel(world, URL)

    def command(tx: Session) -> None:
        outbox.enqueue(
            tx,
            community_id=world.community,
            area_path=path_of(world),
            template=Template.ALERT,
            body={},
            severity=1,
            dedupe="x",
            now=NOW,
        )
        raise Invalid("不行")

    with pytest.raises(Invalid):
        db.run(command)
    assert rows() == []


def test_normal_news_go_to_the_nearest_place_and_an_emergency_to_all_above(world: World) -> None:
    street = channel(world, URL, area_id=world.street, name="街道", emergency_only=True)
    community = channel(world, URL)
    grid = channel(world, URL, area_id=world.grid, name="网格")
    channel(world, URL, area_id=world.other_community, name="海棠")

    def found(emergency: bool) -> set[Any]:
        inside = world.grid_worker.grants[0].area_path
        return set(db.read(outbox.covering, area_path=inside, emergency=emergency))

    assert (found(False), found(True)) == ({grid}, {street, community, grid})


def test_an_emergency_without_any_channel_is_kept_as_not_sent_and_normal_news_are_not(world: World) -> None:
    assert [owe(world), owe(world, 2, Severity.NORMAL)] == [1, 0]
    assert [(row.state, row.provider_code) for row in rows()] == [("dead", "no_channel")]
    (lost,) = db.read(undelivered.listed, actor=world.admin, now=NOW)
    assert (lost.channel, "Y0001" in lost.text) == ("", True)


# --- claiming ---------------------------------------------------------------------------------------


def test_of_many_workers_one_has_a_message(any_world: World) -> None:
    robot = channel(any_world, URL)
    for n in range(12):
        owe(any_world, n, Severity.URGENT, template=Template.UNCHECKED)
    start = Barrier(6)

    def take(_n: int) -> list[Any]:
        start.wait()
        posts = [claim(robot) for _ in range(4)]
        return [one for post in posts if post for one in post.message_ids]

    with ThreadPoolExecutor(6) as pool:
        taken = [one for found in pool.map(take, range(6)) for one in found]

    assert len(taken) == len(set(taken))
    while post := claim(robot):
        taken += post.message_ids
    assert len(taken) == len(set(taken)) == 12


def test_a_few_emergencies_go_singly_and_many_share_a_message(world: World) -> None:
    robot = channel(world, URL)
    for n in range(3):
        owe(world, n)
    assert [len(post.message_ids) if (post := claim(robot)) else 0 for _ in range(4)] == [1, 1, 1, 0]

    for n in range(10, 210):
        owe(world, n)
    posts = []
    while post := claim(robot):
        posts.append(post)

    assert sum(len(post.message_ids) for post in posts) == 200
    assert len(posts) <= 5
    assert all(len(text.encode()) <= 2048 for post in posts for text in post.texts)
    assert all(f"Y{n:04}" in "".join(text for post in posts for text in post.texts) for n in range(10, 210))


def test_normal_news_of_a_grid_wait_for_the_end_of_the_minute_and_go_together(world: World) -> None:
    robot = channel(world, URL)
    inside = world.grid_worker.grants[0].area_path
    for n in range(3):
        owe(world, n, Severity.NORMAL, area_path=inside)
    owe(world, 3, Severity.NORMAL, area_path=world.other_grid_worker.grants[0].area_path)

    assert claim(robot, timedelta(seconds=59)) is None
    first, second = claim(robot, timedelta(seconds=60)), claim(robot, timedelta(seconds=60))

    assert first and second
    assert sorted([len(first.message_ids), len(second.message_ids)]) == [1, 3]
    assert "共3条" in first.texts[0] + second.texts[0]


def test_at_night_only_emergencies_go_out(world: World) -> None:
    robot = channel(world, URL)
    owe(world, 1, Severity.URGENT)
    night = timedelta(hours=11)  # 21:00

    assert db.read(outbox_sending.channels_due, now=NOW + night) == []
    assert claim(robot, night) is None
    owe(world, 2)
    post = claim(robot, night)
    assert post is not None
    assert "Y0002" in post.texts[0]
    assert claim(robot, timedelta(hours=21)) is not None  # 7:00


def test_what_has_expired_is_not_sent(world: World) -> None:
    robot = channel(world, URL)
    owe(world, expires_at=NOW + SECOND)

    assert claim(robot, SECOND) is None
    assert states() == [MessageState.EXPIRED]


def test_a_robot_s_last_five_of_a_minute_are_for_emergencies(world: World) -> None:
    robot = channel(world, URL)
    owe(world, 1, Severity.URGENT)
    owe(world, 2)

    took(robot, 15)
    post = claim(robot, GATHERED)
    assert post is not None
    assert "Y0002" in post.texts[0]
    assert claim(robot, GATHERED * 2) is None

    owe(world, 3)
    took(robot, 20)
    assert claim(robot, timedelta(seconds=69)) is None
    assert claim(robot, timedelta(seconds=70)) is not None


# --- what becomes of it -----------------------------------------------------------------------------


def test_an_accepted_message_is_done_and_its_attempt_is_kept(any_world: World) -> None:
    robot = channel(any_world, URL)
    owe(any_world)

    settle(claim(robot), ACCEPTED)

    assert (states(), attempts()) == ([MessageState.ACCEPTED], [(True, "0")])
    assert claim(robot, timedelta(days=1)) is None
    assert held(robot)["ok_at"] == NOW + SECOND


@pytest.mark.parametrize(
    ("severity", "answer", "state"),
    [
        (Severity.EMERGENCY, REFUSED, MessageState.FAILED),
        (Severity.EMERGENCY, FINAL, MessageState.DEAD),
        (Severity.EMERGENCY, UNKNOWN, MessageState.UNCERTAIN),
        (Severity.EMERGENCY, LATER, MessageState.QUEUED),
        (Severity.NORMAL, UNKNOWN, MessageState.DEAD),
        (Severity.NORMAL, REFUSED, MessageState.FAILED),
    ],
)
def test_what_was_not_accepted_is_tried_again_or_given_up_by_what_was_said(
    world: World, severity: Severity, answer: Answer, state: MessageState
) -> None:
    robot = channel(world, URL)
    owe(world, 1, severity)

    settle(claim(robot, timedelta(minutes=1)), answer, timedelta(minutes=1))

    assert states() == [state]
    assert held(robot)["last_code"] == answer.code


def test_a_message_whose_sender_died_goes_again_marked_if_it_matters_and_else_waits_for_a_person(
    any_world: World,
) -> None:
    robot = channel(any_world, URL)
    owe(any_world, 1)
    owe(any_world, 2, Severity.NORMAL)
    first = claim(robot, timedelta(minutes=1))
    second = claim(robot, timedelta(minutes=1))
    assert first and second
    assert claim(robot, timedelta(minutes=1) + LEASE - SECOND) is None

    again = claim(robot, timedelta(minutes=1) + LEASE)

    assert again is not None
    assert "（补发）" in again.texts[0]
    assert claim(robot, timedelta(minutes=1) + LEASE) is None
    assert states() == [MessageState.SENDING, MessageState.DEAD]
    settle(first, ACCEPTED, timedelta(minutes=2))  # it was only slow: the second one decides
    assert states()[0] is MessageState.SENDING


def test_a_robot_that_had_too_much_is_left_alone_and_costs_no_attempt(world: World) -> None:
    robot = channel(world, URL)
    owe(world)

    settle(claim(robot), LATER)

    assert rows()[0].attempts == 0
    assert held(robot)["muted_until"] == NOW + SECOND + timedelta(minutes=1)
    assert claim(robot, timedelta(seconds=60)) is None
    assert claim(robot, timedelta(seconds=62)) is not None


# --- the end of an incident -------------------------------------------------------------------------


def test_closing_cancels_what_is_unsent_and_tells_only_who_was_told(any_world: World) -> None:
    told = channel(any_world, URL, name="甲")
    channel(any_world, URL, name="乙")
    incident = new_id()
    owe(any_world, 1, incident_id=incident)
    settle(claim(told), ACCEPTED)

    cleared = db.run(outbox.end_incident, incident_id=incident, now=NOW + SECOND, clear={"incident": "Y0001"})

    assert cleared == 1
    assert sorted(states()) == [MessageState.ACCEPTED, MessageState.QUEUED, MessageState.SUPERSEDED]
    post = claim(told, SECOND)
    assert post is not None
    assert "【解除】Y0001" in post.texts[0]


def test_a_message_under_way_when_the_incident_closes_is_never_sent_again(world: World) -> None:
    robot = channel(world, URL)
    incident = new_id()
    owe(world, 1, incident_id=incident)
    post = claim(robot)
    assert post is not None

    db.run(outbox.end_incident, incident_id=incident, now=NOW + SECOND)

    assert not db.read(outbox_sending.still_wanted, post=post)
    settle(post, UNKNOWN)
    assert rows()[0].state == MessageState.SUPERSEDED
    assert claim(robot, LEASE * 2) is not None  # the all-clear, since it may have arrived


def test_the_next_incident_of_the_same_window_has_an_all_clear_of_its_own(world: World) -> None:
    robot, incident = channel(world, URL), new_id()
    for n in range(2):
        after = timedelta(minutes=n)
        owe(world, n, incident_id=incident, now=NOW + after)
        settle(claim(robot, after), ACCEPTED, after)
        assert db.run(outbox.end_incident, incident_id=incident, now=NOW + after + SECOND) == 1
        settle(claim(robot, after + SECOND), ACCEPTED, after + SECOND)


# --- by hand ----------------------------------------------------------------------------------------


def test_what_was_given_up_is_listed_and_goes_again_by_hand_once(world: World) -> None:
    robot = channel(world, URL)
    owe(world)
    settle(claim(robot), FINAL)
    (lost,) = db.read(undelivered.listed, actor=world.admin, now=NOW)
    assert (lost.channel, lost.code, lost.attempts) == ("社区值班群", "93000", 1)

    assert db.run(undelivered.send_again, actor=world.admin, message_id=lost.id, now=NOW + SECOND) == 1

    with pytest.raises(Changed):
        db.run(undelivered.send_again, actor=world.admin, message_id=lost.id, now=NOW + SECOND)
    post = claim(robot, SECOND)
    assert post is not None
    assert "（补发）" in post.texts[0]


def test_what_had_no_channel_goes_to_the_one_there_is_now(world: World) -> None:
    owe(world)
    (lost,) = db.read(undelivered.listed, actor=world.admin, now=NOW)
    with pytest.raises(Refused, match="请先添加"):
        db.run(undelivered.send_again, actor=world.admin, message_id=lost.id, now=NOW)
    robot = channel(world, URL)

    assert db.run(undelivered.send_again, actor=world.admin, message_id=lost.id, now=NOW) == 1
    assert claim(robot, SECOND) is not None


def test_only_an_administrator_sends_again_or_changes_channels(world: World) -> None:
    owe(world)
    with pytest.raises(NotAllowed):
        db.run(undelivered.send_again, actor=world.coordinator, message_id=rows()[0].id, now=NOW)
    with pytest.raises(NotAllowed):
        db.run(
            channels.create,
            actor=world.coordinator,
            area_id=world.community,
            kind=ChannelKind.WECOM,
            name="群",
            address=URL,
            key="k",
            now=NOW,
        )


# --- channels ---------------------------------------------------------------------------------------


def test_the_key_of_a_robot_is_nowhere_in_the_open(world: World) -> None:
    channel(world, URL, secret="SEC-of-the-robot")

    (shown,) = db.read(channels.listed)
    assert "of-the-robot" not in repr(shown)
    kept = list(settings.current().data_dir.glob("*.sqlite3*"))  # the journal as well
    assert len(kept) > 1
    assert all(b"of-the-robot" not in file.read_bytes() for file in kept)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "群机器人",
        "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1",
        "https://evil.example/send?key=1",
        "https://a b",
    ],
)
def test_an_address_that_is_no_robot_s_is_refused_without_repeating_it(world: World, address: str) -> None:
    with pytest.raises(Invalid) as refused:
        channel(world, address)

    assert not address or address not in refused.value.message


def test_a_channel_that_is_switched_off_gets_nothing_and_what_it_was_owed_is_shown(world: World) -> None:
    robot = channel(world, URL)
    owe(world)
    (held_now,) = db.read(channels.listed)

    db.run(
        channels.change,
        actor=world.admin,
        channel_id=robot,
        name="群",
        emergency_only=False,
        canary=False,
        active=False,
        expected_version=held_now.version,
        now=NOW,
    )

    assert owe(world, 2, Severity.NORMAL) == 0
    assert [(row.state, row.provider_code) for row in rows()] == [("dead", "switched_off")]


def remove(world: World, robot: Any, key: str = "", who: str = "admin") -> None:
    version = db.read(lambda s: s.get_one(ChannelRow, robot).version)
    call: dict[str, Any] = {"channel_id": robot, "expected_version": version, "key": key or new_key(), "now": NOW}
    db.run(channels.remove, actor=world.actors[who], **call)


def test_a_deleted_channel_leaves_its_messages_but_no_key(any_world: World) -> None:
    robot = channel(any_world, URL, secret="SEC123")
    owe(any_world)
    settle(claim(robot), ACCEPTED)
    key = new_key()

    for _ in range(2):
        remove(any_world, robot, key)

    columns = (ChannelRow.name, ChannelRow.address, ChannelRow.secret, ChannelRow.active)
    kept = db.read(lambda s: s.execute(select(*columns).where(ChannelRow.id == robot)).one())
    assert kept == ("社区值班群", b"", None, False)
    assert db.read(channels.listed) == []
    assert [(row.channel_id, row.state) for row in rows()] == [(robot, "accepted")]
    assert owe(any_world, 2, Severity.NORMAL) == 0
    with pytest.raises(NotFound):
        db.run(channels.owe_trial, actor=any_world.admin, channel_id=robot, key=new_key(), now=NOW)


def test_a_channel_that_still_owes_a_message_is_not_deleted(world: World) -> None:
    robot = channel(world, URL)
    owe(world)

    with pytest.raises(WrongState, match="还有1条消息"):
        remove(world, robot)

    assert len(db.read(channels.listed)) == 1
    with pytest.raises(NotAllowed):
        remove(world, robot, who="coordinator")


def test_what_a_stopped_channel_comes_to_owe_is_shown(world: World) -> None:
    """An alarm that was being raised in the moment, or the all-clear of one that went through it."""
    robot = channel(world, URL)
    owe(world)
    db.run(lambda tx: setattr(tx.get_one(ChannelRow, robot), "active", False))

    assert [db.run(channels.settle_stopped) for _ in range(2)] == [1, 0]
    (lost,) = db.read(undelivered.listed, actor=world.admin, now=NOW)
    assert lost.code == "switched_off"


def test_it_says_whether_an_emergency_would_find_no_other_channel(world: World) -> None:
    robot = channel(world, URL)
    alone = db.read(channels.leaves_silence, channel_id=robot)
    channel(world, URL, area_id=world.street)

    assert (alone, db.read(channels.leaves_silence, channel_id=robot)) == (True, False)


# --- tickets ----------------------------------------------------------------------------------------


def test_a_ticket_given_out_or_urged_is_told_of(world: World) -> None:
    from db import tickets

    channel(world, URL)
    ticket = step(tickets.assign, report(world), world.coordinator, handler_id=world.wang)
    step(tickets.urge, ticket, world.coordinator)

    assert [row.template for row in rows()] == ["ticket_dispatched", "ticket_urged"]
    assert all(row.ticket_id == ticket.id for row in rows())


def test_a_ticket_nearly_due_and_then_overdue_is_told_of_once_each(world: World) -> None:
    from db import ticket_notices

    channel(world, URL)
    ticket = report(world)
    assert ticket.due_at is not None
    db.run(ticket_notices.of_time, now=NOW)  # the first time only sets the mark

    moment = NOW
    while moment < ticket.due_at + timedelta(hours=2):
        moment += timedelta(hours=1)
        db.run(ticket_notices.of_time, now=moment)
        db.run(ticket_notices.of_time, now=moment)

    assert [row.template for row in rows()] == ["ticket_due_soon", "ticket_overdue"]


def broken(body: Any) -> None:
    """Spoil the words of the first message that is owed."""
    spoilt = update(OutboxRow).where(OutboxRow.dedupe_key.startswith("test:0")).values(body=body)
    db.run(lambda tx: tx.execute(spoilt))


@pytest.mark.parametrize("many", [2, 12])
def test_a_message_that_can_t_be_worded_is_given_up_and_keeps_none_behind_it(any_world: World, many: int) -> None:
    robot = channel(any_world, URL)
    for n in range(many):
        owe(any_world, n, Severity.URGENT, template=Template.UNCHECKED)
    broken({"who": 7})

    taken: list[Any] = []
    while post := claim(robot):
        taken += post.message_ids

    (lost,) = [row for row in rows() if row.state == MessageState.DEAD]
    assert (lost.provider_code, len(taken)) == ("unworded TypeError", many - 1)
    (told,) = db.read(undelivered.listed, actor=any_world.admin, now=NOW)
    assert "没有写成" in told.text


def test_messages_of_a_channel_whose_address_can_t_be_read_are_given_up_and_shown(world: World) -> None:
    robot = channel(world, URL)
    owe(world)
    db.run(lambda tx: tx.execute(update(ChannelRow).values(address=b"nothing that was sealed here")))

    assert claim(robot) is None
    (lost,) = rows()
    assert (lost.state, lost.provider_code.split()[0]) == ("dead", "unworded")
