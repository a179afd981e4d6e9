"""The demo logins: one button a role, and when there may be any."""

import secrets

import db
import settings
from db import accounts
from domain.access import Role
from domain.accounts import DemoLogin
from domain.clock import now
from settings import Settings
from web import proxy

SEES = {
    Role.ADMIN: "用户、辖区、类别与系统设置",
    Role.COORDINATOR: "登记、派单、回访本社区的工单",
    Role.SECRETARY: "看本社区全部工单，可调度",
    Role.GRID_LEAD: "本网格的工单，可派单",
    Role.GRID_WORKER: "上报，办理派给自己的工单",
    Role.BUILDING_HEAD: "上报本楼栋的事，看进展",
    Role.VOLUNTEER: "可以帮忙的事和自己接的任务",
    Role.LEADER: "看板，只读",
}


def is_offered(scope: proxy.Scope, held: Settings) -> bool:
    """Tell whether this visitor may see demo buttons: on this very machine, or on the LAN if so started."""
    if not _is_demo_database(held):
        return False
    return (held.demo_lan and held.demo_passcode is not None) or _is_this_machine(scope, held)


def needs_passcode(scope: proxy.Scope, held: Settings) -> bool:
    return not _is_this_machine(scope, held)


def _is_demo_database(held: Settings) -> bool:
    return held.database_url is None and not held.real_file.exists()


def _is_this_machine(scope: proxy.Scope, held: Settings) -> bool:
    # Host as well: another site's name may be made to point here
    host = proxy.header(scope, b"host").rpartition(":")[0] or proxy.header(scope, b"host")
    return (
        held.host in proxy.LOOPBACK
        and held.public_url is None
        and not proxy.is_forwarded(scope)
        and proxy.address_of(scope) in proxy.LOOPBACK
        and host.strip("[]") in proxy.LOOPBACK
    )


def logins(scope: proxy.Scope) -> list[DemoLogin]:
    if not is_offered(scope, settings.current()):
        return []
    return db.read(accounts.demo_logins, now=now())


def new_passcode() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"
