"""The table of steps, written down a second time: whoever changes one has to mean it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain import steps
from domain.access import Actor, Grant, Role
from domain.areas import Level
from domain.due import Grade, Matter
from domain.errors import NotAllowed, WrongState
from domain.ids import new_id
from domain.steps import TRANSITIONS
from domain.tickets import REOPEN_WITHIN, URGE_EVERY, Action, Channel, Kind, Status, Ticket, Tie

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
COMMUNITY, OTHER = "/aaaa/bbbb/", "/aaaa/cccc/"

# where each step leads from each state: "." stays, "" is refused
STATES = """
             reported   accepted    dispatched  in_progress resolved    closed      rejected  cancelled
accept       accepted
reject       rejected
dispatch                dispatched
claim                   in_progress in_progress
transfer                            dispatched  dispatched
return                              accepted    accepted
recall                              accepted
contact                                         .
resolve                                         resolved
close                                                       closed
verify_fail                                                 in_progress
reopen                                                                  in_progress reported  reported
cancel       cancelled  cancelled   cancelled   cancelled
urge         .          .           .           .           .
edit         .          .           .           .           .
comment      .          .           .           .           .           .           .         .
support      .          .           .           .           .
photo        .          .           .           .           .           .           .         .
"""

# who may take each step: the roles first, then the ties to the one ticket
WHO = """
            admin coordinator secretary grid_lead grid_worker building_head volunteer leader
report            x           x         x         x           x             x
accept            x           x         x
reject            x           x
dispatch          x           x         x
claim             x           x         x                                   x
transfer          x           x         x
return
recall
contact           x           x         x
resolve           x           x         x
close             x           x         x
verify_fail       x           x         x
reopen            x           x
cancel            x           x
urge              x           x         x                                             x
comment           x           x         x         x           x
edit              x           x         x
support           x           x         x         x           x
photo             x           x         x         x
import      x     x           x
import_undo x     x           x
"""
TIES = {
    Action.CLAIM: {Tie.HANDLER},
    Action.CONTACT: {Tie.HANDLER},
    Action.RESOLVE: {Tie.HANDLER},
    Action.RECALL: {Tie.DISPATCHER},
    Action.RETURN: {Tie.HANDLER},
    Action.URGE: {Tie.REPORTER},
    Action.CANCEL: {Tie.REPORTER},
    Action.COMMENT: set(Tie),
    Action.PHOTO: {Tie.HANDLER, Tie.REPORTER},
}


def read_table(text: str) -> dict[tuple[str, str], str]:
    """Read cells by where they stand under the heading; an absent cell is empty."""
    heading, *lines = text.strip("\n").splitlines()
    places = [(name, heading.index(f" {name}") + 1) for name in heading.split()]
    found = {}
    for line in lines:
        for (name, start), end in zip(places, [*(p for _, p in places[1:]), None], strict=True):
            found[line.split()[0], name] = line[start:end].strip()
    return found


def granted(role: Role, path: str = COMMUNITY) -> Actor:
    grant = Grant(role, new_id(), path, Level.COMMUNITY, frozenset({new_id()}))
    return Actor(new_id(), role.value, new_id(), (grant,))


def ticket(status: Status = Status.REPORTED, **changes: object) -> Ticket:
    held = status in (Status.DISPATCHED, Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED)
    made = Ticket(
        id=new_id(),
        no="E0001",
        community_id=new_id(),
        area_id=new_id(),
        area_path=COMMUNITY,
        kind=Kind.REPORT,
        status=status,
        title="楼道灯坏了",
        address="",
        category_id=None,
        matter=None,
        grade=Grade.NORMAL,
        channel=Channel.PHONE,
        handler_id=new_id() if held else None,
        handler_user_id=new_id() if held else None,
        reporter_user_id=None,
        dispatched_by=None,
        open_to_volunteers=True,
        round_no=1,
        reported_at=NOW,
        due_at=NOW,
        first_contact_at=None,
        urged_at=None,
        closed_at=NOW if status is Status.CLOSED else None,
        version=1,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def tied(made: Ticket, tie: Tie, actor: Actor) -> Ticket:
    field = {Tie.HANDLER: "handler_user_id", Tie.REPORTER: "reporter_user_id", Tie.DISPATCHER: "dispatched_by"}[tie]
    return replace(made, **{field: actor.user_id})  # type: ignore[arg-type]


BY_STATE = read_table(STATES)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("action", [a for a in Action if (a.value, "reported") in BY_STATE])
def test_each_step_leads_where_the_table_says(action: Action, status: Status) -> None:
    expected = BY_STATE[action.value, status.value]
    made = ticket(status)

    if expected:
        steps.check_state(action, made, now=NOW)
        assert steps.target(action, made) == (status if expected == "." else expected)
        return
    with pytest.raises(WrongState, match="E0001"):
        steps.check_state(action, made, now=NOW)


def test_the_table_of_states_names_every_step_but_those_of_other_commands() -> None:
    named = {action for action, _ in BY_STATE}

    assert set(Action) - named == {Action.REPORT, Action.IMPORT, Action.IMPORT_UNDO}
    assert set(TRANSITIONS) == set(Action)


@pytest.mark.parametrize("action", list(Action))
def test_each_step_belongs_to_the_roles_and_ties_the_table_says(action: Action) -> None:
    who = read_table(WHO)

    assert TRANSITIONS[action].roles == {role for role in Role if who[action.value, role.value]}
    assert TRANSITIONS[action].ties == TIES.get(action, set())


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", [a for a in Action if a.value != "report"])
def test_a_role_gives_its_steps_in_its_own_area_and_none_elsewhere(action: Action, role: Role) -> None:
    expected = bool(read_table(WHO)[action.value, role.value])

    assert may(granted(role), action, ticket()) == expected
    assert not may(granted(role, OTHER), action, ticket())


@pytest.mark.parametrize("tie", list(Tie))
@pytest.mark.parametrize("action", list(Action))
def test_a_tie_gives_its_steps_without_any_role(action: Action, tie: Tie) -> None:
    nobody = Actor(new_id(), "无角色", new_id())

    assert may(nobody, action, tied(ticket(), tie, nobody)) == (tie in TIES.get(action, set()))


def may(actor: Actor, action: Action, made: Ticket) -> bool:
    try:
        steps.check_right(actor, action, made)
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize("action", list(Action))
def test_a_screen_that_only_reads_takes_no_step(action: Action) -> None:
    screen = replace(granted(Role.COORDINATOR), read_only=True)

    with pytest.raises(NotAllowed):
        steps.check_right(screen, action, tied(ticket(), Tie.DISPATCHER, screen))


@pytest.mark.parametrize("role", [Role.GRID_LEAD, Role.GRID_WORKER, Role.BUILDING_HEAD, Role.VOLUNTEER, Role.LEADER])
@pytest.mark.parametrize("status", list(Status))
def test_whoever_may_not_read_a_private_matter_takes_no_step_on_it(status: Status, role: Role) -> None:
    private = ticket(status, matter=Matter.PRIVATE)

    assert steps.must_hide(granted(role), private)
    assert steps.allowed(granted(role), private, now=NOW) == ()


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.SECRETARY])
def test_the_office_reads_a_private_matter(role: Role) -> None:
    assert not steps.must_hide(granted(role), ticket(matter=Matter.PRIVATE))
    assert steps.must_hide(granted(role, OTHER), ticket(matter=Matter.PRIVATE))


@pytest.mark.parametrize("tie", list(Tie))
def test_whoever_is_tied_to_a_private_matter_reads_it(tie: Tie) -> None:
    worker = granted(Role.GRID_WORKER)

    assert not steps.must_hide(worker, tied(ticket(matter=Matter.PRIVATE), tie, worker))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"open_to_volunteers": False}, "没有开放给志愿者"),
        ({"handler_id": new_id()}, "已有人在办"),
    ],
)
def test_a_volunteer_claims_only_what_is_open_and_nobodys(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        steps.check_right(granted(Role.VOLUNTEER), Action.CLAIM, ticket(Status.ACCEPTED, **changes))


def test_nobody_claims_what_is_neither_sent_nor_open() -> None:
    with pytest.raises(WrongState, match="还没有派单"):
        steps.check_state(Action.CLAIM, ticket(Status.ACCEPTED, open_to_volunteers=False), now=NOW)


@pytest.mark.parametrize("status", [Status.DISPATCHED, Status.IN_PROGRESS])
def test_a_reporter_takes_back_only_what_is_not_sent_yet(status: Status) -> None:
    reporter = granted(Role.VOLUNTEER)

    with pytest.raises(NotAllowed, match="已派单"):
        steps.check_right(reporter, Action.CANCEL, tied(ticket(status), Tie.REPORTER, reporter))
    for early in (Status.REPORTED, Status.ACCEPTED):
        steps.check_right(reporter, Action.CANCEL, tied(ticket(early), Tie.REPORTER, reporter))


def test_a_closed_ticket_is_reopened_within_fifteen_days_to_the_second() -> None:
    closed = ticket(Status.CLOSED)

    steps.check_state(Action.REOPEN, closed, now=NOW + REOPEN_WITHIN)
    with pytest.raises(WrongState, match="已超过 15 天"):
        steps.check_state(Action.REOPEN, closed, now=NOW + REOPEN_WITHIN + SECOND)


def test_a_closed_ticket_without_a_handler_is_reopened_to_be_sent() -> None:
    assert steps.target(Action.REOPEN, ticket(Status.CLOSED, handler_id=None)) is Status.ACCEPTED


def test_a_ticket_is_urged_once_in_twenty_four_hours_to_the_second() -> None:
    urged = ticket(Status.ACCEPTED, urged_at=NOW)

    with pytest.raises(WrongState, match="已催办过"):
        steps.check_state(Action.URGE, urged, now=NOW + URGE_EVERY - SECOND)
    steps.check_state(Action.URGE, urged, now=NOW + URGE_EVERY)


@pytest.mark.parametrize(
    ("action", "status", "sentence"),
    [
        (Action.CLOSE, Status.REPORTED, "还没有处理人，不能办结，请先派单"),
        (Action.DISPATCH, Status.CLOSED, "已办结，不能再派单；确需再办请先“重新打开”"),
        (Action.RESOLVE, Status.REPORTED, "现在是“待受理”，不能处理完成（要在“处理中”时才可以）"),
    ],
)
def test_a_refused_step_says_what_to_do(action: Action, status: Status, sentence: str) -> None:
    with pytest.raises(WrongState, match=sentence):
        steps.check_state(action, ticket(status), now=NOW)


def test_the_buttons_are_the_steps_that_would_succeed() -> None:
    coordinator = granted(Role.COORDINATOR)

    shown = {status: steps.allowed(coordinator, ticket(status), now=NOW) for status in (Status.REPORTED, Status.CLOSED)}

    assert shown[Status.REPORTED] == (
        Action.ACCEPT,
        Action.REJECT,
        Action.URGE,
        Action.COMMENT,
        Action.EDIT,
        Action.CANCEL,
    )
    assert shown[Status.CLOSED] == (Action.REOPEN, Action.COMMENT)
