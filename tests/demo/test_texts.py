"""The made-up words: enough of them, short, and in the shipped tree of categories."""

import pytest

from db.categories import SHIPPED
from demo import texts
from demo.texts import THEMES, Theme
from domain.tickets import RejectReason, Satisfaction


def test_there_are_enough_matters_that_the_board_does_not_repeat_itself() -> None:
    assert len({theme.title for theme in THEMES}) >= 100


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.title)
def test_a_matter_has_a_short_title_and_a_shipped_category(theme: Theme) -> None:
    assert len(theme.title) <= 20
    assert theme.child in SHIPPED[theme.top][1]
    assert theme.told and theme.done
    assert theme.marks <= {"slow", "fast", "hard", "big", "rain", "hot", "cold", "night", "post"}


def test_every_answer_and_every_refusal_has_words_of_its_own() -> None:
    assert texts.FOLLOWED_UP.keys() == {s.value for s in Satisfaction}
    assert {RejectReason(reason) for _, _, reason, _ in texts.REJECTED} >= {RejectReason.ELSEWHERE, RejectReason.COURT}
