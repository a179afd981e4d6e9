"""Messages that leave the building: channels, the states of a message, and the words for them."""

from collections.abc import Collection
from enum import IntEnum, StrEnum


class ChannelKind(StrEnum):
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    APPRISE = "apprise"  # e-mail, webhooks and the rest


CHANNEL_LABELS = {
    ChannelKind.WECOM: "企业微信群机器人",
    ChannelKind.DINGTALK: "钉钉群机器人",
    ChannelKind.FEISHU: "飞书群机器人",
    ChannelKind.APPRISE: "邮件、Webhook等",
}


class Severity(IntEnum):
    """How much a message may cost others: 1 passes quiet hours and has a reserve of its own."""

    EMERGENCY = 1
    URGENT = 2
    NORMAL = 3


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    DEAD = "dead"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


MESSAGE_LABELS = {
    MessageState.QUEUED: "待发",
    MessageState.SENDING: "发送中",
    MessageState.ACCEPTED: "通道已收",
    MessageState.UNCERTAIN: "不确定",
    MessageState.FAILED: "失败待重发",
    MessageState.DEAD: "没有发出",
    MessageState.EXPIRED: "已过期",
    MessageState.SUPERSEDED: "已取消",
}
UNSENT = frozenset({MessageState.QUEUED, MessageState.SENDING, MessageState.UNCERTAIN, MessageState.FAILED})


class Reach(StrEnum):
    """How far a piece of news got, over all its channels."""

    TAKEN = "taken"  # a channel has it; whether somebody read it nobody knows
    WAITING = "waiting"
    NOWHERE = "nowhere"


def reach(states: Collection[MessageState]) -> Reach:
    """Tell how far news got: the best of its messages counts, and no message at all reached nobody."""
    if MessageState.ACCEPTED in states:
        return Reach.TAKEN
    return Reach.WAITING if UNSENT.intersection(states) else Reach.NOWHERE


class Template(StrEnum):
    """What a message is about; its words are made when it is sent, from ids."""

    INCIDENT_STEP = "incident_step"
    ALL_CLEAR = "all_clear"
    UNCHECKED = "unchecked"
    ROUND_SOON = "round_soon"
    TICKET_DISPATCHED = "ticket_dispatched"
    TICKET_URGED = "ticket_urged"
    TICKET_DUE_SOON = "ticket_due_soon"
    TICKET_OVERDUE = "ticket_overdue"
    POINTS_EXPIRING = "points_expiring"
    CANARY = "canary"
    ALERT = "alert"  # to whoever looks after the system: a window is missing, a worker is late
