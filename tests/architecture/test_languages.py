"""What is said to people can be said in every language: no sentence is put together, none is left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import pytest
from babel.messages.catalog import Message

from tests.architecture.code import ROOT, files, nodes, relative, syntax_tree
from tests.support.catalogs import SAID, TRANSLATED, placeholders, read_catalog, said, texts

SAYING = ("_", "N_", "ngettext")
WORDS = re.compile(r"[A-Za-z]{2,}[,:;]? [a-z]{2,}|\b[A-Z][a-z]+ [A-Za-z]{2,}|\b[aA] [a-z]{3,}")
NO_SENTENCE = frozenset(
    {
        "handed back: the worker stops",
        "mudda components load FILE",
    }
)
"""Texts that look like sentences and are none that people read."""


def is_put_together(argument: ast.expr) -> bool:
    """Whether a sentence is no text of its own: an f-string, a sum, or filled in before it is translated."""
    for node in ast.walk(argument):
        if isinstance(node, ast.JoinedStr | ast.BinOp | ast.IfExp):
            return True
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("format", "join")
        ):
            return True
    return False


def sayings(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls that say a sentence."""
    for node in nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING:
            yield node


def faults_of_saying(tree: ast.Module) -> list[int]:
    """The lines in which a sentence is put together."""
    arguments = (
        (call, each)
        for call in sayings(tree)
        for each in call.args[: 2 if getattr(call.func, "id", "") == "ngettext" else 1]
    )
    return [call.lineno for call, each in arguments if is_put_together(each)]


def hidden(tree: ast.Module) -> list[int]:
    """The lines in which a sentence is said inside an f-string, where no catalog finds it."""
    inside = (inner for node in nodes(tree) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node))
    return [
        node.lineno
        for node in inside
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in SAYING
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]


def unsaid(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The sentences that are in no call of SAYING, with their lines; docstrings and logs are for others."""
    skipped = {
        id(inner)
        for node in nodes(tree)
        if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or isinstance(node, ast.Raise | ast.Assert)
        or (isinstance(node, ast.Call) and _is_no_view(node))
        for inner in ast.walk(node)
    }
    for node in nodes(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in skipped:
            continue
        if WORDS.search(node.value) and node.value not in NO_SENTENCE:
            yield node.lineno, node.value


def _is_no_view(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name):
        return call.func.id in (*SAYING, "JobDeferral")
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id in ("logger", "re")


@dataclass(frozen=True, slots=True)
class Faults:
    """Where sentences are put together, hidden from the catalogs, and left out."""

    put_together: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@cache
def faults() -> Faults:
    """Of all the code: each file is read once."""
    found = Faults()
    for path in files("bot"):
        name, tree = relative(path), syntax_tree(path)
        found.put_together.extend(f"{name}:{line}" for line in faults_of_saying(tree))
        found.hidden.extend(f"{name}:{line}" for line in hidden(tree))
        if any(path.is_relative_to(ROOT / folder) for folder in SAID):
            found.left_out.extend(f"{name}:{line}: {text}" for line, text in unsaid(tree))
    return found


def test_no_sentence_is_put_together() -> None:
    assert not faults().put_together


def test_no_sentence_is_hidden_from_the_catalogs() -> None:
    assert not faults().hidden


def test_a_sentence_that_is_hidden_is_found() -> None:
    assert hidden(ast.parse("f\"• {_('It is open.')}\""))
    assert not hidden(ast.parse('f"• {_(STATES[state])}"'))


def test_no_sentence_is_left_out() -> None:
    assert not faults().left_out, "\n".join(faults().left_out)


@pytest.mark.parametrize(
    "code",
    [
        '_(f"{a} is open")',
        '_("a" + b)',
        '_("a {b}".format(b=b))',
        'ngettext(f"{a} step", "b", 1)',
        '_("a" if b else "c")',
    ],
)
def test_a_sentence_that_is_put_together_is_found(code: str) -> None:
    assert faults_of_saying(ast.parse(code))


@pytest.mark.parametrize(
    "code", ['_("{who} has it", who=f"{a}")', "_(STATES[state])", 'ngettext("{count} step", "{count} steps", n)']
)
def test_a_whole_sentence_is_left_alone(code: str) -> None:
    assert not faults_of_saying(ast.parse(code))


@pytest.mark.parametrize("code", ['x = "Nobody has to decide."', 'x = f"Step {n} is open"', 'plain("Try again")'])
def test_a_sentence_that_is_left_out_is_found(code: str) -> None:
    assert list(unsaid(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    ['"""A docstring is none."""', 'logger.info("It is gone: %s", e)', '_("It is open.")', 'x = "plan_more"'],
)
def test_what_nobody_reads_is_left_alone(code: str) -> None:
    assert not list(unsaid(ast.parse(code)))


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_catalog_has_what_is_said_and_nothing_else(code: str) -> None:
    ours = {message.id for message in said() if message.id}
    theirs = {message.id for message in read_catalog(code) if message.id}
    assert ours == theirs, "make languages brings the catalogs up to date"


@pytest.mark.parametrize("code", TRANSLATED)
def test_each_sentence_is_translated(code: str) -> None:
    missing = [message.id for message in _messages(code) if message.fuzzy or not all(texts(message.string))]
    assert not missing


@pytest.mark.parametrize("code", TRANSLATED)
def test_each_translation_names_what_its_sentence_names(code: str) -> None:
    wrong = [message.id for message in _messages(code) if not _agrees(message)]
    assert not wrong


def _messages(code: str) -> list[Message]:
    return [message for message in read_catalog(code) if message.id]


def _agrees(message: Message) -> bool:
    """Whether a translation has the names, edges and line ends of its sentence; one thing needs no count."""
    ids = list(texts(message.id))
    wanted = placeholders(ids[-1])
    for form in texts(message.string):
        found = placeholders(form)
        if found != wanted and not (len(ids) > 1 and found == wanted - {"count"}):
            return False
        if form.count("\n") != ids[-1].count("\n") or (form.strip() != form and ids[-1].strip() == ids[-1]):
            return False
    return True
