"""Elders, who looks in on them, the looks that are owed, what was seen. Names and places are encrypted and erasable."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, id_column, one_of
from domain.care import (
    AbsenceKind,
    AbsenceState,
    Duty,
    HandoverState,
    LeaveReason,
    Look,
    Scope,
    Sign,
    Slot,
    Source,
    Tier,
    WindowState,
)

_DUE = text("next_at IS NOT NULL")
_HOLDS = text("valid_to IS NULL")


class ElderRow(Base):
    __tablename__ = "elder"
    __table_args__ = (
        UniqueConstraint("community_id", "number"),
        UniqueConstraint("person_id"),
        one_of("sign", Sign),
        one_of("tier", Tier),
        one_of("left_reason", LeaveReason),
        CheckConstraint("(left_on IS NULL) = (left_reason IS NULL)", name="leaves_for_a_reason"),
        Index(None, "community_id", "left_on", "grid_id"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    number: Mapped[int]  # shown as L0037
    person_id: Mapped[UUID] = mapped_column(Id, ForeignKey("person.id"))
    area_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    area_path: Mapped[str] = mapped_column(String(120))
    grid_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("area.id"))
    building_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("area.id"))
    called: Mapped[bytes | None] = mapped_column(LargeBinary)  # 张奶奶; encrypted, as are the next two
    place: Mapped[bytes | None] = mapped_column(LargeBinary)  # where to look: 2单元4楼东窗
    health: Mapped[bytes | None] = mapped_column(LargeBinary)  # allergies, conditions; with consent only
    sign: Mapped[str] = mapped_column(String(20))
    tier: Mapped[str] = mapped_column(String(5))
    hard_of_hearing: Mapped[bool] = mapped_column(default=False)  # knock instead of calling
    walk_order: Mapped[int] = mapped_column(default=0)  # in the walk of whoever looks
    joined_on: Mapped[date]
    left_on: Mapped[date | None]
    left_reason: Mapped[str | None] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)


class ConsentRow(Base):
    __tablename__ = "elder_consent"
    __table_args__ = (one_of("scope", Scope), Index(None, "elder_id"))

    id: Mapped[UUID] = id_column()
    elder_id: Mapped[UUID] = mapped_column(Id, ForeignKey("elder.id"))
    scope: Mapped[str] = mapped_column(String(20))
    granted_on: Mapped[date]
    withdrawn_on: Mapped[date | None]
    paper: Mapped[str] = mapped_column(String(40), default="")  # where the signed sheet lies
    recorded_by: Mapped[UUID | None]


class ElderContactRow(Base):
    """Who is called, in which order, and who has a key."""

    __tablename__ = "elder_contact"
    __table_args__ = (UniqueConstraint("elder_id", "person_id"), Index(None, "person_id"))

    id: Mapped[UUID] = id_column()
    elder_id: Mapped[UUID] = mapped_column(Id, ForeignKey("elder.id"))
    person_id: Mapped[UUID] = mapped_column(Id, ForeignKey("person.id"))
    rank: Mapped[int]
    relation: Mapped[str] = mapped_column(String(20))
    has_key: Mapped[bool] = mapped_column(default=False)
    minutes_away: Mapped[int | None]


class CareSlotRow(Base):
    """A look of an elder's plan: from when, until when, and how long after that it is still no alarm."""

    __tablename__ = "care_slot"
    __table_args__ = (
        UniqueConstraint("elder_id", "slot"),
        one_of("slot", Slot),
        CheckConstraint("0 <= opens_min AND opens_min < due_min AND due_min + grace_min < 1440", name="within_a_day"),
        CheckConstraint("weekdays BETWEEN 1 AND 127", name="some_day"),
    )

    id: Mapped[UUID] = id_column()
    elder_id: Mapped[UUID] = mapped_column(Id, ForeignKey("elder.id"))
    slot: Mapped[str] = mapped_column(String(10))
    opens_min: Mapped[int]  # minutes after midnight, Asia/Shanghai
    due_min: Mapped[int]
    grace_min: Mapped[int]
    weekdays: Mapped[int] = mapped_column(default=127)  # bit 0 is Monday
    starts_on: Mapped[date]  # owed from this day on: never for a slot that had opened before it was agreed
    active: Mapped[bool] = mapped_column(default=True)


class CareDutyRow(Base):
    """The volunteer who looks (主责) and the one who stands in (备份); one of each at a time."""

    __tablename__ = "care_duty"
    __table_args__ = (
        one_of("duty", Duty),
        Index("uq_care_duty_holds", "elder_id", "duty", unique=True, sqlite_where=_HOLDS, postgresql_where=_HOLDS),
        Index(None, "user_id", "valid_to"),
    )

    id: Mapped[UUID] = id_column()
    elder_id: Mapped[UUID] = mapped_column(Id, ForeignKey("elder.id"))
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    duty: Mapped[str] = mapped_column(String(10))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class CheckWindowRow(Base):
    """One look that is owed. Made the evening before, so that a missing one shows."""

    __tablename__ = "check_window"
    __table_args__ = (
        UniqueConstraint("elder_id", "day", "slot"),
        one_of("slot", Slot),
        one_of("state", WindowState),
        one_of("sign", Sign),
        one_of("tier", Tier),
        CheckConstraint("opens_at < due_at AND due_at <= grace_until", name="times_in_order"),
        Index("ix_check_window_next", "next_at", "id", sqlite_where=_DUE, postgresql_where=_DUE),
        Index(None, "community_id", "day", "slot"),
        Index(None, "looker_id", "day"),
        Index(None, "backup_id", "day"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    elder_id: Mapped[UUID] = mapped_column(Id, ForeignKey("elder.id"))
    day: Mapped[date]
    slot: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(20))
    # as of then
    area_path: Mapped[str] = mapped_column(String(120))
    grid_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("area.id"))
    sign: Mapped[str] = mapped_column(String(20))
    tier: Mapped[str] = mapped_column(String(5))
    opens_at: Mapped[datetime]
    due_at: Mapped[datetime]
    grace_until: Mapped[datetime]
    looker_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))  # answers for this deadline
    backup_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    next_at: Mapped[datetime | None]  # when the sweep has to look at it again; null: never
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    version: Mapped[int] = mapped_column(default=1)


class ObservationRow(Base):
    """Append-only: what somebody or something saw. Its id is the client's own, so a replay is no second one."""

    __tablename__ = "observation"
    __table_args__ = (
        one_of("look", Look),
        one_of("source", Source),
        CheckConstraint("(look = 'undo') = (undoes_id IS NOT NULL)", name="undo_names_one"),
        UniqueConstraint("undoes_id"),
        Index(None, "community_id", "at"),
        Index(None, "elder_id", "at"),
        Index(None, "window_id"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    elder_id: Mapped[UUID]
    window_id: Mapped[UUID | None]
    look: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime]  # when it was seen
    received_at: Mapped[datetime]
    by_id: Mapped[UUID | None]  # the user who sent it; null: a device
    seen_by: Mapped[UUID | None]  # on whose behalf, if somebody else entered it
    device_id: Mapped[UUID | None]
    undoes_id: Mapped[UUID | None]
    late: Mapped[bool] = mapped_column(default=False)  # came in when nothing was waiting for it


class AbsenceRow(Base):
    __tablename__ = "absence"
    __table_args__ = (
        one_of("kind", AbsenceKind),
        one_of("state", AbsenceState),
        CheckConstraint("from_at < until_at", name="has_an_end"),
        Index(None, "elder_id", "until_at"),
        Index(None, "community_id", "until_at"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    elder_id: Mapped[UUID] = mapped_column(Id, ForeignKey("elder.id"))
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    told_by: Mapped[str] = mapped_column(String(20))  # 本人, 家属, 邻居: a word, never a name
    reported_by: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    confirmed_by: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    reminded_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class CareHandoverRow(Base):
    """A volunteer who can't walk a round offers it to another; unanswered it goes to each elder's backup."""

    __tablename__ = "care_handover"
    __table_args__ = (
        one_of("state", HandoverState),
        UniqueConstraint("from_id", "day", "slot"),
        Index(None, "community_id", "day"),
        Index(None, "to_id", "state"),
        Index(None, "state", "answer_by"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    from_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    to_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"))
    day: Mapped[date]
    slot: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    answer_by: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class SignalDeviceRow(Base):
    """A button or a sensor that may write to `/api/v1/signals`, by a key of its own."""

    __tablename__ = "signal_device"
    __table_args__ = (Index(None, "community_id"), Index(None, "elder_id"), UniqueConstraint("key_sha256"))

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    elder_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("elder.id"))
    label: Mapped[str] = mapped_column(String(40))
    key_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    active: Mapped[bool] = mapped_column(default=True)
    heard_at: Mapped[datetime | None]


class PairVisitRow(Base):
    """结对: the month's visit or call that was made."""

    __tablename__ = "pair_visit"
    __table_args__ = (Index(None, "community_id", "visited_on"), Index(None, "elder_id", "visited_on"))

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    elder_id: Mapped[UUID] = mapped_column(Id, ForeignKey("elder.id"))
    visited_on: Mapped[date]
    by_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    by_phone: Mapped[bool] = mapped_column(default=False)
    recorded_by: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))


class ShiftNoteRow(Base):
    """What one shift of the desk leaves to the next."""

    __tablename__ = "shift_note"
    __table_args__ = (Index(None, "community_id", "at"),)

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    body: Mapped[bytes] = mapped_column(LargeBinary)  # encrypted
    read_by: Mapped[UUID | None]
    read_at: Mapped[datetime | None]
