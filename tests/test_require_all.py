import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import run

EXCUSES = """\
import pytest

def test_good(): pass

def test_skipping(): pytest.skip("no server")

@pytest.mark.skipif(True, reason="no browser")
def test_marked(): pass

@pytest.mark.xfail(reason="later")
def test_excused(): assert False

@pytest.mark.xfail(reason="later", strict=False)
def test_excused_for_nothing(): pass
"""


@pytest.mark.slow
@pytest.mark.parametrize(("required", "expected"), [("0", {"passed": 2, "skipped": 4}), ("1", {"passed": 1, "bad": 5})])
def test_whatever_is_skipped_or_excused_fails_when_all_is_required(
    required: str, expected: dict[str, int], tmp_path: Path
) -> None:
    (tmp_path / "test_excuses.py").write_text(EXCUSES)
    (tmp_path / "test_file.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text("pytest_plugins = ['tests.require_all']\n")

    subprocess.run(
        [sys.executable, "-m", "pytest", "--continue-on-collection-errors", "--junitxml=out.xml"],
        env={**os.environ, "LINLI_REQUIRE_ALL": required, "PYTHONPATH": str(run.ROOT)},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert outcomes(tmp_path / "out.xml") == expected


def outcomes(report: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for case in ET.parse(report).iter("testcase"):
        tags = {child.tag for child in case}
        word = "skipped" if "skipped" in tags else "bad" if tags & {"failure", "error"} else "passed"
        found[word] = found.get(word, 0) + 1
    return found
