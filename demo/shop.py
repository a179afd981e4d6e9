"""爱心超市 of the demo: eight things on the shelf, orders fetched, given up, and waiting with their code."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from db.ledger import Cause
from db.redemptions import code_mac, code_of
from demo.books import Books
from demo.chance import Chance
from demo.people import Rows, Team
from domain.clock import at_local, local_date
from domain.ledger import Move, first_to_expire
from domain.points import PICKUP_WITHIN, Account, ItemKind, Posting, RedemptionState

# name, kind, price in tenths, a person and month, how many there were
_ITEMS = (
    ("洗衣液1瓶", ItemKind.GOODS, 150, 2, 40),
    ("香皂2块", ItemKind.GOODS, 50, 4, 60),
    ("抽纸3包", ItemKind.GOODS, 80, 4, 60),
    ("大米5公斤", ItemKind.GOODS, 300, 1, 24),
    ("食用油1.8升", ItemKind.GOODS, 280, 1, 20),
    ("老花镜1副", ItemKind.GOODS, 200, 1, 3),
    ("理发1次", ItemKind.SERVICE, 100, 1, 30),
    ("擦玻璃1次", ItemKind.SERVICE, 250, 1, 8),
)
# the fixed volunteer's: which item, how many days ago, whether it was fetched
_FIXED = ((0, 75, True), (3, 40, True), (6, 33, False), (2, 20, True))
_WAITING_HOURS = 3
_State = RedemptionState
_FETCHED = (Posting.CAPTURE, _State.FULFILLED, Account.REDEEMED, Account.HANDED_OUT)
_NOT_FETCHED = (Posting.RELEASE, _State.EXPIRED, Account.AVAILABLE, Account.SHELF)
_GIVEN_UP = (Posting.RELEASE, _State.CANCELLED, Account.AVAILABLE, Account.SHELF)
When = Callable[[datetime, Callable[[datetime], None]], None]


class Shop:
    def __init__(self, books: Books, team: Team, chance: Chance, now: datetime, when: When) -> None:
        self.books, self.team, self.chance, self.now, self.when = books, team, chance, now, when
        self.items: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []

    def open(self, helpers: Sequence[UUID]) -> None:
        """Fill the shelves, then plan who comes when."""
        for sort, (name, kind, price, limit, count) in enumerate(_ITEMS):
            made = {"id": self.chance.id(self.books.opened_at), "community_id": self.team.community.id}
            more = {"name": name, "kind": kind.value, "price_tenths": price, "month_limit": limit, "sort": sort}
            self.items.append(made | more | {"active": True, "version": 1})
            self._receive(self.items[-1]["id"], count)
        if self.team.has_story:
            for number, days, fetched in _FIXED:
                self._plan(helpers[0], number, days, _FETCHED if fetched else _NOT_FETCHED)
        self._plan_waiting(helpers[0], 0, _WAITING_HOURS)
        for person in helpers[1:]:
            ending = _FETCHED if self.chance.happens(0.85) else _GIVEN_UP
            self._plan(person, None, self.chance.randint(4, 80), ending)
        self._plan_waiting(helpers[1], 1, 20)
        self._plan_waiting(helpers[2], 2, 30)

    def _receive(self, item: UUID, count: int) -> None:
        at, actor = self.books.opened_at, self.team.office[0].user_id
        move = Move(self.books.of(Account.SUPPLIER, item).id, self.books.of(Account.SHELF, item).id, count)
        cause = Cause(Posting.RECEIVE, f"receive:{self.chance.id(at).hex}", "item", item, at, actor)
        self.books.post(cause, [move], at)

    def _plan(self, person: UUID, number: int | None, days: int, ending: tuple[Any, ...]) -> None:
        day = local_date(self.now) - timedelta(days=days)
        at = at_local(day, time(self.chance.randint(9, 16), self.chance.randint(0, 59)))
        self.when(at, lambda then: self._order(person, number, then, ending))

    def _plan_waiting(self, person: UUID, number: int, hours: int) -> None:
        self.when(self.now - timedelta(hours=hours), lambda then: self._order(person, number, then, None))

    def _order(self, person: UUID, number: int | None, at: datetime, ending: tuple[Any, ...] | None) -> None:
        """Hold the points and reserve the goods, if the person has enough by then."""
        lasting = local_date(at + PICKUP_WITHIN)  # so that nothing comes back after its last day
        lots = [lot for lot in self.books.lots(person) if lot.expires_on >= lasting]
        wanted = self.items if number is None else [self.items[number]]
        possible = [item for item in wanted if self._can_have(item, sum(lot.remaining for lot in lots))]
        if possible:
            item = self.chance.one(possible)
            taken = first_to_expire(lots, item["price_tenths"])
            self._hold(self._row(item, person, at), taken, at, ending)

    def _can_have(self, item: dict[str, Any], points: int) -> bool:
        return item["price_tenths"] <= points and self.books.of(Account.SHELF, item["id"]).balance > 0

    def _row(self, item: dict[str, Any], person: UUID, at: datetime) -> dict[str, Any]:
        made = self.chance.id(at)
        return {
            "id": made,
            "community_id": self.team.community.id,
            "number": len(self.orders) + 1,
            "item_id": item["id"],
            "person_id": person,
            "quantity": 1,
            "price_tenths": item["price_tenths"],
            "state": _State.RESERVED.value,
            "code_mac": code_mac(code_of(made)),
            "asked_by": self._user_of(person),
            "asked_at": at,
            "expires_at": at + PICKUP_WITHIN,
            **{"ended_at": None, "handed_by": None, "version": 1},
        }

    def _hold(
        self, row: dict[str, Any], lots: list[tuple[UUID, int]], at: datetime, ending: tuple[Any, ...] | None
    ) -> None:
        self.orders.append(row)
        self._post(Posting.HOLD, row, (Account.AVAILABLE, Account.HELD), (Account.SHELF, Account.RESERVED), lots, at)
        if ending:
            wait = PICKUP_WITHIN if ending[1] is _State.EXPIRED else timedelta(hours=self.chance.randint(1, 30))
            self.when(at + wait, lambda then: self._end(row, ending, lots, then))

    def _user_of(self, person: UUID) -> UUID:
        """Let who has a login order alone, and the desk for everybody else."""
        number = self.team.helpers.index(person)
        own = number < len(self.team.volunteers)
        return (self.team.volunteers[number] if own else self.team.office[0]).user_id

    def _end(self, row: dict[str, Any], ending: tuple[Any, ...], lots: list[tuple[UUID, int]], at: datetime) -> None:
        kind, state, points, goods = ending
        row |= {"state": state.value, "ended_at": at, "version": 2}
        if kind is Posting.CAPTURE:
            row["handed_by"] = self.team.office[0].user_id
        self._post(kind, row, (Account.HELD, points), (Account.RESERVED, goods), lots, at)

    def _post(
        self,
        kind: Posting,
        row: dict[str, Any],
        points: tuple[Account, Account],
        goods: tuple[Account, Account],
        lots: list[tuple[UUID, int]],
        at: datetime,
    ) -> None:
        of, person, item = self.books.of, row["person_id"], row["item_id"]
        owners = {Account.AVAILABLE: person, Account.HELD: person, Account.REDEEMED: None}
        source, target = (of(end, owners[end]).id for end in points)
        moves = [Move(source, target, amount, lot) for lot, amount in lots]
        moves.append(Move(of(goods[0], item).id, of(goods[1], item).id, 1))
        actor = row["asked_by"] if kind is Posting.HOLD else row["handed_by"]
        self.books.post(Cause(kind, f"{kind}:{row['id'].hex}", "redemption", row["id"], at, actor), moves, at)

    def add_to(self, rows: Rows) -> None:
        rows["catalog_item"] += self.items
        rows["redemption"] += self.orders
        home = self.team.community.id
        rows["counter"].append({"community_id": home, "name": "redemption", "value": len(self.orders)})
