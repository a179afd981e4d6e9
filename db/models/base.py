"""Column types and conventions that every table shares."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Dialect, LargeBinary, MetaData, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Id(TypeDecorator[UUID]):
    """A UUID: `uuid` on PostgreSQL, 16 bytes elsewhere."""

    impl = LargeBinary(16)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Uuid())
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        if value is None or isinstance(value, UUID):
            return value
        return UUID(bytes=bytes(value))

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Read straight from SQLite's cells: a board has a thousand of them."""
        return _id_of if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. SQLite's own DateTime drops the offset without converting."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: give it a zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Read straight from SQLite's text: the way through its own type takes five times as long."""
        return _moment_of if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


# a board is read again after each change with nearly the same cells
@lru_cache(maxsize=20_000)
def _id_of(cell: bytes | None) -> UUID | None:
    return None if cell is None else UUID(bytes=cell)


@lru_cache(maxsize=20_000)
def _moment_of(cell: str | None) -> datetime | None:
    return None if cell is None else datetime.fromisoformat(cell).replace(tzinfo=UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {UUID: Id, datetime: UtcDateTime}


def one_of(column: str, choices: type[StrEnum] | Sequence[str]) -> CheckConstraint:
    """Hold a string column to an enum's values; a native enum is painful to change."""
    listed = ", ".join(f"'{choice}'" for choice in choices)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def id_column() -> Mapped[UUID]:
    return mapped_column(Id, primary_key=True)
