"""The words that files use for our states, grades, kinds and channels; our own labels among them."""

from domain.due import Grade, Matter
from domain.tickets import Channel, Kind, Satisfaction, Status

STATUS_WORDS = {
    Status.REPORTED: ("待受理 待处理 未处理 未受理 新建 新增 已登记 已上报 待办 new open pending submitted"),
    Status.ACCEPTED: "待派单 已受理 已立案 待分派 待分流 受理中 accepted",
    Status.DISPATCHED: "待接单 已派单 已派发 已转办 已交办 已分派 assigned",
    Status.IN_PROGRESS: (
        "处理中 办理中 处置中 进行中 在办 已接单 已签收 未办结 未完成 挂账 挂起 inprogress processing started"
    ),
    Status.RESOLVED: "待回访 待核查 待核实 待评价 已处理 已处置 resolved",
    Status.CLOSED: (
        "已办结 已完成 已答复 已回复 已解决 已结案 已关闭 已归档 已评价 办结 完成 结案 关闭 归档 "
        "closed completed done finished"
    ),
    Status.REJECTED: "不予受理 不受理 已驳回 已退回 驳回 退回 rejected",
    Status.CANCELLED: "已撤销 已取消 撤销 取消 作废 已作废 已撤单 cancelled canceled",
}
GRADE_WORDS = {
    Grade.URGENT: "特急 特别紧急 非常紧急 emergency critical",
    Grade.FAST: "紧急 加急 急 较急 高 high",
    Grade.NORMAL: "一般 普通 常规 正常 平件 中 低 medium low standard",
    Grade.HARD: "疑难 复杂 疑难复杂",
}
KIND_WORDS = {
    Kind.REPORT: "诉求 投诉 举报 咨询 求助 建议 报修 反映 投诉举报 意见建议 感谢 表扬 其他",
    Kind.SERVICE: "服务点单 服务 点单 微心愿 心愿",
    Kind.HAZARD: "隐患 安全隐患",
    Kind.ALERT: "预警 告警",
    Kind.DISPUTE: "纠纷 矛盾 矛盾纠纷",
    Kind.PREVENTIVE: "未诉先办 主动治理",
}
MATTER_WORDS = {
    Matter.BIG: "大事",
    Matter.SMALL: "小事",
    Matter.PRIVATE: "私事",
}
CHANNEL_WORDS = {
    Channel.PHONE: "居民电话 电话 来电 手机",
    Channel.VISIT: "来访 上门 窗口 现场",
    Channel.WECHAT: "微信群 微信 公众号 小程序 微信小程序 微信公众号",
    Channel.QQ: "QQ群 QQ",
    Channel.PATROL: "网格员巡查 巡查 网格员 网格员上报 巡查上报",
    Channel.BUILDING_HEAD: "楼栋长 楼长",
    Channel.APP: "APP 手机APP 客户端",
    Channel.WEB: "网上留言 网络 网站 网页 留言板 互联网 网民留言",
    Channel.HOTLINE: "12345热线 12345 热线 市民热线 政务热线",
    Channel.SYSTEM: "系统预警 系统",
    Channel.OTHER: "其他 其它",
}
SATISFACTION_WORDS = {
    Satisfaction.SATISFIED: "满意 非常满意 很满意 是",
    Satisfaction.MOSTLY: "基本满意 较满意 比较满意",
    Satisfaction.SO_SO: "一般",
    Satisfaction.UNSATISFIED: "不满意 非常不满意 很不满意 否",
    Satisfaction.UNREACHED: "未评价 未回访 默认好评",
}
