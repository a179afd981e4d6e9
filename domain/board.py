"""The board as a viewer sees it: scoped and masked by the query, drawn by `ui.board.markup`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from domain.due import Grade, Matter, Urgency
from domain.tickets import COLUMN_OF, Channel, Column, Kind, Satisfaction, Status

LONGEST_COLUMN = 600  # cards that a column shows, however often one asks for more


@dataclass(frozen=True)
class Card:
    id: UUID
    no: str
    kind: Kind
    status: Status
    title: str
    place: str
    grid: str
    category: str
    grade: Grade
    matter: Matter | None
    channel: Channel
    urgency: Urgency
    handler: str
    reported_at: datetime
    due_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    contacted: bool
    urged: int
    claimable: bool
    round_no: int
    satisfaction: Satisfaction | None
    single_duty: bool
    hidden: bool  # a 私事 this viewer sees as number and 私事 only
    version: int
    # whose logins it is tied to: a shared drawing says them, each reader's browser knows its own
    handler_user: UUID | None = None
    dispatched_by: UUID | None = None
    reporter_user: UUID | None = None
    told_by: int = 1  # how many residents have reported it: the first, and who joined

    def __hash__(self) -> int:
        """Be quick: a board looks each card up by itself. Two of one version differ at most by what is near."""
        return hash((self.id, self.version))

    @property
    def column(self) -> Column | None:
        return COLUMN_OF.get(self.status)


@dataclass(frozen=True)
class BoardColumn:
    column: Column
    count: int
    cards: tuple[Card, ...]
    recent: bool = True  # of the done only the last fourteen days; a search looks further back
    searched: int = 0  # of each community the newest reports a search looked through; 0: all there are
    limit: int = 0  # how many the community means to have here at once; 0: as many as come
    narrowed: bool = False  # by a filter: nothing here does not mean that there is nothing


@dataclass(frozen=True)
class Figures:
    """The row above the board, for the same scope and filters; each opens its tickets."""

    open: int
    late: int
    today: int
    closed_today: int


@dataclass(frozen=True)
class Board:
    columns: tuple[BoardColumn, ...]
    figures: Figures
    at: datetime
    stamp: int = 0  # the sum of its communities' change stamps: a later state has a higher one


@dataclass(frozen=True)
class Waiting:
    """One group of 我的: what it is, how many, and the first of them."""

    name: str
    title: str
    count: int
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Table:
    """The board's tickets as one list; `count` is how many there are beyond those read."""

    count: int
    cards: tuple[Card, ...]
    figures: Figures
    at: datetime
    stamp: int


@dataclass(frozen=True)
class DayCount:
    """What is due on one day, by how near that is."""

    late: int
    soon: int
    calm: int

    @property
    def all(self) -> int:
        return self.late + self.soon + self.calm


@dataclass(frozen=True)
class Calendar:
    """What is due on each day shown, and on the chosen one its tickets."""

    day: date
    counts: Mapping[date, DayCount]
    count: int  # due on the chosen day
    cards: tuple[Card, ...]
    figures: Figures
    at: datetime
    stamp: int
