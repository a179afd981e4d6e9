"""A robot in a Feishu or Lark group, signed if it has a secret."""

import base64
import hashlib
import hmac
from datetime import datetime

from db.channels import Line
from domain.delivery import Answer
from domain.outbox import ChannelKind
from jobs.channels import http


def send(line: Line, text: str, now: datetime) -> Answer:
    body = {"msg_type": "text", "content": {"text": text}, **signature(line.secret, now)}
    return http.ask(ChannelKind.FEISHU, line.address, body, "code")


def signature(secret: str, now: datetime) -> dict[str, str]:
    """Give the moment in seconds and the digest Feishu asks for: of nothing, under both as the key."""
    if not secret:
        return {}
    stamp = str(int(now.timestamp()))
    digest = hmac.digest(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256)
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}
