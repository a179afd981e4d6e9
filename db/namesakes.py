"""Two people of one name told apart: by the place they work in, or else by the end of their account."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import AreaRow, GrantRow, UserRow


def told_apart(session: Session, names: Mapping[UUID, str]) -> dict[UUID, str]:
    """Give each name, with what tells it from the same name of another behind it."""
    twice = {name for name, count in Counter(names.values()).items() if count > 1}
    double = [user for user, name in names.items() if name in twice]
    if not double:
        return dict(names)
    places = _places(session, double)
    ends = session.execute(select(UserRow.id, UserRow.login).where(UserRow.id.in_(double)))
    tails = {user: f"账号尾号 {login[-4:]}" for user, login in ends}  # the whole account is nobody's business
    alike = Counter((names[user], places.get(user)) for user in double)
    told = dict(names)
    for user in double:
        place = places.get(user)
        parts = [place, tails[user]] if place and alike[names[user], place] > 1 else [place or tails[user]]
        told[user] = f"{names[user]}（{'，'.join(parts)}）"
    return told


def _places(session: Session, users: list[UUID]) -> dict[UUID, str]:
    """Name the narrowest place that each works in."""
    query = (
        select(GrantRow.user_id, AreaRow.name)
        .join(AreaRow, AreaRow.id == GrantRow.area_id)
        .where(GrantRow.user_id.in_(users), GrantRow.valid_to.is_(None))
        .order_by(func.length(AreaRow.path), AreaRow.name)
    )
    return {user: name for user, name in session.execute(query)}  # noqa: C416
