"""People, users, grants, parties and sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, id_column, one_of
from domain.access import Role
from domain.people import Purpose


class PersonRow(Base):
    """Residents, volunteers, elders, contacts, parties: one row a person, whatever their roles."""

    __tablename__ = "person"
    __table_args__ = (
        Index(None, "community_id", "phone_mac"),
        Index(None, "community_id", "name_mac"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    area_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("area.id"))
    name: Mapped[bytes | None] = mapped_column(LargeBinary)  # encrypted, as are the next two
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    name_mac: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # keyed digest, to look up by
    phone_mac: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class RevealRow(Base):
    """Append-only: who saw a person in full, why, and until when it held."""

    __tablename__ = "reveal"
    __table_args__ = (one_of("purpose", Purpose), Index(None, "user_id", "person_id", "until"))

    id: Mapped[UUID] = id_column()
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    person_id: Mapped[UUID] = mapped_column(Id)  # no foreign key: it outlives the person's erasure
    purpose: Mapped[str] = mapped_column(String(20))
    ticket_id: Mapped[UUID | None]
    at: Mapped[datetime]
    until: Mapped[datetime]


class UserRow(Base):
    __tablename__ = "app_user"

    id: Mapped[UUID] = id_column()
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))  # how colleagues call them, e.g. 李敏
    person_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("person.id"))
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class GrantRow(Base):
    __tablename__ = "role_grant"
    __table_args__ = (one_of("role", Role), Index(None, "user_id"))

    id: Mapped[UUID] = id_column()
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    role: Mapped[str] = mapped_column(String(20))
    area_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    granted_by: Mapped[UUID | None]


class SessionRow(Base):
    __tablename__ = "login_session"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = id_column()
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(60), default="")
    agent: Mapped[str] = mapped_column(String(160), default="")


class ScreenRow(Base):
    """A wall that reads the figures of an area by a token of its own, until that is revoked."""

    __tablename__ = "screen"

    id: Mapped[UUID] = id_column()
    name: Mapped[str] = mapped_column(String(40))
    area_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class DeviceRow(Base):
    """A browser that has logged in as this user before: the throttle never locks it out."""

    __tablename__ = "known_device"
    __table_args__ = (UniqueConstraint("user_id", "device_sha256"),)

    id: Mapped[UUID] = id_column()
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    device_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    seen_at: Mapped[datetime]


class ThrottleRow(Base):
    """Failed logins by account and address; both are kept as a keyed digest."""

    __tablename__ = "login_throttle"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class AuditRow(Base):
    """Append-only: logins, changes of users, grants, settings."""

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "at"),)

    id: Mapped[UUID] = id_column()
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID | None]
    detail: Mapped[str] = mapped_column(String(400), default="")  # codes and ids, never personal


class PartyRow(Base):
    """Who handles: a user, or a person or unit without login (王师傅, 物业)."""

    __tablename__ = "party"
    __table_args__ = (Index(None, "community_id"),)

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    label: Mapped[str] = mapped_column(String(40))  # as on the card; a working name, not the full one
    trade: Mapped[str] = mapped_column(String(40), default="")
    is_unit: Mapped[bool] = mapped_column(default=False)
    person_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("person.id"))
    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("app_user.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class PartyAreaRow(Base):
    __tablename__ = "party_area"

    party_id: Mapped[UUID] = mapped_column(Id, ForeignKey("party.id"), primary_key=True)
    area_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"), primary_key=True)


class PartyCategoryRow(Base):
    __tablename__ = "party_category"

    party_id: Mapped[UUID] = mapped_column(Id, ForeignKey("party.id"), primary_key=True)
    category_id: Mapped[UUID] = mapped_column(Id, ForeignKey("category.id"), primary_key=True)
