"""The words of messages, from plain values, and how they are cut to size.

No name, phone, flat or condition: a message names an incident (Y0012), an elder's code (L0037), a building
and where to look. All keys of `Facts` may be missing.
"""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from domain.outbox import Template

PRODUCT = "邻里一屏"  # in every message: a robot may ask for a keyword
AGAIN = "（补发）"
CUT = "……（未完，请到系统里查看）"
MOST_PARTS = 5


class Facts(TypedDict, total=False):
    place: str  # 桂花社区
    grid: str
    building: str  # 3栋
    elder: str  # L0037
    incident: str  # Y0012
    cause: str  # 未见平安信号
    who: str  # whom it turns to: 社区值班
    ticket: str  # E0012
    due: str  # 11月20日 18:00
    count: int
    text: str  # what the caller adds; no personal words
    found: str  # 在家平安
    repeat: int  # how often it was said before
    link: str
    again: bool


_FULL = {
    Template.INCIDENT_STEP: "【预警】{where}{cause}，请{who}马上核实{repeat}。",
    Template.ALL_CLEAR: "【解除】{where}{found}，谢谢大家，不用再去。",
    Template.UNCHECKED: "【超时未查看】{where}还没有人查看，请{who}去看一看。",
    Template.ROUND_SOON: "【巡看提醒】今天的巡看还剩{count}户，请{who}按时查看。",
    Template.TICKET_DISPATCHED: "【派单】工单 {ticket}{at}已派出，请{who}接单，{due}前办结。",
    Template.TICKET_URGED: "【催办】工单 {ticket}{at}已催办，请{who}尽快处理，{due}前办结。",
    Template.TICKET_DUE_SOON: "【即将到期】工单 {ticket}{at}将在{due}到期，请{who}抓紧办理。",
    Template.TICKET_OVERDUE: "【已超期】工单 {ticket}{at}已超过{due}的期限，请{who}马上处理。",
    Template.POINTS_EXPIRING: "【积分到期】有{count}位居民的积分将在{due}到期，请提醒使用。",
    Template.CANARY: "【通道测试】这是一条测试消息，收到表示这个通道正常，不用回复。",
    Template.ALERT: "【系统提醒】{text}",
}
_SHORT = {
    Template.INCIDENT_STEP: "{incident} {building} {elder}",  # the head says the cause
    Template.ALL_CLEAR: "解除 {incident} {building} {elder} {found}",
    Template.UNCHECKED: "{building} {elder} 超时未查看",
    Template.TICKET_DISPATCHED: "派单 {ticket}{at}，{due}前办结",
    Template.TICKET_URGED: "催办 {ticket}{at}，{due}前办结",
    Template.TICKET_DUE_SOON: "即将到期 {ticket}{at}，{due}",
    Template.TICKET_OVERDUE: "已超期 {ticket}{at}，{due}到期",
}
_HEADS = {
    Template.INCIDENT_STEP: "【预警】{cause}，共{n}起，请马上逐一核实：",
    Template.ALL_CLEAR: "【解除】共{n}起，不用再去：",
}
_HEAD = "【汇总】共{n}条："


def words(template: Template, facts: Facts) -> str:
    """Say one message in full."""
    said = _fill(_FULL[template], facts)
    if (more := facts.get("text")) and template is not Template.ALERT:
        said += more
    link = f"\n{facts['link']}" if facts.get("link") else ""
    return f"{_head(facts)}{AGAIN if facts.get('again') else ''}{said}{link}"


def line(template: Template, facts: Facts) -> str:
    """Say it in one line of a message that many share."""
    pattern = _SHORT.get(template, _FULL[template])
    return (AGAIN if facts.get("again") else "") + " ".join(_fill(pattern, facts).split())


def digest(template: Template, facts: Sequence[Facts], lines: Sequence[str], link: str = "") -> str:
    """Put lines of one kind, or of one grid, into one message."""
    head = _HEADS.get(template, _HEAD).format(n=len(lines), cause=facts[0].get("cause", "需要核实"))
    return "\n".join([_head(facts[0]) + head, *lines, *([link] if link else [])])


def _head(facts: Facts) -> str:
    return f"{PRODUCT}·{facts['place']} " if facts.get("place") else f"{PRODUCT} "


def _fill(pattern: str, facts: Facts) -> str:
    repeat = facts.get("repeat", 0)
    where = "".join(f"{facts[name]} " for name in ("incident", "building", "elder") if facts.get(name))
    return pattern.format(
        where=where,
        at=f"（{facts['grid']}）" if facts.get("grid") else "",
        incident=facts.get("incident", ""),
        building=facts.get("building", ""),
        elder=facts.get("elder", ""),
        cause=facts.get("cause", "需要核实"),
        found=facts.get("found", "已处理"),
        who=facts.get("who", "有关同事"),
        repeat=f"（第{repeat + 1}次通知）" if repeat else "",
        ticket=facts.get("ticket", ""),
        due=facts.get("due", "规定时间"),
        count=facts.get("count", 0),
        text=facts.get("text", ""),
    )


def size(text: str) -> int:
    return len(text.encode())


def fitting(lines: Sequence[str], room: int) -> int:
    """Count how many lines, each with its line break, fit into so many bytes; at least one."""
    used = 0
    for n, one in enumerate(lines):
        used += size(one) + 1
        if used > room and n:
            return n
    return len(lines)


def split(text: str, limit: int) -> list[str]:
    """Cut a text into parts of at most `limit` bytes, at line breaks if there are any, never inside a character."""
    parts, rest = [], text
    while size(rest) > limit:
        head = _longest(rest, limit)
        cut = head.rfind("\n") + 1 or len(head)
        parts.append(rest[:cut].rstrip("\n"))
        rest = rest[cut:]
    return [part for part in [*parts, rest] if part]


def cut(text: str, limit: int) -> list[str]:
    """Split a text, but into no more parts than a robot takes at once; what is left out is on the page."""
    parts = split(text, limit)
    if len(parts) <= MOST_PARTS:
        return parts
    kept = parts[:MOST_PARTS]
    kept[-1] = split(kept[-1], limit - size(CUT))[0] + CUT
    return kept


def _longest(text: str, limit: int) -> str:
    """Take as many whole characters as fit. What looks like one (an emoji, its skin and family) stays one."""
    end, used = 0, 0
    for cluster in _clusters(text):
        used += size(cluster)
        if used > limit:
            break
        end += len(cluster)
    # one cluster that is longer than a whole message: then between its code points
    return text[:end] or text.encode()[:limit].decode(errors="ignore")


def _clusters(text: str) -> Iterator[str]:
    held = ""
    for char in text:
        if held and not _joins(held, char):
            yield held
            held = ""
        held += char
    if held:
        yield held


def _joins(held: str, char: str) -> bool:
    """Tell whether a code point belongs to the character before it."""
    code = ord(char)
    mark = 0x300 <= code <= 0x36F or code in (0x200D, 0x20E3, 0xFE0F, 0xFE0E) or 0x1F3FB <= code <= 0x1F3FF
    tag = 0xE0020 <= code <= 0xE007F
    flag = _is_flag(char) and _is_flag(held[-1]) and len(held) == 1
    return mark or tag or flag or held[-1] == "\u200d"


def _is_flag(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF
