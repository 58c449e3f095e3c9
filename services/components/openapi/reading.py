"""The bytes of a document become a JSON value: JSON or YAML, within limits, no name twice in one mapping."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from services.components.openapi.model import DocumentFaultCode, DocumentRefused
from services.formats.storable import postgres_safe

MAX_JSON_BYTES = 24 * 1024 * 1024
"""GitHub's own document has 13 million."""

MAX_YAML_BYTES = 8 * 1024 * 1024
"""YAML takes twenty times as long to read."""

# NUL and halves of surrogate pairs, which PostgreSQL can't keep; as JSON writes them.
_UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def read_value(source: bytes) -> Any:
    """The value that a document holds. Raises DocumentRefused."""
    is_json = source.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    limit = MAX_JSON_BYTES if is_json else MAX_YAML_BYTES
    if len(source) > limit:
        raise DocumentRefused(DocumentFaultCode.TOO_LARGE, limit=limit)
    try:
        text = source.decode("utf-8-sig")
        return _json_value(text) if is_json else _yaml_value(text)
    except UnicodeDecodeError:
        raise DocumentRefused(DocumentFaultCode.NOT_UTF8) from None
    except RecursionError:
        raise DocumentRefused(DocumentFaultCode.TOO_DEEP) from None


def _yaml_value(text: str) -> Any:
    # Most documents are JSON, and need not wait until this is loaded.
    from services.components.openapi.yaml_values import yaml_value

    return yaml_value(text)


def _json_value(text: str) -> Any:
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise DocumentRefused(DocumentFaultCode.NOT_JSON, line=error.lineno, problem=error.msg) from None
    except ValueError as error:
        raise DocumentRefused(DocumentFaultCode.NOT_JSON, line=1, problem=str(error)[:100]) from None
    return postgres_safe(value) if _UNSTORABLE.search(text) else value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentRefused(DocumentFaultCode.DUPLICATE_MEMBER, member=twice[:100])
    return members


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits[:20])


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_number, parse_float=_finite)
