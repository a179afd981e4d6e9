"""The demo data as the command line makes them and plays with them: what is said, and how far it is."""

import sys
import time
from collections.abc import Callable
from datetime import datetime

from db import engine
from demo import replay as day
from demo import starting
from domain.errors import Refused


def make_again(size: str, *, now: datetime) -> str:
    """Make the demo data anew and say what they are."""
    rate = Rate()
    made = starting.again(size=size, now=now, progress=rate.show)
    told = f"{made.tickets:,} 张工单，{made.users:,} 个演示账号，{made.rows:,} 行"
    return f"已生成演示数据：{told}，{rate.told(made.rows)}。"


def replay(seed: int, speed: float, *, clock: Callable[[], datetime]) -> int:
    """Live a day on whatever screens are open, until it is over or Ctrl-C."""
    day.check_demo()
    if not 0 < speed <= day.FASTEST:
        raise Refused(f"--speed 请填 1 到 {day.FASTEST} 之间的数。")
    print("开始重演一天，按 Ctrl-C 停止；打开工单看板、平安守望、大屏可以看到变化。", flush=True)
    try:
        told = day.replay(seed=seed, pace=day.Pace(clock, time.sleep, speed), tell=_tell)
    except KeyboardInterrupt:
        print("已停止。做过的都留在演示数据里；要恢复原样，请运行 python run.py demo。")
        return 0
    finally:
        engine.dispose()
    print(f"一天重演完了，共 {told} 件事。要恢复原样，请运行 python run.py demo。")
    return 0


def _tell(line: str) -> None:
    print(line, flush=True)


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
