"""A robot in a WeCom group. It mentions nobody: whom it concerns is in the text, and phones stay here."""

from datetime import datetime

from db.channels import Line
from domain.delivery import Answer
from domain.outbox import ChannelKind
from jobs.channels import http


def send(line: Line, text: str, _now: datetime) -> Answer:
    body = {"msgtype": "text", "text": {"content": text}}
    return http.ask(ChannelKind.WECOM, line.address, body, "errcode")
