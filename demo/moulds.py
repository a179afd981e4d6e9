"""Past tickets by the million: lives played once, then cast again and again on other days.

A life moves by whole days, so every hour, due time and order of steps stays as the rules made it; what
is new for each cast are its ids and with them its chain of hashes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from random import Random
from typing import Any

from db.loading import Loader
from db.writes import canonical
from demo.histories import History
from demo.tally import Life, Rows, Tally
from domain.clock import local_date

_DAY = re.compile(r'(?<=")(\d{4}-\d\d-\d\d)(?=["T])')
_DAY_MS = 86_400_000
_MANY = 8  # of different lives in a day's draw of one community
_VERSION_7 = 7 << 76 | 2 << 62


@dataclass(slots=True)
class _Row:
    """A row's cells; those that hold a day get it anew: place, days after the report, what follows it."""

    cells: list[Any]
    days: tuple[tuple[int, int, str], ...]

    def on(self, days: list[str], start: int) -> list[Any]:
        cells = self.cells.copy()
        for place, offset, rest in self.days:
            cells[place] = days[start + offset] + rest
        return cells


@dataclass(slots=True)
class _Event:
    cells: list[Any]
    stamp: int  # its moment in milliseconds
    at: tuple[int, str]  # the same as days after the report, and the time as the column holds it
    changes: str
    changed_days: tuple[int, ...]
    hashed: str  # around the hash before it, day, changes, id and ticket
    note: str | None


class Mould:
    """One life, ready to be cast on any day."""

    def __init__(self, history: History, loader: Loader) -> None:
        self.loader = loader
        start = history.row["reported_at"]
        self.start: date = start.date()  # of UTC, as the columns hold it
        self.month = local_date(start).month
        self.community_id = history.row["community_id"]
        self.span = (history.row["updated_at"].date() - self.start).days + 1
        self.second = start.hour * 3600 + start.minute * 60 + start.second
        notes = {note["event_id"]: note["body"] for note in history.notes}
        self.stamp = _milliseconds(start)
        self.ticket = self._row("ticket", history.row)
        self.events = [self._event(event, notes.get(event["id"])) for event in history.events]
        texts: tuple[Any, ...] = (history.case.told, history.result, {})
        self.text = [loader.literal(part) for part in texts]
        self.life = Life(history, self.start, loader)
        self.rounds = [self._row("ticket_round", one) for one in self.life.rounds]
        ticket, event = loader.places("ticket"), loader.places("ticket_event")
        self.t_id, self.t_number, self.t_hash = (ticket[name] for name in ("id", "number", "event_hash"))
        self.r_ticket = loader.places("ticket_round")["ticket_id"]
        self.e_cells = tuple(event[name] for name in ("id", "ticket_id", "at", "changes", "prev_hash", "hash"))

    def _row(self, table: str, values: dict[str, Any]) -> _Row:
        cells, days = [], []
        for place, name in enumerate(self.loader.places(table)):
            value = values[name]
            cell = self.loader.literal(value)
            if isinstance(value, (date, datetime)):
                days.append((place, self._offset(cell[:10]), cell[10:]))
            cells.append(cell)
        return _Row(cells, tuple(days))

    def _offset(self, day: str) -> int:
        """Count the days after the report's."""
        return (date.fromisoformat(day) - self.start).days

    def _event(self, event: dict[str, Any], note: str | None) -> _Event:
        row, moment = self._row("ticket_event", event), event["at"].isoformat()
        marked = event | {"id": "@id@", "ticket_id": "@ticket@", "changes": "@changes@", "at": f"@day@{moment[10:]}"}
        del marked["hash"], marked["prev_hash"]
        # the places stand in the order of the alphabet, as canonical JSON has its names
        hashed = re.sub('@day@|"@changes@"|@id@|@ticket@', "%s", canonical(marked).replace("%", "%%"))
        changes = canonical(event["changes"])
        days = tuple(self._offset(day) for day in _DAY.findall(changes))
        ((_, day, rest),) = row.days
        return _Event(
            cells=row.cells,
            stamp=_milliseconds(event["at"]) - self.stamp,
            at=(day, rest),
            changes=_DAY.sub("%s", changes.replace("%", "%%")) if days else changes,
            changed_days=days,
            hashed=f"%s\n{hashed}",
            note=None if note is None else self.loader.literal(note),
        )

    def cast(self, rows: Rows, number: int, shift: int, tally: Tally, chance: Random) -> None:
        """Add the rows of one ticket that lives so many days after the mould's own, and count it."""
        days, start, id_of = tally.calendar.text, tally.calendar.number(self.start) + shift, self.loader.id
        stamp, bits, told, notes = (
            self.stamp + shift * _DAY_MS,
            chance.getrandbits,
            rows["ticket_event"],
            rows["ticket_note"],
        )
        ticket_hex = f"{stamp << 80 | _VERSION_7 | bits(12) << 64 | bits(62):032x}"
        ticket_id, before = id_of(ticket_hex), ""
        p_id, p_ticket, p_at, p_changes, p_before, p_hash = self.e_cells
        for event in self.events:
            hexed = f"{stamp + event.stamp << 80 | _VERSION_7 | bits(12) << 64 | bits(62):032x}"
            changes, (day, rest) = event.changes, event.at
            if event.changed_days:
                changes %= tuple([days[start + n] for n in event.changed_days])
            said = event.hashed % (before, days[start + day], changes, hexed, ticket_hex)
            cells = event.cells.copy()
            cells[p_id], cells[p_ticket], cells[p_at] = id_of(hexed), ticket_id, days[start + day] + rest
            cells[p_changes], cells[p_before] = changes, before
            cells[p_hash] = before = sha256(said.encode()).hexdigest()
            told.append(cells)
            if event.note is not None:
                notes.append((cells[p_id], ticket_id, event.note))
        cells = self.ticket.on(days, start)
        cells[self.t_id], cells[self.t_number], cells[self.t_hash] = ticket_id, self.loader.literal(number), before
        rows["ticket"].append(cells)
        rows["ticket_text"].append((ticket_id, *self.text))
        for one in self.rounds:
            cells = one.on(days, start)
            cells[self.r_ticket] = ticket_id
            rows["ticket_round"].append(cells)
        tally.count(self.life, ticket_id, stamp, start, rows)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


class Shelf:
    """The moulds of one community, by the month they fit."""

    def __init__(self, moulds: Sequence[Mould]) -> None:
        self.by_month = {month: [m for m in moulds if m.month == month] for month in range(1, 13)}
        self.shortest = min(moulds, key=lambda mould: mould.span)

    def draw(self, day: date, count: int, room: int, chance: Random) -> list[Mould]:
        """Draw so many for a day, all ended within `room` days; towards the end those of other months too."""
        fitting = [mould for mould in self.by_month[day.month] if mould.span <= room]
        if len(fitting) < _MANY:
            fitting = [mould for held in self.by_month.values() for mould in held if mould.span <= room]
        return chance.choices(fitting or [self.shortest], k=count)


def spread(total: int, parts: int) -> Iterator[int]:
    """Cut a number into so many parts that differ by one at most."""
    for n in range(parts):
        yield total * (n + 1) // parts - total * n // parts
