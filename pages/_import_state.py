"""What the import page holds between two runs: the one file of this session, and how far it is."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import streamlit as st

from domain.areas import Area
from domain.imports import Counts
from files.parse import Parsed, RowProblem

_NAME = "import"


@dataclass
class Held:
    """A file, opened once. `parsed` is None while it says no title or content, then `headers` are offered."""

    file_id: str
    parsed: Parsed | None = None
    headers: tuple[str, ...] = ()
    trouble: str = ""
    by_hand: dict[str, str] = field(default_factory=dict)  # header → field, as chosen on the screen
    samples: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """What a rehearsal found, and for which question."""

    question: tuple[object, ...]
    counts: Counts
    problems: tuple[RowProblem, ...]
    skipped: dict[str, int]


@dataclass
class Job:
    """An import under way; a run that a second click broke off goes on in the same batch."""

    parsed: Parsed
    source: str
    community: Area
    now: datetime
    batch_id: UUID | None = None


@dataclass(frozen=True)
class Result:
    counts: Counts
    file_name: str
    error_sheet: bytes
    parted: str = ""  # why it ended early


@dataclass
class State:
    held: Held | None = None
    checked: Checked | None = None
    job: Job | None = None
    result: Result | None = None
    round_no: int = 0  # part of the uploader's key: a new round has no file

    def anew(self) -> None:
        self.held = self.checked = self.job = self.result = None
        self.round_no += 1


def state() -> State:
    held: State = st.session_state.setdefault(_NAME, State())
    return held
