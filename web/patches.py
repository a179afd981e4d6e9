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
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

Sums = tuple[int, ...]
_PIECES = re.compile(rb"(<li\b[^>]*>.*?</li>)", re.DOTALL)
_SHARED_MOST = 20_000
_shared: dict[bytes, bytes] = {}


def split(html: str) -> tuple[bytes, ...]:
    """Split into pieces; the same card on many boards is kept in memory once."""
    if len(_shared) > _SHARED_MOST:
        _shared.clear()
    return tuple(_shared.setdefault(piece, piece) for piece in _PIECES.split(html.encode()) if piece)


def sums_of(pieces: tuple[bytes, ...]) -> Sums:
    return tuple(map(zlib.crc32, pieces))


def operations(had: Sums, pieces: tuple[bytes, ...], sums: Sums) -> list[tuple[int, int, list[str]]]:
    """Say which runs [from, to) of the old pieces give way to which new ones."""
    if had == sums:
        return []
    made, a, c = [], 0, 0
    for b, d in (*_kept(had, sums), (len(had), len(sums))):
        if a < b or c < d:
            made.append((a, b, [piece.decode() for piece in pieces[c:d]]))
        a, c = b + 1, d + 1
    return made


def _kept(had: Sums, sums: Sums) -> Iterator[tuple[int, int]]:
    """Pair what stays: the same beginning, the most of what each has once in the same order, the same end.

    It takes hardly longer than reading both, whatever somebody sends; what is there twice may be sent again.
    """
    least = min(len(had), len(sums))
    start = next((n for n in range(least) if had[n] != sums[n]), least)
    end = next((n for n in range(least - start) if had[-1 - n] != sums[-1 - n]), least - start)
    yield from ((n, n) for n in range(start))
    yield from _in_order(_places(had, start, end), _places(sums, start, end))
    yield from ((len(had) - n, len(sums) - n) for n in range(end, 0, -1))


def _places(sums: Sums, start: int, end: int) -> dict[int, int]:
    """Say where each stands that is there once."""
    middle = sums[start : len(sums) - end]
    times = Counter(middle)
    return {one: start + n for n, one in enumerate(middle) if times[one] == 1}


def _in_order(old: dict[int, int], new: dict[int, int]) -> list[tuple[int, int]]:
    """Take the longest row of pairs that rises on both sides."""
    ends: list[int] = []  # the lowest new place at which a row of this length ends
    rows: list[tuple[int, int, int]] = []  # pair, and in `rows` the one before it
    tops: list[int] = []  # in `rows`, what stands in `ends`
    for one, place in old.items():
        if one not in new:
            continue
        length = bisect_left(ends, new[one])
        rows.append((place, new[one], tops[length - 1] if length else -1))
        ends[length : length + 1], tops[length : length + 1] = [new[one]], [len(rows) - 1]
    found, at = [], tops[-1] if tops else -1
    while at >= 0:
        found.append(rows[at][:2])
        at = rows[at][2]
    return found[::-1]


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
