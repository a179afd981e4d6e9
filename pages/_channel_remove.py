"""删除渠道: asked once more, with what would be lost by it."""

from typing import Any

import db
from db import channels
from db.channels import Channel
from domain.access import Actor
from domain.clock import now
from pages import _settings_form as form


def show(who: Actor, channel: Channel, chosen: str) -> None:
    draft = form.draft("channel.remove", channel.id, channel.version)
    why = f"“{channel.name}”的地址和密钥会删除，不能恢复；发过的记录保留。"
    if db.read(channels.leaves_silence, channel_id=channel.id):
        why += f"{channel.area_name}没有别的在用渠道：删除后有紧急情况只能打电话通知。"
    if form.confirmed(draft, "删除渠道", why, "确定删除"):
        call: dict[str, Any] = {"channel_id": channel.id, "expected_version": draft.version, "key": draft.key}
        form.attempt(
            draft,
            lambda: db.run(channels.remove, actor=who, **call, now=now()),
            done=f"渠道“{channel.name}”已删除。",
            clear=(chosen,),
        )
