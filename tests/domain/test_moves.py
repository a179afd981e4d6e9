"""What a drop means: every case of every column has a step or a sentence, and the commands agree."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain import steps
from domain.access import Actor, Grant, Role
from domain.areas import Level
from domain.due import Grade
from domain.errors import WrongState
from domain.moves import SPOTS, leads, meant, why_not
from domain.tickets import COLUMN_OF, Action, Channel, Column, Kind, Status, Ticket, Tie

A, S, C = Action, Status, Column
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
ME, OTHER = UUID(int=11), UUID(int=12)
TICKET = Ticket(
    id=OTHER, no="E0012", community_id=OTHER, area_id=OTHER, area_path="/a/", kind=Kind.REPORT, status=S.REPORTED,
    title="", address="", category_id=None, matter=None, grade=Grade.NORMAL, channel=Channel.PHONE, handler_id=None,
    handler_user_id=None, reporter_user_id=None, dispatched_by=None, open_to_volunteers=False, round_no=1,
    reported_at=NOW, due_at=None, first_contact_at=None, urged_at=None, closed_at=None, version=1,
)  # fmt: skip
TIED = {Tie.HANDLER: "handler_user_id", Tie.REPORTER: "reporter_user_id", Tie.DISPATCHER: "dispatched_by"}


def who(*roles: Role, read_only: bool = False) -> Actor:
    grants = tuple(Grant(role, OTHER, "/a/", Level.COMMUNITY, frozenset({OTHER})) for role in roles)
    return Actor(ME, "", grants=grants, read_only=read_only)


def at(name: str, tie: Tie | None = None) -> Ticket:
    """A ticket in this spot, held by somebody from the dispatch on."""
    status, _, more = name.partition(".")
    nobody = status in (S.REPORTED, S.ACCEPTED) or more == "nobody"
    found = replace(
        TICKET, status=S(status), handler_id=None if nobody else OTHER, open_to_volunteers=more == "offered"
    )
    found = replace(found, closed_at=NOW if status == S.CLOSED else None)
    return replace(found, **{TIED[tie]: ME}) if tie else found  # type: ignore[arg-type]


COORDINATOR = who(Role.COORDINATOR)


@pytest.mark.parametrize(
    ("spot", "column", "tie", "action"),
    [
        ("reported", C.DOING, None, A.DISPATCH),
        ("accepted", C.DOING, None, A.DISPATCH),
        ("accepted.offered", C.DOING, None, A.DISPATCH),
        ("dispatched", C.TODO, Tie.DISPATCHER, A.RECALL),
        ("in_progress", C.FOLLOW_UP, None, A.RESOLVE),
        ("resolved", C.DONE, None, A.CLOSE),
        ("resolved", C.DOING, None, A.VERIFY_FAIL),
        ("closed", C.DOING, None, A.REOPEN),
        ("closed.nobody", C.TODO, None, A.REOPEN),
        ("rejected", C.TODO, None, A.REOPEN),
        ("cancelled", C.TODO, None, A.REOPEN),
    ],
)
def test_a_drop_means_the_step_that_leads_there(spot: str, column: Column, tie: Tie | None, action: Action) -> None:
    assert meant(COORDINATOR, at(spot, tie), column, now=NOW) is action


def test_a_volunteer_drops_what_is_offered_to_claim_it() -> None:
    volunteer = who(Role.VOLUNTEER)

    assert meant(volunteer, at("accepted.offered"), C.DOING, now=NOW) is A.CLAIM
    with pytest.raises(WrongState, match="由社区工作者或经办人"):
        meant(volunteer, at("accepted"), C.DOING, now=NOW)


@pytest.mark.parametrize(
    ("spot", "column", "why"),
    [
        ("accepted", C.FOLLOW_UP, "还没有派单，不能直接到“待回访”"),
        ("accepted.offered", C.FOLLOW_UP, "还没有派单，不能直接到“待回访”"),
        ("dispatched", C.TODO, "只有派单的人可以撤回"),
        ("in_progress", C.TODO, "转派"),
        ("closed.nobody", C.DOING, "没有处理人"),
        ("closed", C.TODO, "移到“处理中”"),
    ],
)
def test_a_drop_that_leads_nowhere_says_why(spot: str, column: Column, why: str) -> None:
    with pytest.raises(WrongState, match=f"E0012 .*{why}"):
        meant(COORDINATOR, at(spot), column, now=NOW)


def test_a_reopened_ticket_past_its_days_does_not_move() -> None:
    old = replace(at("closed"), closed_at=datetime(2026, 1, 1, tzinfo=UTC))

    with pytest.raises(WrongState):
        meant(COORDINATOR, old, C.DOING, now=NOW)


def test_a_drop_where_it_already_is_says_so() -> None:
    with pytest.raises(WrongState, match="已经在“处理中”"):
        meant(COORDINATOR, at("in_progress"), C.DOING, now=NOW)


@pytest.mark.parametrize("spot", SPOTS)
@pytest.mark.parametrize("column", Column)
def test_every_column_has_a_step_or_a_sentence_of_its_own(spot: str, column: Column) -> None:
    if COLUMN_OF.get(at(spot).status, C.DONE) is column:  # a search shows the rejected among the done
        return
    steps_there = [lead for lead in leads(spot, Role) if lead.column is column and lead.anyone]

    assert bool(steps_there) != ("由社区工作者或经办人" not in why_not(spot, column))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("spot", SPOTS)
@pytest.mark.parametrize("tie", [None, *Tie])
def test_the_board_offers_what_the_commands_let_through(role: Role, spot: str, tie: Tie | None) -> None:
    ticket = at(spot, tie)
    offered = {lead.action for lead in leads(spot, {role}) if lead.anyone or tie in lead.ties}

    allowed = set(steps.allowed(who(role), ticket, now=NOW)) - {A.EDIT, A.COMMENT}
    if ticket.status is S.REPORTED and A.ACCEPT in allowed:  # one form for both
        allowed |= {A.DISPATCH}
    assert offered == allowed


def test_who_only_reads_is_offered_nothing() -> None:
    assert [lead for spot in SPOTS for lead in leads(spot, Role, read_only=True)] == []
