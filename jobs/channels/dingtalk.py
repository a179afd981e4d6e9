"""A robot in a DingTalk group, signed if it has a secret."""

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import urlencode

from db.channels import Line
from domain.delivery import Answer
from domain.outbox import ChannelKind
from jobs.channels import http


def send(line: Line, text: str, now: datetime) -> Answer:
    body = {"msgtype": "text", "text": {"content": text}, "at": {"isAtAll": False}}
    return http.ask(ChannelKind.DINGTALK, signed(line.address, line.secret, now), body, "errcode")


def signed(address: str, secret: str, now: datetime) -> str:
    """Add the moment in milliseconds and its keyed digest to the address, as DingTalk asks."""
    if not secret:
        return address
    stamp = str(int(now.timestamp() * 1000))
    digest = hmac.digest(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)
    return f"{address}&{urlencode({'timestamp': stamp, 'sign': base64.b64encode(digest).decode()})}"
