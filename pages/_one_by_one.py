"""One command a ticket, each with a key of its own, and a true word on how many went through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

import db
from domain import clock
from domain.errors import Refused
from domain.tickets import Ticket

_REASONS_TOLD = 3


@dataclass(frozen=True)
class Words:
    """A step in words: 已派单 5 件, 2 件没有派."""

    done: str
    verb: str


def one_by_one(
    command: Callable[..., Any], seen: Sequence[tuple[Ticket, int]], words: Words, *, key: str, **values: Any
) -> dict[UUID, str]:
    """Run the command on each ticket as it was seen; give what was refused, with the reason."""
    refused: dict[UUID, str] = {}
    bar = st.progress(0.0, f"正在{words.done}…")
    for place, (ticket, version) in enumerate(seen, 1):
        call = {"ticket_id": ticket.id, "expected_version": version, "key": f"{key}-{ticket.id.hex[-20:]}"}
        try:
            db.run(command, **call, **values, now=clock.now())
        except Refused as no:
            refused[ticket.id] = no.message
        bar.progress(place / len(seen), f"正在{words.done}：{place} / {len(seen)} 件")
    return refused


def outcome(words: Words, count: int, refused: list[str]) -> str:
    if not refused:
        return f"已{words.done} {count} 件。"
    more = f"；另有 {len(refused) - _REASONS_TOLD} 件" if len(refused) > _REASONS_TOLD else ""
    why = "；".join(reason.rstrip("。") for reason in refused[:_REASONS_TOLD])
    done = f"已{words.done} {count} 件，" if count else ""
    return f"{done}{len(refused)} 件没有{words.verb}：{why}{more}。"
