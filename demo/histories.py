"""One ticket's history in memory: each step checked by the table, its event built as the commands build it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from db.attachments import came
from db.ticket_events import acting_role, changes, make_event, on_behalf, ticket_of
from db.tickets import again_columns, due_columns
from demo import pictures, texts
from demo.chance import Chance
from demo.people import Handler, Team
from demo.places import Place
from domain import steps
from domain.access import Actor
from domain.clock import local_date
from domain.due import Grade, Matter, due_for
from domain.tickets import (
    REJECT_LABELS,
    RESULT_LABELS,
    SATISFACTION_LABELS,
    Action,
    Channel,
    Kind,
    PhotoStage,
    RejectReason,
    Result,
    Satisfaction,
    Status,
    Ticket,
)

_EMPTY = dict.fromkeys(
    (
        *("handler_id", "dispatched_by", "resolved_by", "accepted_at", "dispatched_at", "claimed_at"),
        *("first_contact_at", "resolved_at", "closed_at", "closed_on", "result_class", "satisfaction"),
        *("reject_reason", "urged_at", "source", "external_id", "import_batch_id", "import_mac", "hidden_at"),
    )
)
_START = {"contact_tries": 0, "urge_count": 0, "single_duty": False, "version": 0, "event_hash": "", "number": 0}


@dataclass(frozen=True)
class Case:
    """What a ticket is about, before anything has happened to it."""

    title: str
    told: str
    done: str
    trade: str
    place: Place
    address: str
    kind: Kind
    grade: Grade
    matter: Matter | None
    category_id: UUID | None
    channel: Channel
    reporter_id: UUID | None
    registrar: Actor | None  # none: the system
    takes_days: bool
    sorted_as: UUID | None = None  # the category that the office finds for it


class History:
    def __init__(self, case: Case, team: Team, chance: Chance, at: datetime) -> None:
        self.case, self.team, self.chance = case, team, chance
        self.events: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.photos: list[dict[str, Any]] = []
        self.result = ""
        self.row: dict[str, Any] = {"id": chance.id(at), **_EMPTY, **_START}
        self._report(at)

    @property
    def ticket(self) -> Ticket:
        row = cast(Any, SimpleNamespace(**self.row))
        return ticket_of(row, self.team.user_of(self.row["handler_id"]))

    def _report(self, at: datetime) -> None:
        case = self.case
        is_alert = case.kind is Kind.ALERT
        status = Status.ACCEPTED if is_alert else Status.REPORTED
        values = {
            **case.place.ticket_columns(),
            **due_columns(due_for(case.grade, case.matter, at), at),
            "kind": case.kind.value,
            "status": status.value,
            "title": case.title,
            "address": case.address,
            "category_id": case.category_id,
            "matter": case.matter.value if case.matter else None,
            "grade": case.grade.value,
            "channel": case.channel.value,
            "reporter_id": case.reporter_id,
            "reporter_user_id": case.registrar.user_id if case.registrar else None,
            "open_to_volunteers": case.kind is Kind.SERVICE or (is_alert and case.trade == "网格"),
            "reported_at": at,
            "reported_on": local_date(at),
            "round_at": at,
            "round_no": 1,
        }
        if is_alert:
            values["accepted_at"] = at
        self._event({}, Action.REPORT, values, case.registrar, at, from_status=None)

    def _event(
        self,
        old: dict[str, Any],
        action: Action,
        values: dict[str, Any],
        actor: Actor | None,
        at: datetime,
        told: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        after = self.row | values
        event = make_event(
            **{"from_status": self.row.get("status"), "on_behalf_of": None} | more,
            id=self.chance.id(at),
            ticket_id=self.row["id"],
            community_id=after["community_id"],
            seq=self.row["version"] + 1,
            action=action.value,
            to_status=after["status"],
            round_no=after["round_no"],
            actor=actor,
            acting_role=acting_role(actor, action, after["area_path"]),
            at=at,
            changes=changes(old, values) | (told or {}),
            prev_hash=self.row["event_hash"],
        )
        self.events.append(event)
        self.row = after | {"version": event["seq"], "event_hash": event["hash"], "updated_at": at}

    def _step(self, action: Action, actor: Actor, at: datetime, note: str = "", **values: Any) -> None:
        ticket = self.ticket
        steps.check(actor, action, ticket, now=at)
        goes_to = steps.target(action, ticket)
        moved = {"status": goes_to.value} if goes_to is not ticket.status else {}
        new = moved | values
        old = {name: self.row[name] for name in new}
        self._event(old, action, new, actor, at, on_behalf_of=on_behalf(actor, action, ticket))
        if note:
            note_of = {"event_id": self.events[-1]["id"], "ticket_id": self.row["id"]}
            self.notes.append(note_of | {"body": note})

    # --- who does it --------------------------------------------------------------------------

    @property
    def _office(self) -> Actor:
        return self.chance.one(self.team.office)

    @property
    def _dispatcher(self) -> Actor:
        """Give the coordinator who has this ticket in hand, or one of them."""
        by = self.row["dispatched_by"]
        return next((actor for actor in self.team.office if actor.user_id == by), self._office)

    @property
    def _doer(self) -> Actor:
        """Give the handler themselves; for one without a login the dispatcher records."""
        user_id = self.team.user_of(self.row["handler_id"])
        return self.team.actors.get(user_id, self._dispatcher) if user_id else self._dispatcher

    # --- the steps ----------------------------------------------------------------------------

    def accept(self, at: datetime) -> None:
        self._step(Action.ACCEPT, self._office, at, accepted_at=at)

    def sort(self, at: datetime) -> None:
        self._step(Action.EDIT, self._office, at, category_id=self.case.sorted_as)

    def loosen(self, at: datetime) -> None:
        """Take a matter out of the same-day rule: it gets its grade's time from the report on."""
        said = texts.APPOINTED if self.case.kind is Kind.SERVICE else texts.LOOSENED
        due = due_columns(due_for(self.case.grade, None, self.row["round_at"]), self.row["round_at"])
        self._step(Action.EDIT, self._office, at, self.chance.one(said), matter=None, **due)

    def dispatch(self, at: datetime, handler: Handler | None = None) -> None:
        grid_id = self.row["grid_id"]
        handler = handler or self.team.handler(self.case.trade, grid_id, self.chance)
        actor = self._office
        values = {"handler_id": handler.id, "dispatched_by": actor.user_id, "dispatched_at": at}
        self._step(Action.DISPATCH, actor, at, self.chance.one(texts.DISPATCHED), **values)

    def recall(self, at: datetime) -> None:
        self._step(Action.RECALL, self._dispatcher, at, handler_id=None, dispatched_by=None, dispatched_at=None)

    def claim(self, at: datetime) -> None:
        self._step(Action.CLAIM, self._doer, at, claimed_at=at)

    def volunteer(self, at: datetime, actor: Actor | None = None) -> None:
        actor = actor or self.chance.one(self.team.volunteers)
        self._step(Action.CLAIM, actor, at, claimed_at=at, handler_id=actor.party_id)

    def contact(self, at: datetime, *, reached: bool = True) -> None:
        values: dict[str, Any] = {"contact_tries": self.row["contact_tries"] + 1}
        if reached and self.row["first_contact_at"] is None:
            values["first_contact_at"] = at
        said = self.chance.one(texts.REACHED if reached else texts.UNREACHED)
        self._step(Action.CONTACT, self._doer, at, said, **values)

    def unreached(self, at: datetime) -> None:
        self.contact(at, reached=False)

    def comment(self, at: datetime) -> None:
        self._step(Action.COMMENT, self._office, at, self.chance.one(texts.COMMENTS))

    def photograph(self, at: datetime, stage: PhotoStage, *names: str) -> None:
        """Take these of the demo's pictures."""
        actor = self._office
        fixed = {"ticket_id": self.row["id"], "stage": stage.value, "added_by": actor.user_id, "added_at": at}
        rows = [
            {"id": self.chance.id(at), **fixed, **asdict(pictures.keep(name)), "removed_at": None} for name in names
        ]
        self.photos += rows
        self._event({}, Action.PHOTO, {}, actor, at, told=came(stage, [row["id"] for row in rows]))

    def urge(self, at: datetime) -> None:
        urged = {"urged_at": at, "urge_count": self.row["urge_count"] + 1}
        self._step(Action.URGE, self._office, at, self.chance.one(texts.URGED), **urged)

    def resolve(self, at: datetime) -> None:
        result = self.chance.weighted(
            {Result.SOLVED: 80, Result.PARTLY: 8, Result.EXPLAINED: 9, Result.UNABLE: 3},
        )
        actor = self._doer
        self.result = self.case.done
        values = {"result_class": result.value, "resolved_at": at, "resolved_by": actor.user_id}
        self._step(Action.RESOLVE, actor, at, f"{RESULT_LABELS[result]}：{self.result}", **values)

    def close(self, at: datetime, satisfaction: Satisfaction | None = None) -> None:
        """Call back and close; mostly somebody else than who recorded the result."""
        others = [a for a in self.team.office if a.user_id != self.row["resolved_by"]]
        actor = self._office if self.chance.happens(0.08) else self.chance.one(others)
        alone = actor.user_id in (self.row["resolved_by"], self.team.user_of(self.row["handler_id"]))
        said = satisfaction or self._judgement()
        remark = self.chance.one(texts.FOLLOWED_UP[said.value])
        note = "；".join(filter(None, (f"回访：{SATISFACTION_LABELS[said]}", remark)))
        values = {"closed_at": at, "closed_on": local_date(at), "satisfaction": said.value, "single_duty": alone}
        self._step(Action.CLOSE, actor, at, note, **values)

    def _judgement(self) -> Satisfaction:
        """Let the resident judge: who waited too long or got half of it is less content."""
        s = Satisfaction
        late = self.row["due_at"] is not None and self.row["due_at"] < self.row["resolved_at"]
        poor = late or self.row["result_class"] in ("partly", "unable")
        good = {s.SATISFIED: 68, s.MOSTLY: 15, s.SO_SO: 3, s.UNSATISFIED: 2, s.UNREACHED: 12}
        bad = {s.SATISFIED: 30, s.MOSTLY: 28, s.SO_SO: 16, s.UNSATISFIED: 14, s.UNREACHED: 12}
        return self.chance.weighted(bad if poor else good)

    def send_back(self, at: datetime) -> None:
        self._step(
            Action.VERIFY_FAIL,
            self._office,
            at,
            self.chance.one(texts.SENT_BACK),
            **again_columns(self.ticket, at),
        )

    def reopen(self, at: datetime) -> None:
        note = self.chance.one(texts.REOPENED)
        self._step(Action.REOPEN, self._office, at, note, **again_columns(self.ticket, at))

    def reject(self, at: datetime, reason: RejectReason, channel: str) -> None:
        note = f"{REJECT_LABELS[reason]}，已告知办理渠道：{channel}"
        self._step(Action.REJECT, self._office, at, note, reject_reason=reason.value, closed_at=None)

    def cancel(self, at: datetime) -> None:
        self._step(Action.CANCEL, self._office, at, self.chance.one(texts.CANCELLED))
