"""Care: elders, looks, incidents, messages"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from alembic import op

import db.models.base
from db.migrations.widen import widen
from db.models import append_only

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


_TICKETS = ("report", "service", "hazard", "alert", "dispute", "preventive")
_RECORDS = ("service", "suggestion", "mediation", "visit", "round")
_TABLES = (
    "worker_lease",
    "channel",
    "observation",
    "elder",
    "outbox_message",
    "absence",
    "care_duty",
    "care_handover",
    "care_slot",
    "check_window",
    "elder_consent",
    "elder_contact",
    "outbox_attempt",
    "pair_visit",
    "shift_note",
    "signal_device",
    "incident",
    "incident_event",
    "incident_note",
    "incident_step",
)


def _let_kinds_be(tickets: tuple[str, ...], records: tuple[str, ...]) -> None:
    for table, kinds in (("ticket", tickets), ("award_rule", records), ("service_record", records)):
        listed = ", ".join(f"'{kind}'" for kind in kinds)
        widen(op.get_bind(), table, f"ck_{table}_kind_known", f"kind IN ({listed})")


def _stamps_by_topic() -> None:
    """A stamp a community becomes one a community and topic; what there is counts for the board."""
    kept = op.get_bind().execute(sa.text("SELECT community_id, stamp FROM change_stamp")).all()
    op.drop_table("change_stamp")
    made = op.create_table(
        "change_stamp",
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("topic", sa.String(length=10), nullable=False),
        sa.Column("stamp", sa.Integer(), nullable=False),
        sa.CheckConstraint("topic IN ('board', 'care')", name=op.f("ck_change_stamp_topic_known")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_change_stamp_community_id_area")),
        sa.PrimaryKeyConstraint("community_id", "topic", name=op.f("pk_change_stamp")),
    )
    _put_back(made, kept, topic="board")


def _stamps_by_community() -> None:
    kept = op.get_bind().execute(sa.text("SELECT community_id, stamp FROM change_stamp WHERE topic = 'board'")).all()
    op.drop_table("change_stamp")
    made = op.create_table(
        "change_stamp",
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("stamp", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_change_stamp_community_id_area")),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_change_stamp")),
    )
    _put_back(made, kept)


def _put_back(table: sa.Table, kept: Sequence[sa.Row], **more: str) -> None:
    # read without their types, ids are bytes on SQLite
    rows = [{"community_id": _uuid(community), "stamp": stamp, **more} for community, stamp in kept]
    if rows:
        op.bulk_insert(table, rows)


def _uuid(cell: object) -> UUID:
    return cell if isinstance(cell, UUID) else UUID(bytes=bytes(cell))


def upgrade() -> None:
    op.create_table(
        "worker_lease",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("until", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ran_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ok_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_worker_lease")),
    )
    op.create_table(
        "channel",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("area_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("emergency_only", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("canary", sa.Boolean(), nullable=False),
        sa.Column("recent", sa.JSON(), nullable=False),
        sa.Column("muted_until", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ok_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failed_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_code", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('wecom', 'dingtalk', 'feishu', 'apprise')", name=op.f("ck_channel_kind_known")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_channel_area_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    with op.batch_alter_table("channel", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_channel_area_id"), ["area_id"], unique=False)

    op.create_table(
        "observation",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("window_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("look", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("received_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("by_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("seen_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("device_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("undoes_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(look = 'undo') = (undoes_id IS NOT NULL)", name=op.f("ck_observation_undo_names_one")),
        sa.CheckConstraint(
            "look IN ('ok', 'closed', 'unclear', 'talked', 'help', 'fine', 'weak', 'none', 'offline', 'undo')",
            name=op.f("ck_observation_look_known"),
        ),
        sa.CheckConstraint(
            "source IN ('round', 'desk', 'call', 'visit', 'device', 'elder')", name=op.f("ck_observation_source_known")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_observation_community_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_observation_undoes_id")),
    )
    with op.batch_alter_table("observation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_observation_elder_id_at"), ["elder_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_observation_window_id"), ["window_id"], unique=False)

    op.create_table(
        "elder",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("area_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("area_path", sa.String(length=120), nullable=False),
        sa.Column("grid_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("building_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("called", sa.LargeBinary(), nullable=True),
        sa.Column("place", sa.LargeBinary(), nullable=True),
        sa.Column("health", sa.LargeBinary(), nullable=True),
        sa.Column("sign", sa.String(length=20), nullable=False),
        sa.Column("tier", sa.String(length=5), nullable=False),
        sa.Column("hard_of_hearing", sa.Boolean(), nullable=False),
        sa.Column("walk_order", sa.Integer(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_reason", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "left_reason IN ('moved', 'deceased', 'withdrew', 'care_home', 'other')",
            name=op.f("ck_elder_left_reason_known"),
        ),
        sa.CheckConstraint(
            "sign IN ('curtain', 'lamp', 'plate', 'flowerpot', 'bag', 'call')", name=op.f("ck_elder_sign_known")
        ),
        sa.CheckConstraint("tier IN ('a', 'b', 'c')", name=op.f("ck_elder_tier_known")),
        sa.CheckConstraint("(left_on IS NULL) = (left_reason IS NULL)", name=op.f("ck_elder_leaves_for_a_reason")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_elder_area_id_area")),
        sa.ForeignKeyConstraint(["building_id"], ["area.id"], name=op.f("fk_elder_building_id_area")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_elder_community_id_area")),
        sa.ForeignKeyConstraint(["grid_id"], ["area.id"], name=op.f("fk_elder_grid_id_area")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_elder_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elder")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_elder_community_id_number")),
        sa.UniqueConstraint("person_id", name=op.f("uq_elder_person_id")),
    )
    with op.batch_alter_table("elder", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_elder_community_id_left_on_grid_id"), ["community_id", "left_on", "grid_id"], unique=False
        )

    op.create_table(
        "outbox_message",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("channel_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("template", sa.String(length=20), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("lease_owner", sa.String(length=40), nullable=True),
        sa.Column("lease_until", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("repeated", sa.Boolean(), nullable=False),
        sa.Column("provider_code", sa.String(length=40), nullable=False),
        sa.Column("incident_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("ticket_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("created_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("expires_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'uncertain', 'failed', 'dead', 'expired', 'superseded')",
            name=op.f("ck_outbox_message_state_known"),
        ),
        sa.CheckConstraint(
            "template IN ('incident_step', 'all_clear', 'unchecked', 'round_soon', 'ticket_dispatched', 'ticket_urged', 'ticket_due_soon', 'ticket_overdue', 'points_expiring', 'canary', 'alert')",
            name=op.f("ck_outbox_message_template_known"),
        ),
        sa.CheckConstraint("severity BETWEEN 1 AND 3", name=op.f("ck_outbox_message_severity_known")),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_outbox_message_channel_id_channel")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_outbox_message_community_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_message_dedupe_key")),
    )
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_outbox_message_community_id_created_at"), ["community_id", "created_at"], unique=False
        )
        batch_op.create_index(
            "ix_outbox_message_due",
            ["severity", "next_attempt_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'sending', 'uncertain', 'failed')"),
            postgresql_where=sa.text("state IN ('queued', 'sending', 'uncertain', 'failed')"),
        )
        batch_op.create_index(batch_op.f("ix_outbox_message_incident_id"), ["incident_id"], unique=False)

    op.create_table(
        "absence",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("from_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("told_by", sa.String(length=20), nullable=False),
        sa.Column("reported_by", db.models.base.Id(length=16), nullable=False),
        sa.Column("confirmed_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("reminded_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('family', 'hospital', 'travel', 'other')", name=op.f("ck_absence_kind_known")),
        sa.CheckConstraint(
            "state IN ('draft', 'confirmed', 'ended', 'cancelled')", name=op.f("ck_absence_state_known")
        ),
        sa.CheckConstraint("from_at < until_at", name=op.f("ck_absence_has_an_end")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_absence_community_id_area")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["app_user.id"], name=op.f("fk_absence_confirmed_by_app_user")),
        sa.ForeignKeyConstraint(["elder_id"], ["elder.id"], name=op.f("fk_absence_elder_id_elder")),
        sa.ForeignKeyConstraint(["reported_by"], ["app_user.id"], name=op.f("fk_absence_reported_by_app_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_absence_community_id_until_at"), ["community_id", "until_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_absence_elder_id_until_at"), ["elder_id", "until_at"], unique=False)

    op.create_table(
        "care_duty",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("user_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("duty", sa.String(length=10), nullable=False),
        sa.Column("valid_from", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("valid_to", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("duty IN ('primary', 'backup')", name=op.f("ck_care_duty_duty_known")),
        sa.ForeignKeyConstraint(["elder_id"], ["elder.id"], name=op.f("fk_care_duty_elder_id_elder")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_care_duty_user_id_app_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_duty")),
    )
    with op.batch_alter_table("care_duty", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_care_duty_user_id_valid_to"), ["user_id", "valid_to"], unique=False)
        batch_op.create_index(
            "uq_care_duty_holds",
            ["elder_id", "duty"],
            unique=True,
            sqlite_where=sa.text("valid_to IS NULL"),
            postgresql_where=sa.text("valid_to IS NULL"),
        )

    op.create_table(
        "care_handover",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("from_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("to_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answer_by", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('offered', 'accepted', 'declined', 'expired', 'assigned')",
            name=op.f("ck_care_handover_state_known"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_care_handover_community_id_area")),
        sa.ForeignKeyConstraint(["from_id"], ["app_user.id"], name=op.f("fk_care_handover_from_id_app_user")),
        sa.ForeignKeyConstraint(["to_id"], ["app_user.id"], name=op.f("fk_care_handover_to_id_app_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_handover")),
        sa.UniqueConstraint("from_id", "day", "slot", name=op.f("uq_care_handover_from_id_day_slot")),
    )
    with op.batch_alter_table("care_handover", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_care_handover_state_answer_by"), ["state", "answer_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_care_handover_to_id_state"), ["to_id", "state"], unique=False)

    op.create_table(
        "care_slot",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("slot", sa.String(length=10), nullable=False),
        sa.Column("opens_min", sa.Integer(), nullable=False),
        sa.Column("due_min", sa.Integer(), nullable=False),
        sa.Column("grace_min", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("slot IN ('morning', 'evening')", name=op.f("ck_care_slot_slot_known")),
        sa.CheckConstraint(
            "0 <= opens_min AND opens_min < due_min AND due_min + grace_min < 1440",
            name=op.f("ck_care_slot_within_a_day"),
        ),
        sa.CheckConstraint("weekdays BETWEEN 1 AND 127", name=op.f("ck_care_slot_some_day")),
        sa.ForeignKeyConstraint(["elder_id"], ["elder.id"], name=op.f("fk_care_slot_elder_id_elder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_slot")),
        sa.UniqueConstraint("elder_id", "slot", name=op.f("uq_care_slot_elder_id_slot")),
    )
    op.create_table(
        "check_window",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("area_path", sa.String(length=120), nullable=False),
        sa.Column("grid_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("sign", sa.String(length=20), nullable=False),
        sa.Column("tier", sa.String(length=5), nullable=False),
        sa.Column("opens_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("grace_until", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("looker_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("backup_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("next_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("seen_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("seen_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "sign IN ('curtain', 'lamp', 'plate', 'flowerpot', 'bag', 'call')", name=op.f("ck_check_window_sign_known")
        ),
        sa.CheckConstraint("slot IN ('morning', 'evening')", name=op.f("ck_check_window_slot_known")),
        sa.CheckConstraint(
            "state IN ('scheduled', 'open', 'unclear', 'unchecked', 'seen_ok', 'seen_closed', 'alarm', 'cleared_late', 'confirmed_event', 'excused')",
            name=op.f("ck_check_window_state_known"),
        ),
        sa.CheckConstraint("tier IN ('a', 'b', 'c')", name=op.f("ck_check_window_tier_known")),
        sa.CheckConstraint("opens_at < due_at AND due_at <= grace_until", name=op.f("ck_check_window_times_in_order")),
        sa.ForeignKeyConstraint(["backup_id"], ["app_user.id"], name=op.f("fk_check_window_backup_id_app_user")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_check_window_community_id_area")),
        sa.ForeignKeyConstraint(["elder_id"], ["elder.id"], name=op.f("fk_check_window_elder_id_elder")),
        sa.ForeignKeyConstraint(["grid_id"], ["area.id"], name=op.f("fk_check_window_grid_id_area")),
        sa.ForeignKeyConstraint(["looker_id"], ["app_user.id"], name=op.f("fk_check_window_looker_id_app_user")),
        sa.ForeignKeyConstraint(["seen_by"], ["app_user.id"], name=op.f("fk_check_window_seen_by_app_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_window")),
        sa.UniqueConstraint("elder_id", "day", "slot", name=op.f("uq_check_window_elder_id_day_slot")),
    )
    with op.batch_alter_table("check_window", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_check_window_backup_id_day"), ["backup_id", "day"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_check_window_community_id_day_slot"), ["community_id", "day", "slot"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_check_window_looker_id_day"), ["looker_id", "day"], unique=False)
        batch_op.create_index(
            "ix_check_window_next",
            ["next_at", "id"],
            unique=False,
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )

    op.create_table(
        "elder_consent",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("granted_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("paper", sa.String(length=40), nullable=False),
        sa.Column("recorded_by", db.models.base.Id(length=16), nullable=True),
        sa.CheckConstraint(
            "scope IN ('watch', 'called', 'health', 'entry')", name=op.f("ck_elder_consent_scope_known")
        ),
        sa.ForeignKeyConstraint(["elder_id"], ["elder.id"], name=op.f("fk_elder_consent_elder_id_elder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elder_consent")),
    )
    with op.batch_alter_table("elder_consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_elder_consent_elder_id"), ["elder_id"], unique=False)

    op.create_table(
        "elder_contact",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("person_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.Column("has_key", sa.Boolean(), nullable=False),
        sa.Column("minutes_away", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elder.id"], name=op.f("fk_elder_contact_elder_id_elder")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_elder_contact_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elder_contact")),
        sa.UniqueConstraint("elder_id", "person_id", name=op.f("uq_elder_contact_elder_id_person_id")),
    )
    with op.batch_alter_table("elder_contact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_elder_contact_person_id"), ["person_id"], unique=False)

    op.create_table(
        "outbox_attempt",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("message_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("millis", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["outbox_message.id"], name=op.f("fk_outbox_attempt_message_id_outbox_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_attempt")),
    )
    with op.batch_alter_table("outbox_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_attempt_message_id"), ["message_id"], unique=False)

    op.create_table(
        "pair_visit",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("by_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("by_phone", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", db.models.base.Id(length=16), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["app_user.id"], name=op.f("fk_pair_visit_by_id_app_user")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_pair_visit_community_id_area")),
        sa.ForeignKeyConstraint(["elder_id"], ["elder.id"], name=op.f("fk_pair_visit_elder_id_elder")),
        sa.ForeignKeyConstraint(["recorded_by"], ["app_user.id"], name=op.f("fk_pair_visit_recorded_by_app_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair_visit")),
    )
    with op.batch_alter_table("pair_visit", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pair_visit_community_id_visited_on"), ["community_id", "visited_on"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_pair_visit_elder_id_visited_on"), ["elder_id", "visited_on"], unique=False)

    op.create_table(
        "shift_note",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("by_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("read_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("read_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["app_user.id"], name=op.f("fk_shift_note_by_id_app_user")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_shift_note_community_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_note")),
    )
    with op.batch_alter_table("shift_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shift_note_community_id_at"), ["community_id", "at"], unique=False)

    op.create_table(
        "signal_device",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("key_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("heard_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_signal_device_community_id_area")),
        sa.ForeignKeyConstraint(["elder_id"], ["elder.id"], name=op.f("fk_signal_device_elder_id_elder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_device")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_signal_device_key_sha256")),
    )
    with op.batch_alter_table("signal_device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signal_device_elder_id"), ["elder_id"], unique=False)

    op.create_table(
        "incident",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("elder_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("window_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("ticket_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("area_path", sa.String(length=120), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("ladder", sa.JSON(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("repeat_no", sa.Integer(), nullable=False),
        sa.Column("next_step_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("opened_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("acked_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("acked_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("eta_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("responder_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("on_scene_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("found", sa.String(length=20), nullable=True),
        sa.Column("method", sa.String(length=20), nullable=True),
        sa.Column("closed_by", db.models.base.Id(length=16), nullable=True),
        sa.Column("closed_at", db.models.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "cause IN ('closed', 'not_looked', 'button', 'signal', 'reported')", name=op.f("ck_incident_cause_known")
        ),
        sa.CheckConstraint(
            "found IN ('safe_home', 'safe_away', 'unwell', 'injured', 'hospital', 'deceased', 'not_found')",
            name=op.f("ck_incident_found_known"),
        ),
        sa.CheckConstraint("method IN ('seen', 'talked', 'family')", name=op.f("ck_incident_method_known")),
        sa.CheckConstraint(
            "state <> 'resolved' OR (found IS NOT NULL AND method IS NOT NULL AND closed_by IS NOT NULL)",
            name=op.f("ck_incident_closed_with_what_was_found"),
        ),
        sa.CheckConstraint(
            "state IN ('detected', 'verifying', 'dispatched', 'on_scene', 'entry', 'handed_over', 'resolved', 'withdrawn')",
            name=op.f("ck_incident_state_known"),
        ),
        sa.CheckConstraint(
            "state IN ('resolved', 'withdrawn') OR next_step_at IS NOT NULL",
            name=op.f("ck_incident_always_a_next_step"),
        ),
        sa.CheckConstraint("severity BETWEEN 1 AND 3", name=op.f("ck_incident_severity_known")),
        sa.ForeignKeyConstraint(["acked_by"], ["app_user.id"], name=op.f("fk_incident_acked_by_app_user")),
        sa.ForeignKeyConstraint(["closed_by"], ["app_user.id"], name=op.f("fk_incident_closed_by_app_user")),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_incident_community_id_area")),
        sa.ForeignKeyConstraint(["elder_id"], ["elder.id"], name=op.f("fk_incident_elder_id_elder")),
        sa.ForeignKeyConstraint(["responder_id"], ["app_user.id"], name=op.f("fk_incident_responder_id_app_user")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_incident_ticket_id_ticket")),
        sa.ForeignKeyConstraint(["window_id"], ["check_window.id"], name=op.f("fk_incident_window_id_check_window")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("community_id", "number", name=op.f("uq_incident_community_id_number")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_incident_ticket_id")),
        sa.UniqueConstraint("window_id", name=op.f("uq_incident_window_id")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_incident_community_id_opened_at"), ["community_id", "opened_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_incident_elder_id_opened_at"), ["elder_id", "opened_at"], unique=False)
        batch_op.create_index(
            "ix_incident_next",
            ["next_step_at", "id"],
            unique=False,
            sqlite_where=sa.text("state NOT IN ('resolved', 'withdrawn')"),
            postgresql_where=sa.text("state NOT IN ('resolved', 'withdrawn')"),
        )

    op.create_table(
        "incident_event",
        sa.Column("id", db.models.base.Id(length=16), nullable=False),
        sa.Column("incident_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("community_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("actor_id", db.models.base.Id(length=16), nullable=True),
        sa.Column("at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            "action IN ('open', 'step', 'ack', 'call', 'on_way', 'arrive', 'entry', 'hand_over', 'note', 'observe', 'merge', 'resolve', 'withdraw', 'reopen', 'review', 'audit')",
            name=op.f("ck_incident_event_action_known"),
        ),
        sa.CheckConstraint(
            "to_state IN ('detected', 'verifying', 'dispatched', 'on_scene', 'entry', 'handed_over', 'resolved', 'withdrawn')",
            name=op.f("ck_incident_event_to_state_known"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_incident_event_community_id_area")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_event_incident_id_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_event")),
        sa.UniqueConstraint("incident_id", "seq", name=op.f("uq_incident_event_incident_id_seq")),
    )
    op.create_table(
        "incident_note",
        sa.Column("event_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("incident_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_note_incident_id_incident")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_incident_note")),
    )
    with op.batch_alter_table("incident_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incident_note_incident_id"), ["incident_id"], unique=False)

    op.create_table(
        "incident_step",
        sa.Column("incident_id", db.models.base.Id(length=16), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("repeat_no", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(length=20), nullable=False),
        sa.Column("at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", db.models.base.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "who IN ('looker', 'backup', 'building_head', 'duty', 'contacts', 'grid_worker', 'secretary', 'street')",
            name=op.f("ck_incident_step_who_known"),
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_step_incident_id_incident")),
        sa.PrimaryKeyConstraint("incident_id", "step", "repeat_no", "who", name=op.f("pk_incident_step")),
    )
    for table, column in (("observation", "at"), ("incident_event", "at"), ("care_handover", "day")):
        op.create_index(f"ix_{table}_community_id_{column}", table, ["community_id", column])
    op.create_index("ix_signal_device_community_id", "signal_device", ["community_id"])

    _let_kinds_be(_TICKETS, _RECORDS)
    _stamps_by_topic()
    append_only.create(op.get_bind())


def downgrade() -> None:
    _stamps_by_community()
    _let_kinds_be(_TICKETS[:-2], _RECORDS[:-1])
    for table in reversed(_TABLES):
        op.drop_table(table)
