"""Set Linli up and start it: `python run.py`. Needs nothing but Python's own library.

`test` (every check) and `bundle` (a folder for machines without internet) are done here; every
other command is handed to cli.py, inside the environment made here.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

# An older Python must still be able to read this far, so: no syntax newer than 3.6 in this file.
if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it may well have an older one
    sys.exit("Linli 需要 Python 3.11 或更新版本 (needs Python >= 3.11), 现在是 " + sys.version.split()[0])

ROOT = Path(__file__).resolve().parent
WINDOWS = os.name == "nt"
VERSION = "{}.{}".format(*sys.version_info[:2])
PLATFORM = f"Python {VERSION} {sysconfig.get_platform()}"
RUN, DEV = "requirements.txt", "requirements-dev.txt"

HELP = """\
用法：python run.py [命令] [选项]

首次运行会在本目录建立 .venv 并安装依赖；之后直接启动。不写命令即为 serve。

  serve         启动网站并打开浏览器（默认；首次启动自动生成演示数据）
  worker        单独运行后台值守（网站另设 LINLI_WORKER=off）
  demo          生成演示数据；--replay 在开着的屏幕上重演一天
  import        导入工单、名册等表格
  export        导出为 XLSX 或 CSV
  create-admin  新建管理员账号
  device        登记求助按钮等设备，密钥只显示一次
  migrate       升级数据库结构（升级前自动备份）
  backup        备份数据库与照片
  restore       从备份恢复
  fsck          检查数据是否完整、前后一致
  rebuild-stats 按工单和守望记录重算全部统计数字
  bench         测速：看板、图表、平安守望、积分账各有多快
  soak          反复试验积分账、平安守望：随机操作、强行中断（另建数据库）
  bundle        制作离线安装包，拷到不能上网的电脑上使用
  test          运行全部检查与测试

每个命令的选项：python run.py 命令 --help
"""

TEST_HELP = """\
用法：python run.py test [pytest 的参数]

不带参数：依次运行 ruff、mypy 和全部测试（快速、慢速、PostgreSQL、浏览器），最后给出一张汇总表。
带参数：只运行 pytest，例如 python run.py test tests/test_run.py 或 python run.py test -- -k 工单
环境变量 LINLI_REQUIRE_ALL=1：任何一项被跳过都算失败。
"""


def main(args: list[str]) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a redirected Windows console may know no Chinese
    command, rest = (args[0], args[1:]) if args else ("serve", [])
    if command in ("-h", "--help", "help"):
        print(HELP)
        return 0
    if command == "test":
        return test(rest)
    if command == "bundle":
        return bundle_command(rest)
    if command.startswith("-"):
        command, rest = "serve", args
    python = ready_python(ROOT, RUN)
    return hand_over([str(python), str(ROOT / "cli.py"), command, *rest])


def child_env() -> dict[str, str]:
    """UTF-8 also on a Chinese Windows console; a user-wide `pip --user` setting fails in a venv."""
    return {**os.environ, "PYTHONUTF8": "1", "PIP_USER": "0"}


def hand_over(command: list[str]) -> int:
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, child_env())
    return wait_for(command)


def wait_for(command: list[str]) -> int:
    child = subprocess.Popen(command, env=child_env())
    while True:
        # Ctrl-C reaches the child as well: leave it the time to end in its own way.
        with contextlib.suppress(KeyboardInterrupt):
            return child.wait()


# --- the environment ------------------------------------------------------------------------


def venv_python(root: Path) -> Path:
    return root / ".venv" / ("Scripts/python.exe" if WINDOWS else "bin/python")


def ready_python(root: Path, lock: str) -> Path:
    """The environment's Python, with everything in `lock` installed.

    A mark lies in the environment while it is worked on. Whoever finds one knows that the last
    time was broken off, perhaps in the middle of a package, and starts afresh.
    """
    python, stamp, mark = venv_python(root), stamp_of(root, lock), root / ".venv/linli-unfinished"
    wanted = f"{VERSION} {hashlib.sha256((root / lock).read_bytes()).hexdigest()}"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted and not mark.exists():
        return python
    if mark.exists() or not usable(python):
        make_venv(root, mark)
    mark.touch()
    stamp.unlink(missing_ok=True)
    install(root, python, root / lock, mark)
    stamp.write_text(wanted)
    mark.unlink()
    return python


def stamp_of(root: Path, lock: str) -> Path:
    return root / ".venv" / f"linli-{lock}.stamp"


def usable(python: Path) -> bool:
    """Whether it starts, is of our own version and has pip."""
    probe = "import pip, sys; print('{}.{}'.format(*sys.version_info[:2]))"
    try:
        done = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.strip() == VERSION


def make_venv(root: Path, mark: Path) -> None:
    venv = root / ".venv"
    if Path(sys.prefix).resolve() == venv.resolve():
        sys.exit("当前 Python 就在需要重建的 .venv 里：请先运行 deactivate，再用系统的 Python 启动。")
    maker = venv_maker()
    print(f"正在建立运行环境 {venv}", flush=True)
    shutil.rmtree(venv, ignore_errors=True)
    venv.mkdir(exist_ok=True)
    mark.touch()
    if subprocess.run([sys.executable, "-m", maker, venv], env=child_env(), check=False).returncode:
        sys.exit(f"未能建立 {venv}，原因见上。请检查磁盘空间和写入权限后重试。")


def venv_maker() -> str:
    """Debian ships Python without ensurepip; then `python -m venv` can't work."""
    for needed, maker in (("ensurepip", "venv"), ("virtualenv", "virtualenv")):
        if importlib.util.find_spec(needed):
            return maker
    sys.exit(f"这个 Python 缺少 venv 组件，请先安装：sudo apt-get install python{VERSION}-venv")


def install(root: Path, python: Path, lock: Path, mark: Path) -> None:
    print(f"正在安装 {lock.name} 中的依赖（首次需要几分钟）", flush=True)
    if pip(root, python, "install", "--require-hashes", "-r", str(lock)):
        mark.unlink()  # pip ended by itself: nothing is half installed
        sys.exit(install_advice(root))


def install_advice(root: Path) -> str:
    made_for = root / "wheelhouse" / "made-for.txt"
    if made_for.exists() and made_for.read_text() != PLATFORM:
        return f"离线安装包是为 {made_for.read_text()} 制作的，本机是 {PLATFORM}：请换用相同的 Python。"
    return "依赖没有装好，原因见上。请检查网络或 PIP_INDEX_URL；不能上网请用 python run.py bundle。"


def pip(root: Path, python: Path, verb: str, *args: str) -> int:
    """Run pip; a `wheelhouse` folder beside this file stands for the internet."""
    house = root / "wheelhouse"
    offline = ["--no-index", "--find-links", str(house)] if house.is_dir() else []
    command = [str(python), "-m", "pip", verb, "--disable-pip-version-check", "--no-input"]
    return subprocess.run([*command, *offline, *args], env=child_env(), check=False).returncode


# --- bundle ---------------------------------------------------------------------------------


SOURCE_FILES = [
    *("*.py", "pyproject.toml", "requirements*", "*.md", "LICENSE*"),
    *("Makefile", "run.bat", ".gitignore"),
]
SOURCE_FOLDERS = [
    *(".ci", ".streamlit", "bench", "db", "demo", "docs", "domain"),
    *("files", "jobs", "pages", "tests", "ui", "web"),
]


def bundle_command(args: list[str]) -> int:
    parser = argparse.ArgumentParser("run.py bundle", description="制作离线安装包")
    parser.add_argument("dir", nargs="?", type=Path, default=ROOT / "bundle", metavar="DIR")
    parser.add_argument("--dev", action="store_true", help="连同测试工具一起打包")
    options = parser.parse_args(args)
    target = options.dir.resolve()
    bundle(ROOT, target, [RUN, DEV] if options.dev else [RUN], ready_python(ROOT, RUN))
    print(f"已制作 {target}（{PLATFORM}）")
    print("把整个文件夹拷到系统和 Python 版本相同的电脑上，运行 python run.py 即可。")
    return 0


def bundle(root: Path, target: Path, locks: list[str], python: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        sys.exit(f"{target} 不是空文件夹：请先移走它，或另写一个文件夹。")
    for name in source_files(root):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target / name)
    house = target / "wheelhouse"
    house.mkdir(parents=True)
    for lock in locks:
        # Wheels only: the machine it goes to may have no compiler and no internet to build with.
        wheels = ["--require-hashes", "--only-binary", ":all:", "-d", str(house)]
        if pip(root, python, "download", *wheels, "-r", str(root / lock)):
            sys.exit(f"未能下载 {lock} 中的依赖，原因见上。{target} 不完整，请删除后重试。")
    (house / "made-for.txt").write_text(PLATFORM)


def source_files(root: Path) -> list[Path]:
    """The program by name: data, keys and tables that lie beside it must never travel along."""
    files = [path for pattern in SOURCE_FILES for path in root.glob(pattern)]
    for folder in SOURCE_FOLDERS:
        files += [path for path in (root / folder).rglob("*") if path.is_file()]
    return sorted(path.relative_to(root) for path in files if "__pycache__" not in path.parts)


# --- test -----------------------------------------------------------------------------------


class Result(NamedTuple):
    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    reasons: set[str]  # why tests were skipped


CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy", "--num-workers", "2"],
}
# Each worker begins with a stretch of its own: what a whole file shares is mostly made but once.
TWO = ["-n", "2", "--dist", "worksteal"]
SUITES = {
    "fast": TWO,
    "slow": [*TWO, "-m", "slow and not pg and not e2e"],
    "postgresql": [*TWO, "-m", "pg and not e2e"],
    "browser": [*TWO, "-m", "e2e", "tests/e2e"],
}


def test(args: list[str]) -> int:
    if args[:1] in (["-h"], ["--help"]):
        print(TEST_HELP)
        return 0
    python = ready_python(ROOT, DEV)
    results = run_only(python, args[args[:1] == ["--"] :]) if args else run_all(python)
    print_summary(results)
    return 1 if any(result.failed for result in results) else 0


def run_only(python: Path, args: list[str]) -> list[Result]:
    return [run_suite(python, "pytest", ["-m", "", *args])]  # what is named runs, slow or not


def run_all(python: Path) -> list[Result]:
    """Go on after a failure: one run shows all there is to mend."""
    checks = [run_check(python, name, args) for name, args in CHECKS.items()]
    return checks + [run_suite(python, name, args) for name, args in SUITES.items()]


def run_check(python: Path, name: str, args: list[str]) -> Result:
    code, seconds = run_phase(name, [str(python), "-m", *args])
    return Result(name, code == 0, code != 0, 0, seconds, set())


def run_suite(python: Path, name: str, args: list[str]) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-q", "-rs", "-p", "tests.require_all", f"--junitxml={report}"]
        command = [str(python), "-m", "pytest", *options, *args]
        code, seconds = run_phase(name, command)
        passed, failed, reasons = count(report)
    # Broken before or beside its tests (a bad option, a crash, nothing to run) is a failure too.
    failed = max(failed, int(code != 0))
    return Result(name, passed, failed, len(reasons), seconds, set(reasons))


def run_phase(name: str, command: list[str]) -> tuple[int, float]:
    print(f"\n=== {name}", flush=True)
    started = time.monotonic()
    # compiled once for all phases and for every program that the tests start, even where a container says not to
    env = {**child_env(), "PYTHONDONTWRITEBYTECODE": ""}
    code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    return code, time.monotonic() - started


def count(report: Path) -> tuple[int, int, list[str]]:
    """Passed, failed and the reason of each skipped one, from pytest's JUnit file."""
    cases = list(ET.parse(report).iter("testcase")) if report.exists() else []
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    reasons = [skip.get("message", "") for case in cases for skip in case.findall("skipped")]
    return len(cases) - failed - len(reasons), failed, reasons


def print_summary(results: list[Result]) -> None:
    print(f"\n{'phase':<12} {'result':<8} {'passed':>7} {'failed':>7} {'skipped':>7} {'seconds':>8}")
    for name, passed, failed, skipped, seconds, _ in results:
        word = "FAILED" if failed else "ok" if passed else "skipped"
        print(f"{name:<12} {word:<8} {passed:>7} {failed:>7} {skipped:>7} {seconds:>8.1f}")
    for result in results:
        for reason in sorted(result.reasons):
            print(f"skipped in {result.name}: {reason}")
    print(closing_line(results))


def closing_line(results: list[Result]) -> str:
    passed, failed, skipped = (sum(column) for column in list(zip(*results, strict=True))[1:4])
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
