"""Making a database ready: keys, schema, the check that both belong together, the shipped tree."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import settings
from db import accounts, categories, crypto, engine, replacing, rules, schema, stat_rebuild, writes
from db.crypto import KeyProblem
from db.models import UserRow
from domain.clock import local
from domain.errors import Refused
from domain.ids import new_id
from settings import Settings

_CHECK = "linli"
_JOURNALS = ("", "-wal", "-shm")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class FirstAdmin:
    """Told once: the password is nowhere else."""

    login: str
    password: str


def prepare(*, now: datetime, url: str | None = None, tell: Tell | None = None) -> None:
    """Make the database in use (or the one named) ready to serve; a backup comes before a migration.

    What takes minutes on a large one is told first.
    """
    settings.current().data_dir.mkdir(parents=True, exist_ok=True)
    target = engine.make(url) if url else reach()
    try:
        _prepare(target, now, tell)
    finally:
        if url:
            target.dispose()


def _prepare(target: Engine, now: datetime, tell: Tell | None) -> None:
    with target.connect() as connection:
        fresh = schema.is_empty(connection)
        schema.refuse_newer(connection)
    _ensure_key_file(fresh)
    if not fresh and not schema.is_current(target):
        if tell:
            tell("数据库要升级，先做备份；数据多时要等几分钟，请不要关闭。")
        _back_up_first(now)
    schema.upgrade(target)
    _check_triggers(target)
    _run_on(target, tell)


def reach() -> Engine:
    """Give the engine of the database in use, if it can be opened at all."""
    target = engine.get()
    try:
        with target.connect():
            return target
    except DBAPIError as error:
        told = str(error.orig).strip().splitlines()[0]
        raise Refused(f"数据库打不开，请检查数据库服务与地址，文件损坏则用备份恢复：{told}") from error


def _ensure_key_file(fresh: bool) -> None:
    path = settings.current().key_path
    if fresh and not path.exists():
        crypto.make_key_file(path)
    crypto.keys()


def _back_up_first(now: datetime) -> None:
    from db import backup  # only here: a backup reads the schema, which this module upgrades

    backup.write(backup.nightly_folder() / f"before-migration-{local(now):%Y%m%d-%H%M%S}.zip", now=now)


def _check_triggers(target: Engine) -> None:
    with target.connect() as connection:
        if gone := schema.missing_triggers(connection):
            raise Refused(f"数据库缺少防改动的触发器（{'、'.join(gone)}），请用备份恢复或联系维护人员。")


def _run_on(target: Engine, tell: Tell | None) -> None:
    uncounted = engine.run_on(target, _fill)
    if uncounted is None:
        return
    if tell and uncounted > stat_rebuild.CHUNK:
        tell(f"第一次统计全部 {uncounted:,} 张工单，只做这一次；每百万张要一两分钟，请不要关闭。")
    engine.run_on(target, stat_rebuild.ensure)


def _fill(tx: Session) -> int | None:
    _check_keys(tx)
    categories.ensure_shipped(tx)
    return stat_rebuild.owed(tx)


def _check_keys(tx: Session) -> None:
    """Keep one sealed word in the database: a wrong key file is refused before anybody reads garbage."""
    sealed = rules.get_raw(tx, "key_check")
    if sealed is None:
        value = crypto.seal(_CHECK)
        rules.put(tx, "key_check", value.hex() if value else "")
    elif crypto.unseal(bytes.fromhex(sealed)) != _CHECK:
        raise KeyProblem("密钥与数据不匹配，请换回这份数据所用的密钥文件。")


def is_unused(session: Session) -> bool:
    """Tell whether nobody can log in yet: neither demo data nor an administrator was made."""
    return session.scalars(select(UserRow.id).limit(1)).first() is None


def ensure_admin(tx: Session, *, now: datetime) -> FirstAdmin | None:
    """Make the first user of an installation that has none."""
    if not is_unused(tx):
        return None
    return FirstAdmin("admin", accounts.create_admin(tx, login="admin", now=now))


def start_real(*, now: datetime, from_screen: bool = False) -> FirstAdmin | None:
    """Leave the demo for a database of one's own; none if somebody has done so already.

    The new file takes its name only when it is ready: that moment is the change, for every process,
    and the demo's sessions end with the demo.
    """
    held = settings.current()
    if from_screen and held.demo_lan:
        raise Refused("这是给局域网看的演示，请在服务器上用 python run.py --empty 开始正式使用。")
    if not held.is_sqlite:
        raise Refused("PostgreSQL 数据库里没有演示数据，无需清除。")
    if held.real_file.exists():
        _remove_demo(held)
        return None
    fresh = held.data_dir / f"starting-{new_id().hex}.sqlite3"
    made = _make_real(fresh, now)
    try:
        _name_once(fresh, held.real_file)
    except FileExistsError:
        return None
    finally:
        engine.dispose()
        _remove(fresh)
    _remove_demo(held)
    return made


def drop_demo() -> None:
    """Remove the demo database, unless a running program has it open; the night sweeps its photos."""
    held = settings.current()
    if not held.is_sqlite or held.real_file.exists():
        raise Refused("这里已是正式数据，没有演示数据；要看演示，请用 --data 另选一个文件夹。")
    engine.dispose()
    replacing.claim(held.demo_file)
    _remove(held.demo_file)


def _make_real(file: Path, now: datetime) -> FirstAdmin | None:
    url = f"sqlite:///{file}"
    prepare(now=now, url=url)
    target = engine.make(url)
    try:
        with Session(target.execution_options(begin_mode="IMMEDIATE")) as tx, tx.begin():
            writes.audit(tx, "start.real", actor_id=None, now=now)
            return ensure_admin(tx, now=now)
    finally:
        target.dispose()


def _name_once(fresh: Path, real: Path) -> None:
    """Give the file its name unless another process was first; `rename` would replace that one's."""
    try:
        real.hardlink_to(fresh)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        fresh.rename(real)


def _remove_demo(held: Settings) -> None:
    _remove(held.demo_file)
    shutil.rmtree(held.data_dir / "blobs" / held.demo_file.stem, ignore_errors=True)


def _remove(file: Path) -> None:
    """Remove a SQLite file with its journals; Windows keeps what a connection still has open."""
    for path in (file.with_name(file.name + end) for end in _JOURNALS):
        for _ in range(20):
            with suppress(PermissionError):
                path.unlink(missing_ok=True)
                break
            time.sleep(0.1)
