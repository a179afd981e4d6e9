"""Points: the ledger, service records, award rules, the shop"""

import sqlalchemy as sa
from alembic import op

import db.models.base
from db.models import append_only

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "award_rule",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("per_hour", sa.Integer(), nullable=False),
        sa.Column("per_event", sa.Integer(), nullable=False),
        sa.Column("per_item", sa.Integer(), nullable=False),
        sa.Column("most_minutes", sa.Integer(), nullable=False),
        sa.Column("day_cap", sa.Integer(), nullable=False),
        sa.Column("month_cap", sa.Integer(), nullable=False),
        sa.Column("rating_low", sa.Integer(), nullable=False),
        sa.Column("rating_high", sa.Integer(), nullable=False),
        sa.Column("made_by", db.models.base.Id(length=16), nullable=False),
        sa.Column("made_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('service', 'suggestion', 'mediation', 'visit')", name=op.f("ck_award_rule_kind_known")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_award_rule_community_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_rule")),
        sa.UniqueConstraint("community_id", "kind", "version", name=op.f("uq_award_rule_community_id_kind_version")),
    )
    with op.batch_alter_table("award_rule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_award_rule_community_id"), ["community_id"], unique=False)

    op.create_table(
        "catalog_item",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("price_tenths", sa.Integer(), nullable=False),
        sa.Column("month_limit", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('goods', 'service')", name=op.f("ck_catalog_item_kind_known")),
        sa.CheckConstraint("price_tenths > 0", name=op.f("ck_catalog_item_price_positive")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_catalog_item_community_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_item")),
        sa.UniqueConstraint("community_id", "name", name=op.f("uq_catalog_item_community_id_name")),
    )
    with op.batch_alter_table("catalog_item", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_catalog_item_community_id_active_sort"), ["community_id", "active", "sort"], unique=False
        )

    op.create_table(
        "ledger_account",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("owner_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("area_path", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "balance >= 0 OR kind IN ('debt', 'issuance', 'hours_world', 'supplier')",
            name=op.f("ck_ledger_account_not_negative"),
        ),
        sa.CheckConstraint("kind <> 'debt' OR balance <= 0", name=op.f("ck_ledger_account_debt_is_owed")),
        sa.CheckConstraint(
            "kind IN ('available', 'held', 'debt', 'hours', 'issuance', 'redeemed', 'expired', 'hours_world', 'supplier', 'shelf', 'reserved', 'handed_out', 'damaged')",
            name=op.f("ck_ledger_account_kind_known"),
        ),
        sa.CheckConstraint("status IN ('open', 'frozen')", name=op.f("ck_ledger_account_status_known")),
        sa.CheckConstraint("unit IN ('PT', 'MIN') OR unit LIKE 'ITEM:%'", name=op.f("ck_ledger_account_unit_known")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_ledger_account_community_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint(
            "community_id", "owner_id", "kind", name=op.f("uq_ledger_account_community_id_owner_id_kind")
        ),
        sa.UniqueConstraint("id", "unit", name=op.f("uq_ledger_account_id_unit")),
    )
    with op.batch_alter_table("ledger_account", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ledger_account_community_id_kind_balance_id"),
            ["community_id", "kind", "balance", "id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_ledger_account_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "ledger_head",
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_ledger_head_community_id_area")),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "ledger_txn",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("once", sa.String(length=100), nullable=False),
        sa.Column("effective_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("posted_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("approver_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("source_type", sa.String(length=20), nullable=False),
        sa.Column("source_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("reverses_txn", db.models.base.Id(length=16), nullable=True),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "kind IN ('award', 'hold', 'capture', 'release', 'expire', 'reverse', 'return', 'receive', 'damage')",
            name=op.f("ck_ledger_txn_kind_known"),
        ),
        sa.CheckConstraint("approver_id <> actor_id", name=op.f("ck_ledger_txn_two_people")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_ledger_txn_community_id_area")),
        sa.ForeignKeyConstraint(
            ["reverses_txn"], ["ledger_txn.id"], name=op.f("fk_ledger_txn_reverses_txn_ledger_txn")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_txn")),
        sa.UniqueConstraint("community_id", "seq", name=op.f("uq_ledger_txn_community_id_seq")),
        sa.UniqueConstraint("once", name=op.f("uq_ledger_txn_once")),
        sa.UniqueConstraint("reverses_txn", name=op.f("uq_ledger_txn_reverses_txn")),
    )
    with op.batch_alter_table("ledger_txn", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ledger_txn_community_id_posted_at"), ["community_id", "posted_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_ledger_txn_source_id"), ["source_id"], unique=False)

    op.create_table(
        "points_stat",
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_points_stat_community_id_area")),
        sa.PrimaryKeyConstraint("community_id", "month", "kind", "unit", name=op.f("pk_points_stat")),
    )
    op.create_table(
        "point_lot",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("account_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("earned_txn", db.models.base.Id(length=16), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("original", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("original > 0", name=op.f("ck_point_lot_original_positive")),
        sa.CheckConstraint(
            "remaining >= 0 AND held >= 0 AND remaining + held <= original", name=op.f("ck_point_lot_within_original")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_account.id"], name=op.f("fk_point_lot_account_id_ledger_account")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_point_lot_community_id_area")),
        sa.ForeignKeyConstraint(["earned_txn"], ["ledger_txn.id"], name=op.f("fk_point_lot_earned_txn_ledger_txn")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_lot")),
    )
    with op.batch_alter_table("point_lot", schema=None) as batch_op:
        batch_op.create_index(
            "ix_point_lot_due",
            ["community_id", "expires_on", "id"],
            unique=False,
            sqlite_where=sa.text("remaining > 0"),
            postgresql_where=sa.text("remaining > 0"),
        )
        batch_op.create_index(batch_op.f("ix_point_lot_earned_txn"), ["earned_txn"], unique=False)
        batch_op.create_index(
            "ix_point_lot_left",
            ["account_id", "expires_on", "id"],
            unique=False,
            sqlite_where=sa.text("remaining > 0"),
            postgresql_where=sa.text("remaining > 0"),
        )

    op.create_table(
        "redemption",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("item_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("person_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price_tenths", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("code_mac", sa.String(length=64), nullable=False),
        sa.Column("asked_by", db.models.base.Id(length=16), nullable=False),
        sa.Column("asked_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("handed_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("approved_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('reserved', 'fulfilled', 'cancelled', 'expired', 'returned')",
            name=op.f("ck_redemption_state_known"),
        ),
        sa.CheckConstraint("approved_by <> handed_by", name=op.f("ck_redemption_two_people")),
        sa.CheckConstraint("quantity > 0 AND price_tenths > 0", name=op.f("ck_redemption_something")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_redemption_community_id_area")),
        sa.ForeignKeyConstraint(["item_id"], ["catalog_item.id"], name=op.f("fk_redemption_item_id_catalog_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_redemption_community_id_number")),
    )
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_redemption_community_id_state_asked_at"), ["community_id", "state", "asked_at"], unique=False
        )
        batch_op.create_index(
            "ix_redemption_due",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("state = 'reserved'"),
            postgresql_where=sa.text("state = 'reserved'"),
        )
        batch_op.create_index(batch_op.f("ix_redemption_item_id_state"), ["item_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_redemption_person_id_asked_at"), ["person_id", "asked_at"], unique=False)
        batch_op.create_index(
            "uq_redemption_code",
            ["community_id", "code_mac"],
            unique=True,
            sqlite_where=sa.text("state = 'reserved'"),
            postgresql_where=sa.text("state = 'reserved'"),
        )

    op.create_table(
        "ledger_transfer",
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("from_account", db.models.base.Id(length=16), nullable=False),
        sa.Column("to_account", db.models.base.Id(length=16), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("from_balance", sa.BigInteger(), nullable=False),
        sa.Column("from_version", sa.BigInteger(), nullable=False),
        sa.Column("to_balance", sa.BigInteger(), nullable=False),
        sa.Column("to_version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_transfer_amount_positive")),
        sa.CheckConstraint("from_account <> to_account", name=op.f("ck_ledger_transfer_two_accounts")),
        sa.ForeignKeyConstraint(
            ["community_id", "seq"],
            ["ledger_txn.community_id", "ledger_txn.seq"],
            name=op.f("fk_ledger_transfer_community_id_seq_ledger_txn"),
        ),
        sa.ForeignKeyConstraint(
            ["from_account", "unit"],
            ["ledger_account.id", "ledger_account.unit"],
            name=op.f("fk_ledger_transfer_from_account_unit_ledger_account"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["point_lot.id"], name=op.f("fk_ledger_transfer_lot_id_point_lot")),
        sa.ForeignKeyConstraint(
            ["to_account", "unit"],
            ["ledger_account.id", "ledger_account.unit"],
            name=op.f("fk_ledger_transfer_to_account_unit_ledger_account"),
        ),
        sa.PrimaryKeyConstraint("community_id", "seq", "line_no", name=op.f("pk_ledger_transfer")),
        sa.UniqueConstraint("from_account", "from_version", name=op.f("uq_ledger_transfer_from_account_from_version")),
        sa.UniqueConstraint("to_account", "to_version", name=op.f("uq_ledger_transfer_to_account_to_version")),
    )
    with op.batch_alter_table("ledger_transfer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_transfer_lot_id"), ["lot_id"], unique=False)

    op.create_table(
        "service_record",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("area_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("area_path", sa.String(length=120), nullable=False),
        sa.Column("grid_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("person_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("ticket_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("started_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("satisfaction", sa.String(length=20), nullable=True),
        sa.Column("evidence_sha256", sa.String(length=64), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("recorded_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("recorded_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("verified_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("verified_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("confirmed_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("points_tenths", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("txn_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(points_tenths IS NULL) = (state NOT IN ('confirmed', 'voided'))",
            name=op.f("ck_service_record_points_at_the_end"),
        ),
        sa.CheckConstraint(
            "kind IN ('service', 'suggestion', 'mediation', 'visit')", name=op.f("ck_service_record_kind_known")
        ),
        sa.CheckConstraint(
            "method IN ('ticket', 'round', 'noted', 'backfill')", name=op.f("ck_service_record_method_known")
        ),
        sa.CheckConstraint(
            "satisfaction IN ('satisfied', 'mostly', 'so_so', 'unsatisfied', 'unreached')",
            name=op.f("ck_service_record_satisfaction_known"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'verified', 'confirmed', 'rejected', 'voided')",
            name=op.f("ck_service_record_state_known"),
        ),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_service_record_ends_after_start")),
        sa.CheckConstraint("verified_by <> recorded_by", name=op.f("ck_service_record_second_person")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_service_record_area_id_area")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_service_record_community_id_area")),
        sa.ForeignKeyConstraint(["grid_id"], ["area.id"], name=op.f("fk_service_record_grid_id_area")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_service_record_ticket_id_ticket")),
        sa.ForeignKeyConstraint(["txn_id"], ["ledger_txn.id"], name=op.f("fk_service_record_txn_id_ledger_txn")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_record")),
        sa.UniqueConstraint("ticket_id", "person_id", name=op.f("uq_service_record_ticket_id_person_id")),
    )
    with op.batch_alter_table("service_record", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_service_record_community_id_state_served_on_id"),
            ["community_id", "state", "served_on", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_service_record_person_id_state_served_on"), ["person_id", "state", "served_on"], unique=False
        )

    append_only.create(op.get_bind())


def downgrade() -> None:

    with op.batch_alter_table("service_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_record_person_id_state_served_on"))
        batch_op.drop_index(batch_op.f("ix_service_record_community_id_state_served_on_id"))

    op.drop_table("service_record")
    with op.batch_alter_table("ledger_transfer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_transfer_lot_id"))

    op.drop_table("ledger_transfer")
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_redemption_code",
            sqlite_where=sa.text("state = 'reserved'"),
            postgresql_where=sa.text("state = 'reserved'"),
        )
        batch_op.drop_index(batch_op.f("ix_redemption_person_id_asked_at"))
        batch_op.drop_index(batch_op.f("ix_redemption_item_id_state"))
        batch_op.drop_index(
            "ix_redemption_due",
            sqlite_where=sa.text("state = 'reserved'"),
            postgresql_where=sa.text("state = 'reserved'"),
        )
        batch_op.drop_index(batch_op.f("ix_redemption_community_id_state_asked_at"))

    op.drop_table("redemption")
    with op.batch_alter_table("point_lot", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_point_lot_left", sqlite_where=sa.text("remaining > 0"), postgresql_where=sa.text("remaining > 0")
        )
        batch_op.drop_index(batch_op.f("ix_point_lot_earned_txn"))
        batch_op.drop_index(
            "ix_point_lot_due", sqlite_where=sa.text("remaining > 0"), postgresql_where=sa.text("remaining > 0")
        )

    op.drop_table("point_lot")
    op.drop_table("points_stat")
    with op.batch_alter_table("ledger_txn", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_txn_source_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_txn_community_id_posted_at"))

    op.drop_table("ledger_txn")
    op.drop_table("ledger_head")
    with op.batch_alter_table("ledger_account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_account_owner_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_account_community_id_kind_balance_id"))

    op.drop_table("ledger_account")
    with op.batch_alter_table("catalog_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_catalog_item_community_id_active_sort"))

    op.drop_table("catalog_item")
    with op.batch_alter_table("award_rule", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_award_rule_community_id"))

    op.drop_table("award_rule")
