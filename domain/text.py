"""Typed and pasted text, made fit to keep."""

import re

from domain.errors import Invalid
from domain.tickets import ADDRESS_MAX, NOTE_MAX

# what no database takes (NUL), and what is seen by nobody; line breaks and tabs stay
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def clean(text: str) -> str:
    return _UNSEEN.sub("", text).strip()


def clean_line(text: str, field: str, longest: int) -> str:
    line = " ".join(clean(text).split())
    if not line:
        raise Invalid("请写一句话说明是什么事，例如“3号楼楼道灯不亮”。", field=field)
    if len(line) > longest:
        raise Invalid(f"标题最多 {longest} 个字，细节请写在“详细情况”里。", field=field)
    return line


def clean_address(text: str) -> str:
    address = " ".join(clean(text).split())
    if len(address) > ADDRESS_MAX:
        raise Invalid(f"地点最多 {ADDRESS_MAX} 个字，请精简。", field="address")
    return address


def clean_note(text: str) -> str:
    note = clean(text)
    if len(note) > NOTE_MAX:
        raise Invalid(f"说明最多 {NOTE_MAX} 个字，请精简。", field="note")
    return note


def need(text: str, message: str, field: str) -> str:
    note = clean_note(text)
    if not note:
        raise Invalid(message, field=field)
    return note
