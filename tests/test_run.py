"""Starting: `run.py` with a tiny project and a tiny wheel of its own, so no network is asked."""

import ast
import base64
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import run

SOURCE = run.ROOT / "run.py"

CLI = """\
import sys, time
import linli_tiny
try:
    print("cli", sys.argv[1:], "utf8" if sys.flags.utf8_mode else "", flush=True)
    time.sleep(60 if "sleep" in sys.argv else 0)
except KeyboardInterrupt:
    print("ended in its own way")
sys.exit(7 if "fail" in sys.argv else 0)
"""


def make_wheel(folder: Path) -> Path:
    name, info = "linli_tiny-1.0", "linli_tiny-1.0.dist-info"
    files = {
        "linli_tiny.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: linli-tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{path},{digest(text)},{len(text)}\n" for path, text in files.items()]
    files[f"{info}/RECORD"] = "".join(record) + f"{info}/RECORD,,\n"
    folder.mkdir(parents=True)
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def start(project: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    # PIP_CONFIG_FILE: what this machine's pip is set to must not help
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, project / "run.py", *args],
        env={**os.environ, **offline, **env},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was started once, for real."""
    project = tmp_path_factory.mktemp("项目 with space")
    shutil.copy(SOURCE, project)
    (project / "cli.py").write_text(CLI)
    wheel = make_wheel(project / "wheelhouse")
    checksum = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (project / "requirements.txt").write_text(f"linli-tiny==1.0 --hash=sha256:{checksum}\n")

    done = start(project, "export", "工单.xlsx")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("cli ['export', '工单.xlsx'] utf8\n")
    return project


@pytest.fixture
def project(started: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(started, tmp_path / "project", symlinks=True))


@pytest.mark.slow
def test_a_second_start_installs_nothing(project: Path) -> None:
    assert start(project).stdout == "cli ['serve'] utf8\n"


@pytest.mark.slow
def test_options_without_a_command_go_to_serve(project: Path) -> None:
    done = start(project, "--port", "9000")

    assert done.stdout == "cli ['serve', '--port', '9000'] utf8\n"


@pytest.mark.slow
def test_the_exit_status_is_that_of_the_command(project: Path) -> None:
    assert start(project, "fail").returncode == 7


@pytest.mark.slow
def test_a_changed_lock_is_installed_again(project: Path) -> None:
    lock = project / "requirements.txt"
    lock.write_text(lock.read_text() + "# changed\n")

    first, second = start(project), start(project)

    assert "正在安装 requirements.txt" in first.stdout
    assert "正在安装" not in second.stdout


@pytest.mark.slow
def test_an_installation_that_was_broken_off_is_made_anew(project: Path) -> None:
    (project / ".venv" / "linli-unfinished").touch()
    for half_installed in (project / ".venv").rglob("linli_tiny.py"):
        half_installed.unlink()

    done = start(project)

    assert done.returncode == 0, done.stderr
    assert "正在建立运行环境" in done.stdout
    assert start(project).stdout == "cli ['serve'] utf8\n"


@pytest.mark.slow
def test_an_environment_without_pip_is_made_anew(project: Path) -> None:
    run.stamp_of(project, "requirements.txt").unlink()
    for pip in [path for path in (project / ".venv").rglob("pip") if path.is_dir()]:
        shutil.rmtree(pip)

    assert start(project).returncode == 0


@pytest.mark.slow
def test_a_package_with_another_hash_is_refused_in_one_line(project: Path) -> None:
    lock = project / "requirements.txt"
    good = lock.read_text()
    lock.write_text(f"linli-tiny==1.0 --hash=sha256:{'0' * 64}\n")
    for package in (project / ".venv").rglob("linli_tiny-1.0.dist-info"):
        shutil.rmtree(package)

    refused = start(project)
    lock.write_text(good)
    mended = start(project)

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("依赖没有装好")
    assert "Traceback" not in refused.stderr
    assert mended.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(run.WINDOWS, reason="Windows sends Ctrl-C to a console, not to a process")
def test_ctrl_c_ends_the_command_in_its_own_way(project: Path) -> None:
    command = [sys.executable, str(project / "run.py"), "sleep"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline().startswith(b"cli")
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)

    assert (out, err, child.returncode) == (b"ended in its own way\n", b"", 0)


@pytest.mark.slow
def test_a_bundle_installs_without_internet_and_carries_no_data(project: Path, tmp_path: Path) -> None:
    (project / "linli-data").mkdir()
    (project / "linli-data" / "linli.sqlite3").touch()
    (project / "linli-data.key").touch()
    (project / "名单.xlsx").touch()
    target = tmp_path / "离线 bundle"

    run.bundle(project, target, ["requirements.txt"], run.venv_python(project))
    done = start(target, "export", PIP_FIND_LINKS="")

    names = sorted(path.name for path in target.iterdir())
    assert names == [".venv", "cli.py", "requirements.txt", "run.py", "wheelhouse"]
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("cli ['export'] utf8\n")


def test_a_bundle_never_overwrites_a_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()

    with pytest.raises(SystemExit, match="不是空文件夹"):
        run.bundle(run.ROOT, tmp_path, [], Path(sys.executable))


def test_a_bundle_holds_every_file_that_git_tracks() -> None:
    if not (run.ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=run.ROOT, capture_output=True, check=True)
    tracked = {Path(name) for name in listed.stdout.decode().split("\0") if name}

    missing = {name for name in tracked if (run.ROOT / name).exists()} - {*run.source_files(run.ROOT)}

    assert missing == set()


def test_a_bundle_on_another_python_says_so(tmp_path: Path) -> None:
    (tmp_path / "wheelhouse").mkdir()
    (tmp_path / "wheelhouse" / "made-for.txt").write_text("Python 3.11 win-amd64")

    advice = run.install_advice(tmp_path)

    assert "Python 3.11 win-amd64" in advice
    assert run.PLATFORM in advice


def test_an_old_python_can_read_the_file() -> None:
    ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_refused_in_one_line() -> None:
    lie = "import sys; sys.version_info = (3, 10); exec(open(sys.argv[1], encoding='utf-8').read())"

    done = subprocess.run([sys.executable, "-c", lie, SOURCE], capture_output=True, check=False)

    assert done.returncode == 1
    assert b"Python 3.11" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Modules that this Python shall be without."""
    names: set[str] = set()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in names else name)
    yield names


def test_a_debian_python_without_ensurepip_is_told_the_package(missing: set[str]) -> None:
    missing |= {"ensurepip", "virtualenv"}

    with pytest.raises(SystemExit, match=f"apt-get install python{run.VERSION}-venv"):
        run.venv_maker()


def test_virtualenv_stands_in_for_ensurepip(missing: set[str]) -> None:
    missing |= {"ensurepip"}

    assert run.venv_maker() == "virtualenv"


def test_where_no_exec_is_the_status_of_the_child_is_passed_on() -> None:
    assert run.wait_for([sys.executable, "-c", "raise SystemExit(7)"]) == 7


@pytest.mark.parametrize("asked", ["-h", "--help", "help"])
def test_help_needs_no_installation(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main([asked]) == 0

    assert "create-admin" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["test", "bundle"])
def test_its_own_commands_explain_themselves(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):  # argparse ends the program by itself
        run.main([command, "--help"])

    assert f"run.py {command}" in capsys.readouterr().out


@pytest.mark.parametrize("args", [["tests/test_x.py", "-k", "y"], ["--", "tests/test_x.py", "-k", "y"]])
def test_arguments_of_test_go_to_pytest_alone(args: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    phases: list[list[str]] = []

    def run_phase(_: str, command: list[str]) -> tuple[int, float]:
        phases.append(command)
        return 0, 0.1

    monkeypatch.setattr(run, "ready_python", lambda *_: Path("python"))
    monkeypatch.setattr(run, "run_phase", run_phase)

    run.test(args)

    assert [phase[1:3] for phase in phases] == [["-m", "pytest"]]
    assert phases[0][-5:] == ["-m", "", "tests/test_x.py", "-k", "y"]


def test_every_phase_runs_after_a_failure_and_the_closing_line_sums_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "ready_python", lambda *_: Path("python"))
    monkeypatch.setattr(run, "run_phase", phase_with_two_good_one_bad_one_skipped)

    status = run.test([])

    lines = capsys.readouterr().out.splitlines()
    assert status == 1
    assert lines[-1] == "8 passed, 7 failed, 4 skipped"
    assert "skipped in browser: no browser" in lines


def phase_with_two_good_one_bad_one_skipped(name: str, command: list[str]) -> tuple[int, float]:
    del name
    for argument in command:
        if argument.startswith("--junitxml="):
            Path(argument.partition("=")[2]).write_text(
                "<testsuites><testsuite><testcase/><testcase/><testcase><failure/></testcase>"
                '<testcase><skipped message="no browser"/></testcase></testsuite></testsuites>'
            )
    return 1, 0.1


def test_a_suite_that_breaks_before_its_tests_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "run_phase", lambda *_: (4, 0.1))

    result = run.run_suite(Path("python"), "fast", [])

    assert (result.passed, result.failed) == (0, 1)


def test_the_closing_line_is_short_when_nothing_was_skipped() -> None:
    results = [run.Result("mypy", 1, 0, 0, 1.0, set()), run.Result("fast", 5, 0, 0, 1.0, set())]

    assert run.closing_line(results) == "6 passed, 0 failed"
