"""Many at once: one wins, the others read so, nothing is counted twice. And: the checks have teeth."""

from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

import db
import db.engine
from db import ticket_call, ticket_content, ticket_events
from db.models import TicketRow
from db.writes import first_result
from domain.errors import Changed, NotAllowed, Refused
from domain.tickets import Action, Kind, Status, Ticket
from settings import Settings
from tests.builders import World, make_world, report
from tests.db.acting import at, at_once, do, refusals, volunteers
from tests.db.checks import events_of, faults, row_of

MANY = 16


def claim_at_once(world: World) -> list[str]:
    """Let sixteen volunteers claim one ticket; say what went wrong."""
    ticket = at(world, Status.ACCEPTED, kind=Kind.SERVICE)
    people = volunteers(world, MANY)

    results = at_once(*[_claim(world, ticket, person) for person in people])

    wrong = [
        f"not friendly: {refused!r}" for refused in refusals(results) if type(refused) not in (Changed, NotAllowed)
    ]
    won = [result for result in results if isinstance(result, Ticket)]
    if len(won) != 1:
        wrong.append(f"{len(won)} winners")
    if not won or row_of(ticket.id).handler_id != won[0].handler_id:
        wrong.append("the row names another one")
    return wrong + faults()


def _claim(world: World, ticket: Ticket, person: Any) -> Callable[[], Ticket]:
    return lambda: do(world, Action.CLAIM, ticket, person)


def report_at_once(world: World) -> list[str]:
    """Let sixteen report; each number from E0001 to E0016 must be there once."""
    results = at_once(*[lambda: report(world)] * MANY)

    numbers = sorted(getattr(result, "no", repr(result)) for result in results)
    expected = [f"E{number:04d}" for number in range(1, MANY + 1)]
    return [*([] if numbers == expected else [f"numbers {numbers}"]), *faults()]


def one_key_at_once(world: World) -> list[str]:
    """Send one form from several threads: one ticket, and each gets it."""
    report(world)  # the first of a community also meets at its counter
    results = at_once(*[lambda: report(world, key="k")] * 4)

    made = {getattr(result, "id", repr(result)) for result in results}
    return [*([] if len(made) == 1 else [f"{len(made)} tickets"]), *faults()]


def comment_at_once(world: World) -> list[str]:
    """Let two comment on the state they both saw: one has to look again."""
    ticket = report(world)
    results = at_once(*[lambda: do(world, Action.COMMENT, ticket)] * 2)

    return [] if len(refusals(results)) == 1 else ["both wrote on the state they saw"]


CHECKS = [claim_at_once, report_at_once, one_key_at_once, comment_at_once]


@pytest.mark.parametrize("check", CHECKS)
def test_many_at_once_on_sqlite(world: World, check: Callable[[World], list[str]]) -> None:
    assert check(world) == []


@pytest.mark.pg
@pytest.mark.parametrize("check", CHECKS)
def test_many_at_once_on_postgresql(db_postgres: Settings, check: Callable[[World], list[str]]) -> None:
    assert check(make_world()) == []


def overtaken(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let another volunteer claim between the first one's check and write."""
    ticket = at(world, Status.ACCEPTED, kind=Kind.SERVICE)
    append, others = ticket_events.append, [world.volunteer2]

    def slow(*args: Any, **kwargs: Any) -> TicketRow:
        if others:
            at_once(_claim(world, ticket, others.pop()))
        return append(*args, **kwargs)

    monkeypatch.setattr(ticket_events, "append", slow)
    [result] = at_once(_claim(world, ticket, world.volunteer))
    return [*([] if isinstance(result, Refused) else ["both have it"]), *faults()]


@pytest.mark.pg
def test_whoever_is_overtaken_between_check_and_write_is_refused(
    db_postgres: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert overtaken(make_world(), monkeypatch) == []


@pytest.mark.pg
def test_without_the_version_the_overtaken_one_would_win_too(
    db_postgres_once: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = ticket_events.append
    monkeypatch.setattr(ticket_events, "append", lambda *a, **k: append(*a, **k | {"version": None}))

    assert "both have it" in overtaken(make_world(), monkeypatch)


def test_without_the_version_two_would_write_on_one_state(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_call, "check_version", lambda *_: None)

    assert comment_at_once(world) == ["both wrote on the state they saw"]


def test_without_the_key_one_form_would_make_several_tickets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_content, "first_result", lambda *_: None)
    monkeypatch.setattr(ticket_content, "remember", lambda *_, **__: None)

    assert one_key_at_once(world) == ["4 tickets"]


@pytest.mark.pg
def test_without_the_unique_key_one_form_would_make_several_tickets(
    db_postgres_once: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    with db.engine.get().begin() as connection:
        connection.execute(text("ALTER TABLE command_key DROP CONSTRAINT pk_command_key"))
    monkeypatch.setattr(ticket_content, "first_result", all_look_before_one_writes(4))

    assert one_key_at_once(world) == ["4 tickets"]


def all_look_before_one_writes(count: int) -> Callable[..., Any]:
    """Hold whoever has found the form's key unused until so many have."""
    gate = Barrier(count)

    def found(tx: Session, key: str, request: dict[str, Any]) -> Any:
        result = first_result(tx, key, request)
        if key == "k":
            gate.wait(30)
        return result

    return found


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("UPDATE ticket SET status = 'cancelled'", "status is"),
        ("UPDATE ticket SET version = version + 1", "version 5 after 4 events"),
        ("UPDATE ticket SET grade = 'hard'", "grade is hard"),
        ("UPDATE ticket SET event_hash = ''", "another hash"),
        ("UPDATE ticket SET number = 7", "numbers [7], counter 1"),
        ("UPDATE counter SET value = 2", "numbers [1], counter 2"),
        ("UPDATE change_stamp SET stamp = 9", "stamps [9]"),
        ("UPDATE ticket_event SET actor_id = NULL WHERE seq = 2", "chain breaks at 2"),
        ("UPDATE ticket_event SET at = '2020-01-01 00:00:00.000000' WHERE seq = 4", "chain breaks at 4"),
        ("UPDATE ticket_event SET to_status = 'closed' WHERE seq = 4", "seq 4: claim"),
        ("DELETE FROM ticket_event WHERE seq = 3", "seq 4"),
        ("DELETE FROM ticket_event WHERE seq = 4", "version 4 after 3 events"),
    ],
)
def test_damage_to_the_rows_is_noticed(world: World, damage: str, fault: str) -> None:
    ticket = at(world, Status.IN_PROGRESS)
    assert len(events_of(ticket.id)) == 4
    with db.engine.get().begin() as connection:
        for event in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER ticket_event_no_{event}"))
        connection.execute(text(damage))

    assert any(fault in found for found in faults()), faults()
