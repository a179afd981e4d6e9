"""Dates as spreadsheets and Chinese systems write them: naive ones are Asia/Shanghai, results UTC."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple

from domain.clock import LOCAL
from domain.errors import Invalid

EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (Excel's day 0 is a wall-clock date)
FIRST_YEAR, LAST_YEAR = 1990, 2100
LONGEST = 60
HOW_TO = "请写成 2019-11-06 10:05:37 这样的形式"


class Moment(NamedTuple):
    at: datetime  # aware, UTC
    date_only: bool  # no time was written: `at` is midnight in Shanghai


class BadMoment(Invalid, ValueError):
    """A cell that is no moment, or not surely one."""


_DATE = r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?"
_WEEKDAY = r"(?:\s*\(?(?:星期|周)[一二三四五六日天]\)?)?"
_HALF = "上午|下午|中午|凌晨|早上|晚上|傍晚|AM|PM"
_SECONDS = r"(?:\s*[:分]\s*(?:(?P<s>\d{1,2})(?:[.,]\d+)?\s*秒?)?)?"
_TIME = (
    rf"(?P<half>{_HALF})?\s*(?P<h>\d{{1,2}})\s*[:时点]\s*"
    rf"(?:(?P<m>\d{{1,2}}){_SECONDS})?\s*(?P<late>AM|PM)?"
)
_ZONE = r"(?P<zone>Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)"
WRITTEN = re.compile(rf"{_DATE}{_WEEKDAY}(?:(?:[T\s]+|(?<=[日号)天一二三四五六])){_TIME}\s*{_ZONE}?)?", re.I)
JAVA = re.compile(r"\w{3} (\w{3}) (\d{1,2}) (\d\d):(\d\d):(\d\d) (?:CST|GMT\+0?8:00) (\d{4})")
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
CHINESE = re.compile(r"([〇零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日")
NUMERALS = str.maketrans("〇零一二三四五六七八九", "00123456789")


def parse_moment(value: object) -> Moment:
    """Read a cell as a moment; refuse what is not surely one with a sentence that says how to write it."""
    if isinstance(value, datetime):
        # the cell is a float inside: its error must not cost a second
        return _moment(_to_second(value), date_only=False)
    if isinstance(value, date):
        return _moment(datetime.combine(value, time()), date_only=True)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(float(value), str(value))
    text = unicodedata.normalize("NFKC", str(value)).strip(" \t\r\n\u200b\ufeff'")
    return _text(text)


def _text(text: str) -> Moment:
    if len(text) > LONGEST:  # also keeps the patterns from going over a page of blanks again and again
        raise BadMoment(f"「{text[:40]}」不是日期，{HOW_TO}")
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return _number(float(text), text)
    if match := WRITTEN.fullmatch(_arabic(text)):
        return _written(match)
    if match := JAVA.fullmatch(text):
        month, day, hour, minute, second, year = match.groups()
        number = MONTHS.index(month.lower()) + 1 if month.lower() in MONTHS else 0
        return _built(text, int(year), number, int(day), int(hour), int(minute), int(second))
    raise BadMoment(_why_not(text))


def _written(match: re.Match[str]) -> Moment:
    year, month, day = (int(match[i]) for i in (1, 2, 3))
    if match["h"] is None:
        return _built(match[0], year, month, day, date_only=True)
    half = match["half"] or match["late"] or ""
    hour = _hour(int(match["h"]), half.upper())
    parts = int(match["m"] or 0), int(match["s"] or 0)
    return _built(match[0], year, month, day, hour, *parts, zone=match["zone"] or "")


def _hour(hour: int, half: str) -> int:
    if half in ("上午", "凌晨", "早上", "AM"):
        return 0 if hour == 12 else hour
    if half == "晚上" and hour == 12:
        return 24
    if half in ("下午", "傍晚", "PM", "晚上", "中午") and hour < (11 if half == "中午" else 12):
        return hour + 12
    return hour


def _built(
    shown: str, year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0,
    *, date_only: bool = False, zone: str = "",
) -> Moment:  # fmt: skip
    # 24:00 is how the end of a day is written
    later = timedelta(days=1) if (hour, minute, second) == (24, 0, 0) else timedelta()
    try:
        naive = datetime(year, month, day, 0 if later else hour, minute, second) + later  # noqa: DTZ001
        return _moment(naive, date_only=date_only, zone=zone)
    except (ValueError, OverflowError) as error:
        if isinstance(error, BadMoment):
            raise
        raise BadMoment(f"没有「{shown}」这个日期或时刻，{HOW_TO}") from None


def _number(number: float, shown: str) -> Moment:
    """Read a serial (days since 1899-12-30), 20191106, 20191106100537 or seconds since 1970."""
    digits = str(int(number)) if 0 <= number < 1e15 else ""
    if digits and number == int(number) and len(digits) in (8, 12, 14):
        cut = [digits[:4], *(digits[i : i + 2] for i in range(4, len(digits), 2))]
        return _built(digits, *(int(part) for part in cut), date_only=len(digits) == 8)
    if len(digits) in (10, 13):  # seconds, or milliseconds
        seconds = int(digits[:10])
        local = datetime.fromtimestamp(seconds, UTC).astimezone(LOCAL)
        return _moment(local.replace(tzinfo=None), date_only=False)
    if len(digits) == 5:
        moment = EPOCH + timedelta(seconds=round(number * 86400))
        return _moment(moment, date_only=number == int(number))
    raise BadMoment(f"「{shown}」看不出是哪一天，{HOW_TO}")


def _moment(value: datetime, *, date_only: bool, zone: str = "") -> Moment:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise BadMoment(f"年份 {value.year} 不在 {FIRST_YEAR}—{LAST_YEAR} 之间，请核对")
    aware = value if value.tzinfo else value.replace(tzinfo=_zone(zone) if zone else LOCAL)
    return Moment(aware.astimezone(UTC), date_only)


def _zone(text: str) -> timezone:
    digits = re.sub(r"\D", "", text) or "0"
    hours, minutes = (int(digits), 0) if len(digits) < 3 else (int(digits[:-2]), int(digits[-2:]))
    return timezone((-1 if "-" in text else 1) * timedelta(hours=hours, minutes=minutes))


def _to_second(value: datetime) -> datetime:
    return (value + timedelta(microseconds=500_000)).replace(microsecond=0)


def _arabic(text: str) -> str:
    """Turn 二〇一九年十一月六日 at the start into digits."""
    return CHINESE.sub(lambda m: f"{m[1].translate(NUMERALS)}年{_small(m[2])}月{_small(m[3])}日", text, count=1)


def _small(numeral: str) -> int:
    tens, ten, ones = numeral.rpartition("十")
    value = int(ones.translate(NUMERALS) or 0)
    return value + 10 * int(tens.translate(NUMERALS) or 1) if ten else value


def _why_not(text: str) -> str:
    if re.match(r"\d{1,2}月\d{1,2}日", text):
        return f"「{text[:40]}」没有年份，{HOW_TO}"
    if re.match(r"\d{1,2}[-/.年]\d{1,2}[-/.月]\d{2,4}", text):
        return f"「{text[:40]}」分不清年、月、日，{HOW_TO}"
    if re.fullmatch(r"\d{4}[-/.年]\d{1,2}月?", text):
        return f"「{text[:40]}」没有日，{HOW_TO}"
    return f"「{text[:40]}」不是日期，{HOW_TO}"
