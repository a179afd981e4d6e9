"""The first start: demo data, or a database of one's own."""

from datetime import datetime

import db
import settings
from db import setup
from db.setup import FirstAdmin
from demo.generate import Made, generate


def get_ready(*, empty: bool = False, now: datetime) -> FirstAdmin | None:
    """Make the database ready to serve; give the administrator if this made one."""
    held = settings.current()
    if empty and held.is_sqlite and not held.real_file.exists():
        return setup.start_real(now=now)
    setup.prepare(now=now)
    if not held.is_demo:
        return db.run(setup.ensure_admin, now=now)
    if db.read(setup.is_unused):
        generate(now=now)
    return None


def again(*, size: str, now: datetime) -> Made:
    """Put fresh demo data in the place of what people tried out."""
    setup.drop_demo()
    setup.prepare(now=now)
    return generate(size=size, now=now)
