"""What people do on a simulated day of 平安守望: look, sign, join, move, go away, give their round to others."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

import db
import db.engine
from bench import care_rules
from bench.care_rules import Life
from db import absences, care_plans, elders, handovers, looks
from db.incident_steps import resolve
from db.models import CheckWindowRow, ElderRow
from domain.access import Actor
from domain.care import AbsenceKind, Duty, LeaveReason, Look, Scope, Slot, Source, Tier
from domain.clock import at_local, local_date
from domain.errors import Refused
from domain.ids import new_id, new_key
from domain.incidents import Found, Method
from domain.windows import SlotPlan
from tests.builders import World
from tests.db import caring

FIRST_DAY = date(2026, 11, 23)
BEGINNING = at_local(FIRST_DAY, time(0)) - timedelta(hours=8)  # the evening before is still to come
MOST_ELDERS = 6
OPENS = {Slot.MORNING: 7 * 60, Slot.EVENING: 18 * 60}
LOOKERS = ("volunteer", "volunteer2", "grid_worker", "building_head", "grid_lead")
SEEN = (Look.OK, Look.TALKED, Look.UNCLEAR, Look.CLOSED, None)
HOW_OFTEN = (80, 3, 5, 3, 9)
_W = CheckWindowRow.__table__.c
_OWED = select(_W.id, _W.looker_id).where(
    _W.elder_id == bindparam("elder"), _W.day == bindparam("day"), _W.slot == bindparam("slot")
)
SIGNALS = (Look.WEAK, Look.NONE, Look.OFFLINE, Look.FINE, Look.HELP)


@dataclass
class Story:
    """One world, a few elders, and what the rules have to know of what was done."""

    seed: int
    world: World
    dice: random.Random = field(init=False)
    lives: list[Life] = field(default_factory=list)
    down_until: datetime | None = None
    jumped: bool = False
    made: set[date] = field(default_factory=set)
    unsettled: dict[date, bool] = field(default_factory=dict)  # days to be held to the rules; whether the clock jumped

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    @property
    def desk(self) -> Actor:
        return self.world.coordinator

    def do(self, command: Callable[..., Any], **call: Any) -> Any:
        """Try a command; a refusal is part of life, and leaves everything as it was."""
        try:
            return db.run(command, **call)
        except Refused:
            return None


def look(story: Story, life: Life, day: date, slot: Slot, what: Look, now: datetime) -> None:
    """Look in; now and then out of reach, so that it arrives late, twice, or is taken back."""
    dice = story.dice
    with db.engine.get().connect() as connection:
        found = connection.execute(_OWED, {"elder": life.id, "day": day, "slot": slot.value}).first()
    if found is None:
        return
    who = next((a for a in story.world.actors.values() if a.user_id == found.looker_id), story.desk)
    source = Source.CALL if what is Look.TALKED and dice.random() < 0.5 else Source.ROUND
    call = {"actor": who, "look": what, "source": source, "window_id": found.id, "at": now, "observation_id": new_id()}
    arrives = now + timedelta(minutes=dice.choice((0, 0, 0, 0, 3, 40, 300)))
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        story.do(looks.observe, **call, now=arrives)
    if dice.random() < 0.06:
        taken = {"observation_id": call["observation_id"], "undo_id": new_id(), "at": now + timedelta(seconds=6)}
        for _ in range(dice.choice((1, 3))):
            story.do(looks.undo, actor=who, **taken, now=arrives + timedelta(seconds=6))


def signal(story: Story, life: Life, what: Look, now: datetime) -> None:
    source = Source.ELDER if what in (Look.HELP, Look.FINE) else Source.DEVICE
    call = {"look": what, "source": source, "elder_id": life.id, "at": now, "observation_id": new_id()}
    story.do(looks.observe, actor=None, **call, now=now)


def join(story: Story, now: datetime) -> None:
    if len(story.lives) >= MOST_ELDERS:
        return
    number = len(story.lives) + 1
    made = caring.enrolled(story.world, number, now=now, tier=story.dice.choice(list(Tier)))
    story.lives.append(Life(made.id, made.code, {slot.value: opens for slot, opens in OPENS.items()}))
    life = story.lives[-1]
    for duty, name in zip(Duty, story.dice.sample(LOOKERS, 2), strict=True):
        _set_duty(story, life, duty, name, now)
    _consent(story, life, now)
    set_plan(story, life, now)


def _set_duty(story: Story, life: Life, duty: Duty, name: str | None, now: datetime) -> None:
    user = story.world.actors[name].user_id if name else None
    call = {"actor": story.desk, "elder_id": life.id, "duty": duty, "user_id": user, "key": new_key(), "now": now}
    story.do(care_plans.set_duty, **call)


def _consent(story: Story, life: Life, now: datetime) -> None:
    call = {"actor": story.desk, "elder_id": life.id, "scope": Scope.WATCH, "key": new_key(), "now": now}
    if story.do(care_plans.consent, **call, granted_on=FIRST_DAY - timedelta(days=30)):
        life.note(now, agreed=True)


def set_plan(story: Story, life: Life, now: datetime) -> None:
    dice = story.dice
    chosen = dice.choice(([Slot.MORNING], [Slot.MORNING, Slot.EVENING], [Slot.EVENING]))
    plans = [
        SlotPlan(slot, OPENS[slot], OPENS[slot] + dice.choice((60, 120, 180)), dice.choice((0, 30, 60)), days)
        for slot in chosen
        for days in [dice.choice((127, 127, 127, 31, 96))]
    ]
    version = _version(life.id)
    call = {"actor": story.desk, "elder_id": life.id, "slots": plans, "expected_version": version}
    if story.do(care_plans.set_slots, **call, key=new_key(), now=now):
        life.note(now, plan={plan.slot.value: plan.weekdays for plan in plans})


def _version(elder_id: UUID) -> int:
    return int(db.run(lambda tx: tx.get_one(ElderRow, elder_id).version))


def _one(story: Story) -> Life:
    return story.dice.choice(story.lives)


def _replan(story: Story, now: datetime) -> None:
    set_plan(story, _one(story), now)


def _reassign(story: Story, now: datetime) -> None:
    name = story.dice.choice((*LOOKERS, None))
    _set_duty(story, _one(story), story.dice.choice(list(Duty)), name, now)


def _withdraw(story: Story, now: datetime) -> None:
    life = _one(story)
    call = {"actor": story.desk, "elder_id": life.id, "scope": Scope.WATCH, "key": new_key(), "now": now}
    if story.do(care_plans.withdraw, **call):
        life.note(now, agreed=False)


def _agree(story: Story, now: datetime) -> None:
    _consent(story, _one(story), now)


def _leave(story: Story, now: datetime) -> None:
    life = _one(story)
    call = {"actor": story.desk, "elder_id": life.id, "reason": LeaveReason.MOVED, "key": new_key(), "now": now}
    if story.do(elders.leave, **call, expected_version=_version(life.id)):
        life.note(now, gone=True)


def _move(story: Story, now: datetime) -> None:
    """Move house: to another building or grid of the community."""
    life, world = _one(story), story.world
    held = db.read(elders.get, actor=story.desk, elder_id=life.id)
    kept = {name: getattr(held, name) for name in ("sign", "tier", "hard_of_hearing")}
    words = {"called": "张奶奶", "place": "1单元2楼", "health": ""}
    call = {"actor": story.desk, "elder_id": life.id, "expected_version": held.version, **kept, **words}
    to = story.dice.choice((world.building, world.grid, world.other_grid))
    story.do(elders.change, **call, area_id=to, key=new_key(), now=now)


def _go_away(story: Story, now: datetime) -> None:
    """Go away: told before, or only when already gone; sick, or to the family; sometimes back early."""
    life, dice = _one(story), story.dice
    start = now + timedelta(hours=dice.uniform(-3, 24))
    until = max(start, now) + timedelta(hours=dice.choice((1, 12, 40, 100)))
    kind = dice.choice(list(AbsenceKind))
    call = {"elder_id": life.id, "kind": kind, "from_at": start, "until_at": until, "told_by": "家属"}
    told = story.do(absences.report, actor=story.desk, **call, key=new_key(), now=now)
    if told:
        life.away.append(care_rules.Told(told.id, start, until, now))


def _come_back(story: Story, now: datetime) -> None:
    life = _one(story)
    for told in life.away:
        if told.until > now:
            command = story.dice.choice((absences.end_early, absences.cancel))
            held = db.read(absences.get, told.id)
            call = {"actor": story.desk, "absence_id": told.id, "expected_version": held.version}
            if story.do(command, **call, key=new_key(), now=now):
                told.ended = now
            return


def _give_away(story: Story, now: datetime) -> None:
    dice = story.dice
    day = local_date(now + timedelta(hours=dice.uniform(8, 40)))
    giver, taker = (story.world.actors[name] for name in dice.sample(LOOKERS, 2))
    to = dice.choice((taker.user_id, taker.user_id, None))
    call = {"day": day, "slot": dice.choice(list(Slot)), "to_id": to, "key": new_key(), "now": now}
    made = story.do(handovers.offer, actor=giver, **call)
    if made and to and dice.random() < 0.7:
        answer = dice.choice((handovers.accept, handovers.decline))
        moment = now + timedelta(minutes=dice.uniform(0, 60))
        answered = {"handover_id": made.id, "expected_version": made.version, "key": new_key(), "now": moment}
        story.do(answer, actor=taker, **answered)


def _resolve(story: Story, now: datetime) -> None:
    for incident in db.run(care_rules.running):
        found = story.dice.choice(list(Found))
        call = {"actor": story.desk, "incident_id": incident.id, "expected_version": incident.version}
        story.do(resolve, **call, found=found, method=Method.TALKED, key=new_key(), now=now)


CHANGES: tuple[tuple[float, Callable[[Story, datetime], None]], ...] = (
    (0.10, join),
    (0.15, _replan),
    (0.15, _reassign),
    (0.06, _withdraw),
    (0.06, _agree),
    (0.03, _leave),
    (0.08, _move),
    (0.20, _go_away),
    (0.15, _come_back),
    (0.15, _give_away),
    (0.50, _resolve),
)
