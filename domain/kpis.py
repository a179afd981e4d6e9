"""The dictionary of figures: what each is called, how it is worked out, on which day it counts, what is left out."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.stats import CLOSING, CONTACT, DOOR

SMALL = 10  # fewer than this are shown grey and not ranked
NEW_DAYS = 7  # with less than a week behind it a figure says 刚启用
EMPTY = "—"


class Unit(StrEnum):
    COUNT = "件"
    RATE = "%"
    MINUTES = "分钟"  # a time, shown in minutes, hours or days
    POINTS = "分"
    HOURS = "小时"
    TIMES = "人次"
    PER_THOUSAND = "件/千户"


class Basis(StrEnum):
    """By which day something falls into the period."""

    REPORTED = "上报日"
    CLOSED = "办结日"
    DUE = "到期日"
    NOW = "当前"
    DAY = "当日"
    MONTH = "自然月"
    OPENED = "预警发生日"


class Source(StrEnum):
    TICKETS = "tickets"
    CHECKINS = "checkins"
    POINTS = "points"


class Better(StrEnum):
    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True)
class Kpi:
    """A figure's definition. `top` and `bottom` name the measures that are summed; `times` the buckets of a time."""

    code: str
    name: str
    formula: str
    basis: Basis
    numerator: str
    denominator: str = ""
    exclusions: str = "无"
    unit: Unit = Unit.COUNT
    version: str = "1"
    target: str = ""  # what the source documents name: shown as 参考, never as live data
    baseline: str = ""
    better: Better = Better.NEITHER
    source: Source = Source.TICKETS
    top: tuple[str, ...] = ()
    bottom: tuple[str, ...] = ()
    less: tuple[str, ...] = ()  # taken off `bottom`
    times: tuple[str, ...] = ()
    share: float = 0.5

    @property
    def measures(self) -> tuple[str, ...]:
        return (*self.top, *self.bottom, *self.less, *self.times)


@dataclass(frozen=True)
class Figure:
    """A figure as it came out: its two numbers, how many it rests on, and when it was read."""

    kpi: Kpi
    numerator: int | None
    denominator: int | None
    value: float | None
    n: int
    as_of: datetime
    new: bool = False
    partial: str = ""  # what is not in it, if something could not be read
    until: date | None = field(default=None)  # the last day in it, where that is before the end of the period

    @property
    def small(self) -> bool:
        """Tell whether it rests on too little to be compared: grey, and in no ranking."""
        return bool(self.kpi.bottom or self.kpi.times) and self.n < SMALL

    @property
    def text(self) -> str:
        return EMPTY if self.value is None else _said(self.value, self.kpi.unit)


def _said(value: float, unit: Unit) -> str:
    if unit is Unit.RATE:
        return f"{value * 100:.1f}%"
    if unit is Unit.MINUTES:
        return _time(value)
    if unit in (Unit.HOURS, Unit.POINTS, Unit.PER_THOUSAND):
        return f"{value:,.1f}"
    return f"{value:,.0f}"


def _time(minutes: float) -> str:
    if minutes < 60:
        return f"{minutes:.0f} 分钟"
    return f"{minutes / 60:.1f} 小时" if minutes < 2880 else f"{minutes / 1440:.1f} 天"


def figure(
    kpi: Kpi, numerator: int | None, denominator: int | None, *, as_of: datetime, new: bool = False, partial: str = ""
) -> Figure:
    """Work a figure out; without anything to divide by it is empty, never 0 or 100 %."""
    if denominator is None:
        return Figure(kpi, numerator, None, numerator, numerator or 0, as_of, new, partial)
    value = None if not denominator or numerator is None else numerator / denominator
    return Figure(kpi, numerator, denominator, value, denominator, as_of, new, partial)


@dataclass(frozen=True)
class Delta:
    """How a figure moved against an earlier period; `points` of a rate, a share of anything else."""

    value: float | None
    text: str
    better: bool | None


def delta(now: Figure, before: Figure) -> Delta:
    """Compare with the period before (环比) or a year ago (同比); no comparison with nothing."""
    if now.value is None or before.value is None or before.new:
        return Delta(None, EMPTY, None)
    if now.kpi.unit is Unit.RATE:
        change, text = now.value - before.value, f"{(now.value - before.value) * 100:+.1f} 个百分点"
    elif before.value == 0:
        return Delta(None, EMPTY, None)
    else:
        change = now.value / before.value - 1
        text = f"{change * 100:+.1f}%"
    if change == 0 or now.kpi.better is Better.NEITHER:
        return Delta(change, "持平" if change == 0 else text, None)
    return Delta(change, text, (change > 0) == (now.kpi.better is Better.UP))


_HIDDEN = "不含已撤销导入的工单"
_DROPPED = "不含不予受理、已撤销的工单"
_EXCUSED = "已告知外出的、还没到时间的不在内"
_IMPORTED = "导入的历史工单没有时限，不在内；今天到期的明天起计入"

_ALL = (
    Kpi(
        "reported",
        "上报量",
        "本期上报的工单数",
        Basis.REPORTED,
        "本期上报的工单",
        exclusions=_HIDDEN,
        top=("reported",),
    ),
    Kpi(
        "reported_per_1000",
        "每千户上报量",
        "本期上报的工单数 ÷ 户数 × 1000",
        Basis.REPORTED,
        "本期上报的工单",
        "辖区登记的户数",
        exclusions=f"{_HIDDEN}；没有登记户数的辖区不算",
        unit=Unit.PER_THOUSAND,
        top=("reported",),
    ),
    Kpi(
        "closed",
        "办结量",
        "本期办结的次数；重新打开后再办结的另计一次",
        Basis.CLOSED,
        "本期的每次办结",
        exclusions=_HIDDEN,
        better=Better.UP,
        top=("closed",),
    ),
    Kpi(
        "close_rate",
        "办结率",
        "本期上报、现已办结的工单 ÷ 本期上报的工单",
        Basis.REPORTED,
        "本期上报、现已办结的工单",
        "本期上报的工单",
        exclusions=_DROPPED,
        unit=Unit.RATE,
        better=Better.UP,
        top=("done",),
        bottom=("reported",),
        less=("dropped",),
    ),
    Kpi(
        "on_time_rate",
        "按期办结率",
        "首轮在时限内处理完成的工单 ÷ 本期到期的工单；返工不会把超期变成按期",
        Basis.DUE,
        "本期到期、首轮在时限内处理完成的工单",
        "本期首轮到期的工单",
        exclusions=f"{_DROPPED}；{_IMPORTED}",
        unit=Unit.RATE,
        better=Better.UP,
        top=("on_time",),
        bottom=("due",),
    ),
    Kpi(
        "same_day_rate",
        "当日办结率",
        "上报当天处理完成的小事、私事 ÷ 本期上报的小事、私事",
        Basis.REPORTED,
        "上报当天处理完成的小事、私事",
        "本期上报的小事、私事",
        exclusions=_DROPPED,
        unit=Unit.RATE,
        better=Better.UP,
        target="小事、私事当日办结",
        top=("same_day",),
        bottom=("same_day_all",),
    ),
    Kpi(
        "solve_rate",
        "解决率",
        "办结时写明“已解决”的 ÷ 办结时写明处理结果的；部分解决、解释说明不算解决",
        Basis.CLOSED,
        "处理结果为“已解决”的办结",
        "写明处理结果的办结",
        exclusions="没有写明处理结果的办结（如导入的历史）不在内",
        unit=Unit.RATE,
        better=Better.UP,
        top=("solved",),
        bottom=("judged",),
    ),
    Kpi(
        "satisfaction",
        "满意率",
        "评价为满意、基本满意的办结 ÷ 有评价的办结（满意与基本满意记 1，其余记 0）",
        Basis.CLOSED,
        "评价为满意、基本满意的办结",
        "有评价的办结",
        exclusions="未评价的不在内，不当作满意",
        unit=Unit.RATE,
        better=Better.UP,
        target="老旧小区改造满意度 95% 以上",
        top=("satisfied",),
        bottom=("rated",),
    ),
    Kpi(
        "rating_coverage",
        "评价覆盖率",
        "有评价的办结 ÷ 本期办结",
        Basis.CLOSED,
        "有评价的办结",
        "本期的每次办结",
        exclusions=_HIDDEN,
        unit=Unit.RATE,
        better=Better.UP,
        top=("rated",),
        bottom=("closed",),
    ),
    Kpi(
        "reopen_7d",
        "7日内重开率",
        "办结后 7 日内重新打开的办结 ÷ 本期办结；最近 7 日办结的还可能增加",
        Basis.CLOSED,
        "办结后 7 日内重新打开的办结",
        "本期的每次办结",
        exclusions=_HIDDEN,
        unit=Unit.RATE,
        better=Better.DOWN,
        top=("reopened_soon",),
        bottom=("closed",),
    ),
    Kpi(
        "recurrence_30d",
        "30日同地复发率",
        "办结后 30 日内同一楼栋又上报同类事项的办结 ÷ 本期办结；最近 30 日办结的还可能增加",
        Basis.CLOSED,
        "又上报的同楼栋同类工单",
        "登记到楼栋并选了类别的办结",
        exclusions="没有登记到楼栋或没有类别的办结不在内；一次办结只算一次复发",
        unit=Unit.RATE,
        better=Better.DOWN,
        top=("recurred",),
        bottom=("placed",),
    ),
    *(
        Kpi(
            f"{code}_{tail}",
            f"{name}（{'中位数' if share == 0.5 else 'P90'}）",
            f"{told}，取{'中位数' if share == 0.5 else '第 90 百分位'}；自然时间，按分段估算",
            Basis.CLOSED,
            "",
            denominator,
            exclusions=left_out,
            unit=Unit.MINUTES,
            better=Better.DOWN,
            times=times,
            share=share,
        )
        for code, name, told, denominator, left_out, times in (
            (
                "first_contact",
                "首次联系用时",
                "从上报到首次联系上居民的时间",
                "本期首次办结、联系上居民的工单",
                "没有联系上居民的不在内",
                CONTACT,
            ),
            (
                "close_time",
                "办结用时",
                "从上报到首次办结的时间",
                "本期首次办结的工单",
                "再次办结的不重复计；导入时没有办结时间的不在内",
                CLOSING,
            ),
        )
        for tail, share in (("median", 0.5), ("p90", 0.9))
    ),
    Kpi(
        "open",
        "在办件数",
        "现在还没有办结的工单数",
        Basis.NOW,
        "现在还没有办结的工单",
        exclusions=_DROPPED,
        better=Better.DOWN,
    ),
    Kpi(
        "overdue",
        "超期件数",
        "已过时限、还没有处理完成的工单数",
        Basis.NOW,
        "已过时限、还没有处理完成的工单",
        exclusions="待回访的不算：等回访的时间不是处理人的",
        better=Better.DOWN,
    ),
    Kpi(
        "proactive_share",
        "主动发现率",
        "巡查、楼栋长、系统发现和未诉先办的工单 ÷ 本期上报的工单",
        Basis.REPORTED,
        "主动发现的工单",
        "本期上报的工单",
        exclusions=_HIDDEN,
        unit=Unit.RATE,
        better=Better.UP,
        top=("proactive",),
        bottom=("reported",),
    ),
    *(
        Kpi(code, name, f"{told}；按自然月，取所选期间涉及的月份", basis, told, unit=unit, source=Source.POINTS)
        for code, name, told, basis, unit in (
            ("points_awarded", "积分发放", "入账发放的积分", Basis.MONTH, Unit.POINTS),
            ("points_redeemed", "积分兑换", "兑换领走的积分", Basis.MONTH, Unit.POINTS),
            ("points_expired", "积分过期", "到期作废的积分", Basis.MONTH, Unit.POINTS),
        )
    ),
    Kpi(
        "points_balance",
        "积分结余",
        "现在全体志愿者手中的积分，含冻结的，减去待抵扣的",
        Basis.NOW,
        "未用积分",
        unit=Unit.POINTS,
        source=Source.POINTS,
    ),
    Kpi(
        "service_hours",
        "服务时长",
        "本期服务、已确认的记录的分钟数之和",
        Basis.DAY,
        "已确认的服务记录的时长",
        exclusions="未确认、已作废的不在内",
        unit=Unit.HOURS,
        better=Better.UP,
        source=Source.POINTS,
    ),
    Kpi(
        "service_times",
        "志愿者人次",
        "本期服务、已确认的记录数",
        Basis.DAY,
        "已确认的服务记录",
        exclusions="未确认、已作废的不在内",
        unit=Unit.TIMES,
        better=Better.UP,
        source=Source.POINTS,
    ),
    *(
        Kpi(
            code,
            name,
            formula,
            basis,
            numerator,
            denominator,
            exclusions=left_out,
            unit=Unit.RATE,
            better=better,
            source=Source.CHECKINS,
            target=target,
            top=(top,),
            bottom=bottom,
        )
        for code, name, formula, basis, numerator, denominator, left_out, better, top, bottom, target in (
            (
                "round_coverage",
                "巡看覆盖率",
                "宽限时间内看过的户次 ÷ 应看的户次",
                Basis.DAY,
                "宽限时间内看过的户次",
                "应看的户次",
                _EXCUSED,
                Better.UP,
                "looked",
                ("looked", "missed"),
                "每天每户都看到",
            ),
            (
                "sign_ok",
                "已拉开",
                "看到平安信号的户次 ÷ 应看的户次",
                Basis.DAY,
                "看到平安信号的户次",
                "应看的户次",
                _EXCUSED,
                Better.NEITHER,
                "ok",
                ("looked", "missed"),
                "",
            ),
            (
                "sign_closed",
                "没拉开",
                "看过、没有平安信号的户次 ÷ 应看的户次",
                Basis.DAY,
                "看过、没有平安信号的户次",
                "应看的户次",
                _EXCUSED,
                Better.NEITHER,
                "closed",
                ("looked", "missed"),
                "",
            ),
            (
                "not_looked",
                "超时未查看",
                "到时没有人看的户次 ÷ 应看的户次",
                Basis.DAY,
                "到时没有人看的户次",
                "应看的户次",
                _EXCUSED,
                Better.DOWN,
                "missed",
                ("looked", "missed"),
                "",
            ),
            (
                "escalation_rate",
                "升级率",
                "通知过上一级的预警 ÷ 本期发生的预警",
                Basis.OPENED,
                "通知过上一级的预警",
                "本期发生的预警",
                "误点撤销的不在内",
                Better.DOWN,
                "escalated",
                ("incidents",),
                "",
            ),
        )
    ),
    *(
        Kpi(
            f"door_time_{tail}",
            f"到门用时（{'中位数' if share == 0.5 else 'P90'}）",
            f"从预警发生到有人到场的时间，取{'中位数' if share == 0.5 else '第 90 百分位'}；按分段估算",
            Basis.OPENED,
            "",
            "有人到场的预警",
            exclusions="没有人到场就解除的（如打通电话）、误点撤销的不在内",
            unit=Unit.MINUTES,
            better=Better.DOWN,
            source=Source.CHECKINS,
            times=DOOR,
            share=share,
        )
        for tail, share in (("median", 0.5), ("p90", 0.9))
    ),
    Kpi(
        "incidents",
        "预警数",
        "本期发生的预警",
        Basis.OPENED,
        "本期发生的预警",
        exclusions="误点撤销的不在内",
        source=Source.CHECKINS,
        top=("incidents",),
    ),
    Kpi(
        "visit_rate",
        "月探访率",
        "本月见过面或通过话的老人 ÷ 参加平安守望的老人；取期末所在的月份",
        Basis.MONTH,
        "本月见过面或通过话的老人",
        "月末（本月为今天）仍参加平安守望的老人",
        unit=Unit.RATE,
        better=Better.UP,
        source=Source.CHECKINS,
        target="每月至少探访一次",
        bottom=("elders",),
    ),
)
KPIS: dict[str, Kpi] = {kpi.code: kpi for kpi in _ALL}
