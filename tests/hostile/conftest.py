"""The figure of the attacks, at the end of a run: how many by how many ways, and what was broken."""

from __future__ import annotations

from typing import Any

import pytest

_FIGURE = "hostile"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print it; with many processes, too, since properties of reports travel with them."""
    figures: list[Any] = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == _FIGURE
    ]
    tried = [figure for figure in figures if "channel" in figure]
    if tried:
        attacks, invariants = max(each["attacks"] for each in tried), tried[0]["invariants"]
        broken, obeyed = sum(each["broken"] for each in tried), sum(each["obeyed"] for each in tried)
        terminalreporter.write_line(
            f"hostile text: {attacks} attacks by {len(tried)} channels against {invariants} invariants: {broken} "
            f"breaches (the model obeyed {obeyed} times)"
        )
    for benign in (figure for figure in figures if "benign" in figure):
        terminalreporter.write_line(f"benign issues: {benign['passed']} of {benign['benign']} got their plan")
