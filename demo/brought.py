"""Tickets that an older system handed over while they were in work: brought in, done, called back."""

from datetime import datetime, timedelta
from typing import Any

from demo.cases import Cases
from demo.histories import History
from domain.clock import local_date
from domain.tickets import Action, Status

# of all that a row holds, what replay reads; the rest stands on the row alone
_TOLD = ("kind", "grade", "matter", "category_id", "area_id", "handler_id", "open_to_volunteers")


class Brought(History):
    """A life of three events."""

    def _report(self, at: datetime) -> None:
        case, team = self.case, self.team
        place = case.place.ticket_columns()
        handler = team.handler(case.trade, place["grid_id"], self.chance)
        actor = self.chance.one(team.office)
        row: dict[str, Any] = {
            **place,
            "kind": case.kind.value,
            "status": Status.IN_PROGRESS.value,
            "title": case.title,
            "address": case.address,
            "category_id": case.category_id,
            "matter": case.matter.value if case.matter else None,
            "grade": case.grade.value,
            "channel": case.channel.value,
            "reporter_id": case.reporter_id,
            "reporter_user_id": None,
            "handler_id": handler.id,
            "due_at": None,  # its clock was the older system's
            "soon_at": None,
            "due_why": "",
            "open_to_volunteers": False,
            "reported_at": at,
            "reported_on": local_date(at),
            "round_at": at,
            "round_no": 1,
        }
        self.row |= row
        self._event({}, Action.IMPORT, {name: row[name] for name in _TOLD}, actor, at, from_status=None)


def lives(cases: Cases, at: datetime) -> Brought:
    """Play one: reported at that moment, done within days, closed after a call."""
    chance = cases.chance
    history = Brought(cases.draw(local_date(at)), cases.team, chance, at)
    done = at + timedelta(minutes=chance.randint(60, 6 * 24 * 60))
    history.resolve(done)
    history.close(done + timedelta(minutes=chance.randint(30, 24 * 60)))
    history.notes.clear()
    return history
