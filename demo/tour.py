"""一分钟演示: one morning of the whole loop, played by the real commands on a copy of the demo's file.

Nothing of it stays: it is played anew each time, on a clock of its own, tomorrow morning's.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

import db
import settings
from db import (
    awards,
    board,
    care_board,
    care_plans,
    elders,
    engine,
    incident_steps,
    looks,
    parties,
    points,
    records,
    sessions,
    statements,
    stats,
    tickets,
    windows,
)
from db.elders import Elder
from db.sessions import Visitor
from domain.access import Actor, Role
from domain.board import Card
from domain.care import Duty, Look, Source
from domain.care_board import Filters, Tile, TileState
from domain.clock import at_local, local_date
from domain.errors import Refused
from domain.ids import new_id, new_key
from domain.incidents import Called, Found, Method
from domain.points import RecordKind, RecordState
from domain.stats import Scope
from domain.tickets import Channel
from domain.tour import Entry, Scene
from domain.windows import MORNING

FIGURE = "closed"
SHOWN_TILES = 9
LARGEST = 300 << 20  # bytes: a city is seven gigabytes, and each who looks would fill the disk with a copy
_ELDER = "L0001"  # 张奶奶
_REPAIRER = "王师傅"
T = TypeVar("T")


def play(*, now: datetime) -> tuple[Scene, ...]:
    """Play the morning to its end; refused outside the demo, whose people are real."""
    held = settings.current()
    if not held.is_demo:
        raise Refused("一分钟演示要用演示数据，这里是正式数据。想看演示，请另开一个数据目录启动。")
    if held.demo_file.stat().st_size > LARGEST:
        raise Refused("这里是大规模的演示数据，为演示复制一份太久。想看一分钟演示，请另开一个数据目录启动。")
    with TemporaryDirectory(prefix="linli-tour-") as folder:
        file = Path(folder) / "tour.sqlite3"
        _copy(held.demo_file, file, local_date(now))
        with engine.using(file):
            return tuple(_Morning(now).scenes())


def _copy(source: Path, target: Path, today: date) -> None:
    """Copy the file as it stands, and let rest what it owes today: the story begins tomorrow."""
    address = f"{source.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)
        there.execute("UPDATE check_window SET next_at = NULL WHERE day <= ?", (today.isoformat(),))
        there.commit()


class _Morning:
    """The beats in their order; each is a command or two by whoever does it in truth."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.day = local_date(now) + timedelta(days=1)
        self.desk, self.secretary, self.zhao = map(self._actor, (Role.COORDINATOR, Role.SECRETARY, Role.VOLUNTEER))
        self.home = self.desk.grants[0]
        self.elder = self._tile(now).elder_id
        self.story: list[UUID] = []  # tickets of this morning, the newest first

    def scenes(self) -> Iterator[Scene]:
        self._settle()
        for hour, minute, beat, looks_at, title, told in (
            (8, 5, self._begin, "care", "早上八点", "张奶奶家的窗帘，今天还没有人看过：灰色一格，“待查看”。"),
            (
                8,
                12,
                self._look,
                "board",
                "窗帘没拉开",
                "赵阿姨在楼下看，点「没拉开」：格子转红，看板上多出一张预警单。",
            ),
            (8, 14, self._claim, "phone", "「我来」", "赵阿姨在手机上点「我来」，值班台马上看到谁去了、什么时候到。"),
            (8, 31, self._find, "found", "见到本人，在家平安", "是窗帘挂钩坏了。格子转绿，维修单派给王师傅。"),
            (9, 10, self._pay, "books", "积分到账", "书记确认了这次上门，积分记进赵阿姨的账：一笔一行，写着为什么。"),
            (9, 12, self._rest, "figure", "数字动了", "本月办结量加了一。点开这个数，是公式、口径，还有刚才那张单子。"),
        ):
            at = at_local(self.day, time(hour, minute))
            beat(at)
            yield self._scene(at, title, told, looks_at)

    # --- the beats ---------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """End what is open about this elder today, and owe tomorrow's looks."""
        if incident := self._tile(self.now).incident_id:
            self._resolve(incident, self.now, "家里人来电，一切都好")
        # before today's looks begin, a new plan would owe them anew: nobody comes, and the story opens on an alarm
        elder, now = {"elder_id": self.elder}, max(self.now, at_local(self.day - timedelta(days=1), time(22)))
        self._do(care_plans.set_duty, self.desk, now, duty=Duty.PRIMARY, user_id=self.zhao.user_id, **elder)
        version = self._known.version
        self._do(care_plans.set_slots, self.desk, now, slots=(MORNING,), expected_version=version, **elder)
        db.run(windows.make_day, day=self.day, now=now)

    def _begin(self, at: datetime) -> None:
        while db.run(windows.sweep, now=at).moved:
            pass
        for tile in self._tiles(at)[1 : SHOWN_TILES // 2]:
            self._seen(tile.elder_id, at)

    def _seen(self, elder_id: UUID, at: datetime) -> None:
        look: dict[str, Any] = {"look": Look.OK, "source": Source.DESK, "observation_id": new_id()}
        db.run(looks.observe, actor=self.desk, at=at, now=at, elder_id=elder_id, **look)

    def _look(self, at: datetime) -> None:
        look: dict[str, Any] = {
            "look": Look.CLOSED,
            "source": Source.ROUND,
            "elder_id": self.elder,
            "observation_id": new_id(),
        }
        seen = db.run(looks.observe, actor=self.zhao, at=at, now=at, **look)
        self.incident = _there(seen.incident_id)
        rang = {"incident_id": self.incident, "expected_version": 0, "reached": False, "whom": Called.ELDER}
        self.story = [_there(self._do(incident_steps.called, self.desk, at, **rang).ticket_id)]

    def _claim(self, at: datetime) -> None:
        held = self._card(self.story[0], at)
        for tile in self._tiles(at)[SHOWN_TILES // 2 :]:
            self._seen(tile.elder_id, at)
        self._do(tickets.claim, self.zhao, at, ticket_id=held.id, expected_version=held.version)

    def _find(self, at: datetime) -> None:
        self._do(incident_steps.arrive, self.zhao, at, incident_id=self.incident, expected_version=0)
        self._resolve(self.incident, at, "见到本人，在家平安，窗帘挂钩坏了")
        told = {"title": "窗帘挂钩坏了，请上门维修", "channel": Channel.VISIT, "area_id": self._known.area_id}
        hook = self._do(tickets.report, self.desk, at, **told)
        able = db.read(parties.proposed, self.desk, hook)
        handler = next((one for one in able if one.label.startswith(_REPAIRER)), able[0])
        given = {"ticket_id": hook.id, "expected_version": hook.version, "handler_id": handler.id}
        self._do(tickets.assign, self.desk, at, **given)
        self.story.insert(0, hook.id)

    def _pay(self, at: datetime) -> None:
        states = (RecordState.VERIFIED,)
        waiting = db.read(records.listed, actor=self.secretary, community_id=self._community, states=states, limit=500)
        visits = [one for one, _ in waiting if one.kind is RecordKind.VISIT]
        visit = max(visits, key=lambda one: one.ended_at)
        self._do(awards.confirm, self.secretary, at, record_id=visit.id, expected_version=visit.version)

    def _rest(self, _at: datetime) -> None:
        """Nothing more is done: the figure has moved with the ticket's own transaction."""

    def _resolve(self, incident: UUID, at: datetime, note: str) -> None:
        found = {"found": Found.SAFE_HOME, "method": Method.SEEN, "note": note}
        self._do(incident_steps.resolve, self.desk, at, incident_id=incident, expected_version=999, **found)

    # --- what is seen ------------------------------------------------------------------------------------------

    def _scene(self, at: datetime, title: str, told: str, looks_at: str) -> Scene:
        cards = tuple(self._card(one, at) for one in self.story)
        mine = db.read(points.my_balance, actor=self.zhao)
        asked: dict[str, Any] = {"actor": self.desk, "scope": self._scope, "now": at}
        behind = db.read(stats.rows, code=FIGURE, **asked).rows
        return Scene(
            at,
            title,
            told,
            looks_at,
            self._tiles(at),
            cards,
            cards[-1] if cards else None,
            mine.available if mine else 0,
            self._entry(mine.person_id) if mine else None,
            db.read(stats.figures, codes=[FIGURE], **asked)[FIGURE],
            tuple((row.no, row.title) for row in behind if row.ticket_id in self.story),
        )

    def _tiles(self, at: datetime) -> tuple[Tile, ...]:
        found = db.read(care_board.today, actor=self.desk, filters=Filters(community_id=self._community), now=at).tiles
        # an alarm of today's would still ring at the neighbours' tomorrow: the story has one alarm
        looked_at = (t for t in found if t.state is not TileState.OFF and (t.code == _ELDER or not t.incident_id))
        near = sorted(looked_at, key=lambda tile: (tile.code != _ELDER, tile.code))[:SHOWN_TILES]
        # of the neighbours it does not matter who looks, and a leader reads no name that the story does not need
        return tuple(tile if tile.code == _ELDER else replace(tile, who="") for tile in near)

    def _tile(self, at: datetime) -> Tile:
        filters = Filters(community_id=self._community, text=_ELDER)
        return db.read(care_board.today, actor=self.desk, filters=filters, now=at).tiles[0]

    def _card(self, ticket_id: UUID, at: datetime) -> Card:
        return _there(db.read(board.card, actor=self.desk, ticket_id=ticket_id, now=at))

    def _entry(self, person_id: UUID) -> Entry | None:
        line = db.read(statements.statement, actor=self.zhao, person_id=person_id, limit=1).lines[0]
        return Entry(line.amount, line.balance, line.why) if local_date(line.at) == self.day else None

    @property
    def _known(self) -> Elder:
        return db.read(elders.get, actor=self.desk, elder_id=self.elder)

    @property
    def _scope(self) -> Scope:
        return Scope(self.home.area_id, self.home.area_path, self.day.replace(day=1), self.day)

    @property
    def _community(self) -> UUID:
        return next(iter(self.home.community_ids))

    # --- who and how -------------------------------------------------------------------------------------------

    def _actor(self, role: Role) -> Actor:
        token = db.run(sessions.log_in_demo, login=f"demo-{role.value}", visitor=Visitor(), now=self.now).token
        return _there(db.read(sessions.actor_for, token, now=self.now))

    def _do(self, command: Callable[..., T], actor: Actor, at: datetime, **call: Any) -> T:
        return db.run(command, actor=actor, key=new_key(), now=at, **call)


def _there(found: T | None) -> T:
    """Take what the story has made itself and so must be there."""
    assert found is not None
    return found
