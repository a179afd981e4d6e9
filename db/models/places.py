"""Areas, categories, settings, counters and change stamps."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, id_column, one_of
from domain.areas import Level
from domain.due import Matter
from domain.live import Topic


class AreaRow(Base):
    __tablename__ = "area"
    __table_args__ = (one_of("level", Level), Index(None, "parent_id"))

    id: Mapped[UUID] = id_column()
    parent_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("area.id"))
    community_id: Mapped[UUID | None] = mapped_column(Id)  # itself for a community; null for a street
    level: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    code: Mapped[str] = mapped_column(String(20), default="")
    path: Mapped[str] = mapped_column(String(120), unique=True)
    households: Mapped[int | None]
    sort: Mapped[int] = mapped_column(default=0)
    valid_to: Mapped[datetime | None]  # closed, never deleted: history keeps its names
    version: Mapped[int] = mapped_column(default=1)


class CategoryRow(Base):
    __tablename__ = "category"
    __table_args__ = (UniqueConstraint("parent_id", "name"), one_of("matter", Matter))

    id: Mapped[UUID] = id_column()
    parent_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("category.id"))
    name: Mapped[str] = mapped_column(String(40))
    matter: Mapped[str | None] = mapped_column(String(10))
    sort: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class CounterRow(Base):
    __tablename__ = "counter"

    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class ChangeStampRow(Base):
    """One number a community and topic, raised by every write: what a live page compares."""

    __tablename__ = "change_stamp"
    __table_args__ = (one_of("topic", Topic),)

    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(10), primary_key=True, default=Topic.BOARD.value)
    stamp: Mapped[int] = mapped_column(default=0)


class SettingRow(Base):
    __tablename__ = "app_setting"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class CommandKeyRow(Base):
    """What makes a command safe to send twice: the key, and a keyed digest of the request."""

    __tablename__ = "command_key"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_mac: Mapped[str] = mapped_column(String(64))
    result_id: Mapped[UUID | None]
    at: Mapped[datetime]


class DayRow(Base):
    """A job that runs once a day claims its day here."""

    __tablename__ = "job_day"

    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime]
