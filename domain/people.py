"""People: what is shown of a name, a phone and an address, and for how long a reveal holds."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.errors import Invalid

REVEAL_LASTS = timedelta(minutes=15)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_UNDIVIDED = re.compile(r"1[3-9]\d{9}|400\d{7}")  # whose groups are a matter of taste
_EXTENSION = re.compile(r"(?:转|分机|#)+")
# an area code begins with 0: a mobile number with a digit missing or too many is none
_LANDLINE = r"(?:0\d{2,3}-[1-9]|0(?:10|2\d|[3-9]\d\d)[1-9]|[2-9])\d{6,7}(?:-\d{1,6})?"
_PHONE = re.compile(rf"{_LANDLINE}|1[3-9]\d{{9}}|400\d{{7}}(?:-\d{{1,6}})?|\d{{5,6}}|110|119|12[02]")
# what of a number that is no mobile may be read: the area code or the 400, and the last four digits
_FIXED = re.compile(r"((?:0(?:10|2\d|\d{3}))-?|400|)\d{3,4}(\d{4})(-\d{1,6})?")

# what people put between the digits of a number, and what looks like one but is a day
_SIGNS = r"\s()（）+./·・•‐−–—―_~-"
_SIGN, _RUN = re.compile(f"[{_SIGNS}]"), re.compile(rf"[+(（]*\d[\d{_SIGNS}]*")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d)")


class Purpose(StrEnum):
    """Why somebody asks to see a person in full; kept with the reveal."""

    CONTACT = "contact"
    VISIT = "visit"
    VERIFY = "verify"
    EMERGENCY = "emergency"


PURPOSE_LABELS = {
    Purpose.CONTACT: "电话联系居民",
    Purpose.VISIT: "上门走访",
    Purpose.VERIFY: "核对信息",
    Purpose.EMERGENCY: "紧急情况",
}


@dataclass(frozen=True)
class Person:
    """A person as this viewer may see them: masked unless `revealed_until`."""

    id: UUID
    community_id: UUID
    name: str
    phone: str
    address: str
    version: int
    revealed_until: datetime | None = None


def _folded(text: str) -> str:
    # a number copied out of a telephone's contacts comes in invisible direction marks
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")


def normal_phone(text: str) -> str:
    """Fold full-width digits, blanks and +86 away: the form that look-up works on."""
    digits = re.sub(r"[\s()（）]", "", _EXTENSION.sub("-", _folded(text)))
    plain = re.sub(r"^(\+|00)?86(?=1[3-9]\d{9}$)", "", re.sub(r"[-–—]", "", digits))
    return plain if _UNDIVIDED.fullmatch(plain) else digits


def check_phone(text: str) -> str:
    """Return the normal form, or refuse what can't be a telephone number."""
    phone = normal_phone(text)
    if phone and not _PHONE.fullmatch(phone):
        raise Invalid(f"电话“{text}”看起来不完整，请核对后再填。", field="phone")
    return phone


def is_phone(text: str) -> bool:
    """Tell whether this could be somebody's number: seven digits or more and nothing else but signs; no dates."""
    digits = _SIGN.sub("", _DATE.sub(" ", _folded(text)))
    return digits.isdecimal() and len(digits) >= 7


def without_phones(text: str) -> str:
    """Leave out what could be somebody's number; a text without one stays as it is."""
    folded = _folded(text)
    kept = _RUN.sub(lambda run: " " if is_phone(run[0]) else run[0], folded)
    return text if kept == folded else " ".join(kept.split())


def has_phone(text: str) -> bool:
    return without_phones(text) != text


def mask_name(name: str) -> str:
    return name[:1] + "*" * min(len(name) - 1, 2) if name else ""


def mask_phone(phone: str) -> str:
    if not phone:
        return ""
    if _MOBILE.fullmatch(phone):
        return f"{phone[:3]}****{phone[-4:]}"
    if fixed := _FIXED.fullmatch(phone):
        return f"{fixed[1]}****{fixed[2]}" + ("-***" if fixed[3] else "")
    return "*" * max(len(phone) - 2, 1) + phone[-2:]


def mask_address(address: str) -> str:
    """Keep the estate and the building, hide the door behind them and any long number before."""
    head = re.match(r".*?(?:号楼|栋|幢|座|单元)", address) or re.match(r".*?(?:弄|小区)", address)
    if head is None:
        return "***" if address else ""
    return re.sub(r"\d{3,}", "***", head.group()) + "***"
