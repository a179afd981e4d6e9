"""Tickets, their erasable texts, their append-only events; imports."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, id_column, one_of
from domain.due import Grade, Matter
from domain.tickets import OPEN, Action, Channel, Kind, PhotoStage, RejectReason, Result, Satisfaction, Status

_OPEN_STATUSES = ", ".join(f"'{s}'" for s in Status if s in OPEN)
_OPEN = text(f"status IN ({_OPEN_STATUSES}) AND hidden_at IS NULL")
_URGENT = text(f"status IN ({_OPEN_STATUSES}) AND hidden_at IS NULL AND grade = 'urgent'")
_CLOSED = text("status = 'closed' AND hidden_at IS NULL")
_ENDED = text("status IN ('closed', 'rejected', 'cancelled') AND hidden_at IS NULL")
_DUE = text("due_at IS NOT NULL AND hidden_at IS NULL")
_ELSE = text("kind NOT IN ('report', 'hazard') AND building_id IS NOT NULL AND hidden_at IS NULL")
# the same for a WHERE: SQLite uses a partial index only where its condition stands to the letter
OPEN_WORK: Any = text(f"ticket.status IN ({_OPEN_STATUSES}) AND ticket.hidden_at IS NULL")
URGENT: Any = text("ticket.grade = 'urgent'")  # beside OPEN_WORK
CLOSED_WORK: Any = text("ticket.status = 'closed' AND ticket.hidden_at IS NULL")
DUE_WORK: Any = text("ticket.due_at IS NOT NULL AND ticket.hidden_at IS NULL")
# what comes up nowhere by itself: it is ordered, agreed or begun by us
ELSE_WORK: Any = text(
    "ticket.kind NOT IN ('report', 'hazard') AND ticket.building_id IS NOT NULL AND ticket.hidden_at IS NULL"
)
ENDED_WORK: Any = text("ticket.status IN ('closed', 'rejected', 'cancelled') AND ticket.hidden_at IS NULL")


class TicketRow(Base):
    __tablename__ = "ticket"
    __table_args__ = (
        UniqueConstraint("community_id", "number"),
        UniqueConstraint("source", "external_id"),
        one_of("kind", Kind),
        one_of("status", Status),
        one_of("matter", Matter),
        one_of("grade", Grade),
        one_of("channel", Channel),
        one_of("result_class", Result),
        one_of("satisfaction", Satisfaction),
        one_of("reject_reason", RejectReason),
        CheckConstraint(
            "status NOT IN ('dispatched', 'in_progress') OR handler_id IS NOT NULL", name="work_has_handler"
        ),
        CheckConstraint("status <> 'closed' OR closed_at IS NOT NULL", name="closed_has_time"),
        Index("ix_ticket_open", "community_id", "status", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(
            *("ix_ticket_urgent", "community_id", "status", "due_at", "id"),
            sqlite_where=_URGENT,
            postgresql_where=_URGENT,
        ),
        Index("ix_ticket_closed", "community_id", "closed_at", sqlite_where=_CLOSED, postgresql_where=_CLOSED),
        Index(None, "community_id", "reported_at"),
        # what was due in a period; what was closed at a place before, and what there is no complaint
        Index("ix_ticket_due", "community_id", "due_at", sqlite_where=_DUE, postgresql_where=_DUE),
        Index(
            *("ix_ticket_place", "building_id", "category_id", "closed_at", "kind"),
            sqlite_where=_CLOSED,
            postgresql_where=_CLOSED,
        ),
        Index("ix_ticket_else", "building_id", "reported_on", sqlite_where=_ELSE, postgresql_where=_ELSE),
        # what binds a person to a ticket outside their area
        Index("ix_ticket_handler", "handler_id", "status", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_ticket_reporter", "reporter_user_id", "status", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_ticket_handler_ended", "handler_id", "closed_at", sqlite_where=_ENDED, postgresql_where=_ENDED),
        Index(
            "ix_ticket_reporter_ended", "reporter_user_id", "closed_at", sqlite_where=_ENDED, postgresql_where=_ENDED
        ),
        Index(None, "import_batch_id"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    number: Mapped[int]  # shown as E0001
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(200), default="")
    # the place as of then: it does not move when areas are redrawn
    area_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    area_path: Mapped[str] = mapped_column(String(120))
    grid_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("area.id"))
    building_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("area.id"))
    category_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("category.id"))
    matter: Mapped[str | None] = mapped_column(String(10))
    grade: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(20))
    reporter_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("person.id"))
    reporter_user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    handler_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("party.id"))
    dispatched_by: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    resolved_by: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    open_to_volunteers: Mapped[bool] = mapped_column(default=False)
    round_no: Mapped[int] = mapped_column(default=1)
    round_at: Mapped[datetime]  # when this round's clock started
    reported_at: Mapped[datetime]
    reported_on: Mapped[date]
    accepted_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    first_contact_at: Mapped[datetime | None]
    contact_tries: Mapped[int] = mapped_column(default=0)
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_on: Mapped[date | None]
    due_at: Mapped[datetime | None]
    soon_at: Mapped[datetime | None]  # from then on it counts as due soon
    due_why: Mapped[str] = mapped_column(String(120), default="")
    result_class: Mapped[str | None] = mapped_column(String(20))
    satisfaction: Mapped[str | None] = mapped_column(String(20))
    reject_reason: Mapped[str | None] = mapped_column(String(20))
    urged_at: Mapped[datetime | None]
    urge_count: Mapped[int] = mapped_column(default=0)
    single_duty: Mapped[bool] = mapped_column(default=False)  # closed by whoever resolved it
    source: Mapped[str | None] = mapped_column(String(40))
    external_id: Mapped[str | None] = mapped_column(String(80))
    import_batch_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("import_batch.id"))
    import_mac: Mapped[str | None] = mapped_column(String(64))  # keyed digest of the imported row
    hidden_at: Mapped[datetime | None]  # its import was undone
    event_hash: Mapped[str] = mapped_column(String(64), default="")
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)  # = the number of its events


class TicketTextRow(Base):
    """What was said in full: erasable, so in no event and in no hash."""

    __tablename__ = "ticket_text"

    ticket_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    description: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[str] = mapped_column(Text, default="")
    extra: Mapped[Any] = mapped_column(JSON, default=dict)  # columns of an import that nobody mapped


class TicketNoteRow(Base):
    """The words that go with an event; erasable."""

    __tablename__ = "ticket_note"

    event_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ticket.id"), index=True)
    body: Mapped[str] = mapped_column(Text)


class TicketEventRow(Base):
    __tablename__ = "ticket_event"
    __table_args__ = (
        UniqueConstraint("ticket_id", "seq"),
        one_of("action", Action),
        one_of("to_status", Status),
        Index(None, "community_id", "at"),
    )

    id: Mapped[UUID] = id_column()
    ticket_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ticket.id"))
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    seq: Mapped[int]
    action: Mapped[str] = mapped_column(String(20))
    from_status: Mapped[str | None] = mapped_column(String(20))
    to_status: Mapped[str] = mapped_column(String(20))
    round_no: Mapped[int]
    actor_id: Mapped[UUID | None]  # null: the system
    acting_role: Mapped[str | None] = mapped_column(String(20))
    on_behalf_of: Mapped[UUID | None]  # the party a colleague recorded for
    at: Mapped[datetime]
    changes: Mapped[Any] = mapped_column(JSON)  # field → [old, new]: ids, codes, times; never personal
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class TicketSupportRow(Base):
    """One more resident who reported the same: told when it is done, like the first."""

    __tablename__ = "ticket_support"
    __table_args__ = (
        one_of("channel", Channel),
        Index(None, "ticket_id"),
        Index(None, "reporter_id"),
        UniqueConstraint("ticket_id", "reporter_id"),
    )

    event_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ticket.id"))
    reporter_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("person.id"))  # null: gave no name
    channel: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]


class AttachmentRow(Base):
    """A photo of a ticket; its bytes lie in the blobs under their digest."""

    __tablename__ = "attachment"
    __table_args__ = (one_of("stage", PhotoStage), Index(None, "ticket_id"), Index(None, "sha256"))

    id: Mapped[UUID] = id_column()
    ticket_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ticket.id"))
    stage: Mapped[str] = mapped_column(String(10))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]  # bytes as kept
    width: Mapped[int]
    height: Mapped[int]
    added_by: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class ImportBatchRow(Base):
    __tablename__ = "import_batch"
    __table_args__ = (
        one_of("status", ("running", "done", "undone")),
        Index(None, "community_id", "started_at"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    source: Mapped[str] = mapped_column(String(40))
    file_name: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(10))
    created: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    actor_id: Mapped[UUID | None]


class ImportChangeRow(Base):
    """How a ticket was before an import touched it, so that the import can be taken back."""

    __tablename__ = "import_change"

    batch_id: Mapped[UUID] = mapped_column(Id, ForeignKey("import_batch.id"), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    version_after: Mapped[int]
    before: Mapped[Any] = mapped_column(JSON)  # null: the import made the ticket


class ImportMappingRow(Base):
    __tablename__ = "import_mapping"

    source: Mapped[str] = mapped_column(String(40), primary_key=True)
    mapping: Mapped[Any] = mapped_column(JSON)
    updated_at: Mapped[datetime]
