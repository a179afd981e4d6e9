"""The demo's incidents: a handful in the past, each with its timeline, and 张奶奶's curtain, which is open."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from db.incident_events import make_event
from demo.care_register import Elder
from demo.chance import Chance
from demo.histories import History
from demo.people import Rows, Team
from domain import ladder
from domain.care import Tier, WindowState
from domain.incidents import Cause, Found, IncidentAction, IncidentState, Method

_FOUND = {Found.SAFE_HOME: 70, Found.SAFE_AWAY: 20, Found.UNWELL: 8, Found.HOSPITAL: 2}
_SAID = ("起晚了，忘了拉窗帘。", "去菜场了，手机没带。", "在家看电视，没听见敲门。", "前一晚没睡好，还在休息。")
_MINUTE = timedelta(minutes=1)
_FIRST = 10  # minutes without an answer until the ladder goes on


class Incidents:
    """Takes them in the order in which they opened, and numbers them so."""

    def __init__(self, team: Team, chance: Chance, now: datetime) -> None:
        self.team, self.chance, self.now = team, chance, now
        self.closed_today: tuple[Elder, dict[str, Any]] | None = None
        self.made: list[Timeline] = []

    def past(self, elder: Elder, window: dict[str, Any], cause: Cause, at: datetime) -> None:
        """Tell how a look that came to nothing ended well, mostly: somebody went there, or a call was enough."""
        one = Timeline(self, elder, window["id"], cause, at, by=elder.looker.user_id if cause is Cause.CLOSED else None)
        duty, found, answered = self.team.office[0].user_id, self.chance.weighted(_FOUND), self.chance.randint(3, 14)
        if answered > _FIRST:
            one.step(1, at + _FIRST * _MINUTE)
        one.acknowledge(duty, at + answered * _MINUTE)
        calm = found in (Found.SAFE_HOME, Found.SAFE_AWAY)
        goes = found is not Found.SAFE_AWAY and self.chance.happens(0.6)
        done = answered + self.chance.randint(3, 25)
        if goes:
            one.arrive(elder.looker.user_id, at + done * _MINUTE)
            done += self.chance.randint(4, 15)
        method = Method.SEEN if goes else Method.TALKED
        one.resolve(found, duty, at + done * _MINUTE, self.chance.one(_SAID), method)
        state = WindowState.CLEARED_LATE if calm else WindowState.CONFIRMED_EVENT
        window |= {"state": state.value, "version": 4}
        if cause is Cause.NOT_LOOKED:
            window |= {"seen_at": at + done * _MINUTE, "seen_by": duty}
        self.made.append(one)

    def add_to(self, rows: Rows, curtain: History | None) -> None:
        if curtain is not None and self.closed_today:
            self._today(*self.closed_today, curtain)
        self.made.sort(key=lambda one: one.row["opened_at"])
        for number, one in enumerate(self.made, 1):
            rows["incident"].append(one.row | {"number": number})
            rows["incident_event"] += one.events
            rows["incident_note"] += one.notes
            rows["incident_step"] += one.steps
        counter = {"community_id": self.team.community.id, "name": "incident", "value": len(self.made)}
        rows["counter"].append(counter)

    def _today(self, elder: Elder, window: dict[str, Any], curtain: History) -> None:
        """Knocked and called without an answer; the desk has taken it on, somebody should go and look."""
        at, ticket_id = window["seen_at"], curtain.row["id"]
        one = Timeline(self, elder, window["id"], Cause.CLOSED, at, ticket_id, by=elder.looker.user_id)
        one.step(1, at + 10 * _MINUTE)
        one.acknowledge(self.team.office[0].user_id, at + 13 * _MINUTE, eta=15)
        self.made.append(one)


class Timeline:
    """One incident with its chain of events."""

    def __init__(
        self,
        book: Incidents,
        elder: Elder,
        window_id: UUID | None,
        cause: Cause,
        at: datetime,
        ticket_id: UUID | None = None,
        *,
        by: UUID | None = None,
    ) -> None:
        self.chance = book.chance
        tier = Tier(elder.row["tier"])
        held = ladder.frozen(ladder.DEFAULTS[cause], cause, tier, hard_of_hearing=elder.row["hard_of_hearing"])
        self._ladder = ladder.read(held)
        clock = ladder.start(self._ladder, at)
        self.row: dict[str, Any] = {
            "id": book.chance.id(at),
            "community_id": book.team.community.id,
            "elder_id": elder.id,
            "window_id": window_id,
            "ticket_id": ticket_id,
            "area_path": elder.row["area_path"],
            "cause": cause.value,
            "severity": ladder.severity_for(cause, tier),
            "state": IncidentState.DETECTED.value,
            "ladder": held,
            "step": 0,
            "repeat_no": 0,
            "next_step_at": clock.next_at,
            "opened_at": at,
            "event_hash": "",
            "version": 0,
            **dict.fromkeys(("acked_by", "acked_at", "eta_at", "responder_id", "on_scene_at")),
            **dict.fromkeys(("found", "method", "closed_by", "closed_at")),
        }
        self.events: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []
        self._kept(0, at)
        window = window_id.hex if window_id else None
        self._event(
            IncidentAction.OPEN, at, by, {"cause": cause.value, "severity": self.row["severity"], "window": window}
        )

    def _kept(self, step: int, at: datetime) -> None:
        taken = {"incident_id": self.row["id"], "step": step, "repeat_no": 0, "at": at, "due_at": at}
        self.steps += [taken | {"who": who.value} for who in self._ladder[step].who]

    def _event(self, action: IncidentAction, at: datetime, by: UUID | None, detail: dict[str, Any]) -> None:
        event = make_event(
            self.row["event_hash"],
            id=self.chance.id(at),
            incident_id=self.row["id"],
            community_id=self.row["community_id"],
            seq=self.row["version"] + 1,
            action=action.value,
            to_state=self.row["state"],
            actor_id=by,
            at=at,
            detail=detail,
        )
        self.events.append(event)
        self.row |= {"version": event["seq"], "event_hash": event["hash"]}

    def step(self, step: int, at: datetime) -> None:
        """Let the ladder go on by itself."""
        self.row |= {"step": step, "next_step_at": at + ladder.gap(self._ladder, step)}
        self._kept(step, at)
        who: Sequence[str] = [who.value for who in self._ladder[step].who]
        self._event(IncidentAction.STEP, at, None, {"step": step, "repeat": 0, "who": list(who)})

    def acknowledge(self, by: UUID, at: datetime, *, eta: int = 15) -> None:
        until = at + eta * _MINUTE
        self.row |= {"acked_by": by, "acked_at": at, "eta_at": until, "responder_id": by, "next_step_at": until}
        self.row["state"] = IncidentState.VERIFYING.value
        self._event(IncidentAction.ACK, at, by, {"eta_minutes": eta})

    def arrive(self, by: UUID, at: datetime) -> None:
        ask_at = at + ladder.ON_SCENE_MINUTES * _MINUTE
        self.row |= {"state": IncidentState.ON_SCENE.value, "responder_id": by, "on_scene_at": at, "eta_at": None}
        self.row["next_step_at"] = ask_at
        self._event(IncidentAction.ARRIVE, at, by, {})

    def resolve(self, found: Found, by: UUID, at: datetime, said: str, method: Method) -> None:
        ended = {"found": found.value, "method": method.value, "closed_by": by, "closed_at": at}
        self.row |= {"state": IncidentState.RESOLVED.value, "next_step_at": None} | ended
        self._event(IncidentAction.RESOLVE, at, by, {"found": found.value, "method": method.value})
        note_of = {"event_id": self.events[-1]["id"], "incident_id": self.row["id"]}
        self.notes.append(note_of | {"body": said})
