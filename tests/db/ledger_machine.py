"""A shop and its people played at random against a model of twenty lines; everything is checked after every step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

import db
import db.engine
from db import awards, expiry, ledger_check, points, records, shop
from db.models import AreaRow, LedgerAccountRow, PointLotRow
from db.records import Record
from db.redemptions import loaded
from domain.awards import expires_on
from domain.clock import local_date
from domain.errors import KeyReused, Refused
from domain.ids import new_key
from domain.points import Account, Method, RecordKind, RecordState
from tests.builders import NOW, World
from tests.db.checks import fingerprint
from tests.db.earning import item, person

PRICE = 15


@dataclass
class Lot:
    expires: date
    left: int
    held: int = 0


@dataclass
class Owner:
    """What one person should have, by the plainest rules."""

    lots: list[Lot] = field(default_factory=list)
    debt: int = 0
    minutes: int = 0
    frozen: bool = False

    def earn(self, amount: int, expires: date) -> Lot:
        paid = min(self.debt, amount)
        self.debt -= paid
        self.lots.append(Lot(expires, amount - paid))
        return self.lots[-1]

    def spend(self, amount: int, today: date) -> list[tuple[Lot, int]] | None:
        parts = []
        for lot in sorted(self.lots, key=lambda lot: lot.expires):
            part = min(lot.left, amount) if lot.expires >= today else 0
            parts.append((lot, part))
            amount -= part
        return None if amount else [(lot, part) for lot, part in parts if part]

    def lose(self, amount: int, own: Lot) -> None:
        for lot in sorted(self.lots, key=lambda lot: (lot is not own, lot.expires)):
            part = min(lot.left, amount)
            lot.left -= part
            amount -= part
        self.debt += amount

    def accounts(self) -> dict[str, int]:
        said = {Account.AVAILABLE: sum(lot.left for lot in self.lots), Account.HELD: sum(lot.held for lot in self.lots)}
        said |= {Account.DEBT: -self.debt, Account.HOURS: self.minutes}
        return {kind.value: amount for kind, amount in said.items() if amount}


@dataclass
class Order:
    row: Any
    owner: int
    quantity: int
    parts: list[tuple[Lot, int]]
    state: str = "reserved"
    at: datetime = NOW
    done: datetime = NOW


@dataclass
class Given:
    row: Record
    owner: int
    lot: Lot
    points: int
    minutes: int
    voided: int = 0
    live: bool = True


who = st.integers(0, 2)
which = st.integers(0, 20)


class Machine(RuleBasedStateMachine):
    """Award, hold, capture, release, return, expire, reverse, restore, freeze, replay, restart."""

    make_world: Callable[[], World]

    @initialize()
    def begin(self) -> None:
        self.world = type(self).make_world()
        self.now = NOW
        self.people = [person(self.world, f"居民{n}") for n in range(3)]
        self.owners = [Owner() for _ in self.people]
        self.item = item(self.world, left=6, price_tenths=PRICE, name=f"洗衣液{new_key()}")
        self.shelf, self.handed = 6, 0
        self.orders: list[Order] = []
        self.given: list[Given] = []
        self.calls: list[tuple[Any, dict[str, Any], Any]] = []

    def do(self, allowed: bool, command: Any, **call: Any) -> Any:
        """Run the command; it must be refused exactly when the model says so, and then change nothing."""
        call |= {"key": new_key(), "now": self.now}
        before = None if allowed else fingerprint()
        try:
            done = db.run(command, **call)
        except Refused as refused:
            assert not allowed, f"{command.__name__} was refused: {refused}"
            assert fingerprint() == before
            return None
        assert allowed, f"{command.__name__} was not refused"
        self.calls.append((command, call, done))
        return done

    @property
    def today(self) -> date:
        return local_date(self.now)

    # --- earning

    @rule(n=who, minutes=st.integers(30, 180))
    def award(self, n: int, minutes: int) -> None:
        self.now += timedelta(hours=4)
        row = db.run(verified_record, self.world, self.people[n], minutes, self.now)
        done = self.do(True, awards.confirm, actor=self.world.coordinator, record_id=row, expected_version=1)
        lot = self.owners[n].earn(done.points_tenths, expires_on(self.today))
        self.owners[n].minutes += done.minutes
        self.given.append(Given(done, n, lot, done.points_tenths, done.minutes))

    @precondition(lambda self: self.given)
    @rule(k=which)
    def reverse(self, k: int) -> None:
        given = self.given[k % len(self.given)]
        call = {"actor": self.world.coordinator, "record_id": given.row.id, "reason": "不实"}
        allowed = given.live and given.voided == 0
        done = self.do(allowed, awards.void, expected_version=given.row.version, **call)
        if allowed:
            self.owners[given.owner].lose(given.points, given.lot)
            self.owners[given.owner].minutes -= given.minutes
            given.row, given.live, given.voided = done, False, 1

    @precondition(lambda self: self.given)
    @rule(k=which)
    def restore(self, k: int) -> None:
        given = self.given[k % len(self.given)]
        call = {"actor": self.world.secretary, "record_id": given.row.id, "reason": "属实"}
        allowed = not given.live
        done = self.do(allowed, awards.restore, expected_version=given.row.version, **call)
        if allowed:
            given.lot = self.owners[given.owner].earn(given.points, given.lot.expires)
            self.owners[given.owner].minutes += given.minutes
            given.row, given.live = done, True

    # --- spending

    @rule(n=who, quantity=st.integers(1, 3))
    def hold(self, n: int, quantity: int) -> None:
        owner = self.owners[n]
        parts = owner.spend(PRICE * quantity, self.today)
        counted = [o for o in self.orders if o.owner == n and o.state in ("reserved", "fulfilled")]
        month = [o for o in counted if local_date(o.at).replace(day=1) == self.today.replace(day=1)]
        allowed = parts is not None and not owner.frozen and quantity <= self.shelf and len(month) < 4
        call = {"actor": self.world.coordinator, "person_id": self.people[n], "item_id": self.item}
        done = self.do(allowed, shop.redeem, quantity=quantity, **call)
        if allowed and parts is not None:
            self.shelf -= quantity
            for lot, part in parts:
                lot.left, lot.held = lot.left - part, lot.held + part
            self.orders.append(Order(done, n, quantity, parts, at=self.now))

    @precondition(lambda self: self.orders)
    @rule(k=which)
    def capture(self, k: int) -> None:
        order = self.orders[k % len(self.orders)]
        in_time = self.now < order.at + timedelta(hours=48)
        allowed = order.state == "reserved" and in_time and not self.owners[order.owner].frozen
        if self._order(allowed, shop.fulfil, order, "fulfilled", self.world.colleague):
            self.handed += order.quantity
            for lot, part in order.parts:
                lot.held -= part

    @precondition(lambda self: self.orders)
    @rule(k=which)
    def release(self, k: int) -> None:
        order = self.orders[k % len(self.orders)]
        if self._order(order.state == "reserved", shop.cancel, order, "cancelled", self.world.coordinator):
            self._put_back(order)

    @precondition(lambda self: self.orders)
    @rule(k=which)
    def give_back(self, k: int) -> None:
        order = self.orders[k % len(self.orders)]
        allowed = order.state == "fulfilled" and self.now <= order.done + timedelta(days=7)
        if self._order(allowed, shop.give_back, order, "returned", self.world.coordinator, reason="坏的"):
            self.handed -= order.quantity
            self.shelf += order.quantity
            for lot, part in order.parts:
                lot.left += part if lot.expires >= self.today else 0

    def _order(self, allowed: bool, command: Any, order: Order, to: str, actor: Any, **more: Any) -> bool:
        call = {"actor": actor, "redemption_id": order.row.id, "expected_version": order.row.version}
        done = self.do(allowed, command, **call, **more)
        if allowed:
            order.row, order.state, order.done = done, to, self.now
        return allowed

    def _put_back(self, order: Order) -> None:
        self.shelf += order.quantity
        for lot, part in order.parts:
            lot.held -= part
            lot.left += part if lot.expires >= self.today else 0

    # --- time, and what comes round with it

    @rule(hours=st.sampled_from([1, 24, 50, 24 * 9, 24 * 200]), times=st.integers(1, 3))
    def expire(self, hours: int, times: int) -> None:
        self.now += timedelta(hours=hours)
        due = [o for o in self.orders if o.state == "reserved" and self.now >= o.at + timedelta(hours=48)]
        for _ in range(times):
            while db.run(shop.release_overdue, now=self.now) or db.run(expiry.expire_due, now=self.now):
                pass
        for order in due:
            order.state = "expired"
            order.row = db.read(_order_now, order.row.id)
            self._put_back(order)
        for lot in (lot for owner in self.owners for lot in owner.lots if lot.expires < self.today):
            lot.left = 0

    @rule(n=who, frozen=st.booleans())
    def freeze(self, n: int, frozen: bool) -> None:
        there = any(given.owner == n for given in self.given)
        call = {"actor": self.world.secretary, "person_id": self.people[n], "frozen": frozen}
        self.do(there, points.freeze, **call)
        self.owners[n].frozen = frozen if there else self.owners[n].frozen

    @precondition(lambda self: self.calls)
    @rule(k=which, changed=st.booleans())
    def replay(self, k: int, changed: bool) -> None:
        command, call, done = self.calls[k % len(self.calls)]
        before = fingerprint()
        if not changed:
            assert _same(db.run(command, **call), done)
        else:
            other = self.world.colleague if call["actor"] is not self.world.colleague else self.world.secretary
            try:
                db.run(command, **(call | {"actor": other}))
            except KeyReused:
                pass
            else:
                raise AssertionError("another request went through with a used key")
        assert fingerprint() == before

    @rule()
    def restart(self) -> None:
        db.engine.dispose()

    # --- what must hold after every step

    @invariant()
    def the_rows_tell_one_story(self) -> None:
        assert db.read(lambda session: list(ledger_check.problems(session))) == []

    @invariant()
    def the_accounts_are_as_the_model_says(self) -> None:
        if hasattr(self, "calls"):
            held, lots = db.read(_held), db.read(_lots)
            assert [held.get(p, {}) for p in self.people] == [owner.accounts() for owner in self.owners]
            mine = [[(lot.expires, lot.left, lot.held) for lot in o.lots if lot.left + lot.held] for o in self.owners]
            assert [sorted(lots.get(p, [])) for p in self.people] == [sorted(one) for one in mine]
            stock = held.get(self.item, {})
            assert (stock.get("shelf", 0), stock.get("handed_out", 0)) == (self.shelf, self.handed)

    @invariant()
    def value_comes_from_somewhere(self) -> None:
        sums: dict[str, int] = {}
        for unit, balance in db.read(_balances):
            sums[unit] = sums.get(unit, 0) + balance
        assert not any(sums.values())


def verified_record(tx: Session, world: World, who: UUID, minutes: int, now: datetime) -> UUID:
    area = tx.get_one(AreaRow, world.building)
    times = (now - timedelta(minutes=minutes), now)
    kind, state = RecordKind.SERVICE, RecordState.VERIFIED
    return records.insert_record(tx, area, who, kind, state, Method.NOTED, times, now, {})


def _order_now(session: Session, order_id: UUID) -> Any:
    return loaded(session, order_id)


def _same(one: Any, other: Any) -> bool:
    """A replay gives the record or order as it now is."""
    name = "id" if hasattr(one, "id") else "person_id"
    return bool(getattr(one, name) == getattr(other, name))


def _held(session: Session) -> dict[UUID, dict[str, int]]:
    row = LedgerAccountRow
    found: dict[UUID, dict[str, int]] = {}
    for owner, kind, balance in session.execute(select(row.owner_id, row.kind, row.balance).where(row.balance != 0)):
        found.setdefault(owner, {})[kind] = balance
    return found


def _lots(session: Session) -> dict[UUID, list[tuple[date, int, int]]]:
    lot, row = PointLotRow, LedgerAccountRow
    query = select(row.owner_id, lot.expires_on, lot.remaining, lot.held).join(row, row.id == lot.account_id)
    found: dict[UUID, list[tuple[date, int, int]]] = {}
    for owner, expires, left, held in session.execute(query.where(lot.remaining + lot.held > 0)):
        found.setdefault(owner, []).append((expires, left, held))
    return found


def _balances(session: Session) -> list[tuple[str, int]]:
    rows = session.execute(select(LedgerAccountRow.unit, LedgerAccountRow.balance)).all()
    return [(unit, balance) for unit, balance in rows]
