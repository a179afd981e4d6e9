"""The same charts as GROUP BY over the tickets: what the roll-ups are measured against, and nothing else."""

from datetime import time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import TicketRow
from db.stat_sums import within
from domain.clock import at_local
from domain.stats import Scope

_T = TicketRow


def by_day(session: Session, *, scope: Scope) -> list[Any]:
    """Count reports and closings by day."""
    return [
        *_grouped(session, scope, _T.reported_on, _T.reported_at),
        *_grouped(session, scope, _T.closed_on, _T.closed_at),
    ]


def by_column(session: Session, *, scope: Scope, column: str) -> list[Any]:
    return _grouped(session, scope, getattr(_T, column), _T.reported_at)


def _grouped(session: Session, scope: Scope, label: Any, at: Any) -> list[Any]:
    since, until = at_local(scope.start, time(0)), at_local(scope.end + timedelta(days=1), time(0))
    held = (*within(session, scope), _T.hidden_at.is_(None), at >= since, at < until)
    return list(session.execute(select(label, func.count()).where(*held).group_by(label)))
