"""The demo in a real database: whole, the same each time, alive on the first screen."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import db
import demo
import settings
from db import accounts, areas, crypto, fsck, incidents, rules, sessions, tickets
from db.board import board, waiting
from db.models import AreaRow, ElderRow, GrantRow, IncidentRow, PartyRow, PersonRow, TicketEventRow, TicketRow, UserRow
from db.sessions import Visitor
from db.ticket_events import load, ticket_of
from db.ticket_filters import Filters
from domain.access import Actor, Role
from domain.areas import UNSORTED_COMMUNITY, Level
from domain.clock import local
from domain.errors import Refused
from domain.ids import new_key
from domain.incidents import Found, Method
from domain.tickets import Channel, Column, Kind, Result, Satisfaction, Status, Ticket
from tests.db import checks
from tests.demo.conftest import NOW, copy_of

_CURTAIN = "3号楼 L0001 未见平安信号，请核实"
VISITOR = Visitor(address="127.0.0.1")


def log_in(login: str) -> Actor:
    token = db.run(sessions.log_in_demo, login=login, visitor=VISITOR, now=NOW).token
    actor = db.read(sessions.actor_for, token, now=NOW)
    assert actor
    return actor


def everything(row: Any) -> list[Any]:
    return db.read(lambda session: _all(session, row))


def _all(session: Session, row: Any) -> list[Any]:
    found = list(session.scalars(select(row)))
    session.expunge_all()
    return found


# --- whole --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("hour", [0, 8, 23])
def test_at_any_hour_every_row_is_as_its_events_say_and_nothing_lies_ahead(
    template: Path, tmp_path: Path, hour: int
) -> None:
    copy_of(template, tmp_path)
    now = datetime(2026, 7, 13, hour, 1, tzinfo=UTC) - timedelta(hours=8)

    demo.generate(now=now)

    assert checks.faults() == []
    assert db.read(lambda session: list(fsck.problems(session))) == []
    assert max(event.at for event in everything(TicketEventRow)) <= now
    db.engine.dispose()


def test_the_demo_fills_any_engine(any_db: settings.Settings) -> None:
    made = demo.generate(now=NOW)

    assert (made.tickets, made.users) == (600, 70)
    assert checks.faults() == []


def test_work_in_hand_has_a_handler_of_its_community(shown: None) -> None:
    parties = {party.id: party for party in everything(PartyRow)}
    in_hand = [t for t in everything(TicketRow) if t.status in (Status.DISPATCHED, Status.IN_PROGRESS)]

    assert in_hand
    assert all(parties[ticket.handler_id].community_id == ticket.community_id for ticket in in_hand)


def test_what_comes_at_night_is_taken_up_by_day(shown: None) -> None:
    accepted = [t.accepted_at for t in everything(TicketRow) if t.accepted_at and t.kind != Kind.ALERT]

    assert all(8 <= local(moment).hour <= 18 for moment in accepted)


# --- the same each time -------------------------------------------------------------------------


@pytest.mark.slow
def test_the_same_seed_and_moment_give_the_same_rows(template: Path, tmp_path: Path, filled: settings.Settings) -> None:
    first = _dump_of(filled)
    again = copy_of(template, tmp_path)
    demo.generate(now=NOW)

    assert _dump_of(again) == first


def _dump_of(used: settings.Settings) -> checks.Dump:
    """Read every table; people unsealed, since each sealing is different; without what logging in leaves."""
    db.engine.dispose()
    settings.use(used)
    left_out = ("person", "elder", "audit_event", "login_session", "known_device", "command_key")
    dump = {name: rows for name, rows in checks.dump().items() if name not in left_out}
    people = [f"{p.id} {crypto.unseal(p.name)} {crypto.unseal(p.phone)}" for p in everything(PersonRow)]
    elders = [f"{e.id} {e.number} {crypto.unseal(e.called)} {crypto.unseal(e.place)}" for e in everything(ElderRow)]
    db.engine.dispose()
    return dump | {"person": sorted(people), "elder": sorted(elders)}


@pytest.mark.slow
def test_another_day_moves_everything_to_that_day(template: Path, tmp_path: Path) -> None:
    copy_of(template, tmp_path)

    demo.generate(now=NOW, today=date(2026, 3, 4))

    newest = max(ticket.reported_at for ticket in everything(TicketRow))
    assert local(newest).date() == date(2026, 3, 4)
    assert db.read(rules.get_raw, "demo")["date"] == "2026-03-04"
    db.engine.dispose()


# --- only where nobody works --------------------------------------------------------------------


def test_a_database_in_use_is_left_alone(template: Path, tmp_path: Path) -> None:
    copy_of(template, tmp_path)
    db.run(accounts.create_admin, login="zhang", now=NOW)

    with pytest.raises(Refused, match="只能写入空的数据库"):
        demo.generate(now=NOW)

    assert everything(TicketRow) == []
    db.engine.dispose()


def test_an_unknown_size_is_refused_with_those_there_are(db_sqlite: settings.Settings) -> None:
    with pytest.raises(Refused, match="demo"):
        demo.generate(size="planet", now=NOW)


# --- places and people --------------------------------------------------------------------------


def test_the_street_has_three_communities_twelve_grids_of_a_proper_size_and_sixty_buildings(shown: None) -> None:
    rows = [row for row in everything(AreaRow) if row.code or row.level in (Level.BUILDING, Level.UNIT)]
    grids = [row for row in rows if row.level == Level.GRID]

    assert [len([r for r in rows if r.level == level]) for level in (Level.COMMUNITY, Level.BUILDING)] == [3, 60]
    assert len(grids) == 12
    assert all(300 <= grid.households <= 700 for grid in grids)
    assert db.read(areas.get, UNSORTED_COMMUNITY).valid_to is None


def test_there_is_one_demo_login_a_role_and_nobody_has_a_password(shown: None) -> None:
    logins = db.read(accounts.demo_logins, now=NOW)

    assert [login.role for login in logins] == list(Role)
    assert {login.name for login in logins} >= {"李敏", "周书记", "赵阿姨", "郑主任"}
    assert {user.password_hash for user in everything(UserRow)} == {"!"}


def test_everybody_who_can_handle_can_be_given_a_ticket(shown: None) -> None:
    given = {party.user_id for party in everything(PartyRow)}
    handling = {g.user_id for g in everything(GrantRow) if g.role not in (Role.ADMIN, Role.LEADER)}

    assert handling <= given


def test_people_are_sealed_and_their_telephones_are_plainly_false(shown: None) -> None:
    people = everything(PersonRow)

    phones = {crypto.unseal(person.phone) for person in people}
    assert len(people) == len(phones) > 380
    assert all(phone.startswith(("1380000", "0000-")) for phone in phones)
    assert not any("张".encode() in person.name for person in people)


# --- alive --------------------------------------------------------------------------------------


def test_the_first_screen_shows_what_the_plan_says(shown: None) -> None:
    seen = db.read(board, actor=log_in("demo-coordinator"), filters=Filters(), now=NOW)

    assert [(column.column.value, column.count) for column in seen.columns] == [
        ("todo", 9),
        ("doing", 21),
        ("follow_up", 5),
        ("done", 60),
    ]
    assert (seen.figures.late, seen.figures.today, seen.figures.closed_today) == (3, 8, 11)


def test_the_story_is_on_the_board(shown: None) -> None:
    seen = db.read(board, actor=log_in("demo-coordinator"), filters=Filters(), now=NOW)

    cards = {card.title: card for column in seen.columns for card in column.cards}
    curtain, clutter = cards[_CURTAIN], cards["楼道堆物，消防通道被占"]
    assert (curtain.kind, curtain.status, curtain.claimable) == (Kind.ALERT, Status.ACCEPTED, True)
    assert curtain.reported_at == NOW - timedelta(minutes=20)
    assert (clutter.handler, clutter.urgency, clutter.urged) == ("保洁员", "late", 1)
    assert cards["单元门禁失灵，老人进不去"].handler == "王师傅"
    assert cards["单元门禁失灵，老人进不去"].contacted
    assert cards["陪王大爷去社区医院取药"].claimable
    assert cards["水管渗漏已修复"].column is Column.FOLLOW_UP
    assert cards["代购米面油"].satisfaction is Satisfaction.SATISFIED


@pytest.mark.parametrize("login", ["demo-volunteer", "demo-grid_worker", "demo-building_head"])
def test_whoever_works_outside_finds_something_to_do(shown: None, login: str) -> None:
    groups = {group.name: group.count for group in db.read(waiting, actor=log_in(login), now=NOW)}

    assert groups["to_claim"] >= 1


def test_no_rate_is_perfect_and_every_kind_of_thing_happens(shown: None) -> None:
    rows = everything(TicketRow)
    seen = {name: Counter(getattr(row, name) for row in rows) for name in ("kind", "channel", "satisfaction")}
    on_time = [row.resolved_at <= row.due_at for row in rows if row.resolved_at]

    assert seen["kind"].keys() == set(Kind) - {Kind.DISPUTE, Kind.PREVENTIVE}
    assert seen["channel"].keys() == set(Channel) - {Channel.OTHER}
    assert seen["satisfaction"].keys() == {*Satisfaction, None}
    assert 0.7 < sum(on_time) / len(on_time) < 0.95
    actions = {event.action for event in everything(TicketEventRow)}
    assert actions >= {"reject", "cancel", "recall", "urge", "verify_fail", "reopen", "edit", "comment"}


# --- and the commands go on from there ----------------------------------------------------------


def test_the_volunteer_claims_the_visit_and_the_office_closes_it(own: settings.Settings) -> None:
    zhao, li = log_in("demo-volunteer"), log_in("demo-coordinator")

    curtain = _step(tickets.claim, _ticket(_CURTAIN), zhao)
    curtain = _step(tickets.resolve, curtain, zhao, result=Result.SOLVED, note="见到本人，一切都好")
    found: dict[str, Any] = {"found": Found.SAFE_HOME, "method": Method.SEEN, "key": new_key(), "now": NOW}
    alarm = select(IncidentRow.id, IncidentRow.version).where(IncidentRow.ticket_id == curtain.id)
    incident_id, version = db.read(lambda session: session.execute(alarm).one())
    db.run(incidents.resolve, actor=li, incident_id=incident_id, expected_version=version, **found)
    lamp = _step(tickets.accept, _ticket("楼道灯坏了", Status.REPORTED), li)
    lamp = _step(tickets.dispatch, lamp, li, handler_id=_party("王师傅"))
    recalled = _step(tickets.recall, lamp, li)

    curtain = db.read(load, li, curtain.id)
    assert (curtain.status, recalled.status) == (Status.CLOSED, Status.ACCEPTED)
    assert checks.faults() == []


def test_the_next_report_gets_the_next_number(own: settings.Settings) -> None:
    li = log_in("demo-coordinator")

    made = db.run(tickets.report, actor=li, area_id=li.grants[0].area_id, title="门口灯箱歪了", key=new_key(), now=NOW)

    assert made.no == "E0301"


def _ticket(title: str, status: Status | None = None) -> Ticket:
    found = [t for t in everything(TicketRow) if t.title == title and status in (None, t.status)]
    return ticket_of(found[0], None)


def _party(label: str) -> UUID:
    return db.read(lambda session: session.scalars(select(PartyRow.id).where(PartyRow.label == label)).one())


def _step(command: Any, ticket: Ticket, actor: Actor, **more: Any) -> Ticket:
    call = {"actor": actor, "ticket_id": ticket.id, "expected_version": ticket.version}
    after: Ticket = db.run(command, **call, key=new_key(), now=NOW, **more)
    return after
