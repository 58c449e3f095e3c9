"""Who may import whom, and that everything which is imported is asked for in pyproject.toml."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

from tests.architecture.code import PACKAGES, ROOT, distribution, files, pyproject, syntax_tree

LINT_IMPORTS = "from importlinter.cli import lint_imports_command as main; main(['--no-logo', '--no-cache'])"

# One breach for each contract, by the file that it is added to.
BREACHES = {
    "db/session.py": "import services.errors",
    "services/errors.py": "import slack_sdk",
    "services/formats/text.py": "import services.plans.model",
    "services/ai/service.py": "import google.generativeai",
    "services/ai/prompts.py": "import services.ai.transports.genai",
    "bot/slack/ids.py": "import bot.views.kit.text",
    "bot/views/plan/steps.py": "import bot.views.card",
    "bot/views/kit/text.py": "import sqlalchemy",
    "bot/listeners/plans.py": "import slack_sdk",
    "bot/jobs/registry.py": "import bot.sandbox",
}


def lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS], cwd=directory, capture_output=True, text=True, check=False
    )


def test_imports_go_one_way() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_contract_can_be_broken(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, line in BREACHES.items():
        with (tmp_path / name).open("a") as file:
            file.write(f"\n{line}\n")
    report = " ".join(lint_imports(tmp_path).stdout.split())
    names = [contract["name"] for contract in pyproject()["tool"]["importlinter"]["contracts"]]
    assert [name for name in names if f"{name} BROKEN" not in report] == []


def imported(tree: ast.Module) -> Iterator[str]:
    """The top-level name of every import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_a_requirement_is_read() -> None:
    assert distribution("SQLAlchemy[asyncio]>=2.1") == "sqlalchemy"
    assert distribution("prometheus_client") == "prometheus-client"


PROGRAMS = {"graphviz-pure"}
"""Dependencies that are programs: a wheel without anything to import."""


def test_what_is_imported_is_asked_for_and_the_other_way_round() -> None:
    modules = {name for path in files(*PACKAGES) for name in imported(syntax_tree(path))}
    modules -= {*PACKAGES, *sys.stdlib_module_names}
    project = pyproject()["project"]
    extras = project["optional-dependencies"].values()
    asked_for = {distribution(each) for each in (*project["dependencies"], *chain.from_iterable(extras))}
    # A module may belong to several distributions: the `google` namespace does.
    installed = packages_distributions()
    owners = {name: {distribution(owner) for owner in installed.get(name, [])} for name in modules}
    assert {name for name, candidates in owners.items() if not candidates & asked_for} == set()
    assert asked_for - set().union(*owners.values()) == PROGRAMS
