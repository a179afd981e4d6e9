"""What an import brings: one row of a file as the commands take it, and the counts that come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.due import Grade, Matter
from domain.tickets import Channel, Kind, Satisfaction, Status

SOURCE_MAX = 40


@dataclass(frozen=True)
class Incoming:
    """A row, read and cleaned. `key` is its identity in its source; equal `content`, unchanged row."""

    key: str
    content: bytes
    title: str
    description: str = ""
    result: str = ""
    reporter_name: str = ""
    phone: str = ""
    address: str = ""
    category: str = ""
    subcategory: str = ""
    community: str = ""
    grid: str = ""
    handler: str = ""
    kind: Kind | None = None
    matter: Matter | None = None
    grade: Grade | None = None
    status: Status = Status.REPORTED
    channel: Channel | None = None
    satisfaction: Satisfaction | None = None
    reported_at: datetime | None = None
    accepted_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Turned:
    """A row that only the database could refuse: its place in the chunk, the field, the reason."""

    place: int
    field: str
    reason: str


@dataclass(frozen=True)
class Counts:
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.created + other.created,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.refused + other.refused,
        )

    def __str__(self) -> str:
        return f"新增 {self.created}，更新 {self.changed}，未变 {self.unchanged}，未导入 {self.refused}"
