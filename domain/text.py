"""Typed and pasted text, made fit to keep."""

import re

# what no database takes (NUL), and what is seen by nobody; line breaks and tabs stay
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def clean(text: str) -> str:
    return _UNSEEN.sub("", text).strip()
