"""A pasted message fills the four fields, and nothing is made up that it does not say."""

from uuid import UUID

import pytest

from domain.areas import Area, Level
from domain.due import Grade
from domain.intake import (
    KEYWORDS,
    TITLE_ROOM,
    emergency_word,
    find_area,
    guess_category,
    guess_grade,
    guess_kind,
    parse,
)
from domain.tickets import Kind

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


@pytest.mark.parametrize(
    ("message", "name", "phone", "place", "title"),
    [
        ("王阿姨 2026/11/22 上午10:21\n三单元楼道灯不亮，麻烦看看\n[图片]", "王阿姨", "", "", "三单元楼道灯不亮"),
        (
            "幸福一家人 10:30\n五号楼三单元下水道堵了，电话13800001234",
            "幸福一家人",
            "13800001234",
            "5号楼3单元",
            "五号楼三单元下水道堵了",
        ),
        ("王阿姨  10:21\n\n十二栋电梯坏了！\n", "王阿姨", "", "12栋", "十二栋电梯坏了"),
        (
            "—————  2026-11-22  —————\n\n3-2-501王阿姨  10:21\n\n家里没水了[抱拳]",
            "王阿姨",
            "",
            "3号楼2单元501",
            "家里没水了",
        ),
        ("3-2-501 楼上漏水，手机 13800001234", "", "13800001234", "3号楼2单元501", "楼上漏水"),
        (
            "李师傅 下午3:05\n9-2-301 暖气不热，请打电话 138 0000 1234 联系。谢谢",
            "李师傅",
            "13800001234",
            "9号楼2单元301",
            "暖气不热",
        ),
        (
            "姓名：王芳\n电话：13800001234\n地址：3号楼2单元\n内容：楼道灯不亮",
            "王芳",
            "13800001234",
            "3号楼2单元",
            "楼道灯不亮",
        ),
        (
            "@李敏 3#2单元401漏水 13800001234（微信同号）",
            "",
            "13800001234",
            "3号楼2单元401",
            "3#2单元401漏水",
        ),
        (
            "想找人陪诊，明天去医院复查，联系人：刘大姐 13800001234",
            "刘大姐",
            "13800001234",
            "",
            "想找人陪诊，明天去医院复查",
        ),
        ("[微信图片]\n垃圾桶满了没人收，6栋门口", "", "", "6栋", "垃圾桶满了没人收，6栋门口"),
        ("月亮妈妈:\n十一号楼一单元门禁坏了", "月亮妈妈", "", "11号楼1单元", "十一号楼一单元门禁坏了"),
        ('[语音] 12"\n二十一栋1单元302漏水，我是老李', "老李", "", "21栋1单元302", "二十一栋1单元302漏水"),
        ("周姐 昨天 21:08\n八号楼门口车堵了，快来", "周姐", "", "8号楼", "八号楼门口车堵了，快来"),
        ("注意：3号楼门口结冰了", "", "", "3号楼", "3号楼门口结冰了"),
        ("我是真没办法，楼上天天吵到半夜", "", "", "", "我是真没办法，楼上天天吵到半夜"),
        ("明天停水到 10:30\n请通知", "", "", "", "明天停水到 10:30"),
    ],
)
def test_a_chat_message_is_read_as_people_send_it(message: str, name: str, phone: str, place: str, title: str) -> None:
    found = parse(message)

    assert (found.name, found.phone, found.place, found.title) == (name, phone, place, title)


@pytest.mark.parametrize(
    "message",
    [
        "楼上漏水，手机 13800001234",
        "漏水了，我的电话是：13800001234。",
        "漏水了 请打 13800001234",
        "电话13800001234，漏水",
    ],
)
def test_no_word_for_the_number_is_left_where_the_number_was(message: str) -> None:
    said = parse(message).description

    assert not any(word in said for word in ("电话", "手机", "打", "138"))
    assert said.strip("，。 ") == said


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("帮忙取药，家里没人", Kind.SERVICE),
        ("想请人陪诊", Kind.SERVICE),
        ("代购米面油", Kind.SERVICE),
        ("代买棉鞋", Kind.SERVICE),
        ("上门理发", Kind.SERVICE),
        ("给奶奶送饭", Kind.SERVICE),
        ("理发店音响太吵", Kind.REPORT),
        ("送餐员在楼道抽烟", Kind.REPORT),
        ("楼道灯不亮", Kind.REPORT),
    ],
)
def test_a_wish_for_help_is_a_service(text: str, kind: Kind) -> None:
    assert guess_kind(text) is kind


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("3号楼电梯困人了，快来人", "困人"),
        ("5栋着火了", "着火"),
        ("楼道电表箱起火", "起火"),
        ("配电房冒烟", "冒烟"),
        ("楼道里有很重的煤气味", "煤气味"),
        ("厨房燃气泄漏", "燃气泄漏"),
        ("有人触电了", "触电"),
        ("路灯杆漏电", "漏电"),
        ("老人在门口晕倒", "晕倒"),
        ("邻居昏迷不醒", "昏迷"),
        ("奶奶摔倒起不来了", "摔倒起不来"),
        ("楼下有人打架", "打架"),
        ("隔壁家暴", "家暴"),
        ("他又打老婆了", "打老婆"),
        ("有人要跳楼", "跳楼"),
        ("她说想轻生", "轻生"),
        ("路口井盖没了", "井盖没了"),
        ("南门井盖丢失", "井盖丢"),
        ("高空坠物砸伤一个孩子", "砸伤"),
    ],
)
def test_an_emergency_is_urgent(text: str, word: str) -> None:
    assert emergency_word(text) == word
    assert guess_grade(text) is Grade.URGENT


@pytest.mark.parametrize(
    "text",
    [
        "打印居住证明",
        "楼道没人打扫",
        "楼下火锅店油烟太大",
        "打电话没人接",
        "跳楼价大甩卖的喇叭太吵",
        "飞线充电，怕着火",
        "消防演练时着火怎么逃",
        "井盖松动响",
        "燃气公司来抄表",
        "野猫打架太吵",
        "停电了",
        "",
    ],
)
def test_what_only_sounds_like_an_emergency_is_none(text: str) -> None:
    assert emergency_word(text) == ""
    assert guess_grade(text) is Grade.NORMAL


@pytest.mark.parametrize(("text", "expected"), [("三号楼二单元", UNIT), ("十三号楼", B13), ("3#2单元", UNIT)])
def test_an_address_in_words_leads_there_too(text: str, expected: Area) -> None:
    assert find_area(text, [COMMUNITY, B3, B13, UNIT], COMMUNITY) == expected


@pytest.mark.parametrize(
    ("message", "name", "place", "title"),
    [
        ("桂花家园业主群\n3号楼楼道灯坏了", "", "3号楼", "3号楼楼道灯坏了"),
        ("桂花家园业主群(128)\n王阿姨 10:21\n3号楼楼道灯坏了", "王阿姨", "3号楼", "3号楼楼道灯坏了"),
        ("相亲相爱一家人群聊（36）\n昨天 21:08\n周姐: 单元门锁坏了", "周姐", "", "单元门锁坏了"),
        ("幸福里邻居(203人)\n电梯又停了", "", "", "电梯又停了"),
        ("以下是新消息\n月亮妈妈 10:30\n电梯又停了", "月亮妈妈", "", "电梯又停了"),
        ("—— 以下是新消息 ——\n老李：水管爆了没人管", "老李", "", "水管爆了没人管"),
        ("2026年11月22日 星期日\n李师傅：暖气不热", "李师傅", "", "暖气不热"),
        ("6-3-502 孙姐: 楼上天天半夜吵", "孙姐", "6号楼3单元502", "楼上天天半夜吵"),
        ("6号楼3单元502孙姐：楼上天天半夜吵", "孙姐", "6号楼3单元502", "楼上天天半夜吵"),
        ("6#3单元502 老孙：楼上天天半夜吵", "老孙", "6号楼3单元502", "楼上天天半夜吵"),
        ("12栋王大爷：路边井盖松动", "王大爷", "12栋", "路边井盖松动"),
        ("群里的各位，电梯坏了", "", "", "群里的各位，电梯坏了"),
        ("广场舞人群太吵，没人管", "", "", "广场舞人群太吵，没人管"),
        ("3号楼门口：垃圾没人收", "", "3号楼", "3号楼门口：垃圾没人收"),
    ],
)
def test_the_head_of_a_chat_is_no_matter_and_a_neighbour_has_a_name(
    message: str, name: str, place: str, title: str
) -> None:
    found = parse(message)

    assert (found.name, found.place, found.title) == (name, place, title)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6号楼3单元门口的垃圾桶满了", "垃圾清运"),
        ("楼道灯旁边堆满杂物", "楼道堆物"),
        ("电梯里有狗屎", "宠物粪便"),
        ("电梯口堆了纸箱杂物", "楼道堆物"),
        ("充电桩旁边有人遛狗不拴绳", "宠物粪便"),
        ("单元门关不上", "门禁对讲"),
        ("单元门口的门禁坏了", "门禁对讲"),
        ("电梯里的灯闪", "电梯"),
        ("楼上天天半夜吵", "邻里噪音"),
    ],
)
def test_a_word_that_says_where_does_not_decide_what(text: str, expected: str) -> None:
    assert guess_category(text, KEYWORDS) == expected
