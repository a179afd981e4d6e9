"""The older tickets of one community: by season, weather and hour, all ended before the last fortnight."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from demo import hours, lives, texts
from demo.cases import Cases
from demo.histories import Case, History
from demo.lives import Move
from domain.clock import local, local_date
from domain.tickets import DONE_SHOWN, Kind, RejectReason

DAY = timedelta(days=1)
_ENDS = {"usual": 92, "rejected": 4.5, "cancelled": 3.5}
_SORTS = {"usual": 86.5, "rejected": 4.5, "cancelled": 3.5, "plain": 2, "alert": 3.5}


class Past:
    def __init__(self, cases: Cases, now: datetime, days: int) -> None:
        self.cases, self.chance, self.now = cases, cases.chance, now
        today = local_date(now)
        self._last = now - DONE_SHOWN - timedelta(hours=1)
        weight = cases.weather.weight
        self._days = {day: weight(day) for n in range(16, days + 1) for day in (today - DAY * n,)}
        self._all_days = self._days | {day: weight(day) for n in range(1, 16) for day in (today - DAY * n,)}

    def tickets(self, number: int) -> Iterator[History]:
        for _ in range(number):
            yield getattr(self, f"_{self.chance.weighted(_SORTS)}")()

    def on(self, at: datetime) -> History:
        """Play what was reported at a moment; a few in a hundred came to nothing."""
        sort = self.chance.weighted(_ENDS)
        if sort == "rejected":
            return self._rejected(at)
        return self._cancelled(at) if sort == "cancelled" else self._usual(at)

    def _moment(self, *, recent: bool = False) -> datetime:
        days = self._all_days if recent else self._days
        return hours.report_moment(self.chance.weighted(days), self.chance)

    def _usual(self, at: datetime | None = None) -> History:
        at = at or self._moment()
        night = not 8 <= local(at).hour < 19
        wanted = (lambda _: True) if night else (lambda t: "night" not in t.marks)
        return self._whole(self.cases.draw(local_date(at), night=night, wanted=wanted), at)

    def _plain(self) -> History:
        return self._whole(self.cases.plain(*self.chance.one(texts.UNSORTED)), self._moment())

    def _alert(self) -> History:
        day = self.chance.weighted(self._days)
        return self._whole(self.cases.of(self.chance.one(texts.ALERTS)), hours.daytime(day, self.chance, 8, 17))

    def _whole(self, case: Case, at: datetime) -> History:
        moves = lives.whole(case, self.chance)
        moments = lives.forwards(moves, at, self.chance)
        if moments[-1] > self._last:
            at, moments = lives.backwards(moves, hours.earlier(self._last, 1, self.chance), self.chance)
        return self._play(case, at, moves, moments)

    def _rejected(self, at: datetime | None = None) -> History:
        title, told, reason, channel = self.chance.one(texts.REJECTED)
        refuse = partial(History.reject, reason=RejectReason(reason), channel=channel)
        at, moves = at or self._moment(recent=True), [Move(refuse, self.chance.uniform(10, 90))]
        return self._short(self.cases.plain(title, told), at, moves)

    def _cancelled(self, at: datetime | None = None) -> History:
        at = at or self._moment(recent=True)
        case = self.cases.draw(local_date(at), wanted=lambda t: t.kind != Kind.SERVICE)
        begun = lives.start(case, self.chance, claimed_by_volunteer=False)
        moves = [*begun[: self.chance.randint(0, 2)], Move(History.cancel, self.chance.uniform(20, 200))]
        return self._short(case, at, moves)

    def _short(self, case: Case, at: datetime, moves: list[Move]) -> History:
        return self._play(case, at, moves, lives.until(moves, at, self.now, self.chance))

    def _play(self, case: Case, at: datetime, moves: list[Move], moments: list[datetime]) -> History:
        return lives.play(case, self.cases.team, self.chance, at, moves, moments)
