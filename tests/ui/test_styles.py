"""The styles of every page: what they may not ask, because the browser would pay for it at each run."""

import re
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[2] / "ui").glob("*.css"))
# one that asks a part of a class and ends in whatever there is: each change of any class styles all below it anew
ASKS_ALL = re.compile(r'\[class[*^$~|]?="[^{},]*[ >~+](?:\*|::?)[^{},]*[,{]')


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_style_has_the_whole_board_styled_anew_when_streamlit_changes_a_class(file: Path) -> None:
    assert ASKS_ALL.findall(file.read_text("utf-8")) == []


def test_no_words_of_a_volunteer_are_below_18_px_and_all_follow_the_size_that_the_browser_is_set_to() -> None:
    (large,) = (file for file in FILES if file.name == "large.css")
    own = [line for line in large.read_text("utf-8").splitlines() if "linli-bar" not in line]  # one row beside the name
    sizes = re.findall(r"font-size: (?!clamp|min)([\d.]+)(\w+)", "\n".join(own))

    assert {unit for _, unit in sizes} == {"rem"}
    assert min(float(size) for size, _ in sizes) * 15 >= 18
