"""The ladder: who is asked when, and a clock that only goes forward."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import ladder
from domain.care import Tier
from domain.errors import Invalid
from domain.incidents import Cause, Who
from domain.ladder import DEFAULTS, Clock, Taken
from tests.builders import NOW

MINUTE = timedelta(minutes=1)
STEPS = DEFAULTS[Cause.CLOSED]
LAST = len(STEPS) - 1


def test_the_usual_ladder_knocks_then_asks_desk_building_grid_secretary_and_street() -> None:
    asked = [(step.after, step.who) for step in STEPS]

    assert asked == [
        (0, (Who.LOOKER,)),
        (10, (Who.DUTY,)),
        (20, (Who.BUILDING_HEAD,)),
        (30, (Who.GRID_WORKER, Who.CONTACTS)),
        (45, (Who.SECRETARY,)),
        (60, (Who.STREET,)),
    ]


@pytest.mark.parametrize("cause", Cause)
def test_every_default_ladder_passes_the_check_of_an_edited_one(cause: Cause) -> None:
    assert ladder.checked([ladder.written(step) for step in DEFAULTS[cause]]) == DEFAULTS[cause]


@pytest.mark.parametrize(("tier", "after"), [(Tier.A, 5), (Tier.B, 10), (Tier.C, 20)])
def test_a_graver_tier_halves_the_times_and_a_lighter_one_doubles_them(tier: Tier, after: float) -> None:
    held = ladder.read(ladder.frozen(STEPS, Cause.CLOSED, tier))

    assert held[1].after == after
    assert held[LAST].ack == ladder.REPEAT_MINUTES


def test_a_button_is_never_slowed_down_by_a_light_tier() -> None:
    held = ladder.read(ladder.frozen(DEFAULTS[Cause.BUTTON], Cause.BUTTON, Tier.C))

    assert held == DEFAULTS[Cause.BUTTON]
    assert {Who.SECRETARY, Who.GRID_WORKER, Who.CONTACTS, Who.DUTY} <= set(held[0].who)


def test_who_is_hard_of_hearing_gets_a_knock_along_with_the_call() -> None:
    held = ladder.read(ladder.frozen(STEPS, Cause.CLOSED, Tier.B, hard_of_hearing=True))

    assert held[1].who == (Who.DUTY, Who.BUILDING_HEAD)
    assert "敲门" in held[1].text


def test_a_step_is_taken_at_its_moment_and_not_before() -> None:
    clock = ladder.start(STEPS, NOW)

    assert ladder.due(STEPS, clock, NOW + 10 * MINUTE - timedelta(seconds=1)) == ([], clock)
    taken, after = ladder.due(STEPS, clock, NOW + 10 * MINUTE)
    assert taken == [Taken(1, 0, NOW + 10 * MINUTE)]
    assert after == Clock(1, 0, NOW + 20 * MINUTE)


def test_the_last_step_is_repeated_every_quarter_of_an_hour() -> None:
    clock = Clock(LAST, 0, NOW)

    taken, clock = ladder.due(STEPS, clock, NOW)
    again, clock = ladder.due(STEPS, clock, NOW + 15 * MINUTE)

    assert [taken[0].repeat_no, again[0].repeat_no] == [1, 2]
    assert clock.next_at == NOW + 30 * MINUTE


def test_an_answer_stops_the_clock_for_its_time_and_then_the_next_step_is_due() -> None:
    clock = ladder.answered(Clock(1, 0, NOW + 2 * MINUTE), NOW, 20)

    assert ladder.due(STEPS, clock, NOW + 19 * MINUTE)[0] == []
    taken, after = ladder.due(STEPS, clock, NOW + 20 * MINUTE)
    assert [one.step for one in taken] == [2]
    assert after.next_at == NOW + 30 * MINUTE


@pytest.mark.parametrize("minutes", [0, -5, 61, 10_000])
def test_an_answer_cannot_switch_the_ladder_off(minutes: float) -> None:
    with pytest.raises(Invalid, match="1到60分钟"):
        ladder.answered(ladder.start(STEPS, NOW), NOW, minutes)


@given(minutes=st.integers(0, 180), cause=st.sampled_from(list(Cause)), tier=st.sampled_from(list(Tier)))
def test_after_an_outage_each_missed_step_comes_once_in_order_and_the_next_lies_ahead(
    minutes: int, cause: Cause, tier: Tier
) -> None:
    steps = ladder.read(ladder.frozen(DEFAULTS[cause], cause, tier))
    now = NOW + minutes * MINUTE

    taken, clock = ladder.due(steps, ladder.start(steps, NOW), now)

    assert [one.due_at for one in taken] == sorted(one.due_at for one in taken)
    first_time = [one.step for one in taken if one.repeat_no == 0]
    assert first_time == [n for n, step in enumerate(steps) if 0 < step.after <= minutes]
    assert len(taken) - len(first_time) <= 1
    assert clock.next_at > now


@given(st.lists(st.integers(-120, 120), min_size=1, max_size=30), st.sampled_from(list(Cause)))
def test_a_clock_that_jumps_to_and_fro_neither_repeats_nor_leaves_out_a_step(jumps: list[int], cause: Cause) -> None:
    steps = DEFAULTS[cause]
    clock, wall, seen = ladder.start(steps, NOW), NOW, [(0, 0)]

    for jump in jumps:
        wall += jump * MINUTE
        taken, clock = ladder.due(steps, clock, wall)
        seen += [(one.step, one.repeat_no) for one in taken]

    assert len(seen) == len(set(seen))
    assert [step for step, lap in seen if lap == 0] == list(range(len([1 for _, lap in seen if lap == 0])))


def test_the_next_step_never_lies_farther_ahead_than_the_ladder_waits() -> None:
    assert ladder.farthest(STEPS, 0, answered=False) == 10 * MINUTE
    assert ladder.farthest(STEPS, 0, answered=True) == 60 * MINUTE
    assert ladder.farthest(STEPS, LAST, answered=False) == 15 * MINUTE


BAD = {
    "no steps": [],
    "does not begin at once": [replace(STEPS[0], after=1)],
    "two at one moment": [STEPS[0], replace(STEPS[1], after=0)],
    "nobody": [replace(STEPS[0], who=())],
    "no time to answer": [replace(STEPS[0], ack=0)],
    "too long": [replace(STEPS[0], text="字" * 61)],
}


@pytest.mark.parametrize("steps", BAD.values(), ids=BAD)
def test_an_edited_ladder_that_would_leave_somebody_lying_is_refused(steps: list[ladder.Step]) -> None:
    with pytest.raises(Invalid):
        ladder.checked([ladder.written(step) for step in steps])


def test_a_ladder_that_is_no_ladder_is_refused_in_words() -> None:
    for garbled in ([{"who": ["duty"]}], [{"after": 0, "who": ["nobody"], "ack": 5, "text": ""}], 7):
        with pytest.raises(Invalid):
            ladder.checked(garbled)
