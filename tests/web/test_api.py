"""The devices' address: a key and nothing else lets one in, each signal counts once, none holds up another."""

from typing import Any
from uuid import uuid4

import pytest

import db
from db import signal_devices
from db.elders import Elder
from domain.care import Look, WindowState
from domain.errors import NotAllowed
from domain.incidents import Cause
from tests.builders import NOW, World
from tests.db import caring
from tests.db.caring import TOMORROW, at
from tests.web.conftest import TestClient, open_client
from web import api
from web.api import Allowance

MORNING = at(TOMORROW, 7, 30)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with full allowances, at a fixed hour."""
    monkeypatch.setattr(api, "_of_device", Allowance(api.A_MINUTE, api.AT_ONCE))
    monkeypatch.setattr(api, "_of_strangers", Allowance(api.WRONG_KEYS, api.WRONG_KEYS))
    monkeypatch.setattr(api, "now", lambda: MORNING)


@pytest.fixture
def elder(world: World) -> Elder:
    made = caring.elder(world)
    caring.made_day()
    return made


@pytest.fixture
def key(world: World, elder: Elder) -> str:
    return register(world, elder)[1]


@pytest.fixture
def button(world: World) -> TestClient:
    client = open_client()
    client.headers.pop("accept")
    return client


def register(world: World, elder: Elder) -> tuple[signal_devices.Device, str]:
    call = {"community_id": world.community, "elder_id": elder.id, "label": "床头按钮"}
    return db.run(signal_devices.add, actor=world.coordinator, **call, now=NOW)  # type: ignore[arg-type]


def post(client: TestClient, key: str, *signals: Any, **headers: str) -> Any:
    sent = {"authorization": f"Bearer {key}"} | headers
    return client.post("/api/v1/signals", json={"signals": list(signals)}, headers=sent)


def signal(kind: str, **more: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "kind": kind, "at": MORNING.isoformat()} | more


def test_a_call_for_help_sent_twice_is_one_incident_of_the_highest_grade(
    button: TestClient, key: str, elder: Elder
) -> None:
    press = signal("help")

    answers = [post(button, key, press, press).json(), post(button, key, press).json()]

    assert answers[0]["results"] == [{"id": press["id"], "ok": True}] * 2
    assert answers[1]["results"] == [{"id": press["id"], "ok": True}]
    (incident,) = caring.incidents(elder.id)
    assert (incident.cause, incident.severity) == (Cause.BUTTON, 1)


def test_each_of_a_batch_is_judged_by_itself(button: TestClient, key: str, elder: Elder) -> None:
    bad = [signal("dance"), signal("fine", id="7"), signal("fine", at="2026-11-21 7:30"), "help", signal("talked")]
    old = signal("fine", at="2026-01-01T00:00:00+08:00")

    told = post(button, key, *bad, old, signal("help"), signal("fine")).json()["results"]

    assert [one["ok"] for one in told] == [False] * 6 + [True, True]
    assert all(one["why"] for one in told[:6])
    assert [one.look for one in caring.observations(elder.id)] == [Look.HELP, Look.FINE]


def test_fine_pressed_by_the_elder_is_the_look_of_the_day(button: TestClient, key: str, elder: Elder) -> None:
    post(button, key, signal("fine", at=None))

    assert caring.window(elder.id).state == WindowState.SEEN_OK


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer lk_wrong", "Basic {}", "Bearer " + "x" * 300])
def test_without_the_right_key_nothing_is_taken(button: TestClient, key: str, elder: Elder, said: str) -> None:
    answer = button.post(
        "/api/v1/signals", json={"signals": [signal("help")]}, headers={"authorization": said.format(key)}
    )

    assert (answer.status_code, list(answer.json())) == (401, ["error"])
    assert caring.observations(elder.id) == []


def test_a_device_out_of_use_is_refused_from_the_next_request_on(
    button: TestClient, world: World, elder: Elder
) -> None:
    device, key = register(world, elder)
    assert post(button, key, signal("fine")).status_code == 200

    db.run(signal_devices.stop, actor=world.coordinator, device_id=device.id, now=NOW)

    assert post(button, key, signal("fine")).status_code == 401
    (listed,) = db.read(signal_devices.listed, actor=world.coordinator, community_id=world.community)
    assert (listed.active, listed.heard_at) == (False, MORNING)


def test_only_whoever_plans_the_looks_registers_devices_there(world: World, elder: Elder) -> None:
    for actor in (world.volunteer, world.leader, world.stranger):
        with pytest.raises(NotAllowed):
            db.run(
                signal_devices.add,
                actor=actor,
                community_id=world.community,
                elder_id=elder.id,
                label="按钮",
                now=NOW,
            )


def test_a_session_is_no_key_and_another_sites_page_gets_nowhere(logged_in: TestClient, key: str, elder: Elder) -> None:
    answer = logged_in.post(
        "/api/v1/signals", json={"signals": [signal("help")]}, headers={"origin": "https://evil.example"}
    )

    assert answer.status_code == 401
    assert caring.observations(elder.id) == []


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"content": b"{"}, 400),
        ({"content": b"[]"}, 400),
        ({"content": b"{}"}, 422),
        ({"content": b'{"signals": []}'}, 422),
        ({"content": b'{"signals": [' + b"1," * 100 + b"1]}"}, 422),
        ({"content": b'{"signals": "' + b"x" * 70_000 + b'"}'}, 413),
        ({"content": b"[" * 50_000}, 400),
    ],
)
def test_what_is_no_batch_is_refused_in_words(button: TestClient, key: str, call: Any, status: int) -> None:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    answer = button.post("/api/v1/signals", **call, headers=headers)

    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_another_type_is_refused(button: TestClient, key: str) -> None:
    assert post(button, key, **{"content-type": "text/plain"}).status_code == 415


def test_a_device_gone_wild_is_slowed_down_and_the_others_are_not(
    button: TestClient, world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_of_device", Allowance(60, 2, clock=lambda: 0.0))
    other = register(world, caring.elder(world, 2))[1]

    answers = [post(button, key, signal("weak")) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "2"
    assert post(button, other, signal("weak")).status_code == 200


def test_keys_can_not_be_guessed_by_the_thousand(button: TestClient, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_of_strangers", Allowance(20, 3, clock=lambda: 0.0))

    answers = [post(button, "lk_guess", signal("help")).status_code for _ in range(4)]

    assert answers == [401, 401, 401, 429]


def test_an_allowance_comes_back_with_time() -> None:
    time = [0.0]
    allowed = Allowance(60, 2, clock=lambda: time[0])

    taken = [allowed.take("a"), allowed.take("a"), allowed.take("a"), allowed.take("b")]
    time[0] = 1.5

    assert taken == [True, True, False, True]
    assert [allowed.take("a"), allowed.take("a")] == [True, False]


def test_no_other_address_is_there(button: TestClient) -> None:
    assert button.get("/api/v1/elders").status_code == 404
    assert button.get("/api/v1/signals").status_code in (404, 405)
    assert button.post("/api/v1/../round/looks").status_code != 200
