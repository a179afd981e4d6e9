"""What several tests of looks begin with."""

from typing import Any

import pytest

from tests.builders import World
from tests.db.caring import elder, made_day


@pytest.fixture
def one(any_world: World) -> Any:
    """An elder whose window of tomorrow morning is there."""
    made = elder(any_world)
    made_day()
    return made
