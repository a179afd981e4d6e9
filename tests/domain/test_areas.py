from uuid import UUID

import pytest

from domain.access import Actor, Grant, Role
from domain.areas import UNSORTED_COMMUNITY, UNSORTED_STREET, Area, Level, check_parent, natural_order, path_of
from domain.errors import Invalid
from domain.ids import new_id, new_key, parse_id


def area(level: Level) -> Area:
    return Area(new_id(), None, level, "某处", "", "/x/", None)


@pytest.mark.parametrize(
    ("level", "parent", "fits"),
    [
        (level, parent, place == above)  # None stands above the first level
        for place, level in enumerate(Level)
        for above, parent in enumerate((None, *Level))
    ],
)
def test_each_level_stands_under_the_one_above_it(level: Level, parent: Level | None, fits: bool) -> None:
    above = area(parent) if parent else None

    if fits:
        check_parent(level, above)
        return
    with pytest.raises(Invalid, match="应建在"):
        check_parent(level, above)


def test_a_path_starts_with_its_parents_path() -> None:
    street, community = new_id(), new_id()
    above = path_of("", street)

    below = path_of(above, community)

    assert above == f"/{street.hex[-12:]}/"
    assert below == f"{above}{community.hex[-12:]}/"


def test_areas_made_in_the_same_moment_have_different_paths() -> None:
    paths = {path_of("", new_id()) for _ in range(2000)}

    assert len(paths) == 2000


def test_a_grant_covers_its_own_subtree_and_nothing_beside_it() -> None:
    street = path_of("", UNSORTED_STREET)
    mine, other = path_of(street, UNSORTED_COMMUNITY), path_of(street, new_id())
    grant = Grant(Role.COORDINATOR, UNSORTED_COMMUNITY, mine, Level.COMMUNITY, frozenset({UNSORTED_COMMUNITY}))
    actor = Actor(new_id(), "李敏", None, (grant,))

    found = [bool(actor.roles_at(path)) for path in (mine, path_of(mine, new_id()), other, street)]

    assert found == [True, True, False, False]


@pytest.mark.parametrize("text", [None, "", "x", "E0001", "1" * 33, "' OR 1=1"])
def test_anything_but_an_id_in_a_link_is_no_id(text: str | None) -> None:
    assert parse_id(text) is None


def test_an_id_in_a_link_is_read_back() -> None:
    made = new_id()

    assert parse_id(str(made)) == parse_id(made.hex) == made


def test_ids_are_version_7_and_keys_never_repeat() -> None:
    assert isinstance(new_id(), UUID)
    assert new_id().version == 7
    assert len({new_key() for _ in range(1000)}) == 1000


def test_numbers_in_names_are_sorted_by_what_they_say_in_digits_or_spoken() -> None:
    names = ["二网格", "桂花十一网格", "桂花二网格", "10号楼", "桂花三网格", "4号楼", "一网格", "桂花一网格"]

    assert sorted(names, key=natural_order) == [
        *("桂花一网格", "桂花二网格", "桂花三网格", "桂花十一网格"),
        *("一网格", "二网格", "4号楼", "10号楼"),
    ]
