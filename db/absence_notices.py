"""The reminder, the evening before an absence ends, that somebody should ask whether the elder comes back."""

from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import absences, outbox
from db.models import AreaRow, ElderRow
from domain.care import code_text
from domain.clock import local
from domain.outbox import Severity, Template


def remind(tx: Session, *, now: datetime) -> int:
    """Take the absences to be asked about and owe the question, in one transaction; give how many."""
    due = absences.remind(tx, now=now)
    for absence in due:
        query = select(ElderRow, AreaRow.name).outerjoin(AreaRow, AreaRow.id == ElderRow.building_id)
        elder, building = tx.execute(query.where(ElderRow.id == absence.elder_id)).one()
        who = f"{building or ''} {code_text(elder.number)}".strip()
        outbox.enqueue(
            tx,
            community_id=absence.community_id,
            area_path=elder.area_path,
            template=Template.ALERT,
            body={"text": f"{who} 的外出登记到{_end(absence.until_at)}为止，之后自动恢复巡看，请问清是否按时回来。"},
            severity=Severity.NORMAL,
            dedupe=f"absence:{absence.id.hex}:{absence.version}",
            expires_at=absence.until_at,
            now=now,
        )
    return len(due)


def _end(until_at: datetime) -> str:
    """Say when it ends; midnight is the evening of the day before."""
    then = local(until_at)
    if then.time() == time(0):
        then -= timedelta(days=1)
        return f"{then.month}月{then.day}日晚上"
    return f"{then.month}月{then.day}日 {then:%H:%M}"
