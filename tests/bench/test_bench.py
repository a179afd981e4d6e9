"""The benchmark: the same figures printed and written, and a server that passes its own login."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

import app
import db
import demo
from bench import asking, flood, reruns, running
from bench.stload.client import StSession
from bench.tables import Figures, percentile
from db import setup
from domain.accounts import SESSION_COOKIE
from domain.clock import now
from pages import _bar
from settings import Settings

NOW = datetime(2026, 11, 22, 2, 42, 7, tzinfo=UTC)


def test_the_file_holds_the_figures_that_the_table_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = Figures("board", NOW)
    figures.add("10k", "board query, p50", 12.345, "ms", hello=5)
    figures.write(tmp_path / "out.json")

    held = json.loads((tmp_path / "out.json").read_text())
    assert held["rows"] == [
        {"size": "10k", "what": "board query, p50", "value": 12.345, "unit": "ms", "times_hello": 2.47}
    ]
    shown = capsys.readouterr().out
    assert "12.35" in shown or "12.34" in shown
    assert "2.47 x" in shown


def test_a_percentile_is_one_of_the_values_and_of_none_there_is_none() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([1, 2], 0.95) == 2
    assert percentile([], 0.5) is None


def test_a_quick_bench_measures_a_fifth_as_often_but_at_least_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert running.times(60) == 60
    monkeypatch.setattr(running, "pace", asking.QUICK)
    assert (running.times(60), running.times(4)) == (12, 2)


def test_users_have_no_hello_page() -> None:
    assert "hello" not in _bar.FILES
    assert "hello" not in app.PAGES


@pytest.mark.slow
def test_the_server_under_test_has_a_hello_page_behind_the_same_login_and_a_flood_leaves_no_board_behind(
    db_sqlite: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    db_sqlite.real_file.unlink()
    setup.prepare(now=now())
    demo.generate(now=now())
    token, actor = running.enter()
    monkeypatch.setattr(reruns, "RUNS", 2)
    monkeypatch.setattr(flood, "COMMANDS", 20)
    monkeypatch.setattr(flood, "BOARDS", 2)
    flooded = Figures("board", NOW)

    with running.serving(db_sqlite.data_dir) as server:
        assert httpx.get(f"{server.url}/hello").status_code in (302, 303, 307)
        hello, full, fragment, anew = asyncio.run(reruns._all(server, token, "tickets", actor))
        assert asyncio.run(_pages(server.url, token)) >= {"hello", "tickets"}
        flood.measure(flooded, "demo", server, actor)

    assert 0 < hello.messages < fragment.messages < full.messages
    assert fragment.bytes * 3 < anew.bytes, "a timer's run sends no board that was sent, one that is asked for it does"
    held = {row["what"]: row["value"] for row in flooded.rows}
    assert (held["flood: commands"], held["flood: last states that a board missed"]) == (20, 0)
    db.engine.dispose()


async def _pages(url: str, token: str) -> set[str]:
    async with httpx.AsyncClient() as http:
        session = StSession(url, http, page="hello", cookies={SESSION_COOKIE: token})
        await session.connect()
        await session.close()
        return set(session.pages)
