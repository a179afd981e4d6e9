"""Names in a file → areas, categories and handlers; what is missing is made, or the row refused."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import areas, categories, parties
from db.models import AreaRow, CategoryRow, PartyRow
from domain.access import RIGHTS, Actor
from domain.areas import Level
from domain.imports import Incoming


class Lookup:
    """One chunk's look-ups, each name asked for once."""

    def __init__(self, tx: Session, actor: Actor, community_id: UUID) -> None:
        self.tx, self.community_id = tx, community_id
        ids = frozenset().union(*(g.community_ids for g in actor.grants if g.role in RIGHTS["tickets.import"]))
        rows = tx.scalars(select(AreaRow).where(AreaRow.community_id.in_(ids), AreaRow.valid_to.is_(None))).all()
        self.communities = {r.name: r.id for r in rows if r.level == Level.COMMUNITY}
        self.communities |= {r.code: r.id for r in rows if r.level == Level.COMMUNITY and r.code}
        self.grids = {(r.community_id, r.name): r.id for r in rows if r.level == Level.GRID}
        self.places: dict[UUID, dict[str, Any]] = {}
        self.categories: dict[tuple[str, str], tuple[UUID | None, str | None]] = {}
        self.handlers: dict[tuple[UUID, str], UUID] = {}

    def problem(self, row: Incoming) -> tuple[str, str] | None:
        """Name the field and the reason if the row can't go in: an unknown community."""
        if row.community and row.community not in self.communities:
            known = "、".join(sorted(self.communities)[:8])
            return "community", f"没有社区“{row.community}”，可写：{known}"
        return None

    def place(self, row: Incoming) -> dict[str, Any]:
        community = self.communities[row.community] if row.community else self.community_id
        area = self.grids.get((community, row.grid), community)
        if area not in self.places:
            self.places[area] = areas.place_columns(self.tx, area)
        return self.places[area]

    def category(self, name: str, child: str) -> tuple[UUID | None, str | None]:
        """Match the two names, or the one, against the tree; make what is missing."""
        if not name and not child:
            return None, None
        asked = (name[:40], child[:40])
        if asked not in self.categories:
            self.categories[asked] = self._category(*asked)
        return self.categories[asked]

    def _category(self, name: str, child: str) -> tuple[UUID | None, str | None]:
        if not name or not child:
            found = self._named(name or child)
            return found or (categories.insert_category(self.tx, name or child, None, None), None)
        parent = self._named(name, top=True)
        parent_id = parent[0] if parent else categories.insert_category(self.tx, name, None, None)
        query = select(CategoryRow).where(CategoryRow.parent_id == parent_id, CategoryRow.name == child)
        row = self.tx.scalars(query).first()
        if row:
            return row.id, row.matter
        return categories.insert_category(self.tx, child, parent_id, None), parent[1] if parent else None

    def _named(self, name: str, *, top: bool = False) -> tuple[UUID, str | None] | None:
        query = select(CategoryRow).where(CategoryRow.name == name)
        if top:
            query = query.where(CategoryRow.parent_id.is_(None))
        rows = sorted(self.tx.scalars(query), key=lambda row: row.parent_id is not None)
        return (rows[0].id, rows[0].matter) if rows else None

    def handler(self, label: str, community_id: UUID) -> UUID:
        asked = (community_id, label[:40])
        if asked not in self.handlers:
            query = select(PartyRow.id).where(PartyRow.community_id == community_id, PartyRow.label == asked[1])
            found = self.tx.scalars(query).first()
            self.handlers[asked] = found or parties.insert_party(
                self.tx, community_id=community_id, label=asked[1], is_unit=len(label) > 4
            )
        return self.handlers[asked]
