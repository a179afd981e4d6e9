"""One row of a file as one ticket: a pydantic model that cleans, reads and refuses with a Chinese reason."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator

from domain.clock import local, local_date
from domain.due import Grade, Matter
from domain.tickets import TITLE_MAX, Channel, Kind, Satisfaction, Status
from files.dates import parse_moment
from files.words import (
    CHANNEL_WORDS,
    GRADE_WORDS,
    KIND_WORDS,
    MATTER_WORDS,
    SATISFACTION_WORDS,
    STATUS_WORDS,
)

ID_MAX, SHORT_MAX, LONG_MAX = 80, 200, 32_767
# zero-width and control signs go; every other odd blank (U+3000, NBSP, tab) is one that str.split knows
INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad\x00-\x08\x0e-\x1b\x7f]")
PROGRESS = {"status", "grade", "handler", "accepted_at", "resolved_at", "closed_at", "result", "satisfaction"}
NOTHING = frozenset({"无", "-", "--", "/", "—", "——", "不详", "未知", "暂无", "null", "none", "n/a", "nan"})
GREETING = re.compile(r"(尊敬的|敬爱的|您好|你好|领导好).{0,14}|.{0,10}(您好|你好|领导|书记|市长|主任)[：:,，!！]?")


E = TypeVar("E", bound=StrEnum)


class Unfit(ValueError):
    """A value that stays out, with the sentence that says why."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


def as_text(value: object) -> str:
    """Write a cell as a person would read it: whole numbers without ".0", dates in full."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def one_line(value: object) -> str:
    return " ".join(INVISIBLE.sub("", as_text(value)).split())


def paragraphs(value: object) -> str:
    """Keep the breaks between paragraphs; drop tabs, indents, blank lines in a row and invisible signs."""
    lines = [" ".join(line.split()) for line in INVISIBLE.sub("", as_text(value)).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def number_text(value: object) -> str:
    """Read a number that is a name (编号, 电话): Excel keeps 15 digits of it and no more."""
    if isinstance(value, int | float) and abs(value) >= 1e15:
        raise Unfit("超过 15 位的号码被 Excel 当成数字，末尾已经丢失，请把该列设为文本后重新填写")
    text = unicodedata.normalize("NFKC", one_line(value)).lstrip("'")
    if re.fullmatch(r"\d(\.\d+)?E\+\d+", text, re.I):
        raise Unfit("号码被 Excel 改成了科学计数，请把该列设为文本后重新填写")
    return re.sub(r"(?<=\d)\.0$", "", text)


def phone_text(value: object) -> str | None:
    text = re.sub(r"[\s\-—()]", "", number_text(value))
    text = re.sub(r"^(\+|00)?86(?=1\d{10}$|0\d)", "", text)
    if not text or text.casefold() in NOTHING:
        return None
    if not re.fullmatch(r"\+?[\d*#转,;、/]{5,60}", text):
        raise Unfit("不像电话号码，请核对")
    return text


def limited(clean: Callable[[object], str | None], most: int) -> Callable[[object], str | None]:
    def check(value: object) -> str | None:
        text = clean(value)
        if text and len(text) > most:
            raise Unfit(f"太长（{len(text)} 字，最多 {most} 字）")
        return text or None

    return check


def at_length(clean: Callable[[object], str]) -> BeforeValidator:
    read = limited(clean, LONG_MAX)
    return BeforeValidator(lambda value: read(value) or "")


def worded(words: Mapping[E, str]) -> Callable[[object], E | None]:
    """Make a reader of the words for an enumeration's members, its own codes among them."""
    known = {word.casefold(): member for member, line in words.items() for word in [member.value, *line.split()]}
    accepted = "、".join(word for line in words.values() for word in line.split() if not word.isascii())

    def read(value: object) -> E | None:
        text = re.sub(r"[\s_]", "", unicodedata.normalize("NFKC", one_line(value))).casefold()
        if not text or text in NOTHING:
            return None
        if text in known:
            return known[text]
        raise Unfit(f"不认识「{text[:20]}」，可写：{accepted}")

    known |= {key.replace("_", ""): member for key, member in known.items()}
    return read


def moment(value: object, info: ValidationInfo) -> datetime | None:
    if isinstance(value, str) and (one_line(value).casefold() in NOTHING or not one_line(value)):
        return None
    at, date_only = parse_moment(value)
    if date_only and info.context is not None:
        info.context.add(info.field_name)
    return at


read_status = worded(STATUS_WORDS)
read_channel = worded(CHANNEL_WORDS)
Id = Annotated[str | None, BeforeValidator(limited(number_text, ID_MAX))]
Line = Annotated[str | None, BeforeValidator(limited(one_line, SHORT_MAX))]
When = Annotated[datetime | None, BeforeValidator(moment)]


class ImportRow(BaseModel):
    """A ticket as the file tells it. Moments are aware UTC; `date_only` names those without a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    external_id: Id = None
    title: str
    description: Annotated[str, at_length(as_text)] = ""
    reporter_name: Line = None
    phone: Annotated[str | None, BeforeValidator(phone_text)] = None
    address: Line = None
    category: Line = None
    subcategory: Line = None
    grid: Line = None
    community: Line = None
    kind: Annotated[Kind | None, BeforeValidator(worded(KIND_WORDS))] = None
    matter: Annotated[Matter | None, BeforeValidator(worded(MATTER_WORDS))] = None
    grade: Annotated[Grade | None, BeforeValidator(worded(GRADE_WORDS))] = None
    status: Annotated[Status, BeforeValidator(lambda value: read_status(value) or Status.REPORTED)]
    handler: Line = None
    channel: Line = None
    reported_at: When = None
    accepted_at: When = None
    resolved_at: When = None
    closed_at: When = None
    result: Annotated[str, at_length(paragraphs)] = ""
    satisfaction: Annotated[Satisfaction | None, BeforeValidator(worded(SATISFACTION_WORDS))] = None
    extra: dict[str, str] = {}
    date_only: Annotated[frozenset[str], BeforeValidator(lambda _, info: frozenset(info.context or ()))] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        title, description = one_line(values.get("title", "")), paragraphs(values.get("description", ""))
        if not title and not description:
            raise Unfit("标题和内容都是空的，请至少填一项", "title")
        if not title:
            title = first_sentence(description)
        if len(title) > TITLE_MAX:
            title, rest = title[:TITLE_MAX].rstrip(), title[TITLE_MAX:].lstrip()
            if not description.startswith((title, rest)):
                description = f"{rest}\n{description}".strip()
        known = {"title": title, "description": description, "date_only": ()}
        if not one_line(values.get("status", "")):
            known["status"] = _status(values)
        return values | known

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for field, label in (("accepted_at", "受理"), ("resolved_at", "处理"), ("closed_at", "办结")):
            later = getattr(self, field)
            if later and self.reported_at and self._before(later, self.reported_at, field):
                raise Unfit(f"{label}时间早于上报时间（{local(self.reported_at):%Y-%m-%d %H:%M:%S}）", field)
        return self

    def _before(self, later: datetime, earlier: datetime, field: str) -> bool:
        if self.date_only & {field, "reported_at"}:
            return local_date(later) < local_date(earlier)
        return later < earlier

    @property
    def channel_code(self) -> Channel | None:
        """Name the channel that the file's word means; `channel` keeps the word itself."""
        try:
            return read_channel(self.channel or "")
        except Unfit:
            return Channel.OTHER


def identity(row: ImportRow) -> bytes:
    """Tell which record the row is in its source: its number there, or else all that the handling leaves alone.

    Holds personal data without a number: key any digest of it that is kept.
    """
    if row.external_id:
        return row.external_id.encode()
    told = row.model_dump(mode="json", exclude=PROGRESS | {"date_only"})
    return b"\0" + json.dumps(told, sort_keys=True).encode()


def content(row: ImportRow) -> bytes:
    """Write the row in one stable form: equal bytes, unchanged row. Personal data: key any digest of it."""
    return json.dumps(row.model_dump(mode="json", exclude={"date_only"}), sort_keys=True).encode()


def content_hash(row: ImportRow) -> str:
    return hashlib.sha256(content(row)).hexdigest()


def first_sentence(text: str) -> str:
    """Take the first sentence that says something, past the greeting."""
    parts = [part.strip() for part in re.split(r"[。！？!?；;\n]", text) if part.strip()]
    said = next((part for part in parts if not GREETING.fullmatch(part)), parts[0] if parts else text)
    return one_line(said)[:TITLE_MAX]


def _status(values: Mapping[str, Any]) -> Status:
    """Tell the state of a row that does not name one: an answer with its time is a closed ticket."""
    if one_line(values.get("closed_at", "")) not in NOTHING | {""}:
        return Status.CLOSED
    if values.get("resolved_at") or one_line(values.get("result", "")):
        return Status.RESOLVED
    return Status.ACCEPTED if values.get("accepted_at") else Status.REPORTED
