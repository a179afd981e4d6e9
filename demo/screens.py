"""The open work and the last fortnight of one community, so that its board shows what the plan says."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import NamedTuple

from db.categories import SHIPPED
from demo import hours, lives, texts
from demo.cases import Cases
from demo.histories import Case, History
from demo.lives import Move
from demo.plan import Screen
from demo.texts import Theme
from domain.clock import at_local, local, local_date

OFFICE_OPENS, SAME_DAY_UNTIL = time(9), time(16, 59)
DAY = timedelta(days=1)


class Slot(NamedTuple):
    column: str  # todo, doing, follow_up
    due: str = ""  # late, today, later


def slots(screen: Screen) -> Counter[Slot]:
    """Say how many of each the board wants."""
    new_today = min(screen.todo, screen.today // 2)
    begun_today = screen.today - new_today
    return Counter(
        {
            Slot("todo", "today"): new_today,
            Slot("todo", "later"): screen.todo - new_today,
            Slot("doing", "late"): screen.late,
            Slot("doing", "today"): begun_today,
            Slot("doing", "later"): screen.doing - screen.late - begun_today,
            Slot("follow_up"): screen.follow_up,
        }
    )


def is_quick(theme: Theme) -> bool:
    """Tell whether it is due the same day."""
    same_day = SHIPPED.get(theme.top, (None,))[0] is not None
    return same_day and theme.kind != "service" and not theme.marks & {"slow", "big"}


def is_slow(theme: Theme) -> bool:
    return theme.kind == "report" and "slow" in theme.marks


def takes_weeks(theme: Theme) -> bool:
    return {"big", "hard"} <= theme.marks


def waits_for_handler(due: str, n: int) -> bool:
    """Leave every fourth of the unhurried ones dispatched, not yet taken on."""
    return due == "later" and n % 4 == 1


class Desk:
    """Makes one community's tickets around `now`."""

    def __init__(self, cases: Cases, now: datetime) -> None:
        self.cases, self.chance, self.now = cases, cases.chance, now
        self.today = local_date(now)

    def open_work(self, wanted: Counter[Slot]) -> Iterator[History]:
        make = {"todo": self._todo, "doing": self._doing}
        for slot, number in wanted.items():
            for n in range(number):
                yield make[slot.column](slot.due, n) if slot.due else self._follow_up()

    # --- when it was reported ----------------------------------------------------------------

    @property
    def _is_early(self) -> bool:
        return local(self.now).time() < OFFICE_OPENS

    def this_morning(self) -> datetime:
        """A same-day matter that is still due today; before office hours one of last evening."""
        if self._is_early:
            evening = self.today - DAY
            return hours.between(at_local(evening, time(17, 5)), at_local(evening, time(22, 30)), self.chance)
        last = min(self.now - timedelta(minutes=12), at_local(self.today, SAME_DAY_UNTIL))
        return hours.between(max(at_local(self.today, time(7)), last - timedelta(hours=3)), last, self.chance)

    def _week_ago(self) -> datetime:
        """A week's time that ends later today."""
        week_ago = self.now - 7 * DAY
        first = max(week_ago + timedelta(minutes=15), at_local(self.today - 7 * DAY, OFFICE_OPENS))
        return hours.between(first, at_local(self.today - 7 * DAY, time(18)), self.chance)

    def days_ago(self, least: int, most: int) -> datetime:
        return hours.report_moment(self.today - DAY * self.chance.randint(least, most), self.chance)

    # --- columns -----------------------------------------------------------------------------

    def _todo(self, due: str, n: int) -> History:
        if due == "today":
            at = self.this_morning()
            return self.play(self.cases.draw(self.today, wanted=is_quick), at, [])
        if n % 2:
            case = self.cases.of(self.chance.one(texts.SERVICES[:12]))
            moves = lives.start(case, self.chance, claimed_by_volunteer=False)[:2]
            return self.play(case, self.days_ago(1, 1), moves)
        case = self.cases.plain(*self.chance.one(texts.UNSORTED))
        at = hours.between(self.now - timedelta(hours=15), self.now - timedelta(minutes=15), self.chance)
        return self.play(case, at, [])

    def _doing(self, due: str, n: int) -> History:
        at, wanted = self._started(due, n)
        case = self.cases.draw(local_date(at), wanted=lambda t: t.kind != "service" and wanted(t))
        moves = lives.start(case, self.chance, claimed_by_volunteer=False)
        if waits_for_handler(due, n):
            return self.play(case, at, moves[:-1])
        return self.play(case, at, moves + lives.contacts(self.chance))

    def _started(self, due: str, n: int) -> tuple[datetime, Callable[[Theme], bool]]:
        """Choose a start and a sort of matter that together are due then."""
        if due == "late":
            if n % 2:
                return hours.daytime(self.today - 8 * DAY, self.chance, 9, 17), is_slow
            return hours.daytime(self.today - DAY, self.chance, 9, 16), is_quick
        if due == "today":
            week_left = local(self.now).time() < time(17)
            if week_left and (self._is_early or n % 2):
                return self._week_ago(), is_slow
            return self.this_morning(), is_quick
        if waits_for_handler(due, n):
            return hours.between(self.now - timedelta(hours=20), self.now - timedelta(hours=1), self.chance), is_slow
        return (self.days_ago(2, 11), takes_weeks) if n % 4 == 3 else (self.days_ago(1, 5), is_slow)

    def _follow_up(self) -> History:
        return self.resolved(self.cases.draw(self.today, wanted=is_quick))

    def resolved(self, case: Case) -> History:
        """Done within the last day, not yet called back."""
        moves = lives.start(case, self.chance, claimed_by_volunteer=False) + lives.work(case, self.chance)
        end = hours.between(self.now - timedelta(hours=20), self.now - timedelta(minutes=25), self.chance)
        return self.play_back(case, moves, hours.earlier(end, 1, self.chance))

    def closed(self, number: int, today: int) -> Iterator[History]:
        """Close so many in the last fortnight, `today` of them since this morning."""
        morning, last = at_local(self.today, time(8, 10)), self.now - timedelta(minutes=3)
        ends = [hours.between(morning, last, self.chance) for _ in range(today)]
        days = {self.today - DAY * n: 0.5 if (self.today - DAY * n).weekday() >= 5 else 1.0 for n in range(1, 14)}
        ends += [hours.daytime(self.chance.weighted(days), self.chance, 9, 18) for _ in range(number - today)]
        for end in ends:
            case = self.cases.draw(local_date(end) - DAY)
            yield self.play_back(case, lives.whole(case, self.chance), end)

    def closed_by_now(self, by_evening: int) -> int:
        """Scale a day's closings to the hour: none before eight, all by eleven."""
        since = (self.now - at_local(self.today, time(8))) / timedelta(hours=3)
        return round(by_evening * min(max(since, 0), 1)) if since > 0.1 else 0

    def play(self, case: Case, at: datetime, moves: list[Move]) -> History:
        moments = lives.until(moves, at, self.now, self.chance)
        return lives.play(case, self.cases.team, self.chance, at, moves, moments)

    def play_back(self, case: Case, moves: list[Move], end: datetime) -> History:
        at, moments = lives.backwards(moves, end, self.chance)
        return lives.play(case, self.cases.team, self.chance, at, moves, moments)
