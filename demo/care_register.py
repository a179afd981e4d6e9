"""The register of the demo's 平安守望: who is looked in on, by which sign, by whom, and who is away."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from db import crypto, people
from demo.chance import Chance
from demo.people import Resident, Rows, Team
from domain.access import Actor
from domain.areas import Level
from domain.care import AbsenceKind, AbsenceState, Duty, HandoverState, Scope, Sign, Slot, Tier
from domain.clock import at_local, local, local_date
from domain.live import Topic
from domain.windows import EVENING, MORNING, SlotPlan, answer_by, times
from domain.windows import Away as Out

DAYS = 90
DUTY_PHONE = "0000-5559999"
_DAY = timedelta(days=1)
_SIGNS = {Sign.CURTAIN: 70, Sign.LAMP: 8, Sign.PLATE: 8, Sign.FLOWERPOT: 6, Sign.BAG: 4, Sign.CALL: 4}
_TIERS = {Tier.A: 15, Tier.B: 60, Tier.C: 25}
_SIDES = ("东窗", "西窗", "南窗", "北窗", "阳台")
_RELATIONS = ("女儿", "儿子", "侄女", "邻居", "妹妹", "外甥")
_AGREED = {Scope.WATCH: 1.0, Scope.CALLED: 0.85, Scope.HEALTH: 0.6, Scope.ENTRY: 0.7}
_HEALTH = ("高血压，每天服药", "青霉素过敏", "糖尿病，随身有糖", "心脏支架，不能久站", "膝盖不好，走路慢")
# places among the community's elders where the story plays
ZHANG, WALK = 0, range(1, 7)  # 张奶奶's curtain; 赵阿姨's six stops
LATE, UNCLEAR, _AWAY, _NO_CONSENT, _NO_BACKUP, _NO_CONTACT, _TOLD = range(8, 15)
_LIVELY = {ZHANG, UNCLEAR, *WALK}
_FIXED_SIGNS = {1: Sign.CURTAIN, 2: Sign.LAMP, 3: Sign.CURTAIN, 4: Sign.FLOWERPOT, 5: Sign.CURTAIN, 6: Sign.PLATE}


@dataclass
class Elder:
    """An elder as the generator follows them through the days."""

    place: int  # among the community's elders
    row: dict[str, Any]
    resident: Resident
    looker: Actor
    backup: Actor | None
    plans: tuple[SlotPlan, ...]
    watched: bool
    out: list[Out] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        found: UUID = self.row["id"]
        return found


class Register:
    def __init__(self, rows: Rows, team: Team, chance: Chance, now: datetime, evenings: float) -> None:
        self.rows, self.team, self.chance, self.now, self.evenings = rows, team, chance, now, evenings
        self.today = local_date(now)
        self.joined = self.today - timedelta(days=DAYS + 10)
        self.made_at = at_local(self.joined, time(9))
        self.home = {"community_id": team.community.id}
        self.elders: list[Elder] = []

    # --- the register ------------------------------------------------------------------------------------------

    def register(self) -> None:
        order = sorted(range(len(self.team.elders)), key=lambda n: _along(self.team.elders[n]))
        walk = {n: place for place, n in enumerate(order, 1)}
        for n, resident in enumerate(self.team.elders):
            self.elders.append(self._elder(n, resident, walk[n]))
        counter = {"name": "elder", "value": len(self.elders)}
        self.rows["counter"].append(self.home | counter)
        self.rows["change_stamp"].append(self.home | {"topic": Topic.CARE.value, "stamp": 1})
        if self.team.has_story:
            self.rows["app_setting"].append({"name": "duty_phone", "value": DUTY_PHONE})

    def _elder(self, n: int, resident: Resident, walk: int) -> Elder:
        chance, made = self.chance, self.chance.id(self.made_at)
        shown = self.team.has_story
        columns = resident.home.ticket_columns()
        door = resident.address[-3:]
        agreed = {scope: chance.happens(share) or (shown and n in WALK) for scope, share in _AGREED.items()}
        tier = chance.weighted(_TIERS)
        row = columns | {
            "id": made,
            "number": n + 1,
            "person_id": resident.id,
            "called": crypto.seal(resident.call),
            "place": crypto.seal(f"{resident.home.name}{door[0]}楼{chance.one(_SIDES)}"),
            "health": crypto.seal(chance.one(_HEALTH)) if agreed[Scope.HEALTH] else None,
            "sign": (_FIXED_SIGNS.get(n) if shown else None) or chance.weighted(_SIGNS),
            "tier": (Tier.B if shown and n == ZHANG else tier).value,
            "hard_of_hearing": chance.happens(0.12) and not (shown and n == ZHANG),
            "walk_order": walk,
            "joined_on": self.joined,
            "left_on": None,
            "left_reason": None,
            "version": 1,
        }
        self.rows["elder"].append(row)
        watched = not (shown and n == _NO_CONSENT)
        looker, backup = self._lookers(n)
        elder = Elder(n, row, resident, looker, backup, self._plans(n), watched)
        self._agree(elder, agreed)
        self._answer_for(elder)
        if not (shown and n == _NO_CONTACT):
            self._contacts(elder)
        return elder

    def _lookers(self, n: int) -> tuple[Actor, Actor | None]:
        """Share the elders out: 赵阿姨 has six, the others the rest, each with somebody else to stand in."""
        volunteers = self.team.volunteers
        if not self.team.has_story:
            return volunteers[n % len(volunteers)], volunteers[(n + 1) % len(volunteers)]
        others = volunteers[1:]
        looker = volunteers[0] if n in WALK else others[n % len(others)]
        backup = others[(n + 1) % len(others)]
        return looker, None if n == _NO_BACKUP else backup

    def _plans(self, n: int) -> tuple[SlotPlan, ...]:
        plans = (MORNING, EVENING) if self.chance.happens(self.evenings) else (MORNING,)
        if self.team.has_story and n in _LIVELY:
            return (lively(self.now),)
        if self.team.has_story and n == LATE:
            return (lately(self.now),)
        return plans

    def _agree(self, elder: Elder, agreed: dict[Scope, bool]) -> None:
        for scope in Scope if elder.watched else ():
            if agreed[scope]:
                kept = {"withdrawn_on": None, "paper": f"守望-{elder.row['number']:04d}", "recorded_by": self._office}
                at = {"scope": scope.value, "granted_on": self.joined}
                self.rows["elder_consent"].append(self.new() | {"elder_id": elder.id} | at | kept)

    def _answer_for(self, elder: Elder) -> None:
        for duty, actor in ((Duty.PRIMARY, elder.looker), (Duty.BACKUP, elder.backup)):
            if actor:
                held = {"valid_from": self.made_at, "valid_to": None}
                who = {"elder_id": elder.id, "user_id": actor.user_id, "duty": duty.value}
                self.rows["care_duty"].append(self.new() | who | held)
        for plan in elder.plans:
            long = {"opens_min": plan.opens_min, "due_min": plan.due_min, "grace_min": plan.grace_min}
            more = {"weekdays": plan.weekdays, "starts_on": self.joined, "active": True}
            self.rows["care_slot"].append(self.new() | {"elder_id": elder.id, "slot": plan.slot.value} | long | more)

    def _contacts(self, elder: Elder) -> None:
        for rank, relation in enumerate(self.chance.sample(_RELATIONS, self.chance.randint(1, 2)), 1):
            person = self.chance.id(self.made_at)
            phone = f"0000-6{int.from_bytes(person.bytes[-3:]) % 1_000_000:06d}"
            name = f"{elder.resident.call[0]}{relation}"
            call = (person, self.team.community.id, name, phone, "", None, self.made_at)
            self.rows["person"].append(people.columns(*call))
            has_key, away = rank == 1 and self.chance.happens(0.6), 5 * self.chance.randint(1, 12)
            found = {"elder_id": elder.id, "person_id": person, "rank": rank, "relation": relation}
            self.rows["elder_contact"].append(self.new() | found | {"has_key": has_key, "minutes_away": away})

    @property
    def _office(self) -> UUID:
        return self.team.office[-1].user_id

    def new(self, at: datetime | None = None) -> dict[str, Any]:
        return {"id": self.chance.id(at or self.made_at)}

    # --- away --------------------------------------------------------------------------------------------------

    def absences(self) -> None:
        """A few were away in these days; one is now, and one was told of by one side only."""
        for elder in self.elders:
            if self.team.has_story and elder.place == _AWAY:
                self._away(elder, self.today - _DAY, self.today + 3 * _DAY, AbsenceState.CONFIRMED)
            elif self.team.has_story and elder.place == _TOLD:
                self._away(elder, self.today + _DAY, self.today + 4 * _DAY, AbsenceState.DRAFT)
            elif self.chance.happens(0.12) and elder.place > _TOLD:
                first = self.today - timedelta(days=self.chance.randint(12, DAYS - 5))
                self._away(elder, first, first + self.chance.randint(2, 7) * _DAY, AbsenceState.ENDED)
        if self.team.has_story:
            self._offer()

    def _away(self, elder: Elder, first: date, last: date, state: AbsenceState) -> None:
        out = Out(at_local(first, time(10)), at_local(last, time(12)))
        told = min(out.from_at, self.now) - timedelta(hours=2)
        confirmed = self._office if state is not AbsenceState.DRAFT else None
        self.rows["absence"].append(
            self.new(told)
            | self.home
            | {"elder_id": elder.id, "kind": self.chance.one(list(AbsenceKind)).value, "state": state.value}
            | {"from_at": out.from_at, "until_at": out.until_at, "told_by": self.chance.one(("本人", "家属", "邻居"))}
            | {"reported_by": elder.looker.user_id, "confirmed_by": confirmed, "reminded_at": None, "version": 1}
        )
        if confirmed:
            elder.out.append(out)

    def _offer(self) -> None:
        """Somebody can't walk tomorrow and asks 赵阿姨."""
        zhao, other = self.team.volunteers[0], self.team.volunteers[2]
        day = self.today + _DAY
        until = answer_by(times(day, MORNING).opens_at, self.now)
        who = {"from_id": other.user_id, "to_id": zhao.user_id, "day": day, "slot": Slot.MORNING.value}
        state = {"state": HandoverState.OFFERED.value, "answer_by": until, "version": 1}
        self.rows["care_handover"].append(self.new(self.now) | self.home | who | state)


def _along(resident: Resident) -> tuple[int, int, str]:
    """Order by building, then unit: the way one walks."""
    building = resident.home.above(Level.BUILDING)
    return (
        building.parent.sort if building and building.parent else 0,
        building.sort if building else 0,
        resident.address,
    )


def lively(now: datetime) -> SlotPlan:
    """Plan a look that is on while somebody tries the demo; at night there is none but tomorrow's."""
    minute = _minute(now)
    if 6 * 60 <= minute < 15 * 60:
        opens, due = min(MORNING.opens_min, minute - 60), max(MORNING.due_min, minute + 45)
        return SlotPlan(Slot.MORNING, _half(opens), _half(due + 29), 60)
    if 15 * 60 <= minute < 22 * 60 + 15:
        opens, due = min(EVENING.opens_min, minute - 60), max(EVENING.due_min, minute + 45)
        due = _half(due + 29)
        return SlotPlan(Slot.EVENING, _half(opens), due, min(60, 1439 - due))
    return MORNING


def is_look_on(now: datetime) -> bool:
    """Tell whether 张奶奶's curtain is to be looked at just now."""
    when = times(local_date(now), lively(now))
    return when.opens_at <= now < when.grace_until


def lately(now: datetime) -> SlotPlan:
    """Plan a look that fell due a quarter of an hour ago, and that nobody has made."""
    due = _minute(now) // 10 * 10 - 10
    if 7 * 60 <= due < 15 * 60:
        return SlotPlan(Slot.MORNING, due - 90, due, 60)
    if 15 * 60 <= due < 22 * 60:
        return SlotPlan(Slot.EVENING, due - 90, due, 60)
    return MORNING


def _minute(now: datetime) -> int:
    there = local(now)
    return there.hour * 60 + there.minute


def _half(minute: int) -> int:
    return minute // 30 * 30
