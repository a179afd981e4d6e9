"""The subcommands. Each says in one line what it did, or in one line why it did not and what to do."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from pydantic import SecretStr, ValidationError

import settings
from domain.clock import local, now
from domain.errors import Refused
from settings import Settings

SHOWN = 1000  # problems that fsck prints

SERVE_OPTIONS = ("host", "port", "demo_lan")
EPILOG = """\
另外两个命令由 run.py 提供：test（运行全部检查）、bundle（制作离线安装包）。
每个命令的选项：python run.py 命令 --help
"""


# --- what can be asked for ------------------------------------------------------------------------


class Help(argparse.RawDescriptionHelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """argparse in Chinese; a wrong option is one line, not a page of usage."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, formatter_class=Help, add_help=False, allow_abbrev=False)
        self._positionals.title, self._optionals.title = "参数", "选项"
        self.add_argument("-h", "--help", action="help", help="显示这份说明")

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"命令写得不对：{message}（用法见 {self.prog} --help）\n")


def parser() -> Parser:
    made = Parser(prog="run.py", description="邻里一屏 Linli", epilog=EPILOG)
    commands = made.add_subparsers(dest="command", title="命令", required=True)

    def command(name: str, does: Callable[[argparse.Namespace], int], told: str) -> Parser:
        one: Parser = commands.add_parser(name, help=told, description=told)
        one.set_defaults(does=does)
        one.add_argument("--data", type=Path, metavar="DIR", help="数据文件夹，默认为程序旁的 linli-data")
        return one

    serving = command("serve", serve, "启动网站并打开浏览器（默认）")
    serving.add_argument("--port", type=int, help="端口，默认 8501；被占用时自动用下一个")
    serving.add_argument("--host", help="监听地址，默认只限本机；0.0.0.0 表示同一网络的设备都能打开")
    serving.add_argument("--no-browser", action="store_true", help="不打开浏览器")
    serving.add_argument("--empty", action="store_true", help="不用演示数据，直接开始正式使用")
    serving.add_argument("--demo-lan", action="store_true", default=None, help="允许同一网络凭演示口令使用演示账号")
    serving.add_argument("--cert", type=Path, metavar="FILE", help="HTTPS 证书（PEM），与 --key 一起使用")
    serving.add_argument("--key", type=Path, metavar="FILE", help="HTTPS 私钥（PEM）")

    showing = command("demo", demo, "重新生成演示数据（只动演示库）")
    sizes = "规模：demo 600 张工单；city 一百万张、269 个网格；large 一千万张（PostgreSQL 要空库）"
    showing.add_argument("--size", choices=["demo", "city", "large"], default="demo", help=sizes)

    measuring = command("bench", bench, "测速：看板在一万、一百万、一千万张工单下的速度，打印表格")
    measuring.add_argument("what", choices=["board", "points"], help="board：看板；points：积分账")
    measuring.add_argument("--json", type=Path, metavar="FILE", help="同样的数字写成 JSON")
    measuring.add_argument("--sizes", default="10k,1M,10M", metavar="LIST", help="规模，默认 10k,1M,10M")
    measuring.add_argument("--boards", default="20,100,300", metavar="LIST", help="同时打开的看板数，默认 20,100,300")
    measuring.add_argument("--no-browser", action="store_true", help="不测浏览器")

    soaking = command("soak", soak, "反复试验积分账：随机操作、强行中断，另建数据库，不碰本机数据")
    soaking.add_argument("what", choices=["points"], help="points：积分账")
    soaking.add_argument("--kills", type=int, default=1000, metavar="N", help="强行中断的次数，默认 1000")
    soaking.add_argument("--stories", type=int, default=500, metavar="N", help="随机操作的段数，默认 500")
    soaking.add_argument("--steps", type=int, default=200, metavar="N", help="每段的步数，默认 200")
    soaking.add_argument("--postgres", action="store_true", help="用 PostgreSQL 而不是 SQLite")

    taking = command("import", import_tickets, "导入 XLSX、XLS、CSV 表格；再次导入同一来源只更新变化的行")
    taking.add_argument("what", choices=["tickets"], help="tickets：工单")
    taking.add_argument("file", type=Path, metavar="FILE")
    taking.add_argument("--source", required=True, metavar="NAME", help="来源名称，如 留言板；靠它认出同一条")
    taking.add_argument("--map", nargs="+", action="extend", default=[], metavar="列名=字段", help="如 留言主题=title")
    taking.add_argument("--community", metavar="CODE", help="社区编码；不写则按表中的社区，没有的归入 未分区")
    taking.add_argument("--errors", type=Path, metavar="FILE.xlsx", help="未导入的行写到哪里；默认在原文件旁边")
    taking.add_argument("--dry-run", action="store_true", help="只检查，不导入")

    giving = command("export", export_tickets, "导出为 XLSX 或 CSV")
    giving.add_argument("what", choices=["tickets"], help="tickets：工单")
    giving.add_argument("file", type=Path, metavar="FILE", help="以 .xlsx 或 .csv 结尾")
    giving.add_argument("--with-people", action="store_true", help="姓名和电话不打码（会记入操作记录）")

    admin = command("create-admin", create_admin, "新建管理员账号，初始密码只显示一次")
    admin.add_argument("login", metavar="LOGIN")
    command("migrate", migrate, "升级数据库结构（先自动备份）")
    saving = command("backup", backup, "备份数据库与照片；密钥不在其中，须另行保管")
    saving.add_argument("file", type=Path, metavar="FILE")
    bringing = command("restore", restore, "从备份恢复；先检查，再替换，原有数据改名保留")
    bringing.add_argument("file", type=Path, metavar="FILE")
    checking = command("fsck", check, "检查数据是否完整、前后一致")
    told = "另存的校验值（anchors 文件夹或其中一个文件）：逐行与积分账核对"
    checking.add_argument("--anchors", type=Path, metavar="PATH", help=told)
    return made


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
    if first := starting.get_ready(empty=asked.empty, now=now()):
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
        app.app.run(config=options)
    except KeyboardInterrupt:
        print("已停止。")
    finally:
        engine.dispose()  # the last connection takes SQLite's journal with it
    return 0


def demo(asked: argparse.Namespace) -> int:
    from demo import starting

    rate = Rate()
    made = starting.again(size=asked.size, now=now(), progress=rate.show)
    told = f"{made.tickets:,} 张工单，{made.users:,} 个演示账号，{made.rows:,} 行"
    print(f"已生成演示数据：{told}，{rate.told(made.rows)}。")
    return 0


def bench(asked: argparse.Namespace) -> int:
    try:
        from bench import board as measured
        from bench import points as ledger  # both need what only developers have installed
    except ImportError as error:
        raise Refused(f"测速要用开发依赖（缺 {error.name}），请先运行一次 python run.py test。") from error
    if asked.what == "points":
        return ledger.run()
    boards = [int(number) for number in asked.boards.split(",") if number.strip().isdigit()]
    sizes = asked.sizes.split(",")
    measured.run(sizes, boards, data=asked.data, json=asked.json, in_browser=not asked.no_browser)
    return 0


def soak(asked: argparse.Namespace) -> int:
    try:
        from bench import soak_points
    except ImportError as error:
        raise Refused(f"试验要用开发依赖（缺 {error.name}），请先运行一次 python run.py test。") from error
    return soak_points.run(asked.kills, asked.stories, asked.steps, postgres=asked.postgres)


class Rate:
    """How fast a long filling goes, and how long it will still take."""

    def __init__(self) -> None:
        self.start = self.shown = time.monotonic()

    def show(self, tickets: int, of_all: int, rows: int) -> None:
        moment = time.monotonic()
        if moment - self.shown < 2 and tickets < of_all:
            return
        self.shown, passed = moment, moment - self.start
        left = passed / tickets * (of_all - tickets)
        rates = f"每秒 {tickets / passed:,.0f} 张、{rows / passed:,.0f} 行"
        said = f"{tickets:,} / {of_all:,} 张工单，{rates}，还需约 {left:.0f} 秒"
        alone = sys.stderr.isatty()
        print(f"{chr(13) if alone else ''}{said}", end="   " if alone else chr(10), file=sys.stderr, flush=True)

    def told(self, rows: int) -> str:
        passed = time.monotonic() - self.start
        return f"用时 {passed:.0f} 秒，每秒 {rows / passed:,.0f} 行"


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


def migrate(_asked: argparse.Namespace) -> int:
    _must_exist()
    from db import schema, setup

    setup.prepare(now=now())
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


def main(args: Sequence[str]) -> int:
    asked = parser().parse_args(_with_command(args))
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
