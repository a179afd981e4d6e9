"""The large demos: open work and people as always, the past cast from moulds and streamed, day by day."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from db import bulk, categories, loading
from db.loading import TABLES, Loader
from demo import brought, hours, people, places
from demo.cases import Cases, Categories, Weather
from demo.chance import Chance
from demo.generate import Made, add, current
from demo.histories import History
from demo.moulds import Calendar, Mould, Rows, Shelf, spread
from demo.past import Past
from demo.people import Census, Team
from demo.plan import Plan, Share
from domain.clock import local_date
from domain.tickets import DONE_SHOWN

MOULDS_A_MONTH = 20
BATCH = 4000
Progress = Callable[[int, int, int], None]  # tickets, of all, rows
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Town:
    """What one large demo is made of."""

    plan: Plan
    seed: int
    now: datetime
    known: Categories
    teams: list[Team]
    weather: Weather

    def cases(self, team: Team, part: str) -> Cases:
        return Cases(team, self.known, self.weather, Chance(self.seed, team.community.code, part))


def build(plan: Plan, *, size: str, seed: int, now: datetime, progress: Progress | None = None) -> Made:
    """Fill an empty database; it is marked as a demo, and takes its name, only when all is in."""
    with loading.filling(now=now) as loader:
        known = {(c.parent_name, c.name): c.id for c in categories.listed(loader.session, with_inactive=True)}
        town, census = _settle(plan, seed, now, known)
        bulk.check_unused(loader.session)
        bulk.fill(loader.session, census.rows)
        written = Counter({name: len(rows) for name, rows in census.rows.items()})
        written += _fill(town, loader, progress)
        mark = {"seed": seed, "date": local_date(now).isoformat(), "size": size}
        bulk.mark_demo(loader.session, mark=mark, now=now)
    counts = (written[name] for name in ("ticket", "ticket_event", "person", "app_user"))
    return Made(sum(written.values()), *counts)


def _settle(plan: Plan, seed: int, now: datetime, known: Categories) -> tuple[Town, Census]:
    made_at = now - plan.span - timedelta(days=30)
    street = places.build(Chance(seed, "places"), made_at, grids=plan.grids, buildings=plan.buildings)
    census = Census(Chance(seed, "people"), made_at, known)
    teams = people.form_teams(census, street, plan.shares)
    census.rows["area"] = places.rows(street)
    weather = Weather.of(local_date(now), plan.days, Chance(seed, "weather"))
    return Town(plan, seed, now, known, teams, weather), census


def _fill(town: Town, loader: Loader, progress: Progress | None) -> Counter[str]:
    """Stream the past, then write the present; give the rows of each table."""
    written: Counter[str] = Counter()
    numbers: Counter[Any] = Counter()
    events: Counter[Any] = Counter()
    rows: Rows = defaultdict(list)

    def flush() -> None:
        for name in TABLES:
            loader.add(name, rows[name])
            written[name] += len(rows[name])
        rows.clear()
        if progress:
            progress(written["ticket"], town.plan.tickets, sum(written.values()))

    chance, calendar = Chance(town.seed, "casting"), _calendar(town)
    for mould, day in _past(town, loader, chance):
        numbers[mould.community_id] += 1
        events[mould.community_id] += len(mould.events)
        mould.cast(rows, numbers[mould.community_id], (day - mould.start).days, calendar, chance)
        if len(rows["ticket"]) >= BATCH:
            flush()
    flush()
    present = people.Rows(list)
    for team, share in zip(town.teams, town.plan.shares, strict=True):
        histories = list(_present(town, team, share))
        before = team.community.id
        add(present, before, histories, before=numbers[before], events_before=events[before])
    bulk.fill(loader.session, present)
    return written + Counter({name: len(held) for name, held in present.items()})


def _calendar(town: Town) -> Calendar:
    # a due time may lie weeks after the last day of the past
    return Calendar(local_date(town.now) - town.plan.span - 5 * _DAY, town.plan.days + 200)


def _present(town: Town, team: Team, share: Share) -> Iterator[History]:
    cases = town.cases(team, "now")
    histories = list(current(cases, share, town.now))
    yield from histories
    yield from Past(town.cases(team, "past"), town.now, 90).tickets(share.tickets - len(histories))


def _past(town: Town, loader: Loader, chance: Chance) -> Iterator[tuple[Mould, date]]:
    """Give what is to be cast, in the order of time: the indexes then grow at their ends."""
    if not town.plan.cast:
        return
    shelves = [_shelf(town, team, loader) for team in town.teams]
    today = local_date(town.now)
    last = today - DONE_SHOWN - _DAY  # the last fortnight's board is the plan's, however long the past
    days = [today - town.plan.span + _DAY * n for n in range(town.plan.days - DONE_SHOWN.days - 4)]
    left = town.plan.cast
    for number, day in enumerate(days):
        shares = spread(left // (len(days) - number), len(shelves))
        pairs = zip(shelves, shares, strict=True)
        drawn = [m for shelf, count in pairs for m in shelf.draw(day, count, (last - day).days, chance)]
        drawn.sort(key=lambda mould: mould.second)
        left -= len(drawn)
        yield from ((mould, day) for mould in drawn)


def _shelf(town: Town, team: Team, loader: Loader) -> Shelf:
    cases = town.cases(team, "moulds")
    return Shelf([Mould(history, loader) for history in _lives(town, cases)])


def _lives(town: Town, cases: Cases) -> Iterator[History]:
    """Play a year's worth of lives, so many a month."""
    year_ago = local_date(town.now) - 450 * _DAY
    for n in range(MOULDS_A_MONTH * 12):
        day = year_ago + _DAY * (n * 365 // (MOULDS_A_MONTH * 12))
        at = hours.report_moment(day, cases.chance)
        yield brought.lives(cases, at) if town.plan.brief else Past(cases, town.now, 450).on(at)
