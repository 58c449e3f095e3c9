"""Whether an answer is what its component's schema says, within bounds: both were written by others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from itertools import islice
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

from services.connectors.responses.response import ResponseWarning, WarningCode
from services.formats.schemas import MAX_MISFITS, UNJUDGEABLE, compiled
from services.formats.strict_json import render_path
from services.formats.text import clip

QUICK_STEPS = 5_000
"""Steps of a check that are made in the event loop: some milliseconds."""

MAX_STEPS = 500_000
"""Steps of a check that are made at all: a second or two, and more than most answers of a megabyte need."""

_STEP_CHARACTERS = 100
_NOT_JUDGED = frozenset(
    {"uniqueItems", "pattern", "patternProperties", "unevaluatedItems", "unevaluatedProperties"}
)
"""What an answer is not judged by, for nothing could stop it.

The first and the last two compare or walk everything again for each item (4,500 items took 35 s); a regular
expression may take for ever over one text, and no other thread runs meanwhile.
"""

_Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]
_left: ContextVar[list[int]] = ContextVar("steps_left")


class TooLong(Exception):
    """A check would take more steps than it may."""


async def response_warnings(schema: Mapping[str, Any], body: Any) -> tuple[ResponseWarning, ...]:
    """As `check_response`, and a check that takes long is made in a thread, so that the event loop goes on."""
    try:
        return _check(schema, body, QUICK_STEPS)
    except TooLong:
        return await asyncio.to_thread(check_response, schema, body)


def check_response(schema: Mapping[str, Any], body: Any, most: int = MAX_STEPS) -> tuple[ResponseWarning, ...]:
    """How the body of an answer fails the schema that its component states for it, the first few misfits.

    UNJUDGED where the schema can't be judged by, or where that would take more than `most` steps.
    """
    try:
        return _check(schema, body, most)
    except TooLong:
        return (ResponseWarning(WarningCode.UNJUDGED),)


def _check(schema: Mapping[str, Any], body: Any, steps: int) -> tuple[ResponseWarning, ...]:
    if schema == {}:
        return ()
    validator = compiled(schema)
    if validator is None:
        return (ResponseWarning(WarningCode.UNJUDGED),)
    before = _left.set([steps])
    try:
        bounded = _Bounded(_without_dialect(validator.schema), registry=Registry())
        return tuple(_warning(misfit) for misfit in islice(bounded.iter_errors(body), MAX_MISFITS))
    except UNJUDGEABLE:
        return (ResponseWarning(WarningCode.UNJUDGED),)
    finally:
        _left.reset(before)


def _warning(misfit: ValidationError) -> ResponseWarning:
    return ResponseWarning(
        WarningCode.MISMATCH,
        at=clip(render_path(tuple(misfit.absolute_path))),
        keyword=str(misfit.validator or "false"),
        expected=clip(json.dumps(misfit.validator_value, ensure_ascii=False)),
    )


def _spend(steps: int) -> None:
    left = _left.get()
    left[0] -= steps
    if left[0] < 0:
        raise TooLong


def _counted(keyword: _Keyword) -> _Keyword:
    """A keyword whose work is counted: it looks at all of its own value, or at all of the instance, or at both."""

    def judge(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _spend(1 + _size(value) + _size(instance))
        for error in keyword(validator, value, instance, schema) or ():
            # One that was just made has the whole instance written out in its message.
            is_new = not error.relative_schema_path
            _spend(1 + (len(error.message) // _STEP_CHARACTERS if is_new else 0))
            yield error

    return judge


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else 0


def _not_judged(validator: Any, value: Any, instance: Any, schema: Any) -> None:
    """A keyword that everything fits."""


def _additional_properties(
    validator: Any, value: Any, instance: Any, schema: Any
) -> Iterator[ValidationError] | None:
    # Beside patterns, what is additional is what none of them matches.
    return (
        None
        if "patternProperties" in schema
        else _KEYWORDS["additionalProperties"](validator, value, instance, schema)
    )


_KEYWORDS: Mapping[str, _Keyword] = Draft202012Validator.VALIDATORS
_OURS: Mapping[str, _Keyword] = {
    **_KEYWORDS,
    "additionalProperties": _additional_properties,
    **dict.fromkeys(_NOT_JUDGED, _not_judged),
}
_Bounded: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {name: _counted(keyword) for name, keyword in _OURS.items()}
)


def _without_dialect(schema: Any) -> Any:
    """A schema whose parts name no dialect: each would be judged by that one's own keywords, uncounted."""
    if isinstance(schema, dict):
        named = {name: part for name, part in schema.items() if name != "$schema" or not isinstance(part, str)}
        return {name: _without_dialect(part) for name, part in named.items()}
    return [_without_dialect(part) for part in schema] if isinstance(schema, list) else schema
