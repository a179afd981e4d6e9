"""What can be asked for on the command line: the subcommands and their options, in Chinese."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

Command = Callable[[argparse.Namespace], int]

EPILOG = """\
另外两个命令由 run.py 提供：test（运行全部检查）、bundle（制作离线安装包）。
每个命令的选项：python run.py 命令 --help
"""


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


def parser(does: Mapping[str, Command]) -> Parser:
    """Make the parser; `does` has the function of each subcommand by name."""
    made = Parser(prog="run.py", description="邻里一屏 Linli", epilog=EPILOG)
    commands = made.add_subparsers(dest="command", title="命令", required=True)

    def command(name: str, told: str) -> Parser:
        one: Parser = commands.add_parser(name, help=told, description=told)
        one.set_defaults(does=does[name])
        one.add_argument("--data", type=Path, metavar="DIR", help="数据文件夹，默认为程序旁的 linli-data")
        return one

    _serve(command("serve", "启动网站并打开浏览器（默认）"))
    command("worker", "单独运行后台值守：到点查看、逐级通知、发送消息（网站另设 LINLI_WORKER=off）")

    showing = command("demo", "重新生成演示数据（只动演示库），或用 --replay 重演一天")
    sizes = "规模：demo 600 张工单；city 一百万张、269 个网格；large 一千万张（PostgreSQL 要空库）"
    showing.add_argument("--size", choices=["demo", "city", "large"], default="demo", help=sizes)
    living = "不重新生成，而是在开着的屏幕上重演一天：登记、派单、巡看、预警、兑换，按 Ctrl-C 停止"
    showing.add_argument("--replay", action="store_true", help=living)
    showing.add_argument("--speed", type=float, default=60, metavar="N", help="重演：比真实时间快多少倍，默认 60")
    showing.add_argument("--seed", type=int, default=1, metavar="N", help="重演：种子，同样的种子是同样的一天，默认 1")

    _bench(command("bench", "测速：看板、图表在一万、一百万、一千万张工单下的速度，打印表格"))
    _soak(command("soak", "反复试验积分账或平安守望：随机操作，另建数据库，不碰本机数据"))

    taking = command("import", "导入 XLSX、XLS、CSV 表格；再次导入同一来源只更新变化的行")
    taking.add_argument("what", choices=["tickets"], help="tickets：工单")
    taking.add_argument("file", type=Path, metavar="FILE")
    taking.add_argument("--source", required=True, metavar="NAME", help="来源名称，如 留言板；靠它认出同一条")
    taking.add_argument("--map", nargs="+", action="extend", default=[], metavar="列名=字段", help="如 留言主题=title")
    taking.add_argument("--community", metavar="CODE", help="社区编码；不写则按表中的社区，没有的归入 未分区")
    taking.add_argument("--errors", type=Path, metavar="FILE.xlsx", help="未导入的行写到哪里；默认在原文件旁边")
    taking.add_argument("--dry-run", action="store_true", help="只检查，不导入")

    giving = command("export", "导出为 XLSX 或 CSV")
    giving.add_argument("what", choices=["tickets"], help="tickets：工单")
    giving.add_argument("file", type=Path, metavar="FILE", help="以 .xlsx 或 .csv 结尾")
    giving.add_argument("--with-people", action="store_true", help="姓名和电话不打码（会记入操作记录）")

    admin = command("create-admin", "新建管理员账号，初始密码只显示一次")
    admin.add_argument("login", metavar="LOGIN")
    _device(command("device", "登记一台求助按钮或传感器，密钥只显示一次；--stop 停用"))
    command("migrate", "升级数据库结构（先自动备份）")
    saving = command("backup", "备份数据库与照片；密钥不在其中，须另行保管")
    saving.add_argument("file", type=Path, metavar="FILE")
    bringing = command("restore", "从备份恢复；先检查，再替换，原有数据改名保留")
    bringing.add_argument("file", type=Path, metavar="FILE")
    checking = command("fsck", "检查数据是否完整、前后一致")
    told = "另存的校验值（anchors 文件夹或其中一个文件）：逐行与积分账核对"
    checking.add_argument("--anchors", type=Path, metavar="PATH", help=told)
    command("rebuild-stats", "按工单和守望记录重算全部统计数字")
    return made


def _device(one: Parser) -> None:
    one.add_argument("label", metavar="LABEL", help="名称，如 床头按钮；与 --stop 一起时写设备编号")
    one.add_argument("--community", metavar="CODE", default="", help="社区编码，如 GH")
    one.add_argument("--elder", metavar="L0037", default="", help="老人的编号")
    one.add_argument("--stop", action="store_true", help="停用这台设备，密钥随即失效")


def _serve(one: Parser) -> None:
    one.add_argument("--port", type=int, help="端口，默认 8501；被占用时自动用下一个")
    one.add_argument("--host", help="监听地址，默认只限本机；0.0.0.0 表示同一网络的设备都能打开")
    one.add_argument("--no-browser", action="store_true", help="不打开浏览器")
    one.add_argument("--empty", action="store_true", help="不用演示数据，直接开始正式使用")
    one.add_argument("--demo-lan", action="store_true", default=None, help="允许同一网络凭演示口令使用演示账号")
    one.add_argument("--cert", type=Path, metavar="FILE", help="HTTPS 证书（PEM），与 --key 一起使用")
    one.add_argument("--key", type=Path, metavar="FILE", help="HTTPS 私钥（PEM）")


def _bench(one: Parser) -> None:
    measured = "board：看板；charts：图表；checkins：平安守望（--sizes 填老人数）；points：积分账"
    one.add_argument("what", choices=["board", "charts", "checkins", "points"], help=measured)
    one.add_argument("--json", type=Path, metavar="FILE", help="同样的数字写成 JSON")
    one.add_argument("--sizes", metavar="LIST", help="规模，默认 10k,1M,10M；平安守望默认 1160,100k,1M")
    one.add_argument("--boards", default="20,100,300,500", metavar="LIST", help="同时打开的看板数，默认 20,100,300,500")
    one.add_argument("--no-browser", action="store_true", help="不测浏览器")
    one.add_argument("--quick", action="store_true", help="看板和图表每项少测几次，只看个大概")


def _soak(one: Parser) -> None:
    one.add_argument("what", choices=["points", "checkins"], help="points：积分账；checkins：平安守望")
    one.add_argument("--kills", type=int, metavar="N", help="强行中断的次数，积分账默认 1000，平安守望默认不做")
    one.add_argument("--stories", type=int, default=500, metavar="N", help="随机操作的段数，默认 500")
    one.add_argument("--steps", type=int, default=200, metavar="N", help="每段的步数，默认 200")
    one.add_argument("--postgres", action="store_true", help="用 PostgreSQL 而不是 SQLite")
    one.add_argument("--days", type=int, default=10_000, metavar="N", help="平安守望：天数，默认 10000")
    one.add_argument("--seed", type=int, default=1, metavar="N", help="平安守望：从哪个种子开始，默认 1")
