"""Points of the demo: a year of helping, confirmed and posted; a shop, orders, one waiting; an expiry near."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush
from typing import Any
from uuid import UUID

from db.ledger import Cause, NewLot
from demo.books import Books
from demo.chance import Chance
from demo.deeds import Deed, deeds
from demo.histories import History
from demo.people import Rows, Team
from demo.plan import LATELY, Service
from demo.shop import Shop
from domain.awards import DEFAULT_RULES, Day, award, expires_on
from domain.clock import at_local, local_date
from domain.ledger import Move, award_moves
from domain.points import DAY_CAP, Account, Posting, RecordState, month_of, next_month

_LATELY = timedelta(days=420)
_OLD = timedelta(days=200)
_DAY = timedelta(days=1)
_AT_NIGHT = time(2, 31)


def add(
    rows: Rows, team: Team, histories: Sequence[History], chance: Chance, now: datetime, service: Service = LATELY
) -> None:
    """Write what the community's helpers did, earned and changed into goods."""
    story = Story(team, chance, now, max(_LATELY, timedelta(days=service.days + 30)))
    for deed in deeds(team, histories, chance, now, rows["check_window"], service):
        story.note(deed)
    story.shop.open(team.helpers)
    story.timeline.play()
    rows["service_record"] += story.records
    story.shop.add_to(rows)
    story.books.add_to(rows)


class Timeline:
    """What is to be done at which moment, played in the order of time, up to now."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._queue: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._queued = 0

    def at(self, moment: datetime, do: Callable[[datetime], None]) -> None:
        """Do this at that moment, unless it is still to come."""
        if moment <= self.now:
            self._queued += 1
            heappush(self._queue, (moment, self._queued, do))

    def play(self) -> None:
        while self._queue:
            moment, _, do = heappop(self._queue)
            do(moment)


class Story:
    """Turns deeds into records and postings."""

    def __init__(self, team: Team, chance: Chance, now: datetime, span: timedelta) -> None:
        self.team, self.chance, self.now = team, chance, now
        opened = at_local(local_date(now) - span, time(9))
        self.books = Books(team.community.id, team.community.path, chance, opened)
        self.timeline = Timeline(now)  # apart, so that no cycle keeps all rows where cycles are not looked for
        self.at = self.timeline.at
        self.shop = Shop(self.books, team, chance, now, self.at)
        self.records: list[dict[str, Any]] = []
        self._earned: Counter[tuple[UUID, str, date | str]] = Counter()

    def note(self, deed: Deed) -> None:
        """Write the record as far as it has come by now; what is confirmed is posted in its turn."""
        row = self._row(deed)
        self.records.append(row)
        verified_at = max(deed.recorded_at, at_local(local_date(deed.recorded_at) + _DAY, time(9, 30)))
        if deed.waits or verified_at > self.now:
            return
        office = self.team.office[-1].user_id
        row |= {"state": RecordState.VERIFIED.value, "verified_by": office, "verified_at": verified_at, "version": 2}
        self.at(at_local(local_date(verified_at) + _DAY, time(16)), lambda at: self._confirm(deed, row, at))

    def _row(self, deed: Deed) -> dict[str, Any]:
        place = deed.place.ticket_columns()
        return {
            "id": self.chance.id(deed.recorded_at),
            **{name: place[name] for name in ("community_id", "area_id", "area_path", "grid_id")},
            "person_id": deed.person_id,
            "kind": deed.facts.kind.value,
            "state": RecordState.SUBMITTED.value,
            "method": deed.facts.method.value,
            "ticket_id": deed.ticket_id,
            "started_at": deed.facts.started_at,
            "ended_at": deed.facts.ended_at,
            "served_on": deed.served_on,
            "items": deed.facts.items,
            "satisfaction": deed.facts.satisfaction.value if deed.facts.satisfaction else None,
            "recorded_by": deed.recorded_by,
            "recorded_at": deed.recorded_at,
            **dict.fromkeys(("verified_by", "verified_at", "confirmed_by", "confirmed_at", "points_tenths")),
            **dict.fromkeys(("evidence_sha256", "rule_version", "txn_id")),
            **{"note": "", "reason": "", "minutes": 0, "why": "", "version": 1},
        }

    def _confirm(self, deed: Deed, row: dict[str, Any], at: datetime) -> None:
        rule = DEFAULT_RULES[deed.facts.kind]
        day, month = ((deed.person_id, rule.kind.value, part) for part in (deed.served_on, f"{deed.served_on:%Y-%m}"))
        whole = (deed.person_id, "", deed.served_on)
        all_day = Day(DAY_CAP * 10, self._earned[whole])
        given = award(rule, deed.facts, self._earned[day], self._earned[month], whole_day=all_day)
        for cell in (day, month, whole):
            self._earned[cell] += given.points_tenths
        actor = self.team.office[0].user_id
        row |= {"state": RecordState.CONFIRMED.value, "confirmed_by": actor, "confirmed_at": at, "version": 3}
        row |= {"points_tenths": given.points_tenths, "minutes": given.minutes, "why": given.why, "rule_version": 0}
        ended = deed.facts.ended_at
        cause = Cause(Posting.AWARD, f"award:{row['id'].hex}", "record", row["id"], ended, actor, rule_version=0)
        lots = list(self._lot(deed, given.points_tenths, at))
        moves = list(self._moves(deed.person_id, given.points_tenths, given.minutes, lots))
        if moves:
            row["txn_id"] = self.books.post(cause, moves, at, lots)

    def _moves(self, person: UUID, points: int, minutes: int, lots: Sequence[NewLot]) -> Iterator[Move]:
        of = self.books.of
        for lot in lots:
            ends = (of(Account.ISSUANCE), of(Account.AVAILABLE, person), of(Account.DEBT, person))
            yield from award_moves(*ends, points, lot.id)
        if minutes:
            yield Move(of(Account.HOURS_WORLD).id, of(Account.HOURS, person).id, minutes)

    def _lot(self, deed: Deed, points: int, at: datetime) -> Iterator[NewLot]:
        if points:
            day = self._last_day(deed.served_on)
            lot = NewLot(self.chance.id(at), self.books.of(Account.AVAILABLE, deed.person_id).id, day, points)
            self.at(at_local(day + _DAY, _AT_NIGHT), lambda then: self._expire(deed.person_id, lot.id, then))
            yield lot

    def _last_day(self, served_on: date) -> date:
        """Let the oldest points end with the next month at the latest: on any day something expires soon."""
        day, today = expires_on(served_on), local_date(self.now)
        soon = next_month(next_month(month_of(today))) - _DAY
        return min(day, soon) if served_on < today - _OLD else day

    def _expire(self, person: UUID, lot_id: UUID, at: datetime) -> None:
        for lot in self.books.lots(person, [lot_id]):
            ends = (self.books.of(Account.AVAILABLE, person).id, self.books.of(Account.EXPIRED).id)
            cause = Cause(Posting.EXPIRE, f"expire:{lot_id.hex}", "lot", lot_id, at)
            self.books.post(cause, [Move(*ends, lot.remaining, lot_id)], at)
