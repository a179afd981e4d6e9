"""一分钟演示: what stands on every screen after each beat of the morning."""

from dataclasses import dataclass
from datetime import datetime

from domain.board import Card
from domain.care_board import Tile
from domain.kpis import Figure


@dataclass(frozen=True)
class Entry:
    """A line of the volunteer's account, in tenths of a point."""

    amount: int
    balance: int
    why: str


@dataclass(frozen=True)
class Scene:
    at: datetime
    title: str
    told: str
    looks_at: str  # what this beat is about: care, board, phone, found, books, figure
    tiles: tuple[Tile, ...]  # hers first, then her neighbours'
    cards: tuple[Card, ...]  # the tickets of this morning, the newest first
    task: Card | None  # what the volunteer may claim, holds, or has done
    balance: int
    entry: Entry | None  # what this morning brought to the account
    figure: Figure
    rows: tuple[tuple[str, str], ...]  # number and title of this morning's tickets behind the figure
