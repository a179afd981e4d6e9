"""Rules that an administrator sets: one row a name, with a default for each."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from db.models import SettingRow
from db.writes import audit, bump_all
from domain import access
from domain.access import Actor
from domain.errors import Invalid, NotAllowed
from domain.people import check_phone
from domain.points import DAY_CAP, ORDERS_A_MONTH, PICKUP_WITHIN, RETURN_WITHIN
from domain.tickets import Column

# separation.*: "mark" = 单人值班, allowed and marked; "refuse" = somebody else must do it
DEFAULTS: dict[str, Any] = {
    "separation.verify": "mark",
    "organisation": "",
    "duty_phone": "",
    "care.name": "",  # what the neighbourhood calls 平安守望, e.g. 窗帘之约
    "wip": {},  # column → how many tickets at most at once; a warning, no lock
    "points.orders_a_month": ORDERS_A_MONTH,  # a person
    "points.pickup_hours": PICKUP_WITHIN // timedelta(hours=1),
    "points.return_days": RETURN_WITHIN.days,
    "points.day_cap": DAY_CAP,  # whole points a person a day; 0: only the caps of each kind
}
# name → from, to, what it is called
NUMBERS: Mapping[str, tuple[int, int, str]] = {
    "points.orders_a_month": (1, 99, "每人每月最多兑换几次"),
    "points.pickup_hours": (1, 720, "领取期限（小时）"),
    "points.return_days": (0, 90, "退货期限（天）"),
    "points.day_cap": (0, 1000, "每人每天最多得几分"),
}
LIMITED = (Column.TODO, Column.DOING, Column.FOLLOW_UP)
HIGHEST_LIMIT = 999
LONGEST_NAME = 40
LONGEST_PROJECT = 12
CHOICES = {"separation.verify": ("mark", "refuse")}

_ROWS: Table = SettingRow.__table__  # type: ignore[assignment]
# written once, and of the table: every reading of a board asks it
_VALUE = select(_ROWS.c.value).where(_ROWS.c.name == bindparam("sought"))


def get(session: Session, name: str) -> Any:
    value = get_raw(session, name)
    return DEFAULTS[name] if value is None else value


def get_raw(session: Session, name: str) -> Any:
    return session.execute(_VALUE, {"sought": name}).scalar_one_or_none()


def put(tx: Session, name: str, value: Any) -> None:
    """Write a value; rights are the caller's business."""
    row = tx.get(SettingRow, name)
    if row is None:
        tx.add(SettingRow(name=name, value=value))
    else:
        row.value = value
    tx.flush()


def listed(session: Session) -> dict[str, Any]:
    return {name: get(session, name) for name in DEFAULTS}


def change(tx: Session, *, actor: Actor, values: dict[str, Any], now: datetime) -> None:
    """Set these rules, all or none; one that stays as it was leaves no trace."""
    access.check(actor, "settings")
    for name, value in values.items():
        value = _checked(name, value)
        if value != get(tx, name):
            put(tx, name, value)
            bump_all(tx)
            audit(tx, "setting.change", actor_id=actor.user_id, detail=name, now=now)


def _checked(name: str, value: Any) -> Any:
    if name not in DEFAULTS or value not in CHOICES.get(name, (value,)):
        raise Invalid("没有这项设置。")
    if name in NUMBERS:
        return _checked_number(name, value)
    if name == "wip":
        return _checked_limits(value)
    if name == "duty_phone":
        return check_phone(value)
    if name == "organisation" and len(value.strip()) > LONGEST_NAME:
        raise Invalid(f"单位名称最多 {LONGEST_NAME} 个字。", field=name)
    if name == "care.name" and len(value.strip()) > LONGEST_PROJECT:
        raise Invalid(f"守望项目的名称最多 {LONGEST_PROJECT} 个字，例如“窗帘之约”。", field=name)
    return value.strip()


def _checked_number(name: str, value: Any) -> int:
    low, high, label = NUMBERS[name]
    if type(value) is not int or not low <= value <= high:
        raise Invalid(f"“{label}”请填 {low} 到 {high} 的整数。", field=name)
    return value


def _checked_limits(value: Any) -> dict[str, int]:
    """Take whole numbers for columns that have work in them; 0 means no limit and is not kept."""
    given = value if isinstance(value, dict) else {"": 0}
    fits = all(name in LIMITED and type(n) is int and 0 <= n <= HIGHEST_LIMIT for name, n in given.items())
    if not fits:
        raise Invalid(f"看板上限请填 0 到 {HIGHEST_LIMIT} 的整数，0 表示不限。", field="wip")
    return {str(name): n for name, n in given.items() if n}


def check_separation(session: Session, rule: str, message: str) -> None:
    if get(session, f"separation.{rule}") == "refuse":
        raise NotAllowed(message)
