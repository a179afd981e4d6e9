"""What looks say together: monotone, in any order, however often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.care import Look
from domain.fusion import Evidence, Level, level_of, weigh

ANY = st.lists(st.sampled_from([look for look in Look if look is not Look.UNDO]), max_size=8)
GOOD = [Look.OK, Look.FINE, Look.TALKED, Look.WEAK]
BAD = [Look.CLOSED, Look.NONE, Look.HELP]


@given(ANY, st.sampled_from(GOOD))
def test_one_more_good_sign_never_makes_it_worse(seen: list[Look], more: Look) -> None:
    assert weigh([*seen, more]).level <= weigh(seen).level


@given(ANY, st.sampled_from(BAD))
def test_one_more_bad_sign_never_makes_it_better(seen: list[Look], more: Look) -> None:
    assert weigh([*seen, more]).level >= weigh(seen).level


@given(ANY, st.randoms())
def test_neither_order_nor_repetition_counts(seen: list[Look], dice: object) -> None:
    mixed = [*seen, *seen[:3]]
    dice.shuffle(mixed)  # type: ignore[attr-defined]

    assert weigh(mixed) == weigh(seen)


@given(ANY)
def test_a_device_that_is_off_says_nothing(seen: list[Look]) -> None:
    assert weigh([*seen, Look.OFFLINE]) == weigh(seen)


@given(ANY)
def test_a_call_for_help_is_an_emergency_whatever_else_is_seen(seen: list[Look]) -> None:
    assert weigh([*seen, Look.HELP]).level is Level.EMERGENCY


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        ([], Level.UNKNOWN),
        ([Look.OFFLINE], Level.UNKNOWN),
        ([Look.UNCLEAR], Level.UNKNOWN),
        ([Look.OK], Level.SAFE),
        ([Look.FINE], Level.SAFE),
        ([Look.WEAK], Level.DELAY),
        ([Look.CLOSED], Level.ALERT),
        ([Look.NONE], Level.VERIFY),
        ([Look.CLOSED, Look.OK], Level.VERIFY),
        ([Look.CLOSED, Look.WEAK], Level.VERIFY),
        ([Look.NONE, Look.OK], Level.VERIFY),
        ([Look.CLOSED, Look.NONE], Level.URGENT),
        ([Look.CLOSED, Look.NONE, Look.WEAK], Level.ALERT),
        ([Look.CLOSED, Look.NONE, Look.TALKED], Level.SAFE),
        ([Look.TALKED, Look.HELP], Level.EMERGENCY),
    ],
)
def test_the_table(seen: list[Look], level: Level) -> None:
    assert weigh(seen).level is level


def test_weak_signs_alone_are_never_enough() -> None:
    assert level_of(frozenset({Evidence.WEAK})) > Level.SAFE


def test_a_sign_seen_after_it_was_missing_does_not_undo_that_it_was_missing() -> None:
    assert weigh([Look.CLOSED, Look.OK]).no_sign
    assert not weigh([Look.CLOSED, Look.TALKED]).no_sign
