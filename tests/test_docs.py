"""What the program offers is in the README, and what the documents point to is there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.routing import Route

import run
import web
from settings import Settings

ROOT = Path(__file__).parent.parent
TEST_VARIABLES = {"LINLI_REQUIRE_ALL", "LINLI_TEST_DATABASE_URL"}
PATHS = {"import_data": "/import", "settings_page": "/settings"}  # `import` is no module's name


@pytest.fixture
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def commands_of_cli() -> set[str]:
    """As argparse prints them; COLUMNS keeps them on one line."""
    done = subprocess.run(
        [sys.executable, ROOT / "cli.py", "--help"],
        env={**os.environ, "COLUMNS": "1000", "PYTHONUTF8": "1", "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found = re.search(r"\{([a-z,-]+)\}", done.stdout)
    assert found, f"no list of commands in: {done.stdout}"
    return set(found[1].split(","))


def commands_of_run() -> set[str]:
    return set(re.findall(r"^  ([a-z-]+) ", run.HELP, re.MULTILINE))


def variables() -> set[str]:
    prefix = Settings.model_config["env_prefix"]
    return {prefix + name.upper() for name in Settings.model_fields} | TEST_VARIABLES


def top_level_entries() -> set[str]:
    return {path.parts[0] for path in run.source_files(ROOT)} - {"README.md", ".gitignore"}


def pages() -> set[str]:
    stems = {path.stem for path in (ROOT / "pages").glob("[!_]*.py")} - {"home"}
    return {PATHS.get(stem, f"/{stem}") for stem in stems}


def addresses() -> set[str]:
    """The first part of each address beside the pages: /round, /api."""
    return {"/" + route.path.split("/")[1] for route in web.routes(play=tuple) if isinstance(route, Route)}


def is_named(text: str, name: str) -> bool:
    """In code, `like this`, or at the start of a line of a listing; a word in prose won't do."""
    return bool(re.search(rf"(^|`|run\.py ){re.escape(name)}(?![\w-])", text, re.MULTILINE))


def broken_links(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(<?([^)>\s]+)", text) + re.findall(r"(?:src|href)=\"([^\"]+)", text)
    local = [t.partition("#")[0] for t in targets if not re.match(r"[a-z]+:|#", t)]
    return [target for target in local if not (page.parent / unquote(target)).exists()]


def test_the_help_of_run_lists_every_command_of_the_command_line() -> None:
    assert commands_of_run() == commands_of_cli() | {"test", "bundle"}


def test_the_readme_names_every_command(readme: str) -> None:
    missing = {name for name in commands_of_run() if not is_named(readme, name)}

    assert missing == set()


def test_the_readme_names_every_environment_variable(readme: str) -> None:
    assert {name for name in variables() if not is_named(readme, name)} == set()


def test_the_readme_names_every_top_level_entry(readme: str) -> None:
    assert {name for name in top_level_entries() if not is_named(readme, name)} == set()


def test_the_readme_names_every_page(readme: str) -> None:
    assert pages()
    assert {path for path in pages() if not is_named(readme, path)} == set()


def test_the_readme_names_every_address_beside_the_pages(readme: str) -> None:
    assert {path for path in addresses() if not re.search(rf"`{path}[/`]", readme)} == set()


def test_links_and_pictures_lead_somewhere() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]

    broken = {page.relative_to(ROOT).as_posix(): broken_links(page) for page in documents}

    assert {page: links for page, links in broken.items() if links} == {}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("`fsck` checks", True),
        ("python run.py fsck", True),
        ("fsck    checks", True),
        ("we run fsck", False),
        ("`fsck-all`", False),
    ],
)
def test_a_name_counts_only_as_code(text: str, named: bool) -> None:
    assert is_named(text, "fsck") is named


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "guide.md"
    page.write_text(
        '[self](guide.md#top) [web](https://example.org) [up](#top) ![no](no.png)\n<img src="gone%20too.png">\n'
    )

    assert broken_links(page) == ["no.png", "gone%20too.png"]
