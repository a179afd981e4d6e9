"""Tickets: kinds, states, columns, the words for them, and the ticket that commands return."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.due import Grade, Matter


class Kind(StrEnum):
    REPORT = "report"
    SERVICE = "service"
    HAZARD = "hazard"
    ALERT = "alert"
    DISPUTE = "dispute"
    PREVENTIVE = "preventive"


KIND_LABELS = {
    Kind.REPORT: "诉求",
    Kind.SERVICE: "服务点单",
    Kind.HAZARD: "隐患",
    Kind.ALERT: "预警",
    Kind.DISPUTE: "纠纷",
    Kind.PREVENTIVE: "未诉先办",
}


class Status(StrEnum):
    REPORTED = "reported"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


STATUS_LABELS = {
    Status.REPORTED: "待受理",
    Status.ACCEPTED: "待派单",
    Status.DISPATCHED: "待接单",
    Status.IN_PROGRESS: "处理中",
    Status.RESOLVED: "待回访",
    Status.CLOSED: "已办结",
    Status.REJECTED: "不予受理",
    Status.CANCELLED: "已撤销",
}
OPEN = frozenset({Status.REPORTED, Status.ACCEPTED, Status.DISPATCHED, Status.IN_PROGRESS, Status.RESOLVED})
ENDED = frozenset(Status) - OPEN
# the clock for the work runs until it is resolved; waiting for the call back is not the handler's time
CLOCK_RUNS = OPEN - {Status.RESOLVED}


class Column(StrEnum):
    TODO = "todo"
    DOING = "doing"
    FOLLOW_UP = "follow_up"
    DONE = "done"


COLUMN_LABELS = {
    Column.TODO: "待处理",
    Column.DOING: "处理中",
    Column.FOLLOW_UP: "待回访",
    Column.DONE: "已完成",
}
COLUMN_STATUSES = {
    Column.TODO: (Status.REPORTED, Status.ACCEPTED),
    Column.DOING: (Status.DISPATCHED, Status.IN_PROGRESS),
    Column.FOLLOW_UP: (Status.RESOLVED,),
    Column.DONE: (Status.CLOSED,),
}
COLUMN_OF = {status: column for column, held in COLUMN_STATUSES.items() for status in held}
DONE_SHOWN = timedelta(days=14)
REOPEN_WITHIN = timedelta(days=15)
URGE_EVERY = timedelta(hours=24)
NOTE_MAX = 2000
TITLE_MAX = 120
ADDRESS_MAX = 200


class Channel(StrEnum):
    PHONE = "phone"
    VISIT = "visit"
    WECHAT = "wechat"
    QQ = "qq"
    PATROL = "patrol"
    BUILDING_HEAD = "building_head"
    APP = "app"
    WEB = "web"
    HOTLINE = "hotline"
    SYSTEM = "system"
    OTHER = "other"


CHANNEL_LABELS = {
    Channel.PHONE: "居民电话",
    Channel.VISIT: "来访",
    Channel.WECHAT: "微信群",
    Channel.QQ: "QQ群",
    Channel.PATROL: "网格员巡查",
    Channel.BUILDING_HEAD: "楼栋长",
    Channel.APP: "APP",
    Channel.WEB: "网上留言",
    Channel.HOTLINE: "12345热线",
    Channel.SYSTEM: "系统预警",
    Channel.OTHER: "其他",
}


class Result(StrEnum):
    SOLVED = "solved"
    PARTLY = "partly"
    EXPLAINED = "explained"
    UNABLE = "unable"


RESULT_LABELS = {
    Result.SOLVED: "已解决",
    Result.PARTLY: "部分解决",
    Result.EXPLAINED: "解释说明",
    Result.UNABLE: "无法解决",
}


class Satisfaction(StrEnum):
    SATISFIED = "satisfied"
    MOSTLY = "mostly"
    SO_SO = "so_so"
    UNSATISFIED = "unsatisfied"
    UNREACHED = "unreached"


SATISFACTION_LABELS = {
    Satisfaction.SATISFIED: "满意",
    Satisfaction.MOSTLY: "基本满意",
    Satisfaction.SO_SO: "一般",
    Satisfaction.UNSATISFIED: "不满意",
    Satisfaction.UNREACHED: "未评价",
}


class RejectReason(StrEnum):
    COURT = "court"
    PETITION = "petition"
    SECRECY = "secrecy"
    ELSEWHERE = "elsewhere"
    EMPTY = "empty"


REJECT_LABELS = {
    RejectReason.COURT: "已进入诉讼、仲裁程序",
    RejectReason.PETITION: "属信访事项",
    RejectReason.SECRECY: "涉密事项",
    RejectReason.ELSEWHERE: "不属社区受理范围",
    RejectReason.EMPTY: "内容不明、无法核实",
}


class PhotoStage(StrEnum):
    BEFORE = "before"
    AFTER = "after"


PHOTO_STAGE_LABELS = {PhotoStage.BEFORE: "处理前", PhotoStage.AFTER: "处理后"}


class Action(StrEnum):
    REPORT = "report"
    ACCEPT = "accept"
    REJECT = "reject"
    DISPATCH = "dispatch"
    CLAIM = "claim"
    CONTACT = "contact"
    RECALL = "recall"
    TRANSFER = "transfer"
    RESOLVE = "resolve"
    CLOSE = "close"
    VERIFY_FAIL = "verify_fail"
    REOPEN = "reopen"
    CANCEL = "cancel"
    COMMENT = "comment"
    URGE = "urge"
    EDIT = "edit"
    RETURN = "return"
    SUPPORT = "support"
    PHOTO = "photo"
    IMPORT = "import"
    IMPORT_UNDO = "import_undo"


class Tie(StrEnum):
    """What binds a person to one ticket, whatever their role."""

    HANDLER = "handler"
    REPORTER = "reporter"
    DISPATCHER = "dispatcher"


@dataclass(frozen=True)
class Ticket:
    """A ticket as commands return it: ids, states and times; no personal field but what was reported."""

    id: UUID
    no: str
    community_id: UUID
    area_id: UUID
    area_path: str
    kind: Kind
    status: Status
    title: str
    address: str
    category_id: UUID | None
    matter: Matter | None
    grade: Grade
    channel: Channel
    handler_id: UUID | None
    handler_user_id: UUID | None
    reporter_user_id: UUID | None
    dispatched_by: UUID | None
    open_to_volunteers: bool
    round_no: int
    reported_at: datetime
    due_at: datetime | None
    first_contact_at: datetime | None
    urged_at: datetime | None
    closed_at: datetime | None
    version: int
