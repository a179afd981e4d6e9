"""The past of a large demo: cast by a second process, day by day, while the first one writes."""

import gc
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from uuid import UUID

import settings
from db.loading import TABLES, Loader
from demo import brought, hours, people, places
from demo.cases import Cases, Categories, Weather
from demo.chance import Chance
from demo.moulds import Mould, Shelf, spread
from demo.past import Past
from demo.people import Census, Team
from demo.plan import Plan
from demo.tally import Calendar, Rows, Tally
from domain.clock import local_date
from domain.stats import Cells
from domain.tickets import DONE_SHOWN
from settings import Settings

MOULDS_A_MONTH = 20
PLANNED_DAYS = DONE_SHOWN.days + 4  # the last, in which most of what a board shows came in
AHEAD = 8  # days cast before they are written
CHUNK = 20_000  # tickets summed up at a time: a month's cells are met again, and the writer must not wait
ALONE = 20_000  # so few tickets are made before another process has started
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Town:
    """What one large demo is made of."""

    plan: Plan
    seed: int
    now: datetime
    known: Categories

    @property
    def weather(self) -> Weather:
        return Weather.of(local_date(self.now), self.plan.days, Chance(self.seed, "weather"))

    def settle(self) -> tuple[list[Team], Census]:
        """Build the places and people them: the same ones each time."""
        plan, made_at = self.plan, self.now - self.plan.span - timedelta(days=30)
        street = places.build(Chance(self.seed, "places"), made_at, grids=plan.grids, buildings=plan.buildings)
        census = Census(Chance(self.seed, "people"), made_at, self.known)
        teams = people.form_teams(census, street, plan.shares)
        census.rows["area"] = places.rows(street)
        return teams, census

    def cases(self, team: Team, weather: Weather, part: str) -> Cases:
        return Cases(team, self.known, weather, Chance(self.seed, team.community.code, part))

    @property
    def first(self) -> date:
        return local_date(self.now) - self.plan.span

    @property
    def last(self) -> date:
        """Give the last day of UTC, as the columns hold it, that is over."""
        return self.now.astimezone(UTC).date() - _DAY

    @property
    def past_days(self) -> int:
        return (self.last - self.first).days + 1 if self.plan.cast else 0


@dataclass(frozen=True)
class Batch:
    """A day's rows as the loader takes them, how many, and how far each community has come; now and then cells."""

    packed: dict[str, bytes]
    counts: dict[str, int]
    numbers: Counter[UUID]
    events: Counter[UUID]
    cells: Cells


class Caster:
    def __init__(self, town: Town, loader: Loader) -> None:
        self.town, self.loader = town, loader
        self.numbers: Counter[UUID] = Counter()
        self.events: Counter[UUID] = Counter()
        # a due time may lie weeks after the last day of the past
        self.tally = Tally(Calendar(town.first - 5 * _DAY, town.plan.days + 200), loader)
        cast = spread(town.plan.cast, len(town.plan.shares))
        pairs = zip(cast, town.plan.shares, strict=True)
        self.shares = [daily(number, share.screen.tickets, town.past_days) for number, share in pairs]
        teams, weather = town.settle()[0], town.weather
        self.shelves = [Shelf(list(self._moulds(town.cases(team, weather, "moulds")))) for team in teams]

    def _moulds(self, cases: Cases) -> Iterator[Mould]:
        """Play a year's worth of lives, so many a month."""
        past, of_all = Past(cases, self.town.now, 450), MOULDS_A_MONTH * 12
        for n in range(of_all):
            day = local_date(self.town.now) + (n * 365 // of_all - 450) * _DAY
            at = hours.report_moment(day, cases.chance)
            yield Mould(brought.lives(cases, at) if self.town.plan.brief else past.on(at), self.loader)

    def day(self, number: int) -> Batch:
        """Cast one day in the order of time: the indexes then grow at their ends. To be called day after day."""
        chance, day = Chance(self.town.seed, "casting", number), self.town.first + number * _DAY
        room = (self.town.last - day).days + 1
        pairs = zip(self.shelves, self.shares, strict=True)
        drawn = [m for shelf, held in pairs for m in shelf.draw(day, held[number], room, chance)]
        drawn.sort(key=lambda mould: mould.second)
        rows: Rows = defaultdict(list)
        for mould in drawn:
            self.numbers[mould.community_id] += 1
            self.events[mould.community_id] += len(mould.events)
            mould.cast(rows, self.numbers[mould.community_id], (day - mould.start).days, self.tally, chance)
        packed = {name: self.loader.pack(rows[name]) for name in TABLES if rows[name]}
        counts = {name: len(held) for name, held in rows.items()}
        is_full = self.tally.sums.tickets >= CHUNK or number == self.town.past_days - 1
        return Batch(packed, counts, self.numbers, self.events, self.tally.cells() if is_full else {})


def daily(cast: int, shown: int, days: int) -> list[int]:
    """Spread so many over the days: the last get as many fewer as the board shows already."""
    if not cast:
        return [0] * days
    lately = max(round((cast + shown) * PLANNED_DAYS / days) - shown, 0)
    return [*spread(cast - lately, days - PLANNED_DAYS), *spread(lately, PLANNED_DAYS)]


@contextmanager
def begun(town: Town, loader: Loader) -> Iterator[Iterator[Batch]]:
    """Give the days of the past, in order; the first ones are being cast already."""
    if town.plan.cast < ALONE:
        caster = Caster(town, type(loader)(None))
        yield map(caster.day, range(town.past_days))
        return
    arguments = (town, type(loader), settings.current())
    with ProcessPoolExecutor(1, get_context("spawn"), _begin, arguments) as pool:
        ahead = deque(pool.submit(_day, number) for number in range(AHEAD))
        yield _in_order(pool, ahead, town.past_days)
        pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, ahead: deque[Future[Batch]], days: int) -> Iterator[Batch]:
    for number in range(AHEAD, days + AHEAD):
        batch = ahead.popleft().result()
        if number < days:
            ahead.append(pool.submit(_day, number))
        yield batch


_casting: Caster


def _begin(town: Town, kind: Callable[[None], Loader], used: Settings) -> None:
    """Make ready the process that casts; the people's numbers are encrypted with the installation's key."""
    global _casting
    gc.disable()  # see `town`
    settings.use(used)
    _casting = Caster(town, kind(None))


def _day(number: int) -> Batch:
    return _casting.day(number)
