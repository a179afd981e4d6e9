"""Keys made here and not by the database, so that every engine gets the same ones."""

from uuid import UUID

import uuid6


def new_id() -> UUID:
    """Make a time-ordered UUIDv7."""
    return UUID(int=uuid6.uuid7().int)


def parse_id(text: str | None) -> UUID | None:
    """Read an id out of a link; anything else is None, never an error."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def new_key() -> str:
    """Make the idempotency key that a form carries."""
    return uuid6.uuid7().hex
