"""The board on a page: one message of HTML to the browser, and back what the reader opened."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import streamlit as st

_HERE = Path(__file__).parent
_SCRIPTS = ("board.js", "moves.js", "live.js")  # one module of three files: a blob has no imports
# inline text, not a path: a path would be served as a file of its own and needs a packaged component
_mount = st.components.v2.component(
    "linli_board",
    css=(_HERE / "board.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS),
)


class Picked(Protocol):
    """What came back in this run: a ticket's id, a column's name, a figure's name, or None each.

    `moved`: one card, its version, the step or the column, and a nonce; `chosen`: several cards.
    """

    opened: str | None
    more: str | None
    picked: str | None
    moved: Mapping[str, Any] | None
    chosen: Mapping[str, Any] | None


def _nothing() -> None:
    """Be a callback, so that the field is there even when nothing came back."""


def board(
    html: str,
    *,
    key: str,
    scope: str = "",
    table: Mapping[str, Any] | None = None,
    answer: Mapping[str, Any] | None = None,
    on_opened: Callable[[], Any] = _nothing,
    on_more: Callable[[], Any] = _nothing,
    on_picked: Callable[[], Any] = _nothing,
    on_moved: Callable[[], Any] = _nothing,
    on_chosen: Callable[[], Any] = _nothing,
) -> Picked:
    """Draw the markup. Cards whose version changed light up, unless `scope` (the filters) did too.

    With a `table` (`ui.board.table`) cards can be moved; `answer` is what the last move led to.
    """
    return _mount(
        key=key,
        data={"html": html, "scope": scope, "table": table, "answer": answer},
        on_opened_change=on_opened,
        on_more_change=on_more,
        on_picked_change=on_picked,
        on_moved_change=on_moved,
        on_chosen_change=on_chosen,
    )
