"""What cast tickets come to in the roll-ups, summed up while they are cast: the same as their rows would."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from db import stat_facts, stat_rounds
from db.loading import Loader
from demo.histories import History
from domain import stats
from domain.stat_total import Day, Sums
from domain.stats import Cells, Round
from domain.tickets import Status

_MS = timedelta(milliseconds=1)
_WITHIN = stats.RECURS_WITHIN // _MS

Rows = dict[str, list[Sequence[Any]]]
Closing = tuple[int, Any, int, int]  # when in milliseconds, the ticket's cell, its round, the number of the day


class Calendar:
    """The days of the whole span, themselves and as text, by their number."""

    def __init__(self, first: date, days: int) -> None:
        self.first = first
        self.days = [first + timedelta(days=n) for n in range(days)]
        self.text = [day.isoformat() for day in self.days]

    def number(self, day: date) -> int:
        return (day - self.first).days


class Life:
    """What one life comes to, on whatever day it begins."""

    def __init__(self, history: History, start: date, loader: Loader) -> None:
        told = list(stat_rounds.rounds(SimpleNamespace(**event) for event in history.events))
        row = SimpleNamespace(**history.row, recurs_on=None)
        facts = stat_facts.made_of(row, [_round(one) for one in told])
        self.rounds = told
        self.days = [((day - start).days, tuple(held)) for day, held in stats.by_day(facts).items()]
        self.reported_on = (facts.reported_on - start).days
        self.cells = stats.places(facts)
        self.community = loader.literal(row.community_id)
        self.place: tuple[UUID, UUID] | None = None  # where the same may come again
        if row.building_id and row.category_id and facts.status not in stats.DROPPED:
            self.place = row.building_id, row.category_id
        self.closing: tuple[int, int, int] | None = None
        if facts.status == Status.CLOSED:
            self.closing = (row.closed_at - row.reported_at) // _MS, row.round_no, (row.closed_on - start).days


def _round(told: dict[str, Any]) -> Round:
    ended = [told[name] for name in (*stat_rounds.ROUND, "reopened_at")]
    return Round(told["round_no"], *ended)


class Tally:
    """Counts tickets in the order in which they were reported."""

    def __init__(self, calendar: Calendar, loader: Loader) -> None:
        self.calendar, self.loader, self.sums = calendar, loader, Sums()
        self._closed: dict[tuple[UUID, UUID], list[Closing]] = defaultdict(list)  # and did not come again yet

    def count(self, life: Life, ticket_id: Any, stamp: int, start: int, rows: Rows) -> None:
        days = self.calendar.days
        booked: list[Day] = [(days[start + n], held) for n, held in life.days]
        if life.place:
            if met := self._again(life.place, stamp):
                _, of_id, of_round, day = met
                booked.append((days[day], ("recurred",)))
                tie = (ticket_id, life.community, of_id, self.loader.literal(of_round), self.calendar.text[day])
                rows["ticket_recurrence"].append(tie)
            if life.closing:
                after, number, day = life.closing
                insort(self._closed[life.place], (stamp + after, ticket_id, number, start + day))
        self.sums.add(booked, days[start + life.reported_on], life.cells)

    def _again(self, place: tuple[UUID, UUID], stamp: int) -> Closing | None:
        """Take what was closed here last before this moment, if not too long before."""
        held = self._closed[place]
        del held[: bisect_left(held, (stamp - _WITHIN,))]
        before = bisect_left(held, (stamp,))
        return held.pop(before - 1) if before else None

    def cells(self) -> Cells:
        """Give what came together since the last time."""
        held, self.sums = self.sums, Sums()
        return held.cells()
