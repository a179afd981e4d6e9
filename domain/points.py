"""Points and hours: units, accounts, states, the words for them, stars and the month's ranking."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from domain.errors import Refused

PICKUP_WITHIN = timedelta(hours=48)
RETURN_WITHIN = timedelta(days=7)
ORDERS_A_MONTH = 4
DAY_CAP = 4  # whole points a person a day, of all kinds of service together
NOTICE_DAYS = (60, 30, 7)
REASON_MAX = 200


class Unit(StrEnum):
    """What an amount counts; items have one unit each, `ITEM:` and the item's id."""

    POINTS = "PT"  # tenths of a point
    MINUTES = "MIN"  # of service, a permanent record


ITEM_UNIT = "ITEM:"


def item_unit(item_id: UUID) -> str:
    return f"{ITEM_UNIT}{item_id.hex}"


class Account(StrEnum):
    """The kinds of account. A person has the first four, an item the last five, a community the rest."""

    AVAILABLE = "available"
    HELD = "held"
    DEBT = "debt"
    HOURS = "hours"
    ISSUANCE = "issuance"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    HOURS_WORLD = "hours_world"
    SUPPLIER = "supplier"
    SHELF = "shelf"
    RESERVED = "reserved"
    HANDED_OUT = "handed_out"
    DAMAGED = "damaged"


ACCOUNT_LABELS = {
    Account.AVAILABLE: "可用积分",
    Account.HELD: "冻结积分",
    Account.DEBT: "待抵扣",
    Account.HOURS: "服务时长",
    Account.ISSUANCE: "积分发行",
    Account.REDEEMED: "已兑换",
    Account.EXPIRED: "已过期",
    Account.HOURS_WORLD: "时长来源",
    Account.SUPPLIER: "进货",
    Account.SHELF: "货架",
    Account.RESERVED: "已预占",
    Account.HANDED_OUT: "已领走",
    Account.DAMAGED: "损耗",
}
PERSONAL = (Account.AVAILABLE, Account.HELD, Account.DEBT, Account.HOURS)
COMMUNAL = (Account.ISSUANCE, Account.REDEEMED, Account.EXPIRED, Account.HOURS_WORLD)
STOCK = (Account.SUPPLIER, Account.SHELF, Account.RESERVED, Account.HANDED_OUT, Account.DAMAGED)
# where value comes from; and what somebody owes, which future awards make up for
MAY_BE_NEGATIVE = frozenset({Account.ISSUANCE, Account.HOURS_WORLD, Account.SUPPLIER, Account.DEBT})
_MINUTES = frozenset({Account.HOURS, Account.HOURS_WORLD})


def unit_of(kind: Account, owner_id: UUID) -> str:
    if kind in STOCK:
        return item_unit(owner_id)
    return Unit.MINUTES if kind in _MINUTES else Unit.POINTS


class AccountStatus(StrEnum):
    OPEN = "open"
    FROZEN = "frozen"  # 暂停使用: earns, does not spend


class FreezeReason(StrEnum):
    """Why an account is stopped, as a code: the audit keeps no words about people."""

    CHECK = "freeze-check"
    ASKED = "freeze-asked"
    LOST = "freeze-lost"
    DOUBT = "freeze-doubt"


FREEZE_REASON_LABELS = {
    FreezeReason.CHECK: "身份待核实",
    FreezeReason.ASKED: "本人申请",
    FreezeReason.LOST: "手机丢失或账号被盗",
    FreezeReason.DOUBT: "积分来源有疑问，待核查",
}


class Posting(StrEnum):
    """Why value moved: the kind of a transaction."""

    AWARD = "award"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"
    REVERSE = "reverse"
    RETURN = "return"
    RECEIVE = "receive"
    DAMAGE = "damage"


POSTING_LABELS = {
    Posting.AWARD: "服务奖励",
    Posting.HOLD: "兑换预占",
    Posting.CAPTURE: "兑换核销",
    Posting.RELEASE: "兑换取消，退回",
    Posting.EXPIRE: "到期作废",
    Posting.REVERSE: "冲正",
    Posting.RETURN: "退货，退回",
    Posting.RECEIVE: "进货",
    Posting.DAMAGE: "报损",
}
REVERSIBLE = frozenset({Posting.AWARD, Posting.REVERSE})


class RecordKind(StrEnum):
    SERVICE = "service"
    SUGGESTION = "suggestion"
    MEDIATION = "mediation"
    VISIT = "visit"
    ROUND = "round"


RECORD_KIND_LABELS = {
    RecordKind.SERVICE: "志愿服务",
    RecordKind.SUGGESTION: "合理化建议",
    RecordKind.MEDIATION: "邻里调解",
    RecordKind.VISIT: "上门查看",
    RecordKind.ROUND: "按时巡看",
}


class RecordState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    VOIDED = "voided"


RECORD_STATE_LABELS = {
    RecordState.DRAFT: "草稿",
    RecordState.SUBMITTED: "待核验",
    RecordState.VERIFIED: "已核验",
    RecordState.CONFIRMED: "已入账",
    RecordState.REJECTED: "已驳回",
    RecordState.VOIDED: "已作废",
}


class Method(StrEnum):
    """How we know of it: the system saw it, a colleague noted it that day, or days afterwards."""

    TICKET = "ticket"
    ROUND = "round"
    NOTED = "noted"
    BACKFILL = "backfill"


class ItemKind(StrEnum):
    GOODS = "goods"
    SERVICE = "service"


ITEM_KIND_LABELS = {ItemKind.GOODS: "物品", ItemKind.SERVICE: "服务"}


class RedemptionState(StrEnum):
    RESERVED = "reserved"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    RETURNED = "returned"


REDEMPTION_LABELS = {
    RedemptionState.RESERVED: "待领取",
    RedemptionState.FULFILLED: "已领取",
    RedemptionState.CANCELLED: "已取消",
    RedemptionState.EXPIRED: "超时取消",
    RedemptionState.RETURNED: "已退货",
}


class NotEnough(Refused):
    """The account does not hold what is asked of it."""


class Frozen(Refused):
    def __init__(self) -> None:
        super().__init__("这个积分账户已暂停使用，只进不出。请到社区服务台了解原因。")


def points_text(tenths: int) -> str:
    """Say tenths of a point as people do: 20 is 2, 45 is 4.5."""
    whole, rest = divmod(abs(tenths), 10)
    said = f"{whole}.{rest}" if rest else str(whole)
    return f"-{said}" if tenths < 0 else said


def hours_text(minutes: int) -> str:
    """Say minutes as hours with one decimal at most, rounded down."""
    return points_text(minutes * 10 // 60)


def notice_step(days: int) -> int | None:
    """Tell which notice is due with so many days left: of 60, 30 and 7 the last that was reached."""
    return min((step for step in NOTICE_DAYS if 0 <= days <= step), default=None)


STAR_HOURS = (100, 300, 600, 1000, 1500)


def stars(minutes: int) -> int:
    """Count the stars that these minutes of service have earned, none to five."""
    return sum(minutes >= hours * 60 for hours in STAR_HOURS)


def to_next_star(minutes: int) -> int | None:
    """Tell the minutes missing to the next star; None with all five."""
    return next((hours * 60 - minutes for hours in STAR_HOURS if minutes < hours * 60), None)


@dataclass(frozen=True)
class Rank:
    place: int
    person_id: UUID
    minutes: int
    why: str = ""  # said of a tie


def ranking(minutes: Iterable[tuple[UUID, int]]) -> list[Rank]:
    """Order people by minutes. Equal minutes share a place and the next place follows on without a gap.

    Inside a place the order is that of the ids: the same for any order of input, and no one's name counts.
    """
    ordered = sorted(((m, p) for p, m in minutes if m > 0), key=lambda pair: (-pair[0], pair[1]))
    places = {m: n for n, m in enumerate(dict.fromkeys(m for m, _ in ordered), 1)}
    shared = [m for m, _ in ordered]
    return [Rank(places[m], p, m, _tie(shared.count(m), places[m])) for m, p in ordered]


def _tie(count: int, place: int) -> str:
    return f"{count}人时长相同，并列第{place}名，不分先后" if count > 1 else ""


def month_of(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)
