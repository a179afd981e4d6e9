"""Making a database ready: keys, schema, the check that both belong together, the shipped tree."""

from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

import settings
from db import categories, crypto, engine, rules, schema
from db.crypto import KeyProblem
from domain.errors import Refused

_CHECK = "linli"


def prepare(*, now: datetime, url: str | None = None) -> None:
    """Make the database in use (or the one named) ready to serve; a backup comes before a migration."""
    held = settings.current()
    held.data_dir.mkdir(parents=True, exist_ok=True)
    target = engine.make(url) if url else engine.get()
    with target.connect() as connection:
        fresh = schema.is_empty(connection)
    _ensure_key_file(fresh)
    if not fresh and not schema.is_current(target):
        _back_up_first(now)
    schema.upgrade(target)
    _check_triggers(target)
    _run_on(target)
    if url:
        target.dispose()


def _ensure_key_file(fresh: bool) -> None:
    path = settings.current().key_path
    if fresh and not path.exists():
        crypto.make_key_file(path)
    crypto.keys()


def _back_up_first(now: datetime) -> None:
    from db import backup  # only here: a backup reads the schema, which this module upgrades

    backup.write(backup.nightly_folder() / f"before-migration-{now:%Y%m%d-%H%M%S}.zip", now=now)


def _check_triggers(target: Engine) -> None:
    with target.connect() as connection:
        if gone := schema.missing_triggers(connection):
            raise Refused(f"数据库缺少防改动的触发器（{'、'.join(gone)}），请用备份恢复或联系维护人员。")


def _run_on(target: Engine) -> None:
    with Session(target.execution_options(begin_mode="IMMEDIATE")) as tx, tx.begin():
        _check_keys(tx)
        categories.ensure_shipped(tx)


def _check_keys(tx: Session) -> None:
    """Keep one sealed word in the database: a wrong key file is refused before anybody reads garbage."""
    sealed = rules.get_raw(tx, "key_check")
    if sealed is None:
        value = crypto.seal(_CHECK)
        rules.put(tx, "key_check", value.hex() if value else "")
    elif crypto.unseal(bytes.fromhex(sealed)) != _CHECK:
        raise KeyProblem("密钥与数据不匹配，请换回这份数据所用的密钥文件。")
