"""爱心超市: redeeming holds points and reserves stock in one transaction; a code fetches it within 48 hours."""

from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from db import rules
from db.catalog import item_row
from db.engine import one_row
from db.expiry import expire_lots
from db.ledger import Cause, Ledger, check_other_person, lock, post
from db.lots import lots_in, lots_of
from db.models import CatalogItemRow, RedemptionRow
from db.points import check, path_of, people_of
from db.records import short
from db.redemptions import Redemption, code_mac, code_of, loaded
from db.writes import first_result, next_number, remember
from domain import access
from domain.access import Actor
from domain.clock import LOCAL, local_date
from domain.errors import Changed, Invalid, NotAllowed, NotFound, WrongState
from domain.ids import new_id
from domain.ledger import Move, check_may_spend, first_to_expire, too_little
from domain.points import (
    REDEMPTION_LABELS,
    Account,
    NotEnough,
    Posting,
    RedemptionState,
    month_of,
)
from domain.text import need

_COUNTED = (RedemptionState.RESERVED.value, RedemptionState.FULFILLED.value)


class Call(TypedDict):
    """What every step of a redemption carries."""

    actor: Actor
    redemption_id: UUID
    expected_version: int
    key: str
    now: datetime


# --- ordering ----------------------------------------------------------------------------------------


def redeem(
    tx: Session, *, actor: Actor, person_id: UUID, item_id: UUID, key: str, now: datetime, quantity: int = 1
) -> Redemption:
    """Hold the points and reserve the goods; both or neither."""
    request = {"do": "redeem", "actor": actor.user_id, "person": person_id, "item": item_id, "quantity": quantity}
    if done := first_result(tx, key, request):
        return loaded(tx, done, with_code=True)
    made = new_id()
    remember(tx, key, request, made, now=now)
    item = item_row(tx, item_id)
    _check_buyer(tx, actor, person_id, item.community_id)
    if not item.active or not 1 <= quantity <= 100:
        raise Invalid("这一样现在不能兑换，请换一样。", field="item_id")
    ledger = lock(tx, item.community_id, people=[person_id], items=[item_id], now=now)
    _check_limits(tx, item, person_id, quantity, now)
    moves = _hold(tx, ledger, person_id, item, quantity, now)
    _insert(tx, made, item, person_id, quantity, actor, now)
    post(tx, ledger, _cause(Posting.HOLD, made, actor.user_id, now), moves, now=now)
    return loaded(tx, made, with_code=True)


def _check_buyer(tx: Session, actor: Actor, person_id: UUID, community_id: UUID) -> None:
    """Let people order for themselves, and the desk for anyone."""
    if actor.read_only or person_id not in people_of(tx, actor):
        check(actor, "points.till", path_of(tx, community_id))


def _check_limits(tx: Session, item: CatalogItemRow, person_id: UUID, quantity: int, now: datetime) -> None:
    """Count this month's orders; the person's accounts are locked, so that two never pass at once."""
    month = month_of(local_date(now))
    start = datetime(month.year, month.month, 1, tzinfo=LOCAL)
    row = RedemptionRow
    mine = (row.person_id == person_id, row.asked_at >= start, row.state.in_(_COUNTED))
    orders = tx.scalar(select(func.count()).select_from(row).where(*mine)) or 0
    if orders >= (most := rules.get(tx, "points.orders_a_month")):
        raise NotAllowed(f"这个月已经兑换了{orders}次，每月最多{most}次，请下个月再来。")
    had = tx.scalar(select(func.coalesce(func.sum(row.quantity), 0)).where(*mine, row.item_id == item.id)) or 0
    if item.month_limit and had + quantity > item.month_limit:
        raise NotAllowed(f"“{item.name}”每人每月限{item.month_limit}份，这个月已有{had}份。")


def _hold(
    tx: Session, ledger: Ledger, person_id: UUID, item: CatalogItemRow, quantity: int, now: datetime
) -> list[Move]:
    available, held = ledger.of(Account.AVAILABLE, person_id), ledger.of(Account.HELD, person_id)
    check_may_spend(available)
    price, today = item.price_tenths * quantity, local_date(now)
    lots = [lot for lot in lots_of(tx, available.id) if lot.expires_on >= today]
    taken = first_to_expire(lots, price)
    if (has := sum(part for _, part in taken)) < price:
        raise NotEnough(too_little(Account.AVAILABLE, has, price))
    moves = [Move(available.id, held.id, part, lot) for lot, part in taken]
    return [*moves, Move(ledger.of(Account.SHELF, item.id).id, ledger.of(Account.RESERVED, item.id).id, quantity)]


def _insert(
    tx: Session, made: UUID, item: CatalogItemRow, person_id: UUID, quantity: int, actor: Actor, now: datetime
) -> None:
    values = {
        "id": made,
        "community_id": item.community_id,
        "number": next_number(tx, item.community_id, "redemption"),
        "item_id": item.id,
        "person_id": person_id,
        "quantity": quantity,
        "price_tenths": item.price_tenths * quantity,
        "state": RedemptionState.RESERVED.value,
        "code_mac": code_mac(code_of(made)),
        "asked_by": actor.user_id,
        "asked_at": now,
        "expires_at": now + timedelta(hours=rules.get(tx, "points.pickup_hours")),
    }
    tx.execute(insert(RedemptionRow).values(values))


def _cause(kind: Posting, redemption_id: UUID, actor_id: UUID | None, now: datetime) -> Cause:
    return Cause(kind, f"{kind}:{redemption_id.hex}", "redemption", redemption_id, now, actor_id)


# --- what follows ------------------------------------------------------------------------------------


def fulfil(tx: Session, **call: Unpack[Call]) -> Redemption:
    """Hand it over, to somebody else than oneself, before the time is up."""

    def check_more(row: RedemptionRow, ledger: Ledger) -> None:
        check_other_person(people_of(tx, call["actor"]), row.person_id)
        check_may_spend(ledger.of(Account.AVAILABLE, row.person_id))
        if call["now"] >= row.expires_at:
            raise WrongState("已超过领取时间，积分会自动退回，请重新兑换。")

    ends = ((Account.HELD, Account.REDEEMED), (Account.RESERVED, Account.HANDED_OUT))
    values = {"handed_by": call["actor"].user_id}
    return _step(tx, Posting.CAPTURE, RedemptionState.FULFILLED, ends, values, call, check_more)


_BACK = ((Account.HELD, Account.AVAILABLE), (Account.RESERVED, Account.SHELF))


def cancel(tx: Session, **call: Unpack[Call]) -> Redemption:
    """Give points and goods back; the lots keep their expiry."""
    return _step(tx, Posting.RELEASE, RedemptionState.CANCELLED, _BACK, {}, call)


def give_back(tx: Session, *, reason: str, damaged: bool = False, **call: Unpack[Call]) -> Redemption:
    """Take goods back and return the points, approved by somebody else than who handed them over."""
    reason = short(need(reason, "请写明退货的原因。", "reason"))

    def check_more(row: RedemptionRow, _ledger: Ledger) -> None:
        check_other_person(people_of(tx, call["actor"]), row.person_id)
        if row.handed_by == call["actor"].user_id:
            raise NotAllowed("这份是您经手发出的，退货请换一位同事来办。")
        days = rules.get(tx, "points.return_days")
        if row.ended_at is None or call["now"] > row.ended_at + timedelta(days=days):
            raise WrongState(f"领取已超过{days}天，不能退货。")

    goods = Account.DAMAGED if damaged else Account.SHELF
    ends = ((Account.REDEEMED, Account.AVAILABLE), (Account.HANDED_OUT, goods))
    values = {"approved_by": call["actor"].user_id, "reason": reason}
    more = {"reason": reason, "damaged": damaged}
    return _step(tx, Posting.RETURN, RedemptionState.RETURNED, ends, values, call, check_more, **more)


Ends = tuple[tuple[Account, Account], tuple[Account, Account]]


def _step(
    tx: Session,
    kind: Posting,
    target: RedemptionState,
    ends: Ends,
    values: dict[str, Any],
    call: Call,
    check_more: Any = None,
    **body: Any,
) -> Redemption:
    actor, now = call["actor"], call["now"]
    request = {"do": f"redemption.{target}", "actor": actor.user_id, "redemption": call["redemption_id"], **body}
    if done := first_result(tx, call["key"], request):
        return loaded(tx, done)
    remember(tx, call["key"], request, call["redemption_id"], now=now)
    row = locked(tx, call["redemption_id"])
    _check_right(tx, actor, row, kind)
    if row.version != call["expected_version"]:
        raise Changed("这张兑换单刚被别人办过，请看一看最新情况再继续。")
    move_on(tx, row, kind, target, ends, values, actor_id=actor.user_id, now=now, check_more=check_more)
    return loaded(tx, row.id)


def _check_right(tx: Session, actor: Actor, row: RedemptionRow, kind: Posting) -> None:
    """Let the desk do everything, and people cancel what is their own."""
    path = path_of(tx, row.community_id)
    own = kind is Posting.RELEASE and row.person_id in people_of(tx, actor) and not actor.read_only
    if not own:
        check(actor, "points.till", path)
    if kind is Posting.RETURN and not access.has(actor, "points.stock", path):
        raise NotAllowed("退货要由社区工作者审批。")


def locked(tx: Session, redemption_id: UUID) -> RedemptionRow:
    query = select(RedemptionRow).where(RedemptionRow.id == redemption_id).with_for_update()
    row = tx.scalars(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound("没有找到这张兑换单，可能不在您的辖区。")
    return row


def move_on(
    tx: Session,
    row: RedemptionRow,
    kind: Posting,
    target: RedemptionState,
    ends: Ends,
    values: dict[str, Any],
    *,
    actor_id: UUID | None,
    now: datetime,
    check_more: Any = None,
) -> None:
    """Move the held lots and the reserved goods on, with the order's state; what has expired meanwhile expires."""
    source = RedemptionState.FULFILLED if kind is Posting.RETURN else RedemptionState.RESERVED
    if row.state != source:
        raise WrongState(f"这张兑换单现在是“{REDEMPTION_LABELS[RedemptionState(row.state)]}”，不能这样办。")
    ledger = lock(tx, row.community_id, people=[row.person_id], items=[row.item_id], now=now)
    if check_more:
        check_more(row, ledger)
    lots = lots_in(tx, f"{Posting.HOLD}:{row.id.hex}")
    points_from, points_to = (_end(ledger, row, kind_) for kind_ in ends[0])
    goods_from, goods_to = (_end(ledger, row, kind_) for kind_ in ends[1])
    moves = [Move(points_from, points_to, amount, lot) for lot, (_, amount) in lots.items()]
    moves.append(Move(goods_from, goods_to, row.quantity))
    changed = update(RedemptionRow).where(RedemptionRow.id == row.id, RedemptionRow.version == row.version)
    one_row(tx.execute(changed.values(**values, state=target.value, ended_at=now, version=row.version + 1)))
    post(tx, ledger, _cause(kind, row.id, actor_id, now), moves, now=now)
    if kind is not Posting.CAPTURE:
        gone = {lot: amount for lot, (expires, amount) in lots.items() if expires < local_date(now)}
        expire_lots(tx, ledger, row.person_id, gone, tail=f":{row.id.hex}", now=now)


def _end(ledger: Ledger, row: RedemptionRow, kind: Account) -> UUID:
    owner = {Account.REDEEMED: None, Account.AVAILABLE: row.person_id, Account.HELD: row.person_id}
    return ledger.of(kind, owner.get(kind, row.item_id)).id


def release_overdue(tx: Session, *, now: datetime, limit: int = 50) -> int:
    """Give back what nobody fetched in time; safe to run twice and on two machines."""
    due = select(RedemptionRow.id).where(RedemptionRow.state == RedemptionState.RESERVED.value)
    ids = tx.scalars(due.where(RedemptionRow.expires_at <= now).order_by(RedemptionRow.expires_at).limit(limit)).all()
    done = 0
    for redemption_id in sorted(ids):
        row = locked(tx, redemption_id)
        if row.state == RedemptionState.RESERVED:
            move_on(tx, row, Posting.RELEASE, RedemptionState.EXPIRED, _BACK, {}, actor_id=None, now=now)
            done += 1
    return done
