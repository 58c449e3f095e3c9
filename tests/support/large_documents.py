"""OpenAPI documents in which every operation fills all that a component may take: schemas that lead on and on."""

from __future__ import annotations

import json
import random
from typing import Any


def large_document(operations: int, schemas: int, size: int = 0) -> bytes:
    """A document with so many operations and schemas, filled up to `size` bytes with what nobody looks at.

    Each schema has thirty texts and leads to four others: an answer has no end but the one that it is given.
    """
    chance = random.Random(7)
    named: dict[str, Any] = {}
    for number in range(schemas):
        properties: dict[str, Any] = {
            f"member_{index}": {"type": "string", "description": "What it is. " * 4, "example": "x" * 30}
            for index in range(30)
        }
        for index in range(4):
            reference = {"$ref": f"#/components/schemas/s{chance.randrange(schemas)}"}
            properties[f"other_{index}"] = reference if index % 2 else {"type": "array", "items": reference}
        named[f"s{number}"] = {"type": "object", "required": ["member_0"], "properties": properties}
    paths: dict[str, Any] = {}
    for number in range(operations):
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/s{number % schemas}"}}}
        operation: dict[str, Any] = {
            "operationId": f"area{number % 40}/do-{number}",
            "summary": f"Do what is number {number}",
            "tags": [f"area{number % 40}"],
            "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "Good.", "content": content}},
        }
        if number % 3 == 0:
            operation["requestBody"] = {"content": content}
        paths[f"/areas/{{id}}/x{number}"] = {"post" if number % 3 == 0 else "get": operation}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Large", "version": "1"},
        "servers": [{"url": "https://large.example"}],
        "paths": paths,
        "components": {"schemas": named},
    }
    room = max(0, size - len(json.dumps(document)))
    document["x-padding"] = [{"text": "x" * 70}] * (room // 84)
    return json.dumps(document).encode()
