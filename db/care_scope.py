"""Which elders, looks and incidents somebody sees: those of the areas where they are staff."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

from db.models import ElderRow
from db.points import scope
from domain.access import RIGHTS, Actor, communities_of, grants_for


def may_see(actor: Actor, row: Any = ElderRow) -> ColumnElement[bool]:
    """Say it in SQL for any row with `community_id` and `area_path`; the community leads, as the indexes do."""
    return scope(grants_for(actor, RIGHTS["checkins.read"]), row.community_id, row.area_path)


def communities(actor: Actor) -> frozenset[UUID]:
    return communities_of(grants_for(actor, RIGHTS["checkins.read"]))
