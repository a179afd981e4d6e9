"""An elder who may need help: states, findings, ladders, and the words for them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.tickets import Result


class Cause(StrEnum):
    CLOSED = "closed"  # somebody looked, the sign was not there
    NOT_LOOKED = "not_looked"  # grace is over and nobody looked
    BUTTON = "button"
    SIGNAL = "signal"  # what devices say together
    REPORTED = "reported"  # somebody called the desk


CAUSE_LABELS = {
    Cause.CLOSED: "未见平安信号",
    Cause.NOT_LOOKED: "超时未查看",
    Cause.BUTTON: "求助",
    Cause.SIGNAL: "设备异常",
    Cause.REPORTED: "有人报告",
}


class IncidentState(StrEnum):
    DETECTED = "detected"
    VERIFYING = "verifying"
    DISPATCHED = "dispatched"
    ON_SCENE = "on_scene"
    ENTRY = "entry"
    HANDED_OVER = "handed_over"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


INCIDENT_LABELS = {
    IncidentState.DETECTED: "已发现",
    IncidentState.VERIFYING: "电话核实",
    IncidentState.DISPATCHED: "已派人",
    IncidentState.ON_SCENE: "到场",
    IncidentState.ENTRY: "应急开门",
    IncidentState.HANDED_OVER: "已转120/110",
    IncidentState.RESOLVED: "已处置",
    IncidentState.WITHDRAWN: "误点撤销",
}
ENDED_STATES = frozenset({IncidentState.RESOLVED, IncidentState.WITHDRAWN})
AT_THE_DOOR = frozenset({IncidentState.ON_SCENE, IncidentState.ENTRY, IncidentState.HANDED_OVER})


class Found(StrEnum):
    SAFE_HOME = "safe_home"
    SAFE_AWAY = "safe_away"
    UNWELL = "unwell"
    INJURED = "injured"
    HOSPITAL = "hospital"
    DECEASED = "deceased"
    NOT_FOUND = "not_found"


FOUND_LABELS = {
    Found.SAFE_HOME: "在家平安",
    Found.SAFE_AWAY: "外出平安",
    Found.UNWELL: "身体不适",
    Found.INJURED: "受伤",
    Found.HOSPITAL: "已就医",
    Found.DECEASED: "离世",
    Found.NOT_FOUND: "暂未联系上",
}
SAFE = frozenset({Found.SAFE_HOME, Found.SAFE_AWAY})
# what the ticket's result is when nobody could be helped any more; everybody else was
UNHELPED = {Found.DECEASED: Result.EXPLAINED, Found.NOT_FOUND: Result.UNABLE}


class Method(StrEnum):
    SEEN = "seen"
    TALKED = "talked"
    FAMILY = "family"


METHOD_LABELS = {Method.SEEN: "见到本人", Method.TALKED: "与本人通话", Method.FAMILY: "家属告知"}


class IncidentAction(StrEnum):
    OPEN = "open"
    STEP = "step"  # the ladder went on, by itself or by hand
    ACK = "ack"
    CALL = "call"  # a telephone call and how it went
    ON_WAY = "on_way"
    ARRIVE = "arrive"
    ENTRY = "entry"
    HAND_OVER = "hand_over"
    NOTE = "note"
    OBSERVE = "observe"  # a look that came in while it was open
    MERGE = "merge"
    RESOLVE = "resolve"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    REVIEW = "review"
    AUDIT = "audit"  # the auditor had to set it going again


ACTION_LABELS = {
    IncidentAction.OPEN: "发现",
    IncidentAction.STEP: "逐级通知",
    IncidentAction.ACK: "接单",
    IncidentAction.CALL: "电话",
    IncidentAction.ON_WAY: "已出发",
    IncidentAction.ARRIVE: "到场",
    IncidentAction.ENTRY: "应急开门",
    IncidentAction.HAND_OVER: "已转120/110",
    IncidentAction.NOTE: "备注",
    IncidentAction.OBSERVE: "收到信号",
    IncidentAction.MERGE: "合并",
    IncidentAction.RESOLVE: "处置完成",
    IncidentAction.WITHDRAW: "误点撤销",
    IncidentAction.REOPEN: "重新打开",
    IncidentAction.REVIEW: "复盘",
    IncidentAction.AUDIT: "系统补救",
}


class Called(StrEnum):
    """Who was called on the telephone."""

    ELDER = "elder"
    CONTACT = "contact"
    NEIGHBOUR = "neighbour"
    COLLEAGUE = "colleague"


CALLED_LABELS = {
    Called.ELDER: "老人本人",
    Called.CONTACT: "联系人",
    Called.NEIGHBOUR: "邻居",
    Called.COLLEAGUE: "同事",
}


class Service(StrEnum):
    """Whom a person decided to call in; the program itself never dials."""

    AMBULANCE = "120"
    POLICE = "110"
    FIRE = "119"


SERVICE_LABELS = {Service.AMBULANCE: "120 急救", Service.POLICE: "110 报警", Service.FIRE: "119 消防"}


class Who(StrEnum):
    """Whom a step of the ladder turns to."""

    LOOKER = "looker"
    BACKUP = "backup"
    BUILDING_HEAD = "building_head"
    DUTY = "duty"
    CONTACTS = "contacts"
    GRID_WORKER = "grid_worker"
    SECRETARY = "secretary"
    STREET = "street"


WHO_LABELS = {
    Who.LOOKER: "主责志愿者",
    Who.BACKUP: "备份志愿者",
    Who.BUILDING_HEAD: "楼栋长",
    Who.DUTY: "社区值班",
    Who.CONTACTS: "联系人",
    Who.GRID_WORKER: "网格员",
    Who.SECRETARY: "社区书记",
    Who.STREET: "街道值班",
}


@dataclass(frozen=True)
class Incident:
    """An incident as commands return it: ids, states and times; nothing personal."""

    id: UUID
    no: str
    community_id: UUID
    elder_id: UUID
    window_id: UUID | None
    ticket_id: UUID | None
    cause: Cause
    severity: int
    state: IncidentState
    step: int
    repeat_no: int
    next_step_at: datetime | None
    acked_by: UUID | None
    eta_at: datetime | None
    found: Found | None
    opened_at: datetime
    closed_at: datetime | None
    version: int


def no_text(number: int) -> str:
    """Show an incident's number in the community: Y0012."""
    return f"Y{number:04d}"
