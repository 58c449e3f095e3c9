"""Whether a document is OpenAPI, by the schemas of the OpenAPI Initiative, and what else is against them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from typing import Any

import jsonschema_rs

from services.components.openapi.model import DocumentFaultCode, DocumentRefused
from services.formats.text import clip

_VERSION = re.compile(r"3\.([012])\.\d+(-.*)?")
_MOST_FAULTS = 500
_MOST_NOTES = 20


@dataclass(frozen=True, slots=True)
class SchemaFaults:
    """What is against the schema: by path, by operation (path and method), and elsewhere, each in words.

    Real documents have such places. One that is in an operation is the end of that operation only.
    """

    paths: Mapping[str, str]
    operations: Mapping[tuple[str, str], str]
    notes: tuple[str, ...]


def version_of(document: Any) -> str:
    """The version of OpenAPI, such as "3.0" or "3.1". Raises DocumentRefused if it is none that is read."""
    if not isinstance(document, dict) or not ({"openapi", "swagger"} & document.keys()):
        raise DocumentRefused(DocumentFaultCode.NOT_OPENAPI)
    if "swagger" in document:
        raise DocumentRefused(DocumentFaultCode.SWAGGER, version=clip(str(document["swagger"]), 20))
    found = _VERSION.fullmatch(str(document["openapi"]))
    if found is None:
        raise DocumentRefused(DocumentFaultCode.UNKNOWN_VERSION, version=clip(str(document["openapi"]), 20))
    return f"3.{found[1]}"


def schema_faults(document: Mapping[str, Any], version: str) -> SchemaFaults:
    """What is against the official schema. Raises DocumentRefused where nothing of it can be walked."""
    if not isinstance(document.get("paths", {}), dict):
        raise DocumentRefused(DocumentFaultCode.AGAINST_SCHEMA, at="paths", problem="it is no mapping")
    paths: dict[str, str] = {}
    operations: dict[tuple[str, str], str] = {}
    notes: list[str] = []
    for at, problem in _errors(document, version):
        where = ".".join(map(str, at))
        if at[:1] == ["paths"] and len(at) > 2 and at[2] != "parameters":
            operations.setdefault((str(at[1]), str(at[2])), f"{'.'.join(map(str, at[3:]))}: {problem}")
        elif at[:1] == ["paths"] and len(at) > 1:
            paths.setdefault(str(at[1]), problem)
        elif len(notes) < _MOST_NOTES:
            notes.append(f"{clip(where, 100)}: {problem}")
    return SchemaFaults(paths, operations, tuple(notes))


def _errors(document: Mapping[str, Any], version: str) -> Iterator[tuple[list[str | int], str]]:
    try:
        for error in islice(_validator(version).iter_errors(document), _MOST_FAULTS):
            # The message quotes the whole value; what it says of it stands behind that.
            yield list(error.instance_path), clip(error.message[-120:], 120)
    except ValueError as error:
        raise DocumentRefused(DocumentFaultCode.TOO_DEEP, problem=clip(str(error))) from None


@lru_cache
def _validator(version: str) -> Any:
    text = files("services.components.openapi").joinpath(f"schemas/openapi-{version}.json").read_text("utf-8")
    return jsonschema_rs.validator_for(json.loads(text))
