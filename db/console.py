"""Who acts when somebody with the server's shell runs a command: no user, every community."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.areas import grant_of
from db.models import AreaRow
from domain.access import Actor, Role
from domain.areas import Level

CONSOLE_ID = UUID("01900000-0000-7000-8000-0000000000c0")


def actor(session: Session) -> Actor:
    streets = session.scalars(select(AreaRow).where(AreaRow.level == Level.STREET)).all()
    grants = tuple(grant_of(session, role, s) for s in streets for role in (Role.ADMIN, Role.COORDINATOR))
    return Actor(CONSOLE_ID, "命令行", grants=grants, login_name="console")
