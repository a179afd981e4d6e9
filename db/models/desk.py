"""What a person keeps at their desk: saved views of the board, and half-written forms."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, id_column, one_of
from domain.access import Role

SHARES = ("own", "shared", "role")


class BoardViewRow(Base):
    """Filters, columns, order, grouping, card fields and layout under one name."""

    __tablename__ = "board_view"
    __table_args__ = (one_of("share", SHARES), one_of("role", Role), Index(None, "area_id"), Index(None, "owner_id"))

    id: Mapped[UUID] = id_column()
    name: Mapped[str] = mapped_column(String(40))
    share: Mapped[str] = mapped_column(String(10))
    owner_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"))
    area_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("area.id"))  # whose people see it, unless own
    role: Mapped[str | None] = mapped_column(String(20))  # the role that starts with it
    body: Mapped[Any] = mapped_column(JSON)  # ids, codes and words of the search; no person
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class DraftRow(Base):
    """A form half filled in: it outlives the browser and the server, and is gone once sent."""

    __tablename__ = "draft"

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("app_user.id"), primary_key=True)
    form: Mapped[str] = mapped_column(String(40), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)  # encrypted: names, numbers, what was told
    updated_at: Mapped[datetime]
