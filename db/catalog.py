"""What can be had for points: the catalogue, its stock, and the orders that wait."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from db.ledger import Cause, lock, post
from db.models import CatalogItemRow, LedgerAccountRow
from db.points import check, path_of
from db.writes import audit, first_result, remember, update_version
from domain.access import Actor
from domain.errors import Invalid, NotFound
from domain.ids import new_id
from domain.ledger import Move
from domain.points import STOCK, Account, ItemKind, Posting


@dataclass(frozen=True)
class Item:
    """Something to be had, with what is left of it. The price in tenths of a point."""

    id: UUID
    community_id: UUID
    name: str
    kind: ItemKind
    price_tenths: int
    month_limit: int
    active: bool
    sort: int
    version: int
    left: int = 0
    reserved: int = 0
    handed_out: int = 0


def item_row(session: Session, item_id: UUID) -> CatalogItemRow:
    row = session.get(CatalogItemRow, item_id, populate_existing=True)
    if row is None:
        raise NotFound("没有找到这个兑换项目，请刷新后再选。")
    return row


def catalogue(session: Session, *, actor: Actor, community_id: UUID, with_inactive: bool = False) -> list[Item]:
    """List what the community offers, with its stock."""
    if not any(community_id in grant.community_ids for grant in actor.grants):
        return []
    row, account = CatalogItemRow, LedgerAccountRow
    query = select(row).where(row.community_id == community_id).order_by(row.sort, row.name)
    items = session.scalars(query if with_inactive else query.where(row.active.is_(True))).all()
    stock = select(account.owner_id, account.kind, account.balance)
    ids = [item.id for item in items]
    found = session.execute(stock.where(account.owner_id.in_(ids), account.kind.in_(STOCK)))
    held = {(owner, kind): balance for owner, kind, balance in found}
    return [_item(item, held) for item in items]


def _item(row: CatalogItemRow, stock: dict[tuple[UUID, str], int]) -> Item:
    counts = (stock.get((row.id, kind.value), 0) for kind in (Account.SHELF, Account.RESERVED, Account.HANDED_OUT))
    return Item(
        row.id,
        row.community_id,
        row.name,
        ItemKind(row.kind),
        row.price_tenths,
        row.month_limit,
        row.active,
        row.sort,
        row.version,
        *counts,
    )


def _checked(name: str, price_tenths: int, month_limit: int) -> dict[str, object]:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 40:
        raise Invalid("请填写名称，例如“洗衣液1瓶”，最多40个字。", field="name")
    if not 1 <= price_tenths <= 100_000:
        raise Invalid("所需积分要在0.1到10000分之间。", field="price_tenths")
    if not 0 <= month_limit <= 1000:
        raise Invalid("每人每月限量要在0到1000之间，0表示不限。", field="month_limit")
    return {"name": name, "price_tenths": price_tenths, "month_limit": month_limit}


def add_item(
    tx: Session,
    *,
    actor: Actor,
    community_id: UUID,
    name: str,
    kind: ItemKind,
    price_tenths: int,
    key: str,
    now: datetime,
    month_limit: int = 0,
    sort: int = 0,
) -> UUID:
    body = {"name": name, "kind": kind, "price": price_tenths, "limit": month_limit, "sort": sort}
    request = {"do": "item", "actor": actor.user_id, "community": community_id, **body}
    check(actor, "points.stock", path_of(tx, community_id))
    if done := first_result(tx, key, request):
        return done
    made = new_id()
    values: dict[str, object] = {"id": made, "community_id": community_id, "kind": kind.value, "sort": sort}
    values |= _checked(name, price_tenths, month_limit)
    _check_free(tx, community_id, str(values["name"]), made)
    tx.execute(insert(CatalogItemRow).values(values))
    audit(tx, "item.create", actor_id=actor.user_id, subject_id=made, now=now)
    remember(tx, key, request, made, now=now)
    return made


def _check_free(tx: Session, community_id: UUID, name: str, item_id: UUID) -> None:
    row = CatalogItemRow
    same = select(row.id).where(row.community_id == community_id, row.name == name, row.id != item_id)
    if tx.scalars(same).first():
        raise Invalid(f"已有“{name}”，请直接修改它，或换一个名称。", field="name")


def change_item(
    tx: Session,
    *,
    actor: Actor,
    item_id: UUID,
    name: str,
    price_tenths: int,
    month_limit: int,
    active: bool,
    sort: int,
    expected_version: int,
    now: datetime,
) -> None:
    """Change an item from now on; orders keep the price they were made at."""
    row = item_row(tx, item_id)
    check(actor, "points.stock", path_of(tx, row.community_id))
    values = _checked(name, price_tenths, month_limit)
    _check_free(tx, row.community_id, str(values["name"]), item_id)
    update_version(tx, CatalogItemRow, item_id, expected_version, {**values, "active": active, "sort": sort})
    audit(tx, "item.change", actor_id=actor.user_id, subject_id=item_id, now=now)


def receive(tx: Session, *, actor: Actor, item_id: UUID, quantity: int, key: str, now: datetime) -> None:
    """Put goods on the shelf, or open places of a service."""
    _stock(tx, Posting.RECEIVE, (Account.SUPPLIER, Account.SHELF), actor, item_id, quantity, key, now)


def write_off(tx: Session, *, actor: Actor, item_id: UUID, quantity: int, key: str, now: datetime) -> None:
    """Take damaged or missing goods off the shelf."""
    _stock(tx, Posting.DAMAGE, (Account.SHELF, Account.DAMAGED), actor, item_id, quantity, key, now)


def _stock(
    tx: Session,
    kind: Posting,
    ends: tuple[Account, Account],
    actor: Actor,
    item_id: UUID,
    quantity: int,
    key: str,
    now: datetime,
) -> None:
    request = {"do": kind, "actor": actor.user_id, "item": item_id, "quantity": quantity}
    if first_result(tx, key, request):
        return
    move_id = new_id()
    remember(tx, key, request, move_id, now=now)
    row = item_row(tx, item_id)
    check(actor, "points.stock", path_of(tx, row.community_id))
    if not 1 <= quantity <= 100_000:
        raise Invalid("数量要在1到100000之间。", field="quantity")
    ledger = lock(tx, row.community_id, items=[item_id], now=now)
    source, target = (ledger.of(end, item_id).id for end in ends)
    cause = Cause(kind, f"{kind}:{move_id.hex}", "item", item_id, now, actor.user_id)
    post(tx, ledger, cause, [Move(source, target, quantity)], now=now)
