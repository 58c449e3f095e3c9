"""What the documents say about the code is so."""

from __future__ import annotations

import re
import subprocess
from itertools import chain
from pathlib import Path

import pytest

from bot.config import Settings
from tests.architecture.code import ROOT, distribution, pyproject, relative
from tests.support.documents import table_rows

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def broken_links(document: Path, markdown: str) -> list[str]:
    targets = re.findall(r"\]\(([^)#\s]+)", markdown)
    return [target for target in targets if "://" not in target and not (document.parent / target).exists()]


def test_a_table_is_read() -> None:
    text = "# T\n\n## A\n\n| Name | What |\n|---|---|\n| `x`, `y` | 1 |\n\n## B\n| `z` | 2 |\n"
    assert table_rows(text, "A") == {"x": ["1"], "y": ["1"]}


def test_the_readme_has_every_setting_with_its_default() -> None:
    rows = table_rows((ROOT / "README.md").read_text(), "Settings")
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            default = str(field.default).lower() if isinstance(field.default, bool) else field.default
            assert rows[name.upper()][-1] == f"`{default}`", name


def test_the_example_has_every_setting() -> None:
    names = re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)


def test_the_example_can_be_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    assert Settings(_env_file=ROOT / ".env.example") == Settings(_env_file=None)


def test_every_dependency_has_its_line() -> None:
    page = (ROOT / "docs/dependencies.md").read_text()
    for heading, requirements in (
        ("To run", pyproject()["project"]["dependencies"]),
        ("To choose", chain.from_iterable(pyproject()["project"]["optional-dependencies"].values())),
        ("To develop", pyproject()["dependency-groups"]["dev"]),
        ("To compare with", pyproject()["dependency-groups"]["bench"]),
    ):
        assert set(table_rows(page, heading)) == {distribution(requirement) for requirement in requirements}


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_no_link_is_broken(document: Path) -> None:
    assert broken_links(document, document.read_text()) == []


def test_a_broken_link_is_noticed() -> None:
    assert broken_links(ROOT / "README.md", "[a](LICENSE) [b](no/such.md) [c](https://x.org/)") == ["no/such.md"]


def test_every_decision_is_listed() -> None:
    pages = {path.name for path in (ROOT / "docs/adr").glob("0*.md")}
    listed = set(re.findall(r"\((0[^)]+)\)", (ROOT / "docs/adr/README.md").read_text()))
    assert listed == pages


def test_make_help_lists_every_target_without_any_environment() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE)) - {"runtime"}
    result = subprocess.run(
        ["make", "help"],
        cwd=ROOT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(re.findall(r"^  ([a-z]+) +\S", result.stdout, re.MULTILINE)) == targets


def test_without_a_python_set_up_says_so_in_one_line() -> None:
    result = subprocess.run(
        [ROOT / "scripts/python"],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHON": "no-such-python"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.splitlines() == ["set-up: Python 3.11 or newer is needed; looked for: no-such-python"]
