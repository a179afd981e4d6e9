"""Senders: each gives a text to one kind of channel and reads what it answers."""

from collections.abc import Callable
from datetime import datetime

from db.channels import Line
from domain.delivery import Answer
from domain.outbox import ChannelKind
from jobs.channels import dingtalk, feishu, other, wecom

Sender = Callable[[Line, str, datetime], Answer]

SENDERS: dict[ChannelKind, Sender] = {
    ChannelKind.WECOM: wecom.send,
    ChannelKind.DINGTALK: dingtalk.send,
    ChannelKind.FEISHU: feishu.send,
    ChannelKind.APPRISE: other.send,
}


def send(line: Line, text: str, now: datetime) -> Answer:
    return SENDERS[line.kind](line, text, now)
