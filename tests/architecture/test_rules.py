"""The code keeps the rules, and each rule can tell good code from bad."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.architecture.code import PACKAGES, ROOT, files, relative, syntax_tree
from tests.architecture.rules import RULES, Rule, commits

LONGEST_FILE = 400
SOURCES = (".py", ".js", ".css", ".html")

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name.replace(" ", "-"))


@cache
def faults() -> dict[str, list[str]]:
    """Where the code breaks each rule, by the rule's name. Each file is read once for all of them."""
    found: dict[str, list[str]] = {rule.name: [] for rule in RULES}
    for path in files(*{folder.split("/")[0]: None for rule in RULES for folder in rule.folders}):
        name, tree = relative(path), syntax_tree(path)
        for rule in RULES:
            if name not in rule.exempt and any(path.is_relative_to(ROOT / each) for each in rule.folders):
                found[rule.name] += [f"{name}:{node.lineno}" for node in rule.find(tree)]
    return found


@every_rule
def test_the_code_keeps_the_rule(rule: Rule) -> None:
    broken = faults()[rule.name]
    assert not broken, f"{rule.name}: {', '.join(broken)}"


@every_rule
def test_the_rule_catches_what_it_should(rule: Rule) -> None:
    missed = [code for code in rule.bad if not list(rule.find(ast.parse(code)))]
    assert not missed


@every_rule
def test_the_rule_leaves_the_rest_alone(rule: Rule) -> None:
    caught = [code for code in rule.good if list(rule.find(ast.parse(code)))]
    assert not caught


@every_rule
def test_the_rule_looks_at_something(rule: Rule) -> None:
    assert all(list(files(folder)) for folder in rule.folders)
    for path in rule.exempt:
        assert list(rule.find(syntax_tree(ROOT / path))), f"{path} no longer needs its exemption"


def test_there_is_exactly_one_commit() -> None:
    assert len(list(commits(syntax_tree(ROOT / "db/session.py")))) == 1


def too_long(lines_of: dict[str, int]) -> list[str]:
    return [f"{name} ({lines})" for name, lines in lines_of.items() if lines > LONGEST_FILE]


def test_no_file_is_longer_than_can_be_taken_in() -> None:
    lines_of = {
        relative(path): len(path.read_text().splitlines())
        for path in files(*PACKAGES, "tests", "scripts", suffixes=(*SOURCES, ""))
        if path.is_file()
    }
    assert not too_long(lines_of)


def test_the_limit_on_a_file_is_one() -> None:
    assert too_long({"a.py": 400, "b.py": 401}) == ["b.py (401)"]
