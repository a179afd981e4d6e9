"""What a service record earns, and the one sentence that says why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.clock import local, local_date
from domain.errors import Invalid, WrongState
from domain.points import RECORD_STATE_LABELS, Method, RecordKind, RecordState, hours_text, points_text
from domain.tickets import SATISFACTION_LABELS, Satisfaction

HALF_HOUR = 30
BACKFILL_WITHIN = timedelta(days=3)
LONGEST = timedelta(hours=24)
TICKET_LONGEST = timedelta(hours=2)  # of the time between taking a ticket on and having done it


@dataclass(frozen=True)
class Rule:
    """One version of what a kind of service earns. Points in tenths; caps of 0 are none."""

    kind: RecordKind
    version: int = 0  # 0: the one that comes with the program
    per_hour: int = 0
    per_event: int = 0
    per_item: int = 0
    most_minutes: int = 480  # of one record
    day_cap: int = 0
    month_cap: int = 0
    rating_low: int = 50  # percent, for 不满意
    rating_high: int = 120  # percent, for 满意


DEFAULT_RULES: Mapping[RecordKind, Rule] = {
    rule.kind: rule
    for rule in (
        Rule(RecordKind.SERVICE, per_hour=10, per_event=10, day_cap=40, month_cap=600),
        Rule(RecordKind.SUGGESTION, per_event=20, day_cap=40, month_cap=100),
        Rule(RecordKind.MEDIATION, per_event=30, day_cap=60, month_cap=300),
        # paid for coming and for looking, whatever was found
        Rule(RecordKind.VISIT, per_event=20, day_cap=60, month_cap=400, rating_low=100, rating_high=100),
        Rule(RecordKind.ROUND, per_item=5, day_cap=20, month_cap=400, rating_low=100, rating_high=100),
    )
}
# written notes count once, at the moment they are handed in: they take no time that could overlap
TIMELESS = frozenset({RecordKind.SUGGESTION})


@dataclass(frozen=True)
class Facts:
    """What is known of a service: enough to say what it earns."""

    kind: RecordKind
    started_at: datetime
    ended_at: datetime
    recorded_at: datetime
    method: Method = Method.NOTED
    items: int = 1  # households looked in on, cases settled
    satisfaction: Satisfaction | None = None
    evidence: bool = False  # a photo of the signed sheet


@dataclass(frozen=True)
class Day:
    """What a person may earn on a day by all kinds of service together, and has; a cap of 0 is none."""

    cap: int = 0
    earned: int = 0


NO_DAY = Day()


@dataclass(frozen=True)
class Award:
    points_tenths: int
    minutes: int
    why: str


def award(rule: Rule, record: Facts, earned_today: int, earned_month: int, *, whole_day: Day = NO_DAY) -> Award:
    """Say what the record earns after what its kind has earned already that day and month, and all kinds that day."""
    minutes = _minutes(rule, record)
    if not earns_points(record):
        return Award(0, minutes, f"{_what(record, minutes)}，事后补录只计时长，不计积分")
    full = rule.per_event + rule.per_item * record.items + rule.per_hour * (minutes // HALF_HOUR) // 2
    rated = full * rating_percent(rule, record.satisfaction) // 100
    caps = ((rule.day_cap, earned_today, "每天"), (rule.month_cap, earned_month, "每月"))
    room, cap = _room((*caps, (whole_day.cap, whole_day.earned, "每天各种服务合计")))
    points = rated if room is None else min(rated, room)
    because = _because(record, full, rated) + (cap if points < rated else "")
    return Award(points, minutes, f"{_what(record, minutes)}{because}，{points_text(points)}分")


def _minutes(rule: Rule, record: Facts) -> int:
    if record.kind in TIMELESS:
        return 0
    return min(int((record.ended_at - record.started_at).total_seconds()) // 60, rule.most_minutes)


def _room(caps: Iterable[tuple[int, int, str]]) -> tuple[int | None, str]:
    """Tell what the caps leave, and the words for the one that binds."""
    rooms = [(max(cap - earned, 0), f"，已到{name}{points_text(cap)}分的上限") for cap, earned, name in caps if cap]
    return min(rooms, default=(None, ""), key=lambda pair: pair[0] or 0)


def rating_percent(rule: Rule, satisfaction: Satisfaction | None) -> int:
    """Let the resident's word move the award, inside the rule's bounds; no word leaves it as it is."""
    low, high = min(rule.rating_low, 100), max(rule.rating_high, 100)
    percents = {
        Satisfaction.SATISFIED: high,
        Satisfaction.SO_SO: (low + 100) // 2,
        Satisfaction.UNSATISFIED: low,
    }
    return percents.get(satisfaction, 100) if satisfaction else 100


def earns_points(record: Facts) -> bool:
    """Hours noted days afterwards earn no points, unless a signed sheet came with them within three days."""
    if record.method is not Method.BACKFILL:
        return True
    return record.evidence and record.recorded_at - record.ended_at <= BACKFILL_WITHIN


def method_of(ended_at: datetime, recorded_at: datetime) -> Method:
    """Tell whether a colleague notes it on the day or afterwards."""
    return Method.NOTED if local_date(recorded_at) == local_date(ended_at) else Method.BACKFILL


def _what(record: Facts, minutes: int) -> str:
    start = local(record.started_at)
    day = f"{start.month}月{start.day}日"
    clock = f"{day} {start.hour}:{start.minute:02d}"
    return {
        RecordKind.ROUND: f"{clock} 按时巡看{record.items}户",
        RecordKind.VISIT: f"{clock} 上门查看",
        RecordKind.SUGGESTION: f"{day} 建议被采纳",
        RecordKind.MEDIATION: f"{clock} 调解{record.items}次",
        RecordKind.SERVICE: f"{clock} 服务{_length(minutes)}",
    }[record.kind]


def _length(minutes: int) -> str:
    return f"{hours_text(minutes)}小时" if minutes >= HALF_HOUR else f"{minutes}分钟"


def _because(record: Facts, full: int, rated: int) -> str:
    if rated == full or record.satisfaction is None:
        return ""
    return f"，居民评价“{SATISFACTION_LABELS[record.satisfaction]}”，应得{points_text(rated)}分"


def rule_words(rule: Rule) -> str:
    """Say a rule in plain words: 每次1分，每小时1分，每天最多4分."""
    parts = ((rule.per_event, "每次"), (rule.per_hour, "每小时"), (rule.per_item, "每户"))
    caps = ((rule.day_cap, "每天最多"), (rule.month_cap, "每月最多"))
    return "，".join(f"{name}{points_text(tenths)}分" for tenths, name in (*parts, *caps) if tenths)


def because(why: str, rule: Rule, kept: int) -> str:
    """Answer 「为什么是2分」 in one sentence; `kept` is less than awarded where a debt was paid first."""
    told = "" if why.endswith(f"，{points_text(kept)}分") else f"，抵扣后到账{points_text(kept)}分"
    version = f"第{rule.version}版规则" if rule.version else "通用规则"
    return f"{why}{told}（{version}：{rule_words(rule)}）"


def expires_on(earned: date) -> date:
    """Points live to the end of the next calendar year."""
    return date(earned.year + 1, 12, 31)


def check_times(kind: RecordKind, started_at: datetime, ended_at: datetime, now: datetime) -> None:
    if ended_at > now:
        raise Invalid("结束时间还没到，请在服务结束后再登记。", field="ended_at")
    if kind not in TIMELESS and not started_at < ended_at <= started_at + LONGEST:
        raise Invalid("结束时间要晚于开始时间，一次最长24小时，请核对。", field="ended_at")


_S = RecordState
STEPS: Mapping[RecordState, frozenset[RecordState]] = {
    _S.SUBMITTED: frozenset({_S.DRAFT}),
    _S.VERIFIED: frozenset({_S.SUBMITTED}),
    _S.CONFIRMED: frozenset({_S.VERIFIED, _S.VOIDED}),  # from voided: the voiding was a mistake
    _S.REJECTED: frozenset({_S.DRAFT, _S.SUBMITTED, _S.VERIFIED}),
    _S.VOIDED: frozenset({_S.CONFIRMED}),
}


def check_step(state: RecordState, target: RecordState, *sources: RecordState) -> None:
    """Refuse a step that does not lead on from where the record is."""
    wanted = frozenset(sources) or STEPS[target]
    if state not in wanted:
        names = "、".join(RECORD_STATE_LABELS[s] for s in RecordState if s in wanted)
        raise WrongState(f"这条服务记录现在是“{RECORD_STATE_LABELS[state]}”，要在“{names}”时才能这样做。")
