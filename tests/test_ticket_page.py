"""The documentation's table of steps is the code's."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_of_steps_says_what_the_table_says() -> None:
    made = runpy.run_path(str(DOCS / "make_tickets.py"))["page"]()

    assert (DOCS / "tickets.md").read_text(encoding="utf-8") == made, "run python docs/make_tickets.py"
