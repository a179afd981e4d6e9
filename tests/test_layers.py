"""The import rules and the size limits, read from the source itself."""

import ast
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent

# A layer may import itself and what stands here; a dotted name opens that module alone.
MAY_IMPORT = {
    "run": set[str](),
    "settings": set[str](),
    "domain": set[str](),
    "db": {"domain", "settings"},
    "ui": {"domain"},
    "files": {"db", "domain"},
    "web": {
        "db",
        "domain",
        "settings",
        "files",
        "ui.board.markup",
        "ui.board.calendar",
        "ui.board.sent",
        "ui.care.markup",
        "ui.charts.markup",
        "ui.tour.markup",
        "ui.wall.markup",
    },
    "jobs": {"db", "domain", "settings", "files"},
    "demo": {"db", "domain", "settings", "files"},
    "pages": {"ui", "db", "domain", "files", "demo"},
}
OURS = {*MAY_IMPORT, "app", "cli", "command_line", "bench", "tests"}

# Libraries that belong to one place each.
HOMES = {
    "streamlit": ("app.py", "pages/*", "ui/*"),
    "sqlalchemy": ("db/*",),
    "alembic": ("db/*",),
    "plotly": ("ui/figures.py", "ui/figures_beside.py", "ui/figures_places.py"),
}
# web/ and the command line load these, without Streamlit
NO_STREAMLIT = (
    *("ui/__init__.py", "ui/board/__init__.py", "ui/board/markup.py", "ui/board/calendar.py"),
    "ui/board/sent.py",
    *("ui/care/__init__.py", "ui/care/markup.py", "ui/charts/__init__.py", "ui/charts/markup.py"),
)
DOMAIN_LIBRARIES = {*sys.stdlib_module_names, "uuid6"}
ENVIRONMENT_READERS = ("settings.py", "run.py")
CLOCK = "domain/clock.py"
BELOW_THE_EDGE = ("domain/*", "db/*", "files/*", "ui/*", "demo/*")

GENERATED = "db/migrations/versions/"  # by Alembic, as long as the tables are many
LONGEST_FUNCTION = 70
LONGEST_PAGE = 80
LONGEST_PART = 150  # of a page: a file of pages/ with an underscore


def sources() -> list[Path]:
    single = sorted(ROOT.glob("*.py"))
    return single + [path for layer in sorted(MAY_IMPORT) for path in (ROOT / layer).rglob("*.py")]


def within(path: str, patterns: tuple[str, ...]) -> bool:
    parts = PurePosixPath(path).parts
    return any(path == p or (p.endswith("/*") and parts[0] == p[:-2]) for p in patterns)


def imported(path: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = PurePosixPath(path).parts[: -node.level] if node.level else ()
            module = [*package, node.module] if node.module else [*package]
            yield from ((node.lineno, ".".join([*module, a.name])) for a in node.names)


def dotted(node: ast.AST) -> str:
    """`datetime.datetime.now` as text; nothing for what is no plain chain of names."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def used(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, dotted(node)


def foreign_imports(path: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    layer = PurePosixPath(path).parts[0].removesuffix(".py")
    if layer not in MAY_IMPORT:
        return
    allowed = {layer, *MAY_IMPORT[layer]}
    for line, name in imported(path, tree):
        ours = name.split(".")[0] in OURS
        if ours and not any(name == a or name.startswith(f"{a}.") for a in allowed):
            yield line, f"{layer} may not import {name}"


def libraries_away_from_home(path: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    for line, name in imported(path, tree):
        library = name.split(".")[0]
        if library in HOMES and not within(path, HOMES[library]):
            yield line, f"{library} belongs in {', '.join(HOMES[library])}"
        if library == "streamlit" and path in NO_STREAMLIT:
            yield line, "web loads this file, and web knows no Streamlit"
        if within(path, ("domain/*",)) and library not in DOMAIN_LIBRARIES | OURS:
            yield line, f"domain knows the standard library and uuid6 only, not {library}"


def environment_reads(path: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    if path not in ENVIRONMENT_READERS:
        for line, name in [*imported(path, tree), *used(tree)]:
            if name in ("os.environ", "os.environb", "os.getenv"):
                yield line, f"{name}: only {' and '.join(ENVIRONMENT_READERS)} read the environment"


def clock_reads(path: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    if path == CLOCK:
        return
    for line, name in used(tree):
        owner, _, verb = name.rpartition(".")
        clock = owner.rpartition(".")[2] in ("datetime", "date", "Timestamp")
        if clock and verb in ("now", "utcnow", "today"):
            yield line, f"{name}: the time comes from {CLOCK}"
    if within(path, BELOW_THE_EDGE):
        for line, name in [*imported(path, tree), *used(tree)]:
            if name in ("domain.clock.now", "clock.now"):
                yield line, "now is an argument below pages, routes, jobs and commands"


def long_functions(path: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    if path.startswith(GENERATED):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield node.lineno, f"{node.name} has {lines} lines, {LONGEST_FUNCTION} are allowed"


Rule = Callable[[str, ast.AST], Iterator[tuple[int, str]]]
RULES: list[Rule] = [
    foreign_imports,
    libraries_away_from_home,
    environment_reads,
    clock_reads,
    long_functions,
]


def faults(rule: Rule, path: str, source: str) -> list[str]:
    return [f"{path}:{line}: {fault}" for line, fault in rule(path, parsed(source))]


parsed = cache(ast.parse)  # each rule reads the same files


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    found: list[str] = []
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        found += faults(rule, name, path.read_text(encoding="utf-8"))

    assert not found, "\n".join(found)


def test_pages_are_short() -> None:
    lengths = {p.name: len(p.read_text("utf-8").splitlines()) for p in (ROOT / "pages").glob("*.py")}
    limits = {name: LONGEST_PART if name.startswith("_") else LONGEST_PAGE for name in lengths}

    assert {name: n for name, n in lengths.items() if n > limits[name]} == {}


LONG_FUNCTION = "def f():\n" + "    pass\n" * LONGEST_FUNCTION


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (foreign_imports, "domain/x.py", "from db import tickets"),
        (foreign_imports, "domain/x.py", "def f():\n    import settings"),
        (foreign_imports, "db/x.py", "from ui.text import escape"),
        (foreign_imports, "ui/x.py", "import db.tickets"),
        (foreign_imports, "web/x.py", "from ui import cards"),
        (foreign_imports, "web/x.py", "from ui.board import component"),
        (foreign_imports, "web/x.py", "from ui.board.component import board"),
        (foreign_imports, "web/x.py", "import ui.board"),
        (foreign_imports, "web/x.py", "from pages._session import token"),
        (foreign_imports, "files/x.py", "from settings import current"),
        (foreign_imports, "pages/x.py", "from settings import current"),
        (foreign_imports, "pages/x.py", "from tests.builders import NOW"),
        (foreign_imports, "jobs/channels/x.py", "from ...web import gate"),
        (foreign_imports, "settings.py", "from domain import errors"),
        (libraries_away_from_home, "web/x.py", "import streamlit as st"),
        (libraries_away_from_home, "cli.py", "from streamlit.web import cli"),
        (libraries_away_from_home, "ui/board/markup.py", "import streamlit"),
        (libraries_away_from_home, "pages/x.py", "from sqlalchemy import select"),
        (libraries_away_from_home, "cli.py", "from alembic import command"),
        (libraries_away_from_home, "pages/x.py", "import plotly.graph_objects as go"),
        (libraries_away_from_home, "ui/cards.py", "from plotly import graph_objects"),
        (libraries_away_from_home, "domain/x.py", "import pydantic"),
        (environment_reads, "db/x.py", "import os\nos.environ['A']"),
        (environment_reads, "app.py", "from os import environ"),
        (environment_reads, "cli.py", "import os\nos.getenv('A')"),
        (clock_reads, "pages/x.py", "from datetime import datetime\ndatetime.now()"),
        (clock_reads, "cli.py", "import datetime as d\nd.datetime.now()"),
        (clock_reads, "web/x.py", "from datetime import date\ndate.today()"),
        (clock_reads, "files/x.py", "import pandas as pd\npd.Timestamp.now()"),
        (clock_reads, "db/x.py", "from domain.clock import now"),
        (clock_reads, "db/x.py", "from domain import clock\nclock.now()"),
        (long_functions, "cli.py", LONG_FUNCTION),
    ],
)
def test_a_breach_is_noticed(rule: Rule, path: str, source: str) -> None:
    assert len(faults(rule, path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("domain/x.py", "import enum\nfrom uuid6 import uuid7\nfrom . import errors"),
        ("db/x.py", "from sqlalchemy import func, select\nfunc.now()\nfrom domain import tickets"),
        ("web/x.py", "from ui.board.markup import card"),
        ("web/x.py", "from ui.board import markup\nfrom domain.clock import now"),
        ("ui/figures.py", "import plotly.graph_objects as go\nfrom .text import escape"),
        ("pages/x.py", "import streamlit as st\nfrom domain import clock\nclock.now()"),
        ("cli.py", "import db, files, demo, web, jobs, settings"),
        ("settings.py", "import os\nos.environ['A']"),
        ("domain/clock.py", "from datetime import UTC, datetime\ndatetime.now(UTC)"),
    ],
)
def test_what_is_allowed_is_let_through(path: str, source: str) -> None:
    assert [fault for rule in RULES for fault in faults(rule, path, source)] == []
