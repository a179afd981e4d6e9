"""The points ledger, service records, award rules, the shop. No name or written word is in the ledger's own tables."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Id, id_column, one_of
from domain.points import (
    MAY_BE_NEGATIVE,
    Account,
    AccountStatus,
    ItemKind,
    Method,
    Posting,
    RecordKind,
    RecordState,
    RedemptionState,
)
from domain.tickets import Satisfaction

_SOURCES = ", ".join(f"'{kind}'" for kind in Account if kind in MAY_BE_NEGATIVE)
_LEFT = text("remaining > 0")
_WAITING = text("state = 'reserved'")


class LedgerAccountRow(Base):
    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("community_id", "owner_id", "kind"),
        UniqueConstraint("id", "unit"),  # what a transfer points to: both its ends have its unit
        one_of("kind", Account),
        one_of("status", AccountStatus),
        CheckConstraint(f"balance >= 0 OR kind IN ({_SOURCES})", name="not_negative"),
        CheckConstraint("kind <> 'debt' OR balance <= 0", name="debt_is_owed"),
        CheckConstraint("unit IN ('PT', 'MIN') OR unit LIKE 'ITEM:%'", name="unit_known"),
        Index(None, "community_id", "kind", "balance", "id"),
        Index(None, "owner_id"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    kind: Mapped[str] = mapped_column(String(20))
    unit: Mapped[str] = mapped_column(String(40))
    owner_id: Mapped[UUID] = mapped_column(Id)  # a person (who may be erased), an item or the community
    area_path: Mapped[str] = mapped_column(String(120))  # where its owner lives, for whose eyes it is
    status: Mapped[str] = mapped_column(String(10), default=AccountStatus.OPEN.value)
    balance: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column(BigInteger, default=0)  # = the number of its lines
    opened_at: Mapped[datetime]


class LedgerHeadRow(Base):
    """The end of a community's chain."""

    __tablename__ = "ledger_head"

    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    hash: Mapped[str] = mapped_column(String(64), default="")


class LedgerTxnRow(Base):
    """Append-only: one thing that happened, as one or more transfers."""

    __tablename__ = "ledger_txn"
    __table_args__ = (
        UniqueConstraint("community_id", "seq"),
        one_of("kind", Posting),
        CheckConstraint("approver_id <> actor_id", name="two_people"),
        Index(None, "community_id", "posted_at"),
        Index(None, "source_id"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    seq: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))
    once: Mapped[str] = mapped_column(String(100), unique=True)  # e.g. award:<record>: it can't be posted twice
    effective_at: Mapped[datetime]
    posted_at: Mapped[datetime]
    actor_id: Mapped[UUID | None]  # null: the system
    approver_id: Mapped[UUID | None]
    source_type: Mapped[str] = mapped_column(String(20))
    source_id: Mapped[UUID]
    rule_version: Mapped[int | None]
    reverses_txn: Mapped[UUID | None] = mapped_column(Id, ForeignKey("ledger_txn.id"), unique=True)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class PointLotRow(Base):
    """Points that expire on one day; what remains and what is held of them."""

    __tablename__ = "point_lot"
    __table_args__ = (
        CheckConstraint("remaining >= 0 AND held >= 0 AND remaining + held <= original", name="within_original"),
        CheckConstraint("original > 0", name="original_positive"),
        Index("ix_point_lot_left", "account_id", "expires_on", "id", sqlite_where=_LEFT, postgresql_where=_LEFT),
        Index("ix_point_lot_due", "community_id", "expires_on", "id", sqlite_where=_LEFT, postgresql_where=_LEFT),
        Index(None, "earned_txn"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("ledger_account.id"))
    earned_txn: Mapped[UUID] = mapped_column(Id, ForeignKey("ledger_txn.id"))
    expires_on: Mapped[date]
    original: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    held: Mapped[int] = mapped_column(BigInteger, default=0)


class LedgerTransferRow(Base):
    """Append-only: an amount from one account to another, with both as they were after it."""

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        ForeignKeyConstraint(["community_id", "seq"], ["ledger_txn.community_id", "ledger_txn.seq"]),
        ForeignKeyConstraint(["from_account", "unit"], ["ledger_account.id", "ledger_account.unit"]),
        ForeignKeyConstraint(["to_account", "unit"], ["ledger_account.id", "ledger_account.unit"]),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("from_account <> to_account", name="two_accounts"),
        # gap-free and never twice: also what a statement is read by
        UniqueConstraint("from_account", "from_version"),
        UniqueConstraint("to_account", "to_version"),
        Index(None, "lot_id"),
    )

    community_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    from_account: Mapped[UUID]
    to_account: Mapped[UUID]
    unit: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int] = mapped_column(BigInteger)
    lot_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("point_lot.id"))
    from_balance: Mapped[int] = mapped_column(BigInteger)
    from_version: Mapped[int] = mapped_column(BigInteger)
    to_balance: Mapped[int] = mapped_column(BigInteger)
    to_version: Mapped[int] = mapped_column(BigInteger)


class PointsStatRow(Base):
    """What a community's postings of one kind came to in a month: tenths of points, minutes of awards."""

    __tablename__ = "points_stat"

    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    unit: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, default=0)


class AwardRuleRow(Base):
    """Append-only: what a kind of service earns, from a day on until a newer version does."""

    __tablename__ = "award_rule"
    __table_args__ = (UniqueConstraint("community_id", "kind", "version"), one_of("kind", RecordKind))

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    valid_from: Mapped[date]
    per_hour: Mapped[int]
    per_event: Mapped[int]
    per_item: Mapped[int]
    most_minutes: Mapped[int]
    day_cap: Mapped[int]
    month_cap: Mapped[int]
    rating_low: Mapped[int]
    rating_high: Mapped[int]
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]


class ServiceRecordRow(Base):
    __tablename__ = "service_record"
    __table_args__ = (
        UniqueConstraint("ticket_id", "person_id"),
        one_of("kind", RecordKind),
        one_of("state", RecordState),
        one_of("method", Method),
        one_of("satisfaction", Satisfaction),
        CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        CheckConstraint("verified_by <> recorded_by", name="second_person"),
        CheckConstraint("(points_tenths IS NULL) = (state NOT IN ('confirmed', 'voided'))", name="points_at_the_end"),
        Index(None, "community_id", "state", "served_on", "id"),
        Index(None, "person_id", "state", "served_on"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    area_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    area_path: Mapped[str] = mapped_column(String(120))
    grid_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("area.id"))
    person_id: Mapped[UUID]  # no foreign key: it outlives the person's erasure
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    method: Mapped[str] = mapped_column(String(20))
    ticket_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("ticket.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    served_on: Mapped[date]
    items: Mapped[int] = mapped_column(default=1)
    satisfaction: Mapped[str | None] = mapped_column(String(20))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(200), default="")  # erasable, as is the next
    reason: Mapped[str] = mapped_column(String(200), default="")  # of a rejection or voiding
    recorded_by: Mapped[UUID | None]  # null: the system
    recorded_at: Mapped[datetime]
    verified_by: Mapped[UUID | None]
    verified_at: Mapped[datetime | None]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    points_tenths: Mapped[int | None]
    minutes: Mapped[int] = mapped_column(default=0)
    rule_version: Mapped[int | None]
    why: Mapped[str] = mapped_column(String(200), default="")
    txn_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("ledger_txn.id"))  # the last that posted it
    version: Mapped[int] = mapped_column(default=1)


class CatalogItemRow(Base):
    """What points can be changed into. Its stock is in the ledger."""

    __tablename__ = "catalog_item"
    __table_args__ = (
        UniqueConstraint("community_id", "name"),
        one_of("kind", ItemKind),
        CheckConstraint("price_tenths > 0", name="price_positive"),
        Index(None, "community_id", "active", "sort"),
    )

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    name: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    price_tenths: Mapped[int]
    month_limit: Mapped[int] = mapped_column(default=0)  # a person and calendar month; 0: none
    active: Mapped[bool] = mapped_column(default=True)
    sort: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)


class RedemptionRow(Base):
    __tablename__ = "redemption"
    __table_args__ = (
        UniqueConstraint("community_id", "number"),
        one_of("state", RedemptionState),
        CheckConstraint("quantity > 0 AND price_tenths > 0", name="something"),
        CheckConstraint("approved_by <> handed_by", name="two_people"),
        Index(
            "uq_redemption_code", "community_id", "code_mac", unique=True,
            sqlite_where=_WAITING, postgresql_where=_WAITING,
        ),
        Index("ix_redemption_due", "expires_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index(None, "community_id", "state", "asked_at"),
        Index(None, "person_id", "asked_at"),
        Index(None, "item_id", "state"),
    )  # fmt: skip

    id: Mapped[UUID] = id_column()
    community_id: Mapped[UUID] = mapped_column(Id, ForeignKey("area.id"))
    number: Mapped[int]  # shown as D0001
    item_id: Mapped[UUID] = mapped_column(Id, ForeignKey("catalog_item.id"))
    person_id: Mapped[UUID]  # no foreign key: it outlives the person's erasure
    quantity: Mapped[int]
    price_tenths: Mapped[int]  # of all of it, as of then
    state: Mapped[str] = mapped_column(String(20))
    code_mac: Mapped[str] = mapped_column(String(64))  # keyed digest of the pickup code
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    handed_by: Mapped[UUID | None]
    approved_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(default=1)
