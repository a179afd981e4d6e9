"""When people work: a step never falls into the night, a resident's report may."""

from datetime import date, datetime, time, timedelta

from demo.chance import Chance
from domain.clock import at_local, local

OPENS, SHUTS = time(8, 30), time(18, 30)
# when residents write or call, by the hour: two peaks by day, messages into the night
BY_HOUR = dict(
    zip(range(24), (1, 0.5, 0.3, 0.2, 0.3, 1, 3, 6, 11, 14, 12, 9, 6, 6, 9, 11, 10, 9, 8, 8, 8, 7, 5, 2), strict=True)
)


def report_moment(day: date, chance: Chance) -> datetime:
    hour = chance.weighted(BY_HOUR)
    return at_local(day, time(hour, chance.randrange(60), chance.randrange(60)))


def daytime(day: date, chance: Chance, first: int = 8, last: int = 17) -> datetime:
    return at_local(day, time(chance.randint(first, last - 1), chance.randrange(60), chance.randrange(60)))


def between(first: datetime, last: datetime, chance: Chance) -> datetime:
    """Pick a moment between two, to the second; the first if they have changed places."""
    seconds = int((last - first).total_seconds())
    return first + timedelta(seconds=chance.randrange(seconds) if seconds > 0 else 0)


def later(moment: datetime, minutes: float, chance: Chance) -> datetime:
    """Go forward; what falls outside the working day waits for the next morning."""
    then = moment + timedelta(minutes=minutes)
    clock, day = local(then).time(), local(then).date()
    if OPENS <= clock < SHUTS:
        return _to_second(then)
    morning = day if clock < OPENS else day + timedelta(days=1)
    return max(_to_second(then), at_local(morning, OPENS) + timedelta(seconds=chance.randrange(3000)))


def earlier(moment: datetime, minutes: float, chance: Chance) -> datetime:
    """Go back; what falls outside the working day was done at the end of the one before."""
    then = moment - timedelta(minutes=minutes)
    clock, day = local(then).time(), local(then).date()
    if OPENS <= clock < SHUTS:
        return _to_second(then)
    evening = day if clock >= SHUTS else day - timedelta(days=1)
    return min(_to_second(then), at_local(evening, SHUTS) - timedelta(seconds=chance.randrange(3000)))


def _to_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
