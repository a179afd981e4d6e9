"""Users, grants, logins, the throttle and sessions."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Select, func, select

import db
import settings
from db import accounts, hashing, sessions, tickets
from db.models import AuditRow, GrantRow, PartyAreaRow, PartyRow, SessionRow, ThrottleRow, UserRow
from db.sessions import Visitor
from domain.access import Actor, Role
from domain.accounts import LoggedIn, NewUser
from domain.errors import Invalid, KeyReused, LoginRefused, NotAllowed
from domain.ids import new_key
from tests.builders import NOW, World, make_world, report, step
from tests.db.acting import at_once, refusals

PASSWORD = "梧桐-tree-42"
HOME = Visitor(address="192.0.2.1", agent="Firefox")
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hashing, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    hashing._nobody.cache_clear()
    yield
    hashing._nobody.cache_clear()


def make_user(world: World, **changes: Any) -> NewUser:
    """林芳, who coordinates 桂花社区, with a password of her own."""
    call: dict[str, Any] = {
        "actor": world.admin,
        "login": "linfang",
        "name": "林芳",
        "password": PASSWORD,
        "must_change": False,
        "grants": [(Role.COORDINATOR, world.community)],
        "key": new_key(),
        "now": NOW,
    }
    return db.run(accounts.create_user, **(call | changes))


def log_in(password: str = PASSWORD, visitor: Visitor = HOME, now: datetime = NOW, **more: Any) -> LoggedIn:
    return sessions.log_in(**({"login": "linfang"} | more), password=password, visitor=visitor, now=now)


def who(token: str, now: datetime = NOW) -> Actor | None:
    return db.read(sessions.actor_for, token, now=now)


def fail(times: int, visitor: Visitor = HOME, now: datetime = NOW) -> None:
    for _ in range(times):
        with pytest.raises(LoginRefused):
            log_in("wrong", visitor, now)


def only(query: Select[Any]) -> Any:
    """Read the one value that the query finds."""
    return db.read(lambda session: session.scalars(query).one())


def audited(action: str) -> int:
    return int(only(select(func.count()).select_from(AuditRow).where(AuditRow.action == action)))


# --- logging in


def test_a_login_gives_an_actor_with_their_grants(any_world: World) -> None:
    make_user(any_world)

    opened = log_in()

    actor = who(opened.token)
    assert actor is not None
    assert (actor.name, actor.session_id) == ("林芳", opened.session_id)
    assert actor.roles == {Role.COORDINATOR}
    assert actor.grants[0].community_ids == {any_world.community}


def test_the_token_itself_is_nowhere_in_the_database(world: World) -> None:
    make_user(world)

    opened = log_in()

    assert only(select(SessionRow.token_sha256)) == sessions.digest(opened.token)
    assert opened.token not in (settings.current().real_file).read_bytes().decode("latin-1")


def test_a_login_is_written_folded(world: World) -> None:
    make_user(world)

    assert who(log_in(login=" ＬinFang ").token)


@pytest.mark.parametrize("login", ["linfang", "nobody", "left", "demo"])
def test_every_refusal_says_the_same(world: World, login: str) -> None:
    make_user(world)
    left = make_user(world, login="left")
    db.run(accounts.deactivate, actor=world.admin, user_id=left.id, now=NOW)
    make_user(world, login="demo", password=None, demo=True)
    password = "wrong" if login == "linfang" else PASSWORD

    with pytest.raises(LoginRefused, match="账号或密码不对") as refusal:
        log_in(password, login=login)

    assert refusal.value.wait_seconds == 0


def test_an_unknown_account_costs_a_hash_as_well(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    real = hashing.matches

    def noted(stored: str | None, given: str) -> bool:
        asked.append(stored)
        return real(stored, given)

    monkeypatch.setattr(hashing, "matches", noted)

    with pytest.raises(LoginRefused):
        log_in(login="nobody")

    assert asked == [None]


def test_a_login_ends_the_session_it_takes_the_place_of(world: World) -> None:
    make_user(world)
    first = log_in()

    second = log_in(visitor=replace(HOME, old_token=first.token))

    assert who(first.token) is None
    assert who(second.token)


def test_an_old_hash_is_renewed_at_login(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_user(world)
    monkeypatch.setattr(hashing, "hasher", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))

    log_in()

    assert "t=2" in only(select(UserRow.password_hash).where(UserRow.id == made.id))


def test_logins_and_refusals_are_audited(world: World) -> None:
    make_user(world)

    fail(1)
    log_in()

    assert (audited("login"), audited("login.refused")) == (1, 1)


# --- the throttle


def test_four_failures_cost_nothing_and_then_the_wait_doubles(any_world: World) -> None:
    make_user(any_world)
    fail(4)

    waits = []
    now = NOW
    for _ in range(12):
        fail(1, now=now)
        with pytest.raises(LoginRefused, match="后再试") as refusal:
            log_in("wrong", now=now)
        waits.append(refusal.value.wait_seconds)
        now += timedelta(seconds=refusal.value.wait_seconds)

    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_while_one_waits_even_the_right_password_is_refused(world: World) -> None:
    make_user(world)
    fail(5)

    with pytest.raises(LoginRefused, match="2 秒后再试"):
        log_in()

    assert log_in(now=NOW + 2 * SECOND)


def test_after_a_login_the_count_begins_anew(world: World) -> None:
    make_user(world)
    fail(4)
    log_in()

    fail(4)

    assert log_in()


def test_failures_elsewhere_leave_a_known_device_alone(any_world: World) -> None:
    make_user(any_world)
    mine = replace(HOME, device_token=log_in().device_token)
    for number in range(30):
        with pytest.raises(LoginRefused):
            log_in("wrong", Visitor(address=f"198.51.100.{number}"))
    fail(6)

    with pytest.raises(LoginRefused, match="后再试"):
        log_in()  # the same address, a strange browser

    assert log_in(visitor=mine)


def test_a_known_device_is_throttled_by_its_own_failures(world: World) -> None:
    make_user(world)
    mine = replace(HOME, device_token=log_in().device_token)

    fail(5, visitor=mine)

    with pytest.raises(LoginRefused, match="后再试"):
        log_in(visitor=mine)


def test_many_addresses_are_slowed_down_by_the_account(world: World) -> None:
    make_user(world)
    for number in range(21):
        with pytest.raises(LoginRefused):
            log_in("wrong", Visitor(address=f"198.51.100.{number}"))

    with pytest.raises(LoginRefused, match="后再试"):
        log_in("wrong", Visitor(address="203.0.113.9"))


def test_failures_are_forgotten_after_a_day(world: World) -> None:
    make_user(world)
    fail(5)

    fail(4, now=NOW + timedelta(days=1, seconds=1))

    assert log_in(now=NOW + timedelta(days=1, seconds=1))


def test_thirty_tries_at_once_get_no_more_than_the_free_ones(any_world: World) -> None:
    make_user(any_world)

    def attempt(_number: int) -> int:
        with pytest.raises(LoginRefused) as refusal:
            log_in("wrong")
        return refusal.value.wait_seconds

    with ThreadPoolExecutor(10) as pool:
        waits = list(pool.map(attempt, range(30)))

    assert waits.count(0) == 5  # four free ones and the one that started the wait


def test_the_throttle_keeps_neither_account_nor_address(world: World) -> None:
    make_user(world)

    fail(1)

    keys = db.read(lambda s: s.scalars(select(ThrottleRow.key)).all())
    assert len(keys) == 3
    assert not any("linfang" in key or HOME.address in key for key in keys)


# --- sessions


def test_a_session_ends_after_idle_hours_without_a_sign(world: World) -> None:
    make_user(world)
    token = log_in().token
    idle = timedelta(hours=settings.current().idle_hours)

    assert who(token, NOW + idle - SECOND)
    assert who(token, NOW + idle) is None


def test_activity_keeps_a_session_and_a_timer_does_not(any_world: World) -> None:
    make_user(any_world)
    token = log_in().token
    idle = timedelta(hours=settings.current().idle_hours)
    late = NOW + idle - SECOND

    assert sessions.identify(token, now=late, active=False)
    assert who(token, NOW + idle) is None
    assert sessions.identify(token, now=late, active=True)
    assert who(token, late + idle - SECOND)


def test_a_session_ends_after_its_days_however_busy(world: World) -> None:
    make_user(world)
    token, now = log_in().token, NOW
    end = NOW + timedelta(days=settings.current().session_days)
    while now < end:
        assert sessions.identify(token, now=now, active=True)
        now += timedelta(hours=6)

    assert sessions.identify(token, now=end, active=True) is None


def test_a_sign_is_written_at_most_once_a_minute(world: World) -> None:
    make_user(world)
    token = log_in().token

    sessions.identify(token, now=NOW + 30 * SECOND, active=True)
    assert only(select(SessionRow.seen_at)) == NOW

    sessions.identify(token, now=NOW + 61 * SECOND, active=True)
    assert only(select(SessionRow.seen_at)) == NOW + 61 * SECOND


def test_a_revoked_grant_is_gone_at_once(world: World) -> None:
    made = make_user(world, grants=[(Role.COORDINATOR, world.community), (Role.LEADER, world.street)])
    token = log_in().token
    held = only(select(GrantRow.id).where(GrantRow.user_id == made.id, GrantRow.role == "leader"))

    db.run(accounts.revoke, actor=world.admin, grant_id=held, now=NOW)

    actor = who(token)
    assert actor and actor.roles == {Role.COORDINATOR}


def test_logging_out_ends_this_session_only(any_world: World) -> None:
    make_user(any_world)
    first, second = log_in(), log_in()

    db.run(sessions.log_out, token=first.token, now=NOW)

    assert who(first.token) is None
    assert who(second.token)


def test_logging_out_everywhere_ends_all(world: World) -> None:
    make_user(world)
    first, second = log_in(), log_in()
    actor = who(first.token)
    assert actor

    db.run(sessions.log_out_everywhere, actor=actor, now=NOW)

    assert who(first.token) is None
    assert who(second.token) is None


def test_a_street_grant_reaches_its_communities(world: World) -> None:
    make_user(world, grants=[(Role.LEADER, world.street)])

    actor = who(log_in().token)

    assert actor and actor.grants[0].community_ids == {world.community, world.other_community}


# --- passwords


def test_one_changes_ones_own_password(any_world: World) -> None:
    make_user(any_world, must_change=True)
    here, elsewhere = log_in(), log_in()
    actor = who(here.token)
    assert actor and actor.must_change_password

    renewed = sessions.change_password(actor=actor, old=PASSWORD, new="另一个好密码 99", visitor=HOME, now=NOW)

    assert who(here.token) is None
    assert who(elsewhere.token) is None
    changed = who(renewed.token)
    assert changed and not changed.must_change_password
    assert log_in("另一个好密码 99")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("wrong", "另一个好密码 99", "原密码不对"),
        (PASSWORD, "short1", "至少 8 位"),
        (PASSWORD, "x" * 129, "最多 128 位"),
        (PASSWORD, "Passw0rd", "太常见"),
        (PASSWORD, "aaaaaaaa", "太常见"),
        (PASSWORD, PASSWORD, "与原密码相同"),
    ],
)
def test_a_poor_new_password_is_refused(world: World, old: str, new: str, sentence: str) -> None:
    make_user(world)
    actor = who(log_in().token)
    assert actor

    with pytest.raises(Invalid, match=sentence):
        sessions.change_password(actor=actor, old=old, new=new, visitor=HOME, now=NOW)


def test_the_account_is_no_password(world: World) -> None:
    with pytest.raises(Invalid, match="不能与账号相同"):
        make_user(world, login="linfang2", password="LinFang2")


def test_guessing_the_old_password_is_throttled(world: World) -> None:
    make_user(world)
    actor = who(log_in().token)
    assert actor
    call: dict[str, Any] = {"actor": actor, "new": "另一个好密码 99", "visitor": HOME, "now": NOW}
    for _ in range(5):
        with pytest.raises(Invalid):
            sessions.change_password(old="wrong", **call)

    with pytest.raises(LoginRefused, match="后再试"):
        sessions.change_password(old=PASSWORD, **call)


def test_an_administrator_resets_a_password(world: World) -> None:
    made = make_user(world)
    old = log_in()

    initial = db.run(accounts.reset_password, actor=world.admin, user_id=made.id, now=NOW)

    assert who(old.token) is None
    with pytest.raises(LoginRefused):
        log_in()
    assert log_in(initial).must_change


# --- users


def test_a_user_without_a_password_gets_a_random_one_once(world: World) -> None:
    key = new_key()

    first = make_user(world, password=None, must_change=True, key=key)
    again = make_user(world, password=None, must_change=True, key=key)

    assert first.password and again == NewUser(first.id, None)
    assert log_in(first.password).must_change


def test_a_key_used_for_another_user_is_refused(world: World) -> None:
    key = new_key()
    make_user(world, key=key)

    with pytest.raises(KeyReused):
        make_user(world, key=key, login="other")


def test_two_users_of_one_login_are_refused(world: World) -> None:
    make_user(world)

    with pytest.raises(Invalid, match="已有人使用"):
        make_user(world, login="LinFang")


@pytest.mark.parametrize("login", ["", "a", "a b", "x" * 41, "<b>x</b>"])
def test_a_login_that_cant_be_typed_is_refused(world: World, login: str) -> None:
    with pytest.raises(Invalid, match="账号用"):
        make_user(world, login=login)


def test_only_an_administrator_changes_users(world: World) -> None:
    made = make_user(world)

    for actor in (world.coordinator, world.leader, world.volunteer):
        with pytest.raises(NotAllowed):
            make_user(world, actor=actor, login="other")
        with pytest.raises(NotAllowed):
            db.run(accounts.reset_password, actor=actor, user_id=made.id, now=NOW)
        with pytest.raises(NotAllowed):
            db.run(accounts.deactivate, actor=actor, user_id=made.id, now=NOW)
        with pytest.raises(NotAllowed):
            db.read(accounts.list_users, actor=actor, now=NOW)


def test_staff_can_be_given_tickets_and_a_leader_cannot(any_world: World) -> None:
    staff = make_user(any_world)
    leader = make_user(any_world, login="leader9", grants=[(Role.LEADER, any_world.street)])

    query = select(PartyRow.label, PartyRow.community_id).where(PartyRow.user_id.in_((staff.id, leader.id)))
    assert db.read(lambda s: s.execute(query).all()) == [("林芳", any_world.community)]


def test_a_party_follows_the_grants(world: World) -> None:
    made = make_user(world, grants=[(Role.LEADER, world.street)])

    db.run(accounts.grant, actor=world.admin, user_id=made.id, role=Role.GRID_WORKER, area_id=world.grid, now=NOW)

    party = only(select(PartyRow.id).where(PartyRow.user_id == made.id))
    areas = select(PartyAreaRow.area_id).where(PartyAreaRow.party_id == party)
    assert db.read(lambda s: s.scalars(areas).all()) == [world.grid]

    held = select(GrantRow.id).where(GrantRow.user_id == made.id, GrantRow.role == "grid_worker")
    db.run(accounts.revoke, actor=world.admin, grant_id=only(held), now=NOW)

    assert db.read(lambda s: s.scalars(areas).all()) == []
    assert not only(select(PartyRow.active).where(PartyRow.id == party))


def test_a_deactivated_user_is_out_at_once_and_may_come_back(world: World) -> None:
    made = make_user(world)
    token = log_in().token

    db.run(accounts.deactivate, actor=world.admin, user_id=made.id, now=NOW)

    assert who(token) is None
    db.run(accounts.reactivate, actor=world.admin, user_id=made.id, now=NOW)
    assert who(token) is None
    assert log_in()


def test_the_last_administrator_stays(world: World) -> None:
    grant_id = only(select(GrantRow.id).where(GrantRow.role == "admin"))

    with pytest.raises(Invalid, match="至少要保留一名管理员"):
        db.run(accounts.deactivate, actor=world.admin, user_id=world.admin.user_id, now=NOW)
    with pytest.raises(Invalid, match="至少要保留一名管理员"):
        db.run(accounts.revoke, actor=world.admin, grant_id=grant_id, now=NOW)


@pytest.mark.pg
@pytest.mark.parametrize("way", ["revoke", "deactivate"])
def test_of_two_administrators_who_put_each_other_out_at_once_one_stays(db_postgres: object, way: str) -> None:
    world = make_world()
    grants = [(Role.ADMIN, world.street)]
    made = make_user(world, grants=grants)
    one, two = world.admin, replace(world.admin, user_id=made.id)
    for round_no in range(5):
        now = NOW + 60 * round_no * SECOND
        held = {
            user.id: grant.id
            for user in db.read(accounts.list_users, actor=one, now=now)
            for grant in user.grants
            if grant.role is Role.ADMIN
        }

        def out(who: Actor, whom: Actor, now: datetime = now, held: dict[UUID, UUID] = held) -> None:
            if way == "revoke":
                db.run(accounts.revoke, actor=who, grant_id=held[whom.user_id], now=now)
            else:
                db.run(accounts.deactivate, actor=who, user_id=whom.user_id, now=now)

        results = at_once(lambda: out(one, two), lambda: out(two, one))

        assert [type(refused) for refused in refusals(results)] == [Invalid]
        assert db.read(accounts.has_admin, now=now)
        for actor in (one, two):
            call: dict[str, Any] = {"actor": one, "user_id": actor.user_id, "now": now}
            if way == "revoke":
                db.run(accounts.grant, role=Role.ADMIN, area_id=world.street, **call)
            else:
                db.run(accounts.reactivate, **call)


def test_the_first_administrator_must_set_a_password(any_db: object) -> None:
    assert not db.read(accounts.has_admin, now=NOW)

    password = db.run(accounts.create_admin, login="admin", now=NOW)

    opened = log_in(password, login="admin")
    actor = who(opened.token)
    assert opened.must_change and actor and actor.roles == {Role.ADMIN}
    assert db.read(accounts.has_admin, now=NOW)


def test_the_list_shows_users_with_their_roles(world: World) -> None:
    make_user(world)

    users = {u.login: u for u in db.read(accounts.list_users, actor=world.admin, now=NOW)}

    assert [(g.role, g.area_name) for g in users["linfang"].grants] == [(Role.COORDINATOR, "桂花社区")]


# --- the demo


def test_a_demo_user_comes_in_without_a_password(world: World) -> None:
    make_user(world, login="demo-limin", password=None, demo=True)

    opened = db.run(sessions.log_in_demo, login="demo-limin", visitor=HOME, now=NOW)

    assert who(opened.token)
    assert [d.login for d in db.read(accounts.demo_logins, now=NOW)] == ["demo-limin"]


def test_a_real_user_never_comes_in_through_the_demo(world: World) -> None:
    make_user(world)

    with pytest.raises(LoginRefused):
        db.run(sessions.log_in_demo, login="linfang", visitor=HOME, now=NOW)


def test_the_passcode_is_throttled(world: World) -> None:
    call: dict[str, Any] = {"right": "123456", "address": HOME.address, "now": NOW}
    for number in range(5):
        with pytest.raises(LoginRefused, match="口令不对"):
            sessions.check_passcode(given=f"00000{number}", **call)

    with pytest.raises(LoginRefused, match="后再试"):
        sessions.check_passcode(given="123456", **call)
    sessions.check_passcode(given=" 123456 ", **(call | {"now": NOW + 2 * SECOND}))


@pytest.mark.parametrize("where", ["community", "grid"])
def test_an_administrator_of_less_than_a_street_is_refused(world: World, where: str) -> None:
    call = {"user_id": world.coordinator.user_id, "role": Role.ADMIN, "area_id": getattr(world, where), "now": NOW}

    with pytest.raises(Invalid, match="请授在街道一级"):
        db.run(accounts.grant, actor=world.admin, **call)


def test_who_moves_to_another_community_can_be_given_its_tickets(world: World) -> None:
    who = world.grid_worker
    call: dict[str, Any] = {"actor": world.admin, "user_id": who.user_id, "role": Role.GRID_WORKER, "now": NOW}
    db.run(accounts.grant, area_id=world.other_community, **call)
    [user] = [u for u in db.read(accounts.list_users, actor=world.admin, now=NOW) if u.id == who.user_id]
    [old] = [g for g in user.grants if g.area_id == world.grid]

    db.run(accounts.revoke, actor=world.admin, grant_id=old.id, now=NOW)

    ticket = report(world, actor=world.stranger, area_id=world.other_community)
    moved = step(tickets.assign, ticket, world.stranger, handler_id=who.party_id)
    assert moved.handler_id == who.party_id
