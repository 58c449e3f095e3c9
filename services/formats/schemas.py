"""JSON Schemas that somebody else wrote (Draft 2020-12): checked before use, compiled, asked for types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker, SchemaError
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, SchemaRegistry

from services.formats import strict_json
from services.formats.patterns import JUDGE
from services.formats.schema_words import TYPES, is_ecma_only, is_readable
from services.formats.strict_json import Path

MAX_MISFITS = 10
"""How many misfits of one value are named, unless the caller wants another number."""

UNJUDGEABLE = (RecursionError, Unresolvable, re.error, OverflowError)
"""The ways in which a schema that passed check_schema still can't be judged by.

A pointer to nowhere or in a circle, a pattern that Python's re refuses, numbers beyond a float.
"""


_NO_FORMATS = FormatChecker(formats=())
_META = Draft202012Validator(Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
_FAST_META = jsonschema_rs.validator_for(
    {"$ref": "https://json-schema.org/draft/2020-12/schema"}, validate_formats=True
)
_PATTERN = re.compile(r'"pattern": ("(?:[^"\\]|\\.)*")')
# What stands under these is data: a "$ref" in it is a word like any other.
_DATA = frozenset({"const", "default", "enum", "examples"})
_REFERENCES = ("$ref", "$dynamicRef")
_BASE = "urn:mudda:schema"


class SchemaProblemCode(StrEnum):
    """What can be wrong with a schema."""

    BAD_SCHEMA = "bad_schema"
    REMOTE_REFERENCE = "remote_reference"
    DANGLING_REFERENCE = "dangling_reference"
    CIRCULAR_REFERENCE = "circular_reference"


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One thing wrong with a schema: a code, where in the schema it is, and the facts of it."""

    code: SchemaProblemCode
    path: Path
    detail: Mapping[str, Any] = field(default_factory=dict)


def schema_problems(schema: Mapping[str, Any]) -> list[SchemaProblem]:
    """All that is wrong with `schema`: against the meta-schema, and references that lead nowhere.

    A reference out of the schema itself is one of them: following it would be a request to a stranger's host.
    """
    if not schema:
        return []
    if (text := _valid_text(schema)) is not None:
        # Where the word stands nowhere, there is nothing to look for.
        has_references = any(f'"{name}"' in text for name in _REFERENCES)
        return list(_reference_problems(schema)) if has_references else []
    # The meta-schema says the same of one place by several ways.
    invalid = {
        (tuple(error.absolute_path), error.message[:300])
        for error in _META.iter_errors(schema)
        if not (error.validator_value == "regex" and is_ecma_only(error.instance))
    }
    if invalid:
        return [
            SchemaProblem(SchemaProblemCode.BAD_SCHEMA, path, {"problem": problem})
            for path, problem in sorted(invalid, key=repr)
        ]
    return list(_reference_problems(schema))


def _valid_text(schema: Mapping[str, Any]) -> str | None:
    """The schema as text, if it surely is one, in a hundredth of the time; None where that has to be looked at.

    Patterns are left to be read by Python: the other judge takes all of ECMAScript's.
    """
    try:
        text = json.dumps(schema)
        is_sure = '"patternProperties"' not in text and _FAST_META.is_valid(schema)
    except (TypeError, ValueError, RecursionError):  # what is no JSON, or deeper than it goes
        return None
    patterns = map(json.loads, _PATTERN.findall(text)) if is_sure else ()
    return text if is_sure and all(is_readable(each) or is_ecma_only(each) for each in patterns) else None


def _reference_problems(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    references = list(_references(schema, ()))
    if references:
        resource = Resource.from_contents(schema, default_specification=DRAFT202012)
        registry: SchemaRegistry = Registry().with_resource(_BASE, resource)
        for path, reference in references:
            code = _reference_fault(reference, registry)
            if code is not None:
                yield SchemaProblem(code, path, {"reference": reference})


def _reference_fault(reference: str, registry: SchemaRegistry) -> SchemaProblemCode | None:
    if not reference.startswith("#"):
        return SchemaProblemCode.REMOTE_REFERENCE
    try:
        target = registry.resolver(_BASE).lookup(reference).contents
        if not _META.is_valid(target):
            return SchemaProblemCode.DANGLING_REFERENCE
        # A reference that comes back to itself never ends, whatever it is asked about; so ask it once.
        Draft202012Validator({"$ref": _BASE + reference}, registry=registry).is_valid(None)
    except (Unresolvable, ValueError):
        return SchemaProblemCode.DANGLING_REFERENCE
    except RecursionError:
        return SchemaProblemCode.CIRCULAR_REFERENCE
    return None


def _references(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name in _REFERENCES and isinstance(member, str):
                yield (*path, name), member
            elif name not in _DATA:
                yield from _references(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, (*path, index))


def compiled(root: Any, *, formats: FormatChecker | None = None) -> Draft202012Validator | None:
    """The validator of a schema, which checks these `formats` too; None if it is broken."""
    try:
        text = json.dumps(root)
    except (TypeError, ValueError, RecursionError):
        return None
    return _compiled(text, formats)


def stated_types(schema: Any) -> frozenset[str] | None:
    """The types that a schema states, None where it states none or what is no type."""
    stated = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(stated, str):
        return _ALONE.get(stated)
    names: list[Any] = stated if isinstance(stated, list) else [stated]
    return frozenset(names) if names and all(name in TYPES for name in names) else None


_ALONE = {name: frozenset({name}) for name in TYPES}


@lru_cache(maxsize=512)
def _compiled(text: str, formats: FormatChecker | None) -> Draft202012Validator | None:
    """The validator of a schema, kept because checking the schema itself takes most of the time."""
    try:
        schema = strict_json.loads(text)
        # A pattern that can't be read is the business of what is judged by it.
        JUDGE.check_schema(schema, format_checker=_NO_FORMATS)
    except (strict_json.NotJson, SchemaError, *UNJUDGEABLE):
        return None
    if '"unevaluatedProperties"' in text and '"patternProperties"' in text:
        # What patterns leave over jsonschema finds with Python's engine, which may take for ever.
        return None
    # An empty registry: without one jsonschema would fetch the addresses that a "$ref" names.
    return JUDGE(schema, registry=Registry(), format_checker=formats)
