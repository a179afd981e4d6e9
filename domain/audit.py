"""The audit in words: what an administrator reads of who did what."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.people import PURPOSE_LABELS, Purpose
from domain.points import FREEZE_REASON_LABELS, FreezeReason

ACTION_LABELS = {
    "login": "登录",
    "login.demo": "登录演示账号",
    "login.refused": "登录被拒",
    "logout": "退出",
    "logout.everywhere": "退出自己的所有设备",
    "sessions.end": "让用户退出所有设备",
    "password.change": "修改自己的密码",
    "password.reset": "重置密码",
    "user.create": "新建用户",
    "user.rename": "修改用户姓名",
    "user.deactivate": "停用用户",
    "user.reactivate": "恢复用户",
    "grant": "授权",
    "revoke": "收回授权",
    "area.create": "添加辖区",
    "area.change": "修改辖区",
    "area.close": "关闭辖区",
    "area.reopen": "重新打开辖区",
    "category.create": "添加类别",
    "category.change": "修改类别",
    "party.create": "登记处理人",
    "party.change": "修改处理人",
    "setting.change": "修改规则",
    "tickets.import": "导入工单",
    "tickets.export": "导出工单",
    "demo.generate": "生成演示数据",
    "person.reveal": "查看个人信息",
    "backup.write": "立即备份",
    "data.check": "核对全部数据",
    "start.real": "开始正式使用",
    "points.rule": "修改积分规则",
    "points.freeze": "暂停使用积分账户",
    "points.unfreeze": "恢复使用积分账户",
    "points.export": "导出积分台账",
    "item.create": "添加兑换项目",
    "item.change": "修改兑换项目",
    "device.add": "登记求助设备",
    "device.stop": "停用求助设备",
    "channel.create": "添加通知渠道",
    "channel.change": "修改通知渠道",
    "channel.remove": "删除通知渠道",
    "channel.trial": "测试通知渠道",
    "screen.make": "添加大屏",
    "screen.revoke": "收回大屏的许可",
    "windows.make": "补上没有安排的巡看",
    "pair.visit": "登记探访",
    "pair.visit.undo": "撤回探访",
    "care.export": "导出平安守望",
    "view.share": "共享看板视图",
    "view.unshare": "收回共享的视图",
    "view.default": "设为角色的默认视图",
    "view.change": "修改共享的视图",
    "view.rename": "重命名共享的视图",
    "view.delete": "删除共享的视图",
}
SETTING_LABELS = {
    "separation.verify": "办结核验",
    "organisation": "单位名称",
    "duty_phone": "值班电话",
    "care.name": "守望项目名称",
}
CONSOLE = "系统（服务器上）"
# details are codes, `count=29 people=1`: each with its words by value, or with {} for the value
_DETAIL_WORDS: dict[str, str | dict[str, str]] = {
    "count": "{} 件工单",
    "rows": "{} 行",
    "people": {"0": "姓名和电话打码", "1": "含完整的姓名和电话"},
    "all": {"0": "屏幕上的工单", "1": "全部历史"},
    "problems": {"0": "没有发现问题"},
    "made": "{} 次",
    "size": "",
    "seed": "",
    "file": "{}",
}
_OTHERWISE = {"problems": "发现 {} 处问题"}


@dataclass(frozen=True)
class Entry:
    """One line of the audit; names are as of now, the row itself holds ids."""

    id: UUID
    at: datetime
    who: str
    action: str
    subject: str
    detail: str

    @property
    def what(self) -> str:
        return ACTION_LABELS.get(self.action, self.action)


def in_words(detail: str) -> str:
    """Say the codes of a detail in words; what is no code stays as it is."""
    if detail in SETTING_LABELS:
        return SETTING_LABELS[detail]
    if detail in list(Purpose):
        return PURPOSE_LABELS[Purpose(detail)]
    if detail in list(FreezeReason):
        return FREEZE_REASON_LABELS[FreezeReason(detail)]
    pairs = [part.partition("=") for part in detail.split(" ")]
    if not all(name in _DETAIL_WORDS and equals for name, equals, _ in pairs):
        return detail
    return "，".join(said for name, _, value in pairs if (said := _said(name, value)))


def _said(name: str, value: str) -> str:
    words = _DETAIL_WORDS[name]
    return words.get(value, _OTHERWISE.get(name, "").format(value)) if isinstance(words, dict) else words.format(value)
