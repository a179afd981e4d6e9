"""Passwords: the rules, and the random ones."""

import pytest

from domain import passwords
from domain.accounts import spoken, wait_after
from domain.errors import Invalid


@pytest.mark.parametrize("password", ["梧桐树下的小猫咪", "correct horse", "k7wm-p2xd-9hqa"])
def test_eight_characters_that_nobody_guesses_are_enough(password: str) -> None:
    passwords.check(password, login="linfang")


def test_seven_characters_are_too_few() -> None:
    with pytest.raises(Invalid, match="至少 8 位"):
        passwords.check("梧桐树下的小猫", login="linfang")


@pytest.mark.parametrize("password", ["12345678", "Password", "QWERTYUIOP", "11111111", "12121212", "gnafnil9"])
def test_a_guessable_one_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.check(password, login="9linfang")


def test_random_ones_differ_and_pass_the_rules() -> None:
    made = {passwords.generate() for _ in range(200)}

    assert len(made) == 200
    for password in made:
        passwords.check(password, login="linfang")


def test_the_wait_grows_to_a_quarter_of_an_hour() -> None:
    waits = [int(wait_after(failures).total_seconds()) for failures in (0, 4, 5, 6, 13, 14, 1_000_000)]

    assert waits == [0, 0, 2, 4, 512, 900, 900]


def test_a_wait_is_said_in_seconds_or_full_minutes() -> None:
    assert [spoken(s) for s in (2, 59, 60, 61, 900)] == ["2 秒", "59 秒", "1 分钟", "2 分钟", "15 分钟"]
