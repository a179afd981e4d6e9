"""The one-minute demo over HTTP: for whom the wall is for; a sentence where there is nothing to play."""

import pytest

from tests.builders import World
from tests.web.test_first_sight import visit


def test_real_data_gets_a_sentence_in_place_of_a_play(world: World) -> None:
    answer = visit(world, "leader").get("/wall/tour")

    assert answer.status_code == 409
    assert "一分钟演示要用演示数据" in answer.text
    assert "<button" not in answer.text


@pytest.mark.parametrize("who", ["volunteer", "grid_worker"])
def test_who_reads_no_wall_gets_no_tour(world: World, who: str) -> None:
    assert visit(world, who).get("/wall/tour").status_code == 403


def test_the_wall_leads_to_it(world: World) -> None:
    answer = visit(world, "leader").get("/wall?tour=1", follow_redirects=False)

    assert answer.headers["location"] == "/wall/tour?wall=1"
