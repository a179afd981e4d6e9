"""A pasted message fills the four fields, and nothing is made up that it does not say."""

from uuid import UUID

import pytest

from domain.areas import Area, Level
from domain.intake import TITLE_ROOM, find_area, guess_category, parse

NAMES = ("楼道灯", "水管渗漏", "电梯", "加装电梯", "垃圾清运", "邻里噪音", "陪诊取药")


@pytest.mark.parametrize(
    ("message", "name", "phone", "place", "title"),
    [
        ("张三:3号楼2单元楼道灯坏了", "张三", "", "3号楼2单元", "3号楼2单元楼道灯坏了"),
        ("张三：３号楼２单元楼道灯坏了", "张三", "", "3号楼2单元", "3号楼2单元楼道灯坏了"),
        ("我是李奶奶，5栋漏水，电话13800001234", "李奶奶", "13800001234", "5栋", "5栋漏水"),
        ("你好，门口垃圾没人收。联系人：王芳 138 0000 1234", "王芳", "13800001234", "", "门口垃圾没人收"),
        ("3-2-501 家里没水了", "", "", "3号楼2单元501", "家里没水了"),
        ("电梯困人！快来人\n0000-1234567", "", "0000-1234567", "", "电梯困人"),
        ("楼下太吵 010-12345678", "", "010-12345678", "", "楼下太吵"),
        ("我是3号楼的赵大爷，想请人陪我取药", "赵大爷", "", "", "想请人陪我取药"),
        ("", "", "", "", ""),
        ("？", "", "", "", ""),
    ],
)
def test_a_message_gives_who_where_and_what(message: str, name: str, phone: str, place: str, title: str) -> None:
    found = parse(message)

    assert (found.name, found.phone, found.place, found.title) == (name, phone, place, title)


def test_the_description_says_nothing_of_who_sent_it() -> None:
    found = parse("赵六：楼道灯坏了三天了，晚上看不见。我的电话 13800001234")

    assert "13800001234" not in found.description
    assert "赵六" not in found.description
    assert "晚上看不见" in found.description


def test_a_long_message_gives_a_title_that_a_card_can_show() -> None:
    found = parse("楼道里堆满了纸箱和旧家具，老人上下楼都不方便，已经跟他们说过好多次了，还是没有人来清理掉")

    assert 0 < len(found.title) <= TITLE_ROOM


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3号楼楼道灯不亮", "楼道灯"),
        ("厨房漏水了", "水管渗漏"),
        ("电梯坏了", "电梯"),
        ("想问加装电梯的事", "加装电梯"),
        ("陪我去医院看病", "陪诊取药"),
        ("今天天气不错", ""),
    ],
)
def test_the_longest_word_found_decides_the_category(text: str, expected: str) -> None:
    assert guess_category(text, NAMES) == expected


def area(number: int, level: Level, name: str, path: str) -> Area:
    return Area(UUID(int=number), None, level, name, "", path, None)


COMMUNITY = area(1, Level.COMMUNITY, "桂花社区", "/s/c/")
B3 = area(3, Level.BUILDING, "3号楼", "/s/c/g1/b3/")
B13 = area(4, Level.BUILDING, "13号楼", "/s/c/g1/b13/")
UNIT = area(5, Level.UNIT, "2单元", "/s/c/g1/b3/u2/")
ELSEWHERE = area(6, Level.BUILDING, "3号楼", "/s/d/g9/b3/")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3号楼2单元501", UNIT),
        ("3-2-501", UNIT),
        ("3号楼", B3),
        ("13号楼2单元", B13),
        ("23号楼", COMMUNITY),
        ("小区东门", COMMUNITY),
    ],
)
def test_an_address_leads_to_the_one_area_it_names(text: str, expected: Area) -> None:
    assert find_area(text, [COMMUNITY, B3, B13, UNIT, ELSEWHERE], COMMUNITY) == expected


def test_two_buildings_of_one_name_leave_the_place_open() -> None:
    twin = area(7, Level.BUILDING, "3号楼", "/s/c/g2/b3/")

    assert find_area("3号楼", [COMMUNITY, B3, twin], COMMUNITY) == COMMUNITY
