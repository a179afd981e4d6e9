"""What cast tickets come to: a tie to what was closed before, as the program finds it among rows."""

from collections import defaultdict
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from db.loading import SqliteLoader
from demo.tally import Calendar, Tally

_DAY_MS = timedelta(days=1) // timedelta(milliseconds=1)


def ties(*reports: float) -> list[tuple[str, str, int, str]]:
    """Count lives reported on these days, each closed a day later in its second round; give ticket, of, round, day."""
    tally = Tally(Calendar(date(2026, 1, 1), 90), SqliteLoader(None))
    life: Any = SimpleNamespace(
        place=("building", "category"), closing=(_DAY_MS, 2, 1), days=[], reported_on=0, cells=[], community="home"
    )
    rows: Any = defaultdict(list)
    for number, day in enumerate(reports, 1):
        tally.count(life, f"T{number}", int(day * _DAY_MS), int(day), rows)
    return [(ticket, of, number, day) for ticket, _home, of, number, day in rows["ticket_recurrence"]]


def test_what_comes_again_is_tied_to_the_latest_closing_before_it() -> None:
    assert ties(0, 2, 4) == [("T2", "T1", 2, "2026-01-02"), ("T3", "T2", 2, "2026-01-04")]


def test_a_closing_comes_again_once() -> None:
    assert ties(0, 1.5, 1.6) == [("T2", "T1", 2, "2026-01-02")]


def test_what_is_closed_at_that_moment_or_more_than_thirty_days_ago_does_not_come_again() -> None:
    assert ties(0, 1) == []
    assert ties(0, 31) == [("T2", "T1", 2, "2026-01-02")]
    assert ties(0, 31.001) == []
