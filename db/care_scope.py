"""Which elders, looks and incidents somebody sees: those of the areas where they are staff."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select, text
from sqlalchemy.orm import Session

from db.models import ElderRow
from domain.access import RIGHTS, Actor, communities_of, grants_for
from domain.errors import NotFound
from domain.incidents import ENDED_STATES, IncidentState

# as the partial index has it, literally: with parameters in it no engine would know it again
_ENDED = ", ".join(f"'{state}'" for state in IncidentState if state in ENDED_STATES)
RUNNING = text(f"incident.state NOT IN ({_ENDED})")


def may_see(actor: Actor, row: Any = ElderRow) -> ColumnElement[bool]:
    """Say it in SQL for any row with `community_id` and `area_path`; the community leads, as the indexes do."""
    parts: list[ColumnElement[bool]] = []
    for grant in grants_for(actor, RIGHTS["checkins.read"]):
        held: ColumnElement[bool] = row.community_id.in_(grant.community_ids)
        if not grant.whole_communities:
            held = and_(held, row.area_path.startswith(grant.area_path))
        parts.append(held)
    return or_(false(), *parts)


def communities(actor: Actor) -> frozenset[UUID]:
    return communities_of(grants_for(actor, RIGHTS["checkins.read"]))


def elder(session: Session, actor: Actor, elder_id: UUID) -> ElderRow:
    """Load an elder of the actor's areas, or refuse."""
    row = session.scalars(select(ElderRow).where(ElderRow.id == elder_id, may_see(actor))).one_or_none()
    if row is None:
        raise NotFound("没有找到这位老人，可能已退出，或不在您的辖区。")
    return row
