"""From a pasted chat message to the four fields of a report: who, type, what, where."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.areas import HAN_NUMBER, Area, Level, han_number
from domain.due import Grade
from domain.tickets import Kind

# full-width letters and digits; punctuation stays as it was typed
_FOLD = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
TITLE_ROOM = 40  # characters of a title that a card shows on two lines

_MOBILE = r"(?<!\d)(?:\+?86[ -]?)?(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)"
_FIXED = r"(?<!\d)(0\d{2,3})-(\d{7,8})(?!\d)"
_PHONE, _LANDLINE = re.compile(_MOBILE), re.compile(_FIXED)
# a number with the words that only lead up to it: 我的电话是, ，手机, 请打电话
_NUMBER_SAID = re.compile(
    r"[，,、;；\s]*(?:请|可以?|麻烦)?(?:打|拨打?|致电|联系)?\s*(?:我的?|本人|他的?|她的?|家里)?(?:联系)?"
    rf"(?:(?:电话|手机|方式|号码|tel)(?:号码?)?(?:是|为)?\s*[:：]?\s*)?(?:{_MOBILE}|{_FIXED})(?:\s*[(（]?微信同号[)）]?)?(?:\s*联系)?",
    re.IGNORECASE,
)
_HONORIFIC = (
    r"(?:先生|女士|阿姨|大爷|大妈|大叔|大姐|大哥|奶奶|爷爷|叔叔|师傅|老师|婆婆|伯伯|姐|哥|姨|叔|伯|妈|爸|嫂|婶)"
)
_HAN_NAME = rf"[\u4e00-\u9fff]{{1,4}}{_HONORIFIC}?"
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜"
)
_SPEAKER = re.compile(rf"^\s*@?({_HAN_NAME})\s*(?:\d{{1,4}}[-/:.\d ]*)?[:：]", re.MULTILINE)
# how people call themselves in a group: where they live, then their name
_LIVES_AT = r"\d{1,3}(?:-\d{1,2}-\d{3,4}|(?:号楼|栋|幢|座|#)-?(?:\d{1,2}(?:单元|-))?-?(?:\d{3,4}室?)?)"
_NEIGHBOUR = re.compile(
    rf"^\s*@?(?P<at>{_LIVES_AT})\s*(?P<who>[老小]?[\u4e00-\u9fff]{{1,3}}{_HONORIFIC}|[老小]?[{_SURNAMES}][\u4e00-\u9fff]{{0,2}})\s*[:：]",
    re.MULTILINE,
)
_ALONE = re.compile(r"\A\s*@?([^\s，,。！!？?:：]{1,16})\s*[:：][ \t]*\n")
_TIME = r"(?:上午|下午|凌晨|早上|中午|晚上)?\s*\d{1,2}:\d{2}(?::\d{2})?"
_DATE = (
    r"(?:\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/月]\d{1,2}日?|今天|昨天|前天|(?:星期|周)[一二三四五六日天])"
)
_NICK = r"[^\n，,。！!？?:：]{1,24}?"
_HEADER = re.compile(
    rf"^[ \t]*(?!(?:{_DATE}|{_TIME})[ \t\n]|明天|后天|今晚)({_NICK})[ \t]+(?:{_DATE}[ \t]*)?{_TIME}[ \t]*:?[ \t]*\n",
    re.MULTILINE,
)
# what a chat leaves in a copy: pictures, voices, lines that only say when
_MEDIA = re.compile(
    r"\[语音\]\s*\d+[\"″']*|\[[\u4e00-\u9fffA-Za-z]{1,8}\]|\[(?:语音|视频|文件|链接|位置)[^\]\n]*\]|<(?:图片|语音|视频)>"
)
_MOMENT = re.compile(rf"^[ \t—–-]*(?:(?:{_DATE}[ \t]*){{1,3}}(?:{_TIME})?|{_TIME})[ \t—–-]*$", re.MULTILINE)
# the head of a copied chat: the group's name, with how many are in it, and where the unread begins
_GROUP = re.compile(
    r"^[ \t]*(?:[^\n，,。！!？?:：]{0,20}(?:群聊?|业主之?家)[ \t]*(?:[(（]\d{1,4}人?[)）])?"
    r"|[^\n，,。！!？?:：]{1,20}[(（]\d{2,4}人?[)）]"
    r"|[—–-]*[ \t]*(?:以下是新消息|以上是历史消息|\d+条新消息)[ \t]*[—–-]*)[ \t]*\n",
    re.MULTILINE,
)
_MENTION = re.compile(r"@[^\s@，,。:：]{1,12}(?:[\s\u2005]+|$)")
_CALLED = re.compile(
    r"(?:我叫|(?:联系人|姓名|诉求人|报修人|反映人)[:：]?)"
    rf"\s*({_HAN_NAME}?)(?=[,，。;；、!！\s\d(（]|电话|手机|$)"
)
_I_AM = re.compile(
    r"(?:我是|找|请?联系)(?:[\d\u4e00-\u9fff#-]{1,12}的)?\s*"
    rf"([\u4e00-\u9fff]{{1,3}}{_HONORIFIC}|[老小]?[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}|[老小][{_SURNAMES}])"
    r"(?=[,，。;；!！\s\d]|电话|手机|$)"
)
_LABEL = re.compile(
    r"^\s*(?:地址|地点|位置|住址|房号|详细地址|联系地址|问题|内容|事由|事项|诉求|诉求内容|反映|反映问题|情况|时间|求助|报修|报修内容"
    r"|联系电话|电话|手机|联系方式|联系人|姓名|通知|紧急|注意|你好|您好|大家好|请问)\s*[:：]\s*",
    re.MULTILINE,
)
_HAN_PLACE = re.compile(rf"(?<![一二三四五六七八九十])({HAN_NUMBER})(?=号楼|栋|幢|座|号院|单元|[楼层](?=\d))")
_HASH = re.compile(r"(\d{1,3})\s*#\s*楼?(?!\d{5})-?")
_PLACE = re.compile(
    r"\d{1,3}\s*(?:号楼|栋|幢|座|号院)(?:\s*\d{1,2}\s*(?:单元|门))?(?:\s*\d{1,2}\s*(?:楼|层))?(?:\s*\d{3,4}\s*(?:室|号|户)?)?"
)
_UNIT_ROOM = re.compile(r"(\d{1,3}(?:号楼|栋|幢|座))-?(\d{1,2})-(\d{3,4})(?!\d)")
_DASHED = re.compile(r"(?<![\d-])(\d{1,3})-(\d{1,2})-(\d{3,4})(?![\d-])")
_NOISE = re.compile(
    r"您好|你好|大家好|@所有人|请问|麻烦(?:社区|物业|你们|您)?(?:的)?(?:帮忙|派人|看看|看一下|处理)*(?:一下)?|谢谢(?:大家|您|了)?|辛苦了?|(?:我的|联系)?(?:电话|手机)号?是?[:：]"
)
_EDGES = " \t\u3000,，、。.;；:：!！~～-—()（）【】[]"
_SERVICE = re.compile(
    r"取药|买药|拿药|陪诊|陪.{0,4}(?:看病|去医院|就医|复查)|代购|代买|代办|跑腿|理发(?!店|馆)|剪头发|送饭|送餐(?!员|车)"
    r"|助餐|助浴|买菜(?!的|车)|帮忙(?:买|拿|取|搬|推)"
)
# what needs somebody at once; fear of it, and a lesson about it, do not
_EMERGENCY = re.compile(
    r"(?<!防止)(?<!预防)(?<!避免)(?<!以免)(?<!担心)(?<!没有)(?<!容易)(?<!万一)(?<![怕防会])"
    r"(困人|被困|困在|关在电梯|着火|起火|失火|冒烟|(?:煤气|燃气|天然气|液化气)(?:味|泄漏|泄露|漏)|漏(?:煤气|燃气|天然气)"
    r"|触电|漏电|晕倒|昏倒|昏迷|不省人事|叫不醒|没有?呼吸|[摔跌]倒.{0,10}(?:起不来|不能动|动不了|站不起|流血|不起来)"
    r"|打人|(?<![猫狗])打架|斗殴|家暴|[打揍](?:老婆|老公|媳妇|妻子)|持刀|砍人|跳楼(?!价|大甩卖|甩卖|机)|轻生|自杀|割腕"
    r"|井盖.{0,3}(?:没了|不见|没有了|丢|被偷|缺失|不在)|(?:没有?|缺|丢|少)了?(?:个|一个)?井盖"
    r"|砸伤|砸到(?:了)?(?:人|孩子|小孩|老人|行人)|坠物伤人|掉.{0,6}伤(?:了|到)?(?:人|孩子|老人))"
)
_LESSON = re.compile(r"演练|演习|讲座|培训|宣传|知识|征求|如何|怎么办理")
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
    "燃气用电": ("煤气", "燃气", "天然气", "漏电", "触电", "停电"),
    "乱停乱放": ("乱停", "占车位", "挡住车", "堵车"),
    "充电桩": ("充电桩",),
    "夜间装修": ("装修", "电钻"),
    "广场舞": ("跳舞", "音响"),
    "邻里噪音": ("噪音", "太吵", "吵得", "吵闹", "夜吵", "天天吵"),
    "树木修剪": ("树枝", "树木", "修剪"),
    "积水排涝": ("积水",),
    "油烟异味": ("油烟", "异味"),
    "物业收费": ("物业费",),
    "保安保洁": ("保安", "没人打扫"),
    "邻里纠纷": ("纠纷", "吵架", "打架"),
    "夫妻矛盾": ("家暴", "夫妻", "打老婆"),
    "代购代办": ("买菜", "代购", "代买", "跑腿"),
    "陪诊取药": ("取药", "陪诊", "看病", "去医院"),
    "养老助老": ("老人", "助餐", "送餐", "送饭", "理发", "助浴"),
    "社保医保": ("医保", "社保"),
    "低保救助": ("低保", "救助"),
    "户籍证件": ("户口", "居住证", "身份证"),
    "违章建筑": ("违建", "私搭"),
    "加装电梯": ("装电梯",),
}


# words of a thing that only say where the matter is
_WHERE = re.compile(
    r"(?:楼道灯|路灯|电梯|单元门?|门禁|充电桩|井盖|消防通道|下水道)"
    r"(?:[口里内外前后上下]|间|门口|厅|旁边?|附近|对面|那儿|那里|边上)+(?!.{0,2}(?:坏|响|掉|停|卡|关不|开不|不亮|不动|漏))"
)


@dataclass(frozen=True)
class Intake:
    name: str = ""
    phone: str = ""
    place: str = ""
    title: str = ""
    description: str = ""  # the message without who sent it: readers of the ticket see it in full


def parse(message: str) -> Intake:
    """Read who, where and what out of a message; what isn't there stays empty."""
    text = _MOMENT.sub("", _GROUP.sub("", _MEDIA.sub("", message.translate(_FOLD)).lstrip())).strip()
    name, phone = _name(text), _phone(text)
    said = _without_person(text)
    lives = _NEIGHBOUR.search(text)
    return Intake(_nick(name), phone, _place(said) or _place(lives["at"] if lives else name), _title(said), said)


def _phone(text: str) -> str:
    if found := _PHONE.search(text):
        return "".join(found.groups())
    found = _LANDLINE.search(text)
    return "-".join(found.groups()) if found else ""


def _name(text: str) -> str:
    """Find who it is: as they say it themselves, or as the chat heads their message."""
    if neighbour := _NEIGHBOUR.search(text):
        return neighbour["who"]
    labelled = _LABEL.sub("", text)
    for pattern, where in ((_CALLED, text), (_I_AM, text), (_HEADER, text), (_ALONE, text), (_SPEAKER, labelled)):
        found = pattern.search(where)
        if found and not _LABEL.match(found.group(1) + "："):
            return found.group(1).strip()
    return ""


def _nick(name: str) -> str:
    """Leave the address out of a name in the group: 3-2-501王阿姨."""
    return _PLACE.sub("", _UNIT_ROOM.sub("", _DASHED.sub("", _in_digits(name)))).strip(_EDGES)


def _without_person(text: str) -> str:
    text = _CALLED.sub("", _I_AM.sub("", _NUMBER_SAID.sub("", _ALONE.sub("", _HEADER.sub("", text + "\n")))))
    text = _MENTION.sub("", _SPEAKER.sub("", _NEIGHBOUR.sub("", _LABEL.sub("", text))))
    lines = (re.sub(r"[，,]\s*(?=[，,。;；])", "", line).strip(_EDGES) for line in text.splitlines())
    return "\n".join(filter(None, lines))


def _in_digits(text: str) -> str:
    """Write the numbers of places as a register does: 五号楼三单元, 5#3单元 are 5号楼3单元."""
    said = _HAN_PLACE.sub(lambda found: str(han_number(found.group(1))), text)
    return _UNIT_ROOM.sub(r"\1\2单元\3", _HASH.sub(r"\1号楼", said))


def _place(text: str) -> str:
    text = _in_digits(text)
    if found := _DASHED.search(text):
        return "{}号楼{}单元{}".format(*found.groups())
    found = _PLACE.search(text)
    return re.sub(r"\s", "", found.group()) if found else ""


def unit_in(text: str) -> str:
    """Give the number of the unit that an address names; "" if it names none."""
    found = re.search(r"(\d{1,2})\s*单元", _place(text.translate(_FOLD)) or _in_digits(text.translate(_FOLD)))
    return found.group(1) if found else ""


def _title(said: str) -> str:
    """Take the first sentence that says something, greetings left out."""
    for part in re.split(r"[。!！;；\n?？]", _DASHED.sub("", _NOISE.sub("", said))):
        words = part.strip(_EDGES)
        if len(words) >= 4 and not _PLACE.fullmatch(_in_digits(words)):
            return words if len(words) <= TITLE_ROOM else _shorter(words)
    return ""


def _shorter(words: str) -> str:
    head = words[:TITLE_ROOM]
    cut = max(head.rfind(mark) for mark in "，, ")
    return head[:cut] if cut >= TITLE_ROOM // 3 else head


def guess_category(text: str, names: Iterable[str]) -> str:
    """Pick the category of the longest word found in the text, of two as long the later one; "" if none.

    A word that also says where (单元门口, 电梯里) speaks only if no other does: 电梯里有狗屎 is about the dog.
    """
    names = list(names)
    said = _WHERE.sub("", text)
    return _spoken_for(said, names) or _spoken_for(text, names)


def _spoken_for(text: str, names: Iterable[str]) -> str:
    words = ((word, name) for name in names for word in (name, *KEYWORDS.get(name, ())))
    found = [(len(word), text.rfind(word), name) for word, name in words if word in text]
    return max(found, default=(0, 0, ""))[2]


def emergency_word(text: str) -> str:
    """Give the word that makes a report an emergency; "" if none does."""
    found = None if _LESSON.search(text) else _EMERGENCY.search(text)
    return found.group(1) if found else ""


def guess_grade(text: str) -> Grade:
    return Grade.URGENT if emergency_word(text) else Grade.NORMAL


def guess_kind(text: str) -> Kind:
    return Kind.SERVICE if _SERVICE.search(text) else Kind.REPORT


def find_area(text: str, areas: Sequence[Area], start: Area) -> Area:
    """Go down from `start` to the one building and unit that the text names; stay where it is unsure."""
    folded = _in_digits(text.translate(_FOLD).replace(" ", ""))
    if dashed := _DASHED.search(folded):
        folded = "{}号楼{}单元".format(*dashed.groups())
    here = start
    for level in (Level.BUILDING, Level.UNIT):
        below = [
            a for a in areas if a.level is level and a.path.startswith(here.path) and _named(_in_digits(a.name), folded)
        ]
        if len(below) == 1:
            here = below[0]
    return here


def _named(name: str, text: str) -> bool:
    """Tell whether the name stands in the text and not as the end of a longer number (3号楼 in 13号楼)."""
    return re.search(rf"(?<!\d){re.escape(name)}", text) is not None
