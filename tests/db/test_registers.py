"""The administrator's registers: areas, categories, handlers, rules, and the audit of it all."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import db
from db import accounts, areas, audit, categories, fsck, parties, rules
from db.areas import tree
from domain import audit as words
from domain.areas import MOST_LINES, UNSORTED_COMMUNITY, Area, Batch, Level, full_names
from domain.due import Matter
from domain.errors import Changed, Invalid, NotAllowed
from domain.ids import new_key
from tests.builders import NOW, World, report

ROOT = Path(__file__).parent.parent.parent


def add(world: World, name: str, **changes: object) -> Area:
    call = {"level": Level.BUILDING, "parent_id": world.grid, "key": new_key(), "now": NOW, "actor": world.admin}
    return db.run(areas.create, name=name, **(call | changes))  # type: ignore[arg-type]


def change(world: World, area: Area, **changes: object) -> Area:
    call = {"name": area.name, "code": area.code, "households": area.households}
    return db.run(
        areas.change,
        actor=world.admin,
        area_id=area.id,
        expected_version=area.version,
        now=NOW,
        **(call | changes),  # type: ignore[arg-type]
    )


def add_many(world: World, text: str, key: str | None = None) -> Batch:
    return db.run(
        areas.create_many, actor=world.admin, parent_id=world.building, text=text, key=key or new_key(), now=NOW
    )


# --- areas ------------------------------------------------------------------------------------


def test_an_area_keeps_its_code_and_households(any_world: World) -> None:
    made = add(any_world, " 5号楼 ", code="b05", households=48)

    held = db.read(areas.get, made.id)

    assert (held.name, held.code, held.households, held.depth) == ("5号楼", "B05", 48, 3)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "3号楼"}, "这里已有“3号楼”"),
        ({"name": "　"}, "请填写辖区名称"),
        ({"name": "长" * 61}, "最多 60 个字"),
        ({"name": "6号楼", "code": "A 1"}, "不带空格"),
        ({"name": "6号楼", "code": "X1"}, "已由“桂花社区”使用"),
        ({"name": "6号楼", "households": -1}, "户数"),
        ({"name": "6号楼", "level": Level.UNIT}, "应建在楼栋之下"),
    ],
)
def test_an_area_that_would_not_be_found_again_is_refused(
    world: World, changes: dict[str, object], sentence: str
) -> None:
    change(world, db.read(areas.get, world.community), code="x1")

    with pytest.raises(Invalid, match=sentence):
        add(world, **({"name": ""} | changes))  # type: ignore[arg-type]


def test_a_closed_area_gives_its_name_and_code_free_and_takes_no_more(world: World) -> None:
    old = add(world, "7号楼", code="B7")
    db.run(areas.close, actor=world.admin, area_id=old.id, expected_version=old.version, now=NOW)

    assert add(world, "7号楼", code="B7").id != old.id
    with pytest.raises(Invalid, match="已关闭"):
        add(world, "一单元", level=Level.UNIT, parent_id=old.id)


def test_an_area_keeps_its_own_name_and_code_when_changed(any_world: World) -> None:
    made = add(any_world, "5号楼", code="B5")

    changed = change(any_world, made, households=12)

    assert (changed.code, changed.households, changed.version) == ("B5", 12, made.version + 1)


def test_who_changes_an_area_second_is_told(world: World) -> None:
    made = add(world, "5号楼")
    change(world, made, name="五号楼")

    with pytest.raises(Changed):
        change(world, made, name="5栋")


def test_of_a_list_of_names_the_good_go_in_and_each_bad_line_is_named(any_world: World) -> None:
    done = add_many(any_world, "1单元\n\n2单元\n1单元\n" + "长" * 61)

    assert done.made == 2
    assert [(n, line) for n, line, _ in done.refused] == [(4, "1单元"), (5, "长" * 61)]
    assert {a.name for a in db.read(tree) if a.parent_id == any_world.building} == {"1单元", "2单元"}


def test_a_list_sent_twice_is_added_once(any_world: World) -> None:
    key = new_key()

    assert add_many(any_world, "1单元\n2单元", key) == add_many(any_world, "1单元\n2单元", key)
    assert len([a for a in db.read(tree) if a.level is Level.UNIT]) == 2


@pytest.mark.parametrize("text", ["", " \n　\n", "\n".join(str(n) for n in range(MOST_LINES + 1))])
def test_an_empty_or_endless_list_is_refused(world: World, text: str) -> None:
    with pytest.raises(Invalid):
        add_many(world, text)


def test_buildings_stand_in_the_order_people_count(world: World) -> None:
    for name in ("10号楼", "2号楼", "1号楼"):
        add(world, name)

    assert [a.name for a in db.read(tree) if a.parent_id == world.grid] == ["1号楼", "2号楼", "3号楼", "10号楼"]


def test_an_area_is_named_from_its_community_down(world: World) -> None:
    names = full_names(db.read(tree))

    assert names[world.building] == "桂花社区 / 桂花一网格 / 3号楼"
    assert names[world.street] == "梧桐街道"


@pytest.mark.parametrize("which", ["community", "unsorted"])
def test_what_others_still_need_is_not_closed(world: World, which: str) -> None:
    area_id = world.community if which == "community" else UNSORTED_COMMUNITY
    version = db.read(areas.get, area_id).version

    with pytest.raises(Invalid):
        db.run(areas.close, actor=world.admin, area_id=area_id, expected_version=version, now=NOW)


# --- categories -------------------------------------------------------------------------------


def test_a_category_renamed_to_another_ones_name_is_refused_at_once(any_world: World) -> None:
    listed = {c.label: c for c in db.read(categories.listed)}
    held = listed["维修 / 电梯"]

    with pytest.raises(Invalid, match="已有类别“楼道灯”"):
        _rename(any_world, held, "楼道灯")


def _rename(world: World, held: categories.Category, name: str, *, active: bool = True) -> None:
    db.run(
        categories.change,
        actor=world.admin,
        category_id=held.id,
        name=name,
        active=active,
        expected_version=held.version,
        now=NOW,
    )


def test_a_retired_category_is_to_be_restored_and_not_made_again(any_world: World) -> None:
    held = next(c for c in db.read(categories.listed) if c.name == "电梯")
    _rename(any_world, held, "电梯", active=False)

    assert held.id not in {c.id for c in db.read(categories.listed)}
    with pytest.raises(Invalid, match="请恢复它"):
        db.run(
            categories.create,
            actor=any_world.admin,
            name="电梯",
            parent_id=held.parent_id,
            matter=Matter.SMALL,
            key=new_key(),
            now=NOW,
        )


# --- handlers ---------------------------------------------------------------------------------


def _party(world: World, who: str = "王师傅", **changes: object) -> None:
    held = next(p for p in db.read(parties.listed, world.admin) if p.label == who)
    call = {
        "label": held.label,
        "trade": held.trade,
        "is_unit": held.is_unit,
        "phone": held.phone,
        "active": held.active,
        "area_ids": held.area_ids,
        "category_ids": held.category_ids,
    }
    db.run(
        parties.change,
        actor=world.admin,
        party_id=held.id,
        expected_version=held.version,
        now=NOW,
        **(call | changes),  # type: ignore[arg-type]
    )


def _wang(world: World) -> parties.Party:
    return next(p for p in db.read(parties.listed, world.admin, with_inactive=True) if p.id == world.wang)


def test_a_handlers_phone_is_set_corrected_and_taken_away(any_world: World) -> None:
    _party(any_world, phone="138 0000 1234")
    assert _wang(any_world).phone == "13800001234"

    first = _wang(any_world).person_id
    _party(any_world, phone="13800005678")
    assert (_wang(any_world).phone, _wang(any_world).person_id) == ("13800005678", first)

    _party(any_world, phone="")
    assert _wang(any_world).phone == ""


def test_a_handler_becomes_a_unit_serving_some_areas(any_world: World) -> None:
    _party(any_world, is_unit=True, trade="物业", area_ids=frozenset({any_world.grid}))

    held = _wang(any_world)
    assert (held.is_unit, held.trade, held.area_ids) == (True, "物业", frozenset({any_world.grid}))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"label": " "}, "请填写称呼"),
        ({"trade": "长" * 41}, "工种"),
        ({"phone": "12"}, "电话"),
        ({"who": "李敏", "label": "小李"}, "有账号"),
        ({"who": "李敏", "active": False}, "有账号"),
    ],
)
def test_a_handler_that_would_mislead_is_refused(world: World, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        _party(world, **changes)


def test_a_handler_serves_areas_of_the_own_community_only(world: World) -> None:
    with pytest.raises(Invalid, match="海棠社区"):
        _party(world, area_ids=frozenset({world.other_community}))


# --- rules and the audit ----------------------------------------------------------------------


def test_rules_are_set_together_and_what_stays_leaves_no_trace(any_world: World) -> None:
    values = {"separation.verify": "refuse", "organisation": " 桂花社区 ", "duty_phone": ""}
    db.run(rules.change, actor=any_world.admin, values=values, now=NOW)

    assert db.read(rules.listed) == {"separation.verify": "refuse", "organisation": "桂花社区", "duty_phone": ""}
    listed = db.read(audit.listed, actor=any_world.admin)
    assert {e.detail for e in listed if e.action == "setting.change"} == {"办结核验", "单位名称"}


@pytest.mark.parametrize(
    "values",
    [{"separation.verify": "maybe"}, {"no.such": "1"}, {"duty_phone": "12"}, {"organisation": "长" * 41}],
)
def test_a_rule_that_makes_no_sense_is_refused_with_all_the_others(world: World, values: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        db.run(rules.change, actor=world.admin, values={"duty_phone": "88881234"} | values, now=NOW)

    assert db.read(rules.listed)["duty_phone"] == ""


def test_the_audit_tells_who_did_what_to_whom_newest_first(any_world: World) -> None:
    add(any_world, "5号楼")
    later: dict[str, Any] = {"actor": any_world.admin, "now": NOW + timedelta(minutes=1)}
    held = db.read(accounts.list_users, **later)
    user = next(u for u in held if u.name == "陈网格员")
    db.run(accounts.revoke, grant_id=user.grants[0].id, **later)

    first, second = db.read(audit.listed, actor=any_world.admin)

    assert (first.who, first.what, first.subject, first.detail) == (
        "管理员",
        "收回授权",
        "陈网格员",
        "网格员 · 桂花一网格",
    )
    assert (second.what, second.subject) == ("添加辖区", "5号楼")


def test_the_audit_goes_on_where_a_page_ended(world: World) -> None:
    for n in range(5):
        add(world, f"1{n}号楼")
    whole = db.read(audit.listed, actor=world.admin)

    first = db.read(audit.listed, actor=world.admin, limit=2)
    rest = db.read(audit.listed, actor=world.admin, before=(first[-1].at, first[-1].id))

    assert [*first, *rest] == whole


def test_every_action_in_the_audit_has_its_words() -> None:
    sources = "".join(p.read_text("utf-8") for layer in ("db", "jobs", "files") for p in (ROOT / layer).rglob("*.py"))
    written = set(re.findall(r'\baudit\(\s*tx,\s*"([a-z.]+)"', sources)) | set(
        re.findall(r'\brun\(\s*audit,\s*"([a-z.]+)"', sources)
    )

    assert written
    assert written - words.ACTION_LABELS.keys() == set()


def test_only_an_administrator_reads_the_audit_and_ends_others_sessions(world: World) -> None:
    with pytest.raises(NotAllowed):
        db.read(audit.listed, actor=world.secretary)
    with pytest.raises(NotAllowed):
        db.run(accounts.end_sessions, actor=world.secretary, user_id=world.volunteer.user_id, now=NOW)


def test_the_check_of_everything_says_how_much_it_looked_at(world: World) -> None:
    report(world)

    assert db.read(fsck.report, limit=5) == (1, [])
