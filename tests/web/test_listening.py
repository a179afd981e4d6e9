"""Where the server listens, and what the terminal says about it."""

import io
import socket
from pathlib import Path

import pytest
import segno
from pydantic import SecretStr

from db.setup import FirstAdmin
from domain.errors import Refused
from settings import Settings
from web import greeting, listening


def test_a_free_port_is_taken_as_it_is() -> None:
    port = listening.free_port("127.0.0.1", 0)

    assert listening.free_port("127.0.0.1", port) == port


def test_a_port_in_use_leads_to_a_later_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert port < listening.free_port("127.0.0.1", port) < port + listening.TRIED


@pytest.mark.parametrize(("host", "port"), [("192.0.2.77", 0), ("no such host.invalid", 8501), ("127.0.0.1", 70000)])
def test_what_cannot_be_listened_on_is_refused(host: str, port: int) -> None:
    with pytest.raises(Refused):
        listening.free_port(host, port)


def test_nobody_answers_on_a_port_without_a_server() -> None:
    assert not listening.answers("http", "127.0.0.1", listening.free_port("127.0.0.1", 0))


@pytest.mark.parametrize(
    ("scheme", "host", "url"),
    [("http", "127.0.0.1", "http://127.0.0.1:80"), ("https", "::1", "https://[::1]:80")],
)
def test_an_address_as_it_is_typed(scheme: str, host: str, url: str) -> None:
    assert listening.url(scheme, host, 80) == url


def told(tmp_path: Path, **how: object) -> str:
    held = Settings(data_dir=tmp_path, **how)  # type: ignore[arg-type]
    return "\n".join(greeting.lines(held, "http", 8501))


def test_on_this_machine_the_terminal_names_the_address_and_the_demo(tmp_path: Path) -> None:
    said = told(tmp_path)

    assert "http://127.0.0.1:8501" in said
    assert "点一下即可登录" in said
    assert "同一网络" not in said


def test_on_the_network_it_names_the_address_with_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "lan_addresses", lambda: ["192.168.1.5", "10.0.0.9"])

    said = told(tmp_path, host="0.0.0.0")

    code = io.StringIO()
    segno.make("http://192.168.1.5:8501").terminal(code, compact=True)
    assert "同一网络的设备请打开：http://192.168.1.5:8501\n同一网络的设备请打开：http://10.0.0.9:8501" in said
    assert code.getvalue().rstrip("\n") in said
    assert "请加 --demo-lan" in said


def test_without_a_network_it_still_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "lan_addresses", list)

    assert "http://127.0.0.1:8501" in told(tmp_path, host="0.0.0.0")


def test_a_demo_for_the_network_comes_with_its_passcode(tmp_path: Path) -> None:
    assert "演示口令：123456" in told(tmp_path, demo_lan=True, demo_passcode=SecretStr("123456"))


def test_with_real_data_there_is_no_word_of_a_demo(tmp_path: Path) -> None:
    (tmp_path / "linli.sqlite3").touch()

    assert "演示" not in told(tmp_path, demo_lan=True, demo_passcode=SecretStr("123456"))


def test_the_first_administrator_is_told_login_and_password() -> None:
    assert "管理员账号：admin  初始密码：Xy7-pass" in greeting.admin(FirstAdmin("admin", "Xy7-pass"))
