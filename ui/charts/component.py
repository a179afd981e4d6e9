"""Cards and tables of figures on a page: one message of HTML, and back what was picked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_mount = st.components.v2.component(
    "linli_charts",
    css=(_HERE / "charts.css").read_text(encoding="utf-8"),
    js=(_HERE / "charts.js").read_text(encoding="utf-8"),
)


def draw(html: str, *, key: str, on_picked: Callable[[], Any]) -> Any:
    return _mount(key=key, data={"html": html}, on_picked_change=on_picked)
