"""Roll-ups for figures, and the two facts about tickets that their own rows don't keep."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, one_of
from domain.stats import CHECKIN_MEASURES, MEASURES, Dim, Grain

# the order that reads want: a period of one place side by side, then a breakdown of each day
TICKET_STAT = Table(
    "ticket_stat",
    Base.metadata,
    Column("area", String(12), primary_key=True),  # the last twelve digits of its id, as in its path
    Column("grain", String(5), primary_key=True),
    Column("dim", String(10), primary_key=True),
    Column("starts_on", Date, primary_key=True),
    Column("member", String(32), primary_key=True),  # of the dimension: an id's digits or a kind
    *(Column(name, Integer, nullable=False, server_default="0") for name in MEASURES),
    one_of("grain", Grain),
    one_of("dim", Dim),
    sqlite_with_rowid=False,
)
CHECKIN_STAT = Table(
    "checkin_stat",
    Base.metadata,
    Column("area", String(12), primary_key=True),
    Column("grain", String(5), primary_key=True),
    Column("starts_on", Date, primary_key=True),
    *(Column(name, Integer, nullable=False, server_default="0") for name in CHECKIN_MEASURES),
    one_of("grain", (Grain.DAY, Grain.MONTH)),
    sqlite_with_rowid=False,
)


class TicketRoundRow(Base):
    """A round of work that was not the last: its ticket was opened again, and its row tells of the next."""

    __tablename__ = "ticket_round"
    __table_args__ = (
        CheckConstraint("round_no >= 1", name="counts_from_one"),
        Index(None, "community_id", "closed_at"),
        Index(None, "community_id", "reopened_at"),
        Index(None, "community_id", "due_at"),
    )

    ticket_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    round_no: Mapped[int] = mapped_column(primary_key=True)
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    due_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    result_class: Mapped[str | None] = mapped_column(String(20))
    satisfaction: Mapped[str | None] = mapped_column(String(20))
    reopened_at: Mapped[datetime]


class TicketRecurrenceRow(Base):
    """A ticket of the same category in the same building, at most 30 days after another was closed."""

    __tablename__ = "ticket_recurrence"
    __table_args__ = (UniqueConstraint("of_id", "of_round"), Index(None, "community_id", "closed_on"))

    ticket_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    of_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ticket.id"))
    of_round: Mapped[int]
    closed_on: Mapped[date]  # when that one was closed
