"""Senders that kill themselves at one point of a post's way: python -m tests.jobs.dying DATA_DIR POINT

Two die, a third lives and goes on. Its parent has no threads, so that a fork is clean.
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import settings
from jobs import sending
from jobs.channels import http
from jobs.sending import Sending
from jobs.traces import Slot
from settings import Settings
from tests.builders import NOW


def main(folder: str, point: str) -> None:
    settings.use(Settings(data_dir=Path(folder)))
    for number, dies in enumerate([True, True, False]):
        pid = os.fork()
        if pid == 0:
            if dies:
                _die_at(point)
            _send(number)
            os._exit(0)
        os.waitpid(pid, 0)


def _send(number: int) -> None:
    """Look twice: the first goes on for who died before, the second would send what that put back for later."""
    one = Sending(lambda: NOW + timedelta(seconds=number))
    for _ in range(2):
        one.look(one.clock())
        one.settle()
    one.stop()


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at(point: str) -> None:
    """Put an end after one of the steps; each is the product's own up to there."""
    leaves, leave = Slot.leaves, http._InOnePiece.leave

    def leaving(self: Slot) -> None:
        leaves(self)
        _die()

    def sent(self: http._InOnePiece) -> None:
        leave(self)
        self.sock.recv(1)  # it has begun to answer: by then it has taken it
        _die()

    ends: dict[str, tuple[Any, str, Any]] = {
        "claimed": (sending, "deliver", _die),
        "leaving": (Slot, "leaves", leaving),
        "sent": (http._InOnePiece, "leave", sent),
        "answered": (Sending, "_note", _die),
    }
    setattr(*ends[point])


if __name__ == "__main__":
    main(*sys.argv[1:3])
