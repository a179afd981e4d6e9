"""Many tickets summed up at once, for whoever writes or checks whole roll-ups."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from domain.stats import Cells, Facts, by_day, month_of, places, weekday_of

Place = tuple[str, str, str, str]  # area, grain, dim, member
Day = tuple[date, tuple[str, ...]]  # of a cell, and what is booked on it
_REPORT = ("reported",)


class Sums:
    """Adds up tickets: equal days are counted before their measures are taken apart."""

    def __init__(self) -> None:
        self.tickets = 0
        self._numbers: dict[Day, int] = {}
        self._met: dict[Place, list[int]] = defaultdict(list)

    def add(self, days: Sequence[Day], reported_on: date, where: Iterable[Place]) -> None:
        """Add what one ticket counts as on its days, in the cells of these places."""
        numbers, met = self._numbers, self._met
        told = {
            "day": [numbers.setdefault(one, len(numbers)) for one in days],
            "month": [numbers.setdefault((month_of(day), held), len(numbers)) for day, held in days],
            "wday": [numbers.setdefault((weekday_of(reported_on), _REPORT), len(numbers))],
        }
        reported = [numbers.setdefault((reported_on, _REPORT), len(numbers))]
        for place in where:
            met[place] += reported if place[1:3] == ("day", "hour") else told[place[1]]
        self.tickets += 1

    def cells(self) -> Cells:
        cells: Cells = {}
        days = list(self._numbers)
        for (area, grain, dim, member), held in self._met.items():
            for number, times in Counter(held).items():
                day, measures = days[number]
                cell = cells.setdefault((area, grain, dim, day, member), {})
                for measure in measures:
                    cell[measure] = cell.get(measure, 0) + times
        return cells


def total(tickets: Iterable[Facts]) -> Cells:
    """Sum up many tickets as `add` of `domain.stats` does one by one."""
    sums = Sums()
    for ticket in tickets:
        if days := by_day(ticket):
            sums.add([(day, tuple(held)) for day, held in days.items()], ticket.reported_on, places(ticket))
    return sums.cells()
