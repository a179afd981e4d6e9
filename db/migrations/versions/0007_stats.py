"""Figures: roll-ups by place and day, rounds of work before the last, what came again"""

import sqlalchemy as sa
from alembic import op

import db.models.base

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BUCKETS = 16
_TICKET = (
    *("reported", "dropped", "done", "same_day_all", "same_day", "proactive"),
    *("closed", "judged", "solved", "rated", "satisfied", "reopened_soon", "placed", "recurred"),
    *("reopened", "due", "on_time", "pending"),
    *(f"contact_{n}" for n in range(_BUCKETS)),
    *(f"closing_{n}" for n in range(_BUCKETS)),
)
_CHECKIN = (
    *("looked", "missed", "ok", "closed", "excused", "incidents", "escalated"),
    *(f"door_{n}" for n in range(_BUCKETS)),
)
_GRAINS = "grain IN ('day', 'month')"
_DIMS = "dim IN ('all', 'category', 'kind', 'handler', 'hour')"
_DUE = sa.text("due_at IS NOT NULL AND hidden_at IS NULL")
_CLOSED = sa.text("status = 'closed' AND hidden_at IS NULL")


def _counts(names: tuple[str, ...]) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in names]


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, db.models.base.Id(length=16), nullable=nullable)


def _at(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, db.models.base.UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "ticket_stat",
        sa.Column("area", sa.String(length=12), nullable=False),
        sa.Column("grain", sa.String(length=5), nullable=False),
        sa.Column("dim", sa.String(length=10), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("member", sa.String(length=32), nullable=False),
        *_counts(_TICKET),
        sa.CheckConstraint(_GRAINS, name=op.f("ck_ticket_stat_grain_known")),
        sa.CheckConstraint(_DIMS, name=op.f("ck_ticket_stat_dim_known")),
        sa.PrimaryKeyConstraint("area", "grain", "dim", "starts_on", "member", name=op.f("pk_ticket_stat")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkin_stat",
        sa.Column("area", sa.String(length=12), nullable=False),
        sa.Column("grain", sa.String(length=5), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        *_counts(_CHECKIN),
        sa.CheckConstraint(_GRAINS, name=op.f("ck_checkin_stat_grain_known")),
        sa.PrimaryKeyConstraint("area", "grain", "starts_on", name=op.f("pk_checkin_stat")),
        sqlite_with_rowid=False,
    )
    _facts()
    op.create_index("ix_ticket_due", "ticket", ["community_id", "due_at"], sqlite_where=_DUE, postgresql_where=_DUE)
    place = ["building_id", "category_id", "closed_at"]
    op.create_index("ix_ticket_place", "ticket", place, sqlite_where=_CLOSED, postgresql_where=_CLOSED)


def _facts() -> None:
    op.create_table(
        "ticket_round",
        _id("ticket_id"),
        sa.Column("round_no", sa.Integer(), nullable=False),
        _id("community_id"),
        *(_at(name) for name in ("due_at", "resolved_at", "closed_at")),
        sa.Column("result_class", sa.String(length=20), nullable=True),
        sa.Column("satisfaction", sa.String(length=20), nullable=True),
        _at("reopened_at", nullable=False),
        sa.CheckConstraint("round_no >= 1", name=op.f("ck_ticket_round_counts_from_one")),
        *_tied("ticket_round", ticket_id="ticket", community_id="area"),
        sa.PrimaryKeyConstraint("ticket_id", "round_no", name=op.f("pk_ticket_round")),
    )
    for name in ("closed_at", "reopened_at", "due_at"):
        op.create_index(op.f(f"ix_ticket_round_community_id_{name}"), "ticket_round", ["community_id", name])
    op.create_table(
        "ticket_recurrence",
        _id("ticket_id"),
        _id("community_id"),
        _id("of_id"),
        sa.Column("of_round", sa.Integer(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        *_tied("ticket_recurrence", ticket_id="ticket", community_id="area", of_id="ticket"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_recurrence")),
        sa.UniqueConstraint("of_id", "of_round", name=op.f("uq_ticket_recurrence_of_id_of_round")),
    )
    name = op.f("ix_ticket_recurrence_community_id_closed_on")
    op.create_index(name, "ticket_recurrence", ["community_id", "closed_on"])


def _tied(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([name], [f"{to}.id"], name=op.f(f"fk_{table}_{name}_{to}"))
        for name, to in columns.items()
    ]


def downgrade() -> None:
    op.drop_index("ix_ticket_place", "ticket")
    op.drop_index("ix_ticket_due", "ticket")
    for table in ("ticket_recurrence", "ticket_round", "checkin_stat", "ticket_stat"):
        op.drop_table(table)
