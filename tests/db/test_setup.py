"""Leaving the demo for real data: once, whole, and with the demo gone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

import db
import db.engine
import settings
from db import fsck, rules, sessions, setup
from domain.errors import Refused
from settings import Settings
from tests.builders import NOW, make_world


@pytest.fixture
def demo(db_sqlite: Settings) -> Settings:
    """The same database under the demo's name, with people in it."""
    db.engine.dispose()
    db_sqlite.real_file.rename(db_sqlite.demo_file)
    make_world()
    return db_sqlite


def files(held: Settings) -> list[str]:
    return sorted(path.name for path in held.data_dir.glob("*.sqlite3*") if path.suffix == ".sqlite3")


def users() -> list[str]:
    with db.engine.get().connect() as connection:
        return list(connection.execute(text("SELECT login FROM app_user")).scalars())


def test_starting_for_real_makes_an_empty_database_with_one_admin(demo: Settings) -> None:
    made = setup.start_real(now=NOW)

    assert made is not None
    assert (made.login, users()) == ("admin", ["admin"])
    assert not demo.is_demo
    assert files(demo) == ["linli.sqlite3"]
    assert db.read(lambda session: list(fsck.problems(session))) == []


def test_the_first_password_lets_the_admin_in_and_must_be_changed(demo: Settings) -> None:
    made = setup.start_real(now=NOW)

    assert made is not None
    visitor = sessions.Visitor("127.0.0.1", "")
    done = sessions.log_in(login=made.login, password=made.password, visitor=visitor, now=NOW)
    assert done.must_change


def test_starting_for_real_twice_leaves_the_first_as_it_is(demo: Settings) -> None:
    setup.start_real(now=NOW)
    db.run(rules.put, "organisation", "梧桐街道")

    assert setup.start_real(now=NOW) is None
    assert db.read(rules.get, "organisation") == "梧桐街道"


def test_of_four_at_once_one_makes_the_database(demo: Settings) -> None:
    start = Barrier(4)

    def begin(_number: int) -> setup.FirstAdmin | None:
        start.wait()
        return setup.start_real(now=NOW)

    with ThreadPoolExecutor(4) as pool:
        made = [one for one in pool.map(begin, range(4)) if one]

    assert len(made) == 1
    assert users() == ["admin"]
    assert files(demo) == ["linli.sqlite3"]


@pytest.mark.pg
def test_on_postgresql_there_is_no_demo_to_leave(db_postgres_once: Settings) -> None:
    with pytest.raises(Refused, match="PostgreSQL"):
        setup.start_real(now=NOW)


def test_the_first_admin_is_made_once(any_db: Settings) -> None:
    first = db.run(setup.ensure_admin, now=NOW)

    assert first is not None
    assert first.login == "admin"
    assert db.run(setup.ensure_admin, now=NOW) is None


def test_the_demo_on_the_lan_is_not_left_from_the_screen(demo: Settings) -> None:
    settings.use(Settings(data_dir=demo.data_dir, demo_lan=True))

    with pytest.raises(Refused, match="请在服务器上用"):
        setup.start_real(now=NOW, from_screen=True)

    assert not settings.current().real_file.exists()
