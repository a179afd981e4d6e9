"""Trying an XLS in a process of its own: a few wrong bytes make the parser ask for terabytes and end."""

import re
import subprocess
import sys
from typing import BinaryIO

from domain.errors import Refused

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TIMEOUT_SECONDS = 60
# an XLSX with a password is a stream of this name; an XLS with one begins BOF, FILEPASS
LOCKED = re.compile("EncryptedPackage".encode("utf-16-le") + rb"|\x09\x08\x10\x00.{16}\x2f\x00", re.S)
CHILD = """
import io, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
except ImportError:
    pass  # Windows has no such limit; an absurd request fails there too
import python_calamine
book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
for name in book.sheet_names:
    book.get_sheet_by_name(name).merged_cell_ranges
"""


def check(stream: BinaryIO, filename: str) -> None:
    """Refuse what the parser cannot read within memory and time; what passes here is safe to parse."""
    stream.seek(0)
    data = stream.read()
    if LOCKED.search(data):
        raise Refused(f"「{filename}」设有打开密码，请在 Excel 中取消密码后再导入。")
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", CHILD],
            input=data,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise _unreadable(filename) from None
    if done.returncode:
        raise _unreadable(filename)


def _unreadable(filename: str) -> Refused:
    return Refused(f"「{filename}」读不出来，可能已损坏或太大，请用 Excel 打开后另存为 .xlsx 再导入。")
