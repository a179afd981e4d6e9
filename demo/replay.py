"""A day of the neighbourhood lived on open screens: real commands on the demo in force, an hour in a minute.

What happens when is drawn from the seed alone; to whom, from what stands in the database at that moment. Somebody
who tries things out meanwhile may be quicker: what is refused then is told and passed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from heapq import heapify, heappop, heappush
from typing import Any, TypeVar
from uuid import UUID

import db
import settings
from db import (
    areas,
    awards,
    care_board,
    catalog,
    categories,
    incident_steps,
    looks,
    parties,
    points,
    records,
    sessions,
    shop,
    ticket_events,
    tickets,
)
from db.redemptions import Redemption
from db.sessions import Visitor
from demo import hours, texts
from demo.chance import Chance
from demo.texts import Theme
from domain.access import Actor, Role
from domain.areas import Level
from domain.care import Look, Source
from domain.care_board import Filters, Tile, TileState
from domain.clock import at_local, local, local_date
from domain.errors import Refused
from domain.ids import new_id, new_key
from domain.incidents import Called, Found, Method
from domain.points import RecordState, points_text
from domain.tickets import Channel, Result, Satisfaction, Ticket

SPEED, FASTEST = 60, 3600
REPORTS, LOOKS = 24, 30
BEGINS, ENDS = time(7), time(20)
_CHANNELS = (Channel.PHONE, Channel.WECHAT, Channel.VISIT, Channel.PATROL)
_SAID = (Satisfaction.SATISFIED, Satisfaction.SATISFIED, Satisfaction.MOSTLY)
_LOOKED_AT = (TileState.UNCHECKED, TileState.UNCLEAR, TileState.WAITING)
_MINUTE = timedelta(minutes=1)
T = TypeVar("T")
Step = Callable[[datetime], str]  # does it with that `now`, and tells it; nothing if there was nothing to do
Queued = tuple[datetime, int, int, Step]  # when, which story of the day and how far it is


@dataclass(frozen=True)
class Pace:
    """How the day's hours become real ones; tests have a clock of their own."""

    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    speed: float = SPEED


def check_demo() -> None:
    if not settings.current().is_demo:
        raise Refused("只能在演示数据上重演一天，这里是正式数据。想看重演，请用 --data 另选一个演示数据的文件夹。")


def replay(*, seed: int, pace: Pace, tell: Callable[[str], None]) -> int:
    """Live one day from seven to eight in the evening; give how many things happened."""
    check_demo()
    began = pace.clock()
    day, told = Day(seed, began), 0
    for at, step in day.happenings():
        due = began + (at - day.begins) / pace.speed
        if (wait := (due - pace.clock()).total_seconds()) > 0:
            pace.pause(wait)
        if words := _words(step, pace.clock()):
            told += 1
            tell(f"{local(at):%H:%M}  {words}")
    return told


def _words(step: Step, now: datetime) -> str:
    try:
        return step(now)
    except Refused as refused:
        return f"跳过一件：{refused.message}"


class Day:
    """Everything of the day in a queue by its hour; what follows from a step is queued by it."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.seed, self.now = seed, now
        self.begins, self.ends = (at_local(local_date(now), hour) for hour in (BEGINS, ENDS))
        self.desk, self.secretary, self.zhao = map(self._actor, (Role.COORDINATOR, Role.SECRETARY, Role.VOLUNTEER))
        self.community = next(iter(self.desk.grants[0].community_ids))
        self._queue: list[Queued] = list(self._plan(Chance(seed, "replay")))
        heapify(self._queue)

    def happenings(self) -> Iterable[tuple[datetime, Step]]:
        while self._queue and self._queue[0][0] < self.ends:
            self._at, self._story, self._part, step = heappop(self._queue)
            # each step draws by itself: what one finds in the database shifts no other
            self.chance = Chance(self.seed, self._story, self._part)
            yield self._at, step

    def _then(self, first: int, last: int, step: Step, *, part: int = 1) -> None:
        """Let this follow so many minutes later."""
        at = self._at + self.chance.randint(first, last) * _MINUTE
        heappush(self._queue, (at, self._story, self._part + part, step))

    def _plan(self, chance: Chance) -> Iterable[Queued]:
        """Draw the hours: reports all day, looks in the morning and before supper, one alarm, goods fetched."""
        span = int((self.ends - self.begins) / _MINUTE)
        hourly = {minute: hours.BY_HOUR[BEGINS.hour + minute // 60] for minute in range(span)}
        minutes: list[tuple[Step, int]] = [(self._report, chance.weighted(hourly)) for _ in range(REPORTS)]
        for n in range(LOOKS):
            minutes.append((self._look, chance.randrange(5, 150) if n % 3 else chance.randrange(540, 690)))
        minutes += [(self._alarm, 95), (self._pay, 210), (self._redeem, 230), (self._redeem, 500), (self._pay, 640)]
        for n, (step, minute) in enumerate(minutes):
            yield self.begins + minute * _MINUTE, n, 0, step

    # --- reports -----------------------------------------------------------------------------------------------

    def _report(self, now: datetime) -> str:
        theme: Theme = self.chance.one([one for one in texts.REPORTS if "{elder}" not in one.title + one.told])
        where, floor = self.chance.one(self._buildings), self.chance.randint(2, 6)
        told = {"title": theme.title.format(f=floor), "description": theme.told.format(f=floor)}
        place = {
            "area_id": where[0],
            "address": where[1],
            "category_id": self._categories.get((theme.top, theme.child)),
        }
        ticket = self._do(tickets.report, self.desk, now, channel=self.chance.one(_CHANNELS), **told, **place)
        self._then(4, 25, lambda then: self._assign(ticket.id, theme, then))
        return f"{ticket.no} 登记：{where[1]}，{ticket.title}"

    def _assign(self, ticket_id: UUID, theme: Theme, now: datetime) -> str:
        held = self._held(ticket_id)
        able = [one for one in db.read(parties.proposed, self.desk, held) if one.user_id != self.secretary.user_id]
        ticket = self._step(tickets.assign, held, now, handler_id=able[0].id)
        self._then(5, 30, lambda then: self._claim(ticket_id, theme, able[0].label, then))
        return f"{ticket.no} 派给{able[0].label}"

    def _claim(self, ticket_id: UUID, theme: Theme, who: str, now: datetime) -> str:
        ticket = self._step(tickets.claim, self._held(ticket_id), now)
        self._then(3, 12, lambda then: self._contact(ticket_id, then))
        self._then(30, 200, lambda then: self._resolve(ticket_id, theme, then), part=2)
        return f"{ticket.no} {who}接单"

    def _contact(self, ticket_id: UUID, now: datetime) -> str:
        ticket = self._step(tickets.contact, self._held(ticket_id), now, reached=True)
        return f"{ticket.no} 已联系居民"

    def _resolve(self, ticket_id: UUID, theme: Theme, now: datetime) -> str:
        ticket = self._step(tickets.resolve, self._held(ticket_id), now, result=Result.SOLVED, note=theme.done)
        self._then(15, 90, lambda then: self._close(ticket_id, then))
        return f"{ticket.no} 办好：{theme.done}"

    def _close(self, ticket_id: UUID, now: datetime) -> str:
        said = self.chance.one(_SAID)
        ticket = self._step(tickets.close, self._held(ticket_id), now, by=self.secretary, satisfaction=said)
        return f"{ticket.no} 回访办结"

    # --- elders ------------------------------------------------------------------------------------------------

    def _look(self, now: datetime) -> str:
        tile = self._tile(now, _LOOKED_AT)
        if tile is None:
            return ""
        self._observe(tile, Look.OK, now)
        return f"{tile.code} {tile.building}：平安"

    def _alarm(self, now: datetime) -> str:
        """Let one elder's sign be missing; at an hour when nobody is looked in on, one calls for help."""
        if tile := self._tile(now, _LOOKED_AT):
            incident = self._observe(tile, Look.CLOSED, now)
        elif tile := self._tile(now, (TileState.OK, TileState.SCHEDULED, TileState.OFF)):
            incident = self._observe(tile, Look.HELP, now)
        else:
            return ""
        if incident is None:
            return ""
        self._then(1, 2, lambda then: self._call(incident, then))
        return f"{tile.code} {tile.building}：没见到平安信号，预警已发出"

    def _call(self, incident: UUID, now: datetime) -> str:
        rang = {"incident_id": incident, "expected_version": 0, "reached": False, "whom": Called.ELDER}
        told = self._do(incident_steps.called, self.desk, now, **rang)
        ticket_id = told.ticket_id
        if ticket_id is None:
            return ""
        self._then(2, 5, lambda then: self._go(incident, ticket_id, then))
        return f"预警 {told.no} 电话没有人接"

    def _go(self, incident: UUID, ticket_id: UUID, now: datetime) -> str:
        ticket = self._step(tickets.claim, self._held(ticket_id), now, by=self.zhao)
        self._then(12, 18, lambda then: self._there(incident, ticket_id, then))
        return f"{ticket.no} {self.zhao.name}：“我来”"

    def _there(self, incident: UUID, ticket_id: UUID, now: datetime) -> str:
        seen = {"result": Result.SOLVED, "note": "见到本人，在家平安"}
        ticket = self._step(tickets.resolve, self._held(ticket_id), now, by=self.zhao, **seen)
        self._then(2, 5, lambda then: self._end(incident, then))
        return f"{ticket.no} {self.zhao.name}：见到本人，在家平安"

    def _end(self, incident: UUID, now: datetime) -> str:
        found = {"found": Found.SAFE_HOME, "method": Method.SEEN, "note": "见到本人，起晚了"}
        call: dict[str, Any] = {"incident_id": incident, "expected_version": 999, **found}
        done = self._do(incident_steps.resolve, self.desk, now, **call)
        return f"预警 {done.no} 结案：在家平安"

    def _tile(self, now: datetime, states: Iterable[TileState]) -> Tile | None:
        filters = Filters(community_id=self.community)
        found = db.read(care_board.today, actor=self.desk, filters=filters, now=now).tiles
        return min((one for one in found if one.state in states), key=lambda one: one.code, default=None)

    def _observe(self, tile: Tile, look: Look, now: datetime) -> UUID | None:
        call: dict[str, Any] = {"look": look, "source": Source.DESK, "elder_id": tile.elder_id}
        return db.run(looks.observe, actor=self.desk, observation_id=new_id(), at=now, now=now, **call).incident_id

    # --- points ------------------------------------------------------------------------------------------------

    def _pay(self, now: datetime) -> str:
        call: dict[str, Any] = {"community_id": self.community, "states": (RecordState.VERIFIED,)}
        waiting = [one for one, _ in db.read(records.listed, actor=self.secretary, limit=20, **call)]
        for one in waiting:
            each: dict[str, Any] = {"record_id": one.id, "expected_version": one.version}
            self._do(awards.confirm, self.secretary, now, **each)
        return f"{self.secretary.name}入账 {len(waiting)} 条服务记录" if waiting else ""

    def _redeem(self, now: datetime) -> str:
        mine = db.read(points.my_balance, actor=self.zhao)
        goods = db.read(catalog.catalogue, actor=self.zhao, community_id=self.community)
        able = [one for one in goods if one.left and mine and one.price_tenths <= mine.available]
        if mine is None or not able:
            return ""
        item = self.chance.one(able)
        order = self._do(shop.redeem, self.zhao, now, person_id=mine.person_id, item_id=item.id)
        self._then(15, 60, lambda then: self._hand_over(order, then))
        return f"{order.no} {self.zhao.name}用 {points_text(item.price_tenths)} 分换{item.name}"

    def _hand_over(self, order: Redemption, now: datetime) -> str:
        call: dict[str, Any] = {"redemption_id": order.id, "expected_version": order.version}
        self._do(shop.fulfil, self.desk, now, **call)
        return f"{order.no} {order.item}已交付"

    # --- who, where and how ------------------------------------------------------------------------------------

    @cached_property
    def _buildings(self) -> list[tuple[UUID, str]]:
        known = db.read(areas.visible, self.desk)
        return [(one.id, one.name) for one in known if one.level is Level.BUILDING]

    @cached_property
    def _categories(self) -> dict[tuple[str | None, str], UUID]:
        return {(one.parent_name, one.name): one.id for one in db.read(categories.listed)}

    def _actor(self, role: Role) -> Actor:
        token = db.run(sessions.log_in_demo, login=f"demo-{role.value}", visitor=Visitor(), now=self.now).token
        found = db.read(sessions.actor_for, token, now=self.now)
        assert found is not None
        return found

    def _held(self, ticket_id: UUID) -> Ticket:
        return db.read(ticket_events.load, self.desk, ticket_id)

    def _step(
        self, command: Callable[..., Ticket], held: Ticket, now: datetime, *, by: Actor | None = None, **call: Any
    ) -> Ticket:
        return self._do(command, by or self.desk, now, ticket_id=held.id, expected_version=held.version, **call)

    def _do(self, command: Callable[..., T], actor: Actor, now: datetime, **call: Any) -> T:
        return db.run(command, actor=actor, key=new_key(), now=now, **call)
