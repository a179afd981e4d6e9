"""A floor map without a map: communities as rooms, grids as cells in them, in their natural order."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

Box = tuple[float, float, float, float]  # left, low, right, high
_GAP, _HEAD = 0.06, 0.34


@dataclass(frozen=True)
class Room:
    """A community with its grids' places; the name stands at the top of it."""

    name: str
    box: Box
    cells: tuple[Box, ...]


def lay_out(rooms: Sequence[tuple[str, int]]) -> list[Room]:
    """Give each named room a place and its so many cells a place in it; two beside each other fit a phone."""
    across = max(1, min(len(rooms), max(2, ceil(sqrt(len(rooms))))))
    columns = [max(1, ceil(sqrt(count))) for _, count in rooms]
    width = max(columns, default=1)
    placed: list[Room] = []
    top = 0.0
    for start in range(0, len(rooms), across):
        row = rooms[start : start + across]
        deep = max(ceil(max(count, 1) / width) for _, count in row)
        height = deep + _HEAD + _GAP * (deep + 1)
        for at, (name, count) in enumerate(row):
            left = at * (width + _GAP * (width + 1) + 0.3)
            placed.append(_room(name, count, left, top, width, deep, height))
        top -= height + 0.3
    return placed


def _room(name: str, count: int, left: float, top: float, width: int, deep: int, height: float) -> Room:
    box = (left, top - height, left + width + _GAP * (width + 1), top)
    rows = ceil(count / width) if count else 0
    cells: list[Box] = []
    for n in range(count):
        down, along = divmod(n, width)
        beside = count - down * width if down == rows - 1 else width  # a last row that is not full is stretched
        wide = (width + _GAP * (width + 1) - _GAP * (beside + 1)) / beside
        high = (deep + _GAP * (deep + 1) - _GAP * (rows + 1)) / rows
        x = left + _GAP + along * (wide + _GAP)
        y = top - _HEAD - _GAP - down * (high + _GAP)
        cells.append((x, y - high, x + wide, y))
    return Room(name, box, tuple(cells))


def squares(values: Sequence[float], box: Box) -> list[Box]:
    """Cut a box into parts as large as their values, as square as may be; the values come largest first."""
    placed: list[Box] = []
    rest, left = list(values), box
    while rest:
        whole, (x0, y0, x1, y1) = sum(rest), left
        wide, high = x1 - x0, y1 - y0
        short = min(wide, high)
        count = _row(rest, short, wide * high / whole) if whole else len(rest)
        share = sum(rest[:count]) / whole if whole else 1
        at = 0.0
        for value in rest[:count]:
            part = value / sum(rest[:count]) if whole else 1 / count
            if wide >= high:  # a column on the left, filled from the top
                placed.append((x0, y1 - (at + part) * high, x0 + wide * share, y1 - at * high))
            else:
                placed.append((x0 + at * wide, y1 - high * share, x0 + (at + part) * wide, y1))
            at += part
        left = (x0 + wide * share, y0, x1, y1) if wide >= high else (x0, y0, x1, y1 - high * share)
        rest = rest[count:]
    return placed


def _row(values: Sequence[float], short: float, scale: float) -> int:
    """Say how many of the values stand beside each other on the short side: as long as none gets narrower by it."""
    count, best = 1, float("inf")
    for tried in range(1, len(values) + 1):
        areas = [value * scale for value in values[:tried]]
        side = sum(areas) / short
        worst = max((max(side * side / area, area / (side * side)) for area in areas if area), default=float("inf"))
        if worst > best:
            break
        count, best = tried, worst
    return count
