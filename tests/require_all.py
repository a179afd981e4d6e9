"""A pytest plugin: with LINLI_REQUIRE_ALL=1 whatever would be skipped or excused fails.

`python run.py test` loads it; a plain `pytest` would need `-p tests.require_all`.
"""

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: pytest decides on skip and xfail inside
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return demand((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return demand((yield))  # a whole file that skips itself has no test report


def demand(report: Report) -> Report:
    excused = hasattr(report, "wasxfail")
    if os.environ.get("LINLI_REQUIRE_ALL") == "1" and (report.skipped or excused):
        reason = report.wasxfail if excused else report.longreprtext
        report.outcome = "failed"
        report.longrepr = f"LINLI_REQUIRE_ALL=1 allows no skip and no xfail: {reason}"
        if excused:
            del report.wasxfail
    return report
