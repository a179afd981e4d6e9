"""What a page does with somebody who may not be there."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import db
from db import accounts, sessions
from db.sessions import Visitor
from domain.access import Actor, Role
from domain.clock import now
from domain.ids import new_key
from pages import _session
from tests.builders import World

PAGE = """
import streamlit as st
from pages._session import require

st.text(f"hello {require('tickets.export').name}")
"""


@pytest.fixture
def page(tmp_path: Path) -> AppTest:
    script = tmp_path / "page.py"
    script.write_text(PAGE)
    return AppTest.from_file(script, default_timeout=20)


def arrive(world: World, monkeypatch: pytest.MonkeyPatch, role: Role) -> str:
    """Log in a demo user of this role and put the token where the page looks for it."""
    db.run(
        accounts.create_user,
        actor=world.admin,
        login="someone",
        name="林芳",
        grants=[(role, world.community)],
        demo=True,
        key=new_key(),
        now=now(),
    )
    opened = db.run(sessions.log_in_demo, login="someone", visitor=Visitor(), now=now())
    monkeypatch.setattr(_session, "token", lambda: opened.token)
    return opened.token


def test_a_page_knows_who_is_there(page: AppTest, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(world, monkeypatch, Role.COORDINATOR)

    assert page.run().text[0].value == "hello 林芳"


def test_a_page_refuses_whom_the_right_is_missing(page: AppTest, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(world, monkeypatch, Role.VOLUNTEER)

    page.run()

    assert "没有做这一步的权限" in page.error[0].value
    assert not page.text


def test_a_session_that_has_ended_stops_the_next_run(
    page: AppTest, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = arrive(world, monkeypatch, Role.COORDINATOR)
    page.run()

    db.run(sessions.log_out, token=token, now=now())
    page.run()

    assert "请重新登录" in page.warning[0].value
    assert not page.text


def test_an_initial_password_stops_a_page(page: AppTest, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(world, monkeypatch, Role.COORDINATOR)
    actor = _session.actor()
    assert actor
    monkeypatch.setattr(_session, "actor", lambda **_: replace(actor, must_change_password=True))

    page.run()

    assert "初始密码" in page.warning[0].value
    assert not page.text


def test_a_run_reads_who_is_there_once_and_the_next_run_anew(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(world, monkeypatch, Role.COORDINATOR)
    script = tmp_path / "page.py"
    script.write_text(PAGE + "require('me'); require('tickets.read')")
    reads: list[bool] = []
    identify = sessions.identify

    def counted(token: str | None, *, now: datetime, active: bool) -> Actor | None:
        reads.append(active)
        return identify(token, now=now, active=active)

    monkeypatch.setattr(sessions, "identify", counted)
    page = AppTest.from_file(script, default_timeout=20).run()
    assert reads == [True]
    page.run()
    assert reads == [True, True]
