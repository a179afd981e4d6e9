"""What differs between two drawings: patched in, it is the new one, and it is found in a moment."""

import time
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.board import Board, BoardColumn, Figures
from domain.tickets import Column
from tests.ui.test_markup import CARD, NOW
from ui.board import markup
from web import patches

LETTERS = st.lists(st.sampled_from(["a", "b", "c", "<li>d</li>", "<li>e</li>", "<li>f</li>"]), max_size=12)


def board(cards: int, word: str = "") -> str:
    held = tuple(replace(CARD, id=UUID(int=n), title=f"第{n}件{word}") for n in range(cards))
    columns = (BoardColumn(Column.TODO, cards, held), BoardColumn(Column.DOING, 0, ()))
    return markup.board_html(Board(columns, Figures(0, 0, 0, 0), NOW))


def seconds(had: patches.Sums, pieces: tuple[bytes, ...]) -> float:
    sums, begun = patches.sums_of(pieces), time.process_time()
    patches.operations(had, pieces, sums)
    return time.process_time() - begun


@given(LETTERS, LETTERS)
def test_the_difference_makes_the_new_one_of_the_old(old: list[str], new: list[str]) -> None:
    had, pieces = patches.split("".join(old)), patches.split("".join(new))

    held = [piece.decode() for piece in had]
    for start, end, more in reversed(patches.operations(patches.sums_of(had), pieces, patches.sums_of(pieces))):
        held[start:end] = more

    assert held == [piece.decode() for piece in pieces]
    assert "" not in held


def test_a_card_that_moves_is_the_only_one_sent() -> None:
    cards = [f"<li>{n}</li>" for n in range(50)]
    had = patches.sums_of(patches.split("".join(cards)))
    pieces = patches.split("".join([*cards[:10], *cards[11:40], cards[10], *cards[40:]]))

    made = patches.operations(had, pieces, patches.sums_of(pieces))

    assert made == [(10, 11, []), (40, 40, [cards[10]])]


@pytest.mark.parametrize("cards", [240, 720, 2400])
def test_a_board_whose_every_card_changed_is_compared_at_once(cards: int) -> None:
    old, new = patches.split(board(cards)), patches.split(board(cards, "又变了"))

    assert not set(old[1:-1]) & set(new[1:-1])
    assert seconds(patches.sums_of(old), new) < 0.05


@pytest.mark.parametrize("one", [0, 7])
def test_whatever_a_browser_says_that_it_has_is_compared_at_once(one: int) -> None:
    pieces = patches.split(board(720))
    sums = patches.sums_of(pieces)

    for had in ((one,) * 12_000, (sums[1], sums[2]) * 6_000, tuple(range(12_000)), sums[::-1] * 16):
        assert seconds(had, pieces) < 0.1
