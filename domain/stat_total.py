"""Many tickets summed up at once, for whoever writes or checks whole roll-ups."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from domain.stats import Cells, Facts, by_day, month_of, places

_Place = tuple[str, str, str, str]  # area, grain, dim, member
_Day = tuple[date, tuple[str, ...]]  # of a cell, and what is booked on it


def total(tickets: Iterable[Facts]) -> Cells:
    """Sum up many tickets as `add` does one by one: equal days are counted before their measures are taken apart."""
    numbers: dict[_Day, int] = {}
    met: dict[_Place, list[int]] = defaultdict(list)
    for ticket in tickets:
        days = {day: tuple(measures) for day, measures in by_day(ticket).items()}
        if not days:
            continue
        told = {
            "day": [numbers.setdefault(one, len(numbers)) for one in days.items()],
            "month": [numbers.setdefault((month_of(day), held), len(numbers)) for day, held in days.items()],
        }
        reported = numbers.setdefault((ticket.reported_on, ("reported",)), len(numbers))
        for place in places(ticket):
            met[place] += told[place[1]] if place[2] != "hour" else [reported]
    return _apart(met, list(numbers))


def _apart(met: Mapping[_Place, list[int]], days: Sequence[_Day]) -> Cells:
    cells: Cells = {}
    for (area, grain, dim, member), held in met.items():
        for number, times in Counter(held).items():
            day, measures = days[number]
            cell = cells.setdefault((area, grain, dim, day, member), {})
            for measure in measures:
                cell[measure] = cell.get(measure, 0) + times
    return cells
