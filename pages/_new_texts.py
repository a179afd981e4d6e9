"""What is typed into a new ticket's fields: as texts for its draft, and back; what it lets us guess."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import streamlit as st

from domain.access import STAFF, Actor
from domain.due import Grade, Matter
from domain.ids import parse_id
from domain.intake import guess_category
from domain.tickets import Channel, Kind
from pages._new_channel import CHANNELS
from pages._new_fields import KINDS, Held, Kinds

TYPED = ("name", "phone", "title", "address", "description")
_VOLUNTEERS_TYPED = TYPED[2:]  # who they are is filled in
_LABELS = (
    *(("name", "谁反映的"), ("phone", "电话"), ("title", "什么事"), ("address", "在哪里")),
    *(("description", "详细情况"), ("description", "说明（可不填）")),
)
# how each field is read back out of a draft
_READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(TYPED, str),
    "area": parse_id,
    "category": parse_id,
    "kind": Kind,
    "grade": Grade,
    "matter": Matter,
    "channel": Channel,
    "open": bool,
}


def typed(actor: Actor) -> tuple[str, ...]:
    """Name the fields that only this person can have filled."""
    return TYPED if actor.roles & STAFF else _VOLUNTEERS_TYPED


def texts(key: str) -> dict[str, str]:
    """Say what stands in the fields, as a draft keeps it."""
    held = {field: st.session_state.get(f"{field}-{key}") for field in _READ}
    return {field: "1" if value is True else str(value) for field, value in held.items() if value}


def labelled(key: str) -> dict[str, str]:
    """Say what the server has of each typed field, by the labels that the fields may bear."""
    return {label: st.session_state.get(f"{field}-{key}") or "" for field, label in _LABELS}


def put(key: str, kept: Mapping[str, str], held: Held, kinds: Kinds) -> None:
    """Fill the fields from a draft; what is no choice any more is left out."""
    offered: dict[str, Any] = {"area": held, "category": kinds, "kind": KINDS, "channel": CHANNELS}
    for field, text in kept.items():
        if field in TYPED:  # their widgets begin with it: what the browser holds already is newer
            continue
        try:
            value = _READ[field](text)
        except (KeyError, ValueError):
            continue
        if value in offered.get(field, (value,)):
            st.session_state[f"{field}-{key}"] = value


def guess(kinds: Kinds, told: str) -> UUID | None:
    name = guess_category(told, (c.name for c in kinds.values() if c.parent_id))
    return next((c.id for c in kinds.values() if c.name == name), None)


def urgent(word: str) -> str:
    return f"按“{word}”判断为特急，可修改"
