"""The rules of awards: versioned rows, of which the newest in force on a day holds; else the program's own."""

from dataclasses import asdict, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from db.models import AwardRuleRow
from db.points import check, path_of
from db.writes import audit, first_result, remember
from domain.access import Actor
from domain.awards import DEFAULT_RULES, Rule
from domain.clock import local_date
from domain.errors import Invalid
from domain.ids import new_id
from domain.points import RecordKind

_NAMES = tuple(field.name for field in fields(Rule))


def in_force(session: Session, community_id: UUID, kind: RecordKind, day: date) -> Rule:
    row = AwardRuleRow
    mine = (row.community_id == community_id, row.kind == kind.value, row.valid_from <= day)
    found = session.scalars(select(row).where(*mine).order_by(row.version.desc()).limit(1)).first()
    return rule_of(found) if found else DEFAULT_RULES[kind]


def version(session: Session, community_id: UUID, kind: RecordKind, number: int | None) -> Rule:
    """Give the rule that an award was made by."""
    row = AwardRuleRow
    mine = (row.community_id == community_id, row.kind == kind.value, row.version == number)
    found = session.scalars(select(row).where(*mine)).first()
    return rule_of(found) if found else DEFAULT_RULES[kind]


def rule_of(row: AwardRuleRow) -> Rule:
    values: dict[str, Any] = {name: getattr(row, name) for name in _NAMES}
    return Rule(**values | {"kind": RecordKind(row.kind)})


def change(
    tx: Session, *, actor: Actor, community_id: UUID, rule: Rule, valid_from: date, key: str, now: datetime
) -> Rule:
    """Write the next version of a rule, from today or later; what was awarded stays as it was."""
    request = {"do": "rule", "actor": actor.user_id, "community": community_id, "from": valid_from, **asdict(rule)}
    check(actor, "points.rules", path_of(tx, community_id))
    if done := first_result(tx, key, request):
        return rule_of(tx.get_one(AwardRuleRow, done))
    _check(rule, valid_from, now)
    row = AwardRuleRow
    mine = (row.community_id == community_id, row.kind == rule.kind.value)
    last = tx.scalar(select(func.coalesce(func.max(row.version), 0)).where(*mine)) or 0
    rule = replace(rule, version=last + 1)
    made = new_id()
    values = {"id": made, "community_id": community_id, "valid_from": valid_from, "made_by": actor.user_id}
    tx.execute(insert(row).values(asdict(rule) | values | {"kind": rule.kind.value, "made_at": now}))
    audit(tx, "points.rule", actor_id=actor.user_id, subject_id=made, detail=rule.kind.value, now=now)
    remember(tx, key, request, made, now=now)
    return rule


def _check(rule: Rule, valid_from: date, now: datetime) -> None:
    if valid_from < local_date(now):
        raise Invalid("规则只能从今天或以后起用，已发的积分不受影响。", field="valid_from")
    numbers = [getattr(rule, name) for name in _NAMES if name not in ("kind", "version")]
    if min(numbers) < 0 or max(numbers) > 100_000:
        raise Invalid("分值和上限要在0到10000分之间，请核对。")
    if not (rule.rating_low <= 100 <= rule.rating_high <= 200 and 1 <= rule.most_minutes <= 24 * 60):
        raise Invalid("评价系数要在0%到200%之间、跨过100%，一次最长24小时，请核对。")
