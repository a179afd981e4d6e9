"""Whose turn it is to write: first come, first served among the threads of a process."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import Busy


class Turns:
    """A lock that is handed on in the order it was asked for; a plain one goes to whoever is awake."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def turn(self, wait_seconds: float) -> Iterator[None]:
        """Hold the turn; Busy if it does not come in time."""
        self._take(wait_seconds)
        try:
            yield
        finally:
            self._hand_on()

    def _take(self, wait_seconds: float) -> None:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            if mine.acquire(timeout=wait_seconds):
                return
        except BaseException:  # Ctrl-C while it waits: nobody may be left holding the turn
            if not self._leaves(mine):
                self._hand_on()
            raise
        if self._leaves(mine):
            raise Busy()

    def _leaves(self, mine: threading.Lock) -> bool:
        """Step out of the line; False if the turn came this very moment."""
        with self._mutex:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True

    def _hand_on(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
