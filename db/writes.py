"""What every command does besides its own rows: keys, counters, change stamps, the audit."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, bindparam, insert, select, update
from sqlalchemy.orm import Session

from db import crypto
from db.models import AuditRow, ChangeStampRow, CommandKeyRow, CounterRow
from domain.errors import Changed, Invalid, KeyReused
from domain.ids import new_id
from domain.live import Topic

_PLAIN = frozenset({str, int, bool})  # most of all values; imports ask this of millions


def plain(value: Any) -> Any:
    """Turn ids, moments and enums into what JSON can say, the same way everywhere."""
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value


def canonical(body: Any) -> str:
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=plain)


@cache
def _insert(row: Any) -> Insert:
    statement: Insert = row.__table__.insert()
    return statement


def put(tx: Session, row: Any, values: Mapping[str, Any]) -> None:
    """Insert one row. The statement is made once: built with its values each time, it costs more than the insert."""
    put_all(tx, row, [values])


def put_all(tx: Session, row: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    tx.execute(_insert(row), rows)


# the tables' own columns: with those of the class a statement takes the ORM's way, at five times the price
_HELD = CommandKeyRow.__table__.c
_KEY = select(_HELD.request_mac, _HELD.result_id).where(_HELD.key == bindparam("sought"))


def first_result(tx: Session, key: str, request: dict[str, Any]) -> UUID | None:
    """Find what this key led to the first time; refuse it with another request."""
    if not key:
        raise Invalid("这次提交缺少编号，请刷新页面后重试。", field="key")
    row = tx.execute(_KEY, {"sought": key}).first()
    if row is None:
        return None
    mac: str
    result_id: UUID | None
    mac, result_id = row
    if mac != crypto.mac_hex(canonical(request)):
        raise KeyReused()
    return result_id


def remember(tx: Session, key: str, request: dict[str, Any], result_id: UUID, *, now: datetime) -> None:
    """Keep the key with its result; two at once meet at the primary key and the loser runs again."""
    mac = crypto.mac_hex(canonical(request))
    put(tx, CommandKeyRow, {"key": key, "request_mac": mac, "result_id": result_id, "at": now})


_COUNTER = CounterRow.__table__.c
_COUNT = (
    update(CounterRow.__table__)  # type: ignore[arg-type]
    .where(_COUNTER.community_id == bindparam("community"), _COUNTER.name == bindparam("counter"))
    .values(value=_COUNTER.value + bindparam("by"))
    .returning(_COUNTER.value)
)
_STAMP = ChangeStampRow.__table__.c
_BUMP = (
    update(ChangeStampRow.__table__)  # type: ignore[arg-type]
    .where(_STAMP.community_id == bindparam("community"), _STAMP.topic == bindparam("of"))
    .values(stamp=_STAMP.stamp + 1)
)

_STAMPS = select(_STAMP.community_id, _STAMP.stamp).where(
    _STAMP.community_id.in_(bindparam("communities", expanding=True)), _STAMP.topic == bindparam("of")
)


def next_number(tx: Session, community_id: UUID, name: str, *, count: int = 1) -> int:
    """Take `count` numbers of a community's counter and give the first."""
    taken = tx.execute(_COUNT, {"community": community_id, "counter": name, "by": count}).scalar_one_or_none()
    if taken is None:
        tx.execute(insert(CounterRow).values(community_id=community_id, name=name, value=count))
        return 1
    return int(taken) - count + 1


def bump(tx: Session, community_id: UUID, topic: Topic = Topic.BOARD) -> None:
    """Raise the community's change stamp; last of all locks (row → counter → stamp)."""
    raised = tx.execute(_BUMP, {"community": community_id, "of": topic.value})
    if raised.rowcount == 0:  # type: ignore[attr-defined]
        tx.execute(insert(ChangeStampRow).values(community_id=community_id, topic=topic.value, stamp=1))


def stamps(session: Session, community_ids: frozenset[UUID], topic: Topic = Topic.BOARD) -> int:
    """Sum the change stamps of these communities: it differs as soon as any of them wrote."""
    return sum(stamp for _, stamp in stamps_of(session, community_ids, topic))


def stamps_of(
    session: Session, community_ids: frozenset[UUID], topic: Topic = Topic.BOARD
) -> frozenset[tuple[UUID, int]]:
    """Read the change stamps of these communities: what is seen there is the same while they are."""
    rows = session.execute(_STAMPS, {"communities": list(community_ids), "of": topic.value})
    return frozenset((community, stamp) for community, stamp in rows)


def bump_all(tx: Session) -> None:
    """Raise every change stamp: a name or a limit that boards and tiles show has changed."""
    tx.execute(update(ChangeStampRow).values(stamp=ChangeStampRow.stamp + 1))


def audit(
    tx: Session,
    action: str,
    *,
    actor_id: UUID | None,
    subject_id: UUID | None = None,
    detail: str = "",
    now: datetime,
) -> None:
    told = {"id": new_id(), "at": now, "actor_id": actor_id, "action": action}
    put(tx, AuditRow, told | {"subject_id": subject_id, "detail": detail})


def update_version(tx: Session, row: Any, row_id: UUID, version: int, values: dict[str, Any]) -> None:
    """Write these values if the row still has this version; otherwise somebody else was first."""
    done = tx.execute(update(row).where(row.id == row_id, row.version == version).values(**values, version=version + 1))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Changed("这条记录刚被别人改过，请刷新后核对再保存，您填的内容还在。")
