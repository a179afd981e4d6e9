"""What may be typed for a channel, and what its answers mean to a person."""

from urllib.parse import urlsplit

from domain.errors import Invalid
from domain.outbox import UNSENT, ChannelKind, MessageState

NAME_MAX = 40
ADDRESS_MAX = 1000
# a robot's key is in its address: a slip of the clipboard must not send it elsewhere
HOSTS = {
    ChannelKind.WECOM: ("qyapi.weixin.qq.com",),
    ChannelKind.DINGTALK: ("oapi.dingtalk.com", "api.dingtalk.com"),
    ChannelKind.FEISHU: ("open.feishu.cn", "open.larksuite.com"),
}
LOOPBACK = ("127.0.0.1", "localhost", "::1")  # a relay in the office's own network, and the tests
_EXAMPLES = {
    ChannelKind.WECOM: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
    ChannelKind.DINGTALK: "https://oapi.dingtalk.com/robot/send?access_token=…",
    ChannelKind.FEISHU: "https://open.feishu.cn/open-apis/bot/v2/hook/…",
    ChannelKind.APPRISE: "mailtos://账号:密码@邮件服务器?to=收件人",
}
CODE_WORDS = {
    "0": "已收到",
    "no_channel": "这里还没有通知渠道",
    "cut": "连接中断，不知道是否收到",
    "timeout": "超时没有回应，不知道是否收到",
    "unreachable": "连不上，请检查网络和地址",
    "uncertain": "发送中断，不知道是否收到，没有再发",
    "uncertain_again": "补发时又中断，不知道是否收到，没有再发",
    "switched_off": "通知渠道已停用",
    "error": "发送程序出错，详情在日志里",
    "no_code": "回应看不懂，请核对地址",
    "apprise": "没有发出，请核对地址、账号和密码",
    "bad_address": "地址不对，请核对",
    "93000": "机器人地址（key）无效，请重新复制",
    "40058": "内容太长",
    "45009": "发得太快，稍后自动再发",
    "310000": "关键词、签名密钥或IP不符，请核对机器人的安全设置",
    "300001": "机器人地址（access_token）无效，请重新复制",
    "90030": "这个机器人的额度用完了",
    "130101": "发得太快，10分钟后自动再发",
    "9499": "请求不对，请核对地址",
    "19001": "机器人地址无效，请重新复制",
    "19021": "签名密钥不对，或服务器时间不准",
    "19022": "服务器IP不在机器人的白名单里",
    "19024": "消息里没有机器人要求的关键词，请把关键词设为“邻里一屏”",
    "11232": "发得太快，稍后自动再发",
    "429": "发得太快，稍后自动再发",
    "404": "地址不存在，请核对",
}


def code_words(code: str) -> str:
    """Say in words what a channel answered; its own code stays with it."""
    if not code:
        return ""
    known = CODE_WORDS.get(code)
    if known is None:
        known = "对方服务器出错，稍后自动再发" if code.startswith("5") and len(code) == 3 else "没有收下"
    return known if not code.isdigit() or code == "0" else f"{known}（代码 {code}）"


def trial_words(state: MessageState, code: str) -> str:
    """Say how a trial message goes, for whoever waits for it."""
    if state is MessageState.ACCEPTED:
        return "通道已收到测试消息，请在群里看一眼。"
    if state in UNSENT and state is not MessageState.FAILED:
        return "正在发送，请稍候…" if not code else f"正在发送：{code_words(code)}"
    if state is MessageState.EXPIRED:
        return "两分钟内没有发出，请检查后台值守是否在运行。"
    return f"没有发出：{code_words(code)}。"


def example(kind: ChannelKind) -> str:
    return _EXAMPLES[kind]


def check_channel_name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > NAME_MAX:
        raise Invalid(f"请填写渠道名称，最多 {NAME_MAX} 个字。", field="name")
    return name


def check_address(kind: ChannelKind, text: str) -> str:
    """Take a robot's webhook or an apprise address; the message never quotes what was typed."""
    address = text.strip()
    parts = urlsplit(address)
    wrong = Invalid(f"地址不对，请整段复制，例如 {example(kind)}", field="address")
    if not parts.scheme or not parts.netloc or len(address) > ADDRESS_MAX or any(c.isspace() for c in address):
        raise wrong
    if hosts := HOSTS.get(kind):
        own = parts.scheme == "http" and parts.hostname in LOOPBACK
        if not own and (parts.scheme != "https" or parts.hostname not in hosts):
            raise wrong
    return address
