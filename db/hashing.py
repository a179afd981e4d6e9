"""Password hashes: argon2id, and never more than two at once in this process."""

import secrets
import threading
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHash

from domain.errors import Busy

UNUSABLE = "!"  # a demo user has no password: there is only the button
hasher = PasswordHasher()
_turn = threading.Semaphore(2)  # each takes 64 MiB: a burst of logins must not exhaust the machine
_PATIENCE_SECONDS = 10.0


@lru_cache(maxsize=1)
def _nobody() -> str:
    return hasher.hash(secrets.token_urlsafe(16))


def make(password: str) -> str:
    _wait_turn()
    try:
        return hasher.hash(password)
    finally:
        _turn.release()


def matches(stored: str | None, password: str) -> bool:
    """Compare; where there is no user or no password, spend the same time and say no."""
    real = stored if stored and stored != UNUSABLE else None
    _wait_turn()
    try:
        return hasher.verify(real or _nobody(), password) and real is not None
    except (Argon2Error, InvalidHash):
        return False
    finally:
        _turn.release()


def _wait_turn() -> None:
    if not _turn.acquire(timeout=_PATIENCE_SECONDS):
        raise Busy()


def is_outdated(stored: str) -> bool:
    return stored != UNUSABLE and hasher.check_needs_rehash(stored)
