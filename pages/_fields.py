"""What the forms of a ticket's steps are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from db.ticket_detail import Detail
from domain.access import Actor
from domain.areas import Area
from ui.text import escape_md

Values = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """A form being drawn: for whom, on what, and the key in every widget's key."""

    actor: Actor
    detail: Detail
    key: str

    def name(self, field: str) -> str:
        return f"{field}-{self.key}"

    def note(self, label: str, *, lines: bool = True, text: str = "") -> str:
        widget = st.text_area if lines else st.text_input
        return str(widget(label, value=text, key=self.name("note")) or "")

    def pick(self, label: str, labels: Mapping[Any, str], default: Any = None) -> Any:
        said = {key: escape_md(words) for key, words in labels.items()}
        return st.pills(
            label, list(said), format_func=said.__getitem__, default=default, required=True, key=self.name(label)
        )


def area_words(area: Area, held: Mapping[Any, Area]) -> str:
    above = held.get(area.parent_id)
    return f"{above.name} · {area.name}" if above else area.name
