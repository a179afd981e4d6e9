"""The simulator of 平安守望, a short version; and that it would notice."""

from pathlib import Path
from typing import Any

import pytest

from bench import soak_checkins
from db import unwatched, windows
from domain.care import WindowState
from domain.windows import Next

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


def test_a_sweep_that_forgets_what_was_unclear_is_noticed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = windows.onward

    def forgets(state: WindowState, *rest: Any, **more: Any) -> Next:
        return Next(state) if state is WindowState.UNCLEAR else goes_on(state, *rest, **more)

    monkeypatch.setattr(windows, "onward", forgets)

    assert "unclear: past grace and still waiting" in heard(base)


def test_an_absence_that_excuses_after_its_end_is_noticed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "is_away", lambda when, held: any(away.from_at < when.due_at for away in held))

    assert "excused, and nobody told of an absence" in heard(base)


def test_a_day_without_a_worker_that_nobody_tells_of_is_noticed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_checkins, "OUTAGE", 1)
    assert heard(base, stories=2) == ""

    monkeypatch.setattr(unwatched.outbox, "enqueue", lambda *_, **__: 0)

    assert "nobody said so" in heard(base, stories=2)


def heard(base: Path, stories: int = 4) -> str:
    """Play until something is wrong."""
    told = (soak_checkins.play(seed, 8, base) for seed in range(SEED, SEED + stories))
    return "\n".join(next(filter(None, told), []))


def test_a_day_that_is_not_made_is_noticed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_checkins.job, "make", lambda _now: 0)

    assert any("owed" in line for line in soak_checkins.play(SEED, 3, base))
