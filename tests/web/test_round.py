"""The round's page and its taps: own stops only, each tap once, refused ones with a reason."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

import db
from db import absences, outbox_sending, rules, windows
from db.elders import Elder
from db.models import IncidentEventRow, RevealRow, UserRow
from domain.access import Actor, Role
from domain.care import AbsenceKind, Look, Scope, Sign, WindowState
from domain.delivery import ACCEPTED
from domain.ids import new_key
from domain.incidents import IncidentState
from domain.windows import EVENING
from tests import sending
from tests.builders import World
from tests.db import caring
from tests.db.caring import TOMORROW, at
from tests.web.conftest import HERE, PASSWORD, TestClient, log_in, make_user, open_client, origin  # type: ignore[attr-defined]
from web import round as rounds_page
from web import round_handover

MORNING = at(TOMORROW, 7, 30)


class Phone:
    """A volunteer's phone: it knows its list and sends taps."""

    def __init__(self, client: TestClient, actor: Actor) -> None:
        self.client, self.actor = client, actor

    def shown(self) -> dict[str, Any]:
        shown = self.client.get("/round").text
        found = re.search(r'<script type="application/json" id="round">(.*?)</script>', shown, re.DOTALL)
        assert found, shown
        told: dict[str, Any] = json.loads(found[1])
        return told

    def tap(self, elder: Elder, look: str, *, age: float = 0, **more: Any) -> dict[str, Any]:
        return {"id": str(uuid4()), "window": caring.window(elder.id).id.hex, "look": look, "age": age} | more

    def send(self, *taps: Any, user: str | None = None) -> Any:
        body = {"user": user or self.actor.user_id.hex, "looks": list(taps)}
        return self.client.post("/round/looks", json=body, headers=origin())

    def said(self, *taps: Any) -> list[dict[str, Any]]:
        answer = self.send(*taps)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    def put(moment: datetime) -> None:
        for module in (rounds_page, round_handover):
            monkeypatch.setattr(module, "now", lambda: moment)

    put(MORNING)
    return put


@pytest.fixture
def phone(linfang: World, clock: Callable[[datetime], None]) -> Phone:
    return phone_of(linfang, "zhao", "赵晚霞")


def phone_of(world: World, login: str, name: str, role: Role = Role.VOLUNTEER) -> Phone:
    make_user(world, login, name, PASSWORD, must_change=False, grants=[(role, world.community)])
    client = open_client()
    assert log_in(client, login).status_code == 303
    user_id = db.read(lambda session: session.scalars(select(UserRow.id).where(UserRow.login == login)).one())
    return Phone(client, Actor(user_id, name))


def stop(world: World, phone: Phone, number: int = 1, **changes: Any) -> Elder:
    return caring.elder(world, number, **{"primary": phone.actor} | changes)


def state(elder: Elder) -> str:
    return caring.window(elder.id).state


# --- the page -------------------------------------------------------------------------------------------------


def test_the_list_has_names_by_consent_only_and_nobody_elses_stops(linfang: World, phone: Phone) -> None:
    stop(linfang, phone, 1, called="张奶奶")
    stop(linfang, phone, 2, called="李爷爷", scopes=(Scope.WATCH,), sign=Sign.LAMP)
    stop(linfang, phone, 3, primary="volunteer2", backup="volunteer")
    caring.made_day()

    told, shown = phone.shown(), phone.client.get("/round").text

    assert [(one["name"], one["code"], one["yes"], one["no"]) for one in told["stops"]] == [
        ("张奶奶", "L0001", "已拉开", "没拉开"),
        ("L0002", "L0002", "灯亮了", "没亮"),
    ]
    assert "开始今日巡看（2户）" in shown
    for secret in ("李爷爷", "张秀英", "1380000000", "桂花路", "13900000001"):
        assert secret not in shown


def test_in_the_evening_a_curtain_is_looked_at_for_being_drawn(linfang: World, phone: Phone) -> None:
    stop(linfang, phone, 1, slots=(EVENING,))
    stop(linfang, phone, 2, slots=(EVENING,), sign=Sign.LAMP)
    caring.made_day()

    (curtain, lamp) = phone.shown()["stops"]

    assert [(one["yes"], one["no"]) for one in (curtain, lamp)] == [("已拉上", "没拉上"), ("灯亮了", "没亮")]


def test_the_page_its_script_and_its_styles_are_light_and_keep_to_the_policy(linfang: World, phone: Phone) -> None:
    for number in range(1, 21):
        stop(linfang, phone, number)
    caring.made_day()

    answers = [phone.client.get(f"/round{part}") for part in ("", "/round.js", "/round.css", "/worker.js")]

    assert sum(len(answer.content) for answer in answers) <= 60_000
    assert not re.search(r"<script(?![^>]*(src=|application/json))", answers[0].text)
    assert not re.search(r"\son\w+=", answers[0].text)
    assert answers[3].headers["service-worker-allowed"] == "/round"
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


def test_before_a_look_counts_the_stop_says_from_when(linfang: World, phone: Phone, clock: Any) -> None:
    stop(linfang, phone)
    caring.made_day()

    clock(at(TOMORROW, 5))
    assert phone.shown()["stops"][0]["from"] == "6:00"
    clock(at(TOMORROW, 6))
    assert phone.shown()["stops"][0]["from"] == ""


def test_words_of_people_stay_words(linfang: World, phone: Phone) -> None:
    stop(linfang, phone, called="</script>", place='"><img src=x>')
    caring.made_day()

    shown = phone.client.get("/round").text

    assert phone.shown()["stops"][0]["name"] == "</script>"
    assert "<img src=x>" not in shown


def test_the_duty_desks_number_is_on_the_page(linfang: World, phone: Phone) -> None:
    db.run(rules.change, actor=linfang.admin, values={"duty_phone": "0000-5551234"}, now=MORNING)

    assert 'href="tel:0000-5551234"' in phone.client.get("/round").text
    assert "0000-5551234" in phone.client.get("/round/handover").text


def test_an_absence_says_only_that_nothing_is_to_be_looked_at(linfang: World, phone: Phone) -> None:
    away = stop(linfang, phone)
    call: dict[str, Any] = {
        "kind": AbsenceKind.HOSPITAL,
        "from_at": at(TOMORROW, 0),
        "until_at": at(TOMORROW, 23),
        "told_by": "家属",
    }
    db.run(absences.report, actor=linfang.coordinator, elder_id=away.id, **call, key=new_key(), now=at(TOMORROW, 0))
    db.run(windows.make_day, day=TOMORROW, now=at(TOMORROW, 0))

    shown = phone.client.get("/round").text

    assert phone.shown()["stops"][0]["said"] == "免查"
    assert "住院" not in shown and "23:00" not in shown


def test_the_backup_gets_the_stop_once_nobody_looked_in_time(
    linfang: World, phone: Phone, clock: Callable[[datetime], None]
) -> None:
    stop(linfang, phone, primary="volunteer", backup=phone.actor)
    caring.made_day()
    assert phone.shown()["stops"] == []

    caring.sweep(at(TOMORROW, 9, 1))
    clock(at(TOMORROW, 9, 2))

    assert [(one["is"], one["standsIn"]) for one in phone.shown()["stops"]] == [("late", True)]


# --- taps ------------------------------------------------------------------------------------------------------


def test_a_tap_sent_three_times_from_two_devices_counts_once(linfang: World, phone: Phone) -> None:
    elder = stop(linfang, phone)
    caring.made_day()
    tap = phone.tap(elder, "ok")

    answers = [phone.said(tap, tap), phone.said(tap)]

    assert answers == [[{"id": tap["id"], "ok": True}] * 2, [{"id": tap["id"], "ok": True}]]
    assert state(elder) == WindowState.SEEN_OK
    assert [(one.id, one.look) for one in caring.observations(elder.id)] == [(UUID(tap["id"]), Look.OK)]


def test_a_closed_curtain_opens_an_incident_and_nobody_at_the_door_calls_the_desk_at_once(
    linfang: World, phone: Phone
) -> None:
    elder = stop(linfang, phone)
    caring.made_day()
    closed, nobody = phone.tap(elder, "closed"), phone.tap(elder, "nobody")

    phone.said(closed, nobody, nobody)

    (incident,) = caring.incidents(elder.id)
    assert state(elder) == WindowState.SEEN_CLOSED
    assert incident.next_step_at == MORNING
    query = select(IncidentEventRow.action).where(IncidentEventRow.incident_id == incident.id)
    actions = db.read(lambda session: session.scalars(query.order_by(IncidentEventRow.seq)).all())
    assert [action for action in actions if action in ("open", "call", "note")] == ["open", "note"]
    assert phone.shown()["stops"][0]["told"] == "nowhere"  # there is no channel: the page says to call


def test_who_stands_at_the_door_hears_how_far_the_alarm_got(linfang: World, phone: Phone) -> None:
    robot = sending.channel(linfang, "http://127.0.0.1:1/send?key=k")
    elder = stop(linfang, phone)
    caring.made_day()
    phone.said(phone.tap(elder, "closed"), phone.tap(elder, "nobody"))
    assert phone.shown()["stops"][0]["told"] == "waiting"

    later = MORNING + timedelta(seconds=10)
    post = db.run(outbox_sending.claim, channel_id=robot, now=later)
    assert post is not None
    db.run(outbox_sending.settle, post=post, answer=ACCEPTED, millis=1, now=later)

    assert phone.shown()["stops"][0]["told"] == "taken"


def test_seen_in_person_ends_it(linfang: World, phone: Phone) -> None:
    elder = stop(linfang, phone)
    caring.made_day()

    results = phone.said(phone.tap(elder, "closed"), phone.tap(elder, "talked"))

    assert [one["ok"] for one in results] == [True, True]
    assert caring.incidents(elder.id)[0].state == IncidentState.RESOLVED
    assert phone.shown()["stops"][0]["is"] == "ok"


def test_an_undo_within_ten_seconds_of_the_tap_holds_however_late_it_arrives(
    linfang: World, phone: Phone, clock: Callable[[datetime], None]
) -> None:
    elder = stop(linfang, phone)
    caring.made_day()
    tap = phone.tap(elder, "closed", age=60_000)
    undo = phone.tap(elder, "undo", age=52_000, undoes=tap["id"], after=8_000)

    phone.said(tap)
    clock(MORNING + timedelta(minutes=3))
    assert phone.said(undo, undo) == [{"id": undo["id"], "ok": True}] * 2

    assert state(elder) == WindowState.OPEN
    assert caring.incidents(elder.id)[0].state == IncidentState.WITHDRAWN


def test_an_undo_long_after_it_is_refused_with_the_way_out(linfang: World, phone: Phone) -> None:
    elder = stop(linfang, phone)
    caring.made_day()
    tap = phone.tap(elder, "ok", age=20_000)

    (_, refused) = phone.said(tap, phone.tap(elder, "undo", undoes=tap["id"], after=13_000, age=7_000))

    assert (refused["ok"], "10秒" in refused["why"]) == (False, True)
    assert state(elder) == WindowState.SEEN_OK


def test_yesterdays_taps_come_in_after_midnight_as_of_when_they_were_made(
    linfang: World, phone: Phone, clock: Callable[[datetime], None]
) -> None:
    elder = stop(linfang, phone)
    caring.made_day()
    clock(at(TOMORROW, 7, 30) + timedelta(hours=17))
    tap = phone.tap(elder, "ok", age=17 * 3600 * 1000)

    assert phone.said(tap, tap) == [{"id": tap["id"], "ok": True}] * 2

    (seen,) = caring.observations(elder.id)
    assert seen.at == MORNING


def test_one_bad_tap_holds_up_none_of_the_others_and_is_told_why(linfang: World, phone: Phone) -> None:
    mine, other = stop(linfang, phone, 1), stop(linfang, phone, 2, primary="volunteer", backup="volunteer2")
    caring.made_day()
    good = phone.tap(mine, "ok")
    bad = [phone.tap(other, "ok"), phone.tap(mine, "dance"), {"look": "ok"}, None, phone.tap(mine, "ok", window="x")]

    results = phone.said(*bad, good)

    assert [one["ok"] for one in results] == [False] * 5 + [True]
    assert "不在您的巡看名单里" in results[0]["why"]
    assert all(re.search("[\u4e00-\u9fff]", one["why"]) for one in results[:5])
    assert (state(mine), state(other)) == (WindowState.SEEN_OK, WindowState.SCHEDULED)


@pytest.mark.parametrize("age", [-5_000, "soon", None, True, 1e300, float("inf")])
def test_a_phone_with_a_strange_clock_is_still_heard(linfang: World, phone: Phone, age: Any) -> None:
    elder = stop(linfang, phone)
    caring.made_day()
    body = json.dumps({"user": phone.actor.user_id.hex, "looks": [phone.tap(elder, "ok", age=age)]})

    answer = phone.client.post("/round/looks", content=body, headers=origin() | {"content-type": "application/json"})

    assert answer.json()["results"][0]["ok"]


def test_another_persons_taps_wait_for_that_person(linfang: World, phone: Phone) -> None:
    elder = stop(linfang, phone, primary=phone.actor)
    caring.made_day()
    other = phone_of(linfang, "qian", "钱晚风")

    answer = other.send(phone.tap(elder, "ok"), user=phone.actor.user_id.hex)

    assert answer.status_code == 401
    assert caring.observations(elder.id) == []


def test_only_a_page_of_ours_with_a_session_may_send(linfang: World, phone: Phone) -> None:
    body = {"user": phone.actor.user_id.hex, "looks": []}
    foreign = {"origin": "https://evil.example"}
    as_form = {**origin(), "content-type": "text/plain"}

    assert phone.client.post("/round/looks", json=body, headers=foreign).status_code == 403
    assert phone.client.post("/round/looks", content="{}", headers=as_form).status_code == 415
    assert open_client().post("/round/looks", json=body, headers=origin(HERE)).status_code == 401
    assert phone.send(*[{}] * 101).status_code == 400
    assert phone.send({"id": "x" * 70_000}).status_code == 413


# --- telephones, handing over, paper -----------------------------------------------------------------------------


def test_numbers_open_only_while_there_is_an_incident_and_leave_a_trace(linfang: World, phone: Phone) -> None:
    elder = stop(linfang, phone)
    caring.made_day()
    body = {"window": caring.window(elder.id).id.hex}

    before = phone.client.post("/round/numbers", json=body, headers=origin())
    phone.said(phone.tap(elder, "closed"))
    after = phone.client.post("/round/numbers", json=body, headers=origin())

    assert (before.status_code, "numbers" in before.json()) == (422, False)
    assert [one["who"] for one in after.json()["numbers"]] == ["老人本人", "女儿"]
    traces = db.read(lambda session: session.scalars(select(RevealRow.user_id)).all())
    assert traces == [phone.actor.user_id] * 2


def test_a_stranger_gets_no_number_and_no_sheet(linfang: World, phone: Phone) -> None:
    elder = stop(linfang, phone)
    caring.made_day()
    phone.said(phone.tap(elder, "closed"))
    other = phone_of(linfang, "qian", "钱晚风")
    body = {"window": caring.window(elder.id).id.hex}

    assert other.client.post("/round/numbers", json=body, headers=origin()).status_code == 422
    assert other.client.get(f"/round/sheet?user={phone.actor.user_id}").status_code == 403


def test_a_round_is_given_to_the_backups(linfang: World, phone: Phone) -> None:
    backup = phone_of(linfang, "qian", "钱晚风")
    elder = stop(linfang, phone, backup=backup.actor)
    caring.made_day()
    page = phone.client.get("/round/handover").text
    key, walk = (re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("key", "walk"))
    assert key and walk and "钱晚风" in page

    answer = phone.client.post(
        "/round/handover", data={"key": key[1], "walk": walk[1], "to": "backups"}, headers=origin()
    )

    assert answer.headers.get("location") == "/round?told=assigned", answer.text
    assert caring.window(elder.id).looker_id == backup.actor.user_id
    assert [one["code"] for one in backup.shown()["stops"]] == ["L0001"]


def test_a_handover_with_nothing_chosen_says_what_is_missing(linfang: World, phone: Phone) -> None:
    stop(linfang, phone)
    caring.made_day()

    answer = phone.client.post("/round/handover", data={"key": "k", "walk": "x", "to": ""}, headers=origin())

    assert answer.status_code == 422
    assert "请重新选择" in answer.text


def test_the_printed_sheet_has_codes_and_boxes_but_no_name_of_an_elder(linfang: World, phone: Phone) -> None:
    stop(linfang, phone)
    caring.made_day()
    office = phone_of(linfang, "hejing", "何静", Role.COORDINATOR)

    shown = office.client.get(f"/round/sheet?user={phone.actor.user_id}&day={TOMORROW}&slot=morning")

    assert shown.status_code == 200
    assert "赵晚霞" in shown.text and "L0001" in shown.text and "2单元4楼东窗" in shown.text
    for secret in ("张奶奶", "张秀英", "13800000001"):
        assert secret not in shown.text
    assert office.client.get("/round/sheet?user=x").status_code == 404
    assert office.client.get(f"/round/sheet?user={phone.actor.user_id}&day=x").status_code == 404
