"""How a case goes on: a script of moves with the minutes between them, played forwards or back from an end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo import hours
from demo.chance import Chance
from demo.histories import Case, History
from demo.people import Team
from domain.clock import local
from domain.due import Grade, Matter
from domain.tickets import Kind

DAY = 24 * 60


@dataclass(frozen=True)
class Move:
    """A step of `History` by name, so many minutes after the one before."""

    do: Callable[[History, datetime], None]
    minutes: float


def start(case: Case, chance: Chance, *, claimed_by_volunteer: bool) -> list[Move]:
    """Up to the moment when somebody has it in hand."""
    pace = 0.3 if case.grade in (Grade.URGENT, Grade.FAST) else 1.0
    moves = [] if case.kind is Kind.ALERT else [Move(History.accept, chance.uniform(4, 45) * pace)]
    if case.sorted_as:
        moves.append(Move(History.sort, chance.uniform(1, 4)))
    if case.takes_days:
        moves.append(Move(History.loosen, chance.uniform(1, 4)))
    if claimed_by_volunteer:
        wait = chance.uniform(4, 20) if case.kind is Kind.ALERT else chance.uniform(20, 600)
        return [*moves, Move(History.volunteer, wait)]
    moves.append(Move(History.dispatch, chance.uniform(2, 40) * pace))
    if chance.happens(0.05):
        moves += [Move(History.recall, chance.uniform(3, 20)), Move(History.dispatch, chance.uniform(2, 15))]
    return [*moves, Move(History.claim, chance.uniform(4, 80) * pace)]


def contacts(chance: Chance, pace: float = 1.0) -> list[Move]:
    moves = [Move(History.unreached, chance.uniform(10, 60) * pace)] if chance.happens(0.12) else []
    if chance.happens(0.86):
        moves.append(Move(History.contact, chance.uniform(6, 90) * pace))
    if chance.happens(0.15):
        moves.append(Move(History.comment, chance.uniform(20, 200) * pace))
    return moves


def work(case: Case, chance: Chance) -> list[Move]:
    """Contact, work and result; some urged, some far too late."""
    minutes = _work_minutes(case, chance)
    moves = contacts(chance, 0.2 if case.kind is Kind.ALERT else 1.0)
    if chance.happens(0.09 if minutes < DAY else 0.18):
        moves.append(Move(History.urge, minutes * 0.6))
        minutes *= 0.5
    return [*moves, Move(History.resolve, minutes)]


def _work_minutes(case: Case, chance: Chance) -> float:
    if case.kind is Kind.ALERT:
        return chance.uniform(8, 70)
    late = chance.happens(0.07)
    if case.grade is Grade.HARD:
        return chance.uniform(15, 18) * DAY if late else chance.uniform(3, 12) * DAY
    if case.takes_days or case.matter is Matter.BIG:
        return chance.uniform(7, 9) * DAY if late else chance.uniform(0.4, 5.5) * DAY
    return chance.uniform(1, 2) * DAY if late else chance.uniform(20, 200)


def whole(case: Case, chance: Chance) -> list[Move]:
    """Write a whole life, up to the call back; a few come back after it or before."""
    by_volunteer = case.trade == "志愿" or (case.kind is Kind.ALERT and case.trade == "网格" and chance.happens(0.5))
    moves = start(case, chance, claimed_by_volunteer=by_volunteer) + work(case, chance)
    if chance.happens(0.05):
        moves.append(Move(History.send_back, chance.uniform(60, 900)))
        moves += [*contacts(chance), Move(History.resolve, chance.uniform(60, 2.5 * DAY))]
    moves.append(call_back(chance))
    if chance.happens(0.035):
        moves.append(Move(History.reopen, chance.uniform(0.8, 6) * DAY))
        moves += [*contacts(chance), Move(History.resolve, chance.uniform(60, 2 * DAY)), call_back(chance)]
    return moves


def call_back(chance: Chance) -> Move:
    return Move(History.close, chance.uniform(30, 26 * 60))


def forwards(moves: list[Move], at: datetime, chance: Chance) -> list[datetime]:
    """Give the moments of the moves after a report at `at`."""
    moments = []
    for move in moves:
        at = hours.later(at, move.minutes, chance)
        moments.append(at)
    return moments


def until(moves: list[Move], at: datetime, now: datetime, chance: Chance) -> list[datetime]:
    """The same for work under way: what would fall after `now` is drawn together before it."""
    moments = forwards(moves, at, chance)
    if not moments or moments[-1] < now - timedelta(minutes=1):
        return moments
    span = (now - at) * 0.9
    shares = sorted(chance.uniform(0.1, 1) for _ in moves)
    steps = (at + share * span + timedelta(seconds=n) for n, share in enumerate(shares))
    return [step.replace(microsecond=0) for step in steps]


def backwards(moves: list[Move], end: datetime, chance: Chance) -> tuple[datetime, list[datetime]]:
    """Give the moment of the report and those of the moves, the last of them at `end`."""
    moments = [end]
    for move in reversed(moves[1:]):
        moments.insert(0, hours.earlier(moments[0], move.minutes, chance))
    overnight = moves[0].do is History.accept  # an alert never waits for the morning
    return _reported_before(moments[0], moves[0].minutes, chance, overnight=overnight), moments


def _reported_before(first: datetime, minutes: float, chance: Chance, *, overnight: bool) -> datetime:
    """What is taken up early in the morning often came in overnight."""
    if overnight and local(first).hour < 10 and chance.happens(0.6):
        return hours.between(first - timedelta(hours=14), first - timedelta(minutes=40), chance)
    return (first - timedelta(minutes=minutes)).replace(microsecond=0)


def play(case: Case, team: Team, chance: Chance, at: datetime, moves: list[Move], moments: list[datetime]) -> History:
    history = History(case, team, chance, at)
    for move, moment in zip(moves, moments, strict=True):
        move.do(history, moment)
    return history
