"""Documents of which nothing is imported, each with its word: see issue G, "Bad input"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.components.openapi.apart import DocumentReader
from services.components.openapi.model import DocumentFaultCode as Fault
from services.components.openapi.model import DocumentRefused, ReadingOptions, Reason
from services.components.openapi.operations import read_document
from services.components.openapi.reading import MAX_JSON_BYTES, MAX_YAML_BYTES
from tests.support.openapi import document, only, operation, read

NOTHING = ReadingOptions()


def bomb(levels: int = 9) -> bytes:
    """Nine aliases of nine aliases of …"""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(["openapi: 3.0.3", *lines]).encode()


def merging_bomb() -> bytes:
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: v}}" for n in range(1, 12)]
    return "\n".join(["openapi: 3.0.3", *lines]).encode()


SWAGGER = b'{"swagger": "2.0", "info": {}, "paths": {}}'


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", Fault.NOT_OPENAPI),
        (b"Dear city,\nthe API is at https://a.example.", Fault.NOT_OPENAPI),
        (b"just words", Fault.NOT_OPENAPI),
        (b"[1, 2]", Fault.NOT_OPENAPI),
        (b'{"type": "object"}', Fault.NOT_OPENAPI),
        (b"<html><body>Sign in</body></html>", Fault.NOT_OPENAPI),
        (b'{"openapi": "3.0.0"', Fault.NOT_JSON),
        (b'{"openapi": NaN}', Fault.NOT_JSON),
        (b'{"openapi": 1e400}', Fault.NOT_JSON),
        (b'{"openapi": "3.0.0", "info": {}, "info": {}}', Fault.DUPLICATE_MEMBER),
        (b"openapi: 3.0.0\ninfo: {}\ninfo: {}\n", Fault.DUPLICATE_MEMBER),
        (b"openapi: 3.0.0\ninfo: !!python/object:os.system {}\n", Fault.UNKNOWN_TAG),
        (b"openapi: &a [*a]\n", Fault.TOO_DEEP),
        (b"openapi: [\n", Fault.NOT_YAML),
        (b"\xff\xfe{\x00}\x00", Fault.NOT_UTF8),
        (b"[" * 100_000, Fault.TOO_DEEP),
        (b'{"a":' * 100_000, Fault.TOO_DEEP),
        (bomb(), Fault.EXPANDS_TOO_FAR),
        (merging_bomb(), Fault.EXPANDS_TOO_FAR),
        (SWAGGER, Fault.SWAGGER),
        (b'{"openapi": "4.0.0"}', Fault.UNKNOWN_VERSION),
        (b'{"openapi": "3.0.3", "paths": []}', Fault.AGAINST_SCHEMA),
        (b'{"openapi": "3.0.3", "paths": {}}', Fault.NO_OPERATIONS),
        (json.dumps(document({})).encode(), Fault.NO_OPERATIONS),
        (b"{" + b" " * MAX_JSON_BYTES, Fault.TOO_LARGE),
        (b"#" + b" " * MAX_YAML_BYTES, Fault.TOO_LARGE),
    ],
    ids=lambda value: str(value)[:40],
)
def test_it_is_refused_by_name(source: bytes, code: Fault) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read_document(source, NOTHING)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("file:///etc/passwd", Reason.REMOTE_REFERENCE),
        ("http://169.254.169.254/latest/meta-data", Reason.REMOTE_REFERENCE),
        ("https://127.0.0.1/schema.json#/a", Reason.REMOTE_REFERENCE),
        ("../../secrets.yaml", Reason.REMOTE_REFERENCE),
        ("#/components/schemas/Nobody", Reason.DANGLING_REFERENCE),
        ("#somewhere", Reason.DANGLING_REFERENCE),
    ],
)
@pytest.mark.parametrize("place", ["body", "answer", "parameter"])
def test_a_reference_out_of_the_document_is_named_and_not_followed(
    reference: str, reason: Reason, place: str
) -> None:
    content = {"content": {"application/json": {"schema": {"properties": {"a": {"$ref": reference}}}}}}
    stated: dict[str, Any] = {
        "body": operation(requestBody=content),
        "answer": operation(responses={"200": {"description": "x", **content}}),
        "parameter": operation(parameters=[{"name": "a", "in": "query", "schema": {"$ref": reference}}]),
    }
    found = only(document({"/x": {"post": stated[place]}}))
    assert found.definition is None
    assert [(each.reason, each.about) for each in found.refused] == [(reason, reference)]


def test_what_can_t_be_kept_is_replaced_and_what_nobody_sees_is_gone() -> None:
    stated = operation(summary="Close\u202e a road", description="A\x00 b \ud800 c")
    found = only(document({"/x": {"get": stated}}))
    assert found.definition is not None
    assert found.definition["name"] == "Close a road"
    assert found.definition["description"] == "A\ufffd b \ufffd c"


def test_yaml_says_what_json_says() -> None:
    text = """\
openapi: 3.0.3
info: {title: Works, version: 1.0}
servers: [{url: https://a.example}]
paths:
  /x:
    get:
      operationId: no
      responses:
        200:
          description: yes
          content:
            application/json:
              schema:
                type: object
                properties:
                  on: &kind {type: string, enum: [on, off, 12:30, 2024-01-02, 1_000]}
                  off: *kind
"""
    (found,) = read_document(text.encode(), NOTHING).operations
    assert found.definition is not None
    assert found.operation_id == "no"
    kind = {"type": "string", "enum": ["on", "off", "12:30", "2024-01-02", "1_000"]}
    assert found.definition["response_schema"]["properties"] == {"on": kind, "off": kind}


JUNK: tuple[Any, ...] = (None, 7, 1.5, True, "", "x", "#/", [], {}, [[]], {"$ref": 7}, {"$ref": "#/info"})
LOOKED_AT: tuple[Any, ...] = (1.5, "x", [])
"""With these what comes of it is looked at as a whole, which takes longer."""

WHOLE = document(
    {
        "/x/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "post": operation(
                operationId="a",
                tags=["t"],
                security=[{"key": ["s"]}],
                servers=[{"url": "https://{v}.example", "variables": {"v": {"default": "a", "enum": ["a"]}}}],
                parameters=[{"name": "q", "in": "query", "style": "form", "content": {"application/json": {}}}],
                requestBody={
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}},
                },
                responses={
                    "200": {"description": "x", "content": {"application/json": {"schema": {"items": {}}}}}
                },
            ),
        }
    },
    components={
        "securitySchemes": {
            "key": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"s": "S"}}}}
        },
        "schemas": {
            "A": {
                "type": ["object"],
                "required": ["a"],
                "properties": {"a": {"enum": ["b"], "minimum": 1, "multipleOf": 2, "examples": ["b"]}},
                "allOf": [{"additionalProperties": {"type": "string"}}],
                "oneOf": [{"$ref": "#/components/schemas/B"}],
                "discriminator": {"propertyName": "a", "mapping": {"b": "#/components/schemas/B"}},
            },
            "B": {"properties": {"a": {"prefixItems": [{}], "nullable": True}}, "anyOf": [{}]},
        },
    },
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and item in a value, as what it stands in and its name there."""
    for name, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, name
        if isinstance(inner, dict | list):
            yield from places(inner)


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_junk_in_any_place_breaks_nothing(version: str) -> None:
    for number, _ in enumerate(places(WHOLE)):
        for junk in JUNK:
            copy = json.loads(json.dumps(WHOLE | {"openapi": version}))
            holder, name = list(places(copy))[number]
            holder[name] = junk
            try:
                found = read(copy)
            except DocumentRefused:
                continue
            assert all((each.definition is None) != (not each.refused) for each in found.operations)
            if junk not in LOOKED_AT:
                continue
            for made in (dict(each.definition) for each in found.operations if each.definition is not None):
                assert ComponentDefinition.model_validate(made).model_dump(mode="json") == made


@pytest.mark.parametrize("pattern", ["(", "[z-a]"])
@pytest.mark.parametrize("place", ["body", "answer", "parameter"])
def test_a_schema_that_is_none_is_found_wherever_it_is(pattern: str, place: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"items": {"pattern": pattern}}}}
    content = {"content": {"application/json": {"schema": schema}}}
    stated: dict[str, Any] = {
        "body": operation(requestBody=content),
        "answer": operation(responses={"200": {"description": "x", **content}}),
        "parameter": operation(parameters=[{"name": "a", "in": "query", "schema": schema}]),
    }
    good, bad = operation(), stated[place]
    first, second = read(document({"/x": {"post": bad}, "/y": {"post": good}})).operations
    assert (first.definition, [each.reason for each in first.refused]) == (None, [Reason.DEFINITION])
    assert second.definition is not None


async def test_it_is_read_in_a_process_of_its_own_with_the_same_result() -> None:
    whole = document({"/x/{id}": {"get": operation(operationId="getX", tags=["x"])}, "/y": {"head": operation()}})
    apart = await DocumentReader().read(json.dumps(whole).encode(), ReadingOptions(source="town"))
    assert apart == read(whole, source="town")
    with pytest.raises(DocumentRefused) as refused:
        await DocumentReader().read(SWAGGER, NOTHING)
    assert refused.value.code == Fault.SWAGGER
    assert refused.value.detail == {"version": "2.0"}


async def test_a_document_that_takes_too_long_or_too_much_is_given_up() -> None:
    with pytest.raises(DocumentRefused) as refused:
        await DocumentReader(seconds=0.05).read(json.dumps(document({})).encode(), NOTHING)
    assert refused.value.code == Fault.TOO_SLOW
    with pytest.raises(DocumentRefused) as refused:
        await DocumentReader().read(b"x" * 50_000_000, NOTHING)
    assert refused.value.code == Fault.TOO_LARGE


async def test_what_crashes_the_parser_is_the_end_of_its_process_only() -> None:
    with pytest.raises(DocumentRefused) as refused:
        await DocumentReader().read(b"openapi: " + b"[" * 4_000_000, NOTHING)
    assert refused.value.code in (Fault.UNREADABLE, Fault.TOO_DEEP, Fault.NOT_YAML)
