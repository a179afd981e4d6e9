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
