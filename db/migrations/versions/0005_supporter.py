"""Find by a resident's number what they joined"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_ticket_support_reporter_id", "ticket_support", ["reporter_id"])


def downgrade() -> None:
    op.drop_index("ix_ticket_support_reporter_id", "ticket_support")
