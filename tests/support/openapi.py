"""Small OpenAPI documents, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from services.components.openapi.model import ApiDocument, Operation, ReadingOptions
from services.components.openapi.operations import read_document

OK: Mapping[str, Any] = {"200": {"description": "Good."}}
SERVER = "https://works.example.org/v1"


def operation(**members: Any) -> dict[str, Any]:
    """An operation that is right, with these members."""
    return {"responses": OK, **members}


def document(paths: Mapping[str, Any], version: str = "3.1.0", **members: Any) -> dict[str, Any]:
    """A document that is right, with these paths."""
    info = {"title": "Works API", "version": "7"}
    return {"openapi": version, "info": info, "servers": [{"url": SERVER}], "paths": paths, **members}


def read(whole: Mapping[str, Any], **options: str) -> ApiDocument:
    """What becomes of a document."""
    return read_document(json.dumps(whole).encode(), ReadingOptions(**options))


def only(whole: Mapping[str, Any], **options: str) -> Operation:
    """What becomes of the only operation of a document."""
    (found,) = read(whole, **options).operations
    return found


def made(whole: Mapping[str, Any], **options: str) -> Mapping[str, Any]:
    """The component of the only operation of a document."""
    found = only(whole, **options)
    assert found.definition is not None, found.refused
    return found.definition


def response_schema(schema: Any, version: str = "3.1.0", **schemas: Any) -> Any:
    """What becomes of the schema of an answer."""
    answer = {"200": {"description": "Good.", "content": {"application/json": {"schema": schema}}}}
    whole = document({"/x": {"get": operation(responses=answer)}}, version, components={"schemas": schemas})
    return made(whole)["response_schema"]


def request_schema(schema: Any, version: str = "3.1.0", **schemas: Any) -> Any:
    """What becomes of the schema of a body."""
    body = {"content": {"application/json": {"schema": schema}}}
    whole = document({"/x": {"post": operation(requestBody=body)}}, version, components={"schemas": schemas})
    return made(whole)["request_schema"]
