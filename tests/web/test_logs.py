"""The log holds ids and codes, and nothing that a person typed."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from domain.errors import NotAllowed
from tests.web.conftest import PASSWORD, log_in, origin
from web import errors, logs

SECRETS = ("13812345678", "张三丰", "zhangsanfeng", "绝密文字", PASSWORD, "planted-wrong")


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_no_secret_reaches_the_log(client: TestClient, log_file: Path) -> None:
    client.get("/tickets?tk_q=张三丰&phone=13812345678")
    client.get("/login?next=/tickets?tk_q=绝密文字")
    log_in(client, login="zhangsanfeng", password="planted-wrong")
    log_in(client, login="13812345678", password="planted-wrong")
    log_in(client, next="/tickets?tk_q=zhangsanfeng")
    for path in ("/tickets?q=张三丰", "/张三丰", "/t/13812345678", "/media/13812345678.png", "/broken?q=绝密文字"):
        client.get(path, headers={"user-agent": "绝密文字".encode(), "referer": "http://x/?张三丰".encode()})
    change = {"old": PASSWORD, "new": "planted-wrong", "again": "张三丰"}
    client.post("/password", data=change, headers=origin())
    errors.script_error_text(ValueError("张三丰 13812345678"))

    written = log_file.read_text("utf-8")
    assert len(lines(log_file)) >= 12
    assert not [secret for secret in (*SECRETS, *client.cookies.values()) if secret in written]


def test_a_line_names_request_and_user_and_the_path_without_its_query(logged_in: TestClient, log_file: Path) -> None:
    logged_in.get("/tickets?tk_mine=1")

    line = lines(log_file)[-1]
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/tickets", 200)
    assert line["request_id"] and line["user_id"]


def test_assets_and_probes_are_not_worth_a_line(client: TestClient, log_file: Path) -> None:
    client.get("/static/app.js")
    client.get("/healthz")

    assert not log_file.exists()


def test_the_number_on_the_page_is_the_one_in_the_log(logged_in: TestClient, log_file: Path) -> None:
    answer = logged_in.get("/broken")

    failure = next(line for line in lines(log_file) if line["event"] == "error")
    assert str(failure["request_id"]) in answer.text
    assert failure["error"] == "ValueError"
    assert "conftest.py" in str(failure["at"])


def test_a_script_error_is_a_sentence_with_its_number(log_file: Path) -> None:
    sentence = errors.script_error_text(KeyError("x"))

    assert str(lines(log_file)[-1]["request_id"]) in sentence


def test_a_refusal_is_shown_as_its_own_sentence(log_file: Path) -> None:
    assert errors.script_error_text(NotAllowed("请联系社区工作者。")) == "请联系社区工作者。"
    assert not log_file.exists()


def test_the_log_rotates(log_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs.LOGGER.handlers[0], "maxBytes", 300)

    for _ in range(10):
        logs.write("request", path="/tickets")

    assert log_file.with_suffix(".log.1").exists()


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/", "/"),
        ("/tickets", "/tickets"),
        ("/_stcore/upload_file/1/2", "/…"),
        ("/media/abc.png", "/media/…"),
        ("/t/sometoken", "/t/…"),
        ("/张三", "/…"),
        ("/tickets/13812345678", "/tickets/…"),
    ],
)
def test_a_path_is_cut_where_a_token_or_name_could_stand(path: str, kept: str) -> None:
    assert logs.safe_path(path) == kept


def test_an_unknown_field_is_dropped(log_file: Path) -> None:
    logs.write("request", name="张三丰", status=200)

    assert "张三丰" not in log_file.read_text("utf-8")
