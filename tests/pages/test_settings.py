"""系统设置: what an administrator does there, section by section, and that nobody else may."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from streamlit.testing.v1 import AppTest

import db
import settings
from db import accounts, areas, backup, categories, hashing, parties, rules, sessions
from db.models import TicketRow, UserRow
from db.sessions import Visitor
from domain.access import Actor, Role
from domain.areas import UNSORTED_COMMUNITY, Area
from domain.clock import now
from domain.due import Matter
from pages import _session
from pages._settings_form import Draft
from tests.builders import CAST, World, report

PAGES = Path(__file__).parents[2] / "pages"
SECTIONS = ("辖区", "用户", "处理人", "类别", "规则", "通知渠道", "数据", "操作记录")
TIMEOUT = 30

Open = Callable[[str], AppTest]


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def log_in(monkeypatch: pytest.MonkeyPatch, actor: Actor) -> None:
    def opened(tx: Any) -> str:
        user = tx.get(UserRow, actor.user_id)
        return sessions.open_session(tx, user=user, visitor=Visitor(), now=now()).token

    token = db.run(opened)
    monkeypatch.setattr(_session, "token", lambda: token)


@pytest.fixture
def open_at(world: World, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Give what opens a section as the administrator, through the shell as a browser does."""
    log_in(monkeypatch, world.admin)

    def at(section: str) -> AppTest:
        page = AppTest.from_file(PAGES / "_shell.py", default_timeout=TIMEOUT)
        page.run().switch_page("settings_page.py")
        page.session_state["section"] = section
        page.run()
        assert not page.exception
        return page

    return at


def choose(page: AppTest, name: str, chosen: object) -> AppTest:
    page.selectbox(key=name).set_value(chosen).run()
    assert not page.exception
    return page


def field(page: AppTest, kind: str, label: str, *, last: bool = False) -> Any:
    """Find a widget by its label: keys carry a fresh token for each form."""
    every: list[Any] = list(page.get(kind))
    found = [w for w in every if w.label == label]
    assert found, f"no {kind} {label}"
    return found[-1 if last else 0]


def press(page: AppTest, label: str, *, last: bool = False) -> AppTest:
    field(page, "button", label, last=last).click().run()
    assert not page.exception
    return page


def told(page: AppTest) -> str:
    return " ".join(t.value for t in page.toast)


def shown(page: AppTest) -> list[list[str]]:
    lines: list[list[str]] = page.dataframe[0].value.to_numpy().tolist()
    return lines


def area_named(name: str) -> Area:
    return next(a for a in db.read(areas.tree, with_closed=True) if a.name == name)


# --- the page ---------------------------------------------------------------------------------


def test_the_page_says_what_it_is_and_where_one_is(open_at: Open) -> None:
    page = open_at("类别")

    assert page.subheader[0].value == "系统设置"
    assert {"维修", "　电梯"} <= {line[0] for line in shown(page)}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_with_hardly_anything_there(
    db_sqlite: object, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    db.run(accounts.create_admin, login="admin", now=now())
    user = db.run(lambda tx: tx.query(UserRow).one())
    log_in(monkeypatch, Actor(user.id, user.name))
    db.run(lambda tx: setattr(tx.get(UserRow, user.id), "must_change", False))
    page = AppTest.from_file(PAGES / "settings_page.py", default_timeout=TIMEOUT)
    page.query_params["section"] = section

    page.run()

    assert not page.exception
    assert bool(page.error) == (section == "通知渠道")  # it says that no worker runs
    assert page.query_params.get("section", "辖区") == section


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_with_the_whole_cast(open_at: Open, section: str) -> None:
    assert bool(open_at(section).error) == (section == "通知渠道")


@pytest.mark.parametrize("login", [login for login, *_ in CAST if login != "admin"])
def test_every_other_role_is_refused(world: World, monkeypatch: pytest.MonkeyPatch, login: str) -> None:
    log_in(monkeypatch, world.actors[login])
    page = AppTest.from_file(PAGES / "settings_page.py", default_timeout=TIMEOUT)

    page.run()

    assert "没有做这一步的权限" in page.error[0].value
    assert not page.subheader
    assert not page.button


def test_two_runs_of_one_form_beside_each_other_act_once() -> None:
    form = Draft(None, 0, 0)
    done: list[str] = []

    def act() -> str:
        done.append("acted")
        return "k7wm"

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(form.once, act, "done", lambda password: ("someone", password))

    assert done == ["acted"]
    assert form.secret == ("someone", "k7wm")


# --- the first steps --------------------------------------------------------------------------


def test_a_new_installation_says_what_to_do_next_and_leads_there(open_at: Open, world: World) -> None:
    page = open_at("类别")
    assert "还有 1 步" in " ".join(m.value for m in page.markdown)  # only the ticket: the cast is there
    assert "登记诉求" in page.caption[0].value

    for user in db.read(accounts.list_users, actor=world.admin, now=now()):
        if any(grant.role is Role.COORDINATOR for grant in user.grants):
            db.run(accounts.deactivate, actor=world.admin, user_id=user.id, now=now())
    press(page.run(), "去用户")
    assert page.session_state["section"] == "用户"
    assert "去用户" not in [b.label for b in page.button]


def test_once_all_is_done_no_first_steps_are_shown(open_at: Open, world: World) -> None:
    report(world)

    assert not [m for m in open_at("辖区").markdown if "开始使用" in m.value]


# --- areas ------------------------------------------------------------------------------------


def test_an_area_is_renamed(open_at: Open, world: World) -> None:
    page = choose(open_at("辖区"), "st_area", world.grid)
    next(w for w in page.text_input if w.value == "桂花一网格").set_value("东网格")

    press(page, "保存")

    assert told(page) == "已保存。"
    assert db.read(areas.get, world.grid).name == "东网格"


def test_a_refused_name_says_why_and_stays_typed(open_at: Open, world: World) -> None:
    page = choose(open_at("辖区"), "st_area", world.grid)
    next(w for w in page.text_input if w.value == "桂花一网格").set_value("桂花二网格")

    press(page, "保存")

    assert "这里已有" in page.error[0].value
    assert "桂花二网格" in [w.value for w in page.text_input]


def test_who_saves_second_keeps_what_was_typed_and_may_save_again(open_at: Open, world: World) -> None:
    page = choose(open_at("辖区"), "st_area", world.grid)
    held = db.read(areas.get, world.grid)
    db.run(
        areas.change,
        actor=world.admin,
        area_id=held.id,
        name="西网格",
        code="",
        households=None,
        expected_version=held.version,
        now=now(),
    )
    next(w for w in page.text_input if w.value == "桂花一网格").set_value("东网格")

    press(page, "保存")
    assert "刚被别人改过" in page.error[0].value

    press(page, "保存")
    assert db.read(areas.get, world.grid).name == "东网格"


def test_buildings_are_added_in_one_go_and_the_bad_lines_named(open_at: Open, world: World) -> None:
    page = choose(open_at("辖区"), "st_area", world.grid)
    page.text_area[0].set_value("1号楼 2 30\n3号楼\n2号楼")

    press(page, "全部添加")

    assert told(page) == "已添加 2 个，连同 2 个单元，1 行没有添加。"
    assert "第 2 行“3号楼”" in page.warning[0].value
    assert page.text_area[0].value == "3号楼"


def test_one_building_is_added_below_the_chosen_grid(open_at: Open, world: World) -> None:
    page = choose(open_at("辖区"), "st_area", world.grid)
    field(page, "text_input", "名称", last=True).set_value("9号楼")

    press(page, "添加", last=True)

    assert area_named("9号楼").parent_id == world.grid


def test_an_area_is_closed_with_a_second_tap(open_at: Open, world: World) -> None:
    page = choose(open_at("辖区"), "st_area", world.building)

    press(page, "确认关闭")

    assert area_named("3号楼").valid_to is not None
    assert page.selectbox(key="st_area").value is None


def test_a_closed_area_is_opened_again(open_at: Open, world: World) -> None:
    held = db.read(areas.get, world.building)
    db.run(areas.close, actor=world.admin, area_id=held.id, expected_version=held.version, now=now())
    page = open_at("辖区")
    page.toggle(key="st_area_closed").set_value(True).run()

    press(choose(page, "st_area", world.building), "重新打开")

    assert db.read(areas.get, world.building).valid_to is None


def test_the_unsorted_place_says_what_it_is_for_and_offers_no_change(open_at: Open) -> None:
    page = open_at("辖区")
    assert [line[0].strip() for line in shown(page)[-2:]] == ["未分区", "未分区"]
    assert shown(page)[-1][-1] == "收还没分到社区的工单"

    choose(page, "st_area", UNSORTED_COMMUNITY)

    assert not {"保存", "确认关闭"} & {b.label for b in page.button}


def test_areas_are_found_by_a_part_of_their_name(open_at: Open) -> None:
    page = open_at("辖区")

    page.text_input(key="st_area_q").set_value("海棠").run()

    assert [line[0].strip() for line in shown(page)] == ["海棠社区"]


# --- users ------------------------------------------------------------------------------------


def new_user(page: AppTest, world: World, login: str) -> AppTest:
    press(page, "新建用户")
    field(page, "text_input", "账号").set_value(login)
    field(page, "text_input", "姓名").set_value("林芳")
    field(page, "selectbox", "角色").set_value("coordinator")
    field(page, "selectbox", "辖区").set_value(world.community)
    return press(page, "新建，并显示初始密码")


def test_a_new_user_gets_a_password_that_is_shown_once(open_at: Open, world: World) -> None:
    page = new_user(open_at("用户"), world, "linfang")
    password = page.code[0].value
    press(page, "我已记下")

    assert not page.code
    assert sessions.log_in(login="linfang", password=password, visitor=Visitor(), now=now()).must_change


def test_a_demo_users_login_is_no_code_on_screen(open_at: Open, world: World) -> None:
    db.run(lambda tx: setattr(tx.get(UserRow, world.coordinator.user_id), "demo", True))

    assert ["李敏", "在登录页点选"] in [line[:2] for line in shown(open_at("用户"))]


def test_a_refused_form_says_so_right_above_its_button(open_at: Open, world: World) -> None:
    page = press(press(open_at("用户"), "新建用户"), "新建，并显示初始密码")

    drawn: list[Any] = [e for e in page.main if e.type in ("error", "button")]
    place = next(n for n, e in enumerate(drawn) if e.type == "error")
    assert drawn[place + 1].label == "新建，并显示初始密码"


def test_a_login_that_is_taken_is_refused(open_at: Open, world: World) -> None:
    page = new_user(open_at("用户"), world, "coordinator")

    assert "已有人使用" in page.error[0].value
    assert field(page, "text_input", "账号").value == "coordinator"


def test_a_grant_is_added_and_taken_back(open_at: Open, world: World) -> None:
    page = choose(open_at("用户"), "st_user", world.volunteer.user_id)
    field(page, "selectbox", "角色", last=True).set_value("grid_worker")
    field(page, "selectbox", "辖区", last=True).set_value(world.grid)
    press(page, "添加")
    assert _grants(world) == {"volunteer", "grid_worker"}

    press(page, "确认收回")
    assert len(_grants(world)) == 1


def _grants(world: World) -> set[str]:
    users = db.read(accounts.list_users, actor=world.admin, now=now())
    return {g.role.value for u in users if u.id == world.volunteer.user_id for g in u.grants}


def test_the_last_administrator_stays(open_at: Open, world: World) -> None:
    page = choose(open_at("用户"), "st_user", world.admin.user_id)

    press(page, "确认收回")

    assert "至少要保留一名管理员" in page.error[0].value


def test_a_reset_password_is_shown_and_ends_every_session(open_at: Open, world: World) -> None:
    page = choose(open_at("用户"), "st_user", world.coordinator.user_id)

    press(page, "确认重置，并显示新密码")

    assert page.code[0].value.count("-") == 2
    assert db.read(accounts.last_seen, actor=world.admin).keys() == {world.admin.user_id}


def test_a_user_leaves_and_comes_back(open_at: Open, world: World) -> None:
    page = choose(open_at("用户"), "st_user", world.volunteer.user_id)
    press(page, "确认停用")
    assert "赵阿姨" not in [line[0] for line in shown(page)]

    page.toggle(key="st_user_former").set_value(True).run()
    press(choose(page, "st_user", world.volunteer.user_id), "确认恢复")
    assert ["赵阿姨", "在用"] in [[line[0], line[3]] for line in shown(page)]


def test_a_users_devices_are_logged_out(open_at: Open, world: World) -> None:
    page = choose(open_at("用户"), "st_user", world.coordinator.user_id)

    press(page, "确认退出")

    assert told(page) == "李敏 的所有设备都已退出。"


# --- handlers, categories, rules --------------------------------------------------------------


def test_a_handler_is_registered(open_at: Open, world: World) -> None:
    page = press(open_at("处理人"), "登记处理人")
    field(page, "selectbox", "社区").set_value(world.community)
    field(page, "text_input", "称呼").set_value("刘师傅")
    field(page, "text_input", "电话").set_value("13800001234")

    press(page, "登记")

    held = next(p for p in db.read(parties.listed, world.admin) if p.label == "刘师傅")
    assert (held.phone, held.community_id) == ("13800001234", world.community)


def test_a_wrong_phone_is_refused_and_the_rest_stays_typed(open_at: Open, world: World) -> None:
    page = choose(open_at("处理人"), "st_party", world.wang)
    field(page, "text_input", "电话", last=True).set_value("12")
    field(page, "text_input", "工种", last=True).set_value("锁匠")

    press(page, "保存")

    assert "看起来不完整" in page.error[0].value
    assert field(page, "text_input", "工种", last=True).value == "锁匠"


def test_a_handler_is_given_a_trade_and_categories(open_at: Open, world: World) -> None:
    page = choose(open_at("处理人"), "st_party", world.wang)
    lift = next(c.id for c in db.read(categories.listed) if c.name == "电梯")
    field(page, "multiselect", "擅长类别", last=True).set_value([lift])

    press(page, "保存")

    held = next(p for p in db.read(parties.listed, world.admin) if p.id == world.wang)
    assert held.category_ids == {lift}


def test_a_form_for_a_new_handler_is_put_away_by_choosing_another(open_at: Open, world: World) -> None:
    page = press(open_at("处理人"), "登记处理人")
    assert "登记" in [b.label for b in page.button]

    choose(page, "st_party", world.wang)

    assert "登记" not in [b.label for b in page.button]


def test_a_category_is_counted_otherwise_from_now_on(open_at: Open) -> None:
    page = open_at("类别")
    chosen = next(c for c in db.read(categories.listed) if c.name == "电梯")
    choose(page, "st_category", chosen.id)
    field(page, "selectbox", "通常按", last=True).set_value(Matter.BIG)

    press(page, "保存")

    assert next(c for c in db.read(categories.listed) if c.id == chosen.id).matter is Matter.BIG


def test_a_category_is_added_and_retired(open_at: Open) -> None:
    page = open_at("类别")
    field(page, "text_input", "名称").set_value("宠物")
    press(page, "添加")
    made = next(c for c in db.read(categories.listed) if c.name == "宠物")

    choose(page, "st_category", made.id)
    field(page, "toggle", "在用").set_value(False)
    press(page, "保存")

    assert "宠物" not in {c.name for c in db.read(categories.listed)}
    assert ["宠物", "小事", "已停用"] in shown(page)


def test_the_rules_are_set_and_a_wrong_number_is_refused(open_at: Open) -> None:
    page = open_at("规则")
    field(page, "radio", "办结核验").set_value("refuse")
    field(page, "text_input", "值班电话").set_value("12")
    press(page, "保存")
    assert "看起来不完整" in page.error[0].value

    field(page, "text_input", "值班电话").set_value("88881234")
    field(page, "number_input", "待处理").set_value(15)
    field(page, "number_input", "每人每月最多兑换几次").set_value(6)
    press(page, "保存")
    expected = {"separation.verify": "refuse", "duty_phone": "88881234", "wip": {"todo": 15}}
    assert db.read(rules.listed) == rules.DEFAULTS | expected | {"points.orders_a_month": 6}


# --- backups, the check, leaving the demo, the audit ------------------------------------------


def test_a_backup_is_written_and_listed(open_at: Open) -> None:
    page = open_at("数据")
    assert "第一份" in page.info[0].value

    press(page, "立即备份")

    (file,) = backup.nightly_folder().glob("manual-*.zip")
    assert shown(page)[0][1:] == ["手动", shown(page)[0][2], file.name]


def test_a_backup_and_a_check_are_on_record(open_at: Open, world: World) -> None:
    page = press(press(open_at("数据"), "立即备份"), "核对全部数据")

    page.session_state["section"] = "操作记录"
    said = {line[2]: line[4] for line in shown(page.run())}
    assert said["立即备份"].endswith(".zip")
    assert said["核对全部数据"] == "0 件工单，没有发现问题"


def test_how_to_restore_names_the_data_folder_in_use(open_at: Open) -> None:
    told = "".join(code.value for code in open_at("数据").code)

    assert f'restore 备份文件.zip --data "{settings.current().data_dir}"' in told


def test_everything_is_checked_and_what_is_wrong_is_listed(open_at: Open, world: World) -> None:
    ticket = report(world)
    page = press(open_at("数据"), "核对全部数据")
    assert "已核对 1 件工单，没有发现问题" in page.success[0].value

    db.run(lambda tx: setattr(tx.get(TicketRow, ticket.id), "due_at", now() + timedelta(days=9)))
    press(page, "核对全部数据")
    assert "发现问题" in page.error[0].value
    assert "E0001" in page.text[0].value


def test_there_is_nothing_to_clear_without_demo_data(open_at: Open) -> None:
    assert "清除演示，开始正式使用" not in [b.label for b in open_at("数据").button]


@pytest.fixture
def demo_file(world: World) -> None:
    """Make the database in use the demo's own file, as a first start does."""
    held = settings.current()
    db.run(rules.put, "demo", {"size": "demo"})
    db.engine.dispose()
    held.real_file.rename(held.demo_file)
    for ending in ("-wal", "-shm"):
        held.real_file.with_name(held.real_file.name + ending).unlink(missing_ok=True)


def test_the_demo_is_left_only_by_typing_so(open_at: Open, demo_file: None) -> None:
    page = press(open_at("数据"), "清除演示，开始正式使用")

    assert "请先在框里输入" in page.error[0].value
    assert not settings.current().real_file.exists()


def test_leaving_the_demo_shows_the_first_administrator_once(open_at: Open, demo_file: None) -> None:
    page = open_at("数据")
    page.text_input[0].set_value("开始正式使用")

    press(page, "清除演示，开始正式使用")

    login, password = (line.split()[1] for line in page.code[-1].value.splitlines())
    assert not settings.current().demo_file.exists()
    assert sessions.log_in(login=login, password=password, visitor=Visitor(), now=now()).must_change
    assert any('href="/login"' in h.value for h in page.html)


def test_the_audit_is_read_page_by_page(open_at: Open, world: World) -> None:
    text = "\n".join(f"{n}单元" for n in range(60))
    db.run(areas.create_many, actor=world.admin, parent_id=world.building, text=text, key="k", now=now())
    page = open_at("操作记录")
    first = shown(page)
    assert first[0][1:4] == ["管理员", "添加辖区", "59单元"]

    press(page, "较早的")
    assert len(first) == 50
    assert len(shown(page)) == 10

    press(page, "较新的")
    assert shown(page) == first
