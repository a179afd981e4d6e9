"""Names in a file → areas, categories and handlers; what is missing is made, or the row refused."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import areas, categories, parties
from db.crypto import mac_hex
from db.models import AreaRow, CategoryRow, PartyRow
from db.writes import first_result, remember
from domain.access import RIGHTS, Actor, communities_of, grants_for
from domain.areas import Level
from domain.clock import local
from domain.imports import Incoming

_NAME_MAX = 40  # of a category and of a handler
_UNIT_FROM = 5  # characters: 王师傅 is a person, 幸福物业公司 a unit
Named = tuple[UUID | None, str | None]  # a category and its usual matter


def reach(actor: Actor) -> frozenset[UUID]:
    """Name the communities that the actor may import into."""
    grants = () if actor.read_only else grants_for(actor, RIGHTS["tickets.import"])
    return communities_of(g for g in grants if g.whole_communities)


TIMES = {"reported_at": "上报", "accepted_at": "受理", "resolved_at": "处理", "closed_at": "办结"}
CLOCKS_DIFFER = timedelta(days=1)


class Lookup:
    """One chunk's look-ups, each name asked for once."""

    def __init__(self, tx: Session, actor: Actor, community_id: UUID, now: datetime) -> None:
        self.tx, self.community_id, self.now = tx, community_id, now
        self.reach = reach(actor)
        rows = tx.scalars(select(AreaRow).where(AreaRow.community_id.in_(self.reach), AreaRow.valid_to.is_(None)))
        held = sorted(rows, key=lambda row: row.id == community_id)  # of two with one name, the chosen one
        open_ones = [row for row in held if row.level == Level.COMMUNITY]
        self.communities = {r.code: r.id for r in open_ones if r.code} | {r.name: r.id for r in open_ones}
        self.grids = {(r.community_id, r.name): r.id for r in held if r.level == Level.GRID}
        self.places: dict[UUID, dict[str, Any]] = {}
        self.categories: dict[tuple[str, str], Named] = {}
        self.handlers: dict[tuple[UUID, str], UUID] = {}

    def problem(self, row: Incoming) -> tuple[str, str] | None:
        """Name the field and the reason if the row can't go in: an unknown community, a time to come."""
        for field, label in TIMES.items():
            at = getattr(row, field)
            if at and at > self.now + CLOCKS_DIFFER:
                return field, f"{label}时间 {local(at):%Y-%m-%d %H:%M} 在将来，请核对"
        if row.community and row.community not in self.communities:
            known = "、".join(sorted(self.communities)[:8])
            return "community", f"没有社区“{row.community}”，可写：{known}"
        return None

    def community(self, row: Incoming) -> UUID:
        return self.communities[row.community] if row.community else self.community_id

    def place(self, row: Incoming) -> dict[str, Any]:
        community = self.community(row)
        area = self.grids.get((community, row.grid), community)
        if area not in self.places:
            self.places[area] = areas.place_columns(self.tx, area)
        return self.places[area]

    def category(self, name: str, child: str) -> Named:
        """Match the two names, or the one, against the tree; make what is missing."""
        if not name and not child:
            return None, None
        asked = (name[:_NAME_MAX], child[:_NAME_MAX])
        if asked not in self.categories:
            self.categories[asked] = self._category(*asked)
        return self.categories[asked]

    def _category(self, name: str, child: str) -> Named:
        if not name or not child:
            return self._named(name or child) or (self._new_category(name or child, None), None)
        parent = self._named(name, top=True) or (self._new_category(name, None), None)
        query = select(CategoryRow).where(CategoryRow.parent_id == parent[0], CategoryRow.name == child)
        row = self.tx.scalars(query).first()
        if row:
            return row.id, row.matter or parent[1]
        return self._new_category(child, parent[0]), parent[1]

    def _named(self, name: str, *, top: bool = False) -> Named | None:
        query = select(CategoryRow).where(CategoryRow.name == name)
        if top:
            query = query.where(CategoryRow.parent_id.is_(None))
        rows = sorted(self.tx.scalars(query), key=lambda row: row.parent_id is not None)
        return (rows[0].id, rows[0].matter) if rows else None

    def _new_category(self, name: str, parent_id: UUID | None) -> UUID:
        return self._once(
            {"do": "import category", "parent": parent_id, "name": name},
            lambda: categories.insert_category(self.tx, name, parent_id, None),
        )

    def handler(self, label: str, community_id: UUID) -> UUID:
        asked = (community_id, label[:_NAME_MAX])
        if asked not in self.handlers:
            query = select(PartyRow.id).where(PartyRow.community_id == community_id, PartyRow.label == asked[1])
            self.handlers[asked] = self.tx.scalars(query).first() or self._new_handler(*asked)
        return self.handlers[asked]

    def _new_handler(self, community_id: UUID, label: str) -> UUID:
        return self._once(
            {"do": "import handler", "community": community_id, "name": label},
            lambda: parties.insert_party(
                self.tx, community_id=community_id, label=label, is_unit=len(label) >= _UNIT_FROM
            ),
        )

    def _once(self, request: dict[str, Any], make: Callable[[], UUID]) -> UUID:
        """Make it under a key of its own: two imports at once would both find the name missing."""
        key = "import:" + mac_hex(repr(request))[:56]
        found = first_result(self.tx, key, request)
        if found is None:
            found = make()
            remember(self.tx, key, request, found, now=self.now)
        return found
