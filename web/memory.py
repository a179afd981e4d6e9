"""Memory that the C library keeps though nothing is in it any more.

A board's message is a quarter of a megabyte and each run has a thread of its own: without this, every open
board costs several times what it holds.
"""

import asyncio
import ctypes
import sys
from functools import cache
from typing import Any

EVERY_SECONDS = 10.0


async def give_back() -> None:
    """Give what is free back to the system, again and again until cancelled."""
    while _trim() is not None:
        await asyncio.sleep(EVERY_SECONDS)
        await asyncio.to_thread(_trim(), 0)


@cache
def _trim() -> Any:
    """Find glibc's own call; other libraries keep less."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
