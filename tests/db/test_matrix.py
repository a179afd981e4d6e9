"""Every role × every step × own and other area, against the real commands."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

import db
from db import areas, parties, tickets
from db.models import AreaRow
from domain.access import Actor, Role
from domain.areas import Level
from domain.errors import Refused
from domain.tickets import Action, Status, Ticket
from tests.builders import World, report, step
from tests.db.acting import COMMANDS, FROM, at, do
from tests.db.checks import dump

# what each role may do in its own area with a ticket that somebody else reported and dispatched
MAY = {
    Role.ADMIN: "",
    Role.COORDINATOR: "report accept reject dispatch transfer claim contact resolve close verify_fail reopen "
    "cancel urge comment edit support photo",
    Role.SECRETARY: "report accept reject dispatch transfer claim contact resolve close verify_fail reopen "
    "cancel urge comment edit support photo",
    Role.GRID_LEAD: "report accept dispatch transfer claim contact resolve close verify_fail urge comment edit "
    "support photo",
    Role.GRID_WORKER: "report comment support photo",
    Role.BUILDING_HEAD: "report comment support",
    Role.VOLUNTEER: "report",
    Role.LEADER: "urge",
}
PLACES = ("own", "beside", "far")


def actor_of(world: World, role: Role) -> Actor:
    return world.actors[role.value]


def far_community(world: World) -> tuple[UUID, UUID]:
    """Make a community in another street, where nobody of the cast has a grant."""

    def make(tx: Session) -> tuple[UUID, UUID]:
        street = areas.insert_area(tx, level=Level.STREET, name="远方街道", parent_id=None).id
        place = areas.insert_area(tx, level=Level.COMMUNITY, name="远方社区", parent_id=street).id
        return place, parties.insert_party(tx, community_id=place, label="远方师傅")

    return db.run(make)


def official(world: World, community: UUID, handler: UUID) -> World:
    """The same cast, but the ticket's own people hold this community and its handler."""
    grant = db.read(lambda s: areas.grant_of(s, Role.COORDINATOR, s.get_one(AreaRow, community)))
    there = replace(world.colleague, grants=(grant,))
    return replace(world, wang=handler, actors=world.actors | {"colleague": there})


@pytest.mark.slow
@pytest.mark.parametrize("role", list(Role))
def test_a_role_takes_its_steps_in_its_own_area_and_none_outside(world: World, role: Role) -> None:
    far, far_handler = far_community(world)
    beside = {Role.ADMIN: far, Role.LEADER: far}.get(role, world.other_community)
    if role in (Role.GRID_LEAD, Role.GRID_WORKER, Role.BUILDING_HEAD):
        beside = world.other_grid
    in_charge = {
        world.other_community: official(world, world.other_community, party_in(world.other_community)),
        far: official(world, far, far_handler),
    }
    done: dict[str, set[str]] = {place: set() for place in PLACES}
    held: dict[tuple[UUID, Status], Ticket] = {}

    for place, area in zip(PLACES, (world.building, beside, far), strict=True):
        cast = in_charge.get(area, world)
        for action in Action:
            if action not in COMMANDS and action is not Action.REPORT:
                continue
            if may(cast, role, action, area, held):
                done[place].add(action.value)

    assert done == {"own": set(MAY[role].split()), "beside": set(), "far": set()}


def party_in(community: UUID) -> UUID:
    return db.run(lambda tx: parties.insert_party(tx, community_id=community, label="那边的师傅"))


def may(cast: World, role: Role, action: Action, area: UUID, held: dict[tuple[UUID, Status], Ticket]) -> bool:
    """Try it: a refusal must leave every byte of the database as it was."""
    actor = actor_of(cast, role)
    ticket = None if action is Action.REPORT else prepared(cast, action, area, held)
    before = dump()
    try:
        if ticket is None:
            report(cast, actor=actor, area_id=area)
        else:
            do(cast, action, ticket, actor)
    except Refused as refused:
        assert refused.message.endswith(("。", "！")), refused.message
        assert dump() == before
        return False
    held.pop((area, FROM.get(action, Status.REPORTED)), None)
    return dump() != before


def prepared(cast: World, action: Action, area: UUID, held: dict[tuple[UUID, Status], Ticket]) -> Ticket:
    """Give a ticket on which the step leads on: the last one, if it was refused and so is as it was."""
    state = FROM[action]
    if (area, state) not in held:
        held[area, state] = at(cast, state, actor=cast.colleague, area_id=area)
    return held[area, state]


@pytest.mark.parametrize("role", list(Role))
def test_only_volunteers_and_dispatchers_take_what_is_open(world: World, role: Role) -> None:
    ticket = at(world, Status.ACCEPTED, actor=world.colleague, open_to_volunteers=True)
    expected = role in (Role.COORDINATOR, Role.SECRETARY, Role.GRID_LEAD, Role.VOLUNTEER)
    before = dump()

    try:
        done = do(world, Action.CLAIM, ticket, actor_of(world, role)).status is Status.IN_PROGRESS
    except Refused:
        done = dump() != before

    assert done == expected


@pytest.mark.parametrize("action", list(COMMANDS))
def test_a_screen_that_only_reads_changes_nothing(world: World, action: Action) -> None:
    ticket = at(world, FROM[action])
    before = dump()

    with pytest.raises(Refused):
        do(world, action, ticket, replace(world.coordinator, read_only=True))

    assert dump() == before


@pytest.mark.parametrize(
    ("tie", "steps"),
    [
        ("handler", {Action.CLAIM, Action.CONTACT, Action.RESOLVE, Action.COMMENT, Action.PHOTO}),
        ("reporter", {Action.URGE, Action.CANCEL, Action.COMMENT, Action.PHOTO}),
    ],
)
def test_a_volunteer_does_for_their_own_ticket_what_the_tie_allows(world: World, tie: str, steps: set[Action]) -> None:
    volunteer, done = world.volunteer, set()

    for action in COMMANDS:
        by = volunteer if tie == "reporter" else world.colleague
        ticket = own_ticket(world, action, by, volunteer if tie == "handler" else None)
        try:
            do(world, action, ticket, volunteer)
            done.add(action)
        except Refused:
            continue

    assert done == steps


def own_ticket(world: World, action: Action, reporter: Actor, handler: Actor | None) -> Ticket:
    """A ticket of this reporter's and handler's, where the step leads on."""
    handled = replace(world, wang=handler.party_id) if handler and handler.party_id else world
    ticket = report(handled, actor=reporter)
    for way in (Action.ACCEPT, Action.DISPATCH, Action.CLAIM, Action.RESOLVE, Action.CLOSE):
        late_comment = action is Action.COMMENT and handler and ticket.status is not Status.IN_PROGRESS
        if ticket.status is FROM[action] and not late_comment:
            break
        ticket = do(handled, way, ticket, world.colleague)
    return ticket


def test_an_assignment_needs_the_right_to_dispatch(world: World) -> None:
    ticket = report(world)
    before = dump()

    for name in ("admin", "grid_worker", "building_head", "volunteer", "leader", "stranger", "other_grid_worker"):
        with pytest.raises(Refused):
            step(tickets.assign, ticket, world.actors[name], handler_id=world.wang, claimed=True)

    assert dump() == before
