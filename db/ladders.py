"""The ladders of a community: a setting by cause; where none was set, the program's own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from db import rules
from db.areas import get as area_of
from db.writes import audit
from domain import access
from domain.access import Actor
from domain.incidents import Cause
from domain.ladder import DEFAULTS, Step, checked, read, written


def _name(community_id: UUID) -> str:
    return f"ladder.{community_id.hex}"


def in_force(session: Session, community_id: UUID, cause: Cause) -> tuple[Step, ...]:
    held: dict[str, Any] = rules.get_raw(session, _name(community_id)) or {}
    return read(held[cause]) if cause in held else DEFAULTS[cause]


def changed(session: Session, community_id: UUID) -> frozenset[Cause]:
    """List the causes for which a community has a ladder of its own."""
    return frozenset(Cause(cause) for cause in rules.get_raw(session, _name(community_id)) or {})


def change(
    tx: Session, *, actor: Actor, community_id: UUID, cause: Cause, steps: Sequence[Step] | None, now: datetime
) -> tuple[Step, ...]:
    """Set a community's ladder for a cause, or with None go back to the program's own; open incidents keep theirs."""
    access.check(actor, "incidents.ladder", area_of(tx, community_id).path)
    held: dict[str, Any] = dict(rules.get_raw(tx, _name(community_id)) or {})
    held.pop(cause.value, None)
    if steps is not None:
        held[cause.value] = [written(step) for step in checked([written(step) for step in steps])]
    rules.put(tx, _name(community_id), held)
    audit(tx, "ladder.change", actor_id=actor.user_id, subject_id=community_id, detail=cause.value, now=now)
    return in_force(tx, community_id, cause)
