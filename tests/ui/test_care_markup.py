"""Tiles as HTML: colour, icon and word together, who needs somebody first, counts of what stands there, all escaped."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.care import Sign, Slot, Tier, WindowState
from domain.care_board import TILE_LABELS, CareBoard, Filters, Part, Tile, TileState, part_of
from domain.ids import new_id
from domain.incidents import IncidentAction
from tests.builders import NOW
from ui.care.markup import figures_html, tile_html, tiles_html
from ui.care.timeline import changes
from ui.care.year import kind_of, year_html

CSS = Path(__file__).parents[2] / "ui" / "care" / "care.css"
BASE = Tile(new_id(), "L0037", "3号楼", TileState.OK, Tier.B, Sign.CURTAIN, NOW, "", "1")


def board(*tiles: Tile, **filters: Any) -> CareBoard:
    counts = Counter(part_of(tile.state) for tile in tiles)
    return CareBoard(tiles, counts, date(2026, 11, 20), Slot.MORNING, NOW, 7, Filters(**filters))


@pytest.mark.parametrize("state", list(TileState))
def test_every_state_has_its_colour_and_its_word(state: TileState) -> None:
    html = tile_html(replace(BASE, state=state))

    (tone,) = re.findall(r'class="tile (\w+)"', html)
    assert TILE_LABELS[state] in html
    rule = re.search(rf"\.tile\.{tone} {{[^}}]*}}", CSS.read_text(encoding="utf-8"))
    assert rule
    assert "--tone" in rule[0]
    assert "--icon" in rule[0]


def test_a_tile_leads_to_the_incident_if_there_is_one() -> None:
    incident = new_id()

    assert f'href="?elder={BASE.elder_id}"' in tile_html(BASE)
    assert f'href="?incident={incident}"' in tile_html(replace(BASE, incident_id=incident))


def test_what_comes_from_outside_is_escaped() -> None:
    html = tile_html(replace(BASE, building="<b>3</b>", who='"><script>'))

    assert "<script>" not in html
    assert "&lt;b&gt;3" in html


def test_those_who_need_somebody_stand_first_and_the_longest_waiting_before() -> None:
    late = replace(BASE, state=TileState.ALARM, code="L0002", at=NOW)
    early = replace(late, code="L0009", at=NOW - timedelta(hours=1))
    help_ = replace(late, code="L0005", severity=1)
    unseen = replace(BASE, state=TileState.UNCHECKED, code="L0003")

    html = tiles_html(board(BASE, unseen, late, early, help_))

    assert re.findall(r"L\d{4}", html) == ["L0005", "L0009", "L0002", "L0003", "L0037"]


def test_the_figures_add_up_and_say_which_is_chosen() -> None:
    html = figures_html(board(BASE, replace(BASE, state=TileState.TAKEN), part=Part.ALARM))

    numbers = dict(re.findall(r'data-pick="(\w+)".*?<b>(\d+)</b>', html))
    assert numbers["all"] == "2"
    assert sum(int(n) for name, n in numbers.items() if name != "all") == 2
    assert 'data-pick="alarm" aria-pressed="true"' in html


def test_a_year_shows_the_worst_of_each_day() -> None:
    morning, evening = Slot.MORNING, Slot.EVENING
    day = date(2026, 11, 20)

    html = year_html({day: {morning: WindowState.SEEN_OK, evening: WindowState.ALARM}}, day)

    assert kind_of({morning: WindowState.SEEN_OK, evening: WindowState.EXCUSED}) == ("ok", "平安")
    assert 'title="11月20日 预警"' in html
    assert 'aria-label="近一年：预警 1 天"' in html
    assert html.count("<i ") >= 365


def test_a_timeline_says_codes_in_words_and_leaves_out_what_it_does_not_know() -> None:
    told = changes(IncidentAction.CALL, {"reached": False, "whom": "elder", "strange": "x"})

    assert told == ("打给老人本人，没有接通",)
    assert changes(IncidentAction.ACK, {"eta": 15}) == ("预计 15 分钟到",)
    assert changes(IncidentAction.STEP, {"who": ["building_head"], "step": 2}) == ("应通知楼栋长",)
    assert changes(IncidentAction.NOTE, {}) == ()
