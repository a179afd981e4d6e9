"""Accounts: what a user is to others, how a login is written, how long failures make one wait."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.access import STAFF, Role
from domain.errors import Invalid

SESSION_COOKIE = "linli_session"
DEVICE_COOKIE = "linli_device"
SCREEN_COOKIE = "linli_screen"

# A party can be given a ticket: these roles make the user one.
HANDLING = STAFF | {Role.VOLUNTEER}

FREE_TRIES = 4
LONGEST_WAIT = timedelta(minutes=15)
_LOGIN = re.compile(r"[\w.\-@]{2,40}")


@dataclass(frozen=True)
class UserGrant:
    id: UUID
    role: Role
    area_id: UUID
    area_name: str


@dataclass(frozen=True)
class User:
    """A user as the administrator sees them."""

    id: UUID
    login: str
    name: str
    active: bool
    must_change: bool
    demo: bool
    version: int
    grants: tuple[UserGrant, ...] = ()


@dataclass(frozen=True)
class NewUser:
    """A user just made; the password is there once, and not when the command was sent twice."""

    id: UUID
    password: str | None


@dataclass(frozen=True)
class LoggedIn:
    """The two secrets that go into the browser's cookies; only their digests are kept."""

    token: str
    session_id: UUID
    device_token: str
    must_change: bool


@dataclass(frozen=True)
class DemoLogin:
    login: str
    name: str
    role: Role
    area_name: str


def normal_login(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def check_login(text: str) -> str:
    """Return the form that is kept, or refuse it."""
    login = normal_login(text)
    if not _LOGIN.fullmatch(login):
        raise Invalid("账号用 2 到 40 个字母、数字或汉字，可带点、横线和下划线。", field="login")
    return login


def check_name(text: str) -> str:
    name = text.strip()
    if not 1 <= len(name) <= 40:
        raise Invalid("请填写姓名或称呼，最多 40 个字。", field="name")
    return name


def wait_after(failures: int, *, free: int = FREE_TRIES) -> timedelta:
    """Tell how long the next try has to wait: nothing at first, then 2, 4, 8 … seconds."""
    over = min(failures - free, 16)
    return min(timedelta(seconds=2**over), LONGEST_WAIT) if over > 0 else timedelta(0)


def spoken(wait_seconds: int) -> str:
    return f"{wait_seconds} 秒" if wait_seconds < 60 else f"{-(-wait_seconds // 60)} 分钟"
