"""Whether two users live together, as far as the register can tell."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import crypto
from db.models import PartyRow, PersonRow, UserRow


def same_household(session: Session, one: UUID, other: UUID) -> bool:
    """Tell whether two users are one person, or give one address or one landline.

    That is all the register can tell: who gave neither counts as a household of their own.
    """
    if one == other:
        return True
    mine, theirs = _home(session, one), _home(session, other)
    return any(a and a == b for a, b in zip(mine, theirs, strict=True))


def _home(session: Session, user_id: UUID) -> tuple[Any, str, str]:
    """Give person, address and landline of a user, as far as they are known."""
    own = select(UserRow.person_id).where(UserRow.id == user_id)
    party = select(PartyRow.person_id).where(PartyRow.user_id == user_id)
    person = session.scalars(own).first() or session.scalars(party).first()
    row = session.get(PersonRow, person) if person else None
    if row is None:
        return (None, "", "")
    address, phone = "".join(crypto.unseal(row.address).split()), crypto.unseal(row.phone)
    return (person, address, "" if phone.startswith("1") else phone)
