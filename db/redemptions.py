"""Orders of the shop as people see them, and the code that fetches one."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from db import crypto
from db.models import AreaRow, CatalogItemRow, RedemptionRow
from db.points import PAGE, names_of, people_of, scope
from domain.access import RIGHTS, Actor, grants_for
from domain.errors import NotFound
from domain.points import RedemptionState


@dataclass(frozen=True)
class Redemption:
    """An order; the code only for whoever made it, and only while it waits."""

    id: UUID
    no: str
    community_id: UUID
    item_id: UUID
    item: str
    person_id: UUID
    quantity: int
    price_tenths: int
    state: RedemptionState
    asked_at: datetime
    expires_at: datetime
    version: int
    code: str = ""


def code_of(redemption_id: UUID) -> str:
    """Derive the pickup code, six digits: the key file makes it, the database can't tell it."""
    digest = hashlib.sha256(crypto.mac(f"pickup|{redemption_id.hex}") or b"").digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


def code_mac(code: str) -> str:
    return crypto.mac_hex(f"pickup-code|{code}")


def redemption_of(row: RedemptionRow, item: str, *, with_code: bool = False) -> Redemption:
    state = RedemptionState(row.state)
    shown = with_code and state is RedemptionState.RESERVED
    return Redemption(
        row.id,
        f"D{row.number:04d}",
        row.community_id,
        row.item_id,
        item,
        row.person_id,
        row.quantity,
        row.price_tenths,
        state,
        row.asked_at,
        row.expires_at,
        row.version,
        code_of(row.id) if shown else "",
    )


def loaded(tx: Session, redemption_id: UUID, *, with_code: bool = False) -> Redemption:
    row = tx.get_one(RedemptionRow, redemption_id, populate_existing=True)
    return redemption_of(row, tx.get_one(CatalogItemRow, row.item_id).name, with_code=with_code)


def orders(
    session: Session,
    *,
    actor: Actor,
    community_id: UUID,
    state: RedemptionState = RedemptionState.RESERVED,
    after: tuple[datetime, UUID] | None = None,
    limit: int = PAGE,
) -> list[tuple[Redemption, str]]:
    """List a community's orders in one state with each one's masked name, the oldest first."""
    row, item = RedemptionRow, CatalogItemRow
    seen = (
        row.community_id == community_id,
        scope(grants_for(actor, RIGHTS["points.till"]), row.community_id, home_path()),
    )
    query = select(row, item.name).join(item, item.id == row.item_id).where(*seen, row.state == state.value)
    if after:
        query = query.where(or_(row.asked_at > after[0], (row.asked_at == after[0]) & (row.id > after[1])))
    found = session.execute(query.order_by(row.asked_at, row.id).limit(limit)).all()
    names = names_of(session, (order.person_id for order, _ in found))
    return [(redemption_of(order, name), names.get(order.person_id, "")) for order, name in found]


def home_path() -> Any:
    """An order is its community's: only grants on whole communities, or paths that the community's begins with."""
    return select(AreaRow.path).where(AreaRow.id == RedemptionRow.community_id).scalar_subquery()


def my_orders(session: Session, *, actor: Actor, limit: int = 20) -> list[Redemption]:
    """List the actor's own orders, the newest first, with the code while they wait."""
    row, item = RedemptionRow, CatalogItemRow
    query = select(row, item.name).join(item, item.id == row.item_id)
    query = query.where(row.person_id.in_(people_of(session, actor))).order_by(row.asked_at.desc()).limit(limit)
    return [redemption_of(order, name, with_code=True) for order, name in session.execute(query)]


def by_code(session: Session, *, actor: Actor, community_id: UUID, code: str) -> tuple[Redemption, str]:
    """Find the waiting order that this code fetches, with its owner's masked name."""
    row, item = RedemptionRow, CatalogItemRow
    seen = scope(grants_for(actor, RIGHTS["points.till"]), row.community_id, home_path())
    mine = (row.community_id == community_id, row.code_mac == code_mac(code.strip()), seen)
    query = select(row, item.name).join(item, item.id == row.item_id)
    found = session.execute(query.where(*mine, row.state == RedemptionState.RESERVED.value)).first()
    if found is None:
        raise NotFound("没有找到这个领取码，可能已领走、已取消，或输错了一位。")
    order, name = found
    return redemption_of(order, name), names_of(session, [order.person_id]).get(order.person_id, "")
