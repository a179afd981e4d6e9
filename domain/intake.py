"""From a pasted chat message to the four fields of a report: who, type, what, where."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.areas import Area, Level

# full-width letters and digits; punctuation stays as it was typed
_FOLD = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
TITLE_ROOM = 40  # characters of a title that a card shows on two lines

_PHONE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})-(\d{7,8})(?!\d)")
_HAN_NAME = r"[\u4e00-\u9fff]{1,4}(?:先生|女士|阿姨|大爷|大妈|奶奶|爷爷|师傅|老师)?"
_SPEAKER = re.compile(rf"^\s*@?({_HAN_NAME})\s*(?:\d{{1,4}}[-/:.\d ]*)?[:：]", re.MULTILINE)
_CALLED = re.compile(
    rf"(?:我是(?:[\d\u4e00-\u9fff]{{1,12}}的)?|我叫|联系人[:：]?|姓名[:：]?|找)\s*({_HAN_NAME}?)(?=[,，。;；!！\s\d]|电话|手机|$)"
)
_PLACE = re.compile(
    r"\d{1,3}\s*(?:号楼|栋|幢|座|号院)(?:\s*\d{1,2}\s*(?:单元|门))?(?:\s*\d{1,2}\s*(?:楼|层))?(?:\s*\d{3,4}\s*(?:室|号|户)?)?"
)
_DASHED = re.compile(r"(?<![\d-])(\d{1,3})-(\d{1,2})-(\d{3,4})(?![\d-])")
_NOISE = re.compile(
    r"您好|你好|大家好|@所有人|请问|麻烦(?:社区|物业|你们|您)?(?:的)?(?:帮忙|派人|看看|看一下|处理)*(?:一下)?|谢谢(?:大家|您|了)?|辛苦了?|(?:我的|联系)?(?:电话|手机)号?是?[:：]?"
)
_EDGES = " \t\u3000,，、。.;；:：!！~～-()（）【】[]"
# what people call it → the shipped category it belongs to; a category's own name counts as well
KEYWORDS: dict[str, tuple[str, ...]] = {
    "楼道灯": ("路灯", "灯不亮", "灯坏", "声控灯", "灯一直"),
    "门禁对讲": ("门禁", "对讲", "单元门"),
    "水管渗漏": ("漏水", "渗水", "水管", "停水", "没水"),
    "下水堵塞": ("下水道", "堵了", "返水", "污水"),
    "电梯": ("电梯",),
    "路面台阶": ("路面", "台阶", "坑洼"),
    "楼道堆物": ("堆物", "杂物", "堆放"),
    "垃圾清运": ("垃圾", "臭味"),
    "乱贴广告": ("小广告",),
    "消杀除虫": ("蟑螂", "老鼠", "蚊子", "消杀"),
    "宠物粪便": ("狗屎", "狗粪", "遛狗"),
    "消防通道": ("消防", "通道被占", "灭火器"),
    "电动车充电": ("飞线", "电动车进楼", "电瓶"),
    "井盖": ("窨井",),
    "高空坠物": ("高空抛物", "掉下来", "墙皮"),
    "燃气用电": ("煤气", "燃气", "漏电", "停电"),
    "乱停乱放": ("乱停", "占车位", "挡住车", "堵车"),
    "充电桩": ("充电桩",),
    "夜间装修": ("装修", "电钻"),
    "广场舞": ("跳舞", "音响"),
    "邻里噪音": ("噪音", "太吵", "吵得", "吵闹"),
    "树木修剪": ("树枝", "树木", "修剪"),
    "积水排涝": ("积水",),
    "油烟异味": ("油烟", "异味"),
    "物业收费": ("物业费",),
    "保安保洁": ("保安", "没人打扫"),
    "邻里纠纷": ("纠纷", "吵架"),
    "夫妻矛盾": ("家暴", "夫妻"),
    "代购代办": ("买菜", "代购", "跑腿"),
    "陪诊取药": ("取药", "陪诊", "看病", "去医院"),
    "养老助老": ("老人", "助餐", "送餐"),
    "社保医保": ("医保", "社保"),
    "低保救助": ("低保", "救助"),
    "户籍证件": ("户口", "居住证", "身份证"),
    "违章建筑": ("违建", "私搭"),
    "加装电梯": ("装电梯",),
}


@dataclass(frozen=True)
class Intake:
    name: str = ""
    phone: str = ""
    place: str = ""
    title: str = ""
    description: str = ""  # the message without who sent it: readers of the ticket see it in full


def parse(message: str) -> Intake:
    """Read who, where and what out of a message; what isn't there stays empty."""
    text = message.translate(_FOLD).strip()
    name, phone = _name(text), _phone(text)
    said = _without_person(text)
    return Intake(name, phone, _place(said), _title(said), said)


def _phone(text: str) -> str:
    if found := _PHONE.search(text):
        return "".join(found.groups())
    found = _LANDLINE.search(text)
    return "-".join(found.groups()) if found else ""


def _name(text: str) -> str:
    found = _CALLED.search(text) or _SPEAKER.search(text)
    return found.group(1) if found else ""


def _without_person(text: str) -> str:
    for pattern in (_SPEAKER, _PHONE, _LANDLINE, _CALLED):
        text = pattern.sub("", text)
    lines = (line.strip(_EDGES) for line in text.splitlines())
    return "\n".join(filter(None, lines))


def _place(text: str) -> str:
    if found := _DASHED.search(text):
        return "{}号楼{}单元{}".format(*found.groups())
    found = _PLACE.search(text)
    return re.sub(r"\s", "", found.group()) if found else ""


def _title(said: str) -> str:
    """Take the first sentence that says something, greetings left out."""
    for part in re.split(r"[。!！;；\n?？]", _DASHED.sub("", _NOISE.sub("", said))):
        words = part.strip(_EDGES)
        if len(words) >= 4:
            return words if len(words) <= TITLE_ROOM else _shorter(words)
    return ""


def _shorter(words: str) -> str:
    head = words[:TITLE_ROOM]
    cut = max(head.rfind(mark) for mark in "，, ")
    return head[:cut] if cut >= TITLE_ROOM // 3 else head


def guess_category(text: str, names: Iterable[str]) -> str:
    """Pick the category that the longest word found in the text speaks for; "" if none does."""
    found = [(len(word), name) for name in names for word in (name, *KEYWORDS.get(name, ())) if word in text]
    return max(found, default=(0, ""))[1]


def find_area(text: str, areas: Sequence[Area], start: Area) -> Area:
    """Go down from `start` to the one building and unit that the text names; stay where it is unsure."""
    folded = text.translate(_FOLD).replace(" ", "")
    if dashed := _DASHED.search(folded):
        folded = "{}号楼{}单元".format(*dashed.groups())
    here = start
    for level in (Level.BUILDING, Level.UNIT):
        below = [a for a in areas if a.level is level and a.path.startswith(here.path) and _named(a.name, folded)]
        if len(below) == 1:
            here = below[0]
    return here


def _named(name: str, text: str) -> bool:
    """Tell whether the name stands in the text and not as the end of a longer number (3号楼 in 13号楼)."""
    return re.search(rf"(?<!\d){re.escape(name)}", text) is not None
