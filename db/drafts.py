"""Forms half filled in: kept as one goes, encrypted, for their writer's eyes only, gone once sent."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from db import crypto
from db.models import DraftRow
from domain.access import Actor

T = TypeVar("T")
KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Draft:
    values: Mapping[str, str]
    at: datetime


def save(tx: Session, *, actor: Actor, form: str, values: Mapping[str, str], now: datetime) -> None:
    """Keep what stands in the form; no other board has to know, so no change stamp."""
    if actor.read_only:
        return
    body = crypto.seal(json.dumps(dict(values), ensure_ascii=False))
    kept = tx.execute(update(DraftRow).where(*_mine(actor, form)).values(body=body, updated_at=now))
    if kept.rowcount == 0:  # type: ignore[attr-defined]
        tx.execute(insert(DraftRow).values(user_id=actor.user_id, form=form, body=body, updated_at=now))


def find(session: Session, *, actor: Actor, form: str) -> Draft | None:
    """Read one's own draft of this form; one that the key no longer opens counts as none."""
    row = session.execute(select(DraftRow.body, DraftRow.updated_at).where(*_mine(actor, form))).first()
    if row is None:
        return None
    try:
        return Draft(json.loads(crypto.unseal(row.body)), row.updated_at)
    except crypto.KeyProblem:
        return None


def drop(tx: Session, *, actor: Actor, form: str) -> None:
    tx.execute(delete(DraftRow).where(*_mine(actor, form)))


def sending(command: Callable[..., T], form: str) -> Callable[..., T]:
    """Give the command that takes its draft with it: sent and dropped together, or neither."""

    def send(tx: Session, *, actor: Actor, **call: Any) -> T:
        done = command(tx, actor=actor, **call)
        drop(tx, actor=actor, form=form)
        return done

    return send


def drop_old(tx: Session, *, now: datetime) -> int:
    """Drop what nobody came back to."""
    done = tx.execute(delete(DraftRow).where(DraftRow.updated_at < now - KEPT_FOR))
    return int(done.rowcount)  # type: ignore[attr-defined]


def _mine(actor: Actor, form: str) -> tuple[Any, ...]:
    return DraftRow.user_id == actor.user_id, DraftRow.form == form
