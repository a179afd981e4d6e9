"""李敏 at another program, writing into the same database: what others do, without a browser for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import select

import db
import db.engine
import settings
from db import board as boards
from db import ticket_events, tickets
from db.models import PartyRow, UserRow
from db.sessions import grants_of
from db.ticket_filters import Filters
from domain.access import Actor
from domain.clock import now
from domain.ids import new_key
from domain.tickets import Ticket
from settings import Settings
from tests.e2e.visitors import Server


class Desk:
    def __init__(self) -> None:
        self.actor: Actor = db.read(_actor, "李敏")

    def report(self, title: str, address: str = "3号楼") -> Ticket:
        area_id = min(self.actor.grants[0].community_ids)
        return db.run(
            tickets.report, actor=self.actor, area_id=area_id, title=title, address=address, key=new_key(), now=now()
        )

    def step(self, command: Callable[..., Ticket], ticket_id: UUID, **more: Any) -> Ticket:
        held = db.read(ticket_events.load, self.actor, ticket_id)
        call = {"actor": self.actor, "ticket_id": ticket_id, "expected_version": held.version}
        return db.run(command, **call, key=new_key(), now=now(), **more)

    def board(self) -> dict[str, int]:
        board = db.read(boards.board, actor=self.actor, filters=Filters(), now=now())
        return {column.column.value: column.count for column in board.columns} | {"open": board.figures.open}


def _actor(session: Any, name: str) -> Actor:
    user = session.scalars(select(UserRow).where(UserRow.name == name)).one()
    party = session.scalars(select(PartyRow.id).where(PartyRow.user_id == user.id)).one_or_none()
    return Actor(user.id, user.name, party, grants_of(session, user.id, now=now()))


@contextmanager
def at_desk(server: Server) -> Iterator[Desk]:
    settings.use(Settings(data_dir=server.data))
    db.engine.dispose()
    yield Desk()
    db.engine.dispose()
