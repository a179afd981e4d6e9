"""What changed between two drawings of a page, as text: right whatever the markup is.

A drawing is split into pieces, a card each and what stands between them; joined they are the drawing
again. A piece is known by the CRC-32 of its bytes, so that a browser can say in few bytes what it has.
`ui/board/live.js` splits and sums in the same way.
"""

import base64
import binascii
import re
import zlib
from array import array
from difflib import SequenceMatcher

Sums = tuple[int, ...]
_PIECES = re.compile(rb"(<(?:li|tr)\b[^>]*>.*?</(?:li|tr)>)", re.DOTALL)
_SHARED_MOST = 20_000
_shared: dict[bytes, bytes] = {}


def split(html: str) -> tuple[bytes, ...]:
    """Split into pieces; the same card on many boards is kept in memory once."""
    if len(_shared) > _SHARED_MOST:
        _shared.clear()
    return tuple(_shared.setdefault(piece, piece) for piece in _PIECES.split(html.encode()))


def sums_of(pieces: tuple[bytes, ...]) -> Sums:
    return tuple(map(zlib.crc32, pieces))


def operations(had: Sums, pieces: tuple[bytes, ...], sums: Sums) -> list[tuple[int, int, list[str]]]:
    """Say which runs [from, to) of the old pieces give way to which new ones."""
    if had == sums:
        return []
    differ = SequenceMatcher(None, had, sums, autojunk=False).get_opcodes()
    return [(a, b, [p.decode() for p in pieces[c:d]]) for name, a, b, c, d in differ if name != "equal"]


def unpack(text: str) -> Sums:
    """Read the sums a browser sent: base64 of little-endian 32-bit numbers; nothing if they are none."""
    try:
        raw = base64.b64decode(text, validate=True)
        numbers = array("I", raw)
    except (binascii.Error, ValueError):
        return ()
    return tuple(numbers)


def pack(sums: Sums) -> str:
    return base64.b64encode(array("I", sums).tobytes()).decode()
