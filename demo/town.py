"""The large demos: open work and people as always, the past cast from moulds and streamed, day by day."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from db import bulk, categories, loading
from db.loading import Loader
from demo import care, casting, people, points
from demo.cases import Weather
from demo.casting import Town
from demo.chance import Chance
from demo.generate import Made, add, current
from demo.histories import History
from demo.past import Past
from demo.people import Team
from demo.plan import Plan, Share
from domain.clock import local_date

TOLD = 4000  # tickets between two words of progress
Progress = Callable[[int, int, int], None]  # tickets, of all, rows


def build(plan: Plan, *, size: str, seed: int, now: datetime, progress: Progress | None = None) -> Made:
    """Fill an empty database; it is marked as a demo, and takes its name, only when all is in."""
    with _uncollected(), loading.filling(now=now) as loader:
        known = {(c.parent_name, c.name): c.id for c in categories.listed(loader.session, with_inactive=True)}
        bulk.check_unused(loader.session)
        written = _fill(Town(plan, seed, now, known), loader, progress)
        mark = {"seed": seed, "date": local_date(now).isoformat(), "size": size}
        bulk.mark_demo(loader.session, mark=mark, now=now)
    counts = (written[name] for name in ("ticket", "ticket_event", "person", "app_user"))
    return Made(sum(written.values()), *counts)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles meanwhile: rows have none, and to go through all that is held took a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _fill(town: Town, loader: Loader, progress: Progress | None) -> Counter[str]:
    """Write people, past and present; give the rows of each table."""
    present = people.Rows(list)
    with casting.begun(town, loader) as days:
        # all of this while the other process makes its moulds
        teams, census = town.settle()
        bulk.fill(loader.session, census.rows)
        written = Counter({name: len(rows) for name, rows in census.rows.items()})
        weather = town.weather
        shown = [
            list(_present(town, team, weather, share)) for team, share in zip(teams, town.plan.shares, strict=True)
        ]
        numbers, events = _write_past(days, town, loader, written, progress)
    for team, histories in zip(teams, shown, strict=True):
        home = team.community.id
        add(present, home, histories, before=numbers[home], events_before=events[home])
    bulk.fill(loader.session, present)
    loader.uncounted = [history.row["id"] for histories in shown for history in histories]
    written += Counter({name: len(held) for name, held in present.items()})
    for team, histories, share in zip(teams, shown, town.plan.shares, strict=True):
        helped = people.Rows(list)
        care.add(helped, team, histories, Chance(town.seed, team.community.code, "care"), town.now, evenings=1)
        chance = Chance(town.seed, team.community.code, "points")
        points.add(helped, team, histories, chance, town.now, town.plan.service(share))
        bulk.fill(loader.session, helped)
        written += Counter({name: len(held) for name, held in helped.items()})
        if progress:
            progress(town.plan.tickets, town.plan.tickets, sum(written.values()))
    return written


def _write_past(
    days: Iterator[casting.Batch], town: Town, loader: Loader, written: Counter[str], progress: Progress | None
) -> tuple[Counter[UUID], Counter[UUID]]:
    """Give the last number and the number of events of each community."""
    numbers: Counter[UUID] = Counter()
    events: Counter[UUID] = Counter()
    told = 0
    for batch in days:
        for name, packed in batch.packed.items():
            loader.add(name, packed)
        loader.count(batch.cells)
        written.update(batch.counts)
        numbers, events = batch.numbers, batch.events
        if progress and written["ticket"] >= min(told + TOLD, town.plan.cast):
            told = written["ticket"]
            progress(told, town.plan.tickets, sum(written.values()))
    return numbers, events


def _present(town: Town, team: Team, weather: Weather, share: Share) -> Iterator[History]:
    histories = list(current(town.cases(team, weather, "now"), share, town.now))
    yield from histories
    past = Past(town.cases(team, weather, "past"), town.now, 90)
    yield from past.tickets(share.tickets - len(histories))
