"""Ninety days of looks for the demo's 平安守望; today stands as the hour says."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from demo.care_incidents import Incidents
from demo.care_register import DAYS, LATE, UNCLEAR, WALK, ZHANG, Elder, Register
from demo.chance import Chance
from demo.histories import History
from demo.people import Rows, Team
from domain.access import Actor
from domain.care import SECOND_LOOK_WITHIN, Look, Source, WindowState, code_text
from domain.clock import at_local
from domain.incidents import CAUSE_LABELS, Cause
from domain.tickets import Status
from domain.windows import SlotPlan, is_away, times

_DAY = timedelta(days=1)
_CURTAIN = f"{code_text(ZHANG + 1)} {CAUSE_LABELS[Cause.CLOSED]}，请核实"
_MISSED, _CLOSED = 0.01, 0.03  # of all looks: nobody came; somebody came and saw no sign


def add(
    rows: Rows, team: Team, histories: Sequence[History], chance: Chance, now: datetime, *, evenings: float = 0.35
) -> None:
    """Write one community's part; with more `evenings` more elders are looked in on twice a day."""
    register = Register(rows, team, chance, now, evenings)
    register.register()
    register.absences()
    care = Care(register)
    care.days()
    care.visits()
    curtain = next((h for h in histories if team.has_story and _is_curtain(h)), None)
    care.incidents.add_to(rows, curtain)


def _is_curtain(history: History) -> bool:
    """Tell the alert that is open from those of the past."""
    return str(history.row["title"]).endswith(_CURTAIN) and history.ticket.status is Status.ACCEPTED


class Care:
    def __init__(self, register: Register) -> None:
        self.register, self.rows, self.team = register, register.rows, register.team
        self.chance, self.now, self.today = register.chance, register.now, register.today
        self.incidents = Incidents(register.team, register.chance, register.now)

    # --- the days ----------------------------------------------------------------------------------------------

    def days(self) -> None:
        for back in range(DAYS, -1, -1):
            day = self.today - back * _DAY
            for elder in self.register.elders:
                for plan in elder.plans if elder.watched else ():
                    self._look(elder, day, plan)

    def _look(self, elder: Elder, day: date, plan: SlotPlan) -> None:
        when, chance = times(day, plan), self.chance
        made = chance.id(max(self.register.made_at, when.opens_at - timedelta(hours=13)))
        row = {
            "id": made,
            "community_id": self.team.community.id,
            "elder_id": elder.id,
            "day": day,
            "slot": plan.slot.value,
            "state": WindowState.SEEN_OK.value,
            **self._as_of_then(elder),
            "opens_at": when.opens_at,
            "due_at": when.due_at,
            "grace_until": when.grace_until,
            "looker_id": elder.looker.user_id,
            "backup_id": elder.backup.user_id if elder.backup else None,
            "next_at": None,
            "seen_at": None,
            "seen_by": None,
            "version": 2,
        }
        self.rows["check_window"].append(row)
        if elder.out and is_away(when, elder.out):
            row["state"] = WindowState.EXCUSED.value
            return
        span = int((when.due_at - when.opens_at).total_seconds())
        at = when.opens_at + timedelta(seconds=chance.randrange(span // 20, span))
        if day == self.today:
            self._today(elder, row, at)
        elif chance.happens(_MISSED):
            self.incidents.past(elder, row, Cause.NOT_LOOKED, when.grace_until)
        elif chance.happens(_CLOSED):
            self._seen(elder, row, at, look=Look.CLOSED)
            self.incidents.past(elder, row, Cause.CLOSED, at)
        else:
            self._seen(elder, row, at, by=elder.backup if elder.backup and chance.happens(0.03) else None)

    def _as_of_then(self, elder: Elder) -> dict[str, Any]:
        return {name: elder.row[name] for name in ("area_path", "grid_id", "sign", "tier")}

    def _today(self, elder: Elder, row: dict[str, Any], at: datetime) -> None:
        """Leave the window where the hour has brought it."""
        role = elder.place if self.team.has_story else -1
        is_on = row["opens_at"] <= self.now < row["grace_until"]
        if is_on and role in (ZHANG, UNCLEAR):
            closed = role == ZHANG
            at = self.now - timedelta(minutes=20 if closed else 6)
            self._seen(elder, row, at, look=Look.CLOSED if closed else Look.UNCLEAR)
            row["state"] = (WindowState.SEEN_CLOSED if closed else WindowState.UNCLEAR).value
            row["next_at"] = None if closed else min(at + SECOND_LOOK_WITHIN, row["grace_until"])
            if closed:
                self.incidents.closed_today = (elder, row)
        elif is_on and self.now >= row["due_at"] and role == LATE:
            row |= {"state": WindowState.UNCHECKED.value, "next_at": row["grace_until"]}
        elif self.now < row["opens_at"]:
            row |= {"state": WindowState.SCHEDULED.value, "next_at": row["opens_at"], "version": 1}
        elif self.now < row["due_at"] and (role in WALK or at > self.now):
            row |= {"state": WindowState.OPEN.value, "next_at": row["due_at"]}
        else:
            self._seen(elder, row, at)

    def _seen(
        self, elder: Elder, row: dict[str, Any], at: datetime, *, look: Look = Look.OK, by: Actor | None = None
    ) -> None:
        who = (by or elder.looker).user_id
        row["seen_at"], row["seen_by"] = at, who
        self.rows["observation"].append(
            {
                "id": self.chance.id(at),
                "community_id": row["community_id"],
                "elder_id": elder.id,
                "window_id": row["id"],
                "look": look.value,
                "source": Source.ROUND.value,
                "at": at,
                "received_at": at,
                "by_id": who,
                "seen_by": None,
                "device_id": None,
                "undoes_id": None,
                "late": False,
            }
        )

    # --- 结对 ---------------------------------------------------------------------------------------------------

    def visits(self) -> None:
        """Most are visited or called each month; this month as far as it has come."""
        for elder in self.register.elders:
            for first, last in self._months:
                whole = 28
                share = 0.93 * min(((last - first).days + 1) / whole, 1)
                if self.chance.happens(share):
                    day = first + self.chance.randrange((last - first).days + 1) * _DAY
                    made = self.register.new(at_local(day, time(17))) | self.register.home
                    who = {"elder_id": elder.id, "visited_on": day, "by_id": elder.looker.user_id}
                    how = {"by_phone": self.chance.happens(0.3), "recorded_by": elder.looker.user_id}
                    self.rows["pair_visit"].append(made | who | how)

    @cached_property
    def _months(self) -> list[tuple[date, date]]:
        return list(_months(self.register.joined, self.today - _DAY))


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(_end_of_month(first), last)
        yield first, end
        first = end + _DAY


def _end_of_month(day: date) -> date:
    following = day.replace(day=28) + timedelta(days=4)
    return following.replace(day=1) - _DAY
