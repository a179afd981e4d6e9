"""平安守望: each part empty and filled, what is done there once, what is refused, who may not, what no page tells."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from streamlit.testing.v1 import AppTest

import db
from db import care_elder, care_register, elders, incident_clock, incident_steps, leases, rules, unwatched
from db.care_plans import ContactPlan
from db.elders import Elder
from db.models import CheckWindowRow, LeaseRow
from domain import clock, worker
from domain.access import Role
from domain.care import LeaveReason, Look, Scope, WindowState
from domain.ids import new_key
from domain.incidents import Found, IncidentState, Method
from domain.worker import CARE, MINUTE, SENDING
from tests.builders import CAST, NOW, World
from tests.db.caring import TODAY, at, elder, incidents, look, made_day, sweep, window
from tests.pages.conftest import LATER, drawn, labels, page_html, press, send

Visit = Callable[..., AppTest]
MORNING = at(TODAY, 8)
THE_DAY_BEFORE = at(TODAY, 0) - (NOW - at(TODAY, 0))
SECRETS = ("慕容秘密", "13712345678", "单元7室", "秘密奶奶", "秘密东窗", "青霉素秘密", "司徒联系", "13787654321")


@pytest.fixture(autouse=True)
def working(world: World) -> None:
    """Let the worker be on time, so that no banner stands above."""
    for job in (CARE, SENDING, MINUTE):
        call: dict[str, Any] = {"job": job, "owner": "test", "now": LATER}
        db.run(leases.hold, **call, lasts=worker.LATE_AFTER[job])
        db.run(leases.report, **call, lasts=worker.LATE_AFTER[job])


@pytest.fixture
def watched(world: World) -> list[Elder]:
    """Two elders whose windows of this morning are open at eight."""
    made = [elder(world, number, now=THE_DAY_BEFORE) for number in (1, 2)]
    made_day(TODAY)
    sweep(MORNING)
    return made


def said(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.error, page.warning, page.success, page.toast, page.text)
    metrics = [f"{m.label} {m.value}" for m in page.metric]
    found = [str(e.value) for kind in kinds for e in kind] + metrics
    found += [one.label for one in page.expander]
    return "\n".join([*found, page_html(page), drawn(page)]).replace("\\", "")


def opened(visit: Visit, who: str = "coordinator", **query: str) -> AppTest:
    page = visit(who, "checkins", **({"slot": "morning"} | query))
    assert not page.exception
    return page


def test_an_empty_page_says_what_to_do(visit: Visit) -> None:
    page = opened(visit)

    assert page.subheader[0].value == "平安守望"
    assert "还没有登记独居老人" in said(page)


def test_the_project_has_the_neighbourhoods_name(world: World, visit: Visit) -> None:
    db.run(rules.change, actor=world.admin, values={"care.name": "窗帘之约"}, now=NOW)

    assert opened(visit).subheader[0].value == "窗帘之约"


def test_a_tile_says_code_building_and_state(world: World, watched: list[Elder], visit: Visit) -> None:
    look(world.volunteer, watched[0].id, Look.OK, MORNING)
    look(world.volunteer, watched[1].id, Look.CLOSED, MORNING)

    html = drawn(opened(visit))

    assert html.index("L0002") < html.index("L0001")
    assert "预警 <em>8:00 起</em>" in html
    assert "平安 <em>8:00</em>" in html
    assert html.count("3号楼") == 2


def test_a_tile_opens_the_incident_and_it_is_answered(world: World, watched: list[Elder], visit: Visit) -> None:
    look(world.volunteer, watched[0].id, Look.CLOSED, MORNING)
    (incident,) = incidents(watched[0].id)

    page = send(opened(visit), "opened", str(watched[0].id), key="care")
    assert page.query_params["incident"] == str(incident.id)
    assert "下一步" in said(page)
    page = press(press(page, "接单"), "确定接单")

    (incident,) = incidents(watched[0].id)
    assert (incident.acked_by, incident.version) == (world.coordinator.user_id, 2)
    assert "已接单" in said(page)


def test_closing_without_saying_how_it_was_found_is_refused(world: World, watched: list[Elder], visit: Visit) -> None:
    look(world.volunteer, watched[0].id, Look.CLOSED, MORNING)
    (incident,) = incidents(watched[0].id)
    page = press(opened(visit, incident=str(incident.id)), "结案")

    page = press(page, "确定结案")

    assert "请先选老人怎么样。" in said(page)
    (found,) = [b for b in page.button_group if b.label == "老人怎么样"]
    found.set_value(Found.SAFE_HOME)
    (method,) = [b for b in page.button_group if b.label == "怎么知道的"]
    method.set_value(Method.SEEN)
    press(page, "确定结案")
    (incident,) = incidents(watched[0].id)
    assert (incident.state, incident.found) == (IncidentState.RESOLVED, Found.SAFE_HOME)


def test_somebody_elses_answer_is_told_before_ones_own(world: World, watched: list[Elder], visit: Visit) -> None:
    look(world.volunteer, watched[0].id, Look.CLOSED, MORNING)
    (incident,) = incidents(watched[0].id)
    page = press(opened(visit, incident=str(incident.id)), "接单")
    call: dict[str, Any] = {"incident_id": incident.id, "expected_version": 1, "key": new_key(), "now": LATER}
    db.run(incident_steps.acknowledge, actor=world.colleague, **call)

    page = press(page, "确定接单")

    assert "何静" in said(page)
    assert incidents(watched[0].id)[0].acked_by == world.colleague.user_id


def test_who_did_not_come_in_time_is_said_to_be_awaited_no_more(
    world: World, watched: list[Elder], visit: Visit
) -> None:
    look(world.volunteer, watched[0].id, Look.CLOSED, MORNING)
    (incident,) = incidents(watched[0].id)
    call: dict[str, Any] = {"incident_id": incident.id, "expected_version": 1, "key": new_key(), "eta_minutes": 10}
    db.run(incident_steps.acknowledge, actor=world.colleague, **call, now=MORNING)
    assert "何静已接单，8:10 前到" in said(opened(visit, incident=str(incident.id)))

    db.run(incident_clock.escalate, now=MORNING + timedelta(minutes=11))

    page = opened(visit, incident=str(incident.id))
    assert "何静没有按时到，等人接单" in said(page)
    assert "何静已接单" not in page_html(page)


def test_an_elders_page_takes_a_look_and_an_absence(world: World, watched: list[Elder], visit: Visit) -> None:
    page = opened(visit, elder=str(watched[0].id))
    assert "L0001" in said(page)
    (choice,) = [b for b in page.button_group if b.label == "刚才看到、听到什么"]
    choice.set_value(Look.TALKED)
    press(page, "记下来")

    page = press(opened(visit, elder=str(watched[1].id)), "登记外出")

    assert window(watched[0].id, TODAY).state == WindowState.SEEN_OK
    (away,) = db.read(care_elder.page, actor=world.coordinator, elder_id=watched[1].id, now=LATER).absences
    assert away.until_at == at(TODAY, 0) + (away.until_at - at(TODAY, 0))
    assert "到 " in said(page)
    assert "为止" in said(page)


def test_an_absence_told_today_may_begin_another_day(world: World, watched: list[Elder], visit: Visit) -> None:
    page = opened(visit, elder=str(watched[1].id))
    (begin,) = [b for b in page.button_group if b.label == "从哪天起"]
    page = begin.set_value("某天").run()
    next(d for d in page.date_input if d.label == "哪天出门").set_value(TODAY + timedelta(days=5)).run()
    page = press(page, "登记外出")

    (away,) = db.read(care_elder.page, actor=world.coordinator, elder_id=watched[1].id, now=LATER).absences
    assert (away.from_at, away.until_at) == (at(TODAY + timedelta(days=5), 0), at(TODAY + timedelta(days=7), 0))
    assert window(watched[1].id, TODAY).state != WindowState.EXCUSED


def test_contacts_are_seen_on_a_purpose_and_it_is_kept(world: World, watched: list[Elder], visit: Visit) -> None:
    page = opened(visit, elder=str(watched[0].id))
    assert "张小红" not in said(page)

    keys = [b for b in page.button if b.label == "核对信息"]
    keys[1].click().run()

    assert "张小红" in said(page)
    assert "张秀英1" not in said(page)


def test_consents_without_a_date_are_asked_for_and_never_dropped(world: World, visit: Visit) -> None:
    page = press(opened(visit, part="名册"), "登记老人")
    next(e for e in page.text_input if e.label == "姓名").set_value("林老太")
    next(e for e in page.selectbox if e.label == "楼栋").set_value(world.building)

    page = press(page, "登记")

    assert "请填写同意书日期" in said(page)
    assert db.read(care_register.listed, actor=world.coordinator, community_id=world.community, now=LATER) == []


def test_who_has_left_comes_back_by_a_button(world: World, watched: list[Elder], visit: Visit) -> None:
    one = watched[0]
    call: dict[str, Any] = {"actor": world.coordinator, "elder_id": one.id, "now": LATER}
    db.run(elders.leave, **call, reason=LeaveReason.MOVED, expected_version=one.version, key=new_key())

    press(opened(visit, elder=str(one.id)), "重新加入守望")

    assert db.read(elders.get, actor=world.coordinator, elder_id=one.id).left_on is None


def test_the_desk_gives_a_round_away_for_who_telephones(world: World, watched: list[Elder], visit: Visit) -> None:
    before = window(watched[0].id, TODAY)
    page = press(opened(visit), "交接巡看")
    next(e for e in page.selectbox if e.label == "谁去不了").select_index(0)

    page = press(page, "交接")

    assert "已交给各家的备份志愿者" in said(page)
    assert window(watched[0].id, TODAY).looker_id == before.backup_id


def test_the_register_takes_an_elder_in_one_form(world: World, visit: Visit) -> None:
    page = press(opened(visit, part="名册"), "登记老人")
    for label, value in (
        ("姓名", "林老太"),
        ("电话", "13800001234"),
        ("联系人姓名", "林小妹"),
        ("联系人电话", "13900001234"),
    ):
        next(e for e in page.text_input if e.label == label).set_value(value)
    next(e for e in page.selectbox if e.label == "楼栋").set_value(world.building)
    next(e for e in page.selectbox if e.label == "主责").set_value(world.volunteer.user_id)
    next(e for e in page.date_input if e.label == "同意书日期").set_value(TODAY)

    page = press(page, "登记")

    assert "已登记 L0001" in said(page)
    assert "无备份 1" in str([b.options for b in page.button_group])
    told = page.dataframe[0].value.to_numpy().tolist()[0]
    assert (told[0], told[2], told[7]) == ("L0001", "无备份", "赵阿姨")


def test_a_building_is_needed_to_enrol(world: World, visit: Visit) -> None:
    page = press(opened(visit, part="名册"), "登记老人")
    next(e for e in page.text_input if e.label == "姓名").set_value("林老太")

    page = press(page, "登记")

    assert "请选择楼栋。" in said(page)


def test_a_pair_of_one_household_is_refused(world: World, watched: list[Elder], visit: Visit) -> None:
    page = opened(visit, part="结对")
    next(e for e in page.selectbox if e.label.startswith("备份")).set_value(world.volunteer.user_id)

    page = press(page, "保存结对")

    assert "同一人或同一户" in said(page)


def test_the_missing_visits_stand_at_the_top_from_the_twentieth(
    world: World, watched: list[Elder], visit: Visit
) -> None:
    page = opened(visit)
    assert "本月还有 2 户没有探访：L0001、L0002" in said(page)

    page = press(opened(visit, part="探访"), "登记这次探访")

    assert "月探访率（11月） 50.0%" in said(page)
    assert page.dataframe[0].value["编号"].tolist() == ["L0002"]


def test_a_whole_round_is_entered_at_the_desk(world: World, watched: list[Elder], visit: Visit) -> None:
    page = opened(visit, desk="1")
    (who,) = [e for e in page.selectbox if "谁巡看的" in e.label]
    assert (who.value, labels(page).count("保存整轮巡看")) == (None, 0)  # nobody's round is saved by accident
    page = who.set_value(world.volunteer.user_id).run()
    assert "2 户全部已拉开，除了" in said(page)
    closed, _ = page.multiselect
    page = closed.set_value([window(watched[1].id, TODAY).id]).run()
    assert [option[:5] for option in page.multiselect[1].options] == ["L0001"]  # nobody stands in both lists
    assert "将马上发出 1 户预警：L0002" in said(page)

    page = press(page, "确认保存，发出 1 户预警")

    assert [window(one.id, TODAY).state for one in watched] == [WindowState.SEEN_OK, WindowState.SEEN_CLOSED]
    assert "已代录 2 户，其中 1 户已发出预警" in said(page)
    assert "保存整轮巡看" not in labels(page)


def test_a_shift_leaves_a_note_and_another_takes_over(watched: list[Elder], visit: Visit) -> None:
    page = opened(visit, part="交接班")
    next(e for e in page.text_area).set_value("L0001 儿子下午来")
    page = press(page, "交班")
    assert "已接班" not in labels(page)

    page = press(opened(visit, "colleague", part="交接班"), "已接班")

    assert "L0001 儿子下午来" in said(page)
    assert "何静 今天 11:00 已接班" in said(page)


def test_a_late_worker_is_said(world: World, watched: list[Elder], visit: Visit, monkeypatch: Any) -> None:
    page = opened(visit)
    assert "后台值守" not in said(page)

    monkeypatch.setattr(clock, "now", lambda: LATER + worker.LATE_AFTER[CARE] * 3)

    assert "后台值守没有按时运行（守望值守" in said(page.run())


def test_an_emergency_that_found_no_channel_is_said(world: World, watched: list[Elder], visit: Visit) -> None:
    look(world.volunteer, watched[0].id, Look.CLOSED, LATER)

    told = said(opened(visit))

    assert told.count("最近一天有1条紧急消息没有发出，请打电话通知") == 1, (
        "the head of the list, and no banner beside it"
    )


def forget(one: Elder, *days: Any) -> None:
    """Lose these days' windows of an elder, while the worker's minute does not go well."""
    gone = delete(CheckWindowRow).where(CheckWindowRow.elder_id == one.id, CheckWindowRow.day.in_(days))
    db.run(lambda tx: tx.execute(gone))
    failing = update(LeaseRow).where(LeaseRow.job == MINUTE).values(ok_at=LATER - timedelta(minutes=3))
    db.run(lambda tx: tx.execute(failing))


def test_looks_that_nobody_arranged_are_said_and_arranged_by_a_button(
    world: World, watched: list[Elder], visit: Visit
) -> None:
    assert "没有安排的" not in said(opened(visit))
    forget(watched[0], TODAY)

    page = opened(visit)
    assert "今天没有给L0001这 1 户安排巡看" in said(page)
    page = press(page, "现在补上")

    assert "已补上 1 次巡看" in said(page)
    assert "没有安排的" not in said(page)
    assert window(watched[0].id, TODAY).state == WindowState.SCHEDULED


def test_who_may_not_arrange_looks_is_told_whom_to_tell(world: World, watched: list[Elder], visit: Visit) -> None:
    forget(watched[0], TODAY)

    page = opened(visit, "grid_worker")

    assert "请马上告诉社区工作者" in said(page)
    assert "现在补上" not in labels(page)


@pytest.mark.parametrize("who", ["leader", "volunteer", "admin"])
def test_others_are_refused(world: World, watched: list[Elder], visit: Visit, who: str) -> None:
    page = opened(visit, who)

    assert "没有做这一步的权限" in said(page)
    assert "L0001" not in said(page)


@pytest.mark.parametrize("who", ["grid_worker", "building_head"])
def test_who_may_not_write_is_offered_nothing_to_write(
    world: World, watched: list[Elder], visit: Visit, who: str
) -> None:
    assert "登记老人" not in labels(opened(visit, who, part="名册"))
    assert "保存结对" not in labels(opened(visit, who, part="结对"))


def test_another_communitys_elder_is_not_there(world: World, watched: list[Elder], visit: Visit) -> None:
    page = opened(visit, "stranger", elder=str(watched[0].id))

    assert "没有找到这位老人" in said(page)
    assert "L0001" not in said(page)


# --- what no page tells (E12) ---------------------------------------------------------------------------------


@pytest.fixture
def planted(world: World) -> Elder:
    """An elder whose every personal field is a word found nowhere else, with an incident open."""
    contact = ContactPlan("司徒联系", "13787654321", "侄女")
    words: dict[str, Any] = {"name": "慕容秘密", "phone": "13712345678", "address": "秘密路9号楼1单元7室"}
    words |= {"called": "秘密奶奶", "place": "秘密东窗"}
    one = elder(world, contacts=(contact,), scopes=tuple(Scope), now=THE_DAY_BEFORE, **words)
    call: dict[str, Any] = {"elder_id": one.id, "area_id": world.building, "called": "秘密奶奶", "place": "秘密东窗"}
    call |= {"sign": one.sign, "tier": one.tier, "hard_of_hearing": False, "health": "青霉素秘密"}
    db.run(
        elders.change,
        actor=world.coordinator,
        **call,
        expected_version=one.version,
        key=new_key(),
        now=THE_DAY_BEFORE,
    )
    made_day(TODAY)
    sweep(MORNING)
    look(world.volunteer, one.id, Look.CLOSED, MORNING)
    return one


@pytest.mark.parametrize("who", [login for login, _, role, _ in CAST if role is not Role.ADMIN])
def test_no_part_of_the_page_tells_a_planted_word_without_a_purpose(
    world: World, planted: Elder, visit: Visit, who: str
) -> None:
    (incident,) = incidents(planted.id)
    shown = [opened(visit, who, **query) for query in _everywhere(planted, incident.id)]
    shown.append(visit(who, "me"))

    for page in shown:
        everything = said(page) + repr(page._tree)
        assert [secret for secret in SECRETS if secret in everything] == []


def _everywhere(one: Elder, incident: Any) -> list[dict[str, str]]:
    parts = [{"part": part} for part in ("今日守望", "名册", "结对", "探访", "交接班")]
    return [*parts, {"elder": str(one.id)}, {"incident": str(incident)}, {"desk": "1"}]


def test_first_sight_and_push_tell_no_planted_word(world: World, planted: Elder) -> None:
    from web import first_sight, live_views
    from web.live_views import Asked

    seen = first_sight._checkins(world.coordinator, {"slot": "morning"})
    asked = Asked("checkins", (("slot", "morning"),))
    pushed = db.read(lambda session: live_views.checkins(session, world.coordinator, asked, LATER))

    assert planted.code in pushed.html
    assert [secret for secret in SECRETS if secret in seen + pushed.html + pushed.figures] == []


def test_a_day_without_a_worker_names_a_few_and_lists_all(world: World, watched: list[Elder], visit: Visit) -> None:
    codes = [one.code for one in [*watched, *(elder(world, number) for number in range(20, 26))]]
    owed = {TODAY - timedelta(days=1): [int(code[1:]) for code in codes]}
    db.run(unwatched.tell, community_id=world.community, owed=owed, now=LATER)

    page = opened(visit)

    assert f"无人值守：应巡看{len(codes)}户未生成（{'、'.join(codes[:5])}等）" in said(page)
    assert "、".join(codes) in [one.value for one in page.markdown]
