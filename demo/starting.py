"""The first start: demo data, or a database of one's own."""

import shutil
from datetime import datetime
from pathlib import Path

import db
import settings
from db import bulk, setup
from db.setup import FirstAdmin, Tell
from demo import town
from demo.generate import SEED, Made, generate
from demo.plan import PLANS, Plan
from demo.town import Progress
from domain.errors import Refused

# of disk a ticket with its events, texts and indexes, a tenth more than measured
FULL_BYTES, BRIEF_BYTES = 7_900, 3_200


def get_ready(*, empty: bool = False, now: datetime, tell: Tell | None = None) -> FirstAdmin | None:
    """Make the database ready to serve, telling what takes long; give the administrator if this made one."""
    held = settings.current()
    if empty and held.is_sqlite and not held.real_file.exists():
        return setup.start_real(now=now)
    setup.prepare(now=now, tell=tell)
    if not held.is_demo:
        return db.run(setup.ensure_admin, now=now)
    if db.read(setup.is_unused):
        generate(now=now)
    return None


def again(*, size: str, now: datetime, progress: Progress | None = None) -> Made:
    """Put fresh demo data in the place of what people tried out; on PostgreSQL only into an empty database."""
    held, plan = settings.current(), PLANS[size]
    if not held.is_sqlite:
        setup.prepare(now=now)
        if not db.read(bulk.is_unused):
            raise Refused("这个 PostgreSQL 数据库里已有账号或工单。演示数据只写入空的数据库，请新建一个空库再试。")
    if plan.cast:
        if held.is_sqlite:
            check_room(held.data_dir, plan)
        return town.build(plan, size=size, seed=SEED, now=now.replace(microsecond=0), progress=progress)
    if held.is_sqlite:
        setup.drop_demo()
        setup.prepare(now=now)
    return generate(size=size, now=now)


def check_room(folder: Path, plan: Plan) -> None:
    """Refuse before anything is written if the disk would not hold it."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    wanted, free = plan.tickets * (BRIEF_BYTES if plan.brief else FULL_BYTES), shutil.disk_usage(there).free
    if free < wanted:
        raise Refused(
            f"磁盘空间不够：这个规模约需 {wanted / 1e9:.0f} GB，{folder} 所在的磁盘只剩 {free / 1e9:.1f} GB。"
            "请清理后重试，或用 --data 另选一个磁盘上的文件夹；数据没有改动。"
        )
