"""The light pages: in, out, one's own password, the demo."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

import db
import settings
from domain.accounts import DEVICE_COOKIE, SESSION_COOKIE
from tests.builders import World
from tests.web.conftest import PASSWORD, build, log_in, make_user, open_client, origin
from web.forms import safe_next

# --- where the login leads


@pytest.mark.parametrize("wanted", ["/", "/tickets", "/tickets?tk_status=late&ticket=7", "/me#top"])
def test_a_deep_link_survives_the_login(client: TestClient, wanted: str) -> None:
    page = client.get("/login", params={"next": wanted})
    assert f'value="{wanted.replace("&", "&amp;")}"' in page.text

    answer = log_in(client, next=wanted)

    assert (answer.status_code, answer.headers["location"]) == (303, wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "evil.example",
        "",
        "/login?next=/login",
        "/logout",
        "/" + "x" * 2_001,
    ],
)
def test_no_link_leads_to_another_site(wanted: str) -> None:
    assert safe_next(wanted) == "/"


def test_a_login_does_not_lead_to_another_site_either(client: TestClient) -> None:
    page = client.get("/login", params={"next": "//evil.example"})

    assert "evil" not in page.text
    assert log_in(client, next="/\\evil.example").headers["location"] == "/"


# --- in and out


def test_a_login_sets_two_cookies_that_no_script_can_read(client: TestClient) -> None:
    answer = log_in(client)

    held = answer.headers.get_list("set-cookie")
    assert [c.split("=")[0] for c in held] == [SESSION_COOKIE, DEVICE_COOKIE]
    for cookie in held:
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
        assert "Secure" not in cookie


def test_over_https_the_cookies_are_secure(client: TestClient, change_settings: Callable[..., Any]) -> None:
    change_settings(public_url="https://linli.example")

    assert all("Secure" in c for c in log_in(client).headers.get_list("set-cookie"))


def test_a_wrong_password_is_refused_in_chinese(client: TestClient) -> None:
    answer = log_in(client, password="wrong", next="/me")

    assert answer.status_code == 401
    assert "账号或密码不对" in answer.text
    assert 'value="/me"' in answer.text and 'value="linfang"' in answer.text
    assert "wrong" not in answer.text
    assert SESSION_COOKIE not in answer.headers.get("set-cookie", "")


def test_too_many_tries_have_to_wait(client: TestClient) -> None:
    for _ in range(5):
        log_in(client, password="wrong")

    answer = log_in(client)

    assert answer.status_code == 429
    assert "2 秒后再试" in answer.text
    assert answer.headers["retry-after"] == "2"


def test_what_is_typed_is_escaped(client: TestClient) -> None:
    answer = log_in(client, login="<script>x</script>", password="y")

    assert "<script>" not in answer.text


def test_a_huge_form_is_refused(client: TestClient) -> None:
    assert log_in(client, password="x" * 20_000).status_code == 413


def test_logging_out_takes_the_cookie_and_the_session(logged_in: TestClient) -> None:
    token = logged_in.cookies[SESSION_COOKIE]
    assert "退出所有设备" in logged_in.get("/logout").text

    answer = logged_in.post("/logout", headers=origin())

    assert answer.headers["location"] == "/login"
    assert SESSION_COOKIE not in logged_in.cookies
    assert logged_in.get("/tickets", headers={"cookie": f"{SESSION_COOKIE}={token}"}).status_code == 303


def test_logging_out_everywhere_ends_the_other_browser_too(logged_in: TestClient) -> None:
    other = open_client()
    log_in(other)

    logged_in.post("/logout", data={"everywhere": "1"}, headers=origin())

    assert other.get("/tickets").status_code == 303


def test_the_login_page_says_who_is_here(logged_in: TestClient) -> None:
    assert "您已登录为 林芳" in logged_in.get("/login").text


# --- one's own password


def change(client: TestClient, **fields: str) -> Any:
    sent = {"old": PASSWORD, "new": "另一个好密码 99", "again": "另一个好密码 99", **fields}
    return client.post("/password", data=sent, headers=origin())


def test_an_initial_password_is_changed_and_leads_on(client: TestClient) -> None:
    log_in(client, "newcomer")
    assert "初始密码" in client.get("/password").text

    answer = change(client, next="/me")

    assert answer.headers["location"] == "/me"
    assert client.get("/me").status_code == 200


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"again": "x"}, "两次填写的新密码不一样"),
        ({"old": "x"}, "原密码不对"),
        ({"new": "12345678", "again": "12345678"}, "太常见"),
    ],
)
def test_a_password_refused_says_why(logged_in: TestClient, fields: dict[str, str], sentence: str) -> None:
    answer = change(logged_in, **fields)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert logged_in.get("/tickets").status_code == 200


# --- the demo


@pytest.fixture
def demo(world: World) -> TestClient:
    """李敏 of the demo, in a database that is the demo's."""
    make_user(world, "demo-limin", "李敏", None, demo=True)
    held = settings.current()
    db.engine.dispose()
    held.real_file.rename(held.demo_file)
    return open_client()


def enter(client: TestClient, **more: str) -> Any:
    return client.post("/login", data={"demo": "demo-limin", "next": "/me", **more}, headers=origin())


def test_one_click_is_enough_on_this_machine(demo: TestClient) -> None:
    page = demo.get("/login")
    assert "社区工作者 · 李敏" in page.text and "演示数据" in page.text and "口令" not in page.text

    assert enter(demo).headers["location"] == "/me"
    assert demo.get("/me").status_code == 200


FOREIGN = {"host": "evil.example:8501", "origin": "http://evil.example:8501"}


@pytest.mark.parametrize(
    ("address", "values", "sent"),
    [
        ("192.168.1.5", {}, {}),
        ("127.0.0.1", {"host": "0.0.0.0"}, {}),
        ("127.0.0.1", {"public_url": "https://linli.example"}, {}),
        ("127.0.0.1", {}, {"x-forwarded-for": "203.0.113.9"}),
        ("127.0.0.1", {}, {"forwarded": "for=203.0.113.9"}),
        ("127.0.0.1", {}, FOREIGN),
        ("127.0.0.1", {"demo_lan": True, "host": "0.0.0.0"}, {}),  # no passcode is set
    ],
)
def test_elsewhere_there_is_no_demo(
    demo: TestClient, address: str, values: dict[str, Any], sent: dict[str, str]
) -> None:
    settings.use(settings.current().model_copy(update=values))
    client = open_client(address)

    assert "李敏" not in client.get("/login", headers=sent).text
    answer = client.post("/login", data={"demo": "demo-limin"}, headers=origin() | sent)
    assert answer.status_code == 401


def test_with_real_data_there_is_no_demo(demo: TestClient) -> None:
    held = settings.current()
    db.engine.dispose()
    held.demo_file.rename(held.real_file)

    assert "李敏" not in demo.get("/login").text
    assert enter(demo).status_code == 401


def test_on_the_lan_the_demo_asks_for_the_passcode(demo: TestClient) -> None:
    lan = {"demo_lan": True, "host": "0.0.0.0", "demo_passcode": SecretStr("424242")}
    settings.use(settings.current().model_copy(update=lan))
    client = open_client("192.168.1.5")
    assert "演示口令" in client.get("/login").text

    assert "口令不对" in enter(client, passcode="000000").text
    assert enter(client).status_code == 401
    assert enter(client, passcode="424242").status_code == 303


def test_the_application_is_built_anew_for_each_start(logged_in: TestClient) -> None:
    again = TestClient(build(), logged_in.base_url, cookies=dict(logged_in.cookies), follow_redirects=False)

    assert again.get("/tickets").status_code == 200
