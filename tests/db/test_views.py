"""Saved views: whose they are, who sees and changes them, and that nothing personal is written down."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

import db
from db import views
from db.models import AuditRow, BoardViewRow
from domain.access import Role
from domain.errors import Changed, Invalid, KeyReused, NotAllowed, NotFound, Refused
from domain.ids import new_key
from domain.tickets import Column
from domain.views import SavedView, Share, Sort, View
from tests.builders import NOW, World

TWO = ("coordinator", "colleague")
LATE = View({"due": "late"}, sort=Sort.CONTACT)


def saved(world: World, who: str = "coordinator", **more: Any) -> SavedView:
    call: dict[str, Any] = {"actor": getattr(world, who), "name": "已超时", "view": LATE, "key": new_key(), "now": NOW}
    made: SavedView = db.run(views.save, **(call | more))
    return made


def act(command: Callable[..., Any], world: World, held: SavedView, who: str = "coordinator", **more: Any) -> Any:
    call = {"actor": getattr(world, who), "view_id": held.id, "expected_version": held.version}
    return db.run(command, **(call | {"key": new_key(), "now": NOW} | more))


def shared(world: World, area: str = "community", who: str = "coordinator") -> SavedView:
    found: SavedView = act(views.share, world, saved(world, who), who, area_id=getattr(world, area))
    return found


def names_seen(world: World, who: str) -> list[str]:
    return [view.name for view in db.read(views.listed, actor=getattr(world, who))]


def audited() -> list[tuple[str, UUID | None]]:
    rows = db.read(lambda session: session.execute(select(AuditRow.action, AuditRow.subject_id)).all())
    return [(action, subject) for action, subject in rows if action.startswith("view.")]


def test_a_view_of_ones_own_is_seen_by_nobody_else(world: World) -> None:
    held = saved(world)

    assert (held.view, held.share, held.editable) == (LATE, Share.OWN, True)
    assert names_seen(world, "coordinator") == ["已超时"]
    assert names_seen(world, "colleague") == []
    with pytest.raises(NotFound):
        db.read(views.get, actor=world.colleague, view_id=held.id)
    with pytest.raises(NotFound):
        act(views.remove, world, held, "secretary")
    assert audited() == []


@pytest.mark.parametrize(
    ("area", "readers"),
    [
        ("community", {"colleague", "secretary", "grid_lead", "grid_worker", "building_head", "other_grid_worker"}),
        ("grid", {"colleague", "secretary", "grid_lead", "grid_worker", "building_head"}),
    ],
)
def test_a_shared_view_is_seen_by_those_who_work_there(world: World, area: str, readers: set[str]) -> None:
    held = shared(world, area)

    seen = {who for who in world.actors if names_seen(world, who)}

    assert seen == readers | {"coordinator", "admin"}
    assert audited() == [("view.share", held.id)]
    assert not db.read(views.get, actor=world.grid_worker, view_id=held.id).editable


SHARERS: tuple[tuple[str, str, bool], ...] = (
    ("grid_worker", "grid", True),
    ("grid_worker", "community", False),
    ("building_head", "grid", False),
    ("stranger", "community", False),
    ("volunteer", "community", False),
    ("leader", "community", False),
)


@pytest.mark.parametrize(("who", "area", "may"), SHARERS)
def test_one_shares_where_one_works_and_nowhere_else(world: World, who: str, area: str, *, may: bool) -> None:
    held = saved(world, who)
    if may:
        assert act(views.share, world, held, who, area_id=getattr(world, area)).share is Share.SHARED
        return
    with pytest.raises(NotAllowed):
        act(views.share, world, held, who, area_id=getattr(world, area))
    assert audited() == []


def test_a_shared_view_is_changed_by_its_owner_and_by_the_office(world: World) -> None:
    held = shared(world, "grid", "grid_lead")
    calm = View(hidden=frozenset({Column.DONE}))

    for command, more in ((views.change, {"view": calm}), (views.rename, {"name": "改"}), (views.remove, {})):
        with pytest.raises(NotAllowed, match="另存"):
            act(command, world, held, "grid_worker", **more)
    held = act(views.change, world, held, "grid_lead", view=calm)
    held = act(views.rename, world, held, "coordinator", name="  没办结的  ")
    assert (held.view, held.name) == (calm, "没办结的")
    act(views.remove, world, held, "secretary")
    assert names_seen(world, "grid_lead") == []
    assert [action for action, _ in audited()] == ["view.share", "view.change", "view.rename", "view.delete"]


def test_only_its_owner_takes_a_shared_view_back(world: World) -> None:
    held = shared(world)

    with pytest.raises(NotAllowed):
        act(views.share, world, held, "colleague", area_id=None)
    assert act(views.share, world, held, area_id=None).share is Share.OWN
    assert names_seen(world, "colleague") == []


def test_a_role_starts_with_the_nearest_default(world: World) -> None:
    whole = act(views.set_default, world, saved(world), area_id=world.community, role=Role.GRID_WORKER)
    near = saved(world, name="一网格")
    act(views.set_default, world, near, area_id=world.grid, role=Role.GRID_WORKER)

    def start(who: str) -> str | None:
        found = db.read(views.default, actor=getattr(world, who))
        return found.name if found else None

    assert (start("grid_worker"), start("other_grid_worker")) == ("一网格", "已超时")
    assert (start("coordinator"), start("volunteer"), start("stranger")) == (None, None, None)
    assert names_seen(world, "grid_lead") == []
    assert ("view.default", whole.id) in audited()


def test_a_new_default_leaves_the_one_before_as_a_shared_view(world: World) -> None:
    first = act(views.set_default, world, saved(world), area_id=world.community, role=Role.COORDINATOR)

    second = act(views.set_default, world, saved(world, name="新的"), area_id=world.community, role=Role.COORDINATOR)

    assert db.read(views.get, actor=world.coordinator, view_id=first.id).share is Share.SHARED
    start = db.read(views.default, actor=world.colleague)
    assert start is not None and start.id == second.id


@pytest.mark.parametrize("who", ["grid_lead", "grid_worker", "leader", "volunteer", "stranger"])
def test_a_default_is_set_by_the_office_alone(world: World, who: str) -> None:
    with pytest.raises(NotAllowed):
        act(views.set_default, world, saved(world, who), who, area_id=world.community, role=Role.GRID_WORKER)


def test_a_reader_may_not_save(world: World) -> None:
    with pytest.raises(NotAllowed):
        saved(world, actor=replace(world.coordinator, read_only=True))


@pytest.mark.parametrize(
    "text", ["13800000001", "灯 138 0000 0001", "１３８００００００００１", "021-55550001 灯", "138—1234.5678"]
)
def test_a_telephone_number_is_never_saved(world: World, text: str) -> None:
    held = saved(world, view=View({"text": text, "due": "late"}))

    (body,) = db.read(lambda session: session.scalars(select(BoardViewRow.body)).all())

    assert not any(digit in str(body.get("text", "")) for digit in "0123456789")
    assert held.view.filters["due"] == "late"
    for name in ("13800000001", "王阿姨 138/1234/5678"):
        with pytest.raises(Invalid, match="电话"):
            act(views.rename, world, held, name=name)
        with pytest.raises(Invalid, match="电话"):
            saved(world, name=name)


@pytest.mark.parametrize("name", ["", "  ", "长" * 41])
def test_a_view_needs_a_name_that_fits(world: World, name: str) -> None:
    with pytest.raises(Invalid):
        saved(world, name=name)


def test_two_of_ones_own_have_two_names_and_there_is_an_end(world: World) -> None:
    saved(world)
    with pytest.raises(Invalid, match="换个名字"):
        saved(world)
    for number in range(views.MOST_VIEWS - 1):
        saved(world, name=f"视图{number}号")
    with pytest.raises(Invalid, match="最多"):
        saved(world, name="多一个")


def test_a_body_from_elsewhere_is_read_as_far_as_it_goes(world: World) -> None:
    held = saved(world)
    strange = {"layout": "globe", "due": "late"}
    db.run(lambda tx: tx.execute(BoardViewRow.__table__.update().values(body=strange)))  # type: ignore[attr-defined]

    found = db.read(views.get, actor=world.coordinator, view_id=held.id)

    assert (found.view, found.dropped) == (View({"due": "late"}), ("布局",))


def commands(world: World) -> dict[Callable[..., Any], dict[str, Any]]:
    return {
        views.change: {"view": View(sort=Sort.NEWEST)},
        views.rename: {"name": "另一个"},
        views.share: {"area_id": world.community},
        views.keep: {"name": "都改了", "view": View(), "reach": (Share.SHARED, world.community, None)},
        views.set_default: {"area_id": world.community, "role": Role.COORDINATOR},
        views.remove: {},
    }


def test_what_is_saved_over_a_view_is_kept_whole(world: World) -> None:
    reach = (Share.ROLE, world.community, Role.GRID_WORKER)

    kept = act(views.keep, world, saved(world), name="大家的", view=View(), reach=reach)

    assert (kept.name, kept.view, kept.reach, kept.version) == ("大家的", View(), reach, 2)
    assert audited() == [("view.default", kept.id), ("view.change", kept.id)]
    kept = act(views.keep, world, kept, name="大家的", view=LATE, reach=reach)
    assert (kept.view, len(audited())) == (LATE, 3)


def test_of_what_is_saved_over_a_view_nothing_stays_if_a_part_is_refused(world: World) -> None:
    saved(world, name="有了")
    held = saved(world)
    elsewhere = (Share.SHARED, world.other_community, None)
    good: dict[str, Any] = {"name": "新名字", "view": View(sort=Sort.NEWEST), "reach": held.reach}

    for bad in ({"name": "有了"}, {"name": ""}, {"name": "张三 138.1234.5678"}, {"reach": elsewhere}):
        with pytest.raises(Refused):
            act(views.keep, world, held, **(good | bad))
        assert db.read(views.get, actor=world.coordinator, view_id=held.id) == held
    assert audited() == []


def test_the_same_key_makes_a_change_once(world: World) -> None:
    key = new_key()
    first = saved(world, key=key)
    assert saved(world, key=key).id == first.id
    with pytest.raises(KeyReused):
        saved(world, key=key, name="别的")

    for place, (command, more) in enumerate(commands(world).items()):
        held, key = saved(world, name=f"第{place}个"), new_key()
        once = act(command, world, held, key=key, **more)
        assert act(command, world, held, key=key, **more) == once


def test_who_saw_an_old_state_is_refused(world: World) -> None:
    for place, (command, more) in enumerate(commands(world).items()):
        held = saved(world, name=f"第{place}个")
        act(views.rename, world, held, name=f"第{place}个，改过")
        with pytest.raises(Changed):
            act(command, world, held, **(more if command is not views.rename else {"name": "晚了"}))


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run these at the same moment; give what each led to."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return call()
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_two_at_once_with_one_key_make_one_view(any_world: World) -> None:
    key = new_key()

    first, second = at_once([lambda: saved(any_world, key=key)] * 2)

    assert first.id == second.id
    assert names_seen(any_world, "coordinator") == ["已超时"]


def test_of_two_changes_at_once_one_is_told(any_world: World) -> None:
    held = shared(any_world)

    results = at_once([partial(act, views.rename, any_world, held, who, name=who) for who in TWO])

    assert [type(result) for result in results if isinstance(result, Refused)] == [Changed]


def test_of_two_defaults_set_at_once_one_remains(any_world: World) -> None:
    held = [saved(any_world, who, name=who) for who in TWO]
    more = {"area_id": any_world.community, "role": Role.SECRETARY}

    at_once([partial(act, views.set_default, any_world, view, view.name, **more) for view in held])

    shares = [view.share for view in db.read(views.listed, actor=any_world.coordinator)]
    assert sorted(shares) == [Share.ROLE, Share.SHARED]
