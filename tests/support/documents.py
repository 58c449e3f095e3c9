"""Tables of the documents, for tests that hold them to what they say."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def table_rows(markdown: str, heading: str) -> dict[str, list[str]]:
    """The rows of the first table under a heading, by what stands in backticks in their first cell."""
    section = markdown.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows: dict[str, list[str]] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|"):
            rows.update(dict.fromkeys(re.findall(r"`([^`]+)`", cells[0]), cells[1:]))
    return rows
