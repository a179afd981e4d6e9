"""Words for moments and text that Streamlit must not interpret. Pure: `now` is an argument."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from domain.clock import local

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")

# what becomes a link by itself, escaped or not: an unseen joiner behind it keeps it from that
_ADDRESS = re.compile(r"(https?:(?=//)|www(?=\.)|@(?=[\w-]))", re.IGNORECASE)


def escape_md(text: str) -> str:
    """Make user text literal in labels, markdown and captions."""
    return _MARKDOWN.sub(r"\\\1", _ADDRESS.sub("\\1\u2060", text))


def when(moment: datetime, now: datetime) -> str:
    """Say a past or near moment: 今天 17:30, 昨天 9:05, 11月6日 10:05, 2025年11月6日."""
    return _when(moment, local(now).date())


@lru_cache(maxsize=20_000)  # a board says hundreds of moments, again after each change
def _when(moment: datetime, today: date) -> str:
    then = local(moment)
    named = {0: "今天", 1: "昨天", -1: "明天"}.get((today - then.date()).days)
    clock = f"{then.hour}:{then:%M}"
    if named:
        return f"{named} {clock}"
    if then.year == today.year:
        return f"{then.month}月{then.day}日 {clock}"
    return f"{then.year}年{then.month}月{then.day}日"


def age(moment: datetime, now: datetime) -> str:
    """Say how old something is so that the words hold all day: 今天 9:05, 昨天 17:30, 3 天前."""
    return _age(moment, _day_of(now))


@lru_cache(maxsize=20)  # all cards of a board ask it of one moment
def _day_of(now: datetime) -> date:
    return local(now).date()


@lru_cache(maxsize=20_000)
def _age(moment: datetime, today: date) -> str:
    days = (today - local(moment).date()).days
    return f"{days} 天前" if days > 1 else _when(moment, today)


def due_words(due_at: datetime, now: datetime) -> str:
    """Say a due moment; midnight belongs to the day that it ends."""
    if local(due_at).time() != time(0):
        return when(due_at, now)
    return when(due_at - timedelta(minutes=1), now).replace("23:59", "24:00")


def day_and_hour(due_at: datetime) -> str:
    """Say a due moment in full, so that a table sorts it as a text."""
    then = local(due_at)
    ended = then.time() == time(0)
    day = then - timedelta(minutes=1) if ended else then
    return f"{day:%Y-%m-%d} {'24:00' if ended else f'{then:%H:%M}'}"


def on_date(due_at: datetime) -> str:
    """Say a due moment so that it holds on paper tomorrow as well: 11月20日 24:00."""
    then = local(due_at)
    ended = then.time() == time(0)
    day = then - timedelta(minutes=1) if ended else then
    return f"{day.month}月{day.day}日 {'24:00' if ended else f'{then.hour}:{then:%M}'}"


def left(due_at: datetime | None, now: datetime) -> str:
    """Say how much time is left until the due moment, or how far past it is."""
    if due_at is None:
        return "没有时限"
    gap = due_at - now
    if gap < timedelta():
        return f"超时 {_span(-gap)}"
    if gap <= timedelta(hours=1):
        return f"剩 {max(1, gap // timedelta(minutes=1))} 分钟"
    days = (local(due_at - timedelta(minutes=1)).date() - local(now).date()).days
    return f"剩 {days} 天" if days > 1 else f"{due_words(due_at, now)} 到期"


def _span(gap: timedelta) -> str:
    if gap < timedelta(hours=1):
        return f"{max(1, gap // timedelta(minutes=1))} 分钟"
    if gap < timedelta(days=1):
        return f"{gap // timedelta(hours=1)} 小时"
    return f"{gap.days} 天"
