"""The value of an input, once it is known, made to fit its schema, or refused before anything is sent."""

from __future__ import annotations

import json
import re
from typing import Any

from services.connectors.errors import InputMisfit
from services.plans.schemas import Schema
from services.plans.validation.flows import Shape

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,2})?")


def fitted(name: str, value: Any, schema: Schema, part: Any) -> Any:
    """The value, converted where that makes it fit: a number into text, a text that is a number into one.

    What a schema does not say clearly is not judged. Raises InputMisfit.
    """
    misfits = schema.misfits(value, part, limit=1)
    if not misfits:
        return value
    for other in _conversions(value, Shape(schema, (part,)).types or frozenset()):
        if not schema.misfits(other, part, limit=1):
            return other
    found = misfits[0]
    expected = found.validator_value if isinstance(found.validator_value, str | int | float | list) else None
    raise InputMisfit(name, at=found.json_path.removeprefix("$"), keyword=str(found.validator), expected=expected)


def _conversions(value: Any, wanted: frozenset[str]) -> list[Any]:
    if isinstance(value, bool | int | float):
        return [json.dumps(value)] if "string" in wanted else []
    if not isinstance(value, str):
        return []
    text = value.strip()
    if "integer" in wanted and _WHOLE.fullmatch(text):
        return [int(text)]
    if "number" in wanted and _NUMBER.fullmatch(text):
        return [float(text)]
    return []
