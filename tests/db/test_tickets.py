"""The commands of a ticket: what each does, and that a refusal changes nothing."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import db
from db import people, rules, stat_rebuild, tickets
from db.models import (
    CategoryRow,
    ChangeStampRow,
    CommandKeyRow,
    TicketEventRow,
    TicketNoteRow,
    TicketRow,
    TicketTextRow,
)
from domain.clock import at_local, local_date
from domain.due import Grade, Matter
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, Refused, WrongState
from domain.ids import new_id, new_key
from domain.steps import TRANSITIONS
from domain.tickets import NOTE_MAX, TITLE_MAX, Action, Kind, Result, Satisfaction, Status
from tests.builders import NOW, World, assigned, report, step
from tests.db.acting import COMMANDS, FROM, TO, at, at_once, do, refusals
from tests.db.checks import dump, events_of, faults, row_of

LATER = NOW + timedelta(minutes=7)
every_command = pytest.mark.parametrize("action", list(COMMANDS))


def stamp(world: World) -> int:
    query = select(ChangeStampRow.stamp).where(ChangeStampRow.community_id == world.community)
    return db.read(lambda session: session.scalars(query).one())


def notes(ticket_id: object) -> list[str]:
    query = (
        select(TicketNoteRow.body)
        .join(TicketEventRow, TicketEventRow.id == TicketNoteRow.event_id)
        .where(TicketNoteRow.ticket_id == ticket_id)
        .order_by(TicketEventRow.seq)
    )
    return db.read(lambda session: list(session.scalars(query)))


@every_command
def test_a_step_writes_the_row_one_event_and_the_stamp(world: World, action: Action) -> None:
    ticket = at(world, FROM[action])
    before = stamp(world)

    after = do(world, action, ticket, now=LATER)

    told = events_of(ticket.id)
    assert (after.status, after.version) == (TO[action], ticket.version + 1)
    assert (told[-1].action, told[-1].at, told[-1].actor_id) == (action, LATER, world.coordinator.user_id)
    assert (told[-1].from_status, told[-1].to_status) == (FROM[action], TO[action])
    assert (len(told), stamp(world), row_of(ticket.id).updated_at) == (after.version, before + 1, LATER)
    assert faults() == []


@every_command
def test_a_form_sent_twice_counts_once(world: World, action: Action) -> None:
    ticket, key = at(world, FROM[action]), new_key()
    first = do(world, action, ticket, key=key)
    before = dump()

    second = do(world, action, ticket, key=key)

    assert second == first
    assert dump() == before


@every_command
def test_a_form_sent_twice_at_once_counts_once(any_world: World, action: Action) -> None:
    ticket, key = at(any_world, FROM[action]), new_key()

    results = at_once(*[lambda: do(any_world, action, ticket, key=key)] * 2)

    assert refusals(results) == []
    assert results[0] == results[1]
    assert len(events_of(ticket.id)) == ticket.version + 1
    assert faults() == []


@every_command
def test_a_key_does_not_serve_for_something_else(world: World, action: Action) -> None:
    ticket, other, key = at(world, FROM[action]), at(world, FROM[action]), new_key()
    do(world, action, ticket, key=key)
    before = dump()

    with pytest.raises(KeyReused, match="刷新"):
        do(world, action, other, key=key)

    assert dump() == before


@every_command
def test_of_two_at_once_one_wins_and_the_other_reads_so(any_world: World, action: Action) -> None:
    ticket = at(any_world, FROM[action])

    results = at_once(*[lambda: do(any_world, action, ticket)] * 2)

    assert [type(refused) for refused in refusals(results)] == [Changed]
    assert len(events_of(ticket.id)) == ticket.version + 1
    assert faults() == []


@every_command
def test_work_on_an_old_state_is_refused_and_says_who_changed_what(world: World, action: Action) -> None:
    ticket = at(world, FROM[action])
    do(world, Action.COMMENT, ticket, world.colleague, now=LATER)
    before = dump()

    with pytest.raises(Changed, match=r"何静在 10:07 已对工单 E0001 “备注”，.*您填的内容还在"):
        do(world, action, ticket)

    assert dump() == before


@every_command
def test_a_ticket_of_another_community_is_not_there(world: World, action: Action) -> None:
    ticket = at(world, FROM[action])
    before = dump()

    with pytest.raises(NotFound, match="不在您的辖区"):
        do(world, action, ticket, world.stranger)

    assert dump() == before


@every_command
def test_a_step_without_a_key_is_refused(world: World, action: Action) -> None:
    with pytest.raises(Invalid, match="刷新"):
        do(world, action, at(world, FROM[action]), key="")


def test_a_step_that_does_not_lead_on_changes_nothing(world: World) -> None:
    held = [at(world, status) for status in Status]
    before = dump()

    for ticket in held:
        for action in COMMANDS:
            if ticket.status not in TRANSITIONS[action].sources:
                # a recall asks who dispatched it: what nobody has, nobody may take back
                with pytest.raises((WrongState, NotAllowed), match=ticket.no):
                    do(world, action, ticket)

    assert dump() == before


@pytest.mark.parametrize(
    ("action", "field"),
    [
        (Action.REJECT, "note"),
        (Action.RESOLVE, "note"),
        (Action.VERIFY_FAIL, "note"),
        (Action.REOPEN, "note"),
        (Action.CANCEL, "note"),
        (Action.COMMENT, "note"),
        (Action.EDIT, "title"),
    ],
)
@pytest.mark.parametrize("typed", ["", " \n\u3000", "\x00"])
def test_what_a_form_needs_may_not_be_left_blank(world: World, action: Action, field: str, typed: str) -> None:
    ticket = at(world, FROM[action])
    before = dump()

    with pytest.raises(Invalid, match="请") as caught:
        do(world, action, ticket, **{field: typed})

    assert caught.value.field == field
    assert dump() == before


def test_a_note_may_be_long_but_not_endless(world: World) -> None:
    ticket = do(world, Action.COMMENT, report(world), note="长" * NOTE_MAX)

    with pytest.raises(Invalid, match="最多 2000 个字"):
        do(world, Action.COMMENT, ticket, note="长" * (NOTE_MAX + 1))


# --- report -----------------------------------------------------------------------------------


def test_a_report_gets_its_place_its_number_and_its_due_time(world: World) -> None:
    ticket = report(world, reporter_name="张三", reporter_phone="13800001234", description=" 一楼 \n")

    row = row_of(ticket.id)
    text = db.read(lambda session: session.get_one(TicketTextRow, ticket.id).description)
    assert (ticket.no, ticket.status, ticket.version) == ("E0001", Status.REPORTED, 1)
    assert (row.community_id, row.grid_id, row.building_id) == (world.community, world.grid, world.building)
    assert (row.reported_on, row.due_at) == (local_date(NOW), NOW + timedelta(days=7))
    assert (row.soon_at, text) == (NOW + timedelta(days=5.6), "一楼")
    assert row.reporter_id is not None
    assert faults() == []


def test_numbers_count_up_in_each_community_by_itself(world: World) -> None:
    mine = [report(world).no for _ in range(3)]
    theirs = report(world, actor=world.stranger, area_id=world.other_community).no

    assert (mine, theirs) == (["E0001", "E0002", "E0003"], "E0001")


def test_a_report_sent_twice_is_one_ticket_and_another_body_is_refused(world: World) -> None:
    first = report(world, key="k", reporter_phone="13800001234")

    second = report(world, key="k", reporter_phone="13800001234")

    assert second == first
    before = dump()
    for changed in ({"title": "别的事"}, {"reporter_phone": "13800001235"}, {"grade": Grade.FAST}):
        with pytest.raises(KeyReused):
            report(world, **{"key": "k", "reporter_phone": "13800001234"} | changed)
    with pytest.raises(KeyReused):
        report(world, key="k", reporter_phone="13800001234", actor=world.colleague)
    assert dump() == before


def test_a_category_brings_its_usual_matter(world: World) -> None:
    query = select(CategoryRow.id).where(CategoryRow.name == "楼道灯")
    lamp = db.read(lambda session: session.scalars(query).one())

    ticket = report(world, category_id=lamp)

    assert ticket.matter is Matter.SMALL
    assert ticket.due_at == at_local(
        local_date(NOW) + timedelta(days=1), at_local(local_date(NOW), NOW.time()).time().min
    )


@pytest.mark.parametrize(("kind", "is_open"), [(Kind.SERVICE, True), (Kind.REPORT, False), (Kind.HAZARD, False)])
def test_only_what_residents_order_is_open_to_volunteers_by_itself(world: World, kind: Kind, is_open: bool) -> None:
    assert report(world, kind=kind).open_to_volunteers is is_open


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "长" * (TITLE_MAX + 1)}, "title"),
        ({"title": "\u3000\t\x00"}, "title"),
        ({"address": "远" * 201}, "address"),
        ({"kind": Kind.ALERT}, "kind"),
        ({"category_id": new_id()}, "category_id"),
        ({"reporter_phone": "138"}, "phone"),
    ],
)
def test_a_report_that_does_not_hold_together_is_refused(world: World, changes: dict[str, object], field: str) -> None:
    before = dump()

    with pytest.raises(Invalid) as caught:
        report(world, **changes)

    assert caught.value.field == field
    assert dump() == before


def test_a_street_is_no_place_for_a_ticket(world: World) -> None:
    with pytest.raises(Refused):
        report(world, area_id=world.street, actor=world.admin)
    with pytest.raises(NotFound):
        report(world, area_id=new_id())


@pytest.mark.parametrize("title", ["楼道\x00灯坏了", " 楼道灯坏了\t"])
def test_pasted_rubbish_is_left_out_of_a_title(any_world: World, title: str) -> None:
    ticket = report(any_world, title=title, address="3号楼\x00", description="一楼\x00", reporter_name="张\x00三")

    assert (ticket.title, ticket.address) == ("楼道灯坏了", "3号楼")


# --- the steps, each by itself -----------------------------------------------------------------


def test_one_form_accepts_dispatches_and_claims(world: World) -> None:
    ticket = assigned(world)

    told = events_of(ticket.id)
    assert [event.action for event in told] == ["report", "accept", "dispatch", "claim"]
    assert told[-1].on_behalf_of == world.wang
    assert (ticket.status, ticket.handler_id) == (Status.IN_PROGRESS, world.wang)
    assert faults() == []


def test_a_failed_form_leaves_none_of_its_three_steps(world: World) -> None:
    ticket = report(world)
    before = dump()

    with pytest.raises(Invalid, match="已停用或不存在"):
        step(tickets.assign, ticket, world.coordinator, handler_id=new_id(), claimed=True)

    assert dump() == before


def test_a_handler_of_another_community_is_refused(world: World) -> None:
    ticket = at(world, Status.ACCEPTED)

    with pytest.raises(Invalid, match="方芳不在本社区"):
        do(world, Action.DISPATCH, ticket, handler_id=world.stranger.party_id)


def test_a_rejection_says_where_to_turn(world: World) -> None:
    ticket = do(world, Action.REJECT, report(world))

    assert notes(ticket.id) == ["不属社区受理范围，已告知办理渠道：请打供电热线"]
    assert row_of(ticket.id).reject_reason == "elsewhere"


def test_only_who_dispatched_recalls(world: World) -> None:
    ticket = at(world, Status.DISPATCHED)

    with pytest.raises(NotAllowed):
        do(world, Action.RECALL, ticket, world.colleague)
    ticket = do(world, Action.RECALL, ticket)

    assert (ticket.status, ticket.handler_id, ticket.dispatched_by) == (Status.ACCEPTED, None, None)


def test_the_handlers_own_user_does_the_work_and_nobody_elses(world: World) -> None:
    ticket = do(world, Action.DISPATCH, at(world, Status.ACCEPTED), handler_id=world.grid_worker.party_id)
    before = dump()

    for other in (world.building_head, world.volunteer):
        with pytest.raises(Refused):
            do(world, Action.CLAIM, ticket, other)
    assert dump() == before
    for action in (Action.CLAIM, Action.CONTACT, Action.RESOLVE):
        ticket = do(world, action, ticket, world.grid_worker)

    assert [event.on_behalf_of for event in events_of(ticket.id)[-3:]] == [None, None, None]


def test_a_volunteer_takes_what_is_open_and_the_second_reads_so(world: World) -> None:
    ticket = at(world, Status.ACCEPTED, kind=Kind.SERVICE)

    taken = do(world, Action.CLAIM, ticket, world.volunteer)

    assert (taken.status, taken.handler_user_id) == (Status.IN_PROGRESS, world.volunteer.user_id)
    with pytest.raises(Changed, match="已有人接单，谢谢您"):
        do(world, Action.CLAIM, ticket, world.volunteer2)


def test_a_volunteer_is_not_told_that_somebody_has_what_nobody_has(world: World) -> None:
    waiting = report(world, kind=Kind.SERVICE)
    gone = do(world, Action.CANCEL, report(world, kind=Kind.SERVICE))

    for ticket in (waiting, gone):
        with pytest.raises(NotFound):
            do(world, Action.CLAIM, ticket, world.volunteer)


def test_the_first_call_that_reaches_the_resident_counts_and_each_try_is_kept(world: World) -> None:
    ticket = at(world, Status.IN_PROGRESS)

    ticket = do(world, Action.CONTACT, ticket, reached=False)
    ticket = do(world, Action.CONTACT, ticket, now=LATER)
    ticket = do(world, Action.CONTACT, ticket, now=LATER + timedelta(hours=1))

    assert (ticket.first_contact_at, row_of(ticket.id).contact_tries) == (LATER, 3)
    assert notes(ticket.id)[-3:] == ["未联系上", "已联系上居民", "已联系上居民"]


def test_a_result_is_kept_with_its_words(world: World) -> None:
    ticket = do(world, Action.RESOLVE, at(world, Status.IN_PROGRESS), result=Result.PARTLY)

    text = db.read(lambda session: session.get_one(TicketTextRow, ticket.id).result)
    assert (text, row_of(ticket.id).result_class, notes(ticket.id)[-1]) == ("换了灯管", "partly", "部分解决：换了灯管")


def test_who_did_it_may_close_it_marked_unless_the_rule_refuses(world: World) -> None:
    mine, other, third = (at(world, Status.RESOLVED) for _ in range(3))

    do(world, Action.CLOSE, mine)
    do(world, Action.CLOSE, other, world.colleague)
    db.run(rules.put, "separation.verify", "refuse")

    assert [row_of(t.id).single_duty for t in (mine, other)] == [True, False]
    with pytest.raises(NotAllowed, match="请换一位同事"):
        do(world, Action.CLOSE, third)
    assert do(world, Action.CLOSE, third, world.colleague).status is Status.CLOSED


def test_a_handler_who_had_others_record_the_work_does_not_verify_it_unmarked(world: World) -> None:
    ticket = do(world, Action.DISPATCH, at(world, Status.ACCEPTED), handler_id=world.colleague.party_id)
    for action in (Action.CLAIM, Action.RESOLVE):
        ticket = do(world, action, ticket)

    do(world, Action.CLOSE, ticket, world.colleague)

    assert row_of(ticket.id).single_duty


def test_nobody_is_taken_for_satisfied_who_was_not_asked(world: World) -> None:
    ticket = do(world, Action.CLOSE, at(world, Status.RESOLVED))

    assert row_of(ticket.id).satisfaction == Satisfaction.UNREACHED
    assert (row_of(ticket.id).closed_at, row_of(ticket.id).closed_on) == (NOW, local_date(NOW))


@pytest.mark.parametrize("action", [Action.VERIFY_FAIL, Action.REOPEN])
def test_work_done_again_is_a_new_round_with_a_due_time_of_its_own(world: World, action: Action) -> None:
    ticket = do(world, action, at(world, FROM[action]), now=LATER)

    row = row_of(ticket.id)
    assert (ticket.status, ticket.round_no, ticket.handler_id) == (Status.IN_PROGRESS, 2, world.wang)
    assert (row.due_at, row.round_at) == (LATER + timedelta(days=3), LATER)
    assert (row.resolved_at, row.closed_at, row.closed_on, row.result_class, row.satisfaction) == (None,) * 5


@pytest.mark.parametrize("ended", [Action.REJECT, Action.CANCEL])
def test_a_ticket_ended_early_starts_anew_without_the_handler_it_had(world: World, ended: Action) -> None:
    ticket = report(world) if ended is Action.REJECT else assigned(world)
    ticket = do(world, Action.REOPEN, do(world, ended, ticket))

    row = row_of(ticket.id)
    assert (ticket.status, ticket.handler_id, ticket.round_no) == (Status.REPORTED, None, 1)
    assert (row.accepted_at, row.dispatched_at, row.dispatched_by, row.claimed_at, row.reject_reason) == (None,) * 5
    assert faults() == []


def test_urging_counts_and_rests_for_a_day(world: World) -> None:
    ticket = do(world, Action.URGE, report(world))

    with pytest.raises(WrongState, match="24 小时内已催办过"):
        do(world, Action.URGE, ticket, now=NOW + timedelta(hours=23))
    ticket = do(world, Action.URGE, ticket, now=NOW + timedelta(hours=24))

    assert row_of(ticket.id).urge_count == 2


def test_a_changed_grade_is_counted_from_the_same_start(world: World) -> None:
    ticket = do(world, Action.EDIT, report(world), now=LATER)

    assert ticket.due_at == NOW + timedelta(hours=24)
    assert events_of(ticket.id)[-1].changes["grade"] == ["normal", "fast"]
    assert events_of(ticket.id)[-1].changes["title"] is None


def test_a_ticket_moves_inside_its_community_only(world: World) -> None:
    ticket = do(world, Action.EDIT, report(world), area_id=world.other_grid)
    row = row_of(ticket.id)

    assert (row.grid_id, row.building_id) == (world.other_grid, None)
    with pytest.raises(Invalid, match="不能改到别的社区"):
        do(world, Action.EDIT, ticket, area_id=world.other_community)
    with pytest.raises(Invalid, match="没有找到这个类别"):
        do(world, Action.EDIT, ticket, category_id=new_id())


def test_a_key_is_kept_with_a_digest_and_not_with_what_was_typed(world: World) -> None:
    report(world, key="k", reporter_name="张三")

    held = db.read(lambda session: session.get_one(CommandKeyRow, "k").request_mac)
    assert len(held) == 64
    assert db.read(lambda session: session.scalar(select(func.count()).select_from(TicketRow))) == 1


def test_a_transfer_changes_the_handler_and_leaves_the_clock(world: World) -> None:
    ticket = at(world, Status.IN_PROGRESS)

    after = do(world, Action.TRANSFER, ticket, now=LATER)

    assert (after.handler_id, after.status, after.due_at) == (world.cleaner, Status.DISPATCHED, ticket.due_at)
    assert row_of(after.id).claimed_at is None


def test_a_transfer_to_the_same_handler_is_refused(world: World) -> None:
    ticket = at(world, Status.DISPATCHED)

    with pytest.raises(Invalid, match="现在就是这位处理人"):
        do(world, Action.TRANSFER, ticket, handler_id=world.wang)


def test_a_wrong_phone_number_can_be_corrected(world: World) -> None:
    ticket = report(world, reporter_name="张三", reporter_phone="13800000001")

    after = do(world, Action.EDIT, ticket, reporter_phone="13800000002")

    assert db.read(people.contact_of, row_of(after.id).reporter_id) == ("张三", "13800000002")


def test_an_edit_that_names_no_reporter_keeps_the_one_there_is(world: World) -> None:
    ticket = report(world, reporter_name="张三", reporter_phone="13800000001")

    after = do(world, Action.EDIT, ticket)

    assert db.read(people.contact_of, row_of(after.id).reporter_id) == ("张三", "13800000001")


def test_figures_count_a_ticket_as_its_transaction_left_it_and_not_as_it_was_first_written(world: World) -> None:
    call: dict[str, Any] = {"actor": world.coordinator, "now": NOW}
    new = {**call, "area_id": world.building, "title": "楼道灯坏了"}

    def several(tx: Session) -> None:
        tickets.report(tx, **new, key=new_key())
        with suppress(NotAllowed), tx.begin_nested():
            tickets.report(tx, **new, key=new_key())
            raise NotAllowed("taken back")
        ended = tickets.report(tx, **new, key=new_key())
        tickets.cancel(tx, **call, ticket_id=ended.id, expected_version=1, key=new_key(), note="报重了")

    db.run(several)

    assert db.read(lambda session: list(stat_rebuild.problems(session))) == []
