"""The subcommands. Each says in one line what it did, or in one line why it did not and what to do."""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from pydantic import SecretStr, ValidationError

import settings
from command_line import Command, parser
from domain.clock import local, now
from domain.errors import Refused
from settings import Settings

SHOWN = 1000  # problems that fsck prints

SERVE_OPTIONS = ("host", "port", "demo_lan")


# --- the commands ---------------------------------------------------------------------------------


def serve(asked: argparse.Namespace) -> int:
    """Listen until Ctrl-C."""
    from db import engine
    from demo import starting
    from web import greeting, listening
    from web.demo import new_passcode

    scheme, held = listening.scheme(asked.cert, asked.key), settings.current()
    if held.demo_lan and not held.demo_passcode:
        held = settings.use(_settings(asked, demo_passcode=SecretStr(new_passcode())))
    port = listening.free_port(held.host, held.port)
    if first := starting.get_ready(empty=asked.empty, now=now(), tell=partial(print, flush=True)):
        print(greeting.admin(first), flush=True)  # at once: it can't be told again if the start fails

    def tell() -> None:
        print("\n".join(greeting.lines(held, scheme, port)), flush=True)
        if not asked.no_browser:
            listening.open_browser(listening.url(scheme, listening.local_address(held.host), port))

    listening.when_ready(scheme, held.host, port, tell)
    import app  # not before: what is refused above is refused at once

    options = {"server.address": held.host, "server.port": port, "logger.hideWelcomeMessage": True}
    if asked.cert:
        options |= {"server.sslCertFile": str(asked.cert), "server.sslKeyFile": str(asked.key)}
    try:
        with contextlib.suppress(KeyboardInterrupt):  # raised again once all has ended, but not each time
            app.app.run(config=options)
    finally:
        engine.dispose()  # the last connection takes SQLite's journal with it
    print("已停止。")
    return 0


def worker(_asked: argparse.Namespace) -> int:
    """Watch and send beside the app until Ctrl-C or SIGTERM."""
    _must_be_ready()
    import signal

    from db import engine
    from jobs.worker import Worker
    from web import logs

    logs.configure(settings.current().data_dir / "logs")
    working = Worker()
    signal.signal(signal.SIGTERM, lambda *_: working.end())
    working.start()
    print("值守程序已启动，按 Ctrl-C 停止。", flush=True)
    try:
        working.wait()
    except KeyboardInterrupt:
        print("正在结束手头的工作…", flush=True)
    finally:
        working.stop()
        engine.dispose()
    print("已停止。")
    return 0


def demo(asked: argparse.Namespace) -> int:
    from demo import console

    if not asked.replay:
        print(console.make_again(asked.size, now=now()))
        return 0
    _must_be_ready()
    return console.replay(asked.seed, asked.speed, clock=now)


def bench(asked: argparse.Namespace) -> int:
    try:
        from bench import asking
    except ImportError as error:  # it needs what only developers have installed
        raise Refused(f"测速要用开发依赖（缺 {error.name}），请先运行一次 python run.py test。") from error
    asking.measure(asked)
    return 0


def soak(asked: argparse.Namespace) -> int:
    try:
        from bench import asking
    except ImportError as error:
        raise Refused(f"试验要用开发依赖（缺 {error.name}），请先运行一次 python run.py test。") from error
    return asking.soak(asked)


def import_tickets(asked: argparse.Namespace) -> int:
    _must_be_ready()
    from files import transfer

    taken = transfer.import_tickets(
        asked.file,
        source=asked.source,
        mapping=transfer.typed_mapping(asked.map),
        community_code=asked.community,
        dry_run=asked.dry_run,
        now=now(),
        progress=_progress,
        errors=asked.errors,
    )
    print(taken.report)
    return 0


def _progress(done: int, of_all: int) -> None:
    if sys.stderr.isatty():
        print(f"\r已处理 {done:,} / {of_all:,} 行", end="\n" if done == of_all else "", file=sys.stderr, flush=True)


def export_tickets(asked: argparse.Namespace) -> int:
    _must_be_ready()
    from files import transfer

    count = transfer.export_all(asked.file, with_people=asked.with_people, now=now())
    print(f"已导出 {count} 张工单到 {asked.file}。")
    return 0


def create_admin(asked: argparse.Namespace) -> int:
    _must_be_ready()
    import db
    from db import accounts

    password = db.run(accounts.create_admin, login=asked.login, now=now())
    print(f"管理员账号：{asked.login}\n初始密码：{password}\n密码只显示这一次，首次登录时须修改。")
    return 0


def device(asked: argparse.Namespace) -> int:
    _must_be_ready()
    import db
    from db import console, signal_devices
    from domain.ids import parse_id

    if asked.stop:
        found = parse_id(asked.label)
        if found is None:
            raise Refused("停用时请写登记时打印的设备编号。")
        db.run(signal_devices.stop, actor=db.read(console.actor), device_id=found, now=now())
        print("已停用，这台设备的密钥不再有效。")
        return 0
    where = {"community": asked.community, "elder": asked.elder}
    made, key = db.run(signal_devices.add_at, **where, label=asked.label, now=now())
    print(f"设备编号：{made.id}\n密钥：{key}\n密钥只显示这一次。用法见 docs/api.md。")
    return 0


def migrate(_asked: argparse.Namespace) -> int:
    _must_exist()
    from db import schema, setup

    setup.prepare(now=now(), tell=partial(print, flush=True))
    print(f"数据库结构已是本版本（{schema.head()}）。")
    return 0


def backup(asked: argparse.Namespace) -> int:
    _must_be_ready()
    from db import backup as backups

    if asked.file.exists():
        raise Refused(f"{asked.file} 已经存在，请换一个文件名。")
    manifest = backups.write(asked.file, now=now())
    print(f"已备份到 {asked.file}：{manifest.counts.get('ticket', 0)} 张工单，{asked.file.stat().st_size:,} 字节。")
    print(f"备份里没有密钥，请另外妥善保管 {settings.current().key_path}（编号 {manifest.key_id}）。")
    return 0


def restore(asked: argparse.Namespace) -> int:
    from db import restoring

    done = restoring.restore(asked.file, now=now())
    made, tickets = done.manifest.created_at, done.manifest.counts.get("ticket", 0)
    print(f"已恢复 {local(datetime.fromisoformat(made)):%Y-%m-%d %H:%M} 的备份到 {done.target}：{tickets} 张工单。")
    if done.set_aside:
        print(f"原有数据保留在 {done.set_aside}，确认无误后可以删除。")
    return 0


def check(asked: argparse.Namespace) -> int:
    _must_be_ready()
    import db
    from db import anchors, fsck

    if asked.anchors and not asked.anchors.exists():
        raise Refused(f"没有找到 {asked.anchors}，请核对文件名。")
    found = db.read(lambda session: list(islice(fsck.everything(session), SHOWN)))
    if asked.anchors:
        found += db.read(lambda session: list(islice(anchors.problems(session, asked.anchors), SHOWN)))
    for line in found:
        print(line)
    if found:
        more = "以上" if len(found) == SHOWN else ""
        raise Refused(f"发现 {len(found)} 处{more}问题。请保留现场，用最近的备份恢复，或联系维护人员。")
    print("检查完毕，没有问题。")
    return 0


def rebuild_stats(_asked: argparse.Namespace) -> int:
    _must_be_ready()
    import db
    from db import stat_rebuild

    cells = db.run(stat_rebuild.rebuild_all, progress=_tickets_done if sys.stderr.isatty() else None)
    print(f"统计已按工单和守望记录重算，共 {cells:,} 格。")
    return 0


def _tickets_done(done: int, of_all: int) -> None:
    print(f"\r已重算 {done:,} / {of_all:,} 张工单", end="\n" if done == of_all else "", file=sys.stderr, flush=True)


def _must_exist() -> None:
    from db import setup

    held = settings.current()
    if held.is_sqlite and not held.real_file.exists() and not held.demo_file.exists():
        raise Refused(f"{held.data_dir} 里还没有数据。请先运行 python run.py，或用 --data 指明数据文件夹。")
    setup.reach()


def _must_be_ready() -> None:
    _must_exist()
    from db import engine, schema

    if not schema.is_current(engine.get()):
        raise Refused("数据库结构与程序版本不一致，请先运行 python run.py migrate。")


def _commands() -> dict[str, Command]:
    return {
        "serve": serve,
        "worker": worker,
        "demo": demo,
        "bench": bench,
        "soak": soak,
        "import": import_tickets,
        "export": export_tickets,
        "create-admin": create_admin,
        "device": device,
        "migrate": migrate,
        "backup": backup,
        "restore": restore,
        "fsck": check,
        "rebuild-stats": rebuild_stats,
    }


def main(args: Sequence[str]) -> int:
    asked = parser(_commands()).parse_args(_with_command(args))
    try:
        settings.use(_settings(asked))
        done: int = asked.does(asked)
    except Refused as refused:
        return _fail(refused.message)
    except ValidationError as error:
        return _fail(_setting_fault(error))
    except OSError as error:
        return _fail(f"{error.filename or '文件或文件夹'} 不能读写：{error.strerror or error}")
    except KeyboardInterrupt:
        _fail("已中断。")
        return 130
    except Exception as error:
        return _fail(_noted(error))
    return done


def _with_command(args: Sequence[str]) -> list[str]:
    asks_help = args and args[0] in ("-h", "--help")
    return [*args] if args and (asks_help or not args[0].startswith("-")) else ["serve", *args]


def _settings(asked: argparse.Namespace, **more: Any) -> Settings:
    given = more | {name: getattr(asked, name, None) for name in SERVE_OPTIONS}
    given["data_dir"] = asked.data.absolute() if asked.data else None
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _setting_fault(error: ValidationError) -> str:
    faults = (f"{'.'.join(map(str, one['loc']))}：{one['msg']}" for one in error.errors())
    return f"设置有误，请核对选项和 LINLI_ 开头的环境变量：{'；'.join(faults)}"


def _noted(error: Exception) -> str:
    """Put the traceback into the log and give the sentence with its number."""
    from web import logs

    number, folder = logs.new_number(), settings.current().data_dir / "logs"
    with suppress(OSError):  # the sentence still comes when the disk is full
        logs.configure(folder)
        logs.failure(error, number)
        logs.close()
    return f"没有做成，程序出错（错误编号 {number}），详情在 {folder} 的日志里。"


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
