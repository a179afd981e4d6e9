"""Whatever anybody does in whatever order: the tickets stay whole and the buttons tell the truth."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import db
from db.ticket_events import load
from domain import steps
from domain.access import Actor
from domain.due import Matter
from domain.errors import NotFound, Refused
from domain.ids import new_key
from domain.steps import TRANSITIONS
from domain.tickets import Action, Kind, Ticket
from settings import Settings
from tests.builders import NOW, World, make_world, report
from tests.db.acting import COMMANDS, do
from tests.db.checks import dump, faults


class Move(NamedTuple):
    who: str
    wish: int  # which of the buttons they have, round and round
    dare: Action | None  # or a step without looking at the buttons
    ticket: int  # which of the story's tickets, round and round
    stale: bool  # as it was two moves ago
    again: bool  # the form is sent twice
    handler: int  # to whom it is dispatched
    hours: int  # since the move before


NAMES = (
    ("coordinator",) * 6
    + ("colleague", "secretary", "grid_lead", "grid_worker", "building_head")
    + ("volunteer", "volunteer2", "leader", "admin", "stranger")
)
moves = st.builds(
    Move,
    st.sampled_from(NAMES),
    st.sampled_from([0] * 8 + [1] * 4 + list(range(14))),  # the first leads on towards the close
    st.sampled_from([None, None, None, *(a for a in COMMANDS if TRANSITIONS[a].by_hand)]),
    st.integers(0, 2),
    st.sampled_from([False] * 9 + [True]),
    st.sampled_from([False] * 4 + [True]),
    st.integers(0, 3),
    st.sampled_from([0] * 12 + [1, 30, 24 * 16]),
)
stories = st.lists(moves, min_size=40, max_size=40)
quickly = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def play(world: World, story: list[Move]) -> None:
    """Make three tickets and move them about; each move must do what its button promised."""
    held = [
        report(world, kind=Kind.SERVICE, actor=world.volunteer),
        report(world, matter=Matter.PRIVATE),
        report(world, area_id=world.other_grid),
    ]
    older, now = list(held), NOW
    for move in story:
        now += timedelta(hours=move.hours)
        place = move.ticket
        seen = older[place] if move.stale else held[place]
        after = one_move(world, move, seen, held[place], now)
        if after is not None:
            older[place], held[place] = held[place], after


def one_move(world: World, move: Move, seen: Ticket, current: Ticket, now: datetime) -> Ticket | None:
    actor, key = world.actors[move.who], new_key()
    shown = buttons(actor, current, now)
    action = move.dare or (shown[move.wish % len(shown)] if shown else Action.COMMENT)
    more = {"handler_id": handlers(world)[move.handler]} if action is Action.DISPATCH else {}
    promised = seen.version == current.version and action in shown
    before = dump() if not promised else None
    try:
        after = do(world, action, seen, actor, now=now, key=key, **more)
    except Refused as refused:
        assert not promised, f"{move} was promised and refused: {refused}"
        assert dump() == before
        return None
    assert promised, f"{move} was done without a button"
    if move.again:
        assert do(world, action, seen, actor, now=now, key=key, **more) == after
    return after


def handlers(world: World) -> list[UUID | None]:
    return [world.wang, world.coordinator.party_id, world.grid_worker.party_id, world.volunteer.party_id]


def buttons(actor: Actor, ticket: Ticket, now: datetime) -> tuple[Action, ...]:
    """List what this person's buttons would be, those that lead on first."""
    try:
        mine = db.read(load, actor, ticket.id)
    except NotFound:
        return ()
    return tuple(sorted(steps.allowed(actor, mine, now=now), key=lambda action: not TRANSITIONS[action].targets))


@quickly
@given(story=stories)
def test_no_sequence_of_steps_breaks_a_ticket(world: World, story: list[Move]) -> None:
    play(world, story)

    assert faults() == []


@pytest.mark.pg
@quickly
@given(story=stories)
def test_no_sequence_of_steps_breaks_a_ticket_on_postgresql(pg_world: World, story: list[Move]) -> None:
    play(pg_world, story)

    assert faults() == []


@pytest.fixture
def pg_world(db_postgres_once: Settings) -> World:
    return make_world()
