"""${message}"""

import sqlalchemy as sa
from alembic import op

import db.models.base
from db.models import append_only

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
    append_only.create(op.get_bind())


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
