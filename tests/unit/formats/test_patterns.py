r"""Patterns that only ECMAScript reads: the schema stays, and is judged by all else."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.formats.patterns import unread_patterns
from services.formats.schema_words import is_ecma_only
from services.formats.schemas import schema_problems
from services.plans.schemas import Schema

ECMA = (
    r"^\p{L}+$",
    r"^[\p{L}\p{M} '-]{1,80}$",
    r"\P{Script=Han}",
    r"^(?<year>\d{4})-\k<year>$",
    r"^\u{1F600}$",
    r"^\/v1\/\-$",
    r"[^]*",
    r"\cJ",
)


@pytest.mark.parametrize("pattern", ECMA)
def test_a_pattern_that_only_ecmascript_reads(pattern: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern, "maxLength": 3}}}
    assert schema_problems(schema) == []
    if is_ecma_only(pattern):
        assert list(unread_patterns(schema)) == [("properties", "a", "pattern")]
    judged = Schema(schema)
    assert [each.validator for each in judged.misfits({"a": "12345"}, schema) or ()][-1:] == ["maxLength"]
    if is_ecma_only(pattern):
        assert judged.misfits({"a": "12"}, schema) == []


@pytest.mark.parametrize("pattern", ["(", "[", "*", "(?P<a", "a{2,1}", r"\p{L}("])
def test_what_nobody_reads_is_refused(pattern: str) -> None:
    assert not is_ecma_only(pattern)
    assert [problem.path for problem in schema_problems({"pattern": pattern})] == [("pattern",)]


def test_members_named_by_such_a_pattern_are_open() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "patternProperties": {r"^\p{Lu}": {"type": "string"}, "^x-": {"type": "integer"}},
        "additionalProperties": False,
    }
    assert schema_problems(schema) == []
    assert list(unread_patterns(schema)) == [("patternProperties", r"^\p{Lu}")]
    judged = Schema(schema)
    assert judged.misfits({"Ä": "x", "n": 1, "other": 1}, schema) == []
    assert len(judged.misfits({"x-a": "no", "n": "no"}, schema) or ()) == 2


EXPONENTIAL = ("^(a+)+$", "^(a|a)*$", r"^(\w+\s?)*$", "(x+x+)+y", "^(a|ab|b)*c$")


@pytest.mark.parametrize("pattern", EXPONENTIAL)
def test_no_pattern_takes_more_than_linear_time(pattern: str) -> None:
    value = "a" * 40 + "x" * 40 + "!"
    schema = {"type": "object", "properties": {"v": {"pattern": pattern}}, "patternProperties": {pattern: {}}}
    assert schema_problems(schema) == []
    started = time.process_time()
    judged = Schema(schema | {"additionalProperties": False})
    misfits = judged.misfits({"v": value, value: 1}, judged.root)
    assert time.process_time() - started < 2  # with Python's engine: years
    assert [each.validator for each in misfits or ()] == ["pattern", "additionalProperties"]


@pytest.mark.parametrize("pattern", [r"^(?!\s*$).+", r"^(a)\1$", "(?<=a)b"])
def test_by_a_pattern_that_has_no_linear_search_values_are_not_checked(pattern: str) -> None:
    schema = {"type": "string", "pattern": pattern}
    assert schema_problems(schema) == []
    assert list(unread_patterns(schema)) == [("pattern",)]
    assert Schema(schema).misfits("", schema) == []


def test_what_is_left_over_by_patterns_is_not_judged() -> None:
    schema: dict[str, Any] = {"patternProperties": {"^(a+)+$": {}}, "unevaluatedProperties": False}
    assert Schema(schema).misfits({"a" * 40 + "!": 1}, schema) is None


def test_half_a_surrogate_pair_is_looked_through() -> None:
    schema = {"type": "string", "pattern": "^a.b$"}
    assert Schema(schema).misfits("a\ud83db", schema) == []
