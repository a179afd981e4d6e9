"""Ticket indexes: a person's own tickets, and the open ones in the order of the board"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OPEN = sa.text("status IN ('reported', 'accepted', 'dispatched', 'in_progress', 'resolved') AND hidden_at IS NULL")
_ENDED = sa.text("status IN ('closed', 'rejected', 'cancelled') AND hidden_at IS NULL")


def _create(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "ticket", columns, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    op.drop_index("ix_ticket_open", "ticket")
    _create("ix_ticket_open", ["community_id", "status", "due_at", "id"], _OPEN)
    _create("ix_ticket_reporter", ["reporter_user_id", "status"], _OPEN)
    _create("ix_ticket_handler_ended", ["handler_id", "closed_at"], _ENDED)
    _create("ix_ticket_reporter_ended", ["reporter_user_id", "closed_at"], _ENDED)


def downgrade() -> None:
    for name in ("ix_ticket_reporter_ended", "ix_ticket_handler_ended", "ix_ticket_reporter", "ix_ticket_open"):
        op.drop_index(name, "ticket")
    _create("ix_ticket_open", ["community_id", "status", "due_at"], _OPEN)
