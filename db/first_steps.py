"""What an installation still lacks before its first ticket can be worked on."""

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models import AreaRow, GrantRow, PartyRow, TicketRow, UserRow
from domain.access import OFFICE, Role
from domain.areas import UNSORTED_COMMUNITY, Level


@dataclass(frozen=True)
class FirstSteps:
    areas: bool  # a community of one's own
    users: bool  # somebody who takes reports down
    parties: bool  # somebody to send, other than those at the desk
    ticket: bool

    @property
    def done(self) -> bool:
        return self.areas and self.users and self.parties and self.ticket


def first_steps(session: Session) -> FirstSteps:
    def any_of(*conditions: object) -> bool:
        return bool(session.scalar(select(exists().where(*conditions))))  # type: ignore[arg-type]

    open_area = AreaRow.valid_to.is_(None), AreaRow.level == Level.COMMUNITY, AreaRow.id != UNSORTED_COMMUNITY
    at_desk = select(GrantRow.user_id).where(GrantRow.role.in_(OFFICE), GrantRow.valid_to.is_(None))
    coordinator = UserRow.active, UserRow.id == GrantRow.user_id, GrantRow.valid_to.is_(None)
    handler = PartyRow.active, PartyRow.user_id.is_(None) | PartyRow.user_id.not_in(at_desk)
    return FirstSteps(
        any_of(*open_area),
        any_of(*coordinator, GrantRow.role == Role.COORDINATOR),
        any_of(*handler),
        any_of(TicketRow.hidden_at.is_(None)),
    )
