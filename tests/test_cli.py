"""Each command does its work or says in one line on stderr why not, with exit status 1."""

import http.client
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import cli
import db
import db.engine
import settings
from db import setup, signal_devices
from db.models import AreaRow
from domain.errors import Refused
from settings import Settings
from tests.builders import World, report
from tests.db import caring
from web import logs

ROOT = Path(__file__).parent.parent
COMMANDS = ("serve", "demo", "import", "export", "create-admin", "migrate", "backup", "restore", "fsck")
ROWS = "编号,留言主题,留言内容,来信时间\n1,路灯坏了,三号楼前路灯不亮,2026-11-01 08:00\n2,,,2026-13-01\n"

Said = pytest.CaptureFixture[str]
Run = Callable[..., int]


@pytest.fixture(autouse=True)
def _settings_of_this_test_alone() -> Iterator[None]:
    yield
    db.engine.dispose()
    logs.close()
    settings._current.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "linli-data"


@pytest.fixture
def run(folder: Path) -> Run:
    return lambda *args: cli.main([*map(str, args), "--data", str(folder)])


@pytest.fixture
def real(world: World) -> World:
    """A real database in `folder`, with one ticket."""
    report(world, title="楼道灯坏了")
    return world


def failed(said: Said) -> str:
    """The one line on stderr, with nothing promised on stdout."""
    out, err = said.readouterr()
    assert (out, err.count("\n"), err.endswith("\n")) == ("", 1, True)
    return err.strip()


# --- what is asked for ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(command: str, capsys: Said) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])

    assert ended.value.code == 0
    assert "--data DIR" in capsys.readouterr().out


def test_the_help_names_the_two_commands_of_run_as_well(capsys: Said) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])

    out = capsys.readouterr().out
    assert {name for name in (*COMMANDS, "test", "bundle") if name not in out} == set()


@pytest.mark.parametrize(
    "args", [["nonsense"], ["backup"], ["export", "tickets"], ["demo", "--size", "huge"], ["--prot", "1"]]
)
def test_a_wrong_command_line_is_one_line_and_status_one(args: list[str], capsys: Said) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(args)

    assert ended.value.code == 1
    assert failed(capsys).startswith("命令写得不对：")


def test_a_wrong_setting_is_one_line(run: Run, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_PORT", "http")

    assert run("fsck") == 1
    assert "port" in failed(capsys)


@pytest.mark.parametrize(
    "args",
    [
        ("export", "tickets", "x.csv"),
        ("import", "tickets", "x.csv", "--source", "s"),
        ("create-admin", "boss"),
        ("migrate",),
        ("backup", "x.zip"),
        ("fsck",),
    ],
    ids=lambda args: args[0],
)
def test_a_folder_without_data_is_named_and_stays_empty(
    args: tuple[str, ...], run: Run, folder: Path, capsys: Said
) -> None:
    assert run(*args) == 1
    assert "里还没有数据" in failed(capsys)
    assert not folder.exists()


def test_an_unforeseen_error_is_one_line_with_a_number_that_the_log_knows(
    run: Run, folder: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_asked: object) -> int:
        raise ZeroDivisionError("13800001234")

    monkeypatch.setattr(cli, "check", broken)

    assert run("fsck") == 1

    number = re.search(r"错误编号 ([0-9A-F]{8})", failed(capsys))
    assert number
    log = (folder / "logs" / "linli.log").read_text("utf-8")
    assert "ZeroDivisionError" in log
    assert number[1] in log
    assert "13800001234" not in log


def test_an_unwritable_place_is_one_line(real: World, run: Run, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "file").touch()

    assert run("backup", tmp_path / "file" / "x.zip") == 1
    assert "备份没有写成" in failed(capsys)


def test_a_damaged_database_is_one_line(run: Run, folder: Path, capsys: Said) -> None:
    folder.mkdir()
    (folder / "linli.sqlite3").write_bytes(b"no database at all" * 100)

    assert run("fsck") == 1
    assert "数据库打不开" in failed(capsys)


def test_a_server_that_is_not_there_is_one_line(run: Run, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_DATABASE_URL", "postgresql://u:hidden@127.0.0.1:1/linli")

    assert run("fsck") == 1
    told = failed(capsys)
    assert "数据库打不开" in told
    assert "hidden" not in told


# --- the commands ---------------------------------------------------------------------------------


def test_a_sound_database_passes_fsck(real: World, run: Run, capsys: Said) -> None:
    assert run("fsck") == 0
    assert capsys.readouterr().out == "检查完毕，没有问题。\n"


def test_fsck_names_what_is_wrong_and_fails(real: World, run: Run, capsys: Said) -> None:
    raw = db.engine.get().raw_connection()
    raw.cursor().execute("UPDATE ticket SET version = 7")
    raw.close()

    assert run("fsck") == 1
    out, err = capsys.readouterr()
    assert out == "桂花社区 E0001 应有 7 条记录，实有 1 条\n"
    assert err.startswith("发现 1 处问题。")


def test_backup_and_restore_there_and_back(real: World, run: Run, tmp_path: Path, capsys: Said) -> None:
    assert run("backup", tmp_path / "b.zip") == 0
    assert "1 张工单" in capsys.readouterr().out
    report(real)
    db.engine.dispose()

    assert run("restore", tmp_path / "b.zip") == 0

    assert "原有数据保留在" in capsys.readouterr().out
    assert run("fsck") == 0
    assert db.read(lambda session: session.connection().exec_driver_sql("SELECT count(*) FROM ticket").scalar()) == 1


def test_a_backup_goes_over_no_other_file(real: World, run: Run, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "b.zip").write_text("mine")

    assert run("backup", tmp_path / "b.zip") == 1
    assert "已经存在" in failed(capsys)
    assert (tmp_path / "b.zip").read_text() == "mine"


def test_restoring_what_is_no_backup_fails(real: World, run: Run, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "b.zip").write_text("mine")

    assert run("restore", tmp_path / "b.zip") == 1
    assert "不是本程序的备份文件" in failed(capsys)


def test_an_administrator_is_made_with_a_password_told_once(real: World, run: Run, capsys: Said) -> None:
    assert run("create-admin", "boss") == 0
    assert re.search(r"管理员账号：boss\n初始密码：\S{8,}\n", capsys.readouterr().out)
    assert run("create-admin", "boss") == 1
    assert "已有人使用" in failed(capsys)


def test_a_device_is_registered_with_a_key_told_once_and_put_out_of_use(real: World, run: Run, capsys: Said) -> None:
    caring.elder(real)
    db.run(lambda tx: tx.get_one(AreaRow, real.community).__setattr__("code", "GH"))

    assert run("device", "床头按钮", "--community", "GH", "--elder", "L0001") == 0
    told = re.search(r"设备编号：(\S+)\n密钥：(lk_\S{40,})\n", capsys.readouterr().out)
    assert told
    assert db.read(signal_devices.by_key, key=told[2])

    assert run("device", told[1], "--stop") == 0
    assert db.read(signal_devices.by_key, key=told[2]) is None


def test_how_many_elders_to_measure_is_read_or_refused(run: Run, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("bench.checkins.run", lambda sizes, **_more: asked.append(list(sizes)))

    assert run("bench", "checkins", "--sizes", "1160, 10k,1M") == 0
    assert run("bench", "checkins") == 0
    assert run("bench", "checkins", "--sizes", "many") == 1

    assert asked == [[1160, 10_000, 1_000_000], [1160, 100_000, 1_000_000]]
    assert "看不懂规模“many”" in capsys.readouterr().err


@pytest.mark.parametrize(("place", "elder"), [("XX", "L0001"), ("GH", "L0099"), ("GH", "张奶奶"), ("", "")])
def test_a_device_of_nobody_is_refused(real: World, run: Run, capsys: Said, place: str, elder: str) -> None:
    db.run(lambda tx: tx.get_one(AreaRow, real.community).__setattr__("code", "GH"))

    assert run("device", "按钮", "--community", place, "--elder", elder) == 1
    assert "没有编" in failed(capsys)


def test_migrating_what_is_current_changes_nothing(real: World, run: Run, capsys: Said) -> None:
    assert run("migrate") == 0
    assert "已是本版本" in capsys.readouterr().out


def test_a_database_of_another_version_is_sent_to_migrate(real: World, run: Run, capsys: Said, tmp_path: Path) -> None:
    raw = db.engine.get().raw_connection()
    raw.cursor().execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()

    assert run("export", "tickets", tmp_path / "x.csv") == 1
    assert "python run.py migrate" in failed(capsys)
    assert run("migrate") == 1
    assert "请先升级程序" in failed(capsys)


def test_tickets_go_out_as_csv_and_xlsx(real: World, run: Run, tmp_path: Path, capsys: Said) -> None:
    assert run("export", "tickets", tmp_path / "x.csv") == 0
    assert run("export", "tickets", tmp_path / "x.xlsx") == 0

    assert capsys.readouterr().out.count("已导出 1 张工单") == 2
    assert "楼道灯坏了" in (tmp_path / "x.csv").read_text("utf-8-sig")
    assert (tmp_path / "x.xlsx").read_bytes().startswith(b"PK")


def test_an_export_of_another_kind_is_refused(real: World, run: Run, tmp_path: Path, capsys: Said) -> None:
    assert run("export", "tickets", tmp_path / "x.pdf") == 1
    assert ".xlsx 或 .csv" in failed(capsys)


def test_the_last_line_of_an_import_counts_and_a_second_run_brings_nothing_new(
    real: World, run: Run, tmp_path: Path, capsys: Said
) -> None:
    (tmp_path / "in.csv").write_text(ROWS, "utf-8")
    call = ("import", "tickets", tmp_path / "in.csv", "--source", "留言板", "--map", "留言主题=title")

    last = []
    for extra in (["--dry-run"], [], []):
        assert run(*call, *extra) == 0
        last.append(capsys.readouterr().out.splitlines()[-1])

    assert last == [
        "只检查，没有导入：新增 1，更新 0，未变 0，未导入 1",
        "新增 1，更新 0，未变 0，未导入 1",
        "新增 0，更新 0，未变 1，未导入 1",
    ]
    assert (tmp_path / "in-未导入.xlsx").exists()
    assert run("fsck") == 0


def test_an_import_names_the_faults_by_row_and_column_and_writes_them_where_asked(
    real: World, run: Run, tmp_path: Path, capsys: Said
) -> None:
    (tmp_path / "in.csv").write_text(ROWS, "utf-8")

    assert run("import", "tickets", tmp_path / "in.csv", "--source", "s", "--errors", tmp_path / "bad.xlsx") == 0

    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"第 3 行 [A-Z] \S+：", lines[0])
    assert "bad.xlsx" in lines[1]
    assert (tmp_path / "bad.xlsx").exists()
    assert not (tmp_path / "in-未导入.xlsx").exists()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--community", "XX"], "没有编码为“XX”的社区"),
        (["--map", "留言主题"], "--map 要写成 列名=字段"),
        (["--errors", "bad.csv"], "--errors 要写成"),
    ],
)
def test_a_wrong_option_of_an_import_is_one_line(
    extra: list[str], said: str, real: World, run: Run, tmp_path: Path, capsys: Said
) -> None:
    (tmp_path / "in.csv").write_text(ROWS, "utf-8")

    assert run("import", "tickets", tmp_path / "in.csv", "--source", "s", *extra) == 1
    assert said in failed(capsys)


def test_importing_a_file_that_is_not_there_is_one_line(real: World, run: Run, capsys: Said, tmp_path: Path) -> None:
    assert run("import", "tickets", tmp_path / "none.xlsx", "--source", "s") == 1
    assert "找不到" in failed(capsys)


def test_demo_data_is_made_and_made_anew(run: Run, folder: Path, capsys: Said) -> None:
    assert run("demo") == 0
    assert run("demo", "--size", "demo") == 0

    assert capsys.readouterr().out.count("已生成演示数据：600 张工单") == 2
    assert run("fsck") == 0
    assert (folder / "demo.sqlite3").exists()


def test_demo_data_does_not_go_over_real_data(real: World, run: Run, capsys: Said) -> None:
    assert run("demo") == 1
    assert "已是正式数据" in failed(capsys)
    assert run("demo", "--replay") == 1
    assert "只能在演示数据上重演" in failed(capsys)


# --- serving --------------------------------------------------------------------------------------


def test_half_a_certificate_is_refused_before_anything_is_made(
    run: Run, folder: Path, tmp_path: Path, capsys: Said
) -> None:
    assert run("serve", "--cert", tmp_path / "c.pem") == 1
    assert "--cert 和 --key" in failed(capsys)
    assert not folder.exists()


def test_an_address_that_is_not_ours_is_refused(run: Run, capsys: Said) -> None:
    assert run("--host", "192.0.2.77", "--no-browser") == 1
    assert "不能在 192.0.2.77:8501 上监听" in failed(capsys)


class Server:
    """`cli.py serve` in a process of its own, on a free port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.faults = folder.parent / "stderr.txt"
        command = [sys.executable, str(ROOT / "cli.py"), "serve", "--no-browser", "--port", "0", *options]
        with self.faults.open("w") as faults:
            self.process = subprocess.Popen(
                [*command, "--data", str(folder)], stdout=subprocess.PIPE, stderr=faults, text=True
            )
        assert self.process.stdout
        self.said = [self.process.stdout.readline()]
        while self.said[-1] and "已启动" not in self.said[-1]:
            self.said.append(self.process.stdout.readline())
        self.port = int(self.said[-1].rpartition(":")[2] or 0)

    def get(self, path: str, context: ssl.SSLContext | None = None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        if context:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self) -> tuple[int, str, str]:
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout
        said = "".join(self.said) + self.process.stdout.read()
        return self.process.wait(30), said, self.faults.read_text("utf-8")


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(*options: str) -> Server:
        started.append(Server(folder, *options))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()
        if server.process.stdout:
            server.process.stdout.close()


@pytest.mark.slow
def test_serving_starts_with_demo_data_answers_and_stops_cleanly(serve: Callable[..., Server], folder: Path) -> None:
    server = serve()

    assert [server.get(path) for path in ("/healthz", "/readyz", "/login")] == [200, 200, 200]
    status, out, err = server.stop()
    assert (status, err) == (0, "")
    assert out.splitlines()[1:] == [
        "现在是演示数据：登录页上每个角色一个按钮，点一下即可登录。",
        "按 Ctrl-C 停止。",
        "已停止。",
    ]
    assert list(folder.glob("demo.sqlite3*")) == [folder / "demo.sqlite3"]


@pytest.mark.slow
def test_an_empty_start_tells_the_first_password_once(serve: Callable[..., Server], folder: Path) -> None:
    _, first, _ = serve("--empty").stop()
    _, second, _ = serve("--empty").stop()

    assert re.search(r"管理员账号：admin  初始密码：\S+（只显示这一次", first)
    assert "初始密码" not in second
    assert [path.name for path in folder.glob("*.sqlite3")] == ["linli.sqlite3"]


@pytest.mark.slow
def test_a_database_that_is_served_is_not_restored_over(
    serve: Callable[..., Server], run: Run, tmp_path: Path, capsys: Said
) -> None:
    server = serve()
    assert run("backup", tmp_path / "b.zip") == 0
    capsys.readouterr()

    assert run("restore", tmp_path / "b.zip") == 1

    assert "程序正在使用" in failed(capsys)
    assert server.get("/readyz") == 200


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(start).not_valid_after(start + timedelta(days=3650))
    signed = made.sign(key, hashes.SHA256())
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return cert, private


@pytest.mark.slow
def test_serving_with_a_certificate_speaks_https(serve: Callable[..., Server], tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    server = serve("--cert", str(cert), "--key", str(key))
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

    assert "https://127.0.0.1:" in server.said[0]
    assert server.get("/healthz", trusting) == 200
    assert server.stop()[0] == 0


@pytest.mark.slow
def test_a_failure_of_the_program_itself_is_one_line_and_status_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "fsck", "--data", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_the_key_of_other_data_is_refused(real: World, run: Run, db_sqlite: Settings, capsys: Said) -> None:
    from db import crypto

    db_sqlite.key_path.unlink()
    crypto.make_key_file(db_sqlite.key_path)

    with pytest.raises(Refused, match="密钥与数据不匹配"):
        setup.prepare(now=datetime(2026, 11, 20, tzinfo=UTC))
    assert run("migrate") == 1
    assert "密钥与数据不匹配" in failed(capsys)


def test_fsck_holds_the_ledger_to_a_copy_of_its_anchors(real: World, run: Run, tmp_path: Path, capsys: Said) -> None:
    from db import anchors

    anchors.write({real.community: (3, "f" * 64)}, now=datetime(2026, 11, 20, tzinfo=UTC))
    copy = anchors.folder().rename(tmp_path / "copy")

    assert run("fsck") == 0
    assert run("fsck", "--anchors", str(tmp_path / "none")) == 1
    assert run("fsck", "--anchors", str(copy)) == 1
    assert "缺了留存过的第 3 笔" in capsys.readouterr().out
