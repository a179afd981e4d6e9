"""A day lived again: the same happenings for the same seed, each by a real command, at the hour it says."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import db
import settings
from db import fsck
from demo import replay
from demo.replay import Pace
from domain.errors import Refused
from tests.demo.conftest import NOW, as_demo, copy_of


class Clock:
    """A clock that moves by waiting alone."""

    def __init__(self) -> None:
        self.now = NOW

    def pause(self, seconds: float) -> None:
        assert seconds > 0
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def made(made_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> settings.Settings:
    return as_demo(copy_of(made_demo, tmp_path_factory.mktemp("replay")))


Live = Callable[..., list[str]]


@pytest.fixture
def live(made: settings.Settings, tmp_path: Path) -> Iterator[Live]:
    """Live the day in a copy of its own, until Ctrl-C after so many lines; give what was told."""

    def lived(*, seed: int = 1, lines: int = 1000, clock: Clock) -> list[str]:
        db.engine.dispose()
        folder = tmp_path / f"{seed}-{lines}"
        shutil.copytree(made.data_dir, folder)
        settings.use(settings.Settings(data_dir=folder, key_file=made.key_path))
        told: list[str] = []

        def tell(line: str) -> None:
            told.append(line)
            if len(told) == lines:
                raise KeyboardInterrupt

        with suppress(KeyboardInterrupt):
            replay.replay(seed=seed, pace=Pace(lambda: clock.now, clock.pause), tell=tell)
        return told

    yield lived
    db.engine.dispose()


def test_a_day_has_its_reports_its_alarm_and_its_goods_and_nothing_is_refused(live: Live) -> None:
    clock = Clock()

    lines = live(clock=clock)

    told, hours = "\n".join(lines), [line[:5] for line in lines]
    for words in ("登记：", "派给", "接单", "办好：", "回访办结", "：平安", "已交付", "入账"):
        assert words in told
    for words in ("预警已发出", "电话没有人接", "“我来”", "见到本人", "结案：在家平安"):
        assert told.count(words) == 1
    assert "跳过" not in told
    assert hours == sorted(hours)
    assert timedelta(minutes=12) <= clock.now - NOW <= timedelta(minutes=13), "thirteen hours, an hour a minute"
    assert db.read(lambda session: list(fsck.everything(session))) == []
    assert live(clock=Clock(), lines=15) == lines[:15], "the same seed tells the same"
    assert live(clock=Clock(), lines=15, seed=2) != lines[:15]


def test_real_data_is_left_alone(template: Path, tmp_path: Path) -> None:
    settings.use(copy_of(template, tmp_path))
    never: Callable[[], datetime] = lambda: NOW  # noqa: E731

    with pytest.raises(Refused, match="演示数据"):
        replay.replay(seed=1, pace=Pace(never, Clock().pause), tell=print)
    db.engine.dispose()
