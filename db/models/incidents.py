"""Incidents, their timelines, and the messages that go out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, id_column, one_of
from domain.incidents import ENDED_STATES, Cause, Found, IncidentAction, IncidentState, Method, Who
from domain.outbox import UNSENT, ChannelKind, MessageState, Template

_ENDED = ", ".join(f"'{s}'" for s in IncidentState if s in ENDED_STATES)
_RUNNING = text(f"state NOT IN ({_ENDED})")
# the same for a WHERE: SQLite uses a partial index only where its condition stands to the letter
RUNNING: Any = text(f"incident.state NOT IN ({_ENDED})")
_UNSENT = text(f"state IN ({', '.join(repr(s.value) for s in MessageState if s in UNSENT)})")


class IncidentRow(Base):
    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("community_id", "number"),
        UniqueConstraint("window_id"),
        UniqueConstraint("ticket_id"),
        one_of("cause", Cause),
        one_of("state", IncidentState),
        one_of("found", Found),
        one_of("method", Method),
        CheckConstraint("severity BETWEEN 1 AND 3", name="severity_known"),
        CheckConstraint(f"state IN ({_ENDED}) OR next_step_at IS NOT NULL", name="always_a_next_step"),
        CheckConstraint(
            "state <> 'resolved' OR (found IS NOT NULL AND method IS NOT NULL AND closed_by IS NOT NULL)",
            name="closed_with_what_was_found",
        ),
        Index("ix_incident_next", "next_step_at", "id", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index(None, "community_id", "opened_at"),
        Index(None, "elder_id", "opened_at"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    number: Mapped[int]  # shown as Y0012
    elder_id: Mapped[UUID] = mapped_column(Id, ForeignKey("elder.id"))
    window_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("check_window.id"))
    ticket_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("ticket.id"))
    area_path: Mapped[str] = mapped_column(String(120))
    cause: Mapped[str] = mapped_column(String(20))
    severity: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    ladder: Mapped[Any] = mapped_column(JSON)  # the policy as it was when this opened
    step: Mapped[int] = mapped_column(default=0)
    repeat_no: Mapped[int] = mapped_column(default=0)
    next_step_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    acked_by: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    acked_at: Mapped[datetime | None]
    eta_at: Mapped[datetime | None]
    responder_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    on_scene_at: Mapped[datetime | None]
    found: Mapped[str | None] = mapped_column(String(20))
    method: Mapped[str | None] = mapped_column(String(20))
    closed_by: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    closed_at: Mapped[datetime | None]
    event_hash: Mapped[str] = mapped_column(String(64), default="")
    version: Mapped[int] = mapped_column(default=1)  # = the number of its events


class IncidentEventRow(Base):
    """Append-only: the timeline."""

    __tablename__ = "incident_event"
    __table_args__ = (
        UniqueConstraint("incident_id", "seq"),
        Index(None, "community_id", "at"),
        one_of("action", IncidentAction),
        one_of("to_state", IncidentState),
    )

    id: Mapped[UUID] = id_column()
    incident_id: Mapped[UUID] = mapped_column(Id, ForeignKey("incident.id"))
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    seq: Mapped[int]
    action: Mapped[str] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[UUID | None]  # null: the system
    at: Mapped[datetime]
    detail: Mapped[Any] = mapped_column(JSON)  # codes, ids and times; never personal
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class IncidentNoteRow(Base):
    """The words that go with an event; erasable."""

    __tablename__ = "incident_note"

    event_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(Id, ForeignKey("incident.id"), index=True)
    body: Mapped[str] = mapped_column(Text)


class IncidentStepRow(Base):
    """Append-only: a step of the ladder that was taken. Its key lets nobody take it twice."""

    __tablename__ = "incident_step"
    __table_args__ = (one_of("who", Who),)

    incident_id: Mapped[UUID] = mapped_column(Id, ForeignKey("incident.id"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    repeat_no: Mapped[int] = mapped_column(primary_key=True)
    who: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime]
    due_at: Mapped[datetime]


class ChannelRow(Base):
    """A robot or an address that messages go to, with what it took in this minute."""

    __tablename__ = "channel"
    __table_args__ = (one_of("kind", ChannelKind), Index(None, "area_id"))

    id: Mapped[UUID] = id_column()
    area_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))  # whose news it gets
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(40))
    address: Mapped[bytes] = mapped_column(LargeBinary)  # encrypted: it holds a key
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted: what it signs with
    emergency_only: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    canary: Mapped[bool] = mapped_column(default=False)  # gets a trial message each morning
    recent: Mapped[Any] = mapped_column(JSON, default=list)  # when it last took messages, seconds since 1970
    muted_until: Mapped[datetime | None]
    ok_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_code: Mapped[str] = mapped_column(String(40), default="")
    version: Mapped[int] = mapped_column(default=1)


class OutboxRow(Base):
    """A message that is owed. It names ids only: its words are made when it is sent."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        one_of("template", Template),
        one_of("state", MessageState),
        CheckConstraint("severity BETWEEN 1 AND 3", name="severity_known"),
        Index("ix_outbox_message_due", "severity", "next_attempt_at", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
        Index(None, "incident_id"),
        Index(None, "community_id", "created_at"),
    )

    id: Mapped[UUID] = id_column()
    dedupe_key: Mapped[str] = mapped_column(String(160))
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    channel_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("channel.id"))  # null: nobody has one here
    template: Mapped[str] = mapped_column(String(20))
    body: Mapped[Any] = mapped_column(JSON)
    severity: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    repeated: Mapped[bool] = mapped_column(default=False)  # sent again after a crash, and says so
    provider_code: Mapped[str] = mapped_column(String(40), default="")
    incident_id: Mapped[UUID | None]
    ticket_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class OutboxAttemptRow(Base):
    """Append-only: each time a message was handed to a channel, and what it said."""

    __tablename__ = "outbox_attempt"
    __table_args__ = (Index(None, "message_id"),)

    id: Mapped[UUID] = id_column()
    message_id: Mapped[UUID] = mapped_column(Id, ForeignKey("outbox_message.id"))
    at: Mapped[datetime]
    ok: Mapped[bool]
    code: Mapped[str] = mapped_column(String(40))
    millis: Mapped[int]


class LeaseRow(Base):
    """Who does a job now, until when, and when it last went well."""

    __tablename__ = "worker_lease"

    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(40), default="")
    until: Mapped[datetime | None]
    ran_at: Mapped[datetime | None]
    ok_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(200), default="")
