"""How far each post of this process is, kept where it outlives the process, for whoever goes on after it.

A sender that is killed leaves messages under way. Its file says which of them never left, which left without an
answer, and which were answered. The kernel lets go of a dead process's lock at once, so nobody waits for a lease.
The file is memory that is shared with the kernel: it survives a kill, not the machine, so after a restart of the
machine, elsewhere, or on Windows, messages under way wait for their lease and count as unknown.
"""

import mmap
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

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
_KEPT_SECONDS = 86_400.0  # for what another run of the machine left, or another machine


def folder_of(data_dir: Path, database_url: str) -> Path:
    """Name the place by the database as well: what is under way in one, another that shares the folder can't know."""
    parts = urlsplit(database_url)
    where = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # without its password
    return data_dir / "sending" / sha256(where.encode()).hexdigest()[:16]


class Slot:
    """One post's place in the file. Its first byte is written last."""

    def __init__(self, memory: mmap.mmap | None, at: int) -> None:
        self._memory, self._at = memory, at
        self.lease, self.settled = "", True

    def claimed(self, lease: str) -> None:
        self.lease, self.settled = lease, False
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
        self.settled = True
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
        self._slots = 4 * posts_at_once  # one that was never settled is not used again
        with suppress(OSError):  # without it a kill costs a lease's time, and nothing else
            self._open(folder, self._slots * _SLOT)
        self._free: SimpleQueue[Slot] = SimpleQueue()
        for number in range(self._slots):
            self._free.put(Slot(self._memory, number * _SLOT))

    def _open(self, folder: Path, size: int) -> None:
        boot = _boot()
        if fcntl is None or not boot:
            return
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder, boot)
        self._path = folder / f"{boot}.{self.owner}"
        unnamed = folder / f".{self.owner}"  # nobody may find it before it is locked
        file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            os.write(file, bytes(size))  # and not only its length: on a full disk a later write would kill us
            memory = mmap.mmap(file, size)
            unnamed.rename(self._path)
        except (OSError, ValueError):  # mmap's for a file that was written in part
            os.close(file)
            unnamed.unlink(missing_ok=True)
            return
        self._file, self._memory = file, memory

    @contextmanager
    def slot(self) -> Iterator[Slot]:
        """Keep a place for a post, from before its claim until what became of it is in the database."""
        try:
            slot = self._free.get_nowait()
        except Empty:  # all others are kept for whoever goes on: this one has a lease that none of them begins
            slot = Slot(None, 0)
            slot.claimed(new_id().hex)
            yield slot
            return
        slot.claimed(self.owner + new_id().hex[OWNER_CHARS:])
        try:
            yield slot
            slot.done()
        finally:
            if slot.settled:
                self._free.put(slot)

    def close(self) -> None:
        """End in order: what is not settled is left to whoever goes on."""
        if self._file is not None and self._memory is not None:
            if self._free.qsize() == self._slots:
                self._path.unlink(missing_ok=True)
            self._memory.close()  # it holds the file too
            os.close(self._file)
            self._file = None


@dataclass(frozen=True)
class Dead:
    """A process that ended, maybe with posts under way: None for those that left, or what was answered."""

    owner: str
    left: Mapping[str, Answer | None] | None  # none: it can't be read, whatever was claimed may have left


def files(folder: Path) -> list[Path]:
    """List the files of this machine's processes, dead or alive."""
    with suppress(OSError):
        return sorted(folder.glob(f"{_boot()}.*")) if fcntl and _boot() else []
    return []


@contextmanager
def dead(path: Path) -> Iterator[Dead | None]:
    """Hold the file of a process that is gone, for whoever settles what it left and then removes it."""
    file = _lock(path)
    if file is None:
        yield None
        return
    try:
        owner = path.name[-OWNER_CHARS:]
        yield Dead(owner, _read(file, owner))
    finally:
        os.close(file)


def _clear(folder: Path, boot: str) -> None:
    """Remove what nobody will go on with any more: files of other boots, and unfinished ones."""
    for path in folder.iterdir():
        with suppress(OSError):
            old = time.time() - path.stat().st_mtime > _KEPT_SECONDS
            if old and not path.name.startswith(boot) and (file := _lock(path)) is not None:
                try:
                    path.unlink()
                finally:
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


def _read(file: int, owner: str) -> dict[str, Answer | None] | None:
    try:
        held = os.pread(file, os.fstat(file).st_size, 0)
    except OSError:
        return None
    used = [held[at : at + _SLOT] for at in range(0, len(held), _SLOT) if held[at] != _FREE]
    leases = [one[1 : 1 + _LEASE].decode(errors="replace").strip() for one in used]
    known = re.compile(f"{owner}[0-9a-f]{{20}}")
    if not held or len(held) % _SLOT or not all(map(known.fullmatch, leases)):
        return None
    return dict(zip(leases, map(_answer, used), strict=True))


def _answer(slot: bytes) -> Answer | None:
    """Read what was answered; what makes no sense is no answer, and it may have left."""
    if slot[0] != _ANSWERED:
        return None
    with suppress(ValueError, OverflowError):
        outcome, seconds, code = slot[1 + _LEASE :].decode(errors="ignore").split(" ", 2)
        return Answer(Outcome(outcome), code.rstrip(), timedelta(seconds=float(seconds)))
    return None


@cache
def _boot() -> str:
    """Name this run of the machine's kernel, whose locks can be believed."""
    with suppress(OSError):
        return _BOOT.read_text().strip().replace("-", "")
    return ""
