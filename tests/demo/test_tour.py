"""The one-minute demo: the whole loop by real commands, and nothing of it left behind."""

from collections.abc import Iterator
from datetime import time, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

import db
import settings
from db import engine, windows
from demo import tour
from domain.care_board import TileState
from domain.clock import at_local, local_date
from domain.errors import Refused
from domain.tickets import Status
from domain.tour import Scene
from tests.demo.conftest import NOW, as_demo, copy_of
from ui.tour import markup


@pytest.fixture(scope="module")
def filled(made_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[settings.Settings]:
    used = as_demo(copy_of(made_demo, tmp_path_factory.mktemp("tour")))
    db.run(windows.make_day, day=local_date(NOW) + timedelta(days=1), now=NOW)  # as the worker does in the evening
    yield used
    db.engine.dispose()


@pytest.fixture(scope="module")
def scenes(filled: settings.Settings) -> tuple[Scene, ...]:
    settings.use(filled)  # another test may have had its own since
    return tour.play(now=NOW)


def test_the_tile_goes_from_waiting_over_red_to_green(scenes: tuple[Scene, ...]) -> None:
    states = [scene.tiles[0].state for scene in scenes]

    ahead = [tile.at for tile in scenes[0].tiles if tile.state is TileState.SCHEDULED]
    assert [at for at in ahead if at and at <= scenes[0].at] == [], "what is owed by now is open"
    near = [tile for scene in scenes for tile in scene.tiles[1:]]
    assert not [tile.code for tile in near if tile.incident_id], "one alarm is enough for a minute"
    assert not [tile.who for tile in near if tile.who], "who looks in on the neighbours is no part of the story"
    assert states[:4] == [TileState.WAITING, TileState.ALARM, TileState.TAKEN, TileState.OK]


def test_before_this_mornings_looks_begin_the_story_is_the_same(filled: settings.Settings) -> None:
    settings.use(filled)
    early = at_local(local_date(NOW) + timedelta(days=1), time(6))

    states = [scene.tiles[0].state for scene in tour.play(now=early)]

    assert states[:4] == [TileState.WAITING, TileState.ALARM, TileState.TAKEN, TileState.OK]


def test_one_loop_joins_incident_ticket_claim_points_and_figure(scenes: tuple[Scene, ...]) -> None:
    start, closed, claimed, found, paid, counted = scenes

    assert [len(scene.cards) for scene in scenes] == [0, 1, 1, 2, 2, 2]
    assert closed.cards[0].status is Status.ACCEPTED
    assert (claimed.cards[0].status, claimed.cards[0].handler) == (Status.IN_PROGRESS, "赵阿姨")
    assert (found.cards[0].handler, found.cards[1].status) == ("王师傅", Status.CLOSED)
    assert paid.entry and (paid.entry.amount, paid.balance - start.balance) == (20, 20)
    assert paid.entry.why.endswith("上门查看，2分")
    assert start.figure.value is not None and counted.figure.value == start.figure.value + 1
    assert [no for no, _ in counted.rows] == [closed.cards[0].no]


def test_the_demos_own_file_stays_as_it_was_and_each_time_is_the_first(
    filled: settings.Settings, scenes: tuple[Scene, ...]
) -> None:
    settings.use(filled)
    before = _rows_of(filled)

    again = tour.play(now=NOW)

    assert [(s.title, s.balance, s.figure.value) for s in again] == [
        (s.title, s.balance, s.figure.value) for s in scenes
    ]
    assert _rows_of(filled) == before
    assert all("tour" not in url for url in engine._made)


def _rows_of(filled: settings.Settings) -> str:
    db.engine.dispose()
    return sha256(filled.demo_file.read_bytes()).hexdigest()


def test_every_beat_is_drawn_and_says_what_it_is_about(scenes: tuple[Scene, ...]) -> None:
    drawn = markup.html(scenes)

    assert drawn.count('class="beat"') == len(scenes) == 6
    for scene in scenes:
        assert scene.title in drawn and scene.told in drawn


def test_a_demo_too_large_to_be_copied_for_each_who_looks_is_no_stage(
    scenes: tuple[Scene, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scenes, "the small one is"
    monkeypatch.setattr(tour, "LARGEST", 1000)

    with pytest.raises(Refused, match="另开一个数据目录"):
        tour.play(now=NOW)


def test_real_data_is_no_stage(template: Path, tmp_path: Path) -> None:
    assert not copy_of(template, tmp_path).is_demo

    with pytest.raises(Refused, match="演示数据"):
        tour.play(now=NOW)
    db.engine.dispose()
