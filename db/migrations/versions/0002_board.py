"""Board: views, drafts, same reports, photos"""

import sqlalchemy as sa
from alembic import op

import db.models.base
from db.models import append_only

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_BEFORE = (
    *("report", "accept", "reject", "dispatch", "claim", "contact", "recall", "transfer", "resolve", "close"),
    *("verify_fail", "reopen", "cancel", "comment", "urge", "edit", "import", "import_undo"),
)
_AFTER = (*_BEFORE[:-2], "return", "support", "photo", *_BEFORE[-2:])


def _let_events_be(actions: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{action}'" for action in actions)
    with op.batch_alter_table("ticket_event") as batch_op:
        batch_op.drop_constraint(op.f("ck_ticket_event_action_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_ticket_event_action_known"), f"action IN ({listed})")


def upgrade() -> None:
    op.create_table('board_view',
    sa.Column('id', db.models.base.Id(length=16), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('share', sa.String(length=10), nullable=False),
    sa.Column('owner_id', db.models.base.Id(length=16), nullable=False),
    sa.Column('area_id', db.models.base.Id(length=16), nullable=True),
    sa.Column('role', sa.String(length=20), nullable=True),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.Column('created_at', db.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("role IN ('admin', 'coordinator', 'secretary', 'grid_lead', 'grid_worker', 'building_head', 'volunteer', 'leader')", name=op.f('ck_board_view_role_known')),
    sa.CheckConstraint("share IN ('own', 'shared', 'role')", name=op.f('ck_board_view_share_known')),
    sa.ForeignKeyConstraint(['area_id'], ['area.id'], name=op.f('fk_board_view_area_id_area')),
    sa.ForeignKeyConstraint(['owner_id'], ['app_user.id'], name=op.f('fk_board_view_owner_id_app_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_board_view'))
    )
    with op.batch_alter_table('board_view', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_board_view_area_id'), ['area_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_board_view_owner_id'), ['owner_id'], unique=False)

    op.create_table('draft',
    sa.Column('user_id', db.models.base.Id(length=16), nullable=False),
    sa.Column('form', sa.String(length=40), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('updated_at', db.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_draft_user_id_app_user')),
    sa.PrimaryKeyConstraint('user_id', 'form', name=op.f('pk_draft'))
    )
    op.create_table('attachment',
    sa.Column('id', db.models.base.Id(length=16), nullable=False),
    sa.Column('ticket_id', db.models.base.Id(length=16), nullable=False),
    sa.Column('stage', sa.String(length=10), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('added_by', db.models.base.Id(length=16), nullable=False),
    sa.Column('added_at', db.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.Column('removed_at', db.models.base.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint("stage IN ('before', 'after')", name=op.f('ck_attachment_stage_known')),
    sa.ForeignKeyConstraint(['added_by'], ['app_user.id'], name=op.f('fk_attachment_added_by_app_user')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_attachment_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment'))
    )
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attachment_sha256'), ['sha256'], unique=False)
        batch_op.create_index(batch_op.f('ix_attachment_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('ticket_support',
    sa.Column('event_id', db.models.base.Id(length=16), nullable=False),
    sa.Column('ticket_id', db.models.base.Id(length=16), nullable=False),
    sa.Column('reporter_id', db.models.base.Id(length=16), nullable=True),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('at', db.models.base.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint("channel IN ('phone', 'visit', 'wechat', 'qq', 'patrol', 'building_head', 'app', 'web', 'hotline', 'system', 'other')", name=op.f('ck_ticket_support_channel_known')),
    sa.ForeignKeyConstraint(['reporter_id'], ['person.id'], name=op.f('fk_ticket_support_reporter_id_person')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_ticket_support_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_ticket_support')),
    sa.UniqueConstraint('ticket_id', 'reporter_id', name=op.f('uq_ticket_support_ticket_id_reporter_id'))
    )
    with op.batch_alter_table('ticket_support', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ticket_support_ticket_id'), ['ticket_id'], unique=False)

    _let_events_be(_AFTER)
    append_only.create(op.get_bind())


def downgrade() -> None:
    _let_events_be(_BEFORE)
    append_only.create(op.get_bind())
    with op.batch_alter_table('ticket_support', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ticket_support_ticket_id'))

    op.drop_table('ticket_support')
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attachment_ticket_id'))
        batch_op.drop_index(batch_op.f('ix_attachment_sha256'))

    op.drop_table('attachment')
    op.drop_table('draft')
    with op.batch_alter_table('board_view', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_board_view_owner_id'))
        batch_op.drop_index(batch_op.f('ix_board_view_area_id'))

    op.drop_table('board_view')
