"""Which column is what: guessed from the words of the header, corrected by the person who knows."""

import re
import unicodedata
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.errors import Invalid

# The first word of each is the one shown to people.
FIELDS: dict[str, str] = {
    "external_id": (
        "编号 留言编号 工单编号 工单号 单号 受理编号 受理单号 诉求编号 事件编号 案件编号 案卷编号 "
        "任务编号 问题编号 业务编号 流水号 id externalid ticketid ticketno requestid servicerequestid "
        "caseid number uniquekey"
    ),
    "title": (
        "标题 主题 留言主题 留言标题 诉求标题 工单标题 问题标题 事件标题 来信标题 事项 事项名称 "
        "事件名称 任务名称 title subject summary"
    ),
    "description": (
        "内容 详情 留言详情 留言内容 诉求内容 反映内容 问题描述 事件描述 事项描述 诉求描述 详细内容 "
        "主要内容 工单内容 来电内容 来信内容 具体内容 问题内容 事件内容 描述 情况说明 description "
        "detail details content message"
    ),
    "reporter_name": (
        "反映人 留言用户 留言人 姓名 反映人姓名 居民姓名 诉求人 诉求人姓名 来电人 来电人姓名 市民姓名 "
        "上报人 报修人 投诉人 申请人 联系人 居民 用户 昵称 reporter reportername name resident caller "
        "requester"
    ),
    "phone": (
        "电话 联系电话 手机 手机号 手机号码 电话号码 联系方式 来电号码 反映人电话 居民电话 诉求人电话 "
        "联系人电话 phone tel telephone mobile phonenumber"
    ),
    "address": (
        "地址 位置 地点 详细地址 事发地址 事发地点 发生地点 诉求地址 问题地址 事件地址 具体位置 "
        "所在位置 住址 家庭住址 address location place incidentaddress"
    ),
    "category": (
        "类别 一级分类 事件类别 诉求类别 问题类别 问题类型 事件类型 诉求类型 事项类别 一级类别 分类 "
        "类型 大类 问题大类 category type complainttype servicename"
    ),
    "subcategory": "子类 二级分类 二级类别 小类 问题小类 细类 subcategory subtype descriptor",
    "grid": "网格 所属网格 网格名称 网格编号 网格编码 责任网格 grid",
    "community": "社区 所属社区 社区名称 村居 村社区 村（社区） 社区村 community neighborhood",
    "kind": "工单类型 单据类型 工单种类 kind tickettype",
    "matter": "大小事 事项性质 事项分级 matter",
    "grade": ("紧急程度 紧急级别 优先级 缓急程度 等级 紧急度 处理级别 priority urgency grade severity"),
    "status": "状态 工单状态 处理状态 办理状态 当前状态 事件状态 办结状态 status",
    "handler": (
        "处理人 承办单位 办理单位 处理单位 责任单位 处置单位 主办单位 承办部门 责任部门 处理部门 "
        "办理部门 经办人 办理人 责任人 处置人 承办人 派单对象 handler assignee assignedto agency "
        "department"
    ),
    "channel": ("渠道 来源 来源渠道 诉求来源 上报渠道 受理渠道 事件来源 上报方式 反映方式 问题来源 channel source"),
    "reported_at": (
        "上报时间 留言时间 反映时间 诉求时间 来电时间 创建时间 提交时间 登记时间 发生时间 上报日期 "
        "登记日期 反映日期 留言日期 来电日期 报修时间 发现时间 时间 日期 reportedat created createdat "
        "createddate createdtime requesteddatetime opened date"
    ),
    "accepted_at": "受理时间 接单时间 立案时间 受理日期 派单时间 acceptedat accepted",
    "resolved_at": ("处理时间 完成时间 处置时间 解决时间 办理时间 处理完成时间 完成日期 处理日期 resolvedat resolved"),
    "closed_at": (
        "办结时间 答复时间 回复时间 结案时间 办结日期 答复日期 回复日期 结案日期 关闭时间 closedat closed closeddate"
    ),
    "result": (
        "处理结果 答复意见 办理结果 答复内容 回复内容 处理意见 办理情况 处理情况 处置结果 处置情况 "
        "答复 回复 结果 反馈内容 反馈情况 办理意见 result resolution answer reply "
        "resolutiondescription"
    ),
    "satisfaction": ("满意度 满意程度 评价 满意情况 评价结果 回访结果 是否满意 satisfaction rating"),
}
LABELS = {field: words.split()[0] for field, words in FIELDS.items()}
# A column's number in the list says nothing about the ticket and changes from file to file.
IGNORED = frozenset({"序号", "序", "行号", "no", "#", "index"})
ERROR_COLUMNS = ("行号", "列", "原值", "原因")  # of our own error sheet, which comes back corrected
EXTRA = "extra"
SURE, CHILD, TAIL = 1.0, 0.9, 0.6


def plain(label: str) -> str:
    """Reduce a header to what is compared: no width, case, blanks, marks, or bracketed hints."""
    text = unicodedata.normalize("NFKC", label).casefold()
    text = re.sub(r"\(.*?\)|\[.*?\]", "", text) or text
    return re.sub(r"[\s_\-*:,.。、/()\u200b\ufeff]", "", text)


RANK = {
    plain(word): (field, place) for field, words in FIELDS.items() for place, word in enumerate([field, *words.split()])
}
TAILS = sorted((word for word in RANK if len(word) >= 2 and not word.isascii()), key=len, reverse=True)
NOT_A_TAIL = re.compile(
    r"[三四五]级|ip地址|邮箱|网址|邮件|更新|修改|截止|到期|期限|预计|要求|应办|计划|打印|导出"
    r"|(?:身份证|证件|房屋|楼栋|单元|门牌|统一|用户|居民|人员).*编?号$"
    r"|(?:处理|经办|承办|办理|受理|责任|派单|回访|单位).*(?:姓名|电话|手机|方式|编号)$"
)


@dataclass(frozen=True)
class Column:
    index: int  # from 0
    header: str
    target: str | None = None
    confidence: float = 0.0
    ignored: bool = False

    @property
    def letter(self) -> str:
        return letter_of(self.index)


@dataclass(frozen=True)
class Mapping:
    columns: tuple[Column, ...]

    @property
    def targets(self) -> dict[str, Column]:
        return {column.target: column for column in self.columns if column.target}

    @property
    def unmapped(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if not c.target and not c.ignored)

    def chosen(self) -> dict[str, str]:
        """Give header → field, as kept for the next file of the same source."""
        return {c.header: c.target or EXTRA for c in self.columns if not c.ignored}


def letter_of(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def target_of(label: str) -> tuple[str, float, int] | None:
    """Name the field that a header means, with confidence and the rank of its word; a child ("父/子") may do."""
    word = plain(label)
    if word in RANK:
        return RANK[word][0], SURE, RANK[word][1]
    child = plain(label.rpartition("/")[2])
    if child != word and child in RANK:
        return RANK[child][0], CHILD, RANK[child][1]
    tail = next((tail for tail in TAILS if word.endswith(tail)), None)
    if tail and len(word) <= 16 and not NOT_A_TAIL.search(word):
        return RANK[tail][0], TAIL, RANK[tail][1]
    return None


def guess(labels: Sequence[str], overrides: MappingOf[str, str] | None = None) -> Mapping:
    """Map each target to at most one column: overrides first, then the surest word."""
    columns = [Column(i, label) for i, label in enumerate(labels) if label]
    ours = set(ERROR_COLUMNS) <= set(labels)
    decided = _overridden(columns, overrides or {})
    taken = {target for target in decided.values() if target}
    found = [(c, *hit) for c in columns if c.index not in decided and (hit := target_of(c.header))]
    best = {}
    for column, target, confidence, _ in sorted(found, key=lambda f: (-f[2], f[3], f[0].index)):
        if target not in taken:
            taken.add(target)
            best[column.index] = (target, confidence)
    return Mapping(tuple(_settled(column, decided, best, ours) for column in columns))


def _settled(column: Column, decided: dict[int, str | None], best: dict[int, tuple[str, float]], ours: bool) -> Column:
    if column.index in decided:
        return replace(column, target=decided[column.index], confidence=SURE)
    if plain(column.header) in IGNORED or (ours and column.header in ERROR_COLUMNS):
        return replace(column, ignored=True)
    target, confidence = best.get(column.index, (None, 0.0))
    return replace(column, target=target, confidence=confidence)


def _overridden(columns: Sequence[Column], overrides: MappingOf[str, str]) -> dict[int, str | None]:
    """Find the column that each override names; refuse a field or header that does not exist."""
    decided: dict[int, str | None] = {}
    for header, target in overrides.items():
        if target not in FIELDS and target != EXTRA:
            raise Invalid(f"没有「{target}」这个字段，可用：{'、'.join(FIELDS)}、{EXTRA}（不对应）。", field=header)
        alike = [c for c in columns if plain(c.header) == plain(header)]
        column = next((c for c in alike if c.header == header), alike[0] if alike else None)
        if column is None:
            names = "、".join(c.header for c in columns)
            raise Invalid(f"表里没有「{header}」这一列，现有：{names}。", field=header)
        if target != EXTRA and target in decided.values():
            raise Invalid(f"「{target}」对应了两列，请只留一列。", field=header)
        decided[column.index] = None if target == EXTRA else target
    return decided
