"""The simulator of 平安守望, a short version; and that it would notice."""

from pathlib import Path

import pytest

from bench import soak_checkins
from db import windows

SEED = 1


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return soak_checkins.make_base(tmp_path_factory.mktemp("soak"))


@pytest.mark.parametrize("seed", [SEED, pytest.param(SEED + 1, marks=pytest.mark.slow)])
def test_days_at_random_break_no_rule(base: Path, seed: int) -> None:
    assert soak_checkins.play(seed, 6, base) == []


def test_a_sweep_that_opens_no_incident_is_noticed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows.alarms, "open_incident", lambda *_, **__: None)

    (told,) = soak_checkins.play(SEED, 6, base)[:1]

    assert f"seed {SEED}" in told
    assert "without an open incident" in told


def test_a_day_that_is_not_made_is_noticed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_checkins.job, "make", lambda _now: 0)

    assert any("owed" in line for line in soak_checkins.play(SEED, 3, base))
