"""How far each post of this process is, kept where it outlives the process, for whoever goes on after it.

A sender that is killed leaves messages under way. Its file says which of them never left, which left without an
answer, and which were answered. The kernel lets go of a dead process's lock at once, so nobody waits for a lease.
The file is memory that is shared with the kernel: it survives a kill, not the machine, so after a restart of the
machine, elsewhere, or on Windows, messages under way wait for their lease and count as unknown.
"""

import mmap
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from queue import SimpleQueue

from domain.delivery import Answer, Outcome
from domain.ids import new_id

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

OWNER_CHARS = 12  # so many begin each lease of a process
_SLOT, _LEASE = 128, 40  # bytes; the first of a slot says how far the post is
_FREE, _LEFT, _ANSWERED = 0, 1, 2
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Slot:
    """One post's place in the file. Its first byte is written last."""

    def __init__(self, memory: mmap.mmap | None, at: int) -> None:
        self._memory, self._at = memory, at

    def claimed(self, lease: str) -> None:
        self._mark(_FREE)
        self._put(1, lease.encode().ljust(_LEASE))

    def leaves(self) -> None:
        """Say that the request goes out now: no system call lies between this and the sending."""
        if self._memory is not None and self._memory[self._at] == _FREE:
            self._memory[self._at] = _LEFT

    def answered(self, answer: Answer) -> None:
        said = f"{answer.outcome} {answer.wait.total_seconds():.0f} {answer.code}".encode()
        self._put(1 + _LEASE, said[: _SLOT - _LEASE - 1].ljust(_SLOT - _LEASE - 1))
        self._mark(_ANSWERED)

    def done(self) -> None:
        self._mark(_FREE)

    def _put(self, offset: int, said: bytes) -> None:
        if self._memory is not None:
            start = self._at + offset
            self._memory[start : start + len(said)] = said

    def _mark(self, stage: int) -> None:
        if self._memory is not None:
            self._memory[self._at] = stage


class Trace:
    """The file of this process, locked for as long as the process lives."""

    def __init__(self, folder: Path, posts_at_once: int) -> None:
        self.owner = new_id().hex[-OWNER_CHARS:]
        self._file: int | None = None
        self._memory: mmap.mmap | None = None
        with suppress(OSError):  # without it a kill costs a lease's time, and nothing else
            self._open(folder, posts_at_once * _SLOT)
        self._free: SimpleQueue[Slot] = SimpleQueue()
        for number in range(posts_at_once):
            self._free.put(Slot(self._memory, number * _SLOT))

    def _open(self, folder: Path, size: int) -> None:
        boot = _boot()
        if fcntl is None or not boot:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{boot}.{self.owner}"
        unnamed = folder / f".{self.owner}"  # nobody may find it before it is locked
        file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, bytes(size))  # and not only its length: on a full disk a later write would kill us
        self._memory = mmap.mmap(file, size)
        self._file = file
        unnamed.rename(self._path)

    @contextmanager
    def slot(self, lease: str) -> Iterator[Slot]:
        """Keep a place for a post until what became of it is in the database."""
        slot = self._free.get()
        try:
            slot.claimed(lease)
            yield slot  # after an error it is kept until its place is needed, for whoever goes on
            slot.done()
        finally:
            self._free.put(slot)

    def close(self) -> None:
        """End in order: what is not settled is left to whoever goes on."""
        if self._file is not None and self._memory is not None:
            if not any(self._memory[::_SLOT]):
                self._path.unlink(missing_ok=True)
            self._memory.close()  # it holds the file too
            os.close(self._file)
            self._file = None


@dataclass(frozen=True)
class Dead:
    """A process that ended with posts under way: None for those that left, or what was answered."""

    owner: str
    left: Mapping[str, Answer | None]


@contextmanager
def dead(folder: Path) -> Iterator[list[Dead]]:
    """Find the processes of this machine that are gone; their files are forgotten when the block ends well."""
    found: dict[Path, tuple[int, Dead]] = {}
    try:
        for path in folder.glob(f"{_boot()}.*") if fcntl and _boot() else ():
            if (file := _lock(path)) is not None:
                found[path] = file, Dead(path.name[-OWNER_CHARS:], _read(file))
        yield [one for _, one in found.values()]
        for path in found:
            path.unlink(missing_ok=True)
    finally:
        for file, _ in found.values():
            os.close(file)


def _lock(path: Path) -> int | None:
    """Open the file if its process is gone and nobody else is at it."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_nlink:  # else somebody has just been through with it
            return file
    os.close(file)
    return None


def _read(file: int) -> dict[str, Answer | None]:
    held = os.pread(file, os.fstat(file).st_size, 0)
    slots = (held[at : at + _SLOT] for at in range(0, len(held), _SLOT))
    return {one[1 : 1 + _LEASE].decode().strip(): _answer(one) for one in slots if one[0] != _FREE}


def _answer(slot: bytes) -> Answer | None:
    if slot[0] == _LEFT:
        return None
    outcome, seconds, code = slot[1 + _LEASE :].decode(errors="ignore").split(" ", 2)
    return Answer(Outcome(outcome), code.rstrip(), timedelta(seconds=float(seconds)))


@cache
def _boot() -> str:
    """Name this run of the machine's kernel, whose locks can be believed."""
    with suppress(OSError):
        return _BOOT.read_text().strip().replace("-", "")
    return ""
