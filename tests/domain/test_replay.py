from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.replay import REPLAYED, Event, broken_steps, chain, replay
from domain.steps import TRANSITIONS
from domain.tickets import Action, Status

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def event(seq: int, action: Action, before: Status | None, after: Status, **changes: Any) -> Event:
    return Event(seq, action, before, after, 1, None, NOW, changes, "", "")


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Walk the table at random from a report."""
    status = Status.REPORTED
    told = [event(1, Action.REPORT, None, status, handler_id=[None, None])]
    for seq in range(2, draw(st.integers(1, 15)) + 2):
        step = draw(st.sampled_from([t for t in TRANSITIONS.values() if status in t.sources]))
        after = draw(st.sampled_from(step.targets)) if step.targets else status
        changes = draw(st.dictionaries(st.sampled_from(REPLAYED[2:]), st.tuples(st.none(), st.integers())))
        told.append(event(seq, step.action, status, after, **changes))
        status = after
    return told


@settings(max_examples=40)
@given(histories())
def test_every_walk_along_the_table_is_whole_and_ends_where_its_events_say(told: list[Event]) -> None:
    assert broken_steps(told) == []
    assert replay(told)["status"] == told[-1].to_status


@settings(max_examples=40)
@given(histories())
def test_the_last_change_of_a_field_is_the_one_that_holds(told: list[Event]) -> None:
    last = {name: pair[1] for one in told for name, pair in one.changes.items()}

    assert {name: replay(told)[name] for name in last} == last


@settings(max_examples=40)
@given(histories(), st.data())
def test_an_event_left_out_is_noticed(told: list[Event], data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, len(told) - 2)) if len(told) > 1 else 0

    assert broken_steps(told[:gone] + told[gone + 1 :]) or len(told) == 1


@pytest.mark.parametrize(
    "told",
    [
        [event(1, Action.ACCEPT, None, Status.ACCEPTED)],
        [event(1, Action.COMMENT, None, Status.REPORTED)],
        [event(2, Action.REPORT, None, Status.REPORTED)],
        [event(1, Action.REPORT, None, Status.CLOSED)],
        [event(1, Action.REPORT, Status.CLOSED, Status.REPORTED)],
        [event(1, Action.REPORT, None, Status.REPORTED), event(2, Action.REPORT, None, Status.REPORTED)],
        [event(1, Action.REPORT, None, Status.REPORTED), event(2, Action.CLOSE, Status.REPORTED, Status.CLOSED)],
        [event(1, Action.REPORT, None, Status.REPORTED), event(2, Action.ACCEPT, Status.REPORTED, Status.CLOSED)],
        [event(1, Action.REPORT, None, Status.REPORTED), event(2, Action.COMMENT, Status.REPORTED, Status.CLOSED)],
        [event(1, Action.REPORT, None, Status.REPORTED), event(2, Action.ACCEPT, Status.ACCEPTED, Status.ACCEPTED)],
    ],
)
def test_a_history_that_the_table_does_not_allow_is_named(told: list[Event]) -> None:
    assert len(broken_steps(told)) == 1


def test_a_text_that_changed_says_nothing_of_what_it_was() -> None:
    told = [event(1, Action.REPORT, None, Status.REPORTED, title=None, grade=[None, "normal"])]

    assert replay(told)["grade"] == "normal"
    assert "title" not in replay(told)


def test_the_chain_depends_on_everything_before() -> None:
    one = chain("", "a")

    assert len({one, chain("", "b"), chain(one, "a"), chain(one, "b"), chain(chain("", "b"), "a")}) == 5


def test_a_round_is_replayed_from_the_event_itself() -> None:
    told = event(1, Action.REPORT, None, Status.REPORTED)

    assert replay([replace(told, round_no=3)])["round_no"] == 3
