"""通知渠道: the robots and addresses that messages go to, and what did not reach anybody."""

from uuid import UUID

import streamlit as st

import db
from db import channels, worker_state
from db.channels import Channel
from domain.access import Actor
from domain.areas import Level
from domain.channels import code_words, example
from domain.clock import now
from domain.outbox import CHANNEL_LABELS, ChannelKind
from domain.worker import LABELS
from pages import _channel_remove, _channel_trial, _lost_messages, _worker_banner
from pages import _settings_form as form
from pages import _settings_table as table
from ui.text import escape_md, when

_KINDS = list(ChannelKind)
CHOSEN = "st_channel"
_MADE = "st_channel_made"  # to be opened, before the widget that chooses is drawn


def show(who: Actor) -> None:
    _worker_banner.show(who)
    if made := st.session_state.pop(_MADE, None):
        st.session_state[CHOSEN] = made
    listed = db.read(channels.listed)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_last_run())
        table.add_button("添加渠道", CHOSEN, ":material/add:")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        empty = "还没有通知渠道。请点“添加渠道”，把企业微信、钉钉或飞书群机器人的地址粘贴进来。"
        table.show([_line(c) for c in listed], [c.id for c in listed], CHOSEN, empty=empty, alt="通知渠道")
        _lost_messages.show(who)
    with right:
        chosen = table.pick("渠道", {c.id: f"{c.name}（{c.area_name}）" for c in listed}, CHOSEN)
        if table.is_adding(CHOSEN):
            _create(who)
        elif chosen:
            _change(who, next(c for c in listed if c.id == chosen))
        else:
            st.caption(
                "一个辖区的消息发到它自己的渠道，没有就发到上一级的；紧急消息每一级都发。消息里没有姓名、电话和门牌。"
            )


def _last_run() -> str:
    ran = db.read(worker_state.went_well)
    told = [f"{label} {when(at, now())}" for job, label in LABELS.items() if (at := ran.get(job))]
    return f"后台上次正常运行：{'，'.join(told)}" if told else "后台值守还没有运行过。"


def _line(channel: Channel) -> dict[str, str]:
    return {
        "名称": channel.name,
        "辖区": channel.area_name,
        "类型": CHANNEL_LABELS[channel.kind],
        "状态": _state(channel),
        "上次回应": code_words(channel.last_code) or "还没有发过",
    }


def _state(channel: Channel) -> str:
    if not channel.active:
        return "已停用"
    if channel.muted_until and channel.muted_until > now():
        return f"暂停到 {when(channel.muted_until, now())}"
    return "在用，只发紧急" if channel.emergency_only else "在用"


def _create(who: Actor) -> None:
    table.new_heading("添加渠道", CHOSEN)
    draft = form.draft("channel.create")
    places = {a.id: "　" * list(Level).index(a.level) + a.name for a in db.read(channels.places, actor=who)}
    # outside the form: the example of an address follows what is chosen
    kind = st.selectbox("类型", _KINDS, 0, format_func=CHANNEL_LABELS.__getitem__, key=draft.of("kind"))
    with st.form(draft.of("create"), border=False):
        area = st.selectbox("辖区", list(places), 0, format_func=places.__getitem__, key=draft.of("area"))
        name = st.text_input("名称", key=draft.of("name"), placeholder="例如 社区值班群")
        address = st.text_input("地址", key=draft.of("address"), placeholder=example(kind), type="password")
        secret = st.text_input("签名密钥（钉钉、飞书选了“加签”时填）", key=draft.of("secret"), type="password")
        emergency, canary = _flags(draft, emergency=False, canary=True)
        if draft.submit("添加"):
            form.attempt(
                draft,
                lambda: db.run(
                    channels.create,
                    actor=who,
                    area_id=area,
                    kind=kind,
                    name=name,
                    address=address,
                    secret=secret,
                    emergency_only=emergency,
                    canary=canary,
                    key=draft.key,
                    now=now(),
                ),
                done=lambda made: _open(made, name.strip()),
                clear=(table.adding(CHOSEN),),
            )


def _open(made: UUID, name: str) -> str:
    """Open the new channel: the button that is spoken of stands there."""
    st.session_state[_MADE] = made
    return f"已添加渠道“{name}”，下面打开的就是它，请点“发一条测试”。"


def _flags(draft: form.Draft, *, emergency: bool, canary: bool) -> tuple[bool, bool]:
    return (
        st.toggle("只发紧急消息", emergency, key=draft.of("emergency")),
        st.toggle("每天早上6:30发一条测试", canary, key=draft.of("canary")),
    )


def _change(who: Actor, channel: Channel) -> None:
    draft = form.draft("channel.change", channel.id, channel.version)
    st.markdown(f"**{escape_md(channel.name)}**　{escape_md(channel.area_name)}")
    _channel_trial.show(who, channel)
    with st.form(draft.of("change")):
        name = st.text_input("名称", channel.name, key=draft.of("name"))
        address = st.text_input("新地址", key=draft.of("address"), placeholder="不改就留空", type="password")
        secret = st.text_input("新签名密钥", key=draft.of("secret"), placeholder="不改就留空", type="password")
        emergency, canary = _flags(draft, emergency=channel.emergency_only, canary=channel.canary)
        active = st.toggle("在用", channel.active, key=draft.of("active"))
        st.caption("停用：关掉“在用”再保存。停用的不再发消息，可以再改为在用。")
        if draft.submit("保存"):
            form.attempt(
                draft,
                lambda: db.run(
                    channels.change,
                    actor=who,
                    channel_id=channel.id,
                    name=name,
                    address=address,
                    secret=secret,
                    emergency_only=emergency,
                    canary=canary,
                    active=active,
                    expected_version=draft.version,
                    now=now(),
                ),
                done="已保存。",
            )
    _channel_remove.show(who, channel, CHOSEN)
