"""Figures by a month's weekdays, of what else than reports, by kinds of what was closed; what is urgent, at once"""

import sqlalchemy as sa
from alembic import op

from db.migrations.widen import widen

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CLOSED = sa.text("status = 'closed' AND hidden_at IS NULL")
_OPEN = "'reported', 'accepted', 'dispatched', 'in_progress', 'resolved'"
_URGENT = sa.text(f"status IN ({_OPEN}) AND hidden_at IS NULL AND grade = 'urgent'")
_ELSE = sa.text("kind NOT IN ('report', 'hazard') AND building_id IS NOT NULL AND hidden_at IS NULL")
# the first day of the month with the same weekday
_FIRST = {
    "sqlite": "date(starts_on, 'start of month', '+' || ((strftime('%d', starts_on) - 1) % 7) || ' days')",
    "postgresql": "starts_on - (7 * ((extract(day FROM starts_on)::int - 1) / 7))",
}
# what the days of streets and communities have is all there is to sum up
_FILL = """
INSERT INTO ticket_stat (area, grain, dim, starts_on, member, reported)
SELECT area, 'wday', dim, {first}, member, sum(reported) FROM ticket_stat
WHERE grain = 'day' AND dim IN ('category', 'hour')
GROUP BY area, dim, {first}, member HAVING sum(reported) <> 0
"""


def upgrade() -> None:
    connection = op.get_bind()
    widen(connection, "ticket_stat", "ck_ticket_stat_grain_known", "grain IN ('day', 'month', 'wday')")
    connection.execute(sa.text(_FILL.format(first=_FIRST[connection.dialect.name])))
    _create("ix_ticket_else", ["building_id", "reported_on"], _ELSE)
    op.drop_index("ix_ticket_place", "ticket")
    _create("ix_ticket_place", ["building_id", "category_id", "closed_at", "kind"], _CLOSED)
    _create("ix_ticket_urgent", ["community_id", "status", "due_at", "id"], _URGENT)


def _create(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "ticket", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_ticket_urgent", "ticket")
    op.drop_index("ix_ticket_place", "ticket")
    _create("ix_ticket_place", ["building_id", "category_id", "closed_at"], _CLOSED)
    op.drop_index("ix_ticket_else", "ticket")
    op.execute("DELETE FROM ticket_stat WHERE grain = 'wday'")
    widen(op.get_bind(), "ticket_stat", "ck_ticket_stat_grain_known", "grain IN ('day', 'month')")
