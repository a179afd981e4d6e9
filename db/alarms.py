"""What a window sets going: the question to the backup, the incident; and who answers when nobody is named."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import incidents, outbox
from db.models import AreaRow, CheckWindowRow, ElderRow, GrantRow, UserRow
from db.window_rows import window_of
from domain.access import Actor, Role
from domain.care import Tier, code_text
from domain.delivery import is_quiet
from domain.incidents import WHO_LABELS, Cause, Who
from domain.ladder import severity_for
from domain.outbox import Severity, Template

# who answers for a look when neither volunteer can: those nearest first
_STAND_INS = (Role.GRID_WORKER, Role.GRID_LEAD, Role.COORDINATOR, Role.SECRETARY)


class StandIns:
    """Finds, once a place, the member of staff who answers for a look that nobody else does."""

    def __init__(self, tx: Session) -> None:
        self._tx, self._found = tx, dict[str, UUID | None]()

    def at(self, area_path: str) -> UUID | None:
        if area_path not in self._found:
            self._found[area_path] = self._find(area_path)
        return self._found[area_path]

    def _find(self, area_path: str) -> UUID | None:
        parts = area_path.strip("/").split("/")
        above = ["/" + "/".join(parts[: n + 1]) + "/" for n in range(len(parts))]
        query = (
            select(GrantRow.role, GrantRow.user_id)
            .join(AreaRow, AreaRow.id == GrantRow.area_id)
            .join(UserRow, UserRow.id == GrantRow.user_id)
            .where(UserRow.active, GrantRow.valid_to.is_(None), AreaRow.path.in_(above))
            .where(GrantRow.role.in_([role.value for role in _STAND_INS]))
            .order_by(GrantRow.valid_from, GrantRow.id)
        )
        rows = self._tx.execute(query).all()
        return next((user for role in _STAND_INS for held, user in rows if held == role), None)


def ask(tx: Session, row: CheckWindowRow, whom: Who, *, now: datetime) -> None:
    """Owe the question to look in instead: to the backup, then to 楼栋长."""
    building = select(AreaRow.name).where(AreaRow.id == ElderRow.building_id).scalar_subquery()
    number, where = tx.execute(select(ElderRow.number, building).where(ElderRow.id == row.elder_id)).one()
    body = {"elder": code_text(number), "building": where or "", "who": WHO_LABELS[whom], "window": row.id.hex}
    outbox.enqueue(
        tx,
        community_id=row.community_id,
        area_path=row.area_path,
        template=Template.UNCHECKED,
        body=body,
        # held until morning nobody would look; by day the nearest group is enough
        severity=Severity.EMERGENCY if is_quiet(now) else Severity.URGENT,
        dedupe=f"unchecked:{row.id.hex}:{whom}",
        expires_at=row.grace_until if row.grace_until > now else None,
        now=now,
    )


def open_incident(
    tx: Session,
    row: CheckWindowRow,
    cause: Cause,
    *,
    now: datetime,
    actor: Actor | None = None,
    severity: int | None = None,
) -> UUID:
    """Open the window's incident, or the same one again."""
    made: UUID = incidents.open_(
        tx,
        community_id=row.community_id,
        elder_id=row.elder_id,
        window=window_of(row),
        cause=cause,
        severity=severity or severity_for(cause, Tier(row.tier)),
        now=now,
        actor=actor,
    ).id
    return made
