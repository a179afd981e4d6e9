"""Screens: walls with a token of their own"""

import sqlalchemy as sa
from alembic import op

from db.models.base import Id, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "screen",
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("area_id", Id(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screen")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_screen_token_sha256")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_screen_area_id_area")),
    )


def downgrade() -> None:
    op.drop_table("screen")
