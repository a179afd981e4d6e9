"""The tiles on a page: the board's component with their styles, one message for all of them, no iframe."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ui.board.component import Picked, packed
from ui.board.sent import CARE

_mount = st.components.v2.component("linli_care", js=CARE.script)


def _nothing() -> None:
    """Be a callback, so that the field is there even when nothing came back."""


def care(
    html: str,
    *,
    key: str,
    scope: str,
    live: Mapping[str, Any],
    on_opened: Callable[[], Any] = _nothing,
    on_picked: Callable[[], Any] = _nothing,
) -> Picked:
    """Draw the markup and follow the push; tiles whose version changed light up."""
    return _mount(
        key=key,
        data=packed(html, {"scope": scope, "live": live, "table": None, "answer": None}),
        on_opened_change=on_opened,
        on_picked_change=on_picked,
        on_resync_change=_nothing,  # the run itself is what was wanted
    )
